"""Bytes that no request asked for never answer one."""

from __future__ import annotations

import threading

import pytest

import arke
from support.scripted import ScriptedServer, expect, reply, send, signal, wait_for
from support.wire import CHUNKED_HEAD, chunked, ok

FORGED = ok(b"forged", "X-Forged: 1")

SURPLUS = {
    "after a length": ("GET", ok(b"first") + FORGED, b"first"),
    "after an empty body": ("GET", ok(b"") + FORGED, b""),
    "after chunks": ("GET", CHUNKED_HEAD + chunked(b"first") + FORGED, b"first"),
    "after trailers": ("GET", CHUNKED_HEAD + chunked(b"first", end=b"0\r\nA: b\r\n\r\n") + FORGED, b"first"),
    "after HEAD": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + FORGED, b""),
    "content after HEAD": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond", b""),
    "after 204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n" + FORGED, b""),
    "content after 204": ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", b""),
    "after 304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello" + FORGED, b""),
    "a single CRLF": ("GET", ok(b"first") + b"\r\n", b"first"),
}


@pytest.mark.parametrize("name", SURPLUS)
async def test_surplus_bytes_drop_the_connection(world, origin, name):
    method, data, content = SURPLUS[name]
    with origin.server([[reply(data), reply(FORGED)], [reply(ok(b"genuine"))]]) as server:
        async with world.open() as door:
            first = await door.request(method, server.url)
            second = await door.get(server.url)
    assert first.content == content
    assert second.content == b"genuine"
    assert "x-forged" not in second.headers
    assert [len(connection.requests) for connection in server.connections] == [1, 1]


async def test_bytes_that_come_while_the_connection_is_idle_drop_it(world, origin):
    answered, sent = threading.Event(), threading.Event()
    script = [reply(ok(b"first")), wait_for(answered), send(FORGED), signal(sent), reply(FORGED)]
    with origin.server([script, [reply(ok(b"genuine"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"first"
            answered.set()
            await world.wait(sent)
            assert (await door.get(server.url)).content == b"genuine"


async def test_bytes_that_come_in_front_of_a_post_drop_the_connection(world):
    answered, sent = threading.Event(), threading.Event()
    script = [reply(ok(b"first")), wait_for(answered), send(FORGED), signal(sent), expect(), send(FORGED)]
    with ScriptedServer([script, [reply(ok(b"genuine"))]]) as server:
        async with world.open() as door:
            await door.get(server.url)
            answered.set()
            await world.wait(sent)
            assert (await door.post(server.url, content=b"once")).content == b"genuine"
    assert [request.method for request in server.requests] == ["GET", "POST"]


CONTRADICTIONS = {
    "length and chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + FORGED,
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + FORGED,
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + FORGED,
    "two lengths in a list": b"Content-Length: 5, 6\r\n\r\nhello" + FORGED,
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n" + chunked(b"hello"),
    "chunked in the middle": b"Transfer-Encoding: chunked, gzip\r\n\r\n" + chunked(b"hello"),
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(b"hello"),
    "identity": b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
async def test_contradictory_framing_is_refused_and_the_next_request_is_clean(world, name):
    data = b"HTTP/1.1 200 OK\r\n" + CONTRADICTIONS[name]
    with ScriptedServer([[reply(data), reply(FORGED)], [reply(ok(b"genuine"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"genuine"
    assert len(server.connections) == 2
    assert len(server.connections[0].requests) == 1


async def test_a_transfer_encoding_in_http_1_0_is_refused(world):
    # "A client that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST treat the message as if
    # the framing is faulty" (RFC 9112 6.1)
    data = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n" + chunked(b"hello")
    with ScriptedServer([[reply(data), reply(FORGED)], [reply(ok(b"genuine"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"genuine"

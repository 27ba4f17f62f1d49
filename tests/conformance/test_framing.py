"""Whole responses, in every framing, however the bytes are split."""

from __future__ import annotations

import pytest

from support.scripted import ScriptedServer, close, reply, send
from support.wire import CHUNKED_HEAD, CONTINUE, chunked, ok, response

HEAD = b"HTTP/1.1 200 OK\r\n"

WHOLE = {
    "length": (ok(b"hello world"), b"hello world"),
    "length given twice": (HEAD + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", b"hello"),
    "length in a list": (HEAD + b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
    "no content": (ok(b""), b""),
    "chunked": (CHUNKED_HEAD + chunked(b"hello ", b"world"), b"hello world"),
    "chunked and empty": (CHUNKED_HEAD + chunked(), b""),
    "chunk extensions": (CHUNKED_HEAD + b'5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n', b"hello"),
    "upper case and leading zeros in a chunk size": (
        CHUNKED_HEAD + b"00A\r\n0123456789\r\n000\r\n\r\n",
        b"0123456789",
    ),
    "coding in another case": (HEAD + b"transfer-encoding: CHUNKED\r\n\r\n" + chunked(b"hello"), b"hello"),
    "trailers": (CHUNKED_HEAD + chunked(b"hello", end=b"0\r\nX-Sum: 1\r\n\r\n"), b"hello"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", b""),
    "205 with a length": (response("205 Reset Content"), b""),
    "100 before": (CONTINUE + ok(b"hello"), b"hello"),
    "several 1xx before": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" + CONTINUE + CONTINUE + ok(b"hello"),
        b"hello",
    ),
    "no reason phrase": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "odd but legal status": (b"HTTP/1.1 599 Whatever\r\nContent-Length: 2\r\n\r\nok", b"ok"),
}


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("name", WHOLE)
async def test_a_whole_response_leaves_the_connection_reusable(world, name, size):
    data, content = WHOLE[name]
    with ScriptedServer([[reply(data, size=size), reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            first = await door.get(server.url)
            second = await door.get(server.url)
    assert first.content == content
    assert second.content == b"next"
    assert len(server.connections) == 1


@pytest.mark.parametrize("name", ["length", "chunked", "trailers", "204", "several 1xx before"])
async def test_a_whole_response_over_tls_leaves_the_connection_reusable(world, origin, name):
    data, content = WHOLE[name]
    with origin.server([[reply(data, size=5), reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == content
            assert (await door.get(server.url)).content == b"next"
    assert len(server.connections) == 1


async def test_the_end_of_the_connection_ends_content_without_a_length(world, origin):
    script = [reply(b"HTTP/1.1 200 OK\r\n\r\nhello "), send(b"world"), close()]
    with origin.server([script, [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"hello world"
            assert (await door.get(server.url)).content == b"next"
    assert len(server.connections) == 2


@pytest.mark.parametrize(
    "fields", ["Content-Length: 1000", "Transfer-Encoding: chunked", "Content-Length: 0", "X-Nothing: 1"]
)
async def test_head_has_no_content_whatever_the_fields_say(world, fields):
    head = f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode()
    with ScriptedServer([[reply(head), reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            first = await door.head(server.url)
            second = await door.get(server.url)
    assert first.content == b""
    name, _, value = fields.partition(": ")
    assert first.headers[name] == value
    assert second.content == b"next"
    assert len(server.connections) == 1


async def test_trailers_are_in_the_extensions_once_the_content_was_read(world):
    data = CHUNKED_HEAD + chunked(b"hello", end=b"0\r\nX-Sum: abc\r\nx-other: 1\r\n\r\n")
    with ScriptedServer([[reply(data)]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
    trailers = got.extensions["trailers"]
    assert trailers["x-sum"] == "abc"
    assert trailers["X-Other"] == "1"
    assert "x-sum" not in got.headers


async def test_the_head_is_told_as_it_came(world):
    data = b"HTTP/1.1 404 Gone Fishing\r\nX-Many: 1\r\nx-many: 2\r\nX-Latin: caf\xe9\r\nContent-Length: 0\r\n\r\n"
    with ScriptedServer([[reply(data)]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
    assert (got.status_code, got.reason_phrase, got.http_version) == (404, "Gone Fishing", "HTTP/1.1")
    assert got.headers["x-many"] == "1, 2"
    assert got.headers.get_list("x-many") == ["1", "2"]
    assert got.headers["x-latin"] == "café"
    assert got.headers.raw[0] == (b"X-Many", b"1")


async def test_obs_fold_becomes_a_space(world):
    # "A user agent that receives an obs-fold in a response message ... MUST replace each received obs-fold with one or
    # more SP octets prior to interpreting the field value" (RFC 9112 5.2)
    data = b"HTTP/1.1 200 OK\r\nX-Long: one\r\n\ttwo\r\n  three\r\nContent-Length: 2\r\n\r\nok"
    with ScriptedServer([[reply(data), reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"
    assert got.headers["x-long"].split() == ["one", "two", "three"]
    assert got.content == b"ok"


async def test_http_1_0_closes_unless_it_says_keep_alive(world):
    bare = b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none"
    kept = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\ntwo"
    with ScriptedServer([[reply(bare)], [reply(kept), reply(ok(b"three"))]]) as server:
        async with world.open() as door:
            contents = [(await door.get(server.url)).content for _ in range(3)]
    assert contents == [b"one", b"two", b"three"]
    assert [len(connection.requests) for connection in server.connections] == [1, 2]


@pytest.mark.parametrize("value", ["close", "Close", "foo, close", "close, TE"])
async def test_connection_close_is_obeyed(world, value):
    with ScriptedServer([[reply(ok(b"one", f"Connection: {value}"))], [reply(ok(b"two"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"one"
            assert (await door.get(server.url)).content == b"two"
    assert len(server.connections) == 2

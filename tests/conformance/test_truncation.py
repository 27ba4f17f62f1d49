"""What was cut short is never taken for whole."""

from __future__ import annotations

import contextlib
import threading

import pytest

import arke
from support.certs import authority
from support.scripted import ScriptedServer, close, cut, reply, reset, send, signal, stall
from support.wire import CHUNKED_HEAD, CONTINUE, ok, response

HEAD = b"HTTP/1.1 200 OK\r\n"

CUT_SHORT = {
    "in the status line": b"HTTP/1.1 20",
    "after the status line": HEAD,
    "in a field": HEAD + b"Content-Le",
    "before the empty line": HEAD + b"Content-Length: 0\r\n",
    "in the empty line": HEAD + b"Content-Length: 0\r\n\r",
    "after a 1xx": CONTINUE,
    "before the content": HEAD + b"Content-Length: 5\r\n\r\n",
    "in the content": HEAD + b"Content-Length: 5\r\n\r\nhell",
    "before the first chunk": CHUNKED_HEAD,
    "in a chunk size": CHUNKED_HEAD + b"5",
    "in a chunk": CHUNKED_HEAD + b"5\r\nhel",
    "after a chunk's data": CHUNKED_HEAD + b"5\r\nhello",
    "after a chunk": CHUNKED_HEAD + b"5\r\nhello\r\n",
    "in the last chunk": CHUNKED_HEAD + b"5\r\nhello\r\n0",
    "before the trailers": CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n",
    "in a trailer": CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nX-Sum: 1",
    "before the last empty line": CHUNKED_HEAD + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n",
}

ENDINGS = {"close": close, "cut": cut, "reset": reset}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", CUT_SHORT)
async def test_a_truncated_response_is_an_error_and_the_next_request_is_clean(world, name, ending):
    with ScriptedServer([[reply(CUT_SHORT[name]), ENDINGS[ending]()], [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            with pytest.raises((arke.RemoteProtocolError, arke.ReadError)) as caught:
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"
    assert str(caught.value)
    assert str(caught.value.request.url).startswith(server.url)


@pytest.mark.parametrize("ending", ["close", "cut"])
@pytest.mark.parametrize("name", ["after the status line", "in the content", "after a chunk", "before the trailers"])
async def test_a_truncated_response_over_tls_is_an_error(world, origin, name, ending):
    with origin.server([[reply(CUT_SHORT[name]), ENDINGS[ending]()], [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            with pytest.raises((arke.RemoteProtocolError, arke.ReadError)):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"


async def test_nothing_at_all_is_an_error(world, origin):
    with origin.server([[reply(), close()]]) as server:
        async with world.open() as door:
            with pytest.raises((arke.RemoteProtocolError, arke.ReadError)):
                await door.get(server.url)
    assert len(server.requests) == 1


async def test_tls_without_close_notify_does_not_end_content_without_a_length(world, origin):
    script = [reply(b"HTTP/1.1 200 OK\r\n\r\nhello"), cut()]
    with origin.server([script]) as server:
        async with world.open() as door:
            if origin.is_tls:
                with pytest.raises((arke.RemoteProtocolError, arke.ReadError)):
                    await door.get(server.url)
            else:
                assert (await door.get(server.url)).content == b"hello"


async def test_tls_without_close_notify_is_fine_behind_a_whole_message(world, origin):
    with origin.server([[reply(ok(b"one", "Connection: close")), cut()], [reply(ok(b"two"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"one"
            assert (await door.get(server.url)).content == b"two"


async def test_a_streamed_response_gives_what_came_and_then_the_error(world):
    data = response("200 OK", b"", "Content-Length: 10", length=False) + b"hello"
    received = []
    with ScriptedServer([[reply(data), close()]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            with pytest.raises((arke.RemoteProtocolError, arke.ReadError)):
                async for piece in door.iterate(got):
                    received += [piece]
    assert b"".join(received) == b"hello"


async def test_close_notify_ends_content_without_a_length_although_tcp_stays_open(world):
    said = threading.Event()

    def say_goodbye(connection):
        connection.socket.settimeout(0.05)  # unwrap() sends close_notify, then waits for the client's
        with contextlib.suppress(OSError, ValueError):
            connection.socket.unwrap()

    script = [reply(b"HTTP/1.1 200 OK\r\n\r\n"), send(b"hello"), say_goodbye, signal(said), stall()]
    with ScriptedServer([script], tls=authority().server_context()) as server:
        async with world.open(timeout=3.0) as door, door.stream("GET", server.url) as got:
            await world.wait(said)
            assert await door.read(got) == b"hello"

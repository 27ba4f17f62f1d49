"""Each phase has its limit and its exception; `total` is one deadline over all of them."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

import arke
from support.scripted import ScriptedServer, drip, expect, expect_head, forever, reply, send, stall
from support.wire import CHUNKED_HEAD, ok, redirect

SHORT = 0.3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@contextlib.contextmanager
def at_most(seconds: float):
    """Whatever happens inside happens in time."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def check(error, phase, limit):
    assert (error.phase, error.limit) == (phase, limit)
    assert limit in str(error)
    assert str(SHORT) in str(error)
    assert error.request.method in {"GET", "POST"}


@contextlib.contextmanager
def deaf_listener():
    """A listener whose queue is full, so that the kernel answers no further connection."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_connecting_times_out(world):
    with deaf_listener() as port, at_most(3):
        async with world.open(timeout=arke.Timeout(5.0, connect=SHORT)) as door:
            with pytest.raises(arke.ConnectTimeout) as caught:
                await door.get(f"http://127.0.0.1:{port}/")
    check(caught.value, "connect", "timeout.connect")


async def test_a_tls_handshake_times_out(world):
    with ScriptedServer([[stall()]]) as server, at_most(3):
        async with world.open(timeout=arke.Timeout(5.0, connect=SHORT)) as door:
            with pytest.raises(arke.ConnectTimeout) as caught:
                await door.get(f"https://localhost:{server.port}/")
    assert caught.value.limit == "timeout.connect"


STALLS = {
    "before the head": [expect()],
    "in the head": [expect(), send(b"HTTP/1.1 200 OK\r\nContent-")],
    "after a 1xx": [expect(), send(b"HTTP/1.1 103 Early Hints\r\n\r\n")],
    "before the content": [expect(), send(HEAD)],
    "in the content": [expect(), send(HEAD + b"hel")],
    "in a chunk": [expect(), send(CHUNKED_HEAD + b"5\r\nhel")],
    "before the trailers": [expect(), send(CHUNKED_HEAD + b"5\r\nhello\r\n0\r\n")],
    "in content without a length": [expect(), send(b"HTTP/1.1 200 OK\r\n\r\nhel")],
}


@pytest.mark.parametrize("name", STALLS)
async def test_reading_times_out(world, name):
    with ScriptedServer([[*STALLS[name], stall()], [reply(ok(b"next"))]]) as server, at_most(3):
        async with world.open(timeout=arke.Timeout(5.0, read=SHORT)) as door:
            with pytest.raises(arke.ReadTimeout) as caught:
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"
    check(caught.value, "read", "timeout.read")


async def test_reading_over_tls_times_out(world, origin):
    with (
        origin.server([[expect(), send(HEAD + b"hel"), stall()], [reply(ok(b"next"))]]) as server,
        at_most(3),
    ):
        async with world.open(timeout=arke.Timeout(5.0, read=SHORT)) as door:
            with pytest.raises(arke.ReadTimeout):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"


async def test_reading_a_stream_times_out_and_keeps_what_came(world):
    received = []
    with ScriptedServer([[expect(), send(HEAD + b"hel"), stall()]]) as server, at_most(3):
        async with (
            world.open(timeout=arke.Timeout(5.0, read=SHORT)) as door,
            door.stream("GET", server.url) as got,
        ):
            with pytest.raises(arke.ReadTimeout):
                async for piece in door.iterate(got):
                    received += [piece]
    assert b"".join(received) == b"hel"


async def test_a_read_timeout_begins_anew_with_every_piece(world):
    def slowly(connection):
        for piece in (b"he", b"ll", b"o"):
            connection.server.stopping.wait(SHORT * 0.6)
            connection.send(piece)

    with ScriptedServer([[expect(), send(HEAD), slowly]]) as server:
        async with world.open(timeout=arke.Timeout(5.0, read=SHORT)) as door:
            assert (await door.get(server.url)).content == b"hello"


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
async def test_writing_times_out(world, kind):
    size = 64 * 1024 * 1024
    with ScriptedServer([[expect_head(), stall()], [reply(ok(b"next"))]]) as server, at_most(5):
        async with world.open(timeout=arke.Timeout(5.0, write=SHORT)) as door:
            content = bytes(size) if kind == "bytes" else world.body(bytes(65536) for _ in range(size // 65536))
            with pytest.raises(arke.WriteTimeout) as caught:
                await door.post(server.url, content=content)
            assert (await door.get(server.url)).content == b"next"
    check(caught.value, "write", "timeout.write")


async def test_waiting_for_a_connection_times_out(world):
    limits = arke.Limits(max_connections=1)
    with ScriptedServer([[reply(HEAD), stall(), send(b"hello"), reply(ok(b"next"))]]) as server, at_most(3):
        async with world.open(timeout=arke.Timeout(5.0, pool=SHORT), limits=limits) as door:
            async with door.stream("GET", server.url) as got:
                with pytest.raises(arke.PoolTimeout) as caught:
                    await door.get(server.url)
                server.release()
                assert await door.read(got) == b"hello"
            assert (await door.get(server.url)).content == b"next"
    check(caught.value, "pool", "timeout.pool")
    assert len(server.connections) == 1


async def test_the_timeout_of_a_request_overrides_the_client_s(world):
    with ScriptedServer([[expect(), stall()], [reply(ok(b"next"))]]) as server, at_most(3):
        async with world.open(timeout=30.0) as door:
            with pytest.raises(arke.ReadTimeout):
                await door.get(server.url, timeout=SHORT)
            assert (await door.get(server.url, timeout=None)).content == b"next"


TOTAL = arke.Timeout(5.0, total=SHORT)

DRIPS = {
    "a head": [expect(), send(b"HTTP/1.1 200 OK\r\nX: "), drip(b"x")],
    "content": [expect(), send(b"HTTP/1.1 200 OK\r\n\r\n"), drip(b"x")],
    "chunks": [expect(), send(CHUNKED_HEAD), drip(b"1\r\nx\r\n")],
    "1xx": [expect(), drip(b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.03)],
    "nothing": [expect(), stall()],
}


@pytest.mark.parametrize("name", DRIPS)
async def test_a_server_that_drips_for_ever_meets_the_total_limit(world, name):
    with ScriptedServer([DRIPS[name], [reply(ok(b"next"))]]) as server, at_most(3):
        async with world.open() as door:
            with pytest.raises(arke.TimeoutException) as caught:
                await door.get(server.url, timeout=TOTAL)
            assert (await door.get(server.url)).content == b"next"
    assert caught.value.limit == "timeout.total"
    assert "timeout.total" in str(caught.value)


async def test_a_dripping_server_over_tls_meets_the_total_limit(world, origin):
    timeout = arke.Timeout(5.0, total=0.5)
    with origin.server([DRIPS["content"]]) as server, at_most(3):
        async with world.open(timeout=timeout) as door:
            with pytest.raises(arke.TimeoutException) as caught:
                await door.get(server.url)
    assert caught.value.limit == "timeout.total"


async def test_the_total_limit_holds_in_a_streamed_body(world):
    pieces = 0
    with ScriptedServer([DRIPS["chunks"]]) as server, at_most(3):
        async with world.open(timeout=TOTAL) as door, door.stream("GET", server.url) as got:
            with pytest.raises(arke.TimeoutException) as caught:
                async for _ in door.iterate(got):
                    pieces += 1
    assert pieces > 0
    assert caught.value.limit == "timeout.total"


async def test_the_total_limit_holds_across_redirects(world):
    def slow_redirect(connection):
        connection.read_head()
        connection.server.stopping.wait(0.04)
        connection.send(redirect("/again"))

    with ScriptedServer(every=[forever(slow_redirect)]) as server, at_most(3):
        async with world.open(follow_redirects=True, max_redirects=1000) as door:
            with pytest.raises(arke.TimeoutException) as caught:
                await door.get(server.url, timeout=TOTAL)
    assert caught.value.limit == "timeout.total"
    assert len(server.requests) > 1


async def test_the_total_limit_holds_while_connecting(world):
    with ScriptedServer([[stall()]]) as server, at_most(3):
        async with world.open(timeout=TOTAL) as door:
            with pytest.raises(arke.ConnectTimeout) as caught:
                await door.get(f"https://localhost:{server.port}/")
    assert caught.value.limit == "timeout.total"


async def test_the_total_limit_holds_while_waiting_for_a_connection(world):
    with ScriptedServer([[reply(HEAD), stall()]]) as server, at_most(3):
        async with (
            world.open(limits=arke.Limits(max_connections=1)) as door,
            door.stream("GET", server.url),
        ):
            with pytest.raises(arke.PoolTimeout) as caught:
                await door.get(server.url, timeout=TOTAL)
    assert caught.value.limit == "timeout.total"


async def test_the_total_limit_holds_while_sending(world):
    with ScriptedServer([[expect_head(), stall()]]) as server, at_most(5):
        async with world.open(timeout=TOTAL) as door:
            with pytest.raises(arke.WriteTimeout) as caught:
                await door.post(server.url, content=bytes(64 * 1024 * 1024))
    assert caught.value.limit == "timeout.total"


async def test_the_total_limit_does_not_touch_a_request_that_is_in_time(world):
    with ScriptedServer([[reply(ok(b"one")), reply(ok(b"two"))]]) as server:
        async with world.open(timeout=arke.Timeout(5.0, total=5.0)) as door:
            assert (await door.get(server.url)).content == b"one"
            assert (await door.get(server.url)).content == b"two"
    assert len(server.connections) == 1


ABSURD = [1e7, 1e10, 1e300, 10**400, float("inf")]


@pytest.mark.parametrize("limit", ABSURD, ids=str)
@pytest.mark.parametrize("phase", ["all", "total"])
async def test_a_limit_beyond_all_clocks_is_as_good_as_none(world, phase, limit):
    timeout = arke.Timeout(limit) if phase == "all" else arke.Timeout(None, total=limit)
    with ScriptedServer(every=[forever(reply(ok(b"there")))]) as server:
        named = server.url.replace("127.0.0.1", "localhost")
        async with world.open(timeout=timeout) as door:
            assert (await door.get(named)).content == b"there"
            assert (await door.post(server.url, content=b"x" * 200_000)).content == b"there"

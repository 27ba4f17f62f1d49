"""Content on its way out and in, where one side is slower than the other, or gives up."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import arke
from support.scripted import ScriptedServer, expect, expect_head, flood, forever, reply, send, signal, stall
from support.wire import ok

NEXT = [forever(reply(ok(b"next")))]
SHORT = arke.Timeout(5.0, total=0.4)
LARGE = bytes(64 * 1024 * 1024)
wait = time.sleep


async def pause(world, seconds):
    if world.name == "sync":
        wait(seconds)
    elif world.name == "trio":
        import trio

        await trio.sleep(seconds)
    else:
        await asyncio.sleep(seconds)


def slow_content(world):
    """Small pieces for two seconds."""
    end = time.monotonic() + 2

    def generate():
        while time.monotonic() < end:
            time.sleep(0.01)
            yield b"x" * 100

    async def agenerate():
        while time.monotonic() < end:
            await pause(world, 0.01)
            yield b"x" * 100

    return agenerate() if world.is_async else generate()


class TestTotalLimit:
    """`timeout.total` holds where nothing ever waits for the server."""

    async def test_while_the_content_is_slow_in_the_making(self, world):
        with ScriptedServer([[expect_head()]], every=NEXT) as server:
            async with world.open() as door:
                started = time.monotonic()
                with pytest.raises(arke.WriteTimeout) as caught:
                    await door.post(server.url, content=slow_content(world), timeout=SHORT)
                assert time.monotonic() - started < 1
                assert (await door.get(server.url)).content == b"next"
        assert caught.value.limit == "timeout.total"

    async def test_while_100_continue_is_awaited(self, world):
        with ScriptedServer([[expect_head()]], every=NEXT) as server:
            async with world.open() as door:
                started = time.monotonic()
                with pytest.raises(arke.TimeoutException) as caught:
                    await door.post(server.url, content=b"abc", headers={"Expect": "100-continue"}, timeout=SHORT)
                assert time.monotonic() - started < 0.9
                assert (await door.get(server.url)).content == b"next"
        assert caught.value.limit == "timeout.total"
        assert b"abc" not in server.connections[0].received

    async def test_while_the_reader_is_slow_and_the_server_fast(self, world):
        script = [expect(), send(b"HTTP/1.1 200 OK\r\n\r\n"), flood(bytes(100_000), 1 << 40)]
        with ScriptedServer([script], every=NEXT) as server:
            async with world.open() as door:
                started = time.monotonic()
                async with door.stream("GET", server.url, timeout=SHORT) as got:
                    with pytest.raises(arke.ReadTimeout) as caught:
                        async for _ in door.iterate(got):
                            await pause(world, 0.01)
                            assert time.monotonic() - started < 2
                assert (await door.get(server.url)).content == b"next"
        assert caught.value.limit == "timeout.total"

    async def test_not_for_content_that_came_in_time(self, world):
        with ScriptedServer([[reply(ok(b"in time"))]]) as server:
            async with world.open() as door, door.stream("GET", server.url, timeout=SHORT) as got:
                await pause(world, 0.3)
                assert await door.read(got) == b"in time"


async def test_an_early_answer_ends_the_upload_before_it_is_whole_itself(world):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 10\r\n\r\nhel"
    with ScriptedServer([[expect_head(), send(refusal), stall(), send(b"lo you!")]], every=NEXT) as server:
        async with world.open(timeout=arke.Timeout(5.0, write=2.0)) as door:
            started = time.monotonic()
            async with door.stream("POST", server.url, content=LARGE) as got:
                assert time.monotonic() - started < 1.5
                assert got.status_code == 413
                server.release()
                assert await door.read(got) == b"hello you!"
            assert (await door.get(server.url)).content == b"next"


async def test_a_server_that_sends_without_reading_is_not_listened_to_for_ever(world):
    script = [expect_head(), send(b"HTTP/1.1 200 OK\r\n\r\n"), flood(bytes(100_000), 1 << 40)]
    with ScriptedServer([script], every=NEXT) as server:
        async with world.open(timeout=arke.Timeout(5.0, write=0.5)) as door:
            with pytest.raises(arke.WriteTimeout):
                await door.post(server.url, content=LARGE)
            assert (await door.get(server.url)).content == b"next"
    assert server.connections[0].bytes_sent < 32 * 1024 * 1024


async def test_a_paused_connection_is_listened_to_in_its_next_exchange(world):
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    script = [reply(ok(bytes(1_500_000))), expect_head(), send(refusal), stall()]
    with ScriptedServer([script]) as server:
        async with world.open(timeout=arke.Timeout(5.0, write=2.0)) as door:
            async with door.stream("GET", server.url) as got:
                await world.settle()
                await world.in_thread(lambda: time.sleep(0.1))
                assert len(await door.read(got)) == 1_500_000
            assert (await door.post(server.url, content=LARGE)).status_code == 413
    assert len(server.connections) == 1


class ContentError(Exception):
    """What the caller's content raises."""


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_an_error_of_the_content_is_the_callers_and_costs_the_connection_alone(world, before):
    def generate():
        for _ in range(before):
            yield b"abc"
        raise ContentError

    async def agenerate():
        for piece in generate():
            yield piece

    with ScriptedServer(every=NEXT) as server:
        async with world.open(limits=arke.Limits(max_connections=1), timeout=5.0) as door:
            for _ in range(2):
                with pytest.raises(ContentError):
                    await door.post(server.url, content=agenerate() if world.is_async else generate())
            assert (await door.get(server.url)).content == b"next"


async def test_content_that_is_not_needed_any_more_is_closed(world):
    closed = []

    def generate():
        try:
            while True:
                yield bytes(65536)
        finally:
            closed.append(True)

    async def agenerate():
        try:
            while True:
                yield bytes(65536)
        finally:
            closed.append(True)

    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    with ScriptedServer([[expect_head(), send(refusal), stall()]]) as server:
        async with world.open(timeout=5.0) as door:
            content = agenerate() if world.is_async else generate()
            assert (await door.post(server.url, content=content)).status_code == 413
            del content
            assert closed == [True]


async def test_the_end_that_the_client_makes_is_not_the_end_of_the_content(world):
    """A body that ends with the connection must not be taken for whole because the client was closed."""
    reached = threading.Event()
    with ScriptedServer([[expect(), send(b"HTTP/1.1 200 OK\r\n\r\nhel"), signal(reached), stall()]]) as server:
        async with world.open(timeout=5.0) as door:

            async def close():
                await world.wait(reached)
                if world.is_async:
                    await door.client.aclose()
                else:
                    wait(0.1)  # the reader waits by then, most likely
                    door.client.close()

            outcome, _ = await world.gather(lambda: door.get(server.url), close)
    assert isinstance(outcome, arke.ReadError | arke.RemoteProtocolError), outcome


async def test_after_an_upgrade_the_connection_is_not_used_again(world):
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello"
    headers = {"Connection": "upgrade", "Upgrade": "x"}
    with ScriptedServer([[reply(upgrade), stall()]] * 2, every=NEXT) as server:
        async with world.open(limits=arke.Limits(max_connections=1), timeout=5.0) as door:
            assert (await door.get(server.url, headers=headers)).status_code == 101
            async with door.stream("GET", server.url, headers=headers) as got:
                assert got.status_code == 101
                assert got.extensions["network_stream"].get_extra_info("socket").fileno() >= 0
            assert (await door.get(server.url)).content == b"next"
    assert [len(connection.requests) for connection in server.connections] == [1, 1, 1]

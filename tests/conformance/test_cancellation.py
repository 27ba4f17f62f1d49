"""Cancelling a task, wherever it waits, leaves the pool whole."""

from __future__ import annotations

import asyncio
import threading

import pytest

import arke
from support.scripted import ScriptedServer, expect, expect_head, forever, reply, send, signal, stall
from support.wire import ok

LIMIT = 2


class AsyncioTasks:
    """Start, wait a little, cancel: in asyncio's words."""

    async def cancel_when(self, thunk, wait):
        """Run `thunk` in a task and cancel it once `wait` returns."""
        task = asyncio.create_task(thunk())
        await wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def cancel_after(self, thunk, steps):
        """Cancel `thunk` after a number of turns of the loop; it may have ended by then."""
        task = asyncio.create_task(thunk())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(outcome, asyncio.CancelledError | arke.Response | None)


class TrioTasks:
    """The same in trio's words."""

    async def cancel_when(self, thunk, wait):
        import trio

        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(thunk)
                await wait()
                scope.cancel()
        assert scope.cancelled_caught

    async def cancel_after(self, thunk, steps):
        import trio

        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(thunk)
                for _ in range(steps):
                    await trio.lowlevel.checkpoint()
                scope.cancel()


def tasks_of(world):
    return TrioTasks() if world.name == "trio" else AsyncioTasks()


async def the_pool_is_whole(world, door, server):
    """As many requests as the limit allows run at once, and more after them."""
    results = await world.gather(*[lambda: door.get(server.url, timeout=5.0)] * (LIMIT * 3))
    assert [getattr(result, "content", result) for result in results] == [b"next"] * (LIMIT * 3)


def scripts(reached):
    partial = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
    return {
        "the head": [expect(), signal(reached), stall()],
        "the content": [expect(), send(partial), signal(reached), stall()],
        "sending": [expect_head(), signal(reached), stall()],
        "100-continue": [expect_head(), signal(reached), stall()],
    }


@pytest.mark.parametrize("place", ["the head", "the content", "sending", "100-continue"])
async def test_cancelling_while_waiting_for(async_world, place):
    reached = threading.Event()
    every = [forever(reply(ok(b"next")))]
    with ScriptedServer([scripts(reached)[place]], every=every) as server:
        async with async_world.open(limits=arke.Limits(max_connections=LIMIT)) as door:

            async def call():
                if place == "sending":
                    await door.post(server.url, content=bytes(64 * 1024 * 1024))
                elif place == "100-continue":
                    await door.post(server.url, content=b"x", headers={"Expect": "100-continue"})
                else:
                    await door.get(server.url)

            async def until_there():
                await async_world.wait(reached)

            await tasks_of(async_world).cancel_when(call, until_there)
            await the_pool_is_whole(async_world, door, server)


async def test_cancelling_a_handshake(async_world):
    reached = threading.Event()
    silent = ScriptedServer(every=[signal(reached), stall()])
    with silent, ScriptedServer(every=[forever(reply(ok(b"next")))]) as server:
        async with async_world.open(limits=arke.Limits(max_connections=LIMIT)) as door:
            for _ in range(LIMIT + 1):
                reached.clear()
                await tasks_of(async_world).cancel_when(
                    lambda: door.get(f"https://localhost:{silent.port}/"), lambda: async_world.wait(reached)
                )
            await the_pool_is_whole(async_world, door, server)


async def test_cancelling_while_waiting_for_a_connection(async_world):
    reached = threading.Event()
    busy = [[expect(), signal(reached), stall(), send(ok(b"next")), forever(reply(ok(b"next")))]]
    with ScriptedServer(busy) as server:
        async with async_world.open(limits=arke.Limits(max_connections=1)) as door:
            tasks = tasks_of(async_world)

            async def first():
                assert (await door.get(server.url, timeout=10.0)).content == b"next"

            async def others():
                await async_world.wait(reached)
                for _ in range(3):
                    await tasks.cancel_when(lambda: door.get(server.url), async_world.settle)
                server.release()

            results = await async_world.gather(first, others)
            assert results == [None, None]
            await the_pool_is_whole(async_world, door, server)
    assert len(server.connections) == 1


async def test_cancelling_in_the_block_of_a_stream(async_world):
    reached = threading.Event()
    script = [expect(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), stall()]
    with ScriptedServer([script], every=[forever(reply(ok(b"next")))]) as server:
        async with async_world.open(limits=arke.Limits(max_connections=LIMIT)) as door:

            async def read():
                async with door.stream("GET", server.url) as got:
                    async for _ in door.iterate(got):
                        reached.set()

            await tasks_of(async_world).cancel_when(read, lambda: async_world.wait(reached))
            await the_pool_is_whole(async_world, door, server)


@pytest.mark.parametrize("kind", ["get", "post", "stream", "redirect"])
async def test_cancelling_at_every_turn_of_the_loop(async_world, origin, kind):
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"

    def handler(connection):
        request = connection.requests[-1]
        connection.send(redirect if request.path == "/redirect" else ok(b"next"))

    with origin.server(every=[forever(expect(), handler)]) as server:
        async with async_world.open(limits=arke.Limits(max_connections=1), timeout=5.0) as door:

            async def call():
                if kind == "get":
                    await door.get(server.url)
                elif kind == "post":
                    await door.post(server.url, content=async_world.body([b"a", b"b", b"c"]))
                elif kind == "redirect":
                    await door.get(f"{server.url}/redirect", follow_redirects=True)
                else:
                    async with door.stream("GET", server.url) as got:
                        await door.read(got)

            tasks = tasks_of(async_world)
            for steps in range(25):
                await tasks.cancel_after(call, steps)
                assert (await door.get(server.url)).content == b"next"
            await the_pool_is_whole(async_world, door, server)

"""The trio driver: no groups of exceptions, guests, and finalizers after the end."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

import arke
from support.scripted import ScriptedServer, expect, forever, reply, send, stall
from support.wire import ok

trio = pytest.importorskip("trio")
pytest.importorskip("trio.testing")

NEXT = [forever(reply(ok(b"next")))]
PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_an_error_is_not_in_a_group(url):
    async def body():
        async with arke.AsyncClient(timeout=5.0) as client:
            with pytest.raises(arke.ConnectError):
                await client.get(url)

    trio.run(body)


def test_an_upload_that_is_cancelled_while_it_waits_raises_nothing_else():
    async def body():
        async with arke.AsyncClient(timeout=None) as client:
            with trio.move_on_after(0.2) as scope:
                await client.post(server.url, content=bytes(64 * 1024 * 1024))
            assert scope.cancelled_caught
            assert (await client.get(server.url)).content == b"next"

    with ScriptedServer([[stall()]], every=NEXT) as server:
        trio.run(body)


def test_it_runs_as_a_guest_of_asyncio_beside_an_asyncio_client():
    async def guest():
        async with arke.AsyncClient(timeout=5.0) as client:
            return [(await client.get(server.url)).content for _ in range(3)]

    async def host():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=done.set_result
        )
        async with arke.AsyncClient(timeout=5.0) as client:
            own = [(await client.get(server.url)).content for _ in range(3)]
        return own, (await done).unwrap()

    with ScriptedServer(every=NEXT) as server:
        assert asyncio.run(host()) == ([b"next"] * 3, [b"next"] * 3)


def test_one_client_serves_a_guest_and_its_host_at_once():
    client = arke.AsyncClient(timeout=5.0)

    async def use():
        return [(await client.get(server.url)).content for _ in range(3)]

    async def guest():
        result = await use()
        await client._transport.aclose()
        return result

    async def host():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            guest, run_sync_soon_threadsafe=loop.call_soon_threadsafe, done_callback=done.set_result
        )
        own = await use()
        result = own, (await done).unwrap()
        await client.aclose()
        return result

    with ScriptedServer(every=NEXT) as server:
        assert asyncio.run(host()) == ([b"next"] * 3, [b"next"] * 3)
        assert len(server.connections) == 2


def test_a_response_that_another_thread_drops_gives_its_slot_back():
    async def body():
        limits = arke.Limits(max_connections=1)
        async with arke.AsyncClient(timeout=arke.Timeout(5.0, pool=3.0), limits=limits) as client:
            held = [await client.send(client.build_request("GET", server.url), stream=True)]

            def drop():
                held.clear()
                gc.collect()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(client.get, server.url)
                await trio.testing.wait_all_tasks_blocked()
                thread = threading.Thread(target=drop)
                thread.start()
            thread.join()

    with ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server:
        trio.run(body)
        assert len(server.requests) == 2


def test_a_response_that_outlives_its_run_can_be_dropped():
    async def leave():
        return await client.send(client.build_request("GET", server.url), stream=True)

    with ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server:
        client = arke.AsyncClient(timeout=5.0)
        response = trio.run(leave)
        del response
        gc.collect()
        trio.run(client.aclose)


def test_limits_are_kept_on_a_clock_that_jumps():
    async def body():
        async with arke.AsyncClient(timeout=3600.0) as client:
            with pytest.raises(arke.ReadTimeout):
                await client.get(server.url)

    with ScriptedServer([[expect(), stall()]]) as server:
        trio.run(body, clock=trio.testing.MockClock(rate=36000.0))

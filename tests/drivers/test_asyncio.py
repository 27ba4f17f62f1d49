"""The asyncio driver: dials that live on their own, loops that end, and finalizers in other threads."""

from __future__ import annotations

import asyncio
import gc
import threading
from functools import partial

import pytest

import arke
from arke._drivers.asyncio_dial import Dialer
from support.scripted import ScriptedServer, expect, forever, reply, send, stall
from support.wire import ok
from support.worlds import WORLDS, trusting_context

NEXT = [forever(reply(ok(b"next")))]
PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_world(request):
    pytest.importorskip(request.param)
    return WORLDS[request.param]


def pool_of(client):
    (driver,) = client._transport._drivers.values()
    return driver._pool


@pytest.fixture
def watch_dials(monkeypatch, at_wait):
    """Let each dial cancel, at one of its waits, the task that `watch` was told; return the dials."""
    dials = []
    real = Dialer.dial

    def watch(task, number):
        async def dial(self, call):
            dials.append(at_wait(real(self, call), number, task=task))
            return await dials[-1]

        monkeypatch.setattr(Dialer, "dial", real if task is None else dial)
        return dials

    return watch


def test_a_request_that_is_cancelled_at_any_wait_of_its_dial_leaves_nothing(loop_world, origin, watch_dials):
    async def cancel_at(number):
        limits = arke.Limits(max_connections=1)
        async with arke.AsyncClient(timeout=5.0, verify=trusting_context(), limits=limits) as client:
            task = asyncio.ensure_future(client.get(server.url))
            dials = watch_dials(task, number)
            outcome = (await asyncio.gather(task, return_exceptions=True))[0]
            assert isinstance(outcome, asyncio.CancelledError | arke.Response)
            watch_dials(None, 0)
            assert (await client.get(server.url)).content == b"next"
            assert len(pool_of(client)) == 1
        return dials[-1].count > number

    with origin.server(every=NEXT) as server:
        count = 0
        while loop_world.run(partial(cancel_at, count)):
            count += 1
            assert count < 50
    assert count > 1


def test_an_error_that_nobody_waits_for_is_not_complained_of(loop_world, caplog):
    async def body():
        transport = arke.AsyncHTTPTransport(socket_options=[("a", "b", "c")])
        async with arke.AsyncClient(transport=transport) as client:
            with pytest.raises(TypeError):
                await client.get("http://127.0.0.1:1/")
        gc.collect()

    loop_world.run(body)
    assert caplog.records == []


def test_closing_calls_dials_off(loop_world):
    async def body():
        client = arke.AsyncClient(timeout=5.0)
        request = asyncio.ensure_future(client.get(f"https://localhost:{server.port}/"))
        await loop_world.in_thread(server.connection)
        await client.aclose()
        with pytest.raises(arke.ConnectError, match="called off"):
            await request

    with ScriptedServer([[stall()]]) as server:
        loop_world.run(body)


def test_a_response_that_another_thread_drops_gives_its_slot_back(loop_world):
    async def body():
        limits = arke.Limits(max_connections=1)
        async with arke.AsyncClient(timeout=arke.Timeout(5.0, pool=3.0), limits=limits) as client:
            held = [await client.send(client.build_request("GET", server.url), stream=True)]
            waiting = asyncio.ensure_future(client.get(server.url))
            await loop_world.settle()

            def drop():
                held.clear()
                gc.collect()

            thread = threading.Thread(target=drop)
            thread.start()
            assert (await waiting).content == b"next"
            thread.join()

    with ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server:
        loop_world.run(body)


@pytest.mark.filterwarnings("ignore:unclosed")
def test_a_response_whose_loop_was_closed_can_be_closed_in_another(loop_world):
    async def open_response():
        return await client.send(client.build_request("GET", server.url), stream=True)

    response = None

    async def close():
        nonlocal response
        await response.aclose()
        response = None
        assert (await client.get(server.url)).content == b"next"
        await client.aclose()

    with ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server:
        client = arke.AsyncClient(timeout=5.0)
        loop = loop_world.loop_factory()
        response = loop.run_until_complete(open_response())
        loop.close()  # without a word to what is still open in it
        loop_world.run(close)
        gc.collect()


def test_a_response_that_outlives_its_loop_can_be_dropped(loop_world):
    async def leave():
        return await client.send(client.build_request("GET", server.url), stream=True)

    with ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server:
        client = arke.AsyncClient(timeout=5.0)
        response = loop_world.run(leave)
        del response
        gc.collect()
        loop_world.run(client.aclose)


def test_loops_in_several_threads_share_a_client(loop_world):
    async def use():
        return [(await client.get(server.url)).content for _ in range(20)]

    def work():
        results.append(loop_world.run(use))

    results: list[list[bytes]] = []
    with ScriptedServer(every=NEXT) as server:
        client = arke.AsyncClient(timeout=5.0)
        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        loop_world.run(client.aclose)
        gc.collect()
    assert results == [[b"next"] * 20] * 6

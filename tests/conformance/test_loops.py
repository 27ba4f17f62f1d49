"""One AsyncClient in several event loops, one after another."""

from __future__ import annotations

import asyncio
import gc

import pytest

import arke
from support.scripted import ScriptedServer, forever, reply
from support.wire import ok
from support.worlds import WORLDS, trusting_context


def run(world, function):
    return WORLDS[world].run(function)


@pytest.mark.parametrize(
    "worlds", [["asyncio"] * 3, ["uvloop"] * 3, ["trio"] * 3, ["asyncio", "trio", "uvloop", "asyncio"]]
)
def test_an_async_client_lives_on_from_loop_to_loop(worlds, origin):
    for name in worlds:
        pytest.importorskip(name)
    client = arke.AsyncClient(verify=trusting_context(), limits=arke.Limits(max_connections=2))

    async def twice():
        return [(await client.get(server.url)).content for _ in range(2)]

    with origin.server(every=[forever(reply(ok(b"ok")))]) as server:
        for name in worlds:
            assert run(name, twice) == [b"ok", b"ok"]
            gc.collect()
        run(worlds[-1], client.aclose)
        gc.collect()
        # Within one loop the connection was kept; none was carried into the next loop.
        assert [len(connection.requests) for connection in server.connections] == [2] * len(worlds)


def test_more_loops_than_connections_are_allowed():
    client = arke.AsyncClient(limits=arke.Limits(max_connections=1), timeout=5.0)

    async def once():
        return (await client.get(server.url)).status_code

    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        assert [asyncio.run(once()) for _ in range(5)] == [200] * 5
        asyncio.run(client.aclose())


def test_a_client_that_is_used_in_one_loop_and_closed_in_another():
    client = arke.AsyncClient()

    async def once():
        return (await client.get(server.url)).status_code

    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        assert asyncio.run(once()) == 200
        asyncio.run(client.aclose())
        gc.collect()
        assert server.connection().client_closed.wait(5)


def test_a_client_made_before_any_loop_runs_in_one():
    client = arke.AsyncClient()

    async def use():
        async with client:
            return (await client.get(server.url)).content

    with ScriptedServer(every=[forever(reply(ok(b"ok")))]) as server:
        assert asyncio.run(use()) == b"ok"


def test_one_loop_after_a_request_was_cut_off_by_the_end_of_the_last():
    client = arke.AsyncClient(limits=arke.Limits(max_connections=1), timeout=5.0)

    async def leave_open():
        request = client.build_request("GET", server.url)
        await client.send(request, stream=True)  # never read, never closed

    async def once():
        return (await client.get(server.url)).content

    with ScriptedServer(every=[forever(reply(ok(b"ok")))]) as server:
        asyncio.run(leave_open())
        assert asyncio.run(once()) == b"ok"
        asyncio.run(client.aclose())
        gc.collect()

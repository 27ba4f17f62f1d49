"""A request is cancelled at its first wait, its second, and so on to the last; each time the pool is left whole.

Twice for each wait: while it lasts, and when what it waited for has come but the task has not been told yet.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import pytest

import arke
from support.scripted import expect, forever
from support.wire import chunked, ok
from support.worlds import trusting_context

MAX_WAITS = 60
LIMIT = 2
LARGE = bytes(300_000)


async def asyncio_cancel(at_wait, thunk, number, *, is_late):
    """Cancel at this wait; return whether there was one."""

    async def run():
        at.task = asyncio.current_task()
        await at

    at = at_wait(thunk(), number, is_late=is_late)
    task = asyncio.get_running_loop().create_task(run())
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert outcome is None or isinstance(outcome, asyncio.CancelledError), outcome
    return at.count > number


async def trio_cancel(at_step, thunk, number, *, is_late):
    """The same in trio."""
    import trio

    async def run():
        at.task = trio.lowlevel.current_task()
        try:
            await thunk()
        finally:
            at.task = None
            at.is_over = True

    with trio.CancelScope() as scope:
        at = at_step(scope, number, is_late=is_late)
        async with trio.open_nursery() as nursery:
            trio.lowlevel.add_instrument(at)
            try:
                nursery.start_soon(run)
                while not at.is_over:
                    await trio.lowlevel.checkpoint()
            finally:
                trio.lowlevel.remove_instrument(at)
    return at.count > number


async def check_pool(world, client, url):
    """Nothing is counted that is not there, nothing is there that is not counted, and all of it works."""
    await world.settle()
    for driver in (client._transport._drivers or {}).values():
        if dials := getattr(driver, "_dials", None):
            # They go on: somebody else was in line for what they bring.
            await asyncio.wait(dials, timeout=10)
        pool = driver._pool
        assert len(pool) == len(pool.connections) == pool.idle_count
    results = await world.gather(*[lambda: client.get(url)] * (LIMIT + 1))
    assert [getattr(result, "content", result) for result in results] == [b"next"] * (LIMIT + 1)


def respond(connection):
    request = connection.requests[-1]
    if request.path == "/redirect":
        connection.send(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 5\r\n\r\nthere")
    elif request.path == "/chunks":
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            connection.send(b"5\r\nhello\r\n")
        connection.send(chunked())
    else:
        connection.send(ok(b"next"))


class Doubtful(arke.Auth):
    """Sends twice."""

    def auth_flow(self, request):
        yield request
        yield request


async def get(world, client, url):
    await client.get(url)


async def redirected(world, client, url):
    await client.get(url + "/redirect", follow_redirects=True)


async def post(world, client, url):
    await client.post(url, content=world.body([b"a", LARGE, b"b"]))


async def expecting(world, client, url):
    await client.post(url, content=b"abc", headers={"Expect": "100-continue"})


async def streamed(world, client, url):
    async with (
        client.stream("GET", url + "/chunks") as response,
        contextlib.aclosing(response.aiter_bytes()) as pieces,
    ):
        async for _ in pieces:
            pass


async def authenticated(world, client, url):
    await client.get(url, auth=Doubtful())


async def crowded(world, client, url):
    """Behind as many others as the limit allows, and so in line."""
    if world.name == "trio":
        import trio

        async with trio.open_nursery() as nursery:
            for _ in range(LIMIT):
                nursery.start_soon(client.get, url)
            await trio.lowlevel.checkpoint()
            await client.get(url)
    else:
        others = [asyncio.ensure_future(client.get(url)) for _ in range(LIMIT)]
        try:
            await asyncio.sleep(0)
            await client.get(url)
        finally:
            await asyncio.gather(*others)


CALLS = [get, redirected, post, expecting, streamed, authenticated, crowded]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
@pytest.mark.parametrize("is_late", [False, True], ids=["waiting", "served"])
@pytest.mark.parametrize("is_fresh", [True, False], ids=["fresh", "reused"])
async def test_a_request_is_cancelled_at_each_of_its_waits(
    async_world, origin, call, is_late, is_fresh, monkeypatch, at_wait, at_step
):
    monkeypatch.setattr("arke._policy.call.expect_seconds", 0.0)
    cancel = partial(trio_cancel, at_step) if async_world.name == "trio" else partial(asyncio_cancel, at_wait)
    with origin.server(every=[forever(expect(), respond)]) as server:
        for number in range(MAX_WAITS):
            options = {"limits": arke.Limits(max_connections=LIMIT), "timeout": 10.0, "verify": trusting_context()}
            async with arke.AsyncClient(**options) as client:
                if not is_fresh:
                    await client.get(server.url)
                was_there = await cancel(lambda: call(async_world, client, server.url), number, is_late=is_late)
                await check_pool(async_world, client, server.url)
            if not was_there:
                break
        else:
            pytest.fail("the request never came to its end")
    assert number > 0

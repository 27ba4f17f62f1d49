"""`AsyncClient`: what only code that awaits can do with it."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest

import arke
from support.scripted import ScriptedServer, answer, forever
from support.wire import ok


def transport(*statuses):
    left = list(statuses)
    return arke.MockTransport(lambda request: arke.Response(left.pop(0) if left else 200))


def run(function, *statuses, **options):
    async def use():
        async with arke.AsyncClient(transport=transport(*statuses), **options) as client:
            return await function(client)

    return asyncio.run(use())


class TestAsyncAuth:
    """`async_auth_flow`, overridden by what must wait itself."""

    def test_it_may_wait_between_its_steps(self):
        log = []

        class Scheme(arke.Auth):
            async def async_auth_flow(self, request):
                try:
                    await asyncio.sleep(0)
                    response = yield request
                    log.append(response.status_code)
                    await asyncio.sleep(0)
                    response = yield request
                    log.append(response.status_code)
                finally:
                    await asyncio.sleep(0)
                    log.append("closed")

        response = run(lambda client: client.get("http://a/", auth=Scheme()), 401)
        assert log == [401, 200, "closed"]
        assert [each.status_code for each in response.history] == [401]

    @pytest.mark.parametrize("step", [0, 1])
    def test_its_cancellation_reaches_it(self, step):
        log: list[str] = []
        reached = asyncio.Event()

        class Scheme(arke.Auth):
            async def async_auth_flow(self, request):
                try:
                    for number in range(2):
                        if number == step:
                            reached.set()
                            await asyncio.Event().wait()
                        yield request
                except asyncio.CancelledError:
                    log.append("cancelled")
                    raise

        async def cancel(client):
            task = asyncio.ensure_future(client.get("http://a/", auth=Scheme()))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        run(cancel)
        assert log == ["cancelled"]

    def test_an_error_of_the_transport_closes_it_before_the_error_is_seen(self):
        log = []

        class Scheme(arke.Auth):
            async def async_auth_flow(self, request):
                try:
                    yield request
                finally:
                    await asyncio.sleep(0)
                    log.append("closed")

        def handler(request):
            raise arke.ReadError("no")

        async def use():
            async with arke.AsyncClient(transport=arke.MockTransport(handler), auth=Scheme()) as client:
                with pytest.raises(arke.ReadError):
                    await client.get("http://a/")
                assert log == ["closed"]

        asyncio.run(use())


def test_hooks_of_both_kinds_may_stand_side_by_side():
    calls = []

    async def hook(message):
        await asyncio.sleep(0)
        calls.append("async")

    hooks = {"request": [hook, lambda request: calls.append("sync")]}
    run(lambda client: client.get("http://a/"), event_hooks=hooks)
    assert calls == ["async", "sync"]


@pytest.mark.parametrize("kind", ["bytes", "raw", "text", "lines"])
async def test_iterating_may_stop_halfway(async_world, kind):
    handler = answer(lambda request: ok(b"one\ntwo\nthree\n" * 10_000))
    with ScriptedServer(every=[forever(handler)]) as server:
        async with async_world.open(timeout=5.0, limits=arke.Limits(max_connections=1)) as door:
            for _ in range(3):
                async with (
                    door.stream("GET", server.url) as response,
                    contextlib.aclosing(getattr(response, f"aiter_{kind}")()) as pieces,
                ):
                    async for _ in pieces:
                        break
            assert (await door.get(server.url)).status_code == 200
    gc.collect()


async def test_many_requests_at_once_each_get_their_own_answer(async_world, origin):
    with origin.server(every=[forever(answer(lambda request: ok(request.target.encode())))]) as server:
        async with async_world.open(timeout=20.0, limits=arke.Limits(max_connections=7)) as door:

            async def fetch(path):
                return (await door.get(server.url + path)).text

            paths = [f"/{number}" for number in range(150)]
            results = await async_world.gather(*[lambda path=path: fetch(path) for path in paths])
    assert results == paths
    assert len(server.connections) <= 7

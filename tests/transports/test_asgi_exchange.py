"""How an exchange with an ASGI application ends: read, closed, forgotten, cancelled."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing

import anyio
import anyio.lowlevel
import pytest

import arke
from arke._transports import asgi_exchange
from transports.asgi_apps import (
    PATIENCE,
    Recorder,
    client_of,
    echo,
    hello,
    listen,
    listen_endlessly,
    piece,
    send_forever,
    wait_forever,
)


async def test_what_follows_the_response_is_done_when_it_has_been_read(async_world):
    done = []

    async def app(scope, receive, send):
        await hello(scope, receive, send)
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        done.append("background")

    async with client_of(app) as client:
        await client.get("/")
        assert done == ["background"]
        async with client.stream("GET", "/"):
            pass
        assert done == ["background"] * 2


async def test_an_application_that_has_answered_learns_of_the_disconnect(async_world):
    async def app(scope, receive, send):
        await receive()
        await hello(scope, receive, send)
        assert await receive() == {"type": "http.disconnect"}
        assert await receive() == {"type": "http.disconnect"}

    async with client_of(app) as client:
        assert (await client.get("/")).content == b"hello"


async def test_closing_the_response_tells_who_listens(async_world):
    app = Recorder(listen)
    async with client_of(app) as client:
        async with client.stream("GET", "/") as response:
            assert app.is_running
        assert app.ended_by == "return"
        assert response.is_closed


async def test_a_listener_may_still_clean_up(async_world):
    cleaned = []

    async def then(receive, send):
        await listen(receive, send)
        await send(piece(b"lost"))
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        cleaned.append(True)

    async with client_of(Recorder(then)) as client:
        async with client.stream("GET", "/"):
            pass
        assert cleaned == [True]


async def test_a_listener_that_takes_too_long_is_cancelled(async_world, monkeypatch):
    monkeypatch.setattr(asgi_exchange, "disconnect_grace_seconds", 0.01)

    async def then(receive, send):
        await listen(receive, send)
        await anyio.sleep_forever()

    app = Recorder(then)
    async with client_of(app) as client:
        async with client.stream("GET", "/"):
            pass
        assert app.was_cancelled


@pytest.mark.parametrize("then", [wait_forever, send_forever, listen_endlessly])
async def test_closing_the_response_cancels_who_does_not_end(async_world, monkeypatch, then):
    monkeypatch.setattr(asgi_exchange, "disconnect_grace_seconds", 0.01)
    app = Recorder(then)
    async with client_of(app) as client:
        async with client.stream("GET", "/") as response, aclosing(response.aiter_bytes()) as pieces:
            assert await anext(pieces) == b"first"
        assert app.was_cancelled


async def test_a_disconnect_is_seen_from_within_a_cancelled_scope(async_world):
    seen = []

    async def then(receive, send):
        while True:
            message = {}
            with anyio.CancelScope() as scope:
                scope.cancel()
                message = await receive()
            seen.append(message.get("type"))
            if seen[-1] == "http.disconnect":
                return
            await anyio.lowlevel.checkpoint()

    app = Recorder(then)

    async def content():
        yield b"a"

    async with client_of(app) as client:
        async with client.stream("POST", "/", content=content()):
            pass
        assert app.ended_by == "return"
    assert set(seen[:-1]) <= {None}


@pytest.mark.parametrize("then", [wait_forever, send_forever, listen])
async def test_closing_the_client_ends_the_application(async_world, then):
    app = Recorder(then)
    async with client_of(app) as client:
        response = await client.send(client.build_request("GET", "/"), stream=True)
        assert app.is_running
    assert not app.is_running
    with pytest.raises(arke.ReadError, match="the client was closed"):
        await response.aread()


@pytest.mark.parametrize("then", [wait_forever, send_forever])
async def test_a_response_that_is_forgotten_ends_the_application(async_world, then):
    app = Recorder(then)
    client = arke.AsyncClient(transport=arke.ASGITransport(app))
    await client.send(client.build_request("GET", "http://testserver/"), stream=True)
    with anyio.fail_after(PATIENCE):
        while app.is_running:
            gc.collect()
            await anyio.lowlevel.checkpoint()
    assert app.was_cancelled


async def test_cancelling_the_request_cancels_the_application(async_world):
    ended: list[bool] = []

    async def app(scope, receive, send):
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    started = anyio.Event()
    async with client_of(app) as client, anyio.create_task_group() as group:
        group.start_soon(client.get, "/")
        await started.wait()
        group.cancel_scope.cancel()
    assert ended == [True]


async def test_cancelling_the_reading_cancels_the_application(async_world):
    app = Recorder(wait_forever)
    async with client_of(app) as client:
        with anyio.CancelScope() as scope:
            async with client.stream("GET", "/") as response:
                async for _ in response.aiter_bytes():
                    scope.cancel()
        assert scope.cancelled_caught
        assert app.was_cancelled


async def test_a_request_that_is_shielded_goes_on(async_world):
    async with client_of(echo) as client:
        with anyio.CancelScope() as outer:
            outer.cancel()
            with anyio.CancelScope(shield=True):
                assert (await client.post("/", content=async_world.body([b"a", b"b"]))).content == b"ab"


@pytest.mark.parametrize("then", [wait_forever, send_forever, listen])
async def test_cancelling_at_every_turn_of_the_loop(async_world, then):
    async def content():
        yield b"a"
        await anyio.lowlevel.checkpoint()
        yield b"b"

    async with client_of(app := Recorder(then)) as client:
        for turns in range(60):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(lambda: client.post("/", content=content()))
                    for _ in range(turns):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
            assert not app.is_running


def test_an_asyncio_task_that_is_cancelled_cancels_the_application():
    app = Recorder(wait_forever)

    async def main():
        async with client_of(app) as client:
            for turns in range(60):
                task = asyncio.create_task(client.get("/"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert not app.is_running
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await client.get("/")
            assert app.was_cancelled

    asyncio.run(main())


def test_a_client_serves_one_loop_after_the_other():
    client = arke.AsyncClient(transport=arke.ASGITransport(hello), base_url="http://testserver")

    async def main():
        assert (await client.get("/")).content == b"hello"

    asyncio.run(main())
    asyncio.run(main())
    anyio.run(main, backend="trio")


def test_what_a_closed_loop_left_does_not_hinder_the_next():
    app = Recorder(wait_forever)
    client = arke.AsyncClient(transport=arke.ASGITransport(app), base_url="http://testserver")
    kept = []

    async def leave():
        kept.append(await client.send(client.build_request("GET", "/"), stream=True))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    tasks = asyncio.all_tasks(loop)
    anyio.run(client.aclose, backend="trio")
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
    kept.clear()
    assert app.was_cancelled


def test_the_end_of_trio_ends_what_was_left():
    app = Recorder(wait_forever)
    kept = []

    async def main():
        client = arke.AsyncClient(transport=arke.ASGITransport(app), base_url="http://testserver")
        kept.append(await client.send(client.build_request("GET", "/"), stream=True))

    anyio.run(main, backend="trio")
    assert app.was_cancelled
    kept.clear()

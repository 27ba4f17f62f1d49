"""The four worlds a client can live in, under one face, so that a test is written once for all of them.

A test body is an async function. In an async world it runs in that world's loop. In the sync world each method of
`SyncDoor` does its work before it returns, so that the body never really waits, and `drive` runs it in one step.

    async def test_something(world):
        with ScriptedServer([[reply(ok(b"one"))]]) as server:
            async with world.open() as door:
                assert (await door.get(server.url)).content == b"one"
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import arke
from support.certs import authority

PATIENCE = 10.0

Thunk = Callable[[], Coroutine[Any, Any, Any]]


@functools.cache
def trusting_context() -> Any:
    """Return the client context that trusts the test run's authority."""
    return authority().client_context()


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("a body written for every world waited for something that only one world has")


class SyncDoor:
    """`arke.Client`, looking async."""

    def __init__(self, client: arke.Client) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Give a verb, `request` or `send`."""
        method = getattr(self.client, name)

        async def call(*args: Any, **options: Any) -> Any:
            return method(*args, **options)

        return call

    @contextlib.asynccontextmanager
    async def stream(self, *args: Any, **options: Any) -> AsyncIterator[arke.Response]:
        """Give the response of `Client.stream`."""
        with self.client.stream(*args, **options) as response:
            yield response

    @staticmethod
    async def read(response: arke.Response) -> bytes:
        """Read the whole content."""
        return response.read()

    @staticmethod
    async def iterate(response: arke.Response, kind: str = "bytes", *args: Any) -> AsyncIterator[Any]:
        """Iterate as `iter_<kind>` does."""
        for item in getattr(response, f"iter_{kind}")(*args):
            yield item

    @staticmethod
    async def close(response: arke.Response) -> None:
        """Close the response."""
        response.close()


class AsyncDoor:
    """`arke.AsyncClient`, with the few names that differ made the same."""

    def __init__(self, client: arke.AsyncClient) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Give a verb, `request`, `send` or `stream`."""
        return getattr(self.client, name)

    @staticmethod
    async def read(response: arke.Response) -> bytes:
        """Read the whole content."""
        return await response.aread()

    @staticmethod
    async def iterate(response: arke.Response, kind: str = "bytes", *args: Any) -> AsyncIterator[Any]:
        """Iterate as `aiter_<kind>` does."""
        async with contextlib.aclosing(getattr(response, f"aiter_{kind}")(*args)) as items:
            async for item in items:
                yield item

    @staticmethod
    async def close(response: arke.Response) -> None:
        """Close the response."""
        await response.aclose()


class World:
    """One way to run a client."""

    name: str
    is_async = True

    def run(self, function: Callable[..., Coroutine[Any, Any, Any]], **arguments: Any) -> Any:
        """Run a test body to its end."""
        raise NotImplementedError

    @contextlib.asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[Any]:
        """Give a door whose client trusts the test run's authority."""
        options.setdefault("verify", trusting_context())
        async with arke.AsyncClient(**options) as client:
            yield AsyncDoor(client)

    def body(self, pieces: Iterable[bytes]) -> Any:
        """Return a request body that yields `pieces`, and can be iterated once."""
        return _agenerate(pieces)

    async def gather(self, *thunks: Thunk) -> list[Any]:
        """Run all at once; give what each returned, or the exception it raised."""
        raise NotImplementedError

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Call a blocking function, and let the loop run meanwhile."""
        raise NotImplementedError

    async def settle(self) -> None:
        """Let the loop handle whatever is ready."""

    async def wait(self, event: threading.Event) -> None:
        """Wait until a script sets `event`, and until the loop has seen what came before."""
        assert await self.in_thread(lambda: event.wait(PATIENCE)), "the script never came there"
        await self.settle()


async def _outcome(thunk: Thunk) -> Any:
    try:
        return await thunk()
    except Exception as exc:
        return exc


async def _agenerate(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def _generate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from pieces


class SyncWorld(World):
    """Blocking calls in threads."""

    name = "sync"
    is_async = False

    def run(self, function: Callable[..., Coroutine[Any, Any, Any]], **arguments: Any) -> Any:
        return drive(function(**arguments))

    @contextlib.asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[SyncDoor]:
        options.setdefault("verify", trusting_context())
        with arke.Client(**options) as client:
            yield SyncDoor(client)

    def body(self, pieces: Iterable[bytes]) -> Any:
        return _generate(pieces)

    async def gather(self, *thunks: Thunk) -> list[Any]:
        with ThreadPoolExecutor(len(thunks)) as executor:
            return list(executor.map(lambda thunk: drive(_outcome(thunk)), thunks))

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        return function()


class AsyncioWorld(World):
    """asyncio's own loop."""

    name = "asyncio"

    @staticmethod
    def loop_factory() -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    def run(self, function: Callable[..., Coroutine[Any, Any, Any]], **arguments: Any) -> Any:
        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            return runner.run(function(**arguments))

    async def gather(self, *thunks: Thunk) -> list[Any]:
        return await asyncio.gather(*map(_outcome, thunks))

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        return await asyncio.to_thread(function)

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


class UvloopWorld(AsyncioWorld):
    """asyncio on uvloop."""

    name = "uvloop"

    @staticmethod
    def loop_factory() -> asyncio.AbstractEventLoop:
        import uvloop

        return uvloop.new_event_loop()


class TrioWorld(World):
    """trio."""

    name = "trio"

    def run(self, function: Callable[..., Coroutine[Any, Any, Any]], **arguments: Any) -> Any:
        import trio

        return trio.run(functools.partial(function, **arguments))

    async def gather(self, *thunks: Thunk) -> list[Any]:
        import trio

        results: list[Any] = [None] * len(thunks)

        async def fill(index: int, thunk: Thunk) -> None:
            results[index] = await _outcome(thunk)

        async with trio.open_nursery() as nursery:
            for index, thunk in enumerate(thunks):
                nursery.start_soon(fill, index, thunk)
        return results

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        import trio

        return await trio.to_thread.run_sync(function)

    async def settle(self) -> None:
        import trio.testing

        await trio.testing.wait_all_tasks_blocked()


WORLDS = {world.name: world for world in (SyncWorld(), AsyncioWorld(), UvloopWorld(), TrioWorld())}

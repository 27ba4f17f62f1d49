"""A task for an ASGI application, which belongs to a response and to nobody's nursery; and a bell between tasks.

A response may be read by another task than the one that asked for it, and after the nursery or the cancel scope in
which it was asked for is gone; the application that makes it has to last as long. So under trio it runs in a system
task. What is said against those is met: `run` raises nothing, the scope that can cancel it is its own, it has the
context of the caller, and Ctrl-C reaches the application. A response that is neither read nor closed costs a task
that ends with `trio.run`, as one of asyncio does with its loop.

Why not a nursery. One opened in `handle_async_request` and closed with the response is left in another place than it
was entered in, which corrupts trio's stack of scopes as soon as `move_on_after` or another task stands between. In
the nursery around the caller, two responses asked for in a nursery and read after it wait for each other for good:
the nursery for the applications, they for the reader.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Protocol

import sniffio

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import anyio

    Run = Callable[[], Coroutine[object, object, None]]


class Task(Protocol):
    """What runs an application."""

    def cancel(self) -> None:
        """Cancel it."""

    def cancel_soon(self) -> None:
        """Cancel it, from any thread, also when its event loop is closed."""

    def is_here(self) -> bool:
        """Tell whether it runs in the event loop that we are in."""
        ...


def start_task(run: Run, note_end: Callable[[], None]) -> Task:
    """Run `run`, which raises nothing but cancellation, in a task; call `note_end` when it has ended."""
    if sniffio.current_async_library() == "trio":
        return _TrioTask(run, note_end)
    return _AsyncioTask(run, note_end)


class _AsyncioTask:
    def __init__(self, run: Run, note_end: Callable[[], None]) -> None:
        import asyncio

        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(run())
        # Why not at the end of `run`: a task that is cancelled before its first step never begins.
        self._task.add_done_callback(lambda _: note_end())

    def cancel(self) -> None:
        self._task.cancel()

    def cancel_soon(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._task.cancel)
        except RuntimeError:
            pass

    def is_here(self) -> bool:
        from asyncio import _get_running_loop

        return _get_running_loop() is self._loop


class _TrioTask:
    def __init__(self, run: Run, note_end: Callable[[], None]) -> None:
        import trio

        self._scope = trio.CancelScope()
        self._token = trio.lowlevel.current_trio_token()
        self._run = trio.lowlevel.disable_ki_protection(run)
        self._note_end = note_end
        trio.lowlevel.spawn_system_task(self._main, name=run, context=copy_context())

    async def _main(self) -> None:
        try:
            with self._scope:
                await self._run()
        finally:
            self._note_end()

    def cancel(self) -> None:
        self._scope.cancel()

    def cancel_soon(self) -> None:
        import trio

        try:
            self._token.run_sync_soon(self._scope.cancel)
        except trio.RunFinishedError:
            pass

    def is_here(self) -> bool:
        import trio

        try:
            return trio.lowlevel.current_trio_token() is self._token
        except RuntimeError:
            return False


class Bell:
    """Wakes whoever waits for a state to be reached."""

    def __init__(self) -> None:
        """Wait for nobody yet."""
        # There while somebody waits. Made by who waits: who rings may stand outside of any task.
        self._event: anyio.Event | None = None

    def ring(self) -> None:
        """Have everybody look again."""
        event, self._event = self._event, None
        if event is not None:
            event.set()

    async def until(self, is_reached: Callable[[], object]) -> None:
        """Wait until it is; not at all, and without a checkpoint, if it is so already."""
        import anyio

        while not is_reached():
            event = self._event
            if event is None:
                event = self._event = anyio.Event()
            await event.wait()

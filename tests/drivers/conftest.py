"""Runs each async test body in every world; `origin` adds cleartext and TLS. And cancels at the n-th wait."""

from __future__ import annotations

import asyncio

import pytest

from support.plugin import (  # noqa: F401 - fixtures and a hook, found by name
    async_world,
    no_proxies,
    origin,
    pytest_pyfunc_call,
    world,
)


class AtWait:
    """Awaits a coroutine in asyncio, and cancels a task at one of its waits; `count` says how many there were.

    With `is_late`, what was waited for has come by then, but the task has not been told yet.
    """

    def __init__(self, coroutine, number, *, is_late=False, task=None):
        self.coroutine = coroutine
        self.number = number
        self.is_late = is_late
        self.task: asyncio.Task | None = task
        self.count = 0

    def __await__(self):
        inner = self.coroutine.__await__()
        step, argument = inner.send, None
        while True:
            try:
                future = step(argument)
            except StopIteration as stop:
                return stop.value
            self.note(future)
            try:
                step, argument = inner.send, (yield future)
            except BaseException as exc:
                step, argument = inner.throw, exc

    def note(self, future):
        """Count a wait; cancel when it is its turn."""
        if self.count == self.number:
            # A bare yield, of `sleep(0)`, is over at once.
            if self.is_late and future is not None:
                future.add_done_callback(lambda _: self.task.cancel())
            else:
                self.task.cancel()
        self.count += 1


@pytest.fixture
def at_wait():
    """Cancels at a wait, in asyncio."""
    return AtWait


@pytest.fixture
def at_step():
    """Cancels a scope at a step of a task, in trio: an instrument, which counts its steps."""
    abc = pytest.importorskip("trio.abc")

    class AtStep(abc.Instrument):  # type: ignore[misc, name-defined]  # there only where trio is
        def __init__(self, scope, number, *, is_late):
            self.scope = scope
            self.number = number
            self.is_late = is_late
            self.task = None
            self.is_over = False
            self.count = 0

        def note(self, task):
            if task is self.task:
                if self.count == self.number:
                    self.scope.cancel()
                self.count += 1

        def task_scheduled(self, task):
            if self.is_late:
                self.note(task)

        def after_task_step(self, task):
            if not self.is_late:
                self.note(task)

    return AtStep

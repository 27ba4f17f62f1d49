"""What every test gets: a guard against leaks, and the async worlds.

The guard compares, around each test, the sockets (Linux: `/proc/self/fd`) and threads of this process, and notes
each asyncio task that was still pending when its loop was closed. Looking costs some ten microseconds; only a test
that seems to leak is given time for the other side of its connections to end, and a collection of garbage.
"""

from __future__ import annotations

import asyncio
import asyncio.runners
import contextlib
import gc
import importlib.util
import os
import threading
import time
from collections.abc import Iterator

import pytest

FD_FOLDER = "/proc/self/fd"
GRACE_SECONDS = 1.0
# Threads of pools that outlive a test on purpose: trio keeps idle workers for ten seconds.
POOLED_THREADS = ("Trio thread", "pytest_timeout")
# Tasks that end with their loop and are nobody's leak: the one in which anyio's pytest plugin runs the tests, and
# those in which asyncio closes async generators that were abandoned halfway.
LOOP_TASKS = ("TestRunner._run_tests_and_fixtures", "async_generator_athrow", "async_generator_aclose")


def open_sockets() -> set[str]:
    """The sockets of this process, as `socket:[inode]`; empty where /proc does not tell."""
    found: set[str] = set()
    try:
        names = os.listdir(FD_FOLDER)  # noqa: PTH208 - twice per test, and pathlib costs tenfold
    except OSError:
        return found
    for name in names:
        with contextlib.suppress(OSError):  # the descriptor of the listing itself is gone by now
            target = os.readlink(f"{FD_FOLDER}/{name}")  # noqa: PTH115 - the same
            if target.startswith("socket:"):
                found.add(target)
    return found


def live_threads() -> set[threading.Thread]:
    """The threads of this process that nobody keeps on purpose."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith(POOLED_THREADS)}


class LeakGuard:
    """What is open on purpose, and what a test left behind."""

    def __init__(self) -> None:
        self.known_sockets: set[str] = set()
        self.known_threads: set[threading.Thread] = set()
        self.pending_tasks: list[str] = []

    def know(self) -> None:
        """Take what is open now as belonging to the session: for servers that outlive the test that starts them."""
        self.known_sockets |= open_sockets()
        self.known_threads |= live_threads()

    def leaks(self, sockets: set[str], threads: set[threading.Thread]) -> list[str]:
        """What is there beyond `sockets` and `threads`, which were there before, and beyond what is known."""
        found = [f"an open {name}" for name in sorted(open_sockets() - sockets - self.known_sockets)]
        found += [f"a live {thread!r}" for thread in live_threads() - threads - self.known_threads]
        return found

    def leaks_in_the_end(self, sockets: set[str], threads: set[threading.Thread]) -> list[str]:
        """The same, once garbage is collected and threads had `GRACE_SECONDS` to end."""
        deadline = time.monotonic() + GRACE_SECONDS
        found = self.leaks(sockets, threads)
        if found:
            gc.collect()
        while (found := self.leaks(sockets, threads)) and time.monotonic() < deadline:
            time.sleep(0.005)
        return found


@pytest.fixture(scope="session")
def leak_guard() -> Iterator[LeakGuard]:
    """The guard of this session; a server of a whole session calls `leak_guard.know()` once it runs."""
    guard = LeakGuard()
    cancel_all = asyncio.runners._cancel_all_tasks

    def note_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
        """Stand before the function by which every asyncio runner silently ends what is left."""
        pending = [f"a pending {task!r}" for task in asyncio.all_tasks(loop)]
        guard.pending_tasks += [task for task in pending if not any(name in task for name in LOOP_TASKS)]
        cancel_all(loop)

    asyncio.runners._cancel_all_tasks = note_and_cancel
    yield guard
    asyncio.runners._cancel_all_tasks = cancel_all


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(request: pytest.FixtureRequest, leak_guard: LeakGuard):
    """Fail a test that leaves sockets, threads or asyncio tasks behind."""
    if request.node.get_closest_marker("leaks_allowed"):
        yield
        leak_guard.pending_tasks.clear()
        return
    sockets, threads = open_sockets(), live_threads()
    yield
    left = leak_guard.leaks_in_the_end(sockets, threads) + leak_guard.pending_tasks
    leak_guard.pending_tasks = []
    if left:
        pytest.fail("the test left behind: " + "; ".join(left), pytrace=False)


HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None
ASYNC_WORLDS = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(
        ("asyncio", {"use_uvloop": True}),
        id="uvloop",
        marks=[] if HAS_UVLOOP else pytest.mark.skip(reason="uvloop is not installed"),
    ),
    pytest.param(("trio", {}), id="trio"),
]


@pytest.fixture(params=ASYNC_WORLDS)
def anyio_backend(request: pytest.FixtureRequest):
    """The worlds in which a test marked `anyio` runs."""
    return request.param

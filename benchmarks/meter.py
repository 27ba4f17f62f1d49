"""The two clocks: CPU of this process, user and system, all its threads; and wall time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

PER_SECOND = {"µs": 1e6, "ms": 1e3}


@dataclass(slots=True)
class Meter:
    """A context manager that measures its block, in seconds."""

    cpu: float = 0.0
    wall: float = 0.0

    def __enter__(self) -> Self:
        """Start both clocks."""
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both clocks."""
        self.cpu, self.wall = time.process_time() - self.cpu, time.perf_counter() - self.wall

    def per_request(self, requests: int, unit: str) -> dict[str, float]:
        """Return CPU and wall time of one request in this unit."""
        scale = PER_SECOND[unit] / requests
        return {"figure": self.cpu * scale, "wall": self.wall * scale, "requests": requests}


class ProfiledMeter(Meter):
    """Also writes a cProfile of its block, of this thread alone, to a file; the figures are then too high."""

    __slots__ = ("_path", "_profiler")

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def __enter__(self) -> Self:
        from cProfile import Profile

        self._profiler = Profile()
        Meter.__enter__(self)
        self._profiler.enable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._profiler.disable()
        Meter.__exit__(self, kind, error, trace)
        self._profiler.dump_stats(self._path)


class Quota:
    """Hands out requests until their number or the time is up; tasks of one thread may share it."""

    __slots__ = ("_deadline", "_limit", "taken")

    def __init__(self, requests: int, seconds: float) -> None:
        """Allow so many requests within so many seconds from now, at least one."""
        self.taken = 0
        self._limit = requests
        self._deadline = time.perf_counter() + seconds

    def __iter__(self) -> Self:
        """Return the quota itself."""
        return self

    def __next__(self) -> None:
        """Take one request."""
        taken = self.taken
        if taken >= self._limit or (taken and time.perf_counter() > self._deadline):
            raise StopIteration
        self.taken = taken + 1

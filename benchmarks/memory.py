"""Memory: what stays after many requests, and what an idle connection costs."""

from __future__ import annotations

import gc
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .clients import UnsupportedError
from .loops import Plan, run_in_world
from .operations import Operation

if TYPE_CHECKING:
    import argparse
    from types import ModuleType, TracebackType
    from typing import Self

    from .clients import Options
    from .scenarios import Scenario

KIB = 1024
GROWTH_SECONDS = 10.0
STATUS = Path("/proc/self/statm")
DESCRIPTORS = Path("/proc/self/fd")


class ResidentMeter:
    """A context manager that measures how the resident memory of this process grows, in KiB."""

    growth: float = 0.0

    def __enter__(self) -> Self:
        self.growth = -self._used()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gc.collect()
        self.growth += self._used()

    def _used(self) -> float:
        if not STATUS.exists():
            raise UnsupportedError("resident memory is read from /proc, which is not here")
        return int(STATUS.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / KIB


class TracedMeter(ResidentMeter):
    """The same for what Python has allocated since, and not freed, by tracemalloc."""

    def _used(self) -> float:
        if not tracemalloc.is_tracing():
            tracemalloc.start()
            return 0.0
        return tracemalloc.get_traced_memory()[0] / KIB


def measure_growth(
    module: ModuleType,
    scenario: Scenario,
    operation: Operation,
    options: Options,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return the KiB by which the process has grown after many requests on warm connections."""
    requests = arguments.requests or scenario.requests
    seconds = max(GROWTH_SECONDS, arguments.seconds)
    make_meter = TracedMeter if scenario.measure == "memory-traced" else ResidentMeter
    plan = Plan(scenario, operation, requests, seconds, make_meter=make_meter)
    meter, taken = run_in_world(module, options, plan)
    return {"figure": meter.growth, "requests": taken}


def measure_idle(
    module: ModuleType,
    scenario: Scenario,
    operation: Operation,
    options: Options,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return the KiB of resident memory of one idle connection.

    As many are counted as the client opens for its tasks. The body comes slowly, so that all tasks have a
    connection before the first one is free.
    """
    slow = Operation("get", (arguments.http + "/slow.txt",), (200, 1000))
    counts: list[int] = []
    plan = Plan(scenario, slow, scenario.requests, GROWTH_SECONDS, make_meter=lambda: IdleMeter(counts))
    plan.warm_up_operation, plan.warm_up = operation, 1
    meter, _ = run_in_world(module, options, plan)
    opened = counts[-1] - counts[0]
    if opened < scenario.requests // 2:
        raise UnsupportedError(f"keeps {opened} connections of {scenario.requests}")
    return {"figure": meter.growth / opened, "connections": opened}


class IdleMeter(ResidentMeter):
    """Also counts the sockets of this process, before and after."""

    def __init__(self, counts: list[int]) -> None:
        self._counts = counts

    def _used(self) -> float:
        self._counts.append(_open_sockets())
        return super()._used()


def _open_sockets() -> int:
    count = 0
    for descriptor in DESCRIPTORS.iterdir():
        try:
            count += str(descriptor.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return count

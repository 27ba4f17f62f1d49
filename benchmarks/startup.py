"""What is paid once: importing a client, and constructing one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from .clients import UnsupportedError
from .meter import PER_SECOND

if TYPE_CHECKING:
    import argparse
    from types import ModuleType

    from .clients import Options
    from .operations import Operation
    from .scenarios import Scenario


def measure_import(
    module: ModuleType,
    scenario: Scenario,
    operation: Operation,
    options: Options,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return what `import` of the client adds to a bare interpreter: best of several fresh ones, in ms."""
    name = getattr(module, "IMPORT", None)
    if name is None:
        raise UnsupportedError("is not a module of its own")
    rounds = min(arguments.requests or scenario.requests, scenario.requests)
    pairs = [(_interpreter_time("pass"), _interpreter_time(f"import {name}")) for _ in range(rounds + 1)][1:]
    bare = [min(bare[clock] for bare, _ in pairs) for clock in (0, 1)]
    full = [min(full[clock] for _, full in pairs) for clock in (0, 1)]
    scale = PER_SECOND[scenario.unit]
    return {"figure": (full[0] - bare[0]) * scale, "wall": (full[1] - bare[1]) * scale}


def _interpreter_time(code: str) -> tuple[float, float]:
    """Return CPU and wall time of one fresh interpreter."""
    start = time.perf_counter()
    # With bytecode, as whoever installed the package has it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{code!r} ended with status {process.returncode}")
    return usage.ru_utime + usage.ru_stime, wall


def measure_construction(
    module: ModuleType,
    scenario: Scenario,
    operation: Operation,
    options: Options,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return the time of constructing a client: the first of the process, or the median of later ones."""
    adapter = getattr(module, "SyncAdapter", None)
    if adapter is None:
        raise UnsupportedError("has no client that is constructed outside a loop")
    construct = adapter.construct
    first, kept = _timed(construct)
    if scenario.measure == "construct-first":
        return _figures([first], scenario)
    later = []
    for _ in range(scenario.requests):
        times, client = _timed(construct)
        kept = client  # noqa: F841 - the one before goes here, outside the clock
        later.append(times)
    return _figures(later, scenario)


def _timed(construct: Any) -> tuple[tuple[float, float], object]:
    wall, cpu = time.perf_counter(), time.process_time()
    client = construct()
    return (time.process_time() - cpu, time.perf_counter() - wall), client


def _figures(times: list[tuple[float, float]], scenario: Scenario) -> dict[str, Any]:
    scale = PER_SECOND[scenario.unit]
    return {
        "figure": median(cpu for cpu, _ in times) * scale,
        "wall": median(wall for _, wall in times) * scale,
    }

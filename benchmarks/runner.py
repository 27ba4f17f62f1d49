"""Runs the measurements, each in a process of its own, interleaved over the contestants."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from .clients import CLIENTS
from .environments import ENVIRONMENTS, MAIN, REPOSITORY, make_certificates, prepare, worker_environment
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .scenarios import Scenario

WORKER_TIMEOUT = 120.0
"""Of a worker, beside ten times the seconds that it was given."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One column of the table: a client, the interpreter it runs in, and where arke's source is."""

    label: str
    client: str
    python: Path
    source: Path = REPOSITORY / "src"


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured, and on which cores."""

    rounds: int = 5
    requests: int | None = None
    seconds: float = 2.0
    is_pinned: bool = True


class Bench:
    """A running server and the folder of its certificates; measures contestants against it."""

    def __init__(self, server: Server, certificates: Path, client_core: int | None, settings: Settings) -> None:
        """Measure against this server; `opened` makes one with its server."""
        self._server = server
        self._certificates = certificates
        self._client_core = client_core
        self._settings = settings

    @classmethod
    @contextmanager
    def opened(cls, python: Path, settings: Settings) -> Iterator[Bench]:
        """Start the server with certificates made by this interpreter; both are gone afterwards."""
        client_core, server_cores = _cores() if settings.is_pinned else (None, None)
        with _only_run(), tempfile.TemporaryDirectory(prefix="bench-certificates-") as name:
            certificates = Path(name)
            make_certificates(python, certificates)
            with Server(certificates, cores=server_cores) as server:
                yield cls(server, certificates, client_core, settings)

    def measure(self, contestants: list[Contestant], scenarios: list[Scenario]) -> dict[str, dict[str, Any]]:
        """Return for each scenario and each label the medians over all rounds.

        Each round takes the contestants in another order, so that none always follows the same neighbour.
        """
        return {scenario.name: self._measure_one(contestants, scenario) for scenario in scenarios}

    def _measure_one(self, contestants: list[Contestant], scenario: Scenario) -> dict[str, Any]:
        results: dict[str, list[dict[str, Any]]] = {contestant.label: [] for contestant in contestants}
        for number in range(self._settings.rounds):
            shift = number % len(contestants)
            for contestant in contestants[shift:] + contestants[:shift]:
                if not any("figure" not in result for result in results[contestant.label]):
                    results[contestant.label].append(self._run_worker(contestant, scenario))
        return {label: combined(found) for label, found in results.items()}

    def _run_worker(self, contestant: Contestant, scenario: Scenario) -> dict[str, Any]:
        start = time.perf_counter()
        try:
            return self._ask_worker(contestant, scenario)
        finally:
            took = time.perf_counter() - start
            print(f"{scenario.name} {contestant.label} ({took:.1f} s)", file=sys.stderr, flush=True)

    def _ask_worker(self, contestant: Contestant, scenario: Scenario) -> dict[str, Any]:
        timeout = WORKER_TIMEOUT + 10 * self._settings.seconds
        command = self.worker_command(contestant, scenario.name)
        variables = worker_environment(self._certificates, contestant.source)
        try:
            done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return {"error": f"no result within {timeout} s"}
        if done.returncode != 0:
            return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    def worker_command(self, contestant: Contestant, scenario: str, *extra: str) -> list[str]:
        """Return the command that measures one contestant in one scenario."""
        origins = ["--http", self._server.http, "--https", self._server.https]
        trust = [
            "--ca",
            str(self._certificates / "ca.pem"),
            "--bundle",
            str(self._certificates / "bundle.pem"),
        ]
        limits = ["--seconds", str(self._settings.seconds)]
        if self._settings.requests is not None:
            limits += ["--requests", str(self._settings.requests)]
        if self._client_core is not None:
            limits += ["--core", str(self._client_core)]
        module = [str(contestant.python), "-m", "benchmarks.worker", contestant.client, scenario]
        return [*module, *origins, *trust, *limits, *extra]

    def environment_of(self, contestant: Contestant) -> dict[str, str]:
        """Return the environment variables of a contestant's worker."""
        return worker_environment(self._certificates, contestant.source)


def contestants_of(
    clients: Iterable[str], *, cache: Path, base_python: str, is_fresh: bool = False
) -> list[Contestant]:
    """Return the contestants, their environments made where they are missing."""
    names = list(clients)
    needed = dict.fromkeys([MAIN.name, *(CLIENTS[name] for name in names)])
    pythons = {
        name: prepare(ENVIRONMENTS[name], cache=cache, base_python=base_python, is_fresh=is_fresh) for name in needed
    }
    return [Contestant(name, name, pythons[CLIENTS[name]]) for name in names]


def combined(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of a contestant's rounds, or why there are none; `rounds` keeps every figure."""
    for result in results:
        if "figure" not in result:
            return result
    figures = {key for result in results for key in result if key not in {"client", "scenario"}}
    medians: dict[str, Any] = {key: median(result[key] for result in results) for key in sorted(figures)}
    return medians | {"rounds": [result["figure"] for result in results]}


@contextmanager
def _only_run() -> Iterator[None]:
    """Wait until no other run is going on: two on the same cores would measure each other.

    From here on SIGTERM ends the run as an exception, so that its server and its folders go with it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    path = Path(tempfile.gettempdir()) / f"arke-benchmarks-{os.geteuid()}.lock"
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another run of the benchmarks to end ...", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cores() -> tuple[int | None, set[int] | None]:
    """Return a core for the client and another for the server, where there are two to choose from."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], {cores[-1]}) if len(cores) > 1 else (None, None)

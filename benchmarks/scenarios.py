"""What is measured: one row for each scenario.

A scenario is an operation (what one "request" is), the world it runs in, how many tasks do it at once, and
how often. The number of requests is an upper bound: a worker stops early when its time is up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

CONNECTIONS = 100
"""The connection limit of every client in every scenario but `memory-idle`."""

IDLE_CONNECTIONS = 1000

LARGE_BODY_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the result.

    `world` is sync, threads, asyncio, uvloop or trio; `measure` names the function of the worker that takes
    the figure.
    """

    name: str
    world: str
    operation: str
    tasks: int = 1
    requests: int = 4000
    tls: bool = False
    http2: bool = False
    measure: str = "requests"
    unit: str = "µs"
    connections: int = CONNECTIONS


SCENARIOS = (
    Scenario("sync-get", "sync", "get"),
    Scenario("sync-get-tls", "sync", "get", tls=True),
    Scenario("sync-json", "sync", "get_json"),
    Scenario("sync-post", "sync", "post"),
    Scenario("threads-8", "threads", "get", tasks=8),
    Scenario("asyncio-1", "asyncio", "get"),
    Scenario("asyncio-20", "asyncio", "get", tasks=20),
    Scenario("asyncio-100", "asyncio", "get", tasks=100),
    Scenario("asyncio-1000", "asyncio", "get", tasks=1000, requests=6000),
    Scenario("asyncio-100-tls", "asyncio", "get", tasks=100, tls=True),
    Scenario("asyncio-json-20", "asyncio", "get_json", tasks=20),
    Scenario("asyncio-post-20", "asyncio", "post", tasks=20),
    Scenario("uvloop-1", "uvloop", "get"),
    Scenario("uvloop-100", "uvloop", "get", tasks=100),
    Scenario("uvloop-100-tls", "uvloop", "get", tasks=100, tls=True),
    Scenario("trio-100", "trio", "get", tasks=100),
    Scenario("h2-1", "asyncio", "get", tls=True, http2=True),
    Scenario("h2-100", "asyncio", "get", tasks=100, tls=True, http2=True),
    Scenario("h2-uvloop-100", "uvloop", "get", tasks=100, tls=True, http2=True),
    Scenario("download-sync", "sync", "download", requests=5, unit="ms"),
    Scenario("download-sync-streamed", "sync", "download_streamed", requests=5, unit="ms"),
    Scenario("download-sync-tls", "sync", "download_streamed", requests=5, unit="ms", tls=True),
    Scenario("download-asyncio", "asyncio", "download", requests=5, unit="ms"),
    Scenario("download-asyncio-streamed", "asyncio", "download_streamed", requests=5, unit="ms"),
    Scenario("download-asyncio-tls", "asyncio", "download_streamed", requests=5, unit="ms", tls=True),
    Scenario("upload-sync", "sync", "upload", requests=5, unit="ms"),
    Scenario("upload-sync-tls", "sync", "upload", requests=5, unit="ms", tls=True),
    Scenario("upload-asyncio", "asyncio", "upload", requests=5, unit="ms"),
    Scenario("upload-asyncio-tls", "asyncio", "upload", requests=5, unit="ms", tls=True),
    Scenario("one-off-http", "sync", "one_off", requests=200),
    Scenario("one-off-https", "sync", "one_off", requests=60, tls=True),
    Scenario("import", "sync", "", requests=10, measure="import", unit="ms"),
    Scenario("construct-first", "sync", "construct", requests=1, measure="construct-first"),
    Scenario("construct", "sync", "construct", requests=50, measure="construct"),
    Scenario("memory-growth-sync", "sync", "get", requests=20_000, measure="memory-growth", unit="KiB"),
    Scenario("memory-growth-asyncio", "asyncio", "get", 20, 20_000, measure="memory-growth", unit="KiB"),
    Scenario("memory-traced-asyncio", "asyncio", "get", 20, 3000, measure="memory-traced", unit="KiB"),
    Scenario("memory-idle", "asyncio", "get", IDLE_CONNECTIONS, IDLE_CONNECTIONS,
             measure="memory-idle", unit="KiB", connections=IDLE_CONNECTIONS),
)  # fmt: skip


def chosen_scenarios(patterns: list[str]) -> list[Scenario]:
    """Return the scenarios whose name matches one of the shell patterns, in the order of the table.

    Raises:
        ValueError: A pattern matches no scenario.
    """
    for pattern in patterns:
        if not any(fnmatchcase(scenario.name, pattern) for scenario in SCENARIOS):
            names = ", ".join(scenario.name for scenario in SCENARIOS)
            msg = f"no scenario matches {pattern!r}; there are: {names}"
            raise ValueError(msg)
    return [scenario for scenario in SCENARIOS if any(fnmatchcase(scenario.name, p) for p in patterns)]


def scenario_named(name: str) -> Scenario:
    """Return the scenario of that name."""
    return chosen_scenarios([name])[0]

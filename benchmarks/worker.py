"""One measurement in one process: `python -m benchmarks.worker CLIENT SCENARIO ...` prints one line of JSON.

The line holds `figure` (CPU per request, or what else the scenario measures) and mostly `wall`, both in the
scenario's unit; or `unsupported`, or `error`. Only what a scenario needs is imported, because import and
construction are measured here too.
"""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from .clients import Options, UnsupportedError, adapter_module
from .operations import Operation
from .scenarios import scenario_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from .scenarios import Scenario


def main() -> None:
    """Measure what the command line says and print the result."""
    arguments = _parse_arguments()
    if arguments.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {arguments.core})
    _raise_file_limit()
    try:
        result = measure(arguments)
    except UnsupportedError as error:
        result = {"unsupported": str(error)}
    except Exception as error:  # whatever a client raises is the result of its measurement
        result = {"error": f"{type(error).__name__}: {error}"}
    result |= {"client": arguments.client, "scenario": arguments.scenario}
    print(json.dumps(result), flush=True)
    # Why not return: with a Rust runtime's threads still there, the end of the interpreter sometimes aborts
    # the process.
    os._exit(0)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of one client in one scenario.

    Raises:
        UnsupportedError: The client has no way to do it.
    """
    scenario = scenario_named(arguments.scenario)
    module = adapter_module(arguments.client)
    taker = _taker_of(scenario)
    options = Options(arguments.ca, arguments.bundle, scenario.connections, scenario.http2, scenario.world)
    operation = Operation.of(scenario, arguments.https if scenario.tls else arguments.http)
    return taker(module, scenario, operation, options, arguments)


def _taker_of(scenario: Scenario) -> Callable[..., dict[str, Any]]:
    """Return the function that takes the figures, importing its module only now."""
    if scenario.measure == "requests":
        from .loops import measure_requests

        return measure_requests
    if scenario.measure.startswith("memory"):
        from . import memory

        return memory.measure_idle if scenario.measure == "memory-idle" else memory.measure_growth
    from . import startup

    return startup.measure_import if scenario.measure == "import" else startup.measure_construction


def _raise_file_limit() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker", description=__doc__)
    parser.add_argument("client")
    parser.add_argument("scenario")
    parser.add_argument("--http", required=True, help="origin of the plain server")
    parser.add_argument("--https", required=True, help="origin of the TLS server")
    parser.add_argument("--ca", required=True, help="file of the authority that signed its certificate")
    parser.add_argument("--bundle", required=True, help="file of the usual roots and that authority")
    parser.add_argument("--requests", type=int, help="at most so many; default: what the scenario says")
    parser.add_argument("--seconds", type=float, default=2.0, help="stop after so long")
    parser.add_argument("--core", type=int, help="pin this process to one core")
    parser.add_argument("--profile", help="write a cProfile of what is measured to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()

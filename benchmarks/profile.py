"""Where the time goes: `python -m benchmarks.profile SCENARIO` runs one measurement under cProfile.

cProfile shows the shape and exaggerates calls; for the truth it also says how to watch the same worker with
py-spy or perf.
"""

from __future__ import annotations

import argparse
import os
import pstats
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from .__main__ import add_common_arguments, settings_of
from .clients import CLIENTS
from .runner import Bench, Contestant, contestants_of

SORT_KEYS = ("tottime", "cumulative", "ncalls")
PROFILE_TIMEOUT = 600.0


def main() -> int:
    """Profile one scenario and print the functions that cost most; return the worker's exit status."""
    arguments = _parse_arguments()
    contestant = contestants_of([arguments.client], cache=arguments.cache, base_python=arguments.python)[0]
    certifier = contestants_of(["floor"], cache=arguments.cache, base_python=arguments.python)[0]
    with (
        Bench.opened(certifier.python, settings_of(arguments)) as bench,
        tempfile.TemporaryDirectory() as folder,
    ):
        output = arguments.output or Path(folder) / "profile"
        status = _run(bench, contestant, arguments.scenario, "--profile", str(output))
        if status == 0 and output.exists():
            pstats.Stats(str(output)).strip_dirs().sort_stats(arguments.sort).print_stats(arguments.top)
        if arguments.wait:
            _wait_for_sampler(bench, contestant, arguments.scenario)
    return status


def _run(bench: Bench, contestant: Contestant, scenario: str, *extra: str) -> int:
    command = bench.worker_command(contestant, scenario, *extra)
    done = subprocess.run(command, env=bench.environment_of(contestant), timeout=PROFILE_TIMEOUT, check=False)
    return done.returncode


def _wait_for_sampler(bench: Bench, contestant: Contestant, scenario: str) -> None:
    """Keep the server up, and print how to sample a worker against it until Enter is pressed."""
    variables = bench.environment_of(contestant)
    changed = {name: value for name, value in variables.items() if os.environ.get(name) != value}
    prefix = ["env", *(f"{name}={value}" for name, value in changed.items())]
    command = shlex.join([*prefix, *bench.worker_command(contestant, scenario, "--seconds", "20")])
    print("The server stays up. In another terminal, one of:\n")
    print(f"  py-spy record --native --rate 500 -o profile.svg -- {command}\n")
    print(f"  perf record -g -- {command}\n")
    print(f"  strace -c -f {command}\n")
    input("Enter ends it. ")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("scenario")
    parser.add_argument("--client", default="arke", choices=sorted(CLIENTS))
    parser.add_argument("--sort", default="tottime", choices=SORT_KEYS)
    parser.add_argument("--top", type=int, default=40, help="how many functions to show")
    parser.add_argument("--output", type=Path, metavar="FILE", help="keep the cProfile file")
    parser.add_argument("--wait", action="store_true", help="then keep the server up and print the py-spy command")
    add_common_arguments(parser, scenarios=None)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

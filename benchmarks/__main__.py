"""The one command: `python -m benchmarks` measures every client in every scenario and prints the tables."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from .clients import CLIENTS
from .environments import DEFAULT_CACHE, MAIN, installed_versions, prepare
from .runner import Bench, Contestant, Settings, contestants_of
from .scenarios import SCENARIOS, Scenario, chosen_scenarios
from .table import as_markdown


def main() -> int:
    """Measure what the command line chooses; return the exit status."""
    arguments = _parse_arguments()
    settings = settings_of(arguments)
    contestants = contestants_of(
        listed(arguments.clients),
        cache=arguments.cache,
        base_python=arguments.python,
        is_fresh=arguments.fresh,
    )
    main_python = prepare(MAIN, cache=arguments.cache, base_python=arguments.python)
    with Bench.opened(main_python, settings) as bench:
        results = bench.measure(contestants, arguments.scenarios)
    facts = _facts(contestants, settings)
    write_results(arguments.json, facts, results)
    print("\n".join(f"- {name}: {value}" for name, value in facts.items()) + "\n")
    print(as_markdown(results, [contestant.label for contestant in contestants]))
    return 0


def add_common_arguments(parser: argparse.ArgumentParser, *, scenarios: str | None) -> None:
    """Add the options that every command of the benchmarks has; `--scenarios` only with a default for it."""
    if scenarios is not None:
        parser.add_argument("--scenarios", type=_scenario_list, default=scenarios, help="names or patterns, by commas")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--requests", type=int, help="at most so many; default: what each scenario says")
    parser.add_argument("--seconds", type=float, default=2.0, help="stop a measurement after so long")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to make environments from")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where they are kept; default: %(default)s")
    parser.add_argument("--fresh", action="store_true", help="make them anew, with the latest releases")
    parser.add_argument("--no-pin", action="store_true", help="let client and server share all cores")


def _scenario_list(text: str) -> list[Scenario]:
    try:
        return chosen_scenarios(listed(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(error) from error


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the common options ask for."""
    return Settings(arguments.rounds, arguments.requests, arguments.seconds, not arguments.no_pin)


def listed(text: str) -> list[str]:
    """Return the words of a list by commas."""
    return [word for word in text.split(",") if word]


def write_results(path: Path | None, facts: dict[str, Any], results: dict[str, Any]) -> None:
    """Write every figure to a file, if there is one."""
    if path is not None:
        path.write_text(json.dumps({"facts": facts, "results": results}, indent=1), encoding="utf-8")


def _facts(contestants: list[Contestant], settings: Settings) -> dict[str, Any]:
    versions = {python: installed_versions(python) for python in {c.python for c in contestants}}
    named = [f"{c.client} {versions[c.python].get(c.client, '')}".strip() for c in contestants]
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "environments": ", ".join(sorted(python.parent.parent.name for python in versions)),
        "clients": ", ".join(named),
        "rounds": settings.rounds,
    }


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--clients", default=",".join(CLIENTS), help="by commas; default: %(default)s")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    add_common_arguments(parser, scenarios="*")
    arguments = parser.parse_args()
    if arguments.list:
        parser.exit(message="\n".join(scenario.name for scenario in SCENARIOS) + "\n")
    unknown = set(listed(arguments.clients)) - set(CLIENTS)
    if unknown:
        parser.error(f"unknown clients: {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())

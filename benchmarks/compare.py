"""Two commits of arke in one interleaved run: `python -m benchmarks.compare BASE [HEAD]`.

Each commit is checked out into a temporary folder (a git worktree, removed afterwards); without HEAD the
files as they lie here are measured. The harness, the adapters and the installed packages are the same for
both.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .__main__ import add_common_arguments, settings_of, write_results
from .environments import MAIN, REPOSITORY, prepare
from .runner import Bench, Contestant
from .table import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_SCENARIOS = "sync-*,asyncio-*,uvloop-*,trio-100,threads-8,import,construct*"


def main() -> int:
    """Measure both commits and print the table, with ratios to BASE."""
    arguments = _parse_arguments()
    settings = settings_of(arguments)
    python = prepare(MAIN, cache=arguments.cache, base_python=arguments.python, is_fresh=arguments.fresh)
    with ExitStack() as stack:
        base = stack.enter_context(checked_out(arguments.base))
        head = stack.enter_context(checked_out(arguments.head)) if arguments.head else REPOSITORY
        contestants = [
            Contestant("base", "arke", python, base / "src"),
            Contestant("head", "arke", python, head / "src"),
            Contestant("floor", "floor", python),
        ]
        bench = stack.enter_context(Bench.opened(python, settings))
        results = bench.measure(contestants, arguments.scenarios)
    facts = {"base": arguments.base, "head": arguments.head or "the working tree", "rounds": settings.rounds}
    write_results(arguments.json, facts, results)
    print("\n".join(f"- {name}: {value}" for name, value in facts.items()) + "\n")
    print(as_markdown(results, [contestant.label for contestant in contestants], baseline="base"))
    return 0


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Give the folder of a worktree of that commit, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-worktree-") as name:
        folder = Path(name) / "tree"
        _git("worktree", "add", "--detach", "--quiet", str(folder), commit)
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> None:
    subprocess.run(["git", "-C", str(REPOSITORY), *arguments], check=True)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("base", help="a commit, branch or tag")
    parser.add_argument("head", nargs="?", help="another; default: the files as they lie here")
    add_common_arguments(parser, scenarios=DEFAULT_SCENARIOS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

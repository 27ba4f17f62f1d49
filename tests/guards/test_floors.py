"""A file imports its own floor and those below, and only drivers and what stands on them touch the world.

The floors are those of docs/architecture.md. Read from the syntax tree, so that imports inside functions count too;
imports under `if TYPE_CHECKING:` do not count, for nothing depends on them when the program runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "arke"
FLOORS = {
    "__about__": 0,
    "_values": 0,
    "_message": 1,
    "_wire": 1,
    "_policy": 2,
    "_drivers": 3,
    "_transports": 4,
    "_client": 5,
    "_api": 6,
    "_cli": 6,
    "__main__": 6,
    "testing": 6,
    "compat": 6,
    "__init__": 7,
}
STRANGERS = {"_message": "_wire", "_wire": "_message"}
# What waits, blocks, reads a clock or speaks to the system: floor 3 and above.
WORLD = {
    "_thread",
    "anyio",
    "asyncio",
    "concurrent",
    "queue",
    "select",
    "selectors",
    "sniffio",
    "socket",
    "ssl",
    "threading",
    "time",
    "trio",
}
WORLD_FLOOR = 3
# The exceptions, each with its reason.
EXCEPTIONS = {
    ("_message/files.py", "anyio"): "a file body is read in a worker thread, so that the loop goes on",
    ("_message/response.py", "time"): "`elapsed` is measured until the body is closed",
    ("_values/cookies.py", "time"): "cookies expire",
    ("_wire/tls.py", "ssl"): "the TLS engine is an SSLObject on memory buffers and touches no socket",
}

FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def floor_name(path: Path) -> str:
    """The floor that a file of the package stands on."""
    return path.parts[0].removesuffix(".py")


class Imports(ast.NodeVisitor):
    """The absolute names that a file imports when it runs, anywhere in it."""

    def __init__(self, package: tuple[str, ...]) -> None:
        self.package = package
        self.names: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        self.names |= {alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self.package[: len(self.package) - node.level + 1] if node.level else ()
        module = ".".join([*base, *([node.module] if node.module else [])])
        self.names |= {f"{module}.{alias.name}" for alias in node.names}

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) not in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            self.generic_visit(node)
        for statement in node.orelse:
            self.visit(statement)


def imports_of(path: Path) -> set[str]:
    """The absolute names that the file at `path`, relative to the package, imports."""
    visitor = Imports(("arke", *path.parts[:-1]))
    visitor.visit(ast.parse((PACKAGE / path).read_text(encoding="utf-8")))
    return visitor.names


def own_floors(path: Path) -> Iterator[tuple[str, str]]:
    """Each import of the package itself, with the floor it reaches."""
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "arke":
            yield name, parts[1] if len(parts) > 1 and parts[1] in FLOORS else "__init__"


def worlds(path: Path) -> set[str]:
    """The modules of the world that the file imports."""
    return {name.split(".")[0] for name in imports_of(path)} & WORLD


def test_every_file_stands_on_a_floor():
    assert {floor_name(path) for path in FILES} <= set(FLOORS)
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_its_own_floor_and_those_below(path):
    own = floor_name(path)
    above = [name for name, floor in own_floors(path) if FLOORS[floor] > FLOORS[own]]
    assert not above, f"{path} stands on floor {FLOORS[own]} and imports from above: {above}"
    strangers = [name for name, floor in own_floors(path) if floor == STRANGERS.get(own)]
    assert not strangers, f"{own} and {STRANGERS[own]} do not know each other; {path} imports {strangers}"


@pytest.mark.parametrize("path", [path for path in FILES if FLOORS[floor_name(path)] < WORLD_FLOOR], ids=str)
def test_below_the_drivers_nothing_touches_the_world(path):
    found = {name for name in worlds(path) if (path.as_posix(), name) not in EXCEPTIONS}
    assert not found, f"{path} imports {found}, which belongs to floor {WORLD_FLOOR} and above"


@pytest.mark.parametrize(("file", "name"), EXCEPTIONS)
def test_each_exception_is_still_needed(file, name):
    if Path(file) in FILES:
        assert name in worlds(Path(file)), f"{file} no longer imports {name}: strike it from EXCEPTIONS"


def test_a_hidden_import_is_found():
    visitor = Imports(("arke", "_wire"))
    visitor.visit(ast.parse("def f():\n    import ssl\n    from ..  import _drivers\n    from . import h1"))
    assert visitor.names == {"ssl", "arke._drivers", "arke._wire.h1"}
    visitor.visit(ast.parse("if TYPE_CHECKING:\n    import socket\nelse:\n    import time"))
    assert "socket" not in visitor.names
    assert "time" in visitor.names

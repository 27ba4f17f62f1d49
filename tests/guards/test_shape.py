"""The measures of the house: small files, small functions, modules named by one noun."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "arke"
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
MAX_FILE_LINES = 600
MEDIAN_FILE_LINES = 200
MAX_FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 10
NO_NOUNS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "base_utils"}


def count_lines(path: Path) -> int:
    """How many lines the file has."""
    return (PACKAGE / path).read_text(encoding="utf-8").count("\n")


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines the function has, from its `def` to its end, without its docstring."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def functions(path: Path) -> list[tuple[str, int]]:
    """Each function of the file, with its lines."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.name, function_lines(node)) for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_file_and_no_function_is_too_long(path):
    assert count_lines(path) <= MAX_FILE_LINES
    assert [name for name, lines in functions(path) if lines > MAX_FUNCTION_LINES] == []


def test_most_files_and_functions_are_short():
    files = statistics.median(count_lines(path) for path in FILES if path.name != "__init__.py")
    lengths = [lines for path in FILES for _, lines in functions(path)]
    assert files <= MEDIAN_FILE_LINES
    assert not lengths or statistics.median(lengths) <= MEDIAN_FUNCTION_LINES


def test_a_module_is_a_noun():
    assert not [path for path in FILES if set(path.with_suffix("").parts) & NO_NOUNS]

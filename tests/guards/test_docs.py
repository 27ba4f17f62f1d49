"""The code in README and docs is Python, and uses names that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import arke

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A row of architecture.md: a folder of the package, and its modules.
MODULES = re.compile(r"^\| `(\w+)/` \| (.*`.*) \|$", re.MULTILINE)
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), start=1)
]


@pytest.mark.parametrize("code", BLOCKS)
def test_an_example_compiles_and_names_what_exists(code):
    tree = ast.parse(code)
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "arke"
    }
    assert names <= set(arke.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_exists(page):
    names = re.findall(r"`([\w./-]+/|[\w./-]+\.(?:py|md|toml))`", page.read_text(encoding="utf-8"))
    places = (page.parent, ROOT, ROOT / "src" / "arke")
    assert [name for name in names if not any((place / name).exists() for place in places)] == []


def test_the_house_page_names_each_module():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = {row[0]: set(re.findall(r"`(\w+)`", row[1])) for row in MODULES.findall(page)}
    assert rows == {
        folder.name: {path.stem for path in folder.glob("*.py")} - {"__init__"}
        for folder in (ROOT / "src" / "arke").iterdir()
        if (folder / "__init__.py").exists()
    }


def test_readme_has_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "pip install . && python examples/quickstart.py" in readme
    assert "pip install nox && nox -s tests" in readme


def test_the_description_is_stated_alike():
    assert f'description = "{arke.__description__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")

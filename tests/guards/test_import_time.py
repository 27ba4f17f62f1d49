"""`import arke` stays cheap: what is heavy is imported by the function that needs it, when it needs it.

Milliseconds depend on the machine, so they are printed; what is asserted is what was imported.
"""

from __future__ import annotations

import re
import subprocess
import sys

HEAVY = {
    "anyio",
    "asyncio",
    "brotli",
    "certifi",
    "concurrent.futures",
    "dataclasses",
    "datetime",
    "email",
    "http.client",
    "http.cookiejar",
    "idna",
    "inspect",
    "json",
    "mimetypes",
    "selectors",
    "socket",
    "ssl",
    "tempfile",
    "trio",
    "urllib.request",
    "uvloop",
    "zlib",
    "zstandard",
}
# What the interpreter of this environment brings along by itself does not count.
NEW_MODULES = "import sys; before = set(sys.modules); import arke; print(*(set(sys.modules) - before))"
# import time: self [us] | cumulative | imported package
IMPORT_LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \| *(\S+)$", re.MULTILINE)
SHOWN = 5


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter of this environment."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


def test_importing_arke_imports_nothing_heavy():
    modules = set(run("-c", NEW_MODULES).stdout.split())
    assert "arke" in modules
    assert not modules & HEAVY


def test_the_import_time_is_printed(capsys):
    run("-c", "import arke")  # so that byte code is there
    lines = IMPORT_LINE.findall(run("-X", "importtime", "-c", "import arke").stderr)
    total = next(int(cumulative) for _, cumulative, name in lines if name == "arke")
    slowest = sorted(((int(own), name) for own, _, name in lines), reverse=True)[:SHOWN]
    shown = ", ".join(f"{name} {own / 1000:.1f}" for own, name in slowest)
    with capsys.disabled():
        print(f"\nimport arke: {total / 1000:.1f} ms; slowest of all modules by themselves: {shown}")
    assert total

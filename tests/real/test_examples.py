"""Every example runs, says what it did, and ends well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("[!_]*.py"))

SAID = {
    "quickstart.py": [
        "get: 200",
        "post: 201",
        "100 calls",
        "98890 bytes",
        "timeout: ",
        "404",
        "asyncio: 50 of 50",
        "trio: ",
    ],
    "streaming.py": ["7890 bytes of 7890", "538890 bytes", "lines: line 2"],
    "concurrency.py": ["sum 124750", "'Hello, world!', 2 others cancelled", "200 of 200"],
    "errors.py": ["404", "ReadTimeout", "timeout.total", "ConnectError", "UnsupportedProtocol", "InvalidURL"],
}


def test_every_example_is_known():
    assert sorted(SAID) == PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_runs(name):
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for words in SAID[name]:
        assert words in done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_is_short(name):
    assert len((EXAMPLES / name).read_text().splitlines()) < 60

"""Start a server program on loopback, wait until it accepts, end it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE = 20.0

_TESTS = Path(__file__).resolve().parents[1]


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def python_module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this package with the interpreter of the tests."""
    return [sys.executable, "-W", "ignore", "-m", name, *map(str, arguments)]


@contextlib.contextmanager
def server_process(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """Run `command` until the block ends; it must accept on `port` within `PATIENCE` seconds."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": str(_TESTS)},
        )
    try:
        _wait_until_accepting(process, port, log)
        yield
    finally:
        _end(process)


def _wait_until_accepting(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            break
    raise RuntimeError(f"{process.args!r} does not accept on port {port}: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)

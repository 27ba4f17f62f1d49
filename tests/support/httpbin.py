"""The real httpbin, served by hypercorn in a process of its own."""

from __future__ import annotations

import contextlib
import importlib.util
from typing import TYPE_CHECKING

import pytest

from support.hypercorn import Hypercorn, run_hypercorn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "httpbin.org"


@contextlib.contextmanager
def run_httpbin(directory: Path, *, names: tuple[str, ...] = (), tls: bool = False) -> Iterator[Hypercorn]:
    """Serve httpbin; skip the test where the package is absent."""
    if importlib.util.find_spec("httpbin") is None:
        pytest.skip("httpbin is not installed")
    with run_hypercorn("wsgi:support.applications:httpbin", directory, names=names, tls=tls) as server:
        yield server

"""Real servers, each a process of its own, once per session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.httpbin import run_httpbin
from support.hypercorn import Hypercorn, run_hypercorn
from support.nginx import Nginx, run_nginx
from support.plugin import no_proxies, pytest_pyfunc_call, world  # noqa: F401 - found by name


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """Serve by nginx with and without TLS."""
    with run_nginx(tmp_path_factory.mktemp("nginx")) as server:
        yield server


@pytest.fixture(scope="session")
def hypercorn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hypercorn]:
    """Serve by hypercorn the streaming application."""
    with run_hypercorn("asgi:support.applications:streaming", tmp_path_factory.mktemp("hypercorn")) as server:
        yield server


@pytest.fixture(scope="session")
def httpbin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hypercorn]:
    """Serve httpbin by hypercorn."""
    with run_httpbin(tmp_path_factory.mktemp("httpbin")) as server:
        yield server

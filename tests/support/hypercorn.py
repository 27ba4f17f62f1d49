"""The real hypercorn, as a process of its own, serving an application named `module:name`."""

from __future__ import annotations

import contextlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.certs import authority
from support.processes import free_port, python_module, server_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Hypercorn:
    """A running hypercorn."""

    url: str
    port: int


@contextlib.contextmanager
def run_hypercorn(
    application: str, directory: Path, *, names: tuple[str, ...] = (), tls: bool = False
) -> Iterator[Hypercorn]:
    """Serve `application` (`asgi:module:name` or `wsgi:module:name`); skip the test where hypercorn is absent."""
    if importlib.util.find_spec("hypercorn") is None:
        pytest.skip("hypercorn is not installed")
    port = free_port()
    configuration = directory / "hypercorn.toml"
    configuration.write_text(_configuration(port, directory, names, tls=tls))
    command = python_module("support.serve_hypercorn", configuration, application)
    with server_process(command, port, directory / "output.log"):
        host = names[0] if names else "localhost"
        yield Hypercorn(f"{'https' if tls else 'http'}://{host}:{port}", port)


def _configuration(port: int, directory: Path, names: tuple[str, ...], *, tls: bool) -> str:
    lines = [f'bind = ["127.0.0.1:{port}"]', "graceful_timeout = 0", 'loglevel = "warning"']
    if tls:
        files = authority().write(directory, *names)
        lines += [f'certfile = "{files.chain}"', f'keyfile = "{files.key}"']
    return "\n".join(lines) + "\n"

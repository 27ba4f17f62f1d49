"""One adapter per client: how each one does the operations that are measured, in its best documented way.

A module here is named after its client. It has `SyncAdapter` and `AsyncAdapter`, either of which may be
missing, and `IMPORT`, the module whose import is timed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.environments import MAIN, NIQUESTS

if TYPE_CHECKING:
    from types import ModuleType

CLIENTS = {
    "arke": MAIN.name,
    "floor": MAIN.name,
    "pyreqwest": MAIN.name,
    "pycurl": MAIN.name,
    "curl_cffi": MAIN.name,
    "aiohttp": MAIN.name,
    "httpx2": MAIN.name,
    "httpx": MAIN.name,
    "urllib3": MAIN.name,
    "requests": MAIN.name,
    "niquests": NIQUESTS.name,
}
"""Each client and the environment it runs in, in the order of the table."""


class UnsupportedError(Exception):
    """The client has no way to do this; the reason is the message."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an adapter must set up: `ca` is the file of the authority that signed the server's certificate."""

    ca: str
    bundle: str
    connections: int
    http2: bool = False
    world: str = "sync"


def adapter_module(client: str) -> ModuleType:
    """Return the module of a client's adapters.

    Raises:
        UnsupportedError: The client is not installed.
    """
    try:
        return import_module(f"benchmarks.clients.{client}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("benchmarks"):
            raise
        msg = f"{error.name} is not installed"
        raise UnsupportedError(msg) from error

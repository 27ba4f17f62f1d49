"""What an adapter owes: every operation answers with the status and a length, which the worker compares.

Whatever a client cannot do stays as it is here, and the table leaves the cell empty.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, NoReturn

from . import Options, UnsupportedError

if TYPE_CHECKING:
    from typing import ClassVar

GENEROUS_TIMEOUT = 60.0
"""For clients whose default of 5 seconds would trip while 1000 tasks wait for 100 connections."""


def trusting_context(ca: str) -> ssl.SSLContext:
    """Return a context that verifies against our authority alone."""
    return ssl.create_default_context(cafile=ca)


def _refuse(what: str) -> NoReturn:
    msg = f"has no {what}"
    raise UnsupportedError(msg)


class BaseSyncAdapter:
    """A client used from blocking code; one instance for a whole measurement, also for several threads."""

    worlds: ClassVar[tuple[str, ...]] = ("sync", "threads")

    def __init__(self, options: Options) -> None:
        """Build the client with the connection limit and the authority of the options."""
        self.options = options

    def close(self) -> None:
        """Close the client."""

    def get(self, url: str) -> tuple[int, int]:
        """GET, read the body; status and its length."""
        _refuse(f"GET of {url}")

    def get_json(self, url: str) -> tuple[int, int]:
        """GET, decode the JSON; status and the number of its items."""
        _refuse(f"JSON of {url}")

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        """POST a document as JSON, read the body; status and its length."""
        _refuse(f"POST to {url} of {len(document)} members")

    def download(self, url: str) -> tuple[int, int]:
        """GET a large body, read it as a whole."""
        return self.get(url)

    def download_streamed(self, url: str) -> tuple[int, int]:
        """GET a large body, piece by piece, keeping none of it."""
        _refuse(f"streamed GET of {url}")

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        """POST a large body that is in memory."""
        _refuse(f"upload to {url} of {len(body)} bytes")

    def one_off(self, url: str) -> tuple[int, int]:
        """GET by the module's function, without a client of one's own."""
        _refuse(f"one-off GET of {url}")

    @classmethod
    def construct(cls) -> object:
        """Build a client with the defaults, and return it unused."""
        _refuse("client to construct")


class BaseAsyncAdapter:
    """A client used from a task; made and closed inside the running loop."""

    worlds: ClassVar[tuple[str, ...]] = ("asyncio", "uvloop")

    def __init__(self, options: Options) -> None:
        """Build the client with the connection limit and the authority of the options."""
        self.options = options

    async def aclose(self) -> None:
        """Close the client."""

    async def http_version(self, url: str) -> str:
        """GET, and say in which version it was answered: 1.1 or 2."""
        _refuse(f"HTTP/2 for {url}")

    async def get(self, url: str) -> tuple[int, int]:
        """GET, read the body; status and its length."""
        _refuse(f"GET of {url}")

    async def get_json(self, url: str) -> tuple[int, int]:
        """GET, decode the JSON; status and the number of its items."""
        _refuse(f"JSON of {url}")

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        """POST a document as JSON, read the body; status and its length."""
        _refuse(f"POST to {url} of {len(document)} members")

    async def download(self, url: str) -> tuple[int, int]:
        """GET a large body, read it as a whole."""
        return await self.get(url)

    async def download_streamed(self, url: str) -> tuple[int, int]:
        """GET a large body, piece by piece, keeping none of it."""
        _refuse(f"streamed GET of {url}")

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        """POST a large body that is in memory."""
        _refuse(f"upload to {url} of {len(body)} bytes")

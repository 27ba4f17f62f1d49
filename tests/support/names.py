"""Map public host names to servers on loopback, for every way Python code resolves a name."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def map_names(monkeypatch: pytest.MonkeyPatch, ports: dict[str, int]) -> None:
    """Let each name, at port 443, resolve to 127.0.0.1 at its own port; no other public name resolves.

    `socket.getaddrinfo` is what blocking sockets, asyncio's executor and trio's threads all call; the port travels in
    the address it returns. uvloop resolves inside libuv and is not reached.
    """
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        name = host.decode("ascii") if isinstance(host, bytes) else host
        if name in ports and str(port) in {"443", "https"}:
            host, port = "127.0.0.1", ports[name]
        elif name not in {None, "localhost", "127.0.0.1", "::1"}:
            raise socket.gaierror(socket.EAI_NONAME, f"{name!r} is not known in this test")
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def forget_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what the environment says of proxies, so that it does not decide where a test connects."""
    for scheme in ("http", "https", "all", "no", "ws", "wss"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)

"""Dialing: in which order, and when, the addresses of a host are tried (RFC 8305, Happy Eyeballs).

The addresses of both families are interleaved, and an attempt that is not decided within `stagger` does not keep the
next from starting. The first that connects wins.
"""

from __future__ import annotations

from collections import deque
from os import PathLike
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arke._values.types import CertTypes

stagger = 0.25
"""Seconds between two attempts: the "Connection Attempt Delay" of RFC 8305 5."""

Address = tuple[int, Any]
"""A socket family and what `socket.connect` takes for it."""


class DialSettings:
    """What a transport was told about opening connections."""

    __slots__ = ("alpn", "cert", "local_address", "retries", "socket_options", "trust_env", "uds", "verify")

    def __init__(
        self,
        *,
        verify: Any = True,
        cert: CertTypes | None = None,
        trust_env: bool = True,
        alpn: tuple[str, ...] = ("http/1.1",),
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[Any] | None = None,
    ) -> None:
        """Check what cannot be meant, and keep them."""
        if not isinstance(verify, bool | str | PathLike):
            _check_context(verify, cert)
        self.verify: Any = verify
        self.cert = cert
        self.trust_env = trust_env
        self.alpn = alpn
        self.uds = uds
        self.local_address = local_address
        self.retries = retries
        self.socket_options = list(socket_options or ())


def _check_context(verify: Any, cert: CertTypes | None) -> None:
    if not hasattr(verify, "wrap_bio"):
        msg = f"verify must be a bool, the path of authorities or an ssl.SSLContext, not {type(verify).__name__}"
        raise TypeError(msg)
    if cert is not None:
        msg = "cert= does not go with a context of your own, which is never changed: load it with load_cert_chain()"
        raise TypeError(msg)


class Race:
    """The attempts to reach one host.

    The driver asks `next_address` for what to try now, tells `failed`, and waits at most `pause` for those in flight.
    """

    def __init__(self, addresses: list[Address]) -> None:
        """Put the addresses into the order in which they are tried."""
        self._left = deque(interleave(addresses))
        self._next_at = 0.0
        self._in_flight = 0
        self.errors: list[OSError] = []

    def next_address(self, now: float) -> Address | None:
        """Return an address to try now, or None when it is not yet, or no more, time for one."""
        if not self._left or (self._in_flight and now < self._next_at):
            return None
        self._next_at = now + stagger
        self._in_flight += 1
        return self._left.popleft()

    def failed(self, exc: OSError) -> None:
        """Count an attempt as lost; the next one need not wait."""
        self._in_flight -= 1
        self._next_at = 0.0
        self.errors.append(exc)

    def pause(self, now: float) -> float | None:
        """How long to wait for the attempts in flight before the next may start; None when there is none to start."""
        return max(self._next_at - now, 0.0) if self._left else None

    @property
    def is_lost(self) -> bool:
        """Whether nothing is left to try or to wait for."""
        return not self._left and not self._in_flight

    @property
    def error(self) -> OSError:
        """What the first attempt failed of, as the most telling."""
        return self.errors[0] if self.errors else OSError("the name has no address")


def interleave(addresses: list[Address]) -> list[Address]:
    """Alternate between the families, beginning with that of the first address (RFC 8305 4)."""
    if not addresses:
        return []
    first = [each for each in addresses if each[0] == addresses[0][0]]
    others = [each for each in addresses if each[0] != addresses[0][0]]
    mixed = []
    for position in range(max(len(first), len(others))):
        mixed += first[position : position + 1] + others[position : position + 1]
    return mixed

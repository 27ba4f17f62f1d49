"""The route: what two requests must have in common to share a connection.

A key that is too coarse is a security hole: a request would travel on a connection that was opened, and verified, for
another origin. So everything that decides where the bytes go, and whom TLS believes to be there, is in it. Settings
that are the same for a whole transport (its TLS context, its local address) are not: each has a pool of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from arke._values.errors import LocalProtocolError, UnsupportedProtocol

if TYPE_CHECKING:
    from arke._values.urlparse import UrlParts


class Route(NamedTuple):
    """Where to connect, and whom to expect there."""

    scheme: str
    host: str
    port: int
    server_name: str

    @property
    def is_tls(self) -> bool:
        """Whether the bytes go through TLS."""
        return self.scheme == "https"

    @property
    def name(self) -> str:
        """How the route is called in messages."""
        return f"'{self.host}':{self.port}"


def route_of(parts: UrlParts, extensions: dict[str, Any]) -> Route:
    """Return the route of a request.

    Raises `UnsupportedProtocol` for a scheme that is not http or https, and for a URL without a host.
    """
    if "sni_hostname" not in extensions:
        return _direct(parts.origin)
    server_name = extensions["sni_hostname"] or parts.origin[1]
    if isinstance(server_name, bytes):
        server_name = server_name.decode("ascii", "replace")
    if not isinstance(server_name, str):
        msg = f"the extension sni_hostname must be a str, not {type(server_name).__name__}"
        raise LocalProtocolError(msg)
    if not (server_name.isascii() and server_name.isprintable()) or " " in server_name:
        msg = f"the extension sni_hostname is no host name: {server_name[:60]!r}"
        raise LocalProtocolError(msg)
    return _direct(parts.origin)._replace(server_name=server_name)


@lru_cache(maxsize=1024)
def _direct(origin: tuple[str, str, int]) -> Route:
    scheme, host, port = origin
    if scheme not in {"http", "https"}:
        msg = f"no transport for '{scheme}://'; this one speaks http and https" if scheme else _NO_SCHEME
        raise UnsupportedProtocol(msg)
    if not host:
        msg = "the request's URL has no host"
        raise UnsupportedProtocol(msg)
    return Route(scheme, host, port, host)


_NO_SCHEME = "the request's URL begins with neither http:// nor https://"

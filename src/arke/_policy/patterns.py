"""URL patterns: for which URLs a mounted transport, or a proxy of the environment, is meant.

    all://                  everything; also `http://`, `https://`
    all://example.org       one host; also an address: `all://127.0.0.1`, `all://[::1]`
    all://*.example.org     the hosts below it, not itself
    all://*example.org      both
    all://10.0.0.0/8        the addresses of a network; also `all://[fe80::]/10`
    http://example.org:80   one port; also `all://*:8080`

Of several that match, the first in the order of `priority` holds: one with a port, then the longest host, then the
smallest network, then any host; and a scheme before all schemes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from arke._values.authority import decode_idna
from arke._values.errors import InvalidURL
from arke._values.refusals import redact, shorten
from arke._values.urlparse import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from arke._values.url import URL
    from arke._values.urlparse import UrlParts

_Transport = TypeVar("_Transport")

# Scheme, wildcard, and the rest; a userinfo means nothing here, and is not kept where it could be shown.
_split = re.compile(r"(\*?|[A-Za-z][A-Za-z0-9+.-]*):(?://(?:[^/?#]*@)?(\*\.?)?(.*))?", re.DOTALL).fullmatch
_is_prefix_length = re.compile("/[0-9]{1,3}", re.ASCII).fullmatch
_is_dotted_number = re.compile(r"[0-9]+(?:\.[0-9]+){3}", re.ASCII).fullmatch


class URLPattern:
    """Which URLs something is meant for.

    >>> pattern = URLPattern("https://*.example.org")
    >>> pattern.matches(arke.URL("https://www.example.org/path"))
    True

    `scheme` is "" for all, `host` "" for any, `port` None for any, `network` None where the host is no network.

    Raises:
        ValueError: it has no scheme.
        InvalidURL: its host, port or network is none.
    """

    scheme: str
    host: str
    port: int | None
    network: IPv4Network | IPv6Network | None

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        scheme, wildcard, rest = self._split(pattern)
        parts = parse(f"{scheme or 'all'}://{rest}")
        self.scheme = parts.scheme if scheme else ""
        self.host = f"{wildcard}{decode_idna(parts.host)}" if wildcard != "*" or parts.host else ""
        # Why not the parsed port: it is None where it is the scheme's own, and the pattern names that one.
        self.port = parse(f"all://{rest}").port if parts.port is None else parts.port
        self.network = None if wildcard else _network(parts, self.port)
        # As a URL's origin has it: in ASCII, an address in its one spelling.
        self._name = parts.origin[1]
        self._is_name_meant = wildcard != "*."
        self._suffix = f".{self._name}" if self.host and wildcard else None

    @staticmethod
    def _split(pattern: str) -> tuple[str, str, str]:
        """Return scheme ("" for all), wildcard ("", "*" or "*.") and the rest."""
        if not isinstance(pattern, str):
            msg = f"a URL pattern must be a str, not {type(pattern).__name__}"
            raise TypeError(msg)
        match = _split(pattern or "all://")
        if match is None:
            shown = shorten(redact(pattern))
            msg = f"the URL pattern {shown!r} is no URL; write 'all://' for all, 'all://example.org' for one host"
            raise ValueError(msg)
        scheme, wildcard, rest = match.groups(default="")
        return ("" if scheme.lower() in {"all", "*"} else scheme), wildcard, rest

    def matches(self, other: URL) -> bool:
        """Whether the URL is one that the pattern is meant for."""
        scheme, host, port = other._parts.origin
        if self.scheme and self.scheme != scheme:
            return False
        if self.port is not None and self.port != port:
            return False
        if host == self._name:
            return self._is_name_meant
        if self._suffix is not None:
            return host.endswith(self._suffix) and len(host) > len(self._suffix)
        if self.network is not None:
            return (address := _address(host)) is not None and address in self.network
        return not self.host

    @property
    def priority(self) -> tuple[int, int, int, int, int]:
        """The place among other patterns: the least is looked at first."""
        port = 0 if self.port is not None else 1
        if self.network is not None:
            return port, 1, self.network.num_addresses, 0, -len(self.scheme)
        return port, 0 if self.host else 2, 0, -len(self.host), -len(self.scheme)

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __lt__(self, other: URLPattern) -> bool:
        return self.priority < other.priority

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URLPattern) and self.pattern == other.pattern

    def __repr__(self) -> str:
        return f"{type(self).__name__}({redact(self.pattern)!r})"


def in_order(mounts: Mapping[str, _Transport]) -> dict[URLPattern, _Transport]:
    """Return the mounts by their patterns, in the order in which they are to be looked at."""
    found = {URLPattern(pattern): transport for pattern, transport in mounts.items()}
    return dict(sorted(found.items(), key=lambda mount: mount[0].priority))


def mounted(mounts: Mapping[URLPattern, _Transport | None], url: URL, default: _Transport) -> _Transport:
    """Return what is mounted for a URL; the default where nothing is, or None."""
    for pattern, transport in mounts.items():
        if pattern.matches(url):
            return default if transport is None else transport
    return default


def _network(parts: UrlParts, port: int | None) -> IPv4Network | IPv6Network | None:
    """Return the network that a pattern names: a path behind an address is the length of its prefix."""
    if parts.path in {"", "/"} or not (":" in parts.host or _is_dotted_number(parts.host)):
        return None
    from ipaddress import ip_network

    text = f"{parts.host}{parts.path}"
    has_more = port is not None or parts.query is not None or parts.fragment is not None
    try:
        if has_more or not _is_prefix_length(parts.path):
            raise ValueError
        return ip_network(text, strict=False)
    except ValueError:
        msg = f"a URL pattern's network is an address, '/' and the length of a prefix, no more; not {shorten(text)!r}"
        raise InvalidURL(msg) from None


@lru_cache(maxsize=1024)
def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host is, or None for a name."""
    if not (":" in host or _is_dotted_number(host)):
        return None
    from ipaddress import ip_address

    try:
        return ip_address(host)
    except ValueError:
        return None

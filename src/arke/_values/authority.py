"""The part of a URL that decides where a request goes: `userinfo@host:port` (RFC 3986, 3.2).

This is the only place where a host is read, so that what is checked, shown and connected to is one and the
same. What another reader could take for the end of the host (slashes of both kinds, `? # @ : [ ]`, a space)
is refused, not escaped.
"""

from __future__ import annotations

import re
from functools import lru_cache

from . import percent
from .refusals import Refusal

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}

_MAX_IDN_LENGTH = 254  # RFC 1035, 2.3.4, and the last dot
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"

_is_common_name = re.compile(r"[a-z0-9._-]*[a-z_-]").fullmatch
_is_dotted_number = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+").fullmatch
_is_ipv4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}").fullmatch
_match_ipv6 = re.compile(r"([0-9A-Fa-f:.]+)(?:%25([A-Za-z0-9._~-]+))?").fullmatch
_is_port = re.compile("0*+[0-9]{1,5}|0+").fullmatch
_find_forbidden = re.compile(r"[\x00-\x20\x7f#/:<>?@\[\\\]^|]").search


def split_authority(authority: str) -> tuple[str, str, str | None]:
    """Split into userinfo, host (in brackets where it has them) and the text of the port, all unchecked.

    The last `@` ends the userinfo: a host cannot hold one, and readers that stop at the first go elsewhere.
    """
    userinfo, _, rest = authority.rpartition("@")
    if rest.startswith("["):
        host, bracket, port = rest.partition("]")
        host += bracket
        if port and not port.startswith(":"):
            raise Refusal("host", "has something between its ']' and the port", rest)
        return userinfo, host, port[1:] or None
    host, _, port = rest.partition(":")
    return userinfo, host, port or None


def normal_port(port: str | None, scheme: str) -> int | None:
    """Read a port; None where it is the scheme's own, empty or absent (RFC 3986, 3.2.3)."""
    if not port:
        return None
    if not _is_port(port):
        # isdecimal() is true of digits that are not ASCII.
        wrong = "is not between 0 and 65535" if port.isascii() and port.isdecimal() else "is not a number"
        raise Refusal("port", wrong, port)
    number = int(port[-5:])
    if number > 65535:
        raise Refusal("port", "is not between 0 and 65535", port)
    return None if DEFAULT_PORTS.get(scheme) == number else number


def normal_host(host: str, scheme: str) -> str:
    """Check a host and give it as ASCII, in lower case, an IPv6 address without its brackets."""
    if host.startswith("["):
        return _ipv6(host)
    host = host.lower() if host.isascii() else _encode_idna(host)
    if not host or _is_common_name(host):
        return host
    if _is_dotted_number(host):
        if not _is_ipv4(host):
            raise Refusal("host", "is not an IPv4 address", host)
        return host
    return _odd_name(host, scheme)


def _odd_name(host: str, scheme: str) -> str:
    forbidden = _find_forbidden(host)
    if forbidden:
        raise Refusal("host", f"contains {forbidden[0]!r}", host)
    # An escape in a host is another way to write a name, which some decode and DNS does not. Other schemes
    # have hosts that are not names, such as the path of a socket.
    if "%" in host and scheme in DEFAULT_PORTS:
        raise Refusal("host", "contains '%'", host)
    return percent.HOST.encode(host)


def _ipv6(host: str) -> str:
    from ipaddress import AddressValueError, IPv6Address

    match = _match_ipv6(host[1:-1])
    try:
        if match is None or not host.endswith("]"):
            raise Refusal("host", "is not an IPv6 address", host)
        IPv6Address(match[1])
    except AddressValueError:
        raise Refusal("host", "is not an IPv6 address", host) from None
    return host[1:-1]


def _encode_idna(host: str) -> str:
    import idna

    if len(host) > _MAX_IDN_LENGTH:
        raise Refusal("host", "is too long for a domain name", host)
    try:
        return idna.encode(host.lower()).decode("ascii").lower()
    except UnicodeError:
        raise Refusal("host", "is not a valid internationalised domain name", host) from None


@lru_cache(maxsize=256)
def decode_idna(host: str) -> str:
    """Show a host as people write it; a label that is no valid A-label stays as it is."""
    return ".".join(_decode_label(label) if label.startswith("xn--") else label for label in host.split("."))


def _decode_label(label: str) -> str:
    import idna

    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label


def dialled_host(host: str) -> str:
    """Give a normal host as it is connected to: an address in its one spelling, a zone behind a bare `%`."""
    if ":" not in host:
        return host
    from ipaddress import IPv6Address

    address, _, zone = host.partition("%25")
    return str(IPv6Address(address)) + (f"%{zone}" if zone else "")


def bracketed(host: str) -> str:
    """Give a normal host as a URL writes it."""
    return f"[{host}]" if ":" in host else host

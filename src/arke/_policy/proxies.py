"""Which proxies the environment names, and for which URLs it wants none.

`HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name a proxy; `NO_PROXY` lists, with commas, who is reached without one:

    example.org         the host and those below it; also `*example.org`
    .example.org        those below it; also `*.example.org`
    localhost           this host alone, and so every address
    10.0.0.0/8          the addresses of a network; also `fe80::/10`
    example.org:8080    one port of it; also `10.0.0.1:8080`, `[::1]:8080`, `*:8080`
    http://example.org  a URL pattern (`arke._policy.patterns`)
    *                   everyone

The lower-case name of a variable comes before the upper-case one, also where it is empty.
"""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from arke._values.errors import InvalidURL

from .patterns import URLPattern

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https", "all")
_HAS_NAMES_WITHOUT_CASE = os.name == "nt"
_HAS_PLATFORM_SETTINGS = sys.platform in {"darwin", "win32"}

_match_ipv4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}(?=[:/]|\Z)").match
_find_odd = re.compile(r"[/?#@\\\s]").search


def environment_proxies(environ: Mapping[str, str] | None = None) -> dict[str, str | None]:
    """Return a proxy's URL by the pattern of URLs that it is for; None where there shall be none.

    >>> environment_proxies({"ALL_PROXY": "localhost:3128", "NO_PROXY": "example.org, 10.0.0.0/8"})
    {'all://': 'http://localhost:3128', 'all://*example.org': None, 'all://10.0.0.0/8': None}

    From `os.environ` unless given, and where that says nothing, from the settings of macOS or Windows. What is not
    understood in `NO_PROXY` is ignored; the proxies' URLs are not checked.
    """
    settings = _settings(os.environ if environ is None else environ)
    if not settings and environ is None and _HAS_PLATFORM_SETTINGS:
        # Why not always: it imports an HTTP client and more, and elsewhere it knows no more than the environment.
        from urllib.request import getproxies

        settings = getproxies()
    exceptions = _exceptions(settings.get("no", ""))
    if exceptions is None:
        return {}
    proxies: dict[str, str | None] = {
        f"{scheme}://": _with_scheme(settings[scheme]) for scheme in _SCHEMES if settings.get(scheme)
    }
    proxies.update(dict.fromkeys(exceptions))
    return proxies


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set, by what comes before `_PROXY`."""
    found: dict[str, str] = {}
    for name in (*_SCHEMES, "no"):
        value = environ.get(f"{name}_proxy")
        if name == "http" and "REQUEST_METHOD" in environ:
            # CVE-2016-5385: to a CGI program, HTTP_PROXY is the request's field `Proxy`.
            value = None if _HAS_NAMES_WITHOUT_CASE else value
        elif value is None:
            value = environ.get(f"{name.upper()}_PROXY")
        if value := (value or "").strip():
            found[name] = value
    return found


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy.removeprefix('//')}"


# Cached, for it is the same text whenever a client is made.
@lru_cache(maxsize=16)
def _exceptions(no_proxy: str) -> tuple[str, ...] | None:
    """Return the patterns of a list of exceptions, or None where everyone is excepted."""
    entries = [entry.strip() for entry in no_proxy.split(",")]
    if "*" in entries:
        return None
    return tuple(pattern for entry in entries if (pattern := _pattern(entry)) is not None)


def _pattern(entry: str) -> str | None:
    """Return the pattern of one exception, or None where it is not understood."""
    if "://" in entry:
        pattern = "" if entry.startswith(":") else entry
    else:
        host = _authority(entry)
        pattern = f"all://{host}" if host else ""
    try:
        URLPattern(pattern)
    except (InvalidURL, ValueError):
        return None
    return pattern or None


def _authority(entry: str) -> str:
    """Return how a pattern writes the host of an exception; "" where it is none."""
    if entry.startswith("[") or entry.count(":") > 1:
        return _ipv6(entry)
    if _match_ipv4(entry):
        return entry
    if _find_odd(entry):
        return ""
    if entry.startswith("*") or not entry or entry.lower() == "localhost":
        return entry
    return f"*{entry}"


def _ipv6(entry: str) -> str:
    """Put the address in brackets, and escape the `%` before its zone (RFC 6874)."""
    escaped = entry.replace("%25", "%").replace("%", "%25")
    if escaped.startswith("["):
        return escaped
    address, slash, length = escaped.partition("/")
    return f"[{address}]{slash}{length}"

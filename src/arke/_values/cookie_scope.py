"""Where a cookie belongs: domain-match, path-match and default path (RFC 6265 section 5.1), on plain strings.

Hosts are ASCII in lower case, IPv6 addresses without brackets, paths percent-encoded: as `UrlParts` has them.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["default_path", "domain_matches", "domains_of", "is_address", "path_matches", "resolve_domain"]

_MAX_NAME_LENGTH = 255  # of a DNS name; a longer host has no parents, which keeps `domains_of` small


def is_address(host: str) -> bool:
    """Return whether `host` is an IP address rather than a name."""
    # As the URL standard has it: a host whose last label is a number is an IPv4 address or nothing.
    return ":" in host or host.rstrip(".").rpartition(".")[2].isdecimal()


def domain_matches(host: str, domain: str) -> bool:
    """Return whether `host` is `domain` or lies below it."""
    return host == domain or (bool(domain) and host.endswith("." + domain) and not is_address(host))


def resolve_domain(attribute: str | None, host: str) -> tuple[str, bool] | None:
    """Return the domain of a cookie that `host` sets, and whether hosts below it get the cookie too.

    None if `host` may not set it. Top-level domains are refused; longer public suffixes (co.uk) are unknown.
    """
    if not attribute:
        return host, False
    is_suffix = "." not in attribute.strip(".")
    if attribute == host:
        # Of a public suffix: "If the domain-attribute is identical to the canonicalized request-host: let the
        # domain-attribute be the empty string."
        return host, not is_suffix and not is_address(host)
    if is_suffix or not domain_matches(host, attribute):
        return None
    return attribute, True


@lru_cache(512)
def domains_of(host: str) -> tuple[tuple[str, bool], ...]:
    """Return the domains under which a jar may keep cookies for `host`, the least specific first.

    Beside each stands whether every cookie kept there is meant: under a parent without a dot, only those that
    were set for a domain. `""` are the cookies for every host.
    """
    domains = [("", True)]
    if len(host) <= _MAX_NAME_LENGTH and not is_address(host):
        labels = host.split(".")
        parents = [".".join(labels[start:]) for start in range(len(labels) - 1, 0, -1)]
        for parent in parents:
            domains += [("." + parent, True), (parent, False)]
    return (*domains, ("." + host, True), (host, True))


def default_path(path: str) -> str:
    """Return the path of a cookie that names none: that of the request up to its last slash."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def path_matches(path: str, cookie_path: str) -> bool:
    """Return whether the request path `path` is `cookie_path` or lies below it."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"

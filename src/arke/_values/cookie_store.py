"""The cookie storage model (RFC 6265 sections 5.3 and 5.4) on an `http.cookiejar.CookieJar`.

The jar is a container here: domain -> path -> name -> Cookie, in the order of creation. Which cookies go in
and come out is decided by the rules of this module rather than by those of http.cookiejar, which knows no
host-only cookies, lets plain http overwrite Secure ones, and parses with slow regular expressions.

What http.cookiejar and its files agree on is kept: a cookie for a host and those below it has a domain that
begins with a dot, one for a host alone has none, and `domain_specified` is false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from .cookie_scope import default_path, domain_matches, domains_of, path_matches, resolve_domain
from .set_cookie import SetCookie, parse_set_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.cookiejar import Cookie, CookieJar

    from .cookie_adapter import JarPolicy

__all__ = ["Exchange", "is_expired", "make_cookie", "select_cookies", "store_cookie"]

_MAX_PER_DOMAIN = 180
_LATEST = 253402300799  # the end of the year 9999, beyond which datetime does not go


class Exchange(NamedTuple):
    """What a cookie is held against: the target of a request, the time, and who else is to be asked."""

    host: str
    path: str
    is_secure: bool
    now: float
    policy: JarPolicy | None = None  # that of a jar the user passed

    @property
    def jar_host(self) -> str:
        """The host as the jar's owner knows it: http.cookiejar calls "localhost" "localhost.local"."""
        if self.policy is None:
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if "." in host else host + ".local"


def store_cookie(jar: CookieJar, line: str, exchange: Exchange) -> Cookie | None:
    """Store the cookie of one Set-Cookie line and return it; None if it was refused or has expired."""
    cookie = _acceptable_cookie(line, exchange)
    if cookie is None or (not exchange.is_secure and _shadows_secure(_stored(jar), cookie)):
        return None
    if is_expired(cookie, exchange.now):
        if cookie.name in _stored(jar).get(cookie.domain, {}).get(cookie.path, {}):
            jar.clear(cookie.domain, cookie.path, cookie.name)
        return None
    if exchange.policy is not None and not exchange.policy.may_set(cookie):
        return None
    if not _make_room(jar, cookie, exchange.now):
        return None
    jar.set_cookie(cookie)
    return cookie


def _acceptable_cookie(line: str, exchange: Exchange) -> Cookie | None:
    """Return the cookie that `line` asks for, or None if this origin may not set it."""
    parsed = parse_set_cookie(line)
    if parsed is None or not exchange.host or not _may_set(parsed, exchange):
        return None
    scope = resolve_domain(parsed.domain, exchange.host)
    return None if scope is None else _to_cookie(parsed, scope, exchange)


def select_cookies(jar: CookieJar, exchange: Exchange) -> list[Cookie]:
    """Return the cookies to send: longer paths first, then less specific domains, then older cookies.

    Those found to be expired are removed.
    """
    stored = _stored(jar)
    selected: list[Cookie] = []
    expired: list[Cookie] = []
    for cookie in _candidates(stored, exchange):
        if is_expired(cookie, exchange.now):
            expired.append(cookie)
        elif exchange.policy is None or exchange.policy.may_send(cookie):
            selected.append(cookie)
    for cookie in expired:
        jar.clear(cookie.domain, cookie.path, cookie.name)
    selected.sort(key=_path_length, reverse=True)
    return selected


def make_cookie(
    name: str,
    value: str,
    *,
    domain: str,
    path: str,
    is_domain_given: bool,
    is_path_given: bool,
    secure: bool = False,
    expires: int | None = None,
    rest: dict[str, str | None] | None = None,
) -> Cookie:
    """Return a cookie as http.cookiejar keeps it."""
    from http.cookiejar import Cookie

    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=is_domain_given,
        domain_initial_dot=domain.startswith("."),
        path=path,
        path_specified=is_path_given,
        secure=secure,
        expires=expires,
        discard=expires is None,
        comment=None,
        comment_url=None,
        # A flag has the value None, which the stubs do not know.
        rest=cast("dict[str, str]", {"HttpOnly": None} if rest is None else rest),
        rfc2109=False,
    )


def is_expired(cookie: Cookie, now: float) -> bool:
    """Return whether `cookie` has come to its end."""
    return cookie.expires is not None and cookie.expires <= now


def _stored(jar: CookieJar) -> dict[str, dict[str, dict[str, Cookie]]]:
    # Why not iterate: that walks every cookie of every domain. The structure is as old as the module.
    return jar._cookies  # type: ignore[attr-defined,no-any-return]  # not in typeshed


def _path_length(cookie: Cookie) -> int:
    return len(cookie.path)


def _candidates(stored: dict[str, dict[str, dict[str, Cookie]]], exchange: Exchange) -> Iterator[Cookie]:
    """Yield the cookies that domain, path and Secure allow to be sent."""
    domains = domains_of(exchange.host)
    if exchange.policy is not None and exchange.jar_host != exchange.host:
        domains += (("." + exchange.jar_host, True), (exchange.jar_host, True))
    for domain, is_whole in domains:
        for path, cookies in stored[domain].items() if domain in stored else ():
            if not path_matches(exchange.path, path):
                continue
            for cookie in cookies.values():
                if (is_whole or cookie.domain_specified) and (exchange.is_secure or not cookie.secure):
                    yield cookie


def _may_set(parsed: SetCookie, exchange: Exchange) -> bool:
    """Return whether Secure and the prefixes of names (RFC 6265bis) let the origin set this cookie."""
    if parsed.secure and not exchange.is_secure:
        return False
    name = parsed.name.lower()
    if name.startswith("__secure-"):
        return parsed.secure
    if name.startswith("__host-"):
        return parsed.secure and parsed.domain is None and parsed.path == "/"
    return True


def _to_cookie(parsed: SetCookie, scope: tuple[str, bool], exchange: Exchange) -> Cookie:
    domain, is_for_subdomains = scope
    expires = parsed.expires_at(exchange.now)
    return make_cookie(
        parsed.name,
        parsed.value,
        domain="." + domain if is_for_subdomains else exchange.jar_host,
        path=parsed.path or default_path(exchange.path),
        is_domain_given=is_for_subdomains,
        is_path_given=parsed.path is not None,
        secure=parsed.secure,
        expires=None if expires is None else min(max(expires, 0), _LATEST),
        rest=parsed.rest,
    )


def _shadows_secure(stored: dict[str, dict[str, dict[str, Cookie]]], cookie: Cookie) -> bool:
    """Return whether `cookie`, which came without TLS, would replace or hide a Secure one."""
    domain = cookie.domain.lstrip(".")
    for other, paths in stored.items():
        bare = other.lstrip(".")
        if not (domain_matches(domain, bare) or domain_matches(bare, domain)):
            continue
        for path, cookies in paths.items():
            existing = cookies.get(cookie.name)
            if existing is not None and existing.secure and path_matches(cookie.path, path):
                return True
    return False


def _make_room(jar: CookieJar, cookie: Cookie, now: float) -> bool:
    """Keep the number of cookies of one domain bounded; return whether `cookie` may be added."""
    paths = _stored(jar).get(cookie.domain, {})
    if sum(map(len, paths.values())) < _MAX_PER_DOMAIN or cookie.name in paths.get(cookie.path, {}):
        return True
    present = [other for cookies in paths.values() for other in cookies.values()]
    victim = min(present, key=lambda other: (not is_expired(other, now), other.secure))
    if victim.secure and not cookie.secure and not is_expired(victim, now):
        return False
    jar.clear(victim.domain, victim.path, victim.name)
    return True

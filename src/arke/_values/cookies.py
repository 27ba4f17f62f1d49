"""`Cookies`: the cookies of a client or a response, as a dictionary over an `http.cookiejar.CookieJar`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from .cookie_adapter import JarPolicy, ask_for_header, hand_response, has_own_ways, is_ours, mark_as_ours
from .cookie_pair import check_cookie, cookie_header
from .cookie_store import Exchange, make_cookie, select_cookies, store_cookie
from .errors import CookieConflict

if TYPE_CHECKING:
    from http.cookiejar import Cookie, CookieJar

    from arke._message.request import Request
    from arke._message.response import Response

    from .types import CookieTypes

__all__ = ["Cookies"]

_NEVER = float("inf")


class Cookies(MutableMapping[str, str]):
    """HTTP cookies, by name; `jar` has them with domain, path and expiry.

    A `CookieJar` that is passed in is used itself, and its policy is asked beside the rules of RFC 6265.

    ```python
    cookies = Cookies({"theme": "dark"})
    cookies.set("session", "abc", domain="example.com")
    assert cookies["session"] == "abc"
    ```
    """

    # Class attributes: a `Cookies()` that stays empty has no jar, and never imports http.cookiejar.
    _jar: CookieJar | None = None
    _next_expiry: float = _NEVER  # when the earliest of our cookies expires; written with the jar's lock held

    def __init__(self, cookies: CookieTypes | None = None) -> None:
        """Hold the given cookies; those without a domain are sent to every host."""
        if cookies is None:
            return
        if isinstance(cookies, Cookies):
            self.update(cookies)
        elif hasattr(cookies, "set_cookie"):  # asked before Mapping: some jars are both
            self.jar = cast("CookieJar", cookies)
        else:
            for name, value in _pairs(cookies):
                self.set(name, value)

    @property
    def jar(self) -> CookieJar:
        """The jar that holds the cookies."""
        jar = self._jar
        if jar is None:
            from http.cookiejar import CookieJar

            # Two threads may come here at once, and `setdefault` gives both the same jar.
            jar = self.__dict__.setdefault("_jar", mark_as_ours(CookieJar()))
        return jar

    @jar.setter
    def jar(self, jar: CookieJar) -> None:
        self._jar = jar
        self._next_expiry = 0.0  # not known

    def extract_cookies(self, response: Response) -> None:
        """Store the cookies that `response` sets, except what its server may not set or got wrong."""
        if b"set-cookie" not in response.headers._fields.index:
            return
        jar = self.jar
        if has_own_ways(jar):
            hand_response(jar, response)
            return
        exchange = _exchange(jar, response.request)
        with jar._cookies_lock:  # type: ignore[attr-defined]  # not in typeshed
            for name, raw in response.headers._fields.items:
                if name.lower() == b"set-cookie":
                    cookie = store_cookie(jar, _to_text(raw), exchange)
                    if cookie is not None and cookie.expires is not None:
                        self._next_expiry = min(self._next_expiry, cookie.expires)

    def set_cookie_header(self, request: Request) -> None:
        """Give `request` the Cookie header that its URL calls for, unless it has one.

        Raises `LocalProtocolError` if a cookie that was put into the jar cannot be sent.
        """
        jar = self._jar
        fields = request.headers._fields
        if jar is None or b"cookie" in fields.index:
            return
        value: bytes | None
        if has_own_ways(jar):
            value = ask_for_header(jar, request)
        else:
            exchange = _exchange(jar, request)
            with jar._cookies_lock:  # type: ignore[attr-defined]  # not in typeshed
                self._sweep(jar, exchange.now)
                value = cookie_header(select_cookies(jar, exchange))
        if value:
            request.headers._append(b"Cookie", value)

    def set(self, name: str, value: str, domain: str = "", path: str = "/") -> None:
        """Set a cookie that is sent to `domain` and the hosts below it, or to every host.

        Raises `LocalProtocolError` if no header can carry it.
        """
        check_cookie(name, value)
        cookie = make_cookie(
            name, value, domain=domain, path=path, is_domain_given=bool(domain), is_path_given=bool(path)
        )
        self.jar.set_cookie(cookie)

    def get(  # type: ignore[override]  # domain and path are httpx's
        self, name: str, default: str | None = None, domain: str | None = None, path: str | None = None
    ) -> str | None:
        """Return the value of a cookie, or `default`; raise `CookieConflict` if several have this name."""
        values = [cookie.value for cookie in self._find(name, domain, path) if cookie.value is not None]
        if len(values) > 1:
            message = f"several cookies are named {name!r}: say which by domain and path"
            raise CookieConflict(message)
        return values[0] if values else default

    def delete(self, name: str, domain: str | None = None, path: str | None = None) -> None:
        """Delete the cookies of this name; `KeyError` if there is none and both domain and path are given."""
        found = self._find(name, domain, path)
        if not found and domain is not None and path is not None:
            raise KeyError(name)
        for cookie in found:
            self.jar.clear(cookie.domain, cookie.path, cookie.name)

    def clear(self, domain: str | None = None, path: str | None = None) -> None:
        """Delete all cookies, or those of a domain, or those of one path of it."""
        if domain is None:
            if path is not None:
                message = "clear() needs the domain whose path is meant"
                raise TypeError(message)
            if self._jar is not None:
                self._jar.clear()
        elif path is None:
            self.jar.clear(domain)
        else:
            self.jar.clear(domain, path)

    def update(self, cookies: CookieTypes | None = None) -> None:  # type: ignore[override]  # httpx's signature
        """Add cookies, in the place of those with the same name, domain and path."""
        if cookies is None:
            return
        other = cookies if isinstance(cookies, Cookies) else Cookies(cookies)
        for cookie in other._all():
            self.jar.set_cookie(cookie)
        self._next_expiry = min(self._next_expiry, other._next_expiry)

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __len__(self) -> int:
        return 0 if self._jar is None else len(self._jar)

    def __iter__(self) -> Iterator[str]:
        return (cookie.name for cookie in self._all())

    def __bool__(self) -> bool:
        return self._jar is not None and any(True for _ in self._jar)

    def __repr__(self) -> str:
        cookies = ", ".join([f"<Cookie {cookie.name}={cookie.value} for {cookie.domain} />" for cookie in self._all()])
        return f"<Cookies[{cookies}]>"

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if self._jar is not None and is_ours(self._jar):
            del state["_jar"]  # it has a lock
            state["_cookies"] = self._all()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        cookies: list[Cookie] = state.pop("_cookies", [])
        self.__dict__.update(state)
        for cookie in cookies:
            self.jar.set_cookie(cookie)

    def _all(self) -> list[Cookie]:
        return [] if self._jar is None else list(self._jar)

    def _find(self, name: str, domain: str | None, path: str | None) -> list[Cookie]:
        return [
            cookie
            for cookie in self._all()
            if cookie.name == name and _is_in(cookie, domain) and path in (None, cookie.path)
        ]

    def _sweep(self, jar: CookieJar, now: float) -> None:
        """Remove what has expired, for whatever host, once something has."""
        if now < self._next_expiry:
            return
        jar.clear_expired_cookies()
        self._next_expiry = min((cookie.expires for cookie in jar if cookie.expires is not None), default=_NEVER)


def _exchange(jar: CookieJar, request: Request) -> Exchange:
    from time import time

    parts = request.url._parts
    scheme, host, _ = parts.origin
    now = time()
    policy = None if is_ours(jar) or not host else JarPolicy(jar, request, now)
    return Exchange(host, parts.path or "/", scheme in ("https", "wss"), now, policy)


def _is_in(cookie: Cookie, domain: str | None) -> bool:
    # http.cookiejar keeps the cookies of "localhost" under "localhost.local", and callers know them there.
    return domain in (None, cookie.domain) or ("." not in cookie.domain and domain == cookie.domain + ".local")


def _pairs(cookies: Any) -> Iterator[tuple[str, str]]:
    if isinstance(cookies, str):
        message = "cookies must be a mapping, pairs or a cookie jar, not str"
        raise TypeError(message)
    pairs: Any = cast("Mapping[str, str]", cookies).items() if isinstance(cookies, Mapping) else cookies
    return iter(pairs)


def _to_text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("iso-8859-1")

"""Requests and responses as `http.cookiejar` wants to see them, for jars and policies that users bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import email.message
    import urllib.request
    from http.cookiejar import Cookie, CookieJar, CookiePolicy

    from arke._message.request import Request
    from arke._message.response import Response

__all__ = [
    "JarPolicy",
    "ask_for_header",
    "hand_response",
    "has_own_ways",
    "is_ours",
    "mark_as_ours",
    "to_urllib_request",
]

_METHODS = ("extract_cookies", "make_cookies", "add_cookie_header", "_cookies_for_request")


class JarPolicy:
    """The policy of a user's jar, asked about one exchange."""

    def __init__(self, jar: CookieJar, request: Request, now: float) -> None:
        """Prepare `jar` for questions, as it does itself before it asks its policy."""
        fields = vars(jar)
        self._policy: CookiePolicy = fields["_policy"]
        vars(self._policy)["_now"] = fields["_now"] = int(now)
        self._request = to_urllib_request(request)

    def may_set(self, cookie: Cookie) -> bool:
        """Return whether the policy accepts `cookie`."""
        return self._policy.set_ok(cookie, self._request)

    def may_send(self, cookie: Cookie) -> bool:
        """Return whether the policy lets `cookie` be sent."""
        policy, request = self._policy, self._request
        return (
            policy.domain_return_ok(cookie.domain, request)
            and policy.path_return_ok(cookie.path, request)
            and policy.return_ok(cookie, request)
        )


def mark_as_ours(jar: CookieJar) -> CookieJar:
    """Note that `jar` is new and has no policy but the default one, and return it."""
    fields = vars(jar)
    fields["_own_policy"] = fields["_policy"]
    return jar


def is_ours(jar: CookieJar) -> bool:
    """Return whether `jar` was made here and has its first policy still, which need not be asked."""
    own_policy = getattr(jar, "_own_policy", None)
    return own_policy is not None and own_policy is getattr(jar, "_policy", None)


def has_own_ways(jar: CookieJar) -> bool:
    """Return whether `jar` overrides how a `CookieJar` reads responses or chooses cookies."""
    if is_ours(jar):
        return False
    from http.cookiejar import CookieJar

    return any(getattr(getattr(jar, name, None), "__func__", None) is not getattr(CookieJar, name) for name in _METHODS)


def hand_response(jar: CookieJar, response: Response) -> None:
    """Let `jar` take the cookies of `response` in its own way."""
    if response.request.url._parts.host:
        jar.extract_cookies(cast("Any", _UrllibResponse(response)), to_urllib_request(response.request))


def ask_for_header(jar: CookieJar, request: Request) -> bytes | None:
    """Return the Cookie header that `jar` wants `request` to have, if any."""
    if not request.url._parts.host:
        return None  # http.cookiejar knows absolute URLs only
    urllib_request = to_urllib_request(request)
    jar.add_cookie_header(urllib_request)
    value = urllib_request.get_header("Cookie")
    return None if value is None else value.encode()


def to_urllib_request(request: Request) -> urllib.request.Request:
    """Return `request` in the shape that the methods of a `CookiePolicy` take."""
    import urllib.request

    return urllib.request.Request(  # noqa: S310 - never opened
        str(request.url), headers=dict(request.headers), method=request.method
    )


class _UrllibResponse:
    def __init__(self, response: Response) -> None:
        self._response = response

    def info(self) -> email.message.Message:
        from email.message import Message

        message = Message()
        for name, value in self._response.headers.multi_items():
            message[name] = value  # adds, does not replace
        return message

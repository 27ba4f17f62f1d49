"""What both doors share: everything that does not wait.

The hot path is `build_request` without anything special. Its header fields, `Host` and the client's defaults, are the
same for each request to an origin, so they are kept per origin as one immutable `Fields`, shared by all of these.
"""

from __future__ import annotations

import logging
from enum import Enum
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from arke.__about__ import __version__
from arke._message.content import ByteStream, encode_request
from arke._message.decoders import accept_encoding
from arke._message.framing import add_missing_fields, boundary_of
from arke._message.request import COMMON_METHODS, Request, checked_method
from arke._policy import redirects
from arke._policy.auth import Auth, BasicAuth, build_auth
from arke._policy.call import longest_seconds
from arke._policy.flow import Redirects
from arke._values.config import DEFAULT_MAX_REDIRECTS, DEFAULT_TIMEOUT_CONFIG, Timeout
from arke._values.cookies import Cookies
from arke._values.headers import Fields, Headers
from arke._values.query import QueryParams
from arke._values.url import URL
from arke._values.urlparse import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from arke._message.response import Response
    from arke._values.types import (
        AsyncByteStream,
        AuthTypes,
        CookieTypes,
        HeaderTypes,
        QueryParamTypes,
        RequestContent,
        RequestData,
        RequestExtensions,
        RequestFiles,
        SyncByteStream,
        TimeoutTypes,
    )

_Transport = TypeVar("_Transport")

logger = logging.getLogger("arke")

USER_AGENT: Final = f"python-arke/{__version__}"

_EMPTY_BODY: Final = ByteStream(b"")
_WITH_CONTENT: Final = frozenset({"POST", "PUT", "PATCH", "QUERY"})
_NO_CONTENT_LENGTH: Final = [(b"Content-Length", b"0")]
_MAX_TEMPLATES: Final = 256


class UseClientDefault:
    """The type of `USE_CLIENT_DEFAULT`, which tells "not given" from None."""

    def __repr__(self) -> str:
        """Name it as it is written."""
        return "USE_CLIENT_DEFAULT"


USE_CLIENT_DEFAULT: Final = UseClientDefault()
"""What `auth`, `timeout` and `follow_redirects` of a call are when they are not given: the client's."""


class ClientState(Enum):
    """A client is opened once and closed once."""

    UNOPENED = 1
    OPENED = 2
    CLOSED = 3


class BaseClient:
    """Settings, their merging into requests, and the rules of a call."""

    def __init__(
        self,
        *,
        auth: AuthTypes | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        timeout: TimeoutTypes = DEFAULT_TIMEOUT_CONFIG,
        follow_redirects: bool = False,
        max_redirects: int = DEFAULT_MAX_REDIRECTS,
        event_hooks: Mapping[str, list[Callable[..., Any]]] | None = None,
        base_url: URL | str = "",
        trust_env: bool = True,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
    ) -> None:
        """Keep the settings."""
        self._base_url = self._with_slash(URL(base_url))
        self._auth = build_auth(auth)
        self._params = QueryParams(params)
        self.headers = Headers(headers)
        self._cookies = Cookies(cookies)
        self._timeout = Timeout(timeout)
        self.follow_redirects = follow_redirects
        self.max_redirects = max_redirects
        self.event_hooks = event_hooks or {}
        self._trust_env = trust_env
        self._default_encoding = default_encoding
        self._state = ClientState.UNOPENED

    @property
    def is_closed(self) -> bool:
        """Whether the client has been closed."""
        return self._state is ClientState.CLOSED

    @property
    def trust_env(self) -> bool:
        """Whether settings are taken from the environment."""
        return self._trust_env

    @property
    def timeout(self) -> Timeout:
        """The limits in seconds of calls that set none."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: TimeoutTypes) -> None:
        self._timeout = Timeout(timeout)

    @property
    def event_hooks(self) -> dict[str, list[Callable[..., Any]]]:
        """Functions called with each request before it is sent, and each response before it is read."""
        return self._event_hooks

    @event_hooks.setter
    def event_hooks(self, event_hooks: Mapping[str, list[Callable[..., Any]]]) -> None:
        self._event_hooks = {
            "request": list(event_hooks.get("request", [])),
            "response": list(event_hooks.get("response", [])),
        }

    @property
    def _has_hooks(self) -> bool:
        hooks = self._event_hooks
        return bool(hooks["request"] or hooks["response"])

    @property
    def auth(self) -> Auth | None:
        """The authentication of calls that set none."""
        return self._auth

    @auth.setter
    def auth(self, auth: AuthTypes | None) -> None:
        self._auth = build_auth(auth)

    @property
    def base_url(self) -> URL:
        """What relative URLs are relative to."""
        return self._base_url

    @base_url.setter
    def base_url(self, url: URL | str) -> None:
        self._base_url = self._with_slash(URL(url))

    @property
    def headers(self) -> Headers:
        """The headers of every request."""
        return self._headers

    @headers.setter
    def headers(self, headers: HeaderTypes) -> None:
        merged = Headers(
            {
                "Accept": "*/*",
                "Accept-Encoding": accept_encoding(),
                "Connection": "keep-alive",
                "User-Agent": USER_AGENT,
            }
        )
        merged.update(headers)
        self._headers = merged
        # The client's fields, and by Host field what a request without headers of its own sends. In one attribute: a
        # thread that builds a request while another changes the headers must not put old fields among the new.
        self._templates: tuple[Fields, dict[bytes, Fields]] = (merged._fields, {})

    @property
    def cookies(self) -> Cookies:
        """The cookies of every request: those given, and those that servers set."""
        return self._cookies

    @cookies.setter
    def cookies(self, cookies: CookieTypes) -> None:
        self._cookies = Cookies(cookies)

    @property
    def params(self) -> QueryParams:
        """The query parameters of every request."""
        return self._params

    @params.setter
    def params(self, params: QueryParamTypes) -> None:
        self._params = QueryParams(params)

    def build_request(
        self,
        method: str,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Request:
        """Return the request that a call with these arguments sends, the client's settings merged in.

        >>> request = client.build_request("GET", "https://www.example.com/")
        >>> response = client.send(request)
        """
        if type(url) is str and not self._base_url._parts.text:
            target = URL._from_parts(parse(url))
        else:
            target = self._merge_url(url)
        if params is not None or self._params:
            merged = self._merge_queryparams(params)
            target = target if merged is None else URL(target, params=merged)
        fields = self._template(target)
        request_headers = Headers._from_fields(fields)
        if headers is not None:
            request_headers.update(headers)
        limits = self._timeout if isinstance(timeout, UseClientDefault) else Timeout(timeout)
        known: dict[str, Any] = {"timeout": limits.as_dict()}
        if extensions:
            known = {**known, **extensions}
        stream: SyncByteStream | AsyncByteStream = _EMPTY_BODY
        if content is not None or data is not None or files is not None or json is not None:
            boundary = boundary_of(request_headers._fields.index.get(b"content-type")) if files else None
            computed, stream = encode_request(content, data, files, json, boundary)
            add_missing_fields(request_headers, computed)
        if method not in COMMON_METHODS:
            method = checked_method(method)
        elif method in _WITH_CONTENT:
            _announce_nothing(request_headers)
        request = Request._build(method, target, request_headers, stream, known)
        if cookies or self._cookies:
            self._add_cookies(request, cookies)
        return request

    def _template(self, url: URL) -> Fields:
        """Return the fields of a request to this URL that has none of its own."""
        source = self._headers._fields
        origin, templates = self._templates
        if source is not origin or len(templates) > _MAX_TEMPLATES:
            templates = {}
            self._templates = (source, templates)
        host = url._parts.host_field
        fields = templates.get(host)
        if fields is None:
            fields = source
            if host and b"host" not in source.index:
                fields = source.prepended([(b"Host", host)])
            templates[host] = fields
        return fields

    def _add_cookies(self, request: Request, cookies: CookieTypes | None) -> None:
        merged = self._cookies
        if cookies:
            merged = Cookies(self._cookies)
            merged.update(cookies)
        merged.set_cookie_header(request)

    def _merge_url(self, url: URL | str) -> URL:
        """Return the URL, behind the base URL when it is relative."""
        given = URL(url)
        if not given.is_relative_url or not self._base_url._parts.text:
            return given
        path = self._base_url.raw_path + given.raw_path.lstrip(b"/")
        return self._base_url.copy_with(raw_path=path)

    def _merge_queryparams(self, params: QueryParamTypes | None) -> QueryParamTypes | None:
        """Return the call's parameters on top of the client's; None where there are none at all."""
        return self._params.merge(QueryParams(params)) if self._params else params

    @staticmethod
    def _with_slash(url: URL) -> URL:
        if not url._parts.text or url.raw_path.endswith(b"/"):
            return url
        return url.copy_with(raw_path=url.raw_path + b"/")

    # The rules of a call

    def _enter(self) -> None:
        if self._state is not ClientState.UNOPENED:
            was = "closed" if self._state is ClientState.CLOSED else "opened"
            msg = f"the client has been {was} before; a client is opened once"
            raise RuntimeError(msg)
        self._state = ClientState.OPENED

    def _begin_call(self, request: Request) -> None:
        """Refuse a closed client; start the clock of the total timeout, where there is one."""
        if self._state is ClientState.CLOSED:
            msg = "the client has been closed and sends nothing more"
            raise RuntimeError(msg)
        if self._state is ClientState.UNOPENED:
            self._state = ClientState.OPENED
        extensions = request.extensions
        timeout = extensions.get("timeout")
        if timeout is None:
            timeout = self._timeout.as_dict()
            request.extensions = extensions = {**extensions, "timeout": timeout}
        total = timeout.get("total")
        if total is not None:
            request.extensions = {**extensions, "deadline": monotonic() + min(total, longest_seconds)}
        elif "deadline" in extensions:
            # That of an earlier sending of this request.
            request.extensions = {name: value for name, value in extensions.items() if name != "deadline"}

    def _build_request_auth(self, request: Request, auth: AuthTypes | UseClientDefault | None) -> Auth | None:
        """Return who authenticates a call: what it says, else the client, else the URL."""
        chosen = self._auth if isinstance(auth, UseClientDefault) else build_auth(auth)
        if chosen is None and request.url._parts.userinfo:
            return BasicAuth(request.url.username, request.url.password)
        return chosen

    def _redirects(self, follow_redirects: bool | UseClientDefault) -> Redirects:
        follows = self.follow_redirects if isinstance(follow_redirects, UseClientDefault) else follow_redirects
        return Redirects(self._build_redirect_request, self.max_redirects, follows=follows)

    def _build_redirect_request(self, request: Request, response: Response) -> Request:
        """Return the request that a redirect asks for."""
        method = redirects.redirect_method(request, response)
        url = redirects.redirect_url(request, response)
        following = Request._build(
            method,
            url,
            self._redirect_headers(request, url, method),
            redirects.redirect_stream(request, method),
            redirects.redirect_extensions(request, url),
        )
        if self._cookies:
            self._cookies.set_cookie_header(following)
        return following

    def _redirect_headers(self, request: Request, url: URL, method: str) -> Headers:
        """Return the headers of the request that a redirect asks for."""
        return redirects.redirect_headers(request, url, method)

    def _receive(self, request: Request, response: Response, started: float, now: float) -> None:
        """Make a transport's response the client's."""
        response._request = request
        response._started = started
        if response.is_closed:
            response._elapsed_seconds = now - started
        if self._default_encoding != "utf-8":
            response.default_encoding = self._default_encoding
        if b"set-cookie" in response.headers._fields.index:
            self._cookies.extract_cookies(response)
        if logger.isEnabledFor(logging.INFO):
            _log(request, response)


def distinct(default: _Transport, mounts: Mapping[Any, _Transport | None]) -> list[_Transport]:
    """Return the transports of a client, each once, however many patterns it is mounted for."""
    transports = [default, *(transport for transport in mounts.values() if transport is not None)]
    return list({id(transport): transport for transport in transports}.values())


def _log(request: Request, response: Response) -> None:
    """Write the one line per response that tools look for, without credentials."""
    parts = request.url._parts
    url = parts.text.replace(f"//{parts.userinfo}@", "//[secure]@", 1) if parts.userinfo else parts.text
    logger.info(
        'HTTP Request: %s %s "%s %d %s"',
        request.method,
        url,
        response.http_version,
        response.status_code,
        response.reason_phrase,
    )


def _announce_nothing(headers: Headers) -> None:
    """Say that there is no content where there usually is some (RFC 9110 8.6)."""
    index = headers._fields.index
    if b"content-length" not in index and b"transfer-encoding" not in index:
        headers._fields = headers._fields.extended(_NO_CONTENT_LENGTH)

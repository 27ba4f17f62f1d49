"""`Request`: a method, a URL, header fields and a body that may be read once or many times."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any

from arke._values.cookies import Cookies
from arke._values.errors import LocalProtocolError, RequestNotRead
from arke._values.headers import Headers
from arke._values.url import URL
from arke._values.urlparse import hide_password

from .content import ByteStream, UnattachedStream, encode_request
from .framing import add_missing_fields, boundary_of

if TYPE_CHECKING:
    from typing import Self

    from arke._values.types import (
        AsyncByteStream,
        CookieTypes,
        HeaderTypes,
        QueryParamTypes,
        RequestContent,
        RequestData,
        RequestExtensions,
        RequestFiles,
        SyncByteStream,
    )

__all__ = ["Request"]

# RFC 9110 9.1: "method = token"; 5.6.2 lists the characters of a token.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
COMMON_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"})

# RFC 9110 8.6: "A user agent SHOULD send Content-Length in a request when the method defines a meaning for
# enclosed content and it is not sending Transfer-Encoding. For example, a user agent normally sends
# Content-Length in a POST request even when the value is 0".
_METHODS_WITH_CONTENT = frozenset({"POST", "PUT", "PATCH", "QUERY"})


class Request:
    """A request, ready to be sent.

    ```python
    request = arke.Request("POST", "https://example.org/", json={"a": 1})
    assert request.headers["content-length"] == "7"
    assert request.content == b'{"a":1}'
    ```
    """

    method: str
    url: URL
    headers: Headers
    stream: SyncByteStream | AsyncByteStream
    extensions: dict[str, Any]
    # There once the body is in memory; what asks for it earlier gets `RequestNotRead`.
    _content: bytes

    def __init__(
        self,
        method: str,
        url: URL | str,
        *,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        stream: SyncByteStream | AsyncByteStream | None = None,
        extensions: RequestExtensions | None = None,
    ) -> None:
        """Encode the body and add the fields that it needs, and `Host`, where `headers` does not have them.

        A body given as `stream` is taken as it is, with the fields as they are. Raises `InvalidURL` for what
        is no URL and `LocalProtocolError` for a method or header that cannot be sent.
        """
        self.method = method if method in COMMON_METHODS else checked_method(method)
        self.url = URL(url) if params is None else URL(url, params=params)
        self.headers = Headers(headers)
        self.extensions = {} if extensions is None else dict(extensions)
        if cookies:
            (cookies if isinstance(cookies, Cookies) else Cookies(cookies)).set_cookie_header(self)
        if stream is not None:
            self.stream = stream
            return
        boundary = boundary_of(self.headers._fields.index.get(b"content-type")) if files else None
        computed, self.stream = encode_request(content, data, files, json, boundary)
        self._add_fields(computed)
        if isinstance(self.stream, ByteStream):
            self._content = self.stream._stream

    @classmethod
    def _build(
        cls,
        method: str,
        url: URL,
        headers: Headers,
        stream: SyncByteStream | AsyncByteStream,
        extensions: dict[str, Any],
    ) -> Self:
        """Return a request of these parts, which are trusted and kept without copies."""
        request = cls.__new__(cls)
        request.method = method
        request.url = url
        request.headers = headers
        request.stream = stream
        request.extensions = extensions
        if type(stream) is ByteStream:
            request._content = stream._stream
        return request

    def _add_fields(self, computed: dict[str, str]) -> None:
        add_missing_fields(self.headers, computed)
        fields = self.headers._fields
        index = fields.index
        first: list[tuple[bytes, bytes]] = []
        if b"host" not in index and self.url.host:
            first.append((b"Host", self.url._parts.host_field))
        if (
            self.method in _METHODS_WITH_CONTENT
            and b"content-length" not in index
            and b"transfer-encoding" not in index
        ):
            first.append((b"Content-Length", b"0"))
        if first:
            self.headers._fields = fields.prepended(first)

    @property
    def content(self) -> bytes:
        """The body; `RequestNotRead` if it is streamed and was not read."""
        try:
            return self._content
        except AttributeError:
            raise RequestNotRead from None

    def read(self) -> bytes:
        """Load the body into memory, where it can be sent again, and return it.

        Raises `StreamConsumed` if it was streamed away before.
        """
        if not hasattr(self, "_content"):
            if not isinstance(self.stream, Iterable):
                raise _wrong_stream(self, "aread")
            self._keep(b"".join(self.stream))
        return self._content

    async def aread(self) -> bytes:
        """Load the body into memory, where it can be sent again, and return it.

        Raises `StreamConsumed` if it was streamed away before.
        """
        if not hasattr(self, "_content"):
            if not isinstance(self.stream, AsyncIterable):
                raise _wrong_stream(self, "read")
            self._keep(b"".join([piece async for piece in self.stream]))
        return self._content

    def _keep(self, content: bytes) -> None:
        self._content = content
        if not isinstance(self.stream, ByteStream):
            self.stream = ByteStream(content)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.method!r}, {hide_password(self.url._parts)!r})>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what holds on to a connection or a file."""
        return {name: value for name, value in self.__dict__.items() if name not in {"extensions", "stream"}}

    def __setstate__(self, state: dict[str, Any] | None, /) -> None:
        """Restore everything but the stream, which is the content if that was read."""
        self.__dict__.update(state or {})
        self.extensions = {}
        self.stream = ByteStream(self._content) if hasattr(self, "_content") else UnattachedStream()


def checked_method(method: str) -> str:
    """Return the method in upper case; `LocalProtocolError` when it is no token."""
    if not isinstance(method, str):
        message = f"the method must be a str, not {type(method).__name__}"
        raise TypeError(message)
    if not _TOKEN.fullmatch(method):
        message = f"the method {method!r} is not a token (RFC 9110 5.6.2); nothing was sent"
        raise LocalProtocolError(message)
    return method.upper()


def _wrong_stream(request: Request, twin: str) -> RuntimeError:
    kind = type(request.stream).__name__
    return RuntimeError(f"the body of {request!r} is a {kind}: call {twin}() instead")

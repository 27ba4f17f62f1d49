"""`Response`: what the server answered, and `ResponseBody` its body.

Status, fields and stream are all there is at first. Text, cookies, links and JSON are made when someone
looks, and no field that a server can send makes looking fail.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from arke._values.cookies import Cookies
from arke._values.errors import HTTPStatusError
from arke._values.headers import Headers
from arke._values.status import codes

from .body import ResponseBody
from .content import ByteStream, UnattachedStream, encode_response
from .encoding import TextDecoder, charset_of, is_known_encoding
from .framing import add_missing_fields
from .links import parse_links

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from typing import Self

    from arke._values.headers import Fields
    from arke._values.types import (
        AsyncByteStream,
        HeaderTypes,
        ResponseContent,
        ResponseExtensions,
        SyncByteStream,
    )
    from arke._values.url import URL

    from .request import Request

__all__ = ["Response"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_PICKLED = frozenset({"extensions", "is_closed", "stream", "_started"})
_FAMILIES = {1: "Informational response", 3: "Redirect response", 4: "Client error", 5: "Server error"}


class Response(ResponseBody):
    """A response.

    ```python
    response = arke.Response(200, json={"a": 1})
    assert response.is_success
    assert response.json() == {"a": 1}
    ```
    """

    status_code: int
    extensions: dict[str, Any]
    history: list[Response]
    # The request that would follow this redirect. Written by the client when it does not follow.
    next_request: Request | None = None
    # What text is read as where Content-Type names no charset; a function gets the body.
    default_encoding: str | Callable[[bytes], str | None] = "utf-8"
    # When the request was sent, by `time.perf_counter`. Written by the client.
    _started: float | None = None
    # Written by the first close, or by the client for a response that came closed.
    _elapsed_seconds: float | None = None
    _elapsed: dt.timedelta | None = None
    _encoding: str
    _text: str
    _cookies: Cookies

    def __init__(
        self,
        status_code: int,
        *,
        headers: HeaderTypes | None = None,
        content: ResponseContent | None = None,
        text: str | None = None,
        html: str | None = None,
        json: Any = None,
        stream: SyncByteStream | AsyncByteStream | None = None,
        request: Request | None = None,
        extensions: ResponseExtensions | None = None,
        history: list[Response] | None = None,
        default_encoding: str | Callable[[bytes], str | None] = "utf-8",
    ) -> None:
        """Encode the body and add the fields that describe it; a body given as `stream` is taken as it is.

        A body given as bytes, text or JSON makes a response that is read and closed.
        """
        self.status_code = status_code
        self.headers = Headers(headers)
        self._request = request
        self.extensions = {} if extensions is None else dict(extensions)
        self.history = [] if history is None else list(history)
        if default_encoding != "utf-8":
            self.default_encoding = default_encoding
        if stream is not None:
            self.stream = stream
            return
        computed, self.stream = encode_response(content, text, html, json)
        add_missing_fields(self.headers, computed)
        if isinstance(self.stream, ByteStream):
            self._load(self.stream._stream)

    @classmethod
    def _from_wire(
        cls,
        status_code: int,
        fields: Fields,
        stream: SyncByteStream | AsyncByteStream,
        extensions: dict[str, Any],
    ) -> Self:
        """Return an unread response of these parts, which are trusted and kept without copies."""
        response = cls.__new__(cls)
        response.status_code = status_code
        response.headers = Headers._from_fields(fields)
        response.stream = stream
        response.extensions = extensions
        response.history = []
        return response

    @property
    def request(self) -> Request:
        """The request that this answers; `RuntimeError` where none is known."""
        if self._request is None:
            message = f"{self!r} was made without a request, and none has been set since"
            raise RuntimeError(message)
        return self._request

    @request.setter
    def request(self, value: Request) -> None:
        self._request = value

    @property
    def elapsed(self) -> dt.timedelta:
        """The time from sending the request until the response was closed, which reading it does.

        `RuntimeError` before.
        """
        if self._elapsed is None:
            if self._elapsed_seconds is None:
                message = "elapsed is known once the response has been read or closed; call read() or close()"
                raise RuntimeError(message)
            import datetime as dt

            self._elapsed = dt.timedelta(seconds=self._elapsed_seconds)
        return self._elapsed

    @elapsed.setter
    def elapsed(self, elapsed: dt.timedelta) -> None:
        self._elapsed = elapsed

    def _note_closed(self) -> None:
        self.is_closed = True
        if self._started is not None and self._elapsed_seconds is None:
            self._elapsed_seconds = perf_counter() - self._started

    @property
    def url(self) -> URL:
        """The URL of the request."""
        return self.request.url

    @property
    def http_version(self) -> str:
        """The version spoken, as in `HTTP/1.1`."""
        raw: bytes = self.extensions.get("http_version", b"HTTP/1.1")
        return raw.decode("ascii", "ignore")

    @property
    def reason_phrase(self) -> str:
        """The phrase sent with the status code, or else the registered one."""
        raw: bytes | None = self.extensions.get("reason_phrase")
        return codes.get_reason_phrase(self.status_code) if raw is None else raw.decode("ascii", "ignore")

    @property
    def reason(self) -> str:
        """Another name of `reason_phrase`."""
        return self.reason_phrase

    @property
    def next(self) -> Request | None:
        """Another name of `next_request`."""
        return self.next_request

    @property
    def is_informational(self) -> bool:
        """Whether the status code is 1xx."""
        return 100 <= self.status_code <= 199

    @property
    def is_success(self) -> bool:
        """Whether the status code is 2xx."""
        return 200 <= self.status_code <= 299

    @property
    def is_redirect(self) -> bool:
        """Whether the status code is 3xx; see `has_redirect_location` for one that leads somewhere."""
        return 300 <= self.status_code <= 399

    @property
    def is_client_error(self) -> bool:
        """Whether the status code is 4xx."""
        return 400 <= self.status_code <= 499

    @property
    def is_server_error(self) -> bool:
        """Whether the status code is 5xx."""
        return 500 <= self.status_code <= 599

    @property
    def is_error(self) -> bool:
        """Whether the status code is 4xx or 5xx."""
        return 400 <= self.status_code <= 599

    @property
    def ok(self) -> bool:
        """Whether the status code is below 400."""
        return self.status_code < 400

    @property
    def has_redirect_location(self) -> bool:
        """Whether this is a redirect that says where to."""
        return self.status_code in _REDIRECTS and b"location" in self.headers._fields.index

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether this is a redirect that says where to, for good."""
        return self.status_code in {301, 308} and self.has_redirect_location

    @property
    def text(self) -> str:
        """The body as text, read as `encoding` says, with U+FFFD for what does not fit."""
        if not hasattr(self, "_text"):
            content = self.content
            self._text = self._as_text(content) if content else ""
        return self._text

    def _as_text(self, content: bytes) -> str:
        encoding = self.encoding or "utf-8"
        if encoding == "utf-8":
            return content.decode("utf-8", "replace")
        decoder = TextDecoder(encoding)
        return decoder.decode(content) + decoder.flush()

    @property
    def encoding(self) -> str | None:
        """What text is read as: what was set here, else the charset of Content-Type, else `default_encoding`.

        Settable until `text` was looked at; after that `ValueError`. Names that Python does not know are
        passed over, but for one that was set: it makes `text` raise `LookupError`.
        """
        if hasattr(self, "_encoding"):
            return self._encoding
        encoding = self.charset_encoding
        if encoding is None or not is_known_encoding(encoding):
            encoding = self._fallback_encoding()
        # Why not remembered earlier: a function as `default_encoding` has nothing to look at before.
        if hasattr(self, "_content"):
            self._encoding = encoding
        return encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        if hasattr(self, "_text"):
            message = f"cannot set encoding to {value!r}: text was already read as {self.encoding!r}"
            raise ValueError(message)
        self._encoding = value

    def _fallback_encoding(self) -> str:
        default = self.default_encoding
        if isinstance(default, str):
            found: str | None = default
        else:
            found = default(self._content) if hasattr(self, "_content") else None
        return found if found and is_known_encoding(found) else "utf-8"

    @property
    def charset_encoding(self) -> str | None:
        """The charset that Content-Type names, if it does."""
        raw = self.headers._fields.index.get(b"content-type")
        return None if raw is None else charset_of(raw.decode("latin-1"))

    def json(self, **kwargs: Any) -> Any:
        """Return the body parsed as JSON, in whichever of UTF-8, UTF-16 and UTF-32 it is.

        `kwargs` are those of `json.loads`, and so are the errors: `json.JSONDecodeError` and
        `UnicodeDecodeError`, both of them a `ValueError`.
        """
        from json import loads

        return loads(self.content, **kwargs)

    @property
    def cookies(self) -> Cookies:
        """The cookies that this response sets."""
        if not hasattr(self, "_cookies"):
            cookies = Cookies()
            if b"set-cookie" in self.headers._fields.index:
                cookies.extract_cookies(self)
            self._cookies = cookies
        return self._cookies

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The links of the Link field, each by its `rel` or else by its `url`."""
        value = self.headers.get("link")
        if value is None:
            return {}
        return {link.get("rel") or link["url"]: link for link in parse_links(value)}

    def raise_for_status(self) -> Self:
        """Return the response if it is a 2xx one, else raise `HTTPStatusError`."""
        request = self._request
        if request is None:
            message = f"cannot raise for the status of {self!r}, which was made without a request"
            raise RuntimeError(message)
        if self.is_success:
            return self
        raise HTTPStatusError(_status_message(self, request), request=request, response=self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code} {self.reason_phrase}]>"

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what holds on to a connection, or means nothing in another process."""
        return {name: value for name, value in self.__dict__.items() if name not in _NOT_PICKLED}

    def __setstate__(self, state: dict[str, Any] | None, /) -> None:
        """Restore a closed response; it has its content if that was read."""
        self.__dict__.update(state or {})
        self.is_closed = True
        self.extensions = {}
        self.stream = UnattachedStream()


def _status_message(response: Response, request: Request) -> str:
    code = response.status_code
    family = _FAMILIES.get(code // 100, "Invalid status code")
    parts = request.url._parts
    # A user name alone may be a token: of userinfo, nothing is shown.
    url = parts.text.replace(f"//{parts.userinfo}@", "//[secure]@", 1) if parts.userinfo else parts.text
    lines = [f"{family} '{code} {response.reason_phrase}' for url '{url}'"]
    if response.has_redirect_location:
        lines.append(f"Redirect location: '{response.headers['location']}'")
    return "\n".join(lines)

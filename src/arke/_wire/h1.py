"""The HTTP/1.1 engine: one connection, seen from the client, without the connection (RFC 9112).

An exchange is ``encode`` [``encode_data`` ... ``encode_end``] on the way out, and on the way in ``feed`` with whatever
comes, in whatever pieces, then ``next_head`` and ``next_data`` until it gives None. ``feed`` does the work at once and
never raises; what is wrong with the bytes is raised by ``next_*``, behind all that was right before it.

The engine alone decides whether the connection may carry another exchange: ``is_reusable``. It may when

- the request was sent whole,
- the response came whole, by a framing that does not end with the connection,
- neither side asked to close,
- and not one byte came that this exchange does not own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from arke._values.errors import LocalProtocolError, TransportError

from . import limits
from .events import Head
from .h1_bodies import ChunkedBody, CloseBody, LengthBody
from .h1_grammar import (
    is_length,
    is_target,
    is_token,
    list_contains,
    match_status_line,
    parse_fields,
    parse_length,
    refuse,
    serialise_fields,
    shorten,
)

if TYPE_CHECKING:
    from arke._values.headers import Fields

_EMPTY = bytearray()
_CHUNKED = -1
_CONTINUE = 100
_SWITCHING_PROTOCOLS = 101
_FINAL = 200
_SUCCESS = range(200, 300)
_SURPLUS_SHOWN = 64
_NO_CONTENT = 204
_BODILESS = frozenset({_NO_CONTENT, 304})


class Http1:
    """The engine of one HTTP/1.1 connection.

    Attributes for the driver, all read-only for it: `head`, the head of the final response once it has come;
    `is_complete`, whether that response is whole; `may_send_content`, whether a request that expects ``100-continue``
    has been told to go on; `has_received`, whether any byte of an answer to this request has come; `trailers`, the
    trailer fields behind the content; `surplus`, bytes behind the end of the response, which after an upgrade belong to
    the new protocol; else the first few of them.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_error",
        "_head_bytes",
        "_informational",
        "_keep_alive",
        "_method",
        "_pieces",
        "_scanned",
        "_unsent",
        "_upgrade",
        "has_received",
        "head",
        "is_complete",
        "may_send_content",
        "surplus",
        "trailers",
    )

    def __init__(self) -> None:
        """Begin with a fresh connection, on which no exchange has begun."""
        self._keep_alive = True
        self.is_complete = True
        self.surplus = b""
        self._error: TransportError | None = None
        self._unsent = 0
        self._pieces: list[bytes] = []
        self._body: LengthBody | ChunkedBody | CloseBody | None = None
        self.head: Head | None = None
        self.trailers: Fields | None = None
        self.has_received = False
        self.may_send_content = True

    # The way out

    def encode(self, method: bytes, target: bytes, fields: Fields) -> bytes:
        """Begin an exchange; return its request head.

        Raises `LocalProtocolError` when any part must not be put on the wire; the connection is then as it was.
        """
        if not is_token(method):
            raise LocalProtocolError(f"invalid method {shorten(method)}: not a token")
        if not is_target(target):
            raise LocalProtocolError(
                f"invalid request target {shorten(target)}: empty, or with a space or control character"
            )
        block = fields.block or serialise_fields(fields)
        index = fields.index
        self._unsent = _request_framing(index)
        connection = index.get(b"connection", b"")
        self._keep_alive = connection == b"keep-alive" or not list_contains(connection, b"close")
        self._upgrade = b"upgrade" in index
        self.may_send_content = b"expect" not in index or not list_contains(index[b"expect"], b"100-continue")
        self._method = method
        self._buffer = _EMPTY
        self._scanned = self._head_bytes = self._informational = 0
        self._pieces = []
        self._body = None
        self.head = None
        self.trailers = None
        self.is_complete = self.has_received = False
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, block)

    def encode_data(self, data: bytes | memoryview) -> bytes | memoryview:
        """Return a piece of the request's content, framed.

        Raises `LocalProtocolError` for more bytes than Content-Length says, or content without a framing.
        """
        if self._unsent == _CHUNKED:
            return b"".join((b"%x\r\n" % len(data), data, b"\r\n")) if data else b""
        if len(data) > self._unsent:
            raise LocalProtocolError("the request has more content than its headers announce (Content-Length)")
        self._unsent -= len(data)
        return data

    def encode_end(self) -> bytes:
        """End the request's content.

        Raises `LocalProtocolError` when Content-Length promised more; the connection must then be closed.
        """
        if self._unsent == _CHUNKED:
            self._unsent = 0
            return b"0\r\n\r\n"
        if self._unsent > 0:
            raise LocalProtocolError(f"the request's content is {self._unsent} bytes shorter than its Content-Length")
        return b""

    @property
    def content_length(self) -> int | None:
        """How many bytes of content the request still owes; None when it is chunked."""
        return None if self._unsent == _CHUNKED else max(self._unsent, 0)

    # The way in

    def feed(self, data: bytes) -> None:
        """Take bytes from the server."""
        if self.is_complete:
            self._take_surplus(data)
            return
        self.has_received = True
        if self._error is not None:
            return
        try:
            body = self._body
            if body is not None:
                self._feed_body(body, data)
            else:
                self._feed_head(data)
        except TransportError as exc:
            self._error = exc

    def feed_eof(self, *, clean: bool = True) -> None:
        """Take the end of the connection; `clean` tells whether it can be trusted, which a TLS stream that was cut
        off without close_notify cannot (RFC 9112 9.8).
        """
        self._keep_alive = False
        if self.is_complete or self._error is not None:
            return
        try:
            body = self._body
            if body is None:
                self._refuse_eof()
            if not clean and isinstance(body, CloseBody):
                refuse("content whose end cannot be told: TLS was cut off without close_notify")
            body.feed_eof()
            self.is_complete = True
        except TransportError as exc:
            self._error = exc

    def next_head(self) -> Head | None:
        """Return the head of the final response, or None while it has not come.

        Raises `RemoteProtocolError`; the connection must then be closed.
        """
        if self.head is None and self._error is not None:
            raise self._error
        return self.head

    def next_data(self) -> bytes | None:
        """Return content that has come, b"" while there is none, and None at the end.

        Raises `RemoteProtocolError`; the connection must then be closed.
        """
        pieces = self._pieces
        if pieces:
            self._pieces = []
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._error is not None:
            raise self._error
        return None if self.is_complete else b""

    @property
    def wants_content(self) -> bool:
        """Whether there is a point in sending more of the request's content.

        "A client that is sending content SHOULD monitor the connection for an error response ... [and] cease
        transmitting" (RFC 9112 9.5). A server that answers with success may well be reading on.
        """
        head = self.head
        return self._error is None and (head is None or head.status in _SUCCESS)

    @property
    def has_data(self) -> bool:
        """Whether `next_data` has content to give."""
        return bool(self._pieces)

    @property
    def has_failed(self) -> bool:
        """Whether the server broke the protocol, so that `next_head` or `next_data` will raise."""
        return self._error is not None

    @property
    def unread(self) -> int:
        """How many bytes of content wait for `next_data`."""
        return sum(map(len, self._pieces))

    @property
    def is_tunnel(self) -> bool:
        """Whether the connection now belongs to another protocol: after 101, or a successful CONNECT."""
        head = self.head
        return head is not None and (
            head.status == _SWITCHING_PROTOCOLS or (self._method == b"CONNECT" and head.status in _SUCCESS)
        )

    @property
    def is_reusable(self) -> bool:
        """Whether the connection may carry another exchange."""
        return self._keep_alive and self.is_complete and not self.surplus and not self._unsent and self._error is None

    def _feed_head(self, data: bytes) -> None:
        """Take bytes in front of the final response's content."""
        buffer = self._buffer
        if buffer:
            buffer += data
            if buffer.find(b"\r\n\r\n", self._scanned) < 0:
                self._await_head(buffer, self._scanned)
                return
            data = bytes(buffer)
            self._buffer = _EMPTY
        while True:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._await_head(bytearray(data), 0)
                return
            self._head_bytes += end
            if self._head_bytes > limits.max_head_bytes:
                refuse("a response head that is too long (limits.max_head_bytes)")
            head = self._parse_head(data, end)
            data = data[end + 4 :]
            if head.status >= _FINAL or (head.status == _SWITCHING_PROTOCOLS and self._upgrade):
                self._begin_body(head, data)
                return
            self._take_informational(head)

    def _await_head(self, buffer: bytearray, scanned: int) -> None:
        # The last three bytes may belong to the end of the head, which does not count.
        if self._head_bytes + len(buffer) - 3 > limits.max_head_bytes:
            refuse("a response head that is too long (limits.max_head_bytes)")
        if buffer[:7] != b"HTTP/1."[: len(buffer)]:
            refuse(f"something that is not HTTP/1.1: {shorten(buffer)}")
        # "... a recipient MAY recognize a single LF as a line terminator" (RFC 9112 2.2). We do not.
        if buffer.find(b"\n\n", scanned) >= 0 or buffer.find(b"\n\r\n", scanned) >= 0:
            refuse("a response head whose lines end with a bare LF")
        self._buffer = buffer
        # Where the search goes on: the end of the head may have begun in the last three bytes.
        self._scanned = max(len(buffer) - 3, 0)

    def _parse_head(self, data: bytes, end: int) -> Head:
        match = match_status_line(data)
        if match is None:
            line = data.partition(b"\r\n")[0]
            refuse(f"a malformed status line: {shorten(line)}")
        version, status, reason = match.groups(b"")
        return Head(int(status), reason, version, parse_fields(data, match.end(), end + 2))

    def _take_informational(self, head: Head) -> None:
        """Pass over a 1xx response, of which there may be some, but not without end."""
        if head.status == _SWITCHING_PROTOCOLS:
            refuse("101 Switching Protocols, which the request did not ask for")
        self._informational += 1
        if self._informational > limits.max_informational:
            refuse(f"more than {limits.max_informational} informational responses (limits.max_informational)")
        # "The client ought to continue sending the request and discard the 100 response" (RFC 9110 15.2.1)
        self.may_send_content = self.may_send_content or head.status == _CONTINUE

    def _begin_body(self, head: Head, data: bytes) -> None:
        """Decide on the framing of the content (RFC 9112 6.3) and take what came of it."""
        index = head.fields.index
        connection = index.get(b"connection")
        if connection is None:
            if head.version == b"HTTP/1.0":
                self._keep_alive = False
        elif connection != b"keep-alive" and not _persists(head.version, connection):
            self._keep_alive = False
        body = self._choose_body(head, index)
        self._body = body
        self.head = head
        if body is None:
            self._complete(data)
        else:
            self._feed_body(body, data)

    def _choose_body(self, head: Head, index: dict[bytes, bytes]) -> LengthBody | ChunkedBody | CloseBody | None:
        # Rule 2, and rule 1 for 101: "A client MUST ignore any Content-Length or Transfer-Encoding header fields
        # received in such a message".
        if head.status == _SWITCHING_PROTOCOLS or (self._method == b"CONNECT" and head.status in _SUCCESS):
            self._keep_alive = False
            return None
        length = index.get(b"content-length")
        coding = index.get(b"transfer-encoding")
        if coding is not None:
            _check_coding(head, coding, length)
        size = None if length is None else parse_length(length)
        # Rule 1
        if self._method == b"HEAD" or head.status in _BODILESS:
            # "A server MUST NOT send a Content-Length header field in any response with a status code of ... 204" (RFC
            # 9110 8.6). One that announces content there may send it, and it would answer the next request.
            if head.status == _NO_CONTENT and (size or coding is not None):
                self._keep_alive = False
            return None
        if coding is not None:
            return ChunkedBody()
        if size is not None:
            return LengthBody(size) if size else None
        # Rule 8
        self._keep_alive = False
        return CloseBody()

    def _feed_body(self, body: LengthBody | ChunkedBody | CloseBody, data: bytes) -> None:
        rest = body.feed(data, self._pieces)
        if rest is not None:
            self._complete(rest)

    def _complete(self, rest: bytes) -> None:
        self.is_complete = True
        if isinstance(self._body, ChunkedBody):
            self.trailers = self._body.trailers
        if rest:
            self._take_surplus(rest)

    def _take_surplus(self, data: bytes) -> None:
        # "A client MUST NOT process, cache, or forward such extra data as a separate response" (RFC 9112 6.3). What a
        # tunnel carries is somebody's; of anything else the beginning tells all there is to tell.
        surplus = self.surplus + data
        self.surplus = surplus if self.is_tunnel else surplus[:_SURPLUS_SHOWN]

    def _refuse_eof(self) -> NoReturn:
        if not self.has_received:
            refuse("nothing: it closed the connection without a response")
        refuse("an incomplete response head and closed the connection")


def _persists(version: bytes, connection: bytes) -> bool:
    """Tell whether the connection may go on, as far as the server is concerned (RFC 9112 9.3, in its order)."""
    # "If the 'close' connection option is present ..., the connection will not persist ...; else, If the received
    # protocol is HTTP/1.1 (or later), the connection will persist ...; else, If the received protocol is HTTP/1.0, the
    # 'keep-alive' connection option is present, ..."
    if list_contains(connection, b"close"):
        return False
    return version != b"HTTP/1.0" or list_contains(connection, b"keep-alive")


def _request_framing(index: dict[bytes, bytes]) -> int:
    """Return how many bytes of content a request announces, or `_CHUNKED`; check what must agree."""
    if b"host" not in index:
        # "A client MUST send a Host header field ... in all HTTP/1.1 request messages" (RFC 9112 3.2)
        raise LocalProtocolError("the request has no Host header")
    coding = index.get(b"transfer-encoding")
    length = index.get(b"content-length")
    if coding is not None:
        if length is not None:
            raise LocalProtocolError("the request has both a Content-Length and a Transfer-Encoding header")
        if coding.lower() != b"chunked":
            raise LocalProtocolError(
                f"the request's Transfer-Encoding is {shorten(coding)}; only 'chunked' can be sent"
            )
        return _CHUNKED
    if length is None:
        return 0
    if not is_length(length):
        raise LocalProtocolError(f"invalid Content-Length in the request: {shorten(length)}")
    return int(length)


def _check_coding(head: Head, coding: bytes, length: bytes | None) -> None:
    """Refuse a Transfer-Encoding that leaves the length in doubt."""
    # "Such a message might indicate an attempt to perform request smuggling ... or response splitting ... and ought to
    # be handled as an error" (RFC 9112 6.3, rule 3). We do, also where the content is none.
    if length is not None:
        refuse("both a Content-Length and a Transfer-Encoding")
    # "A server or client that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST treat
    # the message as if the framing is faulty" (6.1)
    if head.version == b"HTTP/1.0":
        refuse("a Transfer-Encoding in an HTTP/1.0 response")
    # We never send TE, so no other coding than chunked may come (7.4).
    if coding.lower() != b"chunked":
        refuse(f"a Transfer-Encoding other than chunked: {shorten(coding)}")

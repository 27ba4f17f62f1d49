"""A call: one request as a driver needs it, bytes and limits, read once from the `Request`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arke._message.content import ByteStream, is_replayable, is_spent
from arke._values.errors import (
    ConnectError,
    ConnectTimeout,
    LocalProtocolError,
    NetworkError,
    PoolTimeout,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    StreamConsumed,
    TimeoutException,
    WriteError,
    WriteTimeout,
)
from arke._wire.h1_grammar import is_target, is_token, serialise_fields

from .retries import may_send_again
from .route import route_of

if TYPE_CHECKING:
    from arke._message.request import Request
    from arke._wire.h1 import Http1

expect_seconds = 1.0
"""How long a request with ``Expect: 100-continue`` waits to be told to go on. "A client that sends a 100-continue
expectation is not required to wait for any specific length of time" (RFC 9110 10.1.1); it is what curl and Go wait."""

longest_seconds = 1e6
"""A limit of more than this, eleven days, is this: clocks, timers and system calls each have a largest number."""

max_joined_bytes = 64 * 1024
"""Content up to this size is sent together with the head, in one write."""

max_unread_bytes = 1024 * 1024
"""How much of a response is taken while nobody reads it, be it that the request is still being sent."""

_TIMER_GRAIN = 0.01

_TIMEOUTS: dict[str, type[TimeoutException]] = {
    "pool": PoolTimeout,
    "connect": ConnectTimeout,
    "write": WriteTimeout,
    "read": ReadTimeout,
}
_DOING = {
    "pool": "waiting for a free connection to",
    "connect": "connecting to",
    "write": "sending to",
    "read": "waiting for a response from",
}
_METHODS: dict[str, bytes] = {
    name: name.encode("ascii") for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")
}
_NO_LIMITS: dict[str, float | None] = {}


class Call:
    """One request on its way through a driver. Nothing here changes later but `joined`, and `deadline` by `hurry`.

    `content` is the whole content where it is at hand as bytes; `stream` is what is to be iterated where it is not.
    `deadline` is absolute, on the clock of `time.monotonic`.
    """

    __slots__ = (
        "content",
        "deadline",
        "fields",
        "joined",
        "limits",
        "method",
        "read",
        "request",
        "route",
        "stream",
        "target",
    )

    def __init__(self, request: Request, now: float) -> None:
        """Read the request; `now` is the time of `time.monotonic`.

        Raises `UnsupportedProtocol` or `LocalProtocolError`; nothing has been sent then.
        """
        self.request = request
        parts = request.url._parts
        extensions = request.extensions
        self.route = route_of(parts, extensions)
        method = request.method
        self.method = _METHODS.get(method) or _encode_method(method)
        self.target = parts.target if "target" not in extensions else _target_of(extensions)
        self.fields = request.headers._fields
        if self.fields.block is None:
            # Before anything is dialed: what must not be sent needs no connection.
            serialise_fields(self.fields)
        stream = request.stream
        if type(stream) is ByteStream:
            self.content: bytes | None = stream._stream
            self.stream: Any = None
        else:
            if is_spent(stream):
                raise StreamConsumed
            self.content = None
            self.stream = stream
        self.limits: dict[str, float | None] = extensions.get("timeout") or _NO_LIMITS
        read = self.limits.get("read")
        self.read = read if read is None or read < longest_seconds else longest_seconds
        self.deadline: float | None = extensions.get("deadline")
        if self.deadline is None and (total := self.limits.get("total")) is not None:
            self.deadline = now + min(total, longest_seconds)
        # Whether `start` sent the content along with the head.
        self.joined = False

    def start(self, engine: Http1) -> bytes:
        """Begin the exchange on an engine; return the first bytes to write: the head, and content that is small.

        Raises `LocalProtocolError`; nothing has been sent then, and the connection is as it was.
        """
        content = self.content
        if content is not None:
            self._check_length(content)
        head = engine.encode(self.method, self.target, self.fields)
        if content is None:
            self.joined = False
        elif not content:
            self.joined = True
            return head + engine.encode_end() if engine.content_length is None else head
        elif len(content) <= max_joined_bytes and engine.may_send_content:
            self.joined = True
            return head + engine.encode_data(content) + engine.encode_end()
        else:
            self.joined = False
        return head

    def _check_length(self, content: bytes) -> None:
        """Find a Content-Length of the caller's that does not fit, before a byte is sent."""
        index = self.fields.index
        length = index.get(b"content-length")
        if length is None:
            if content and b"transfer-encoding" not in index:
                msg = "the request has content, but neither a Content-Length nor a Transfer-Encoding header"
                raise LocalProtocolError(msg)
        elif length != b"%d" % len(content) and length.isdigit() and int(length[:20]) != len(content):
            announced = length[:20].decode("ascii")
            msg = f"the request's Content-Length is {announced}, but its content has {len(content)} bytes"
            raise LocalProtocolError(msg)

    def seconds(self, phase: str, now: float) -> float | None:
        """How long this phase may take from now on; not above 0 when its time is over already."""
        limit = self.limits.get(phase)
        # Not `limit > longest_seconds`: this way it holds for what is no number, too.
        if limit is not None and not limit < longest_seconds:
            limit = longest_seconds
        if self.deadline is None:
            return limit
        left = self.deadline - now
        return left if limit is None or left < limit else limit

    def check_deadline(self, phase: str, now: float) -> None:
        """Raise the phase's exception when the time of the whole call is over."""
        if self.deadline is not None and self.deadline <= now:
            raise self.timed_out(phase, now)

    def expect_until(self, now: float) -> float:
        """How long to wait for ``100 Continue``."""
        until = now + expect_seconds
        return until if self.deadline is None else min(until, self.deadline)

    def may_send_again(self, engine: Http1, exc: BaseException, *, was_reused: bool, has_written: bool) -> bool:
        """Tell whether this call may go out once more after its connection failed with this exception.

        Not after a timeout: the server may be at work on it, and the caller's time is over.
        """
        return isinstance(exc, NetworkError | RemoteProtocolError) and may_send_again(
            self.method,
            self.fields.index,
            was_reused=was_reused,
            has_received=engine.has_received,
            has_written=has_written,
            is_replayable=self.stream is None or is_replayable(self.stream),
        )

    def hurry(self, until: float) -> None:
        """Let the call end by then, if it would not anyway."""
        if self.deadline is None or until < self.deadline:
            self.deadline = until

    def timed_out(self, phase: str, now: float) -> TimeoutException:
        """Return the exception for a phase that took too long."""
        # Timers of event loops may fire early, by their clock's grain.
        is_total = self.deadline is not None and now >= self.deadline - _TIMER_GRAIN
        limit = "total" if is_total else phase
        seconds = self.limits.get(limit)
        after = "" if seconds is None else f" after {seconds} s"
        message = f"{_DOING[phase]} {self.route.name} timed out{after} (timeout.{limit})"
        return _TIMEOUTS[phase](message, request=self.request, phase=phase, limit=f"timeout.{limit}")

    def read_failed(self, exc: BaseException | None) -> ReadError:
        """Return the exception for a connection that broke while a response was awaited."""
        return ReadError(f"reading from {self.route.name} failed: {_reason(exc)}", request=self.request, phase="read")

    def write_failed(self, exc: BaseException | None) -> WriteError:
        """Return the exception for a connection that broke while the request was sent."""
        return WriteError(f"sending to {self.route.name} failed: {_reason(exc)}", request=self.request, phase="write")

    def connect_failed(self, exc: BaseException, phase: str = "connect") -> ConnectError:
        """Return the exception for a connection that could not be made."""
        doing = "TLS handshake with" if phase == "tls" else "connecting to"
        return ConnectError(f"{doing} {self.route.name} failed: {_reason(exc)}", request=self.request, phase=phase)


def _encode_method(method: str) -> bytes:
    raw = method.encode("utf-8", "surrogatepass")
    if not is_token(raw):
        msg = f"invalid method {method[:60]!r}: not a token"
        raise LocalProtocolError(msg)
    return raw


def _target_of(extensions: dict[str, Any]) -> bytes:
    target = extensions["target"]
    if not isinstance(target, bytes):
        msg = f"the extension target must be bytes, not {type(target).__name__}"
        raise LocalProtocolError(msg)
    if not is_target(target):
        msg = f"invalid request target {target[:60]!r}: empty, or with a space or control character"
        raise LocalProtocolError(msg)
    return target


def _reason(exc: BaseException | None) -> str:
    """Say what an error of the operating system, or of OpenSSL, means; never nothing."""
    if exc is None:
        return "the connection was closed"
    return str(exc) or getattr(exc, "strerror", None) or type(exc).__name__

"""The exceptions, one tree.

::

    HTTPError                          anything that goes wrong with a request
     |- RequestError                   ... before there is a response
     |   |- TransportError
     |   |   |- TimeoutException       a limit in seconds has passed
     |   |   |   |- ConnectTimeout     nothing was sent; safe to send again
     |   |   |   |- ReadTimeout        sent; the server may have acted on it
     |   |   |   |- WriteTimeout       sent in part
     |   |   |   |- PoolTimeout        nothing was sent; safe to send again
     |   |   |- NetworkError
     |   |   |   |- ConnectError       nothing was sent; safe to send again
     |   |   |   |- ReadError          sent; the server may have acted on it
     |   |   |   |- WriteError         sent in part
     |   |   |   |- CloseError
     |   |   |- ProtocolError
     |   |   |   |- LocalProtocolError   we were asked to send what must not be sent; nothing was
     |   |   |   |- RemoteProtocolError  the server broke the protocol; its connection is gone
     |   |   |- ProxyError             the proxy refused or failed
     |   |   |- UnsupportedProtocol    no way to speak this scheme
     |   |- DecodingError              the content is not what its Content-Encoding says
     |   |- TooManyRedirects
     |- HTTPStatusError                raise_for_status() on a response that is not 2xx
    InvalidURL                         not a URL; nothing was sent
    CookieConflict                     several cookies of one name
    StreamError (RuntimeError)         a body used in a way it cannot be used
     |- StreamConsumed, StreamClosed, ResponseNotRead, RequestNotRead

Facts about what happened are attributes: ``request``, ``phase`` (pool, connect, tls, write, read) and, on a timeout,
``limit`` (``timeout.connect`` ... ``timeout.total``).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from arke._message.request import Request
    from arke._message.response import Response


def _rebuild(cls: type[BaseException], args: tuple[Any, ...]) -> Any:
    """Make the exception as its built-in base makes it, past what subclasses require."""
    builtin: Any = next(base for base in cls.__mro__ if base.__module__ == "builtins")
    error = builtin.__new__(cls, *args)
    builtin.__init__(error, *args)
    return error


# Why not Exception's own: it calls cls(*args), and subclasses have required keyword arguments, or none.
def _reduce(self: Any) -> tuple[Any, ...]:
    """Pickle by args and attributes; the latter as state, for they may hold the exception itself."""
    return _rebuild, (type(self), self.args), self.__dict__


class HTTPError(Exception):
    """Base of everything that `raise_for_status` or sending a request may raise.

    >>> try:
    ...     arke.get("https://www.example.com/").raise_for_status()
    ... except arke.HTTPError as exc:
    ...     print(f"HTTP Exception for {exc.request.url} - {exc}")
    """

    # On the class, and so are the facts below, for subclasses whose __init__ does not call ours.
    _request: Request | None = None

    def __init__(self, message: str) -> None:
        """Keep the message; the request is attached by whoever knows it."""
        super().__init__(message)

    @property
    def request(self) -> Request:
        """The request that failed; `RuntimeError` where none is known."""
        if self._request is None:
            msg = "this exception has no request: it was raised outside of one"
            raise RuntimeError(msg)
        return self._request

    @request.setter
    def request(self, request: Request) -> None:
        self._request = request

    __reduce__ = _reduce


class RequestError(HTTPError):
    """Base of everything that goes wrong while a request is being issued."""

    phase: str | None = None
    limit: str | None = None

    def __init__(
        self,
        message: str,
        *,
        request: Request | None = None,
        phase: str | None = None,
        limit: str | None = None,
    ) -> None:
        """Keep the message and the facts."""
        super().__init__(message)
        self._request = request
        self.phase = phase
        self.limit = limit


class TransportError(RequestError):
    """Base of everything that goes wrong at the level of the transport."""


class TimeoutException(TransportError):
    """Base of the timeouts."""


class ConnectTimeout(TimeoutException):
    """Connecting took too long. Nothing was sent."""


class ReadTimeout(TimeoutException):
    """The server sent nothing for too long. It may have acted on the request."""


class WriteTimeout(TimeoutException):
    """The server accepted nothing for too long."""


class PoolTimeout(TimeoutException):
    """No connection became free in time. Nothing was sent."""


class NetworkError(TransportError):
    """Base of the failures of the network."""


class ReadError(NetworkError):
    """Receiving failed. The server may have acted on the request."""


class WriteError(NetworkError):
    """Sending failed."""


class ConnectError(NetworkError):
    """No connection could be made. Nothing was sent."""


class CloseError(NetworkError):
    """Closing a connection failed."""


class ProxyError(TransportError):
    """The proxy refused or failed."""


class UnsupportedProtocol(TransportError):
    """The URL's scheme is none that this client speaks."""


class ProtocolError(TransportError):
    """Base of the breaches of the protocol."""


class LocalProtocolError(ProtocolError):
    """The request cannot be put on the wire as it is. Nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The server broke the protocol. The connection is closed."""


class DecodingError(RequestError):
    """The content is not what its Content-Encoding says, or stops before its end."""


class TooManyRedirects(RequestError):
    """More redirects than `max_redirects`."""


class HTTPStatusError(HTTPError):
    """The response is not a 2xx one. Raised by `response.raise_for_status()`."""

    def __init__(self, message: str, *, request: Request, response: Response) -> None:
        """Keep the message, the request and the response."""
        super().__init__(message)
        self._request = request
        self.response = response


class InvalidURL(Exception):
    """The URL is not one, or one that must not be used. Nothing was sent."""

    def __init__(self, message: str) -> None:
        """Keep the message."""
        super().__init__(message)

    __reduce__ = _reduce


class CookieConflict(Exception):
    """Several cookies have this name; say the domain or path to tell them apart."""

    def __init__(self, message: str) -> None:
        """Keep the message."""
        super().__init__(message)

    __reduce__ = _reduce


class StreamError(RuntimeError):
    """Base of the errors of using a body in a way it cannot be used."""

    def __init__(self, message: str) -> None:
        """Keep the message."""
        super().__init__(message)

    __reduce__ = _reduce


class _FixedStreamError(StreamError):
    """One whose message never varies."""

    message = ""

    def __init__(self) -> None:
        """Say what happened and what to do."""
        super().__init__(self.message)


class StreamConsumed(_FixedStreamError):
    """The body was read before, and cannot be read twice."""

    message = (
        "the body was iterated before and cannot be had a second time; a request's generator is used up by its first "
        "sending, so give bytes or a seekable file where a redirect or an authentication step may send it again, and "
        "use `read()` on a response whose content is needed more than once"
    )


class StreamClosed(_FixedStreamError):
    """The body was closed before it was read."""

    message = "the body was closed before it was read"


class ResponseNotRead(_FixedStreamError):
    """A streamed response has no content until `read()`."""

    message = "the response is streamed and has no content yet: call `read()` or `await aread()` first"


class RequestNotRead(_FixedStreamError):
    """A streamed request has no content until `read()`."""

    message = "the request's body is streamed and has no content yet: call `read()` or `await aread()` first"


@contextmanager
def request_context(request: Request | None = None) -> Generator[None]:
    """Attach the request to whatever `RequestError` leaves the block."""
    try:
        yield
    except RequestError as exc:
        if request is not None:
            exc.request = request
        raise

"""The content of a response and the connection it comes from: what is the same in every world.

The subclasses wait, each in its own way. What becomes of the connection is decided here: it goes back to the pool as
soon as the content has ended, and is closed when the body is closed before that, or dropped.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from arke._message.response import Response
from arke._values.errors import RequestError
from arke._values.headers import Headers

if TYPE_CHECKING:
    from arke._policy.call import Call
    from arke._wire.events import Head
    from arke._wire.h1 import Http1


class Connected(Protocol):
    """A connection, as far as a body knows it."""

    engine: Http1
    network_stream: Any


C = TypeVar("C", bound=Connected)
C_contra = TypeVar("C_contra", bound=Connected, contravariant=True)


class Keeper(Protocol[C_contra]):
    """A driver, as far as a body knows it."""

    def give_back(self, connection: C_contra) -> None:
        """Return a connection to the pool, or close it when it can carry nothing more."""

    def adopt(self, connection: C_contra) -> None:
        """Take a connection from a finalizer, which may run anywhere."""


class ConnectionBody(Generic[C]):
    """Content that is read from its connection as it is asked for."""

    def __init__(self, driver: Keeper[C], call: Call, connection: C) -> None:
        """Begin behind the response's head."""
        self._driver = driver
        self._call = call
        # None once the connection has been given back.
        self._connection: C | None = connection
        # Those of the response, shown the trailers at the end. Set by `respond`.
        self.extensions: dict[str, Any] = {}

    def hurry(self, seconds: float) -> None:
        """Give the rest of the content so long and no longer."""
        self._call.hurry(monotonic() + seconds)

    def _end(self, connection: C) -> None:
        """Take the end of the content."""
        _show_trailers(connection.engine, self.extensions)
        if not connection.engine.is_tunnel:
            self._give_back()

    def _fail(self, exc: BaseException) -> None:
        """Take that reading failed, or was cancelled."""
        self._give_back()
        if isinstance(exc, RequestError) and exc._request is None:
            exc.request = self._call.request

    def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._driver.give_back(connection)

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            self._driver.adopt(connection)


def respond(
    driver: Keeper[C], call: Call, connection: C, head: Head, whole: type[Any], streamed: type[ConnectionBody[C]]
) -> Response:
    """Make the `Response` whose head has come, with a body of one of the two classes.

    Content that has come whole already needs the connection no more, which is given back at once.
    """
    engine = connection.engine
    is_whole = engine.is_complete and not engine.is_tunnel
    stream: Any = whole(engine.next_data() or b"") if is_whole else streamed(driver, call, connection)
    response = Response._from_wire(
        head.status,
        head.fields,
        stream,
        {"http_version": head.version, "reason_phrase": head.reason, "network_stream": connection.network_stream},
    )
    if is_whole:
        _show_trailers(engine, response.extensions)
        driver.give_back(connection)
    else:
        stream.extensions = response.extensions
    return response


def _show_trailers(engine: Http1, extensions: dict[str, Any]) -> None:
    trailers = engine.trailers
    if trailers is not None and trailers.items:
        extensions["trailers"] = Headers._from_fields(trailers)

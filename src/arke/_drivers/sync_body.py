"""Content on its way out and in, for the blocking driver."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from arke._policy.call import max_unread_bytes
from arke._values.errors import TransportError, WriteError
from arke._values.types import SyncByteStream

from .body import ConnectionBody
from .ports import parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from arke._policy.call import Call

    from .sync_connection import SyncConnection


def send_content(call: Call, connection: SyncConnection) -> None:
    """Send the content that did not go with the head, until it ends or the server answers.

    "A client that has not finished sending [and] receives a final response ... SHOULD cease" (RFC 9112 9.6): an early
    answer is delivered; the connection is then not reused, as the engine knows that the request was not sent whole.
    """
    if not _await_continue(call, connection):
        return
    engine = connection.engine
    for piece in _pieces(call):
        for part in parts(piece):
            if not _push(engine.encode_data(part), call, connection):
                return
    _push(engine.encode_end(), call, connection)


def _pieces(call: Call) -> Iterable[bytes]:
    if call.content is not None:
        return (call.content,)
    if not isinstance(call.stream, SyncByteStream) and not hasattr(call.stream, "__iter__"):
        msg = "the request's content is asynchronous; send it with AsyncClient, not with Client"
        raise RuntimeError(msg)
    stream: Iterable[bytes] = call.stream
    return stream


def _await_continue(call: Call, connection: SyncConnection) -> bool:
    """Wait for ``100 Continue`` where the request asks for it; return whether to send the content."""
    engine = connection.engine
    until = call.expect_until(monotonic())
    while not engine.may_send_content and engine.head is None:
        if not connection.wait_readable(max(until - monotonic(), 0)):
            return True
        connection.receive(call)
        engine.next_head()
    return engine.head is None


def _push(data: bytes | memoryview, call: Call, connection: SyncConnection) -> bool:
    """Send a piece while listening; return whether to go on."""
    # Whoever makes the content may be slow, and the server fast: then nothing below ever waits.
    call.check_deadline("write", monotonic())
    engine = connection.engine
    view = memoryview(connection.encrypt(data, call) if data else data)
    while view:
        listens = engine.unread < max_unread_bytes
        if listens and connection.wait_readable(0) and not _is_wanted(call, connection):
            return False
        try:
            view = view[connection.write_some(view, call, listens=listens) :]
        except WriteError:
            # The server stopped listening; it may have said why.
            if not _has_answer(call, connection):
                raise
            return False
    return True


def _is_wanted(call: Call, connection: SyncConnection) -> bool:
    """Take what came while sending; return whether the server still wants the content."""
    connection.receive(call, is_sending=True)
    connection.engine.next_head()
    return connection.engine.wants_content


def _has_answer(call: Call, connection: SyncConnection) -> bool:
    """Take what came before the connection broke; return whether it is the head of a response."""
    try:
        while connection.engine.next_head() is None:
            connection.receive(call)
    except TransportError:
        return False
    return True


class SyncBody(ConnectionBody["SyncConnection"], SyncByteStream):
    """The content of a response, read from its connection as it is asked for."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the content as it comes."""
        while (piece := self._next_piece()) is not None:
            yield piece

    def read_all(self) -> bytes:
        """Return the content to its end."""
        pieces = []
        while (piece := self._next_piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    def _next_piece(self) -> bytes | None:
        connection = self._connection
        if connection is None:
            return None
        try:
            while True:
                data = connection.engine.next_data()
                if data:
                    return data
                if data is None:
                    self._end(connection)
                    return None
                connection.receive(self._call)
        except BaseException as exc:
            self._fail(exc)
            raise

    def close(self) -> None:
        """Give the connection back; closed, unless the content had ended."""
        self._give_back()

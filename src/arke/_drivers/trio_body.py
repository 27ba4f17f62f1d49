"""Content on its way out and in, for the trio driver."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import trio

from arke._policy.call import max_unread_bytes
from arke._values.errors import TransportError, WriteError
from arke._values.types import AsyncByteStream

from .body import ConnectionBody
from .ports import hand_over_content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from arke._policy.call import Call

    from .trio_connection import TrioConnection


async def send_content(call: Call, connection: TrioConnection) -> None:
    """Send the content that did not go with the head, until it ends or the server answers.

    See the blocking driver's twin for the rule.
    """
    if not await _await_continue(call, connection):
        return
    engine = connection.engine

    async def push(part: bytes | memoryview) -> bool:
        return await _push(engine.encode_data(part), call, connection)

    if await hand_over_content(call, push):
        await _push(engine.encode_end(), call, connection)


async def _await_continue(call: Call, connection: TrioConnection) -> bool:
    """Wait for ``100 Continue`` where the request asks for it; return whether to send the content."""
    engine = connection.engine
    now = monotonic()
    with trio.move_on_after(max(call.expect_until(now) - now, 0.0)):
        while not engine.may_send_content and engine.head is None:
            await connection.receive(call)
            engine.next_head()
    return engine.head is None


async def _push(data: bytes | memoryview, call: Call, connection: TrioConnection) -> bool:
    """Send a piece while listening; return whether to go on."""
    # Whoever makes the content may be slow, and the server fast: then nothing below ever waits.
    call.check_deadline("write", monotonic())
    engine = connection.engine
    view = memoryview(connection.encrypt(data, call) if data else data)
    while view:
        listens = engine.unread < max_unread_bytes
        if listens and connection.is_readable() and not await _is_wanted(call, connection):
            return False
        try:
            view = view[await connection.write_some(view, call, listens=listens) :]
        except WriteError:
            # The server stopped listening; it may have said why.
            if not await _has_answer(call, connection):
                raise
            return False
    await trio.lowlevel.checkpoint()
    return True


async def _is_wanted(call: Call, connection: TrioConnection) -> bool:
    """Take what came while sending; return whether the server still wants the content."""
    await connection.receive(call, is_sending=True)
    connection.engine.next_head()
    return connection.engine.wants_content


async def _has_answer(call: Call, connection: TrioConnection) -> bool:
    """Take what came before the connection broke; return whether it is the head of a response."""
    try:
        with trio.CancelScope() as scope:
            while connection.engine.next_head() is None:
                connection.renew(scope, call)
                await connection.receive(call)
    except TransportError:
        return False
    return not scope.cancelled_caught


class TrioBody(ConnectionBody["TrioConnection"], AsyncByteStream):
    """The content of a response, read from its connection as it is asked for."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the content as it comes."""
        while (piece := await self._next_piece()) is not None:
            yield piece

    async def aread_all(self) -> bytes:
        """Return the content to its end."""
        pieces = []
        while (piece := await self._next_piece()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def _next_piece(self) -> bytes | None:
        connection = self._connection
        if connection is None:
            return None
        try:
            data = connection.engine.next_data() or await self._receive(connection)
        except BaseException as exc:
            self._fail(exc)
            raise
        if data is None:
            self._end(connection)
        return data

    async def _receive(self, connection: TrioConnection) -> bytes | None:
        call = self._call
        with trio.CancelScope() as scope:
            while True:
                data = connection.engine.next_data()
                if data is None or data:
                    return data
                connection.renew(scope, call)
                await connection.receive(call)
        raise call.timed_out("read", monotonic())

    async def aclose(self) -> None:
        """Give the connection back; closed, unless the content had ended."""
        self._give_back()

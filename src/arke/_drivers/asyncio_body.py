"""Content on its way out and in, for the asyncio driver."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from arke._values.types import AsyncByteStream

from .asyncio_connection import CONTINUE, DATA, END
from .body import ConnectionBody
from .ports import hand_over_content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from arke._policy.call import Call

    from .asyncio_connection import AsyncioConnection


async def send_content(call: Call, connection: AsyncioConnection) -> None:
    """Send the content that did not go with the head, until it ends or the server answers.

    See the blocking driver's twin for the rule.
    """
    engine = connection.engine
    if not engine.may_send_content:
        await connection.wait_until(CONTINUE, call.expect_until(monotonic()))
    if engine.head is not None:
        return

    async def push(part: bytes | memoryview) -> bool:
        # Whoever makes the content may be slow, and the server fast: then nothing below ever waits.
        call.check_deadline("write", monotonic())
        connection.write(engine.encode_data(part), call)
        return await connection.drain(call)

    if await hand_over_content(call, push):
        connection.write(engine.encode_end(), call)
        await connection.drain(call)
    elif engine.head is None and not engine.has_failed:
        raise call.write_failed(connection.failure())


class AsyncioBody(ConnectionBody["AsyncioConnection"], AsyncByteStream):
    """The content of a response, read from its connection as it is asked for."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the content as it comes."""
        while (piece := await self._next_piece(DATA)) is not None:
            yield piece

    async def aread_all(self) -> bytes:
        """Return the content to its end."""
        pieces = []
        while (piece := await self._next_piece(END)) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def _next_piece(self, want: int) -> bytes | None:
        connection = self._connection
        if connection is None:
            return None
        try:
            await connection.wait(want, self._call)
            data = connection.engine.next_data()
        except BaseException as exc:
            self._fail(exc)
            raise
        if data is None:
            self._end(connection)
        elif not data:
            self._give_back()
            raise self._call.read_failed(connection.failure())
        return data

    async def aclose(self) -> None:
        """Give the connection back; closed, unless the content had ended."""
        self._give_back()

"""A request's content, as the messages that an ASGI application receives."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from arke._message.content import ByteStream

if TYPE_CHECKING:
    from arke._message.request import Request

Message = MutableMapping[str, Any]


class Content:
    """What is left of the content, and whether it came to its end."""

    def __init__(self, request: Request) -> None:
        """Take nothing of it yet: what no application asked for can be sent again."""
        import anyio

        self._stream: Any = request.stream
        # Applications may receive in several tasks at once.
        self._lock = anyio.Lock()
        self._pieces: Any = None
        self.is_over = False
        # What iterating it raised, and whether the rest of it is lost because of that, or of a cancellation.
        self.error: Exception | None = None
        self.is_lost = False

    async def receive(self) -> Message | None:
        """Return the next message, None if there is none."""
        async with self._lock:
            if self.is_over:
                return None
            if type(self._stream) is ByteStream:
                self.is_over = True
                return _content_message(self._stream._stream)
            try:
                return await self._next_message()
            except BaseException as exc:
                self.is_over = self.is_lost = True
                if not isinstance(exc, Exception):
                    raise
                self.error = exc
                return None

    async def _next_message(self) -> Message:
        if self._pieces is None:
            self._pieces = aiter(self._stream)
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            self.is_over = True
            return _content_message(b"")
        if not isinstance(piece, bytes | bytearray | memoryview):
            msg = f"a request's content must yield bytes, not {type(piece).__name__}"
            raise TypeError(msg)
        return _content_message(bytes(piece), more=True)

    async def aclose(self) -> None:
        """Close what is iterated, unless a task that outlived its application does so still."""
        pieces, self._pieces = self._pieces, None
        if hasattr(pieces, "aclose") and not self._lock.locked():
            await pieces.aclose()


def _content_message(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}

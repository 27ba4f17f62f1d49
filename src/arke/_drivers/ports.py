"""What a driver owes to the floors above it.

A driver carries one `Request` to a server and brings the `Response`, whose content may still be on its way. It must

- check the whole request before a byte is sent, and then raise nothing but the family of `RequestError`;
- keep the limits of the request's timeouts, each with its own exception;
- give every connection back to the pool, or close it, on every way out, cancellation included;
- send a request again only where `Call.may_send_again` allows it.

It must not decide anything that the engine, the pool or `Call` can decide.

After cancellation at any point the connection in use is closed, the place in line is left, and the pool is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from arke._policy.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._policy.call import Call
    from arke._wire.h1 import Http1


class SyncDriver(Protocol):
    """A driver for code that blocks."""

    def send(self, request: Request) -> Response:
        """Send a request; return its response, whose content is read through `response.stream`."""
        ...

    def close(self) -> None:
        """Close every connection."""


class AsyncDriver(Protocol):
    """A driver for code that awaits, for one event loop."""

    async def send(self, request: Request) -> Response:
        """Send a request; return its response, whose content is read through `response.stream`."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""

    def drop(self) -> None:
        """Let go of every connection of a loop that is closed."""


_PART_SIZE = 256 * 1024


def parts(piece: Any) -> Iterable[bytes | memoryview]:
    """Cut a piece of content into what is framed, encrypted and written at once.

    Else 100 MB given as one would be there three times over. Raises `TypeError` for a piece that is not bytes.
    """
    if not isinstance(piece, bytes | bytearray | memoryview):
        msg = f"a request's content must yield bytes, not {type(piece).__name__}"
        raise TypeError(msg)
    view = memoryview(piece).cast("B")
    if view.nbytes <= _PART_SIZE:
        return (bytes(piece),)
    cut = (view[start : start + _PART_SIZE] for start in range(0, view.nbytes, _PART_SIZE))
    # A loop may keep what the kernel does not take at once, and the caller fill its buffer anew meanwhile.
    return cut if isinstance(piece, bytes) else map(bytes, cut)


async def hand_over_content(call: Call, push: Callable[[bytes | memoryview], Awaitable[bool]]) -> bool:
    """Give a request's content to `push`, piece by piece, until that returns False; return whether all was given.

    Raises `RuntimeError` for content that only blocking code can iterate.
    """
    if call.content is not None:
        return await _push_parts(call.content, push)
    if not hasattr(call.stream, "__aiter__"):
        msg = "the request's content can only be iterated by blocking code; send it with Client, not with AsyncClient"
        raise RuntimeError(msg)
    pieces = aiter(call.stream)
    try:
        async for piece in pieces:
            if not await _push_parts(piece, push):
                return False
    finally:
        # A generator that is left to the garbage collector is closed who knows when, and in trio not without a warning.
        if hasattr(pieces, "aclose"):
            await pieces.aclose()
    return True


async def _push_parts(piece: bytes, push: Callable[[bytes | memoryview], Awaitable[bool]]) -> bool:
    for part in parts(piece):
        if not await push(part):
            return False
    return True


def reason_of(engine: Http1) -> Closing:
    """Say why a connection that is given back is closed: its exchange came to an end, or it did not."""
    return Closing.ENDED if engine.is_complete else Closing.FAILED

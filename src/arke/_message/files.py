"""Files as content: whether they are fit for it, how much there is of them, their pieces."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = [
    "PIECE_SIZE",
    "ReadableFile",
    "apieces",
    "check_fitness",
    "is_file",
    "length_from",
    "pieces",
    "position_of",
]

PIECE_SIZE = 65_536


class ReadableFile(Protocol):
    """All that content must have to be sent as a file; `seek` and `tell` are used where they work."""

    def read(self, size: int = ..., /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        ...


def is_file(content: object) -> TypeGuard[ReadableFile]:
    """Tell what is read by `read()` from what is iterated."""
    return hasattr(content, "read") and not hasattr(content, "__aiter__")


def check_fitness(file: object) -> None:
    """Raise `TypeError` for a file in text mode, `ValueError` for a closed one."""
    if isinstance(file, io.TextIOBase) or isinstance(getattr(file, "encoding", None), str):
        name = _name(file)
        msg = f"{name} is in text mode and files are sent as bytes: open it in binary mode, or use io.BytesIO"
        raise TypeError(msg)
    if getattr(file, "closed", False) is True:
        msg = f"the file {_name(file)} is closed and cannot be sent"
        raise ValueError(msg)


def _name(file: object) -> str:
    return repr(getattr(file, "name", type(file).__name__))


def position_of(file: Any) -> int | None:
    """Return where the file stands, or None if it cannot be brought back there."""
    try:
        position: int = file.tell()
        file.seek(position)
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    return position


def length_from(file: Any, position: int | None) -> int | None:
    """Return how many bytes there are from `position` to the end, or None if that is not known.

    The file is left at `position`. Why not by fstat: it speaks of the descriptor, which for a gzip file, say,
    is not what `read` gives.
    """
    if position is None:
        return None
    try:
        end: int = file.seek(0, io.SEEK_END)
        if end is None:
            end = file.tell()
        file.seek(position)
        # The system's own files (/proc) are as long as they say only when they say more than nothing.
        if end <= position and file.read(1):
            file.seek(position)
            return None
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    return max(end - position, 0)


def pieces(file: ReadableFile) -> Iterator[bytes]:
    """Yield the rest of the file."""
    while piece := file.read(PIECE_SIZE):
        yield piece


async def apieces(file: ReadableFile) -> AsyncIterator[bytes]:
    """Yield the rest of the file, read in a worker thread unless it is in memory."""
    if isinstance(file, io.BytesIO):
        for piece in pieces(file):
            yield piece
        return
    from anyio.to_thread import run_sync

    while piece := await run_sync(file.read, PIECE_SIZE):
        yield piece

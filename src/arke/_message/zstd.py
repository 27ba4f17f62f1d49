"""The content coding `zstd`, by the standard library, the package backports.zstd or the package zstandard.

RFC 8878 3: "Zstandard compressed data is made up of one or more frames"; a decompressor does one frame.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from .coding import MAX_PIECE, invalid, slices, truncated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ZstdDecoder", "is_available"]

# RFC 9659 limits Window_Size to 8 MB for this content coding. More is refused, as browsers do: the decoder
# has to hold that much, and a frame may ask for gigabytes.
_WINDOW_LOG = 23

# zstandard gives at once whatever its input decodes to. RFC 8878 3.1.1.2: a block decodes to 128 KiB at most,
# and a block that decodes to anything has a header of 3 bytes and content of at least 1. So no more than 7
# blocks end within 28 bytes, one begun before included: less than MAX_PIECE. The price is twice the time.
_PACE = 28


class _Frame(Protocol):
    """A frame that is being decoded."""

    @property
    def eof(self) -> bool:
        """Whether the frame came to its end."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What followed the end."""
        ...

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to."""
        ...


class ZstdDecoder:
    """Undoes `zstd`: one frame or several in a row. What follows that is no frame is an error."""

    __slots__ = ("_error", "_frame", "_new_frame")

    def __init__(self) -> None:
        """Begin before the first frame."""
        self._new_frame, self._error = _library(_found())
        self._frame: _Frame | None = None

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield what `data` decodes to."""
        try:
            for part in slices(data):
                yield from self._decoded(part)
        except self._error as exc:
            raise invalid("zstd", exc) from exc

    def flush(self) -> Iterator[bytes]:
        """Yield nothing; raise for a frame without an end."""
        if self._frame is not None:
            raise truncated("zstd")
        return iter(())

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        while data:
            frame = self._frame or self._new_frame()
            self._frame = frame
            yield from frame.pieces(data)
            if not frame.eof:
                return
            data = frame.unused_data
            self._frame = None


class _BoundedFrame:
    """A frame by the standard library, which bounds the output itself."""

    __slots__ = ("_decompressor",)

    def __init__(self, decompressor: Any) -> None:
        self._decompressor = decompressor

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.eof)

    @property
    def unused_data(self) -> bytes:
        rest: bytes = self._decompressor.unused_data
        return rest

    def pieces(self, data: bytes) -> Iterator[bytes]:
        decompressor = self._decompressor
        while True:
            piece: bytes = decompressor.decompress(data, MAX_PIECE)
            if piece:
                yield piece
            if decompressor.eof or (decompressor.needs_input and len(piece) < MAX_PIECE):
                return
            data = b""


class _PacedFrame:
    """A frame by zstandard, which bounds nothing: it is fed so little that not much can come out."""

    __slots__ = ("_decompressor", "unused_data")

    def __init__(self, decompressor: Any) -> None:
        self._decompressor = decompressor
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.eof)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        held: list[bytes] = []
        size = 0
        for piece in self._steps(data):
            if size + len(piece) > MAX_PIECE:
                yield b"".join(held)
                held.clear()
                size = 0
            held.append(piece)
            size += len(piece)
        if size:
            yield b"".join(held)

    def _steps(self, data: bytes) -> Iterator[bytes]:
        decompressor = self._decompressor
        for start in range(0, len(data), _PACE):
            yield decompressor.decompress(data[start : start + _PACE])
            if decompressor.eof:
                self.unused_data = decompressor.unused_data + data[start + _PACE :]
                return


def is_available() -> bool:
    """Tell whether there is a library, without the cost of importing it."""
    return _found() is not None


@cache
def _found() -> str | None:
    import sys
    from importlib.util import find_spec

    if sys.version_info >= (3, 14) and find_spec("_zstd") is not None:
        return "compression.zstd"
    for name in ("backports.zstd", "zstandard"):
        try:
            spec = find_spec(name)
        except ImportError:
            continue
        if spec is not None:
            return name
    return None


@cache
def _library(name: str | None) -> tuple[Callable[[], _Frame], type[Exception]]:
    """Return what begins a frame, and the error of the library."""
    from importlib import import_module

    if name is None:
        msg = "no zstd is installed (pip install arke[zstd])"
        raise ImportError(msg)
    library: Any = import_module(name)
    if name == "zstandard":
        context = library.ZstdDecompressor(max_window_size=1 << _WINDOW_LOG)
        return lambda: _PacedFrame(context.decompressobj(write_size=8192)), library.ZstdError
    options = {library.DecompressionParameter.window_log_max: _WINDOW_LOG}
    return lambda: _BoundedFrame(library.ZstdDecompressor(options=options)), library.ZstdError

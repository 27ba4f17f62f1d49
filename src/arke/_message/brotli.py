"""The content coding `br`, by the package brotli or brotlicffi."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .coding import MAX_PIECE, invalid, slices, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["BrotliDecoder", "is_available"]

# The library stops growing its buffer once it is as long as this; by then it may have almost doubled.
_LIMIT = MAX_PIECE // 2


class BrotliDecoder:
    """Undoes `br`. What follows the end is an error: the library cannot tell where the end was."""

    __slots__ = ("_decompressor", "_error")

    def __init__(self) -> None:
        """Begin before the first byte."""
        self._decompressor: Any = None
        self._error: type[Exception] = _library().error

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield what `data` decodes to."""
        if data and self._decompressor is None:
            self._decompressor = _library().Decompressor()
        for part in slices(data):
            yield from self._decoded(part)

    def flush(self) -> Iterator[bytes]:
        """Yield nothing; raise for a stream without an end."""
        if self._decompressor is not None and not self._decompressor.is_finished():
            raise truncated("br")
        return iter(())

    def _decoded(self, data: bytes) -> Iterator[bytes]:
        decompressor = self._decompressor
        while True:
            try:
                piece: bytes = decompressor.process(data, output_buffer_limit=_LIMIT)
            except self._error as exc:
                raise invalid("br", exc) from exc
            if piece:
                yield piece
            # Why not can_accept_more_data() alone: it is true with output left when the input was used up.
            if len(piece) < _LIMIT and decompressor.can_accept_more_data():
                return
            data = b""


def is_available() -> bool:
    """Tell whether there is a library that bounds what one step decodes, as brotli does since 1.2."""
    return _found() is not None


def _library() -> ModuleType:
    library = _found()
    if library is None:
        msg = "neither brotli nor brotlicffi, 1.2 or later, is installed (pip install arke[brotli])"
        raise ImportError(msg)
    return library


@cache
def _found() -> ModuleType | None:
    from importlib import import_module

    for name in ("brotli", "brotlicffi"):
        try:
            library = import_module(name)
        except ImportError:
            continue
        if hasattr(library.Decompressor, "can_accept_more_data"):
            return library
    return None

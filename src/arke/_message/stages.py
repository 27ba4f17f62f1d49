"""What happens to a body between the stream and its reader, one stage after another.

::

    stream -> raw bytes -> [content codings] -> bytes -> [charset] -> text -> [lines]
                   |                              |                    |
              raw chunks                     byte chunks          text chunks

A stage is fed pieces and gives none, one or many for each; `flush` gives what it held back. Stages never
wait, so that one and the same pipeline serves both a `for` and an `async for` over the stream. What a
pipeline gives is lazy: a piece that decodes to very much is decoded only as far as its reader has come.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .coding import slices
from .decoders import make_decoder
from .encoding import ByteChunker, LineDecoder, TextChunker, TextDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Stage", "bytes_stage", "decoded", "lines_stage", "raw_stage", "replayed", "text_stage"]

_In_contra = TypeVar("_In_contra", contravariant=True)
_Out_co = TypeVar("_Out_co", covariant=True)
_T = TypeVar("_T")


class Stage(Protocol[_In_contra, _Out_co]):
    """Something that turns pieces into other pieces."""

    def decode(self, data: _In_contra, /) -> Iterable[_Out_co]:
        """Return what `data` completes."""
        ...

    def flush(self) -> Iterable[_Out_co]:
        """Return what was held back; nothing is fed any more."""
        ...


class Pipeline(Stage[bytes, _T]):
    """Stages in a row, each fed with what the one before it gives."""

    def __init__(self, *stages: Stage[Any, Any]) -> None:
        """Let the pieces pass through `stages` in this order."""
        self._stages = stages

    def decode(self, data: bytes, /) -> Iterable[_T]:
        """Return, lazily, what comes out at the end for `data`."""
        return _passed((data,), self._stages)

    def flush(self) -> Iterator[_T]:
        """Yield what the stages held back, the first stage's first."""
        for position, stage in enumerate(self._stages, 1):
            yield from _passed(stage.flush(), self._stages[position:])


def _passed(pieces: Iterable[Any], stages: Iterable[Stage[Any, Any]]) -> Iterable[Any]:
    for stage in stages:
        pieces = chain.from_iterable(map(stage.decode, pieces))
    return pieces


class _Charset:
    """The incremental text decoder, which gives exactly one str for each piece, as a stage."""

    def __init__(self, encoding: str) -> None:
        self._decoder = TextDecoder(encoding)

    def decode(self, data: bytes, /) -> tuple[str]:
        return (self._decoder.decode(data),)

    def flush(self) -> tuple[str]:
        return (self._decoder.flush(),)


def raw_stage(chunk_size: int | None) -> Stage[bytes, bytes]:
    """Return the stage that only cuts the raw bytes into chunks."""
    return ByteChunker(chunk_size)


def bytes_stage(codings: list[str], chunk_size: int | None) -> Stage[bytes, bytes]:
    """Return the stage that undoes `codings`."""
    if not codings:
        return ByteChunker(chunk_size)
    return Pipeline(make_decoder(codings), ByteChunker(chunk_size))


def text_stage(codings: list[str], encoding: str, chunk_size: int | None) -> Stage[bytes, str]:
    """Return the stage that undoes `codings` and reads the bytes as text."""
    return Pipeline(*_decoders(codings), _Charset(encoding), TextChunker(chunk_size))


def lines_stage(codings: list[str], encoding: str) -> Stage[bytes, str]:
    """Return the stage that undoes `codings` and gives the text line by line."""
    return Pipeline(*_decoders(codings), _Charset(encoding), LineDecoder())


def _decoders(codings: list[str]) -> tuple[Stage[bytes, bytes], ...]:
    return (make_decoder(codings),) if codings else ()


def decoded(raw: bytes, codings: list[str]) -> bytes:
    """Return the whole of a body whose raw bytes are all there."""
    decoder = make_decoder(codings)
    return b"".join([*decoder.decode(raw), *decoder.flush()])


def replayed(content: bytes, stage: Stage[bytes, _T], *, whole: bool = True) -> Iterator[_T]:
    """Yield what `stage` makes of a body that is in memory, fed `whole` or in slices as from a stream."""
    for piece in (content,) if whole else slices(content):
        yield from stage.decode(piece)
    yield from stage.flush()

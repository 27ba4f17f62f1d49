"""Content codings: which there are, and the decoder for those that a response names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from arke._values.errors import DecodingError

from .brotli import BrotliDecoder
from .brotli import is_available as has_brotli
from .coding import MAX_PIECE, Decoder
from .inflate import DeflateDecoder, GzipDecoder
from .zstd import ZstdDecoder
from .zstd import is_available as has_zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "MAX_CODINGS",
    "MAX_PIECE",
    "Decoder",
    "IdentityDecoder",
    "StackedDecoder",
    "accept_encoding",
    "make_decoder",
    "supported_codings",
]

# A chain of codings multiplies the work: each may blow up what the one before it gave.
MAX_CODINGS = 5


class IdentityDecoder:
    """Gives what it gets."""

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield `data`."""
        if data:
            yield data

    def flush(self) -> Iterator[bytes]:
        """Yield nothing."""
        return iter(())


class StackedDecoder:
    """Undoes several codings, each fed lazily with what the one before it gives."""

    def __init__(self, decoders: Iterable[Decoder]) -> None:
        """Take the decoders in the order of their use: the coding applied last comes first."""
        self._decoders = tuple(decoders)

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield what `data` decodes to."""
        return _through(self._decoders, iter((data,)))

    def flush(self) -> Iterator[bytes]:
        """Yield what the decoders held back; raise if one of the streams has no end."""
        for position, decoder in enumerate(self._decoders, 1):
            yield from _through(self._decoders[position:], decoder.flush())


def _through(decoders: Iterable[Decoder], pieces: Iterator[bytes]) -> Iterator[bytes]:
    for decoder in decoders:
        pieces = _each(decoder, pieces)
    return pieces


def _each(decoder: Decoder, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from decoder.decode(piece)


@cache
def _codings() -> dict[str, Callable[[], Decoder]]:
    codings: dict[str, Callable[[], Decoder]] = {"gzip": GzipDecoder, "deflate": DeflateDecoder}
    if has_brotli():
        codings["br"] = BrotliDecoder
    if has_zstd():
        codings["zstd"] = ZstdDecoder
    return codings


def supported_codings() -> tuple[str, ...]:
    """Return the names of the codings that can be undone, in the order in which they are advertised."""
    return tuple(_codings())


def accept_encoding() -> str:
    """Return the value of Accept-Encoding that advertises them."""
    return ", ".join(_codings())


def make_decoder(codings: list[str]) -> Decoder:
    """Return a decoder for content to which `codings` were applied in this order.

    A coding that is unknown, or whose library is absent, is left as it is. Raises `DecodingError` for more
    codings than `MAX_CODINGS`.
    """
    known = _codings()
    decoders: list[Decoder] = []
    for name in reversed(codings):
        coding = name.strip().lower()
        # RFC 9110 8.4.1.3: "A recipient SHOULD consider 'x-gzip' to be equivalent to 'gzip'."
        new_decoder = known.get("gzip" if coding == "x-gzip" else coding)
        if new_decoder is not None:
            if len(decoders) == MAX_CODINGS:
                msg = f"the content has more than {MAX_CODINGS} codings: {', '.join(codings)[:200]}"
                raise DecodingError(msg, limit="MAX_CODINGS")
            decoders.append(new_decoder())
    if len(decoders) == 1:
        return decoders[0]
    return StackedDecoder(decoders) if decoders else IdentityDecoder()

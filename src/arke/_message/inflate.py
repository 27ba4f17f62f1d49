"""The content codings of zlib: `gzip` and `deflate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .coding import MAX_PIECE, invalid, slices, truncated

if TYPE_CHECKING:
    import zlib
    from collections.abc import Iterator

__all__ = ["DeflateDecoder", "GzipDecoder"]

_WBITS_GZIP = 31
_WBITS_ZLIB = 15
_WBITS_RAW = -15

_GZIP_MAGIC = b"\x1f\x8b"


class GzipDecoder:
    """Undoes `gzip`: one member or several in a row.

    RFC 1952 2.2: "A gzip file consists of a series of 'members' (compressed data sets)." Zeros after a member
    are padding. Anything else that does not begin like a member is ignored with all that follows, as browsers
    and gzip(1) do: there are servers that append such bytes, and the content has passed its checksum.
    """

    __slots__ = ("_head", "_inflater", "_is_done", "_is_later")

    def __init__(self) -> None:
        """Begin before the first member."""
        self._inflater: zlib._Decompress | None = None
        self._is_later = False
        self._is_done = False
        # The first byte of what may be the next member, until the second tells.
        self._head = b""

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield what `data` decodes to."""
        for part in slices(data):
            rest = part
            while rest := self._members(rest):
                inflater = self._inflater or _new_inflater(_WBITS_GZIP)
                self._inflater = inflater
                yield from _inflated(inflater, rest, "gzip")
                if not inflater.eof:
                    break
                rest = inflater.unused_data
                self._inflater = None
                self._is_later = True

    def flush(self) -> Iterator[bytes]:
        """Yield nothing; raise for a member without an end."""
        if self._inflater is not None:
            raise truncated("gzip")
        return iter(())

    def _members(self, data: bytes) -> bytes:
        """Return the part of `data` that belongs to members."""
        if self._inflater is not None or not self._is_later:
            return data
        if self._is_done:
            return b""
        data = self._head + data if self._head else data.lstrip(b"\0")
        self._head = b""
        if data == _GZIP_MAGIC[:1]:
            self._head = data
            return b""
        if data and not data.startswith(_GZIP_MAGIC):
            self._is_done = True
            return b""
        return data


class DeflateDecoder:
    """Undoes `deflate`, in the zlib format or without it. What follows the end is ignored.

    RFC 9110 8.4.1.2: "Some non-conformant implementations send the 'deflate' compressed data without the zlib
    wrapper."
    """

    __slots__ = ("_head", "_inflater")

    def __init__(self) -> None:
        """Begin without knowing the format, which the first two bytes tell."""
        self._inflater: zlib._Decompress | None = None
        self._head = b""

    def decode(self, data: bytes, /) -> Iterator[bytes]:
        """Yield what `data` decodes to."""
        if self._inflater is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return
            self._inflater = _new_inflater(_WBITS_ZLIB if _has_zlib_header(data) else _WBITS_RAW)
            self._head = b""
        for part in slices(data):
            if self._inflater.eof:
                return
            yield from _inflated(self._inflater, part, "deflate")

    def flush(self) -> Iterator[bytes]:
        """Yield nothing; raise for a stream without an end."""
        if self._head or (self._inflater is not None and not self._inflater.eof):
            raise truncated("deflate")
        return iter(())


def _has_zlib_header(data: bytes) -> bool:
    """Tell the zlib format by its header, which no encoder's raw stream begins with.

    RFC 1950 2.2: "CM = 8 denotes the 'deflate' compression method with a window size up to 32K"; "CMF and
    FLG, when viewed as a 16-bit unsigned integer stored in MSB order (CMF*256 + FLG), is a multiple of 31".
    """
    return data[0] & 0x0F == 8 and data[0] >> 4 <= 7 and int.from_bytes(data[:2], "big") % 31 == 0


def _new_inflater(wbits: int) -> zlib._Decompress:
    import zlib

    return zlib.decompressobj(wbits)


def _inflated(inflater: zlib._Decompress, data: bytes, coding: str) -> Iterator[bytes]:
    import zlib

    while True:
        try:
            piece = inflater.decompress(data, MAX_PIECE)
        except zlib.error as exc:
            raise invalid(coding, exc) from exc
        if piece:
            yield piece
        data = inflater.unconsumed_tail
        # Why not stop when the tail is empty: a full piece may leave output inside zlib without any input.
        if inflater.eof or (not data and len(piece) < MAX_PIECE):
            return

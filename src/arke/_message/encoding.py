"""Bytes to text, in pieces: charset, lines, chunks; and text to bytes."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, AnyStr, Generic

from arke._values.errors import LocalProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ByteChunker",
    "LineDecoder",
    "TextChunker",
    "TextDecoder",
    "charset_of",
    "is_known_encoding",
    "utf8",
]

# RFC 9110 5.6.6: parameter = parameter-name "=" parameter-value; parameter-value = ( token / quoted-string ).
# Read leniently: spaces around "=", any value, a first parameter without a media type before it.
_PARAMETER = re.compile(
    r"""(?:^|;)\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))""",
    re.DOTALL,
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
# Real values have tens of characters; a bound keeps hostile ones from costing time.
_MAX_CONTENT_TYPE = 1024

_ENCODING_NAME = re.compile(r"[A-Za-z0-9'][A-Za-z0-9'_.:+ -]{0,62}")
# They are codecs of text to Python, but no charsets; they raise, or warn, for the wrong bytes.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem"})
# Without a byte order mark Python refuses these; browsers take little-endian.
_WITHOUT_MARK = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}

# What str.splitlines splits at. "\r\n" is one.
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def charset_of(content_type: str | None) -> str | None:
    """Return the charset that a Content-Type names, in lower case, or None. Never raises."""
    if not content_type or "charset" not in content_type.lower():
        return None
    return _charset_of(content_type[:_MAX_CONTENT_TYPE])


@lru_cache(maxsize=256)
def _charset_of(content_type: str) -> str | None:
    for match in _PARAMETER.finditer(content_type):
        name, quoted, plain = match.groups()
        name = name.lower()
        if name not in {"charset", "charset*"}:
            continue
        value = plain.strip().strip('"') if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        # RFC 8187 3.2.1: ext-value = charset "'" [ language ] "'" value-chars.
        return (value.rpartition("'")[2] if name == "charset*" else value).strip().lower()
    return None


@lru_cache(maxsize=256)
def is_known_encoding(encoding: str) -> bool:
    """Tell whether bytes can be read as text in this encoding. Never raises."""
    if not _ENCODING_NAME.fullmatch(encoding):
        return False
    try:
        codec = codecs.lookup(encoding)
    except (LookupError, ValueError):
        return False
    # Why not any codec: base64 and its kind are codecs too, of bytes to bytes.
    is_text = getattr(codec, "_is_text_encoding", True) and getattr(codec, "incrementaldecoder", None)
    return bool(is_text) and codec.name not in _NO_CHARSETS


class TextDecoder:
    """Reads bytes as text, piece by piece; what is malformed becomes U+FFFD."""

    def __init__(self, encoding: str = "utf-8") -> None:
        """Use `encoding`; `LookupError` if it is none that `is_known_encoding`."""
        if not is_known_encoding(encoding):
            msg = f"unknown encoding: {encoding!r}"
            raise LookupError(msg)
        self._encoding = codecs.lookup(encoding).name
        self._decoder = codecs.getincrementaldecoder(self._encoding)(errors="replace")

    def decode(self, data: bytes, /) -> str:
        """Return the text that `data` completes."""
        return self._decoded(data, is_last=False)

    def flush(self) -> str:
        """Return U+FFFD if the bytes stopped within a character."""
        return self._decoded(b"", is_last=True)

    def _decoded(self, data: bytes, *, is_last: bool) -> str:
        try:
            return self._decoder.decode(data, is_last)
        except UnicodeError:
            held = self._decoder.getstate()[0]
            self._encoding = _WITHOUT_MARK.get(self._encoding, "utf-8")
            self._decoder = codecs.getincrementaldecoder(self._encoding)(errors="replace")
            return self._decoder.decode(held + data, is_last)


class LineDecoder:
    """Splits text into lines, without their ends, as `str.splitlines` would split the whole of it."""

    def __init__(self) -> None:
        """Begin with an empty line."""
        # The line that has not ended, in pieces: joining it at each piece would take quadratic time.
        self._line: list[str] = []
        # A "\r" came last, and a "\n" that comes now belongs to it.
        self._has_return = False

    def decode(self, text: str, /) -> list[str]:
        """Return the lines that `text` completes."""
        if self._has_return:
            text = "\r" + text
        self._has_return = text.endswith("\r")
        if self._has_return:
            text = text[:-1]
        if not text:
            return []
        lines = text.splitlines()
        is_ended = text[-1] in _LINE_ENDS
        if self._line and (is_ended or len(lines) > 1):
            lines[0] = "".join([*self._line, lines[0]])
            self._line.clear()
        if not is_ended:
            self._line.append(lines.pop())
        return lines

    def flush(self) -> list[str]:
        """Return the last line, if it did not end."""
        if not self._line and not self._has_return:
            return []
        line = "".join(self._line)
        self._line.clear()
        self._has_return = False
        return [line]


class _Chunker(Generic[AnyStr]):
    """Cuts what comes in pieces of any size into chunks of one size; without a size, passes the pieces on."""

    def __init__(self, chunk_size: int | None, join: Callable[[list[AnyStr]], AnyStr]) -> None:
        if chunk_size is not None and chunk_size < 1:
            msg = f"chunk_size must be at least 1, not {chunk_size}"
            raise ValueError(msg)
        self._size = chunk_size
        self._join: Callable[[list[AnyStr]], AnyStr] = join
        # What does not fill a chunk yet, in pieces.
        self._held: list[AnyStr] = []
        self._length = 0

    def decode(self, piece: AnyStr, /) -> list[AnyStr]:
        """Return the chunks that `piece` completes."""
        size = self._size
        if size is None:
            return [piece] if piece else []
        self._held.append(piece)
        self._length += len(piece)
        if self._length < size:
            return []
        whole = self._join(self._held)
        cut = self._length - self._length % size
        self._length -= cut
        self._held = [whole[cut:]]
        return [whole[start : start + size] for start in range(0, cut, size)]

    def flush(self) -> list[AnyStr]:
        """Return the last chunk, which is shorter, if there is one."""
        if not self._length:
            return []
        last = self._join(self._held)
        self._held = []
        self._length = 0
        return [last]


class ByteChunker(_Chunker[bytes]):
    """Cuts bytes into chunks."""

    def __init__(self, chunk_size: int | None = None) -> None:
        """Cut into chunks of `chunk_size`; `ValueError` if that is not positive."""
        super().__init__(chunk_size, b"".join)


class TextChunker(_Chunker[str]):
    """Cuts text into chunks."""

    def __init__(self, chunk_size: int | None = None) -> None:
        """Cut into chunks of `chunk_size`; `ValueError` if that is not positive."""
        super().__init__(chunk_size, "".join)


def utf8(text: str, what: str) -> bytes:
    """Return `text` in UTF-8; `LocalProtocolError`, naming `what` it is, for lone surrogates."""
    try:
        return text.encode()
    except UnicodeEncodeError as exc:
        surrogate = f"{text[exc.start]!a} at {exc.start}"
        msg = f"the {what} cannot be encoded in UTF-8: it has the lone surrogate {surrogate}"
        raise LocalProtocolError(msg) from exc

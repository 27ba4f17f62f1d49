"""How the content of an HTTP/1.1 response is found in the bytes: the three framings of RFC 9112 6.3.

Each is fed raw bytes and appends content to a list. ``feed`` returns what stands behind the end of the message, or None
while the end has not come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import limits
from .h1_grammar import match_chunk_line, parse_fields, refuse, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from arke._values.headers import Fields


class LengthBody:
    """Content of a length that the head told."""

    __slots__ = ("length", "left")

    def __init__(self, length: int) -> None:
        """Expect `length` bytes."""
        self.length = length
        self.left = length

    def feed(self, data: bytes, pieces: list[bytes]) -> bytes | None:
        """Take content from `data`."""
        left = self.left
        size = len(data)
        if size < left:
            self.left = left - size
            if size:
                pieces.append(data)
            return None
        self.left = 0
        if size == left:
            pieces.append(data)
            return b""
        pieces.append(data[:left])
        return data[left:]

    def feed_eof(self) -> None:
        """Complain: "If the sender closes the connection ... before the indicated number of octets are received, the
        recipient MUST consider the message to be incomplete" (RFC 9112 6.3).
        """
        got = self.length - self.left
        refuse(f"{got} bytes of content and closed the connection; Content-Length promised {self.length}")


class CloseBody:
    """Content that ends with the connection."""

    __slots__ = ()

    def feed(self, data: bytes, pieces: list[bytes]) -> bytes | None:
        """Take all of it."""
        if data:
            pieces.append(data)
        return None

    def feed_eof(self) -> None:
        """Accept: that is how this message ends."""


class ChunkedBody:
    """Content in chunks (RFC 9112 7.1).

    ``_state`` is what comes next: a chunk-size line, chunk data, the CRLF behind it, or the trailer section. Bytes that
    do not suffice for a step wait in ``_buffer``, which chunk data never enters.
    """

    __slots__ = ("_buffer", "_extension_bytes", "_left", "_state", "trailers")

    def __init__(self) -> None:
        """Expect a chunk-size line."""
        self._buffer = b""
        self._state: Callable[[bytes, int, list[bytes]], int] = self._read_size
        self._left = 0
        self._extension_bytes = 0
        # Read by Http1 once the message is whole.
        self.trailers: Fields | None = None

    def feed(self, data: bytes, pieces: list[bytes]) -> bytes | None:
        """Take content from `data`."""
        if self._buffer:
            data = self._buffer + data
            self._buffer = b""
        position = 0
        while position < len(data):
            step = self._state(data, position, pieces)
            if step < 0:
                self._buffer = data[position:]
                return None
            position = step
            if self.trailers is not None:
                return data[position:]
        return None

    def feed_eof(self) -> None:
        """Complain: "A message body that uses the chunked transfer coding is incomplete if the zero-sized chunk that
        terminates the encoding has not been received" (RFC 9112 8).
        """
        refuse("a chunked message without its end: the connection was closed before the last chunk")

    # Each step returns where the next one begins, or -1 for "more bytes first".

    def _read_size(self, data: bytes, position: int, _pieces: list[bytes]) -> int:
        match = match_chunk_line(data, position)
        if match is None:
            self._refuse_size(data, position)
            return -1
        size, extension = match.groups()
        if extension:
            self._extension_bytes += len(extension)
            if match.end() - position > limits.max_chunk_line_bytes:
                refuse("a chunk-size line that is too long (limits.max_chunk_line_bytes)")
            if self._extension_bytes > limits.max_extension_bytes:
                refuse("too many bytes of chunk extensions (limits.max_extension_bytes)")
        self._left = int(size, 16)
        self._state = self._read_data if self._left else self._read_trailers
        if not self._left and data.startswith(b"\r\n", match.end()):
            return self._end(data, match.end(), match.end())
        return match.end()

    def _refuse_size(self, data: bytes, position: int) -> None:
        """Tell an unfinished chunk-size line from one that can never become one."""
        end = data.find(b"\n", position, position + limits.max_chunk_line_bytes)
        if end >= 0 or len(data) - position >= limits.max_chunk_line_bytes:
            refuse(f"a malformed chunk-size line: {shorten(data[position : position + 80])}")

    def _read_data(self, data: bytes, position: int, pieces: list[bytes]) -> int:
        left = self._left
        available = len(data) - position
        if available < left:
            self._left = left - available
            pieces.append(data[position:] if position else data)
            return len(data)
        self._left = 0
        self._state = self._read_data_end
        pieces.append(data[position : position + left])
        return position + left

    def _read_data_end(self, data: bytes, position: int, _pieces: list[bytes]) -> int:
        if not data.startswith(b"\r\n", position):
            if data[position:] != b"\r":
                refuse(f"chunk data that is longer than its chunk size: {shorten(data[position : position + 20])}")
            return -1
        self._state = self._read_size
        return position + 2

    def _read_trailers(self, data: bytes, position: int, _pieces: list[bytes]) -> int:
        if data.startswith(b"\r\n", position):
            return self._end(data, position, position)
        end = data.find(b"\r\n\r\n", position, position + limits.max_trailer_bytes)
        if end >= 0:
            return self._end(data, position, end + 2)
        if len(data) - position >= limits.max_trailer_bytes:
            refuse("a trailer section that is too long (limits.max_trailer_bytes)")
        return -1

    def _end(self, data: bytes, start: int, end: int) -> int:
        """Keep the trailer fields; `end` is where the empty line begins."""
        self.trailers = parse_fields(data, start, end)
        return end + 2

"""`multipart/form-data`, streamed: fields and files, one part for each (RFC 7578).

The body is kept as segments: bytes, with the files between them that are read when it is their turn. Small
neighbours are joined, so that a form without large files is one segment, sent at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from arke._values.errors import LocalProtocolError, StreamConsumed
from arke._values.types import AsyncByteStream, SyncByteStream

from .encoding import utf8
from .files import apieces, check_fitness, is_file, length_from, pieces, position_of
from .form import flattened, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from arke._values.types import RequestData, RequestFiles

    from .files import ReadableFile

__all__ = ["MultipartStream"]

# RFC 2046 5.1.1: boundary := 0*69<bchars> bcharsnospace. Of these, some need quotes in a Content-Type.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# The rule by which browsers write names (WHATWG HTML, "multipart/form-data encoding algorithm").
_NAME_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})

# Up to here a copy costs less than a piece of its own, which may be a packet of its own.
_MAX_JOINED = 65_536


class MultipartStream(AsyncByteStream, SyncByteStream):
    """A form with files, as a byte stream for both worlds.

    Files are sent from their beginning, wherever they stand, each time the stream is iterated. One that
    cannot be rewound is sent from where it stands, once, and makes the length unknown.
    """

    def __init__(self, data: RequestData | None, files: RequestFiles | None, boundary: bytes | None = None) -> None:
        """Encode all but the files.

        Raises `TypeError` for values that are neither text, numbers, bytes nor binary files, and
        `LocalProtocolError` for a boundary, header or name that cannot be sent.
        """
        self.boundary = os.urandom(16).hex().encode() if boundary is None else _checked_boundary(boundary)
        text = self.boundary.decode("ascii")
        parameter = text if _TOKEN.fullmatch(text) else f'"{text}"'
        self.content_type = f"multipart/form-data; boundary={parameter}"
        # Written here only. None is a length that is not known beforehand.
        self._length: int | None = 0
        self._has_one_shot = False
        self._segments = _joined(self._encoded(data, files))
        # Written and read by iteration alone, and only where something can be sent but once.
        self._is_consumed = False

    def _encoded(self, data: RequestData | None, files: RequestFiles | None) -> Iterator[bytes | ReadableFile]:
        """Yield the whole body, files as such, and measure it on the way."""
        parts: list[tuple[bytes, bytes | ReadableFile]] = [
            (_disposition(name), _field_bytes(name, value)) for name, value in flattened(data or {})
        ]
        named_files = files.items() if isinstance(files, Mapping) else files or ()
        parts += [_file_part(name, file) for name, file in named_files]
        for head, body in parts:
            for piece in (b"--%b\r\n%b\r\n" % (self.boundary, head), body, b"\r\n"):
                self._measure(piece)
                yield piece
        end = b"--%b--\r\n" % self.boundary
        self._measure(end)
        yield end

    def _measure(self, piece: bytes | ReadableFile) -> None:
        length: int | None
        if isinstance(piece, bytes):
            length = len(piece)
        else:
            can_rewind = position_of(piece) is not None
            length = length_from(piece, 0) if can_rewind else None
            self._has_one_shot = self._has_one_shot or not can_rewind
        self._length = None if self._length is None or length is None else self._length + length

    @property
    def is_replayable(self) -> bool:
        """Whether iterating it again gives the same bytes."""
        return not self._has_one_shot

    def get_content_length(self) -> int | None:
        """Return the length of the body, or None if it is not known beforehand."""
        return self._length

    def get_headers(self) -> dict[str, str]:
        """Return the header fields that go with the body."""
        if self._length is None:
            return {"Transfer-Encoding": "chunked", "Content-Type": self.content_type}
        return {"Content-Length": str(self._length), "Content-Type": self.content_type}

    def __iter__(self) -> Iterator[bytes]:
        self._begin()
        for segment in self._segments:
            if isinstance(segment, bytes):
                yield segment
            else:
                yield from pieces(_rewound(segment))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._begin()
        for segment in self._segments:
            if isinstance(segment, bytes):
                yield segment
            else:
                async for piece in apieces(_rewound(segment)):
                    yield piece

    def _begin(self) -> None:
        if self._is_consumed:
            raise StreamConsumed
        self._is_consumed = self._has_one_shot


def _joined(pieces: Iterable[bytes | ReadableFile]) -> list[bytes | ReadableFile]:
    segments: list[bytes | ReadableFile] = []
    small: list[bytes] = []
    size = 0
    for piece in pieces:
        length = len(piece) if isinstance(piece, bytes) else _MAX_JOINED
        if size + length > _MAX_JOINED:
            segments.append(b"".join(small))
            small.clear()
            size = 0
        if isinstance(piece, bytes) and length < _MAX_JOINED:
            small.append(piece)
            size += length
        else:
            segments.append(piece)
    segments.append(b"".join(small))
    return segments


def _rewound(file: Any) -> ReadableFile:
    if position_of(file) is not None:
        file.seek(0)
    return cast("ReadableFile", file)


def _checked_boundary(boundary: bytes) -> bytes:
    if not isinstance(boundary, bytes):
        msg = f"the boundary must be bytes, not {type(boundary).__name__}"
        raise TypeError(msg)
    if not _BOUNDARY.fullmatch(boundary):
        msg = (
            f"the multipart boundary {boundary[:80]!r} cannot be sent: it must be 1 to 70 letters, digits, "
            "spaces or '()+_,-./:=? and not end with a space (RFC 2046 5.1.1)"
        )
        raise LocalProtocolError(msg)
    return boundary


def _disposition(name: object, filename: str | None = None) -> bytes:
    if not isinstance(name, str):
        msg = f"the name of a form field must be a str, not {type(name).__name__}: {name!r}"
        raise TypeError(msg)
    text = f'Content-Disposition: form-data; name="{name.translate(_NAME_ESCAPES)}"'
    if filename:
        text += f'; filename="{filename.translate(_NAME_ESCAPES)}"'
    return utf8(text, "name of a form field or file") + b"\r\n"


def _field_bytes(name: str, value: object) -> bytes:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if value is not None and not isinstance(value, (str, int, float)):
        kind = type(value).__name__
        msg = f"the form field {name!r} must be a str, bytes, number, bool or None, not {kind}: {value!r}"
        raise TypeError(msg)
    return utf8(text_of(value), "form field")


def _file_part(name: str, value: Any) -> tuple[bytes, bytes | ReadableFile]:
    """Return the head and the content of the part for a file, given in any of the forms of `FileTypes`."""
    filename, content, content_type, headers = _unpacked(name, value)
    if filename is not None and not isinstance(filename, str):
        msg = f"the filename for {name!r} must be a str or None, not {type(filename).__name__}"
        raise TypeError(msg)
    given = {key.lower() for key in headers}
    head = b"" if "content-disposition" in given else _disposition(name, filename)
    head += b"".join([_header(key, text) for key, text in headers.items()])
    if content_type is None:
        content_type = _guessed_type(filename)
    if content_type is not None and "content-type" not in given:
        head += _header("Content-Type", content_type)
    return head, _file_content(name, content)


def _unpacked(name: str, value: Any) -> tuple[Any, Any, str | None, Mapping[str, str]]:
    if not isinstance(value, tuple):
        return _default_filename(value), value, None, {}
    if not 2 <= len(value) <= 4:
        forms = "(filename, content[, content_type[, headers]])"
        msg = f"the file {name!r} must be content or {forms}, not a tuple of {len(value)}"
        raise ValueError(msg)
    filename, content, content_type, headers = (*value, None, None)[:4]
    if headers is not None and not isinstance(headers, Mapping):
        msg = f"the headers of the file {name!r} must be a mapping, not {type(headers).__name__}"
        raise TypeError(msg)
    return filename, content, content_type, headers or {}


def _default_filename(file: object) -> str:
    name = getattr(file, "name", None)
    # A temporary file is named by its number.
    return (isinstance(name, (str, bytes)) and os.path.basename(os.fsdecode(name))) or "upload"


def _file_content(name: str, content: object) -> bytes | ReadableFile:
    if isinstance(content, str):
        return utf8(content, f"file {name!r}")
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    if not is_file(content):
        kind = type(content).__name__
        msg = f"the file {name!r} must be bytes, a str or a file opened in binary mode, not {kind}"
        raise TypeError(msg)
    check_fitness(content)
    return content


def _guessed_type(filename: str | None) -> str | None:
    if not filename:
        return None
    from mimetypes import guess_type

    # Why not the filename as it is: what looks like a URL ("data:text/x,...") is taken for one.
    return guess_type("./" + os.path.basename(filename))[0] or "application/octet-stream"


def _header(name: object, value: object) -> bytes:
    if not isinstance(name, str) or not isinstance(value, str):
        msg = f"the headers of a part must be str to str, not {type(name).__name__} to {type(value).__name__}"
        raise TypeError(msg)
    if not _TOKEN.fullmatch(name):
        msg = f"the multipart header name {name!r} is not a token (RFC 9110 5.6.2)"
        raise LocalProtocolError(msg)
    if _CONTROL.search(value):
        msg = f"the value of the multipart header {name} has a control character"
        raise LocalProtocolError(msg)
    return utf8(f"{name}: {value}", "header of a part") + b"\r\n"

"""Content given in any form, as a byte stream with the header fields that go with it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from arke._values.errors import StreamClosed, StreamConsumed
from arke._values.types import AsyncByteStream, SyncByteStream

from .encoding import utf8
from .files import apieces, check_fitness, is_file, length_from, pieces, position_of
from .form import encode_form, is_form
from .multipart import MultipartStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from arke._values.types import RequestContent, RequestData, RequestFiles, ResponseContent

__all__ = [
    "AsyncIteratorByteStream",
    "AsyncWholeBody",
    "ByteStream",
    "FileByteStream",
    "IteratorByteStream",
    "SyncWholeBody",
    "UnattachedStream",
    "encode_content",
    "encode_request",
    "encode_response",
    "is_replayable",
    "is_spent",
]

_Encoded = tuple[dict[str, str], SyncByteStream | AsyncByteStream]


class ByteStream(AsyncByteStream, SyncByteStream):
    """Bytes as a stream, for both worlds and as often as asked.

    ```python
    stream = arke.ByteStream(b"hello")
    assert b"".join(stream) == b"hello"
    ```
    """

    def __init__(self, stream: bytes) -> None:
        """Hold the bytes."""
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._stream

    def read_all(self) -> bytes:
        """Return the bytes."""
        return self._stream

    async def aread_all(self) -> bytes:
        """Return the bytes."""
        return self._stream


class SyncWholeBody(SyncByteStream):
    """The content of a response that has come whole, for blocking code."""

    def __init__(self, raw: bytes) -> None:
        """Hold the bytes."""
        self.raw = raw

    def __iter__(self) -> Iterator[bytes]:
        if self.raw:
            yield self.raw

    def read_all(self) -> bytes:
        """Return the bytes."""
        return self.raw


class AsyncWholeBody(AsyncByteStream):
    """The content of a response that has come whole, for asynchronous code."""

    def __init__(self, raw: bytes) -> None:
        """Hold the bytes."""
        self.raw = raw

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.raw:
            yield self.raw

    async def aread_all(self) -> bytes:
        """Return the bytes."""
        return self.raw


class IteratorByteStream(SyncByteStream):
    """An iterable of bytes, or a file, as a stream.

    A file is sent from where it stood, again and again if it can be brought back there. An iterator serves
    once; after that, `StreamConsumed`.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        """Hold the iterable, of which nothing is taken yet."""
        # Any: one class may inherit from this one and from its asynchronous twin.
        self._stream: Any = stream
        self._start = position_of(stream) if is_file(stream) else None
        self._is_replayable = self._start is not None or not _is_one_shot(stream)
        # Written and read by iteration alone.
        self._is_consumed = False

    def __iter__(self) -> Iterator[bytes]:
        self._begin()
        stream = self._stream
        return pieces(stream) if is_file(stream) else iter(stream)

    def _begin(self) -> None:
        if self._is_consumed and not self._is_replayable:
            raise StreamConsumed
        self._is_consumed = True
        if self._start is not None:
            self._stream.seek(self._start)


class FileByteStream(IteratorByteStream, AsyncByteStream):
    """A file as a stream for both worlds; where waiting is forbidden, it is read in a worker thread."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._begin()
        return apieces(self._stream)


class AsyncIteratorByteStream(AsyncByteStream):
    """An async iterable of bytes as a stream. An iterator serves once; after that, `StreamConsumed`."""

    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        """Hold the iterable, of which nothing is taken yet."""
        self._stream: Any = stream
        self._is_replayable = not _is_one_shot(stream)
        # Written and read by iteration alone.
        self._is_consumed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        if self._is_consumed and not self._is_replayable:
            raise StreamConsumed
        self._is_consumed = True
        return aiter(self._stream)


class UnattachedStream(AsyncByteStream, SyncByteStream):
    """What stands for a stream that did not survive pickling: iterating it raises `StreamClosed`."""

    def __iter__(self) -> Iterator[bytes]:
        raise StreamClosed

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise StreamClosed


def _is_one_shot(stream: object) -> bool:
    return is_file(stream) or hasattr(stream, "__next__") or hasattr(stream, "__anext__")


def is_replayable(stream: object) -> bool:
    """Tell whether iterating the stream again gives the same bytes; False where that is not known."""
    if isinstance(stream, ByteStream):
        return True
    if isinstance(stream, MultipartStream):
        return stream.is_replayable
    if isinstance(stream, (IteratorByteStream, AsyncIteratorByteStream)):
        return stream._is_replayable
    return False


def is_spent(stream: object) -> bool:
    """Tell whether iterating the stream would raise `StreamConsumed`."""
    return (
        isinstance(stream, (IteratorByteStream, AsyncIteratorByteStream, MultipartStream))
        and stream._is_consumed
        and not is_replayable(stream)
    )


def encode_request(
    content: RequestContent | None = None,
    data: RequestData | None = None,
    files: RequestFiles | None = None,
    json: Any | None = None,
    boundary: bytes | None = None,
) -> _Encoded:
    """Return header fields and stream for the first of these that is given.

    `data` and `files` together are one multipart form. Raises `TypeError` and `ValueError` as the json module
    does, `TypeError` for content of the wrong type, and `LocalProtocolError` for text that UTF-8 cannot
    express.
    """
    if data is not None and not is_form(data):
        _warn_of_raw_data()
        return encode_content(cast("Any", data))
    if content is not None:
        return encode_content(content)
    if files:
        multipart = MultipartStream(data, files, boundary)
        return multipart.get_headers(), multipart
    if data:
        return _encoded(encode_form(data), "application/x-www-form-urlencoded")
    if json is not None:
        return _encoded(_json_bytes(json), "application/json")
    return {}, ByteStream(b"")


def encode_response(
    content: ResponseContent | None = None,
    text: str | None = None,
    html: str | None = None,
    json: Any | None = None,
) -> _Encoded:
    """Return header fields and stream for the first of these that is given."""
    if content is not None:
        return encode_content(content)
    if text is not None:
        return _encoded(utf8(text, "text"), "text/plain; charset=utf-8")
    if html is not None:
        return _encoded(utf8(html, "html"), "text/html; charset=utf-8")
    if json is not None:
        return _encoded(_json_bytes(json), "application/json")
    return {}, ByteStream(b"")


def encode_content(content: RequestContent) -> _Encoded:
    """Return header fields and stream for bytes, text, a file or an iterable of either kind."""
    if isinstance(content, str):
        content = utf8(content, "content")
    elif isinstance(content, (bytearray, memoryview)):
        content = bytes(content)
    if isinstance(content, bytes):
        return ({"Content-Length": str(len(content))} if content else {}), ByteStream(content)
    if is_file(content):
        return _encode_file(content)
    if isinstance(content, Iterable) and not isinstance(content, Mapping):
        return {"Transfer-Encoding": "chunked"}, IteratorByteStream(content)
    if isinstance(content, AsyncIterable):
        return {"Transfer-Encoding": "chunked"}, AsyncIteratorByteStream(content)
    msg = f"content must be bytes, a str, a binary file or an iterable of bytes, not {type(content).__name__}"
    raise TypeError(msg)


def _encode_file(file: Any) -> _Encoded:
    check_fitness(file)
    stream = FileByteStream(file)
    length = length_from(file, stream._start)
    headers = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
    return headers, stream


def _encoded(body: bytes, content_type: str) -> _Encoded:
    return {"Content-Length": str(len(body)), "Content-Type": content_type}, ByteStream(body)


def _json_bytes(value: Any) -> bytes:
    # A lone surrogate, which UTF-8 cannot express, becomes \udxxx: in JSON an escape for itself.
    return _json_encoder()(value).encode("utf-8", "backslashreplace")


@cache
def _json_encoder() -> Callable[[Any], str]:
    from json import JSONEncoder

    return JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _warn_of_raw_data() -> None:
    import warnings

    warnings.warn(
        "data= is for forms; bytes, text and iterables belong into content=", DeprecationWarning, stacklevel=4
    )

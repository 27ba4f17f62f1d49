"""`ResponseBody`: the half of a response that reads, in both worlds by one set of rules.

A body is in one of these states, and only moves downwards::

    fresh        is_stream_consumed False, is_closed False
    streaming    is_stream_consumed True,  is_closed False     one reader has the stream
    done         is_closed True                                the stream is closed, the connection free

``_content`` exists once the whole body is in memory. From then on all but the raw readers are served from it.

Whatever ends a reading (its end, an error, a cancellation, a reader that walks away) closes the stream, and
does so before the error is seen. The methods come in pairs that differ in the waiting only; the rules they
have in common are `_begin_stream`, `_note_closed`, `_attach_request`, and the stages.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from arke._values.errors import RequestError, ResponseNotRead, StreamClosed, StreamConsumed
from arke._values.types import AsyncByteStream, SyncByteStream

from .stages import bytes_stage, decoded, lines_stage, raw_stage, replayed, text_stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from typing import Self

    from arke._values.headers import Headers

    from .request import Request
    from .stages import Stage

__all__ = ["ResponseBody"]

_S = TypeVar("_S")
_T = TypeVar("_T")


class ResponseBody:
    """What `Response` inherits: reading, iterating and closing the stream."""

    headers: Headers
    stream: SyncByteStream | AsyncByteStream

    # Most responses never differ from these, and a class attribute costs nothing per response.
    is_closed: bool = False
    is_stream_consumed: bool = False
    _num_bytes_downloaded: int = 0
    _request: Request | None = None
    _content: bytes

    @property
    def encoding(self) -> str | None:
        """What text is read as."""
        raise NotImplementedError

    @property
    def content(self) -> bytes:
        """The decoded body; `ResponseNotRead` if it is streamed and was not read."""
        try:
            return self._content
        except AttributeError:
            raise ResponseNotRead from None

    @property
    def num_bytes_downloaded(self) -> int:
        """The number of bytes of body that came over the wire so far, before decoding."""
        return self._num_bytes_downloaded

    def read(self) -> bytes:
        """Read the body to its end, close the response, and return the decoded body."""
        if not hasattr(self, "_content"):
            # The class is asked: a proxy that passes attributes on to the stream means to be iterated itself.
            read_all = getattr(type(self.stream), "read_all", None)
            if read_all is None:
                self._content = b"".join(self.iter_bytes())
            else:
                self._content = self._decoded(self._take_all(read_all))
        return self._content

    async def aread(self) -> bytes:
        """Read the body to its end, close the response, and return the decoded body."""
        if not hasattr(self, "_content"):
            aread_all = getattr(type(self.stream), "aread_all", None)
            if aread_all is None:
                self._content = b"".join([piece async for piece in self.aiter_bytes()])
            else:
                self._content = self._decoded(await self._atake_all(aread_all))
        return self._content

    def iter_raw(self, chunk_size: int | None = None) -> Generator[bytes, None, None]:
        """Yield the body as it comes over the wire, in chunks of `chunk_size` or as they come."""
        yield from self._pump(raw_stage, chunk_size)

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes over the wire, in chunks of `chunk_size` or as they come."""
        async with aclosing(self._apump(raw_stage, chunk_size)) as pieces:
            async for piece in pieces:
                yield piece

    def iter_bytes(self, chunk_size: int | None = None) -> Generator[bytes, None, None]:
        """Yield the decoded body, in chunks of `chunk_size` or as they come."""
        yield from self._pump(self._bytes_stage, chunk_size)

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the decoded body, in chunks of `chunk_size` or as they come."""
        async with aclosing(self._apump(self._bytes_stage, chunk_size)) as pieces:
            async for piece in pieces:
                yield piece

    def iter_text(self, chunk_size: int | None = None) -> Generator[str, None, None]:
        """Yield the decoded body as text, in chunks of `chunk_size` characters or as they come."""
        yield from self._pump(self._text_stage, chunk_size)

    async def aiter_text(self, chunk_size: int | None = None) -> AsyncGenerator[str, None]:
        """Yield the decoded body as text, in chunks of `chunk_size` characters or as they come."""
        async with aclosing(self._apump(self._text_stage, chunk_size)) as pieces:
            async for piece in pieces:
                yield piece

    def iter_lines(self) -> Generator[str, None, None]:
        """Yield the lines of the decoded body, without their ends."""
        yield from self._pump(self._lines_stage, None)

    async def aiter_lines(self) -> AsyncGenerator[str, None]:
        """Yield the lines of the decoded body, without their ends."""
        async with aclosing(self._apump(self._lines_stage, None)) as pieces:
            async for piece in pieces:
                yield piece

    def close(self) -> None:
        """Close the stream and so free the connection; what was not read is lost.

        Reading to the end does this by itself.
        """
        if not isinstance(self.stream, SyncByteStream):
            raise _wrong_stream(self.stream, "close")
        if not self.is_closed:
            self._note_closed()
            try:
                self.stream.close()
            except RequestError as error:
                self._attach_request(error)
                raise

    async def aclose(self) -> None:
        """Close the stream and so free the connection; what was not read is lost.

        Reading to the end does this by itself.
        """
        if not isinstance(self.stream, AsyncByteStream):
            raise _wrong_stream(self.stream, "aclose")
        if not self.is_closed:
            self._note_closed()
            try:
                await self.stream.aclose()
            except RequestError as error:
                self._attach_request(error)
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _pump(
        self, make_stage: Callable[[int | None], Stage[bytes, _T]], size: int | None
    ) -> Generator[_T, None, None]:
        """Yield what the stage makes of the stream, or of the body if that is in memory already."""
        if make_stage is not raw_stage and hasattr(self, "_content"):
            yield from replayed(self._content, make_stage(size), whole=size is None)
            return
        stream = self._begin_stream(SyncByteStream)
        try:
            stage = make_stage(size)
            for raw in stream:
                self._num_bytes_downloaded += len(raw)
                yield from stage.decode(raw)
            yield from stage.flush()
        except BaseException as error:
            self._close_after(error)
            raise
        self.close()

    async def _apump(
        self, make_stage: Callable[[int | None], Stage[bytes, _T]], size: int | None
    ) -> AsyncGenerator[_T, None]:
        """Yield what the stage makes of the stream, or of the body if that is in memory already."""
        if make_stage is not raw_stage and hasattr(self, "_content"):
            for piece in replayed(self._content, make_stage(size), whole=size is None):
                yield piece
            return
        stream = self._begin_stream(AsyncByteStream)
        pieces = None
        try:
            stage = make_stage(size)
            pieces = stream.__aiter__()
            async for raw in pieces:
                self._num_bytes_downloaded += len(raw)
                for piece in stage.decode(raw):
                    yield piece
            for piece in stage.flush():
                yield piece
        except BaseException as error:
            await self._aclose_after(error, pieces)
            raise
        await self.aclose()

    def _read_at_once(self, raw: bytes) -> None:
        """Be read, with a raw body that has come whole already."""
        if hasattr(self, "_content"):
            return
        self._begin_stream(object)
        self._num_bytes_downloaded = len(raw)
        self._note_closed()
        self._content = self._decoded(raw)

    def _take_all(self, read_all: Callable[[Any], bytes]) -> bytes:
        """Return the whole raw body of a stream that has it in one piece."""
        stream = self._begin_stream(SyncByteStream)
        try:
            raw = read_all(stream)
        except BaseException as error:
            self._close_after(error)
            raise
        self._num_bytes_downloaded = len(raw)
        self.close()
        return raw

    async def _atake_all(self, aread_all: Callable[[Any], Awaitable[bytes]]) -> bytes:
        """Return the whole raw body of a stream that has it in one piece."""
        stream = self._begin_stream(AsyncByteStream)
        try:
            raw = await aread_all(stream)
        except BaseException as error:
            await self._aclose_after(error)
            raise
        self._num_bytes_downloaded = len(raw)
        await self.aclose()
        return raw

    def _read_some(self, limit: int, seconds: float) -> None:
        """Read the body of a response that another one follows, if it is short; close the response in any case.

        Nobody asked for this body: what is wrong with it is nobody's concern, and no more than `limit` bytes of it are
        taken.
        """
        pieces: list[bytes] = []
        try:
            if hasattr(self, "_content") or self.is_stream_consumed:
                self.close()
                return
            self._hurry(seconds)
            for piece in self.iter_bytes():
                if not self._keep_piece(piece, pieces, limit):
                    break
            else:
                self._content = b"".join(pieces)
            self.close()
        except RequestError:
            pass

    async def _aread_some(self, limit: int, seconds: float) -> None:
        """Read the body of a response that another one follows, if it is short; close the response in any case."""
        pieces: list[bytes] = []
        try:
            if hasattr(self, "_content") or self.is_stream_consumed:
                await self.aclose()
                return
            self._hurry(seconds)
            async with aclosing(self.aiter_bytes()) as decoded_pieces:
                async for piece in decoded_pieces:
                    if not self._keep_piece(piece, pieces, limit):
                        break
                else:
                    self._content = b"".join(pieces)
            await self.aclose()
        except RequestError:
            pass

    def _hurry(self, seconds: float) -> None:
        hurry = getattr(type(self.stream), "hurry", None)
        if hurry is not None:
            hurry(self.stream, seconds)

    def _keep_piece(self, piece: bytes, pieces: list[bytes], limit: int) -> bool:
        pieces.append(piece)
        return sum(map(len, pieces)) <= limit and self._num_bytes_downloaded <= limit

    def _close_after(self, error: BaseException) -> None:
        """Close because of `error`, which a failure to close must not hide."""
        self._attach_request(error)
        try:
            self.close()
        except Exception:  # noqa: BLE001, S110 - the caller raises `error`
            pass

    async def _aclose_after(self, error: BaseException, pieces: object = None) -> None:
        """Close because of `error`, which a failure to close must not hide."""
        self._attach_request(error)
        try:
            try:
                # Else a stream whose `__aiter__` is an async generator is left to the garbage collector.
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()
            finally:
                await self.aclose()
        except Exception:  # noqa: BLE001, S110 - the caller raises `error`
            pass

    def _begin_stream(self, kind: type[_S]) -> _S:
        """Take the stream for the only reading there can be."""
        if self.is_stream_consumed:
            raise StreamConsumed
        if self.is_closed:
            raise StreamClosed
        stream = self.stream
        if not isinstance(stream, kind):
            raise _wrong_stream(stream, "iterate")
        self.is_stream_consumed = True
        self._num_bytes_downloaded = 0
        return stream

    def _note_closed(self) -> None:
        self.is_closed = True

    def _attach_request(self, error: BaseException) -> None:
        if self._request is not None and isinstance(error, RequestError):
            error.request = self._request

    def _codings(self) -> list[str]:
        value = self.headers._fields.index.get(b"content-encoding")
        if value is None or hasattr(self, "_content"):
            return []
        return value.decode("latin-1").split(",")

    def _decoded(self, raw: bytes) -> bytes:
        """Undo the content codings of a whole body, which usually are none."""
        if b"content-encoding" not in self.headers._fields.index:
            return raw
        try:
            return decoded(raw, self._codings())
        except RequestError as error:
            self._attach_request(error)
            raise

    def _load(self, raw: bytes) -> None:
        """Take a body that was never on a wire."""
        self.is_stream_consumed = True
        self._note_closed()
        self._content = self._decoded(raw)

    def _bytes_stage(self, chunk_size: int | None) -> Stage[bytes, bytes]:
        return bytes_stage(self._codings(), chunk_size)

    def _text_stage(self, chunk_size: int | None) -> Stage[bytes, str]:
        return text_stage(self._codings(), self.encoding or "utf-8", chunk_size)

    def _lines_stage(self, _: int | None) -> Stage[bytes, str]:
        return lines_stage(self._codings(), self.encoding or "utf-8")


def _wrong_stream(stream: object, verb: str) -> RuntimeError:
    kind, methods = "a sync", "read(), iter_bytes() ... close()"
    if isinstance(stream, AsyncByteStream):
        kind, methods = "an async", "aread(), aiter_bytes() ... aclose()"
    return RuntimeError(f"cannot {verb} {kind} stream ({type(stream).__name__}) like this: use {methods}")

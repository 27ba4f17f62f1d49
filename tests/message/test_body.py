"""Reading a response: each way, in both worlds, to the end and not."""

from __future__ import annotations

import asyncio
import gzip
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.request import Request
from arke._message.response import Response
from arke._values.errors import (
    CloseError,
    DecodingError,
    ReadError,
    ResponseNotRead,
    StreamClosed,
    StreamConsumed,
)
from arke._values.headers import Fields
from arke._values.types import AsyncByteStream, SyncByteStream

READERS = ["raw", "bytes", "text", "lines"]


class Pieces(SyncByteStream, AsyncByteStream):
    """A stream of both worlds that counts how often it was closed; a piece that is an error is raised."""

    def __init__(self, *pieces, on_close=None):
        self.pieces = pieces
        self.on_close = on_close
        self.closed = 0

    def __iter__(self):
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self):
        self.closed += 1
        if self.on_close:
            raise self.on_close

    async def aclose(self):
        self.close()


class Whole(Pieces):
    """A stream that has the whole body at once, and does not like to be iterated."""

    def __iter__(self):
        raise AssertionError

    def read_all(self):
        return b"".join(Pieces(*self.pieces))

    async def aread_all(self):
        return self.read_all()


class OnlySync(SyncByteStream):
    def __iter__(self):
        return iter([b"a"])


class OnlyAsync(AsyncByteStream):
    async def __aiter__(self):
        yield b"a"


class Sync:
    """The methods of the blocking world."""

    name = "sync"
    only_mine, only_theirs = OnlySync, OnlyAsync

    @staticmethod
    def read(response):
        return response.read()

    @staticmethod
    def close(response):
        response.close()

    @staticmethod
    def collect(response, reader, *size):
        return list(getattr(response, f"iter_{reader}")(*size))

    @staticmethod
    def first(response, reader):
        pieces = getattr(response, f"iter_{reader}")()
        piece = next(pieces)
        pieces.close()
        return piece

    @staticmethod
    def enter(response):
        with response as entered:
            return entered


class Async:
    """The same of the other world."""

    name = "async"
    only_mine, only_theirs = OnlyAsync, OnlySync

    @staticmethod
    def read(response):
        return asyncio.run(response.aread())

    @staticmethod
    def close(response):
        asyncio.run(response.aclose())

    @staticmethod
    def collect(response, reader, *size):
        async def collect():
            return [piece async for piece in getattr(response, f"aiter_{reader}")(*size)]

        return asyncio.run(collect())

    @staticmethod
    def first(response, reader):
        async def first():
            pieces = getattr(response, f"aiter_{reader}")()
            piece = await anext(pieces)
            await pieces.aclose()
            return piece

        return asyncio.run(first())

    @staticmethod
    def enter(response):
        async def enter():
            async with response as entered:
                return entered

        return asyncio.run(enter())


@pytest.fixture(params=[Sync, Async], ids=lambda world: world.name)
def world(request):
    return request.param


@pytest.fixture(params=[Pieces, Whole])
def kind(request):
    return request.param


def respond(stream, *fields, request=None):
    response = Response._from_wire(200, Fields(list(fields)), stream, {})
    if request is not None:
        response.request = request
    return response


GZIPPED = gzip.compress(b"hello world " * 10)
GZIP = (b"Content-Encoding", b"gzip")


class TestReading:
    def test_gives_the_whole_and_closes(self, world, kind):
        stream = kind(b"ab", b"", b"c")
        response = respond(stream)
        assert world.read(response) == response.content == b"abc"
        assert (response.is_closed, response.is_stream_consumed, stream.closed) == (True, True, 1)
        assert response.num_bytes_downloaded == 3

    def test_twice_gives_the_same(self, world, kind):
        response = respond(kind(b"abc"))
        assert world.read(response) is world.read(response)

    def test_decodes_and_counts_what_came_over_the_wire(self, world, kind):
        response = respond(kind(GZIPPED[:7], GZIPPED[7:]), GZIP)
        assert world.read(response) == b"hello world " * 10
        assert response.num_bytes_downloaded == len(GZIPPED)

    def test_does_not_copy_what_is_not_coded(self, world):
        body = b"abc" * 100
        assert world.read(respond(Whole(body))) == body

        class Given(Whole):
            def read_all(self):
                return body

        assert world.read(respond(Given())) is body

    @pytest.mark.parametrize("coding", [b"", b"identity", b" Identity ,", b"unheard-of"])
    def test_leaves_unknown_codings_alone(self, world, kind, coding):
        assert world.read(respond(kind(b"abc"), (b"content-encoding", coding))) == b"abc"

    def test_undoes_codings_of_several_lines_from_the_last_to_the_first(self, world, kind):
        twice = gzip.compress(GZIPPED)
        response = respond(kind(twice), GZIP, (b"content-encoding", b"X-GZIP"))
        assert world.read(response) == b"hello world " * 10

    def test_of_an_empty_body_ignores_its_coding(self, world, kind):
        assert world.read(respond(kind(), GZIP)) == b""

    def test_iterates_a_proxy_that_only_passes_attributes_on(self, world):
        class Proxy(Pieces):
            def __getattr__(self, name):
                return getattr(Whole(b"of the stream behind"), name)

        assert world.read(respond(Proxy(b"of the proxy"))) == b"of the proxy"

    def test_obeys_headers_that_were_replaced(self, world, kind):
        response = respond(kind(GZIPPED), GZIP)
        del response.headers["content-encoding"]
        assert world.read(response) == GZIPPED

    def test_before_is_asked_for(self, world):
        response = respond(Pieces(b"abc"))
        with pytest.raises(ResponseNotRead):
            _ = response.content
        assert not response.is_closed

    def test_calls_an_overridden_iterator(self, world):
        class Louder(Response):
            def iter_bytes(self, chunk_size=None):
                return (piece.upper() for piece in super().iter_bytes(chunk_size))

            async def aiter_bytes(self, chunk_size=None):
                async for piece in super().aiter_bytes(chunk_size):
                    yield piece.upper()

        assert world.read(Louder(200, stream=Pieces(b"abc"))) == b"ABC"


class TestIterating:
    @pytest.mark.parametrize(
        ("reader", "pieces"),
        [
            ("raw", [b"a\n\xc3", b"\xa9b"]),
            ("bytes", [b"a\n\xc3", b"\xa9b"]),
            ("text", ["a\n", "\u00e9b"]),
            ("lines", ["a", "\u00e9b"]),
        ],
    )
    def test_gives_pieces_as_they_come_and_closes(self, world, reader, pieces):
        stream = Pieces(b"a\n\xc3", b"\xa9b")
        response = respond(stream)
        assert world.collect(response, reader) == pieces
        assert (response.is_closed, response.is_stream_consumed, stream.closed) == (True, True, 1)
        assert response.num_bytes_downloaded == 5

    @pytest.mark.parametrize(
        ("reader", "pieces"),
        [("raw", [b"ab", b"cd", b"e"]), ("bytes", [b"ab", b"cd", b"e"]), ("text", ["ab", "cd", "e"])],
    )
    def test_gives_pieces_of_the_size_asked_for(self, world, reader, pieces):
        assert world.collect(respond(Pieces(b"a", b"bcd", b"e")), reader, 2) == pieces

    @pytest.mark.parametrize("reader", READERS)
    def test_decodes_unless_raw(self, world, reader):
        got = world.collect(respond(Pieces(GZIPPED[:9], GZIPPED[9:]), GZIP), reader)
        whole = got[0][:0].join(got)
        if reader == "raw":
            assert whole == GZIPPED
        else:
            assert whole in (b"hello world " * 10, "hello world " * 10)

    @pytest.mark.parametrize(("reader", "pieces"), [("bytes", [b"a\nb"]), ("text", ["a\nb"]), ("lines", ["a", "b"])])
    def test_starts_again_once_the_body_was_read(self, world, reader, pieces):
        response = respond(Pieces(gzip.compress(b"a\nb")), GZIP)
        world.read(response)
        assert world.collect(response, reader) == pieces
        assert world.collect(response, reader) == pieces

    @pytest.mark.parametrize("reader", ["bytes", "text"])
    def test_of_a_body_in_memory_gives_pieces_of_the_size_asked_for(self, world, reader):
        pieces = world.collect(Response(200, content=b"abcde"), reader, 2)
        assert [len(piece) for piece in pieces] == [2, 2, 1]

    @pytest.mark.parametrize("reader", READERS)
    def test_of_nothing_gives_nothing(self, world, reader):
        assert world.collect(respond(Pieces()), reader) == []

    @pytest.mark.parametrize("reader", READERS)
    def test_that_stops_early_closes(self, world, reader):
        stream = Pieces(b"a\n", b"b\n")
        response = respond(stream)
        assert world.first(response, reader) in (b"a\n", "a\n", "a")
        assert (response.is_closed, stream.closed) == (True, 1)

    @pytest.mark.parametrize("reader", READERS)
    def test_is_possible_once(self, world, reader):
        response = respond(Pieces(b"a"))
        world.collect(response, reader)
        with pytest.raises(StreamConsumed):
            world.collect(response, reader)
        with pytest.raises(StreamConsumed):
            world.read(response)

    def test_raw_is_not_possible_after_reading(self, world):
        with pytest.raises(StreamConsumed):
            world.collect(Response(200, content=b"abc"), "raw")

    @pytest.mark.parametrize("reader", READERS)
    def test_is_not_possible_after_closing(self, world, reader):
        response = respond(Pieces(b"a"))
        world.close(response)
        with pytest.raises(StreamClosed):
            world.collect(response, reader)
        with pytest.raises(StreamClosed):
            world.read(response)

    @pytest.mark.parametrize("reader", READERS)
    def test_begins_when_it_is_awaited(self, reader):
        response = respond(Pieces(b"a"))
        getattr(response, f"iter_{reader}")()
        assert not response.is_stream_consumed
        assert inspect.isgeneratorfunction(getattr(response, f"iter_{reader}"))
        assert inspect.isasyncgenfunction(getattr(response, f"aiter_{reader}"))

    @pytest.mark.parametrize("reader", READERS)
    def test_in_the_wrong_world_is_an_error_that_says_so(self, world, reader):
        response = respond(world.only_theirs())
        with pytest.raises(RuntimeError, match=type(response.stream).__name__):
            world.collect(response, reader)
        with pytest.raises(RuntimeError, match=r"use a?read"):
            world.read(response)
        with pytest.raises(RuntimeError):
            world.close(response)
        assert not response.is_stream_consumed

    @pytest.mark.parametrize("reader", READERS)
    def test_needs_the_methods_of_one_world_only(self, world, reader):
        assert world.collect(respond(world.only_mine()), reader) in ([b"a"], ["a"])
        assert world.read(respond(world.only_mine())) == b"a"

    def test_closes_the_generator_of_a_stream(self, world):
        ended = []

        class Guarded(Pieces):
            def __iter__(self):
                try:
                    yield b"a"
                    yield b"b"
                finally:
                    ended.append("sync")

            async def __aiter__(self):
                try:
                    yield b"a"
                    yield b"b"
                finally:
                    ended.append("async")

        world.first(respond(Guarded()), "bytes")
        assert ended == [world.name]

    @given(st.lists(st.binary(max_size=12), max_size=6), st.none() | st.integers(1, 9), st.booleans())
    def test_any_pieces_and_sizes_give_the_same_whole(self, pieces, size, coded):
        whole = b"".join(pieces)
        fields = []
        if coded:
            raw = gzip.compress(whole)
            pieces, fields = [raw[at : at + 7] for at in range(0, len(raw), 7)], [GZIP]
        for world in (Sync, Async):
            assert b"".join(world.collect(respond(Pieces(*pieces), *fields), "bytes", size)) == whole
            text = "".join(world.collect(respond(Pieces(*pieces), *fields), "text", size))
            assert text == whole.decode("utf-8", "replace")
            assert world.collect(respond(Pieces(*pieces), *fields), "lines") == text.splitlines()
            assert world.read(respond(Pieces(*pieces), *fields)) == whole


class TestFailing:
    @pytest.mark.parametrize("error", [ReadError("cut"), KeyboardInterrupt(), ValueError("of the stream")])
    def test_to_read_closes_before_the_error_is_seen(self, world, kind, error):
        stream = kind(b"a", error)
        response = respond(stream, request=Request("GET", "http://x/"))
        with pytest.raises(type(error)) as caught:
            world.read(response)
        assert caught.value is error
        assert (response.is_closed, stream.closed) == (True, 1)

    @pytest.mark.parametrize("reader", READERS)
    def test_to_iterate_closes_and_names_the_request(self, world, reader):
        stream = Pieces(b"a", ReadError("cut"))
        response = respond(stream, request=Request("GET", "http://x/"))
        with pytest.raises(ReadError) as caught:
            world.collect(response, reader)
        assert caught.value.request is response.request
        assert (response.is_closed, stream.closed) == (True, 1)

    @pytest.mark.parametrize("body", [b"not gzip at all", GZIPPED[:-9]])
    def test_to_decode_closes_and_names_the_request(self, world, kind, body):
        stream = kind(body)
        response = respond(stream, GZIP, request=Request("GET", "http://x/"))
        with pytest.raises(DecodingError) as caught:
            world.read(response)
        assert caught.value.request is response.request
        assert (response.is_closed, stream.closed) == (True, 1)
        with pytest.raises(StreamConsumed):
            world.read(response)

    @pytest.mark.parametrize("reader", ["bytes", "text", "lines"])
    def test_to_decode_while_iterating_closes(self, world, reader):
        stream = Pieces(b"not gzip at all", b"more")
        response = respond(stream, GZIP, request=Request("GET", "http://x/"))
        with pytest.raises(DecodingError) as caught:
            world.collect(response, reader)
        assert caught.value.request is response.request
        assert (response.is_closed, stream.closed) == (True, 1)

    @pytest.mark.parametrize("spread", [False, True])
    def test_for_too_many_codings_closes(self, world, kind, spread):
        stream = kind(b"x")
        fields = [GZIP] * 6 if spread else [(b"content-encoding", b", ".join([b"gzip"] * 6))]
        response = respond(stream, *fields, request=Request("GET", "http://x/"))
        with pytest.raises(DecodingError) as caught:
            world.read(response)
        assert caught.value.request is response.request
        assert (response.is_closed, stream.closed) == (True, 1)

    def test_to_close_does_not_hide_what_failed_first(self, world, kind):
        stream = kind(ReadError("cut"), on_close=CloseError("later"))
        with pytest.raises(ReadError):
            world.read(respond(stream))
        assert stream.closed == 1

    def test_to_close_names_the_request(self, world):
        response = respond(Pieces(on_close=CloseError("cut")), request=Request("GET", "http://x/"))
        with pytest.raises(CloseError) as caught:
            world.close(response)
        assert caught.value.request is response.request
        assert response.is_closed

    def test_to_make_an_iterator_closes(self, world):
        class Broken(Pieces):
            def __iter__(self):
                raise ReadError("at once")

            def __aiter__(self):
                raise ReadError("at once")

        stream = Broken()
        with pytest.raises(ReadError):
            world.read(respond(stream))
        assert stream.closed == 1

    @pytest.mark.parametrize("whole", [False, True])
    def test_by_cancellation_closes(self, whole):
        class Endless(Pieces):
            async def __aiter__(self):
                yield b"a"
                reached.set()
                await asyncio.Event().wait()

        class EndlessWhole(Endless):
            async def aread_all(self):
                return b"".join([piece async for piece in self])

        async def main():
            task = asyncio.create_task(response.aread())
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        reached = asyncio.Event()
        stream = EndlessWhole() if whole else Endless()
        response = respond(stream)
        asyncio.run(main())
        assert (response.is_closed, stream.closed) == (True, 1)


class TestClosing:
    def test_is_done_once(self, world):
        stream = Pieces(b"a")
        response = respond(stream)
        world.close(response)
        world.close(response)
        assert (response.is_closed, response.is_stream_consumed, stream.closed) == (True, False, 1)

    def test_is_done_by_a_with_block(self, world):
        stream = Pieces(b"a")
        response = respond(stream)
        assert world.enter(response) is response
        assert stream.closed == 1

    def test_closes_a_stream_that_was_put_in_its_place(self, world):
        stream, other = Pieces(b"a"), Pieces(b"b")
        response = respond(stream)
        response.stream = other
        assert world.read(response) == b"b"
        assert (stream.closed, other.closed) == (0, 1)

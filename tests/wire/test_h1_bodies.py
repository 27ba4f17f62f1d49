from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values.errors import RemoteProtocolError
from arke._wire.h1_bodies import ChunkedBody, CloseBody, LengthBody
from wire.exchange import bytewise, cut


def feed(body, *pieces: bytes) -> tuple[bytes, bytes | None]:
    """Feed the pieces, all but the last of which must leave the message unfinished; return content and rest."""
    got: list[bytes] = []
    rest = None
    for piece in pieces:
        assert rest is None
        rest = body.feed(piece, got)
    assert b"" not in got
    return b"".join(got), rest


# Content-Length


def test_content_ends_at_its_length():
    assert feed(LengthBody(5), b"hello") == (b"hello", b"")


def test_what_stands_behind_the_length_is_returned():
    assert feed(LengthBody(5), b"hello world") == (b"hello", b" world")
    assert feed(LengthBody(5), b"hel", b"lo world") == (b"hello", b" world")


def test_content_shorter_than_its_length_is_unfinished():
    assert feed(LengthBody(5), b"hell") == (b"hell", None)
    assert feed(LengthBody(5), b"") == (b"", None)


@pytest.mark.parametrize(("data", "got"), [(b"", "0 bytes"), (b"hell", "4 bytes")])
def test_the_end_of_the_connection_within_a_length_is_an_error(data, got):
    body = LengthBody(5)
    feed(body, data)
    with pytest.raises(RemoteProtocolError, match=f"{got} of content.*promised 5"):
        body.feed_eof()


# Until the end of the connection


def test_everything_is_content_until_the_end():
    body = CloseBody()
    assert feed(body, b"", b"hello", b" world\r\n\r\n") == (b"hello world\r\n\r\n", None)
    body.feed_eof()


# Chunks

WHOLE = {
    "one chunk": (b"5\r\nhello\r\n0\r\n\r\n", b"hello", []),
    "two chunks": (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world", []),
    "no chunk": (b"0\r\n\r\n", b"", []),
    "line ends as content": (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n", []),
    "sizes in hexadecimal": (
        b"1A\r\n" + b"x" * 26 + b"\r\n00b\r\n" + b"y" * 11 + b"\r\n000\r\n\r\n",
        b"x" * 26 + b"y" * 11,
        [],
    ),
    "extensions": (b'5;a;b=c;d="e f"\r\nhello\r\n0;last=\r\n\r\n', b"hello", []),
    "extensions behind whitespace": (b"5 \t; a = b\r\nhello\r\n0\r\n\r\n", b"hello", []),
    "trailers": (b"2\r\nok\r\n0\r\nA: 1\r\nb:2 \r\n\r\n", b"ok", [(b"A", b"1"), (b"b", b"2")]),
    "folded trailer": (b"2\r\nok\r\n0\r\nA: 1\r\n 2\r\n\r\n", b"ok", [(b"A", b"1 2")]),
}


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("rest", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_chunks_are_joined(name, rest):
    data, content, trailers = WHOLE[name]
    body = ChunkedBody()
    assert feed(body, data + rest) == (content, rest)
    assert body.trailers is not None
    assert body.trailers.items == trailers


@pytest.mark.parametrize("name", WHOLE)
def test_chunks_may_come_byte_by_byte(name):
    data, content, trailers = WHOLE[name]
    body = ChunkedBody()
    assert feed(body, *bytewise(data)) == (content, b"")
    assert body.trailers is not None
    assert body.trailers.items == trailers


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 200)))
def test_chunks_may_be_split_anywhere(name, places):
    data, content, _ = WHOLE[name]
    assert feed(ChunkedBody(), *cut(data, places)) == (content, b"")


@pytest.mark.parametrize("name", WHOLE)
def test_chunks_without_their_end_are_unfinished(name):
    data, content, _ = WHOLE[name]
    for end in range(len(data)):
        body = ChunkedBody()
        got, rest = feed(body, data[:end])
        assert rest is None
        assert body.trailers is None
        assert content.startswith(got)
        with pytest.raises(RemoteProtocolError, match="without its end"):
            body.feed_eof()


MALFORMED = {
    "no digits": b"\r\nok\r\n",
    "sign": b"+2\r\nok\r\n",
    "prefix": b"0x2\r\nok\r\n",
    "underscore": b"0_2\r\nok\r\n",
    "whitespace in front": b" 2\r\nok\r\n",
    "whitespace behind": b"2 \r\nok\r\n",
    "too many digits": b"0" * 17 + b"\r\n",
    "bare LF behind the size": b"2\nok\r\n",
    "bare CR behind the size": b"2\rok\r\n",
    "bare LF in an extension": b"2;a\nb\r\nok\r\n",
    "bare CR in an extension": b"2;a\rb\r\nok\r\n",
    "NUL in an extension": b"2;\x00\r\nok\r\n",
    "bare LF behind the data": b"2\r\nok\n0\r\n\r\n",
    "bare CR behind the data": b"2\r\nok\r0\r\n\r\n",
    "no line end behind the data": b"2\r\nok0\r\n\r\n",
    "more data than the size": b"2\r\nokay\r\n0\r\n\r\n",
    "malformed trailer": b"0\r\nno colon\r\n\r\n",
    "trailer behind whitespace": b"0\r\n a: b\r\n\r\n",
    "bare LF in the trailers": b"0\r\na: b\nc: d\r\n\r\n",
    "NUL in the trailers": b"0\r\na: \x00\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("split", [lambda data: [data], bytewise], ids=["whole", "bytewise"])
def test_malformed_chunks_are_refused_behind_the_content_before_them(name, split):
    body = ChunkedBody()
    got: list[bytes] = []
    with pytest.raises(RemoteProtocolError):
        for piece in split(b"5\r\nhello\r\n" + MALFORMED[name]):
            assert body.feed(piece, got) is None
    assert b"".join(got) in {b"hello", b"hellook"}
    assert body.trailers is None


def test_chunk_data_is_handed_on_before_the_chunk_is_whole():
    body = ChunkedBody()
    got: list[bytes] = []
    body.feed(b"ffff\r\nfirst", got)
    body.feed(b"second", got)
    assert got == [b"first", b"second"]

"""What we put on the wire, read by h11 as a server."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arke._values.errors import LocalProtocolError
from arke._values.fields import Fields
from arke._wire.h1 import Http1

HOST = (b"Host", b"example.com")
Pairs = list[tuple[bytes, bytes]]


def read(data: bytes) -> tuple[h11.Request, bytes, bytes]:
    """Return the one request in the data, its content and what stands behind it."""
    server = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 22)
    server.receive_data(data)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    content = []
    while isinstance(event := server.next_event(), h11.Data):
        content.append(bytes(event.data))
    assert isinstance(event, h11.EndOfMessage)
    return request, b"".join(content), server.trailing_data[0]


def send(method: bytes, target: bytes, fields: Pairs, pieces: list[bytes]) -> bytes:
    engine = Http1()
    data = engine.encode(method, target, Fields(fields))
    return data + b"".join(map(engine.encode_data, pieces)) + engine.encode_end()


def framing(pieces: list[bytes], *, is_chunked: bool) -> tuple[bytes, bytes]:
    return (b"Transfer-Encoding", b"chunked") if is_chunked else (b"Content-Length", b"%d" % sum(map(len, pieces)))


TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=8).map(str.encode)
VALUE = st.text('abcXYZ019 \t!"(),/:;<=>?@[]{}\xe9\xff', max_size=12).map(
    lambda text: text.strip(" \t").encode("latin-1")
)
PAIRS = st.lists(st.tuples(TOKEN.map(lambda name: b"X-" + name), VALUE), max_size=6)
TARGET = st.text("abc019/?&=%-._~:@!$'()*+,;", max_size=20).map(lambda text: b"/" + text.encode())
PIECES = st.lists(st.binary(max_size=50), max_size=5)


@settings(max_examples=300, deadline=None)
@given(TOKEN.filter(lambda name: name != b"CONNECT"), TARGET, PAIRS, PIECES, st.booleans())
def test_h11_reads_what_we_wrote(method, target, pairs, pieces, is_chunked):
    fields = [HOST, *pairs, framing(pieces, is_chunked=is_chunked)]
    request, content, rest = read(send(method, target, fields, pieces))
    assert (request.method, request.target, request.http_version) == (method, target, b"1.1")
    assert request.headers.raw_items() == fields
    assert content == b"".join(pieces)
    assert rest == b""


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=8),
    st.binary(max_size=12),
    st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=12)), max_size=3),
)
def test_whatever_is_let_through_is_one_request_and_no_other(method, target, pairs):
    fields = [HOST, *pairs]
    try:
        data = send(method, target, fields, [])
    except LocalProtocolError:
        return
    lines = data.split(b"\r\n")
    assert lines[0] == method + b" " + target + b" HTTP/1.1"
    assert lines[1:-2] == [b"%b: %b" % field for field in fields]
    assert lines[-2:] == [b"", b""]
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")


@pytest.mark.parametrize("is_chunked", [True, False])
def test_two_requests_in_a_row_are_two(is_chunked):
    pieces = [b"hello", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
    first = send(b"POST", b"/a", [HOST, framing(pieces, is_chunked=is_chunked)], pieces)
    second = send(b"GET", b"/b", [HOST], [])
    _, content, rest = read(first + second)
    assert content == b"".join(pieces)
    assert rest == second
    assert read(rest)[0].target == b"/b"


REFUSED_BY_BOTH = {
    "no Host": [],
    "two Hosts": [HOST, HOST],
    "a malformed length": [HOST, (b"Content-Length", b"x")],
    "two lengths": [HOST, (b"Content-Length", b"1"), (b"Content-Length", b"2")],
    "another coding": [HOST, (b"Transfer-Encoding", b"gzip")],
    "a line end in a value": [HOST, (b"A", b"b\r\nC: d")],
    "a line end in a name": [HOST, (b"A\r\nB", b"c")],
    "a space in a name": [HOST, (b"A B", b"c")],
}


@pytest.mark.parametrize("name", REFUSED_BY_BOTH)
def test_what_h11_would_not_send_neither_do_we(name):
    with pytest.raises(h11.LocalProtocolError):
        h11.Request(method="GET", target="/", headers=REFUSED_BY_BOTH[name])
    with pytest.raises(LocalProtocolError):
        send(b"GET", b"/", REFUSED_BY_BOTH[name], [])

from __future__ import annotations

import pytest

from arke._values.errors import LocalProtocolError
from arke._values.fields import Fields
from arke._wire.h1 import Http1
from wire.corpus import LENGTH
from wire.exchange import HOST, answered, begin, drain


def encode(method: bytes = b"GET", target: bytes = b"/", *fields: tuple[bytes, bytes]) -> bytes:
    return Http1().encode(method, target, Fields([HOST, *fields]))


# The way out: the head


def test_a_request_head_is_put_on_the_wire():
    head = encode(b"POST", b"/a?b=c", (b"Content-Length", b"3"), (b"x-Y", b"caf\xe9"))
    assert head == b"POST /a?b=c HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\nx-Y: caf\xe9\r\n\r\n"


def test_the_block_that_was_serialised_before_is_used():
    fields = Fields([HOST])
    first = Http1().encode(b"GET", b"/", fields)
    assert fields.block == b"Host: example.com\r\n"
    assert Http1().encode(b"GET", b"/", fields) == first
    assert Http1().encode(b"GET", b"/", fields.extended([(b"A", b"1")])) == first[:-2] + b"A: 1\r\n\r\n"


@pytest.mark.parametrize(
    "method", [b"", b"GE T", b"GET\r\n", b"GET\n", b"G\x00T", b"G\xc9T", b"GET:", b" GET", b"GET "]
)
def test_an_invalid_method_is_refused(method):
    with pytest.raises(LocalProtocolError, match="method"):
        encode(method)


@pytest.mark.parametrize(
    "target", [b"", b"/a b", b"/ HTTP/1.1\r\nA: b", b"/\r\n", b"/\n", b"/\x00", b"/\x7f", b"/\t", b" /", b"/ "]
)
def test_an_invalid_target_is_refused(target):
    with pytest.raises(LocalProtocolError, match="target"):
        encode(b"GET", target)


@pytest.mark.parametrize("target", [b"/", b"*", b"example.com:443", b"http://example.com/", b"/a?b#c", b"/caf\xc3\xa9"])
def test_each_form_of_target_is_sent_as_it_is(target):
    assert encode(b"GET", target).startswith(b"GET " + target + b" HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "field",
    [
        (b"A\r\nB", b"c"),
        (b"A:", b"c"),
        (b"", b"c"),
        (b"A", b"b\r\nC: d"),
        (b"A", b"b\nC: d"),
        (b"A", b"b\rC: d"),
        (b"A", b"b\r\n\r\nGET / HTTP/1.1"),
        (b"A", b"b\x00"),
        (b"A", b" b"),
    ],
)
def test_nothing_is_injected_by_a_field(field):
    with pytest.raises(LocalProtocolError, match="header"):
        encode(b"GET", b"/", field)


def test_a_request_has_a_host():
    with pytest.raises(LocalProtocolError, match="Host"):
        Http1().encode(b"GET", b"/", Fields([(b"A", b"1")]))


@pytest.mark.parametrize("second", [(b"Host", b"example.com"), (b"host", b"example.org"), (b"HOST", b"")])
def test_a_request_has_one_host(second):
    # "A server MUST respond with a 400 (Bad Request) ... to any request message that contains more than one Host header
    # field line" (RFC 9112 3.2)
    with pytest.raises(LocalProtocolError, match="Host"):
        encode(b"GET", b"/", second)


def test_a_host_may_be_empty():
    # "If the authority component is missing ... a client MUST send a Host header field with an empty field value" (3.2)
    assert Http1().encode(b"GET", b"/", Fields([(b"Host", b"")])) == b"GET / HTTP/1.1\r\nHost: \r\n\r\n"


FRAMINGS_REFUSED = {
    "both": [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")],
    "both, the length being zero": [(b"Content-Length", b"0"), (b"Transfer-Encoding", b"chunked")],
    "two lengths": [(b"Content-Length", b"5"), (b"content-length", b"6")],
    "the same length twice": [(b"Content-Length", b"5"), (b"content-length", b"5")],
    "list of lengths": [(b"Content-Length", b"5, 5")],
    "empty length": [(b"Content-Length", b"")],
    "signed length": [(b"Content-Length", b"+5")],
    "negative length": [(b"Content-Length", b"-5")],
    "length in other digits": [(b"Content-Length", b"\xd9\xa5")],
    "length of 20 digits": [(b"Content-Length", b"1" * 20)],
    "another coding": [(b"Transfer-Encoding", b"gzip")],
    "another coding and chunked": [(b"Transfer-Encoding", b"gzip, chunked")],
    "chunked twice": [(b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")],
    "chunked with a parameter": [(b"Transfer-Encoding", b"chunked;a=b")],
    "identity": [(b"Transfer-Encoding", b"identity")],
    "empty coding": [(b"Transfer-Encoding", b"")],
}


@pytest.mark.parametrize("name", FRAMINGS_REFUSED)
def test_a_framing_in_doubt_is_refused(name):
    with pytest.raises(LocalProtocolError, match=r"Content-Length|Transfer-Encoding"):
        encode(b"POST", b"/", *FRAMINGS_REFUSED[name])


@pytest.mark.parametrize(
    ("method", "target", "fields"),
    [
        (b"G T", b"/", [HOST]),
        (b"GET", b"", [HOST]),
        (b"GET", b"/", []),
        (b"GET", b"/", [HOST, (b"A", b"\n")]),
        (b"GET", b"/", [HOST, HOST]),
        (b"GET", b"/", [HOST, (b"Content-Length", b"x")]),
    ],
)
def test_a_refused_request_leaves_the_connection_as_it_was(method, target, fields):
    engine = answered(LENGTH)
    assert drain(engine) == (b"hello", None)
    with pytest.raises(LocalProtocolError):
        engine.encode(method, target, Fields(fields))
    assert engine.is_reusable
    assert engine.head is not None
    begin(engine=engine)
    engine.feed(LENGTH)
    assert drain(engine) == (b"hello", None)


# The way out: the content


def test_content_of_a_length_is_sent_as_it_is():
    engine = begin(b"POST", [(b"Content-Length", b"5")])
    assert engine.content_length == 5
    assert engine.encode_data(b"hel") == b"hel"
    assert engine.content_length == 2
    assert engine.encode_data(b"") == b""
    assert engine.encode_data(b"lo") == b"lo"
    assert engine.content_length == 0
    assert engine.encode_end() == b""


def test_content_in_chunks_is_framed():
    engine = begin(b"POST", [(b"Transfer-Encoding", b"Chunked")])
    assert engine.content_length is None
    assert engine.encode_data(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    # An empty chunk would end the content.
    assert engine.encode_data(b"") == b""
    assert engine.encode_end() == b"0\r\n\r\n"
    assert engine.content_length == 0


def test_content_longer_than_its_length_is_refused_and_not_sent():
    engine = begin(b"POST", [(b"Content-Length", b"5")])
    engine.encode_data(b"hel")
    with pytest.raises(LocalProtocolError, match="more content"):
        engine.encode_data(b"lo world")
    assert engine.encode_data(b"lo") == b"lo"


def test_content_shorter_than_its_length_is_refused_and_costs_the_connection():
    engine = begin(b"POST", [(b"Content-Length", b"5")])
    engine.encode_data(b"hel")
    with pytest.raises(LocalProtocolError, match="2 bytes shorter"):
        engine.encode_end()
    engine.feed(LENGTH)
    assert not engine.is_reusable


@pytest.mark.parametrize("fields", [[], [(b"Content-Length", b"0")]])
def test_content_that_was_not_announced_is_refused(fields):
    engine = begin(b"POST", fields)
    with pytest.raises(LocalProtocolError, match="more content"):
        engine.encode_data(b"x")
    assert engine.encode_data(b"") == b""
    assert engine.encode_end() == b""


def test_content_behind_the_end_of_the_chunks_is_refused():
    engine = begin(b"POST", [(b"Transfer-Encoding", b"chunked")])
    engine.encode_end()
    with pytest.raises(LocalProtocolError):
        engine.encode_data(b"x")
    assert engine.encode_end() == b""

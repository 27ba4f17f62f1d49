from __future__ import annotations

import pytest

from arke._values.errors import RemoteProtocolError
from arke._wire.events import Head
from arke._wire.h1 import Http1
from wire.corpus import CONTINUE, LENGTH, MALFORMED, WELL_FORMED
from wire.exchange import CHUNKED, HEAD, answered, begin, bytewise, cut, drain, outcome

CLOSE = (b"Connection", b"close")
UPGRADE = ((b"Connection", b"upgrade"), (b"Upgrade", b"x"))
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"
UNTIL_THE_END = {name for name in WELL_FORMED if "until the end" in name}


# Expect and 1xx


@pytest.mark.parametrize("value", [b"100-continue", b"100-Continue", b"a, 100-continue"])
def test_an_expectation_holds_the_content_back_until_100(value):
    engine = begin(b"POST", [(b"Expect", value), (b"Content-Length", b"5")])
    assert not engine.may_send_content
    engine.feed(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    assert not engine.may_send_content
    engine.feed(CONTINUE)
    assert engine.may_send_content
    assert engine.next_head() is None


@pytest.mark.parametrize("fields", [[], [(b"Expect", b"something")]])
def test_without_the_expectation_the_content_may_go_at_once(fields):
    assert begin(b"POST", fields).may_send_content


def test_an_expectation_of_one_exchange_does_not_hold_for_the_next():
    engine = begin(b"POST", [(b"Expect", b"100-continue"), (b"Content-Length", b"0")])
    engine.feed(LENGTH)
    assert engine.is_reusable
    assert begin(engine=engine).may_send_content


def test_a_final_response_instead_of_100_costs_the_connection_unless_the_content_is_sent():
    engine = begin(b"POST", [(b"Expect", b"100-continue"), (b"Content-Length", b"5")])
    engine.feed(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
    assert not engine.may_send_content
    assert not engine.is_reusable
    engine.encode_data(b"hello")
    engine.encode_end()
    assert engine.is_reusable


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_informational_responses_are_passed_over(status):
    engine = answered(b"HTTP/1.1 %d Whatever\r\nContent-Length: 7\r\nA: b\r\n\r\n" % status + LENGTH)
    head = engine.next_head()
    assert head is not None
    assert head.status == 200
    assert head.fields.items == [(b"Content-Length", b"5")]
    assert drain(engine) == (b"hello", None)


def test_an_informational_response_is_no_answer_to_wait_for():
    engine = answered(CONTINUE)
    assert engine.next_head() is None
    assert engine.next_data() == b""
    assert engine.has_received
    assert not engine.is_complete
    assert not engine.is_reusable


# The way in


def test_a_head_has_all_parts():
    engine = answered(b"HTTP/1.1 404 Not Found\r\nX-Y: z\r\nContent-Length: 0\r\n\r\n")
    head = engine.next_head()
    assert isinstance(head, Head)
    assert (head.status, head.reason, head.version) == (404, b"Not Found", b"HTTP/1.1")
    assert head.fields.items == [(b"X-Y", b"z"), (b"Content-Length", b"0")]
    assert repr(head) == "<Head HTTP/1.1 404 b'Not Found'>"
    assert engine.next_head() is head


def test_events_before_anything_has_come():
    engine = begin()
    assert engine.next_head() is None
    assert engine.next_data() == b""
    assert not engine.has_received
    assert not engine.has_data
    assert not engine.has_failed


def test_a_fresh_engine_has_no_exchange_and_is_usable():
    engine = Http1()
    assert engine.is_complete
    assert engine.is_reusable
    assert not engine.is_tunnel
    assert engine.next_head() is None
    assert engine.next_data() is None
    assert engine.trailers is None
    assert engine.may_send_content


def test_content_is_given_in_what_has_come_and_then_none():
    engine = begin()
    engine.feed(HEAD + b"Content-Length: 11\r\n\r\nhel")
    assert engine.has_data
    assert engine.next_data() == b"hel"
    assert engine.next_data() == b""
    engine.feed(b"lo ")
    engine.feed(b"wo")
    assert engine.unread == 5
    assert engine.next_data() == b"lo wo"
    engine.feed(b"rld")
    assert engine.next_data() == b"rld"
    assert engine.next_data() is None
    assert engine.next_data() is None


@pytest.mark.parametrize("name", sorted(set(WELL_FORMED) - UNTIL_THE_END))
def test_a_well_formed_response_is_whole_without_the_end_of_the_connection(name):
    got = outcome([WELL_FORMED[name]])
    assert not got.has_failed
    assert got.is_complete
    assert got.surplus == b""


@pytest.mark.parametrize("name", sorted(UNTIL_THE_END))
def test_content_without_a_framing_ends_with_the_connection(name):
    assert not outcome([WELL_FORMED[name]]).is_complete
    got = outcome([WELL_FORMED[name]], eof=True)
    assert (got.content, got.is_complete, got.has_failed, got.is_reusable) == (b"hello", True, False, False)


# What MALFORMED holds only because other parsers differ on it.
ACCEPTED = {"no reason and no space", "status in the thousands"}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_a_malformed_response_is_refused_or_never_whole(name):
    got = outcome([MALFORMED[name]], eof=True)
    if name in ACCEPTED:
        assert (got.has_failed, got.is_complete) == (False, True)
    else:
        assert got.has_failed
        assert not got.is_complete
        assert not got.is_reusable


@pytest.mark.parametrize("name", ["bare LF everywhere", "bare LF behind the head"])
def test_a_head_that_ends_with_a_bare_lf_is_refused_and_not_waited_for(name):
    assert outcome([MALFORMED[name]]).has_failed
    assert outcome(bytewise(MALFORMED[name])).has_failed


def test_an_error_stands_behind_what_was_right_before_it():
    engine = answered(CHUNKED + b"5\r\nhello\r\nnonsense\r\n")
    assert engine.has_failed
    head = engine.next_head()
    assert head is not None
    assert head.status == 200
    assert engine.next_data() == b"hello"
    for _ in range(2):
        with pytest.raises(RemoteProtocolError, match="chunk"):
            engine.next_data()
    engine.feed(b"0\r\n\r\n")
    engine.feed_eof()
    with pytest.raises(RemoteProtocolError, match="chunk"):
        engine.next_data()
    assert not engine.is_complete
    assert not engine.is_reusable


def test_an_error_in_the_head_is_raised_by_both():
    engine = answered(b"nonsense\r\n\r\n")
    for take in (engine.next_head, engine.next_data):
        with pytest.raises(RemoteProtocolError, match="status line") as caught:
            take()
        assert caught.value.phase == "read"


# HEAD, 204, 304, CONNECT, 101

BODILESS = {
    "HEAD": (b"HEAD", b"HTTP/1.1 200 OK\r\n"),
    "204": (b"GET", b"HTTP/1.1 204 No Content\r\n"),
    "304": (b"GET", b"HTTP/1.1 304 Not Modified\r\n"),
    "HEAD with 404": (b"HEAD", b"HTTP/1.1 404 Not Found\r\n"),
}


@pytest.mark.parametrize("name", BODILESS)
@pytest.mark.parametrize(
    "fields", [b"", b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"]
)
def test_these_have_no_content_whatever_the_fields_say(name, fields):
    method, line = BODILESS[name]
    got = outcome([line + fields + b"\r\n"], method=method)
    assert got.is_complete
    assert got.content == b""
    assert not got.has_failed


@pytest.mark.parametrize("name", ["HEAD", "304"])
@pytest.mark.parametrize("fields", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_the_fields_of_head_and_304_speak_of_another_response(name, fields):
    method, line = BODILESS[name]
    assert outcome([line + fields + b"\r\n"], method=method).is_reusable


@pytest.mark.parametrize(
    ("fields", "is_reusable"),
    [
        (b"", True),
        (b"Content-Length: 0\r\n", True),
        (b"Content-Length: 5\r\n", False),
        (b"Transfer-Encoding: chunked\r\n", False),
    ],
)
def test_a_204_that_announces_content_costs_the_connection(fields, is_reusable):
    # "A server MUST NOT send a Content-Length header field in any response with a status code of ... 204" (RFC 9110 8.6):
    # one that announces content may send it too, and it must not answer the next request.
    assert outcome([b"HTTP/1.1 204 No Content\r\n" + fields + b"\r\n"]).is_reusable == is_reusable


@pytest.mark.parametrize("name", BODILESS)
def test_content_that_these_must_not_have_costs_the_connection(name):
    method, line = BODILESS[name]
    got = outcome([line + b"Content-Length: 5\r\n\r\nhello"], method=method)
    assert (got.content, got.surplus, got.is_reusable) == (b"", b"hello", False)


@pytest.mark.parametrize(
    "fields",
    [
        b"",
        b"Content-Length: 5\r\n",
        b"Content-Length: nonsense\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Connection: close\r\n",
    ],
)
@pytest.mark.parametrize(
    ("line", "method", "asked"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"CONNECT", ()),
        (b"HTTP/1.1 299 OK\r\n", b"CONNECT", ()),
        (b"HTTP/1.0 200 OK\r\n", b"CONNECT", ()),
        (b"HTTP/1.1 101 Switching Protocols\r\n", b"GET", UPGRADE),
    ],
)
def test_a_tunnel_begins_behind_the_head_whatever_the_fields_say(line, method, asked, fields):
    # "A client MUST ignore any Content-Length or Transfer-Encoding header fields received in such a message" (RFC 9112 6.3)
    got = outcome([line + fields + b"\r\n", b"tunnelled", b" bytes"], method=method, fields=asked)
    assert not got.has_failed
    assert (got.is_complete, got.is_tunnel, got.is_reusable) == (True, True, False)
    assert (got.content, got.surplus) == (b"", b"tunnelled bytes")


def test_a_refused_connect_has_content_and_is_no_tunnel():
    got = outcome([b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno"], method=b"CONNECT")
    assert (got.content, got.is_tunnel, got.is_reusable) == (b"no", False, True)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"CONNECT", b"POST"])
def test_101_that_was_not_asked_for_is_refused(method):
    got = outcome([SWITCH], method=method)
    assert (got.has_failed, got.is_tunnel, got.status) == (True, False, None)


def test_an_upgrade_may_be_passed_over():
    got = outcome([LENGTH], fields=UPGRADE)
    assert (got.content, got.is_tunnel, got.is_reusable) == (b"hello", False, True)


def test_101_may_stand_behind_other_informational_responses():
    assert outcome([CONTINUE + SWITCH + b"x"], fields=UPGRADE).surplus == b"x"


# Reuse

REUSE = {
    "length": (LENGTH, True),
    "chunked": (CHUNKED + b"0\r\n\r\n", True),
    "empty": (HEAD + b"Content-Length: 0\r\n\r\n", True),
    "keep-alive": (HEAD + b"Connection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
    "something else": (HEAD + b"Connection: closed, x\r\nContent-Length: 0\r\n\r\n", True),
    "close": (HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n", False),
    "Close": (HEAD + b"Connection: Close\r\nContent-Length: 0\r\n\r\n", False),
    "close in a list": (HEAD + b"Connection: x ,close\r\nContent-Length: 0\r\n\r\n", False),
    "close in a second field": (HEAD + b"Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
    "close and keep-alive": (HEAD + b"Connection: keep-alive, close\r\nContent-Length: 0\r\n\r\n", False),
    "close in chunks": (HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
    "HTTP/1.0 keep-alive": (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", True),
    "HTTP/1.0 keep-alive in a list": (
        b"HTTP/1.0 200 OK\r\nConnection: x, keep-alive\r\nContent-Length: 0\r\n\r\n",
        True,
    ),
    "HTTP/1.0 something else": (b"HTTP/1.0 200 OK\r\nConnection: x\r\nContent-Length: 0\r\n\r\n", False),
    "HTTP/1.0 close": (b"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
    "HTTP/1.0 close and keep-alive": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n",
        False,
    ),
    "later minor version": (b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", True),
    "surplus": (LENGTH + b"x", False),
    "surplus behind chunks": (CHUNKED + b"0\r\n\r\n\r\n", False),
    "unfinished": (LENGTH[:-1], False),
}


@pytest.mark.parametrize("name", REUSE)
def test_the_connection_is_reused_when_nothing_is_in_doubt(name):
    data, is_reusable = REUSE[name]
    assert outcome([data]).is_reusable == is_reusable
    assert not outcome([data], fields=[CLOSE]).is_reusable
    assert not outcome([data], fields=[(b"Connection", b"TE, Close")]).is_reusable
    assert not outcome([data], eof=True).is_reusable


def test_a_request_that_asks_to_keep_the_connection_is_no_obstacle():
    assert outcome([LENGTH], fields=[(b"Connection", b"Keep-Alive")]).is_reusable


@pytest.mark.parametrize("framing", [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")])
def test_a_response_before_the_request_was_sent_whole_costs_the_connection(framing):
    engine = begin(b"POST", [framing])
    engine.encode_data(b"hel")
    engine.feed(LENGTH)
    assert engine.is_complete
    assert not engine.is_reusable


def test_one_engine_carries_many_exchanges():
    engine = Http1()
    for data, content in [
        (LENGTH, b"hello"),
        (CONTINUE + LENGTH, b"hello"),
        (CHUNKED + b"1\r\nx\r\n0\r\nA: b\r\n\r\n", b"x"),
    ]:
        for piece in ([data], bytewise(data)):
            begin(engine=engine)
            assert engine.head is None
            assert engine.trailers is None
            assert not engine.has_received
            for part in piece:
                engine.feed(part)
            assert drain(engine) == (content, None)
            assert engine.is_reusable
    assert engine.trailers is not None
    assert engine.trailers.items == [(b"A", b"b")]


def test_content_nobody_took_does_not_become_that_of_the_next_exchange():
    engine = answered(LENGTH)
    begin(engine=engine)
    assert not engine.has_data


def test_bytes_before_any_request_make_the_connection_useless():
    engine = Http1()
    engine.feed(LENGTH)
    assert not engine.is_reusable
    assert engine.next_head() is None


def test_bytes_behind_the_response_make_the_connection_useless():
    engine = answered(LENGTH)
    assert engine.is_reusable
    engine.feed(b"\r\n")
    assert not engine.is_reusable
    assert engine.surplus == b"\r\n"


def test_bytes_behind_the_response_are_not_hoarded():
    engine = answered(LENGTH)
    for _ in range(1000):
        engine.feed(b"x" * 1000)
    assert not engine.is_reusable
    assert len(engine.surplus) <= 1000


def test_the_bytes_of_a_head_are_not_kept_beside_its_content():
    engine = begin()
    for piece in cut(HEAD + b"A: " + b"x" * 10_000 + b"\r\nContent-Length: 1000000\r\n\r\n" + b"y" * 50_000, [4000]):
        engine.feed(piece)
    assert engine.head is not None
    assert not engine._buffer


# The end of the connection


def test_the_end_before_a_response_is_an_error():
    engine = begin()
    engine.feed_eof()
    assert not engine.has_received
    with pytest.raises(RemoteProtocolError, match="without a response"):
        engine.next_head()


@pytest.mark.parametrize("data", [b"H", HEAD, CONTINUE, HEAD + b"Content-Length: 5\r\n"])
def test_the_end_within_the_head_is_an_error(data):
    engine = answered(data)
    engine.feed_eof()
    assert engine.has_received
    with pytest.raises(RemoteProtocolError, match="incomplete response head"):
        engine.next_head()


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize(
    "data", [HEAD + b"Content-Length: 6\r\n\r\nhello", CHUNKED + b"5\r\nhello\r\n", CHUNKED + b"6\r\nhello"]
)
def test_the_end_within_framed_content_is_an_error_behind_the_content(data, clean):
    got = outcome([data], eof=True, clean=clean)
    assert (got.content, got.has_failed, got.is_complete) == (b"hello", True, False)


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("data", [LENGTH, CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"])
def test_the_end_behind_framed_content_is_no_error_even_if_tls_was_cut_off(data, clean):
    got = outcome([data], eof=True, clean=clean)
    assert (got.content, got.has_failed, got.is_complete, got.is_reusable) == (b"hello", False, True, False)


def test_content_until_the_end_is_not_trusted_when_tls_was_cut_off():
    # RFC 9112 9.8: without close_notify nobody can tell whether this was all.
    got = outcome([HEAD + b"\r\nhello"], eof=True, clean=False)
    assert (got.content, got.has_failed, got.is_complete) == (b"hello", True, False)


def test_the_end_of_an_idle_connection_makes_it_useless():
    engine = Http1()
    engine.feed_eof()
    assert not engine.is_reusable
    assert not engine.has_failed


def test_the_end_may_be_told_twice():
    engine = answered(HEAD + b"\r\nhello")
    engine.feed_eof()
    engine.feed_eof(clean=False)
    assert drain(engine) == (b"hello", None)

"""One request as a driver needs it: read once, checked before anything is dialed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.request import Request
from arke._policy.call import Call, max_joined_bytes
from arke._values.errors import (
    ConnectError,
    ConnectTimeout,
    LocalProtocolError,
    PoolTimeout,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    StreamConsumed,
    UnsupportedProtocol,
    WriteError,
    WriteTimeout,
)
from arke._values.headers import Headers
from arke._wire.h1 import Http1

HERE = "https://example.org/path?query"
NOW = 1000.0
TIMEOUTS = {"pool": PoolTimeout, "connect": ConnectTimeout, "write": WriteTimeout, "read": ReadTimeout}


def request(method: str = "GET", url: str = HERE, **parts) -> Request:
    return Request(method, url, **parts)


def call(method: str = "GET", url: str = HERE, **parts) -> Call:
    return Call(request(method, url, **parts), NOW)


def limited(**limits: float | None) -> Call:
    return call(extensions={"timeout": limits})


def with_headers(content: bytes | None, *items: tuple[str, str]) -> Call:
    """A call whose header fields are these and `Host`, whatever its content is."""
    made = request("POST", content=content)
    made.headers = Headers([("Host", "example.org"), *items])
    return Call(made, NOW)


class TestReading:
    def test_what_is_sent(self):
        got = call("POST", content=b"abc")
        assert (got.method, got.target, got.content) == (b"POST", b"/path?query", b"abc")
        assert got.stream is None
        assert got.fields.index[b"host"] == b"example.org"
        assert got.route == ("https", "example.org", 443, "example.org")

    def test_content_that_is_not_at_hand_is_a_stream(self):
        made = request("POST", content=iter([b"abc"]))
        got = Call(made, NOW)
        assert got.content is None
        assert got.stream is made.stream

    def test_content_that_was_read_is_at_hand(self):
        made = request("POST", content=iter([b"ab", b"c"]))
        made.read()
        assert Call(made, NOW).content == b"abc"

    def test_content_that_is_used_up_is_refused(self):
        made = request("POST", content=iter([b"abc"]))
        list(made.stream)
        with pytest.raises(StreamConsumed):
            Call(made, NOW)

    def test_content_that_can_be_had_again_is_not(self):
        made = request("POST", content=io.BytesIO(b"abc"))
        list(made.stream)
        assert list(Call(made, NOW).stream) == [b"abc"]

    @pytest.mark.parametrize("method", ["M-SEARCH", "PURGE", "get"])
    def test_a_method_is_sent_as_it_is(self, method):
        made = request()
        made.method = method
        assert Call(made, NOW).method == method.encode()

    def test_another_target(self):
        assert call("OPTIONS", extensions={"target": b"*"}).target == b"*"


class TestRefusal:
    @pytest.mark.parametrize("method", ["", "GET ", "GET / HTTP/1.1\r\nX:", "G\u00c9T", "\ud800", "GET\n"])
    def test_of_a_method(self, method):
        made = request()
        made.method = method
        with pytest.raises(LocalProtocolError, match="method"):
            Call(made, NOW)

    @pytest.mark.parametrize("target", [b"", b"/a b", b"/\r\nX: y", b"/\x00", b"/\x7f", b"/\n"])
    def test_of_a_target(self, target):
        with pytest.raises(LocalProtocolError, match="target"):
            call(extensions={"target": target})

    def test_of_a_target_that_is_no_bytes(self):
        with pytest.raises(LocalProtocolError, match="must be bytes, not str"):
            call(extensions={"target": "/x"})

    @pytest.mark.parametrize("value", ["a\r\nX: y", "a\x00", " a", "a\t"])
    def test_of_a_header_names_it_and_does_not_show_it(self, value):
        made = request()
        made.headers = Headers([(b"Host", b"example.org"), (b"X-Secret", value.encode())])
        with pytest.raises(LocalProtocolError) as caught:
            Call(made, NOW)
        assert "X-Secret" in str(caught.value)
        assert repr(value) not in str(caught.value)

    def test_of_a_scheme(self):
        with pytest.raises(UnsupportedProtocol):
            call(url="ftp://example.org/")

    @given(st.text(max_size=6), st.binary(max_size=6))
    def test_any_method_and_target_are_sent_or_refused(self, method, target):
        made = request(extensions={"target": target})
        made.method = method
        try:
            head = Call(made, NOW).start(Http1())
        except LocalProtocolError:
            return
        assert head.split(b"\r\n")[0] == b"%b %b HTTP/1.1" % (method.encode(), target)


class TestStart:
    def test_without_content(self):
        got = call()
        assert got.start(Http1()) == b"GET /path?query HTTP/1.1\r\nHost: example.org\r\n\r\n"
        assert got.joined

    def test_small_content_goes_along(self):
        got = call("POST", content=b"abc")
        assert got.start(Http1()).endswith(b"\r\n\r\nabc")
        assert got.joined

    @pytest.mark.parametrize(("size", "joined"), [(max_joined_bytes, True), (max_joined_bytes + 1, False)])
    def test_large_content_follows(self, size, joined):
        got = call("POST", content=b"x" * size)
        head = got.start(Http1())
        assert got.joined is joined
        assert head.endswith(b"x" if joined else b"\r\n\r\n")

    def test_streamed_content_follows(self):
        got = call("POST", content=iter([b"abc"]))
        assert got.start(Http1()).endswith(b"\r\n\r\n")
        assert not got.joined

    def test_content_waits_for_the_word_to_go_on(self):
        got = call("POST", content=b"abc", headers={"Expect": "100-continue"})
        engine = Http1()
        assert got.start(engine).endswith(b"\r\n\r\n")
        assert not got.joined
        assert not engine.may_send_content

    def test_content_is_chunked_where_it_is_said(self):
        got = with_headers(b"abc", ("Transfer-Encoding", "chunked"))
        assert got.start(Http1()).endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    def test_no_content_is_chunked_where_it_is_said(self):
        got = with_headers(b"", ("Transfer-Encoding", "chunked"))
        assert got.start(Http1()).endswith(b"\r\n\r\n0\r\n\r\n")
        assert got.joined

    def test_once_more_on_another_connection(self):
        got = call("POST", content=b"abc")
        first = got.start(Http1())
        got.joined = False
        assert got.start(Http1()) == first
        assert got.joined

    def test_headers_are_serialised_once_for_requests_that_share_them(self):
        one = request(headers={"X-Name": "value"})
        other = request()
        other.headers = one.headers.copy()
        block = Call(one, NOW).fields.block
        assert block is not None
        assert Call(other, NOW).fields.block is block


class TestLength:
    @pytest.mark.parametrize("length", ["2", "4", "0", "9" * 30, "0" * 20 + "3"])
    def test_that_does_not_fit_the_content_is_refused(self, length):
        got = with_headers(b"abc", ("Content-Length", length))
        engine = Http1()
        with pytest.raises(LocalProtocolError, match="Content-Length"):
            got.start(engine)
        assert engine.is_reusable

    @pytest.mark.parametrize("length", ["+3", "3,3", "3, 3", "0x3", "three", "", "-3"])
    def test_that_is_none_is_refused(self, length):
        got = with_headers(b"abc", ("Content-Length", length))
        engine = Http1()
        with pytest.raises(LocalProtocolError, match="Content-Length"):
            got.start(engine)
        assert engine.is_reusable

    def test_that_promises_content_where_there_is_none_is_refused(self):
        with pytest.raises(LocalProtocolError, match="Content-Length is 3, but its content has 0 bytes"):
            with_headers(None, ("Content-Length", "3")).start(Http1())

    def test_beside_a_coding_is_refused(self):
        got = with_headers(b"abc", ("Content-Length", "3"), ("Transfer-Encoding", "chunked"))
        with pytest.raises(LocalProtocolError, match="both"):
            got.start(Http1())

    def test_that_is_missing_is_refused(self):
        got = with_headers(b"abc")
        with pytest.raises(LocalProtocolError, match="neither a Content-Length nor a Transfer-Encoding"):
            got.start(Http1())

    def test_with_zeros_in_front_fits(self):
        assert with_headers(b"abc", ("Content-Length", "003")).start(Http1()).endswith(b"abc")


class TestLimits:
    def test_each_phase_has_its_own(self):
        got = limited(pool=1.0, connect=2.0, write=3.0, read=4.0)
        assert [got.seconds(phase, NOW) for phase in TIMEOUTS] == [1.0, 2.0, 3.0, 4.0]
        assert got.read == 4.0
        assert got.deadline is None

    def test_there_may_be_none(self):
        for got in (call(), limited(read=None)):
            assert got.seconds("read", NOW) is None
            assert got.read is None
            assert got.deadline is None

    def test_zero_is_a_limit(self):
        assert limited(read=0).seconds("read", NOW) == 0

    def test_the_total_counts_from_the_beginning(self):
        got = limited(total=10.0)
        assert got.deadline == NOW + 10.0
        assert got.seconds("read", NOW + 4.0) == pytest.approx(6.0)

    @pytest.mark.parametrize(("read", "later", "seconds"), [(5.0, 1.0, 5.0), (5.0, 8.0, 2.0), (None, 8.0, 2.0)])
    def test_the_nearer_of_total_and_phase_holds(self, read, later, seconds):
        got = limited(read=read, total=10.0)
        assert got.seconds("read", NOW + later) == pytest.approx(seconds)

    def test_when_the_total_is_over_nothing_is_left(self):
        got = limited(read=5.0, total=10.0)
        assert got.seconds("read", NOW + 10.0) <= 0
        assert got.seconds("read", NOW + 60.0) <= 0

    def test_a_deadline_that_was_set_before_holds(self):
        got = call(extensions={"timeout": {"total": 10.0}, "deadline": NOW + 3.0})
        assert got.deadline == NOW + 3.0
        assert got.seconds("read", NOW) == pytest.approx(3.0)

    @pytest.mark.parametrize(("total", "until", "deadline"), [(None, 3.0, 3.0), (10.0, 3.0, 3.0), (2.0, 3.0, 2.0)])
    def test_who_is_in_a_hurry_never_has_more_time(self, total, until, deadline):
        got = limited(total=total)
        got.hurry(NOW + until)
        assert got.deadline == NOW + deadline


class TestMessages:
    @pytest.mark.parametrize(
        ("phase", "message"),
        [
            ("pool", "waiting for a free connection to 'example.org':443 timed out after 2.5 s (timeout.pool)"),
            ("connect", "connecting to 'example.org':443 timed out after 2.5 s (timeout.connect)"),
            ("write", "sending to 'example.org':443 timed out after 2.5 s (timeout.write)"),
            ("read", "waiting for a response from 'example.org':443 timed out after 2.5 s (timeout.read)"),
        ],
    )
    def test_of_a_timeout(self, phase, message):
        got = limited(**{phase: 2.5})
        exc = got.timed_out(phase, NOW + 2.5)
        assert type(exc) is TIMEOUTS[phase]
        assert str(exc) == message
        assert (exc.phase, exc.limit, exc.request) == (phase, f"timeout.{phase}", got.request)

    @pytest.mark.parametrize("phase", TIMEOUTS)
    def test_of_the_total_timeout(self, phase):
        exc = limited(total=10.0, **{phase: 60.0}).timed_out(phase, NOW + 10.0)
        assert type(exc) is TIMEOUTS[phase]
        assert str(exc).endswith("timed out after 10.0 s (timeout.total)")
        assert (exc.phase, exc.limit) == (phase, "timeout.total")

    def test_of_a_phase_within_a_total(self):
        exc = limited(total=10.0, read=5.0).timed_out("read", NOW + 5.0)
        assert exc.limit == "timeout.read"

    def test_of_a_deadline_without_a_total(self):
        exc = call(extensions={"deadline": NOW + 3.0}).timed_out("read", NOW + 3.0)
        assert str(exc).endswith("'example.org':443 timed out (timeout.total)")

    @pytest.mark.parametrize(
        ("make", "kind", "phase", "message"),
        [
            (Call.read_failed, ReadError, "read", "reading from 'example.org':443 failed: reset"),
            (Call.write_failed, WriteError, "write", "sending to 'example.org':443 failed: reset"),
            (Call.connect_failed, ConnectError, "connect", "connecting to 'example.org':443 failed: reset"),
        ],
    )
    def test_of_a_failure(self, make, kind, phase, message):
        got = call(url="https://user:secret@example.org/")
        exc = make(got, OSError("reset"))
        assert type(exc) is kind
        assert str(exc) == message
        assert (exc.phase, exc.request) == (phase, got.request)

    def test_of_a_failed_handshake(self):
        exc = call().connect_failed(OSError("bad certificate"), "tls")
        assert str(exc) == "TLS handshake with 'example.org':443 failed: bad certificate"
        assert exc.phase == "tls"

    @pytest.mark.parametrize("cause", [OSError(), OSError(104, ""), ConnectionResetError(), Exception()])
    def test_is_never_empty(self, cause):
        reason = str(call().read_failed(cause)).partition("failed: ")[2]
        assert reason.strip()

    def test_of_a_connection_that_was_closed(self):
        assert str(call().read_failed(None)).endswith("failed: the connection was closed")


class TestAgain:
    @pytest.mark.parametrize("exc", [ReadError("x"), WriteError("x"), ConnectError("x"), RemoteProtocolError("x")])
    def test_after_a_stale_connection(self, exc):
        assert call().may_send_again(Http1(), exc, was_reused=True, has_written=True)

    @pytest.mark.parametrize(
        "exc", [ReadTimeout("x"), WriteTimeout("x"), LocalProtocolError("x"), StreamConsumed(), KeyboardInterrupt()]
    )
    def test_not_when_the_connection_is_not_to_blame(self, exc):
        assert not call().may_send_again(Http1(), exc, was_reused=True, has_written=False)

    def test_not_after_a_fresh_one(self):
        assert not call().may_send_again(Http1(), ReadError("x"), was_reused=False, has_written=False)

    def test_not_after_an_answer_has_begun(self):
        got, engine = call(), Http1()
        got.start(engine)
        engine.feed(b"HTTP/1.1")
        assert not got.may_send_again(engine, ReadError("x"), was_reused=True, has_written=True)

    @pytest.mark.parametrize(
        ("content", "again"), [(b"abc", True), ([b"abc"], True), (io.BytesIO(b"abc"), True), (iter([b"abc"]), False)]
    )
    def test_only_with_content_that_can_be_had_again(self, content, again):
        got = call("PUT", content=content)
        assert got.may_send_again(Http1(), ReadError("x"), was_reused=True, has_written=True) is again

    @pytest.mark.parametrize(("headers", "again"), [({}, False), ({"Idempotency-Key": "1"}, True)])
    def test_a_post_only_with_a_key(self, headers, again):
        got = call("POST", content=b"abc", headers=headers)
        assert got.may_send_again(Http1(), ReadError("x"), was_reused=True, has_written=True) is again
        assert got.may_send_again(Http1(), ReadError("x"), was_reused=True, has_written=False)

"""What a request is made of, what it adds by itself, and what of it survives."""

from __future__ import annotations

import asyncio
import copy
import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.content import ByteStream, IteratorByteStream
from arke._message.request import Request
from arke._values.cookies import Cookies
from arke._values.errors import (
    InvalidURL,
    LocalProtocolError,
    RequestNotRead,
    StreamClosed,
    StreamConsumed,
)
from arke._values.headers import Headers
from arke._values.types import AsyncByteStream, SyncByteStream
from arke._values.url import URL

URL_TEXT = "https://example.org/path"


def raw(request: Request) -> list[tuple[bytes, bytes]]:
    return request.headers.raw


class TestMethod:
    @pytest.mark.parametrize("given_method", ["GET", "get", "Get"])
    def test_is_upper_case(self, given_method):
        assert Request(given_method, URL_TEXT).method == "GET"

    def test_may_be_any_token(self):
        assert Request("m-search", URL_TEXT).method == "M-SEARCH"

    @pytest.mark.parametrize(
        "method",
        ["", "GET ", "GET /x", "GET\r\nX: y", "GE\x00T", "G\u00c9T", "stra\u00dfe", "GET\n", "\ud800"],
    )
    def test_that_is_no_token_is_refused_by_name(self, method):
        with pytest.raises(LocalProtocolError) as caught:
            Request(method, URL_TEXT)
        assert repr(method) in str(caught.value)

    @pytest.mark.parametrize("method", [b"GET", None, 1])
    def test_that_is_no_text_is_a_type_error(self, method):
        with pytest.raises(TypeError):
            Request(method, URL_TEXT)

    @given(st.text(max_size=8))
    def test_any_text_is_a_token_or_refused(self, method):
        try:
            sent = Request(method, URL_TEXT).method
        except LocalProtocolError:
            return
        assert sent == method.upper()
        assert sent.isascii()
        assert not set(sent) & set(' \t\r\n:/(),;<=>?@[]{}\\"')


class TestURL:
    def test_is_parsed(self):
        assert Request("GET", URL_TEXT).url == URL(URL_TEXT)

    def test_may_be_one_already(self):
        url = URL(URL_TEXT)
        assert Request("GET", url).url == url

    def test_takes_the_params(self):
        assert str(Request("GET", URL_TEXT + "?old=1", params={"a": "b c"}).url) == URL_TEXT + "?a=b+c"

    def test_keeps_its_query_without_params(self):
        assert str(Request("GET", URL_TEXT + "?old=1").url) == URL_TEXT + "?old=1"

    def test_that_is_none_is_refused(self):
        with pytest.raises(InvalidURL):
            Request("GET", "http://[")


class TestFieldsOfItsOwn:
    def test_host_comes_first(self):
        request = Request("GET", URL_TEXT, headers={"Accept": "*/*"})
        assert raw(request) == [(b"Host", b"example.org"), (b"Accept", b"*/*")]

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("http://example.org:80/", b"example.org"),
            ("http://example.org:8080/", b"example.org:8080"),
            ("https://user:pass@example.org:443/", b"example.org"),
            ("http://[::1]:81/", b"[::1]:81"),
            ("http://b\u00fccher.example/", b"xn--bcher-kva.example"),
        ],
    )
    def test_host_names_the_port_unless_it_is_the_usual_one(self, url, host):
        assert raw(Request("GET", url)) == [(b"Host", host)]

    def test_host_of_a_relative_url_is_left_out(self):
        assert raw(Request("GET", "/path")) == []

    def test_host_that_was_given_wins(self):
        request = Request("GET", URL_TEXT, headers={"hOsT": "other"})
        assert raw(request) == [(b"hOsT", b"other")]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "QUERY"])
    def test_an_absent_body_has_length_0_where_one_is_expected(self, method):
        request = Request(method, URL_TEXT, headers={"A": "b"})
        assert raw(request) == [(b"Host", b"example.org"), (b"Content-Length", b"0"), (b"A", b"b")]

    @pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
    def test_an_absent_body_has_no_length_elsewhere(self, method):
        assert "content-length" not in Request(method, URL_TEXT).headers

    def test_content_brings_its_length_after_the_given_fields(self):
        request = Request("POST", URL_TEXT, headers={"A": "b"}, content=b"abc")
        assert raw(request) == [(b"Host", b"example.org"), (b"A", b"b"), (b"Content-Length", b"3")]

    def test_a_body_on_get_has_its_length_too(self):
        assert Request("GET", URL_TEXT, content=b"abc").headers["content-length"] == "3"

    def test_json_brings_length_and_type(self):
        request = Request("POST", URL_TEXT, json={"a": [1, "\u00e9"]})
        assert request.content == '{"a":[1,"\u00e9"]}'.encode()
        assert raw(request)[1:] == [(b"Content-Length", b"14"), (b"Content-Type", b"application/json")]

    def test_a_type_that_was_given_wins(self):
        request = Request("POST", URL_TEXT, headers={"content-type": "application/x"}, json=1)
        assert request.headers.get_list("content-type") == ["application/x"]

    def test_a_form_brings_length_and_type(self):
        request = Request("POST", URL_TEXT, data={"a": "b c"})
        assert request.content == b"a=b+c"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"

    def test_a_generator_is_chunked(self):
        request = Request("POST", URL_TEXT, content=(piece for piece in [b"a"]))
        assert raw(request)[1:] == [(b"Transfer-Encoding", b"chunked")]

    def test_a_length_that_was_given_rules_out_chunks(self):
        request = Request("POST", URL_TEXT, headers={"Content-Length": "1"}, content=iter([b"a"]))
        assert "transfer-encoding" not in request.headers

    def test_chunks_that_were_asked_for_rule_out_a_length(self):
        request = Request("POST", URL_TEXT, headers={"Transfer-Encoding": "chunked"}, content=b"abc")
        assert raw(request) == [(b"Host", b"example.org"), (b"Transfer-Encoding", b"chunked")]

    def test_chunks_that_were_asked_for_rule_out_length_0(self):
        request = Request("POST", URL_TEXT, headers={"Transfer-Encoding": "chunked"})
        assert "content-length" not in request.headers

    def test_a_boundary_that_was_given_is_used(self):
        kind = 'multipart/form-data; charset=utf-8; boundary="frontier"'
        request = Request("POST", URL_TEXT, headers={"content-type": kind}, files={"f": b"x"})
        assert request.read().startswith(b"--frontier\r\n")
        assert request.headers.get_list("content-type") == [kind]

    def test_a_stream_brings_nothing(self):
        assert raw(Request("POST", URL_TEXT, stream=ByteStream(b"abc"))) == []

    def test_cookies_make_a_cookie_field(self):
        request = Request("GET", URL_TEXT, cookies={"a": "b"})
        assert raw(request) == [(b"Host", b"example.org"), (b"Cookie", b"a=b")]

    def test_cookies_may_be_cookies_already(self):
        cookies = Cookies()
        cookies.set("a", "b", domain="example.org")
        cookies.set("c", "d", domain="example.com")
        assert Request("GET", URL_TEXT, cookies=cookies).headers["cookie"] == "a=b"

    def test_the_callers_headers_are_left_alone(self):
        headers = Headers({"A": "b"})
        Request("POST", URL_TEXT, headers=headers, cookies={"c": "d"}, content=b"abc")
        assert headers.raw == [(b"A", b"b")]

    def test_the_callers_extensions_are_left_alone(self):
        extensions = {"a": 1}
        request = Request("GET", URL_TEXT, extensions=extensions)
        request.extensions["b"] = 2
        assert extensions == {"a": 1}


class TestContent:
    def test_of_bytes_is_there_at_once(self):
        assert Request("POST", URL_TEXT, content=b"abc").content == b"abc"

    def test_of_nothing_is_empty(self):
        assert Request("GET", URL_TEXT).content == b""

    @pytest.mark.parametrize(
        "body",
        [
            {"content": iter([b"a", b"b"])},
            {"stream": ByteStream(b"ab")},
            {"files": {"f": io.BytesIO(b"ab")}},
        ],
    )
    def test_of_a_stream_must_be_read_first(self, body):
        request = Request("POST", URL_TEXT, **body)
        with pytest.raises(RequestNotRead):
            _ = request.content
        assert request.read() == request.content
        assert b"ab" in request.content

    def test_that_was_read_can_be_sent_again(self):
        request = Request("POST", URL_TEXT, content=(piece for piece in [b"a", b"b"]))
        request.read()
        assert [b"".join(request.stream) for _ in range(2)] == [b"ab", b"ab"]

    def test_that_was_streamed_away_cannot_be_read(self):
        request = Request("POST", URL_TEXT, content=(piece for piece in [b"a", b"b"]))
        assert b"".join(request.stream) == b"ab"
        with pytest.raises(StreamConsumed):
            request.read()

    def test_of_an_async_generator_is_read_asynchronously(self):
        async def body():
            yield b"a"
            yield b"b"

        request = Request("POST", URL_TEXT, content=body())
        with pytest.raises(RuntimeError, match="aread"):
            request.read()
        assert asyncio.run(request.aread()) == b"ab"
        assert request.content == b"ab"
        assert isinstance(request.stream, SyncByteStream)

    def test_of_a_generator_is_not_read_asynchronously(self):
        request = Request("POST", URL_TEXT, content=(piece for piece in [b"a"]))
        with pytest.raises(RuntimeError, match=r"read\(\)"):
            asyncio.run(request.aread())

    def test_of_bytes_is_read_in_both_worlds(self):
        request = Request("POST", URL_TEXT, content=b"abc")
        assert isinstance(request.stream, SyncByteStream)
        assert isinstance(request.stream, AsyncByteStream)
        assert request.read() == asyncio.run(request.aread()) == b"abc"


class TestBuild:
    def test_keeps_its_parts_as_they_are(self):
        url, headers, stream, extensions = (
            URL(URL_TEXT),
            Headers({"a": "b"}),
            IteratorByteStream([b"x"]),
            {"t": 1},
        )
        request = Request._build("GET", url, headers, stream, extensions)
        assert request.method == "GET"
        assert request.url is url
        assert request.headers is headers
        assert request.stream is stream
        assert request.extensions is extensions
        with pytest.raises(RequestNotRead):
            _ = request.content

    def test_has_the_content_of_bytes(self):
        request = Request._build("POST", URL(URL_TEXT), Headers(), ByteStream(b"abc"), {})
        assert request.content == b"abc"

    def test_makes_the_subclass(self):
        class Special(Request):
            pass

        assert type(Special._build("GET", URL(URL_TEXT), Headers(), ByteStream(b""), {})) is Special


class TestCopies:
    @pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
    def test_keep_everything_but_the_extensions(self, copied):
        request = Request("POST", URL_TEXT, headers={"A": "b"}, json={"a": 1}, extensions={"a": object()})
        request.mark = "free attribute"
        again = copied(request)
        assert (again.method, again.url, again.headers) == (request.method, request.url, request.headers)
        assert again.content == request.content
        assert b"".join(again.stream) == request.content
        assert again.extensions == {}
        assert again.mark == "free attribute"

    def test_of_an_unread_one_have_no_stream(self):
        request = pickle.loads(pickle.dumps(Request("POST", URL_TEXT, content=(x for x in [b"a"]))))
        with pytest.raises(RequestNotRead):
            _ = request.content
        with pytest.raises(StreamClosed):
            request.read()
        with pytest.raises(StreamClosed):
            asyncio.run(request.aread())


class TestText:
    def test_names_method_and_url(self):
        assert repr(Request("GET", URL_TEXT)) == f"<Request('GET', '{URL_TEXT}')>"

    def test_of_a_subclass_bears_its_name(self):
        class Special(Request):
            pass

        assert repr(Special("GET", URL_TEXT)).startswith("<Special(")

    def test_hides_the_password(self):
        request = Request("POST", "https://user:secret@example.org/", content=(x for x in [b"a"]))
        assert "secret" not in repr(request).replace("[secure]", "")
        with pytest.raises(RuntimeError) as caught:
            asyncio.run(request.aread())
        assert "user:secret" not in str(caught.value)

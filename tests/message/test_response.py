"""What a response tells, however badly the server put it."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import gzip
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.content import ByteStream, IteratorByteStream
from arke._message.request import Request
from arke._message.response import Response
from arke._values.errors import DecodingError, HTTPStatusError, ResponseNotRead, StreamClosed
from arke._values.headers import Fields

REQUEST = Request("GET", "https://example.org/a?b=c")


def respond(*fields: tuple[bytes, bytes], status: int = 200, **extensions: object) -> Response:
    response = Response._from_wire(status, Fields(list(fields)), IteratorByteStream([b"a", b"b"]), extensions)
    response.request = REQUEST
    return response


class TestConstruction:
    @pytest.mark.parametrize(
        ("body", "content", "kind"),
        [
            ({}, b"", None),
            ({"content": b"abc"}, b"abc", None),
            ({"content": "\u00e9"}, b"\xc3\xa9", None),
            ({"text": "\u00e9"}, b"\xc3\xa9", "text/plain; charset=utf-8"),
            ({"html": "<p>"}, b"<p>", "text/html; charset=utf-8"),
            ({"json": {"a": [1]}}, b'{"a":[1]}', "application/json"),
        ],
    )
    def test_with_a_body_makes_one_that_is_read_and_closed(self, body, content, kind):
        response = Response(200, **body)
        assert response.content == content
        assert (response.is_closed, response.is_stream_consumed) == (True, True)
        assert response.headers.get("content-length") == (str(len(content)) if content else None)
        assert response.headers.get("content-type") == kind

    def test_with_fields_keeps_them(self):
        response = Response(200, headers=[("Content-Type", "x/y"), ("A", "b"), ("A", "c")], json=1)
        assert response.headers.raw == [
            (b"Content-Type", b"x/y"),
            (b"A", b"b"),
            (b"A", b"c"),
            (b"Content-Length", b"1"),
        ]

    def test_with_coded_content_decodes_it(self):
        response = Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"abc"))
        assert response.content == b"abc"

    def test_with_content_that_is_not_coded_as_said_fails(self):
        with pytest.raises(DecodingError) as caught:
            Response(200, headers={"content-encoding": "gzip"}, content=b"abc", request=REQUEST)
        assert caught.value.request is REQUEST

    def test_with_an_iterator_makes_one_to_be_read(self):
        response = Response(200, content=iter([b"a", b"b"]))
        assert response.headers.raw == [(b"Transfer-Encoding", b"chunked")]
        assert not response.is_closed
        with pytest.raises(ResponseNotRead):
            _ = response.content
        assert response.read() == b"ab"

    def test_with_a_stream_adds_nothing(self):
        response = Response(200, stream=ByteStream(b"abc"))
        assert response.headers.raw == []
        assert not response.is_closed
        assert response.read() == b"abc"

    def test_copies_what_the_caller_lent(self):
        extensions, history = {"a": 1}, [Response(301)]
        response = Response(200, extensions=extensions, history=history)
        assert response.extensions == extensions
        assert response.history == history
        response.extensions["b"] = 2
        response.history.clear()
        assert (extensions, len(history)) == ({"a": 1}, 1)

    def test_from_the_wire_takes_its_parts_as_they_are(self):
        fields, stream, extensions = Fields([(b"A", b"b")]), IteratorByteStream([b"a"]), {"stream_id": 3}
        response = Response._from_wire(404, fields, stream, extensions)
        assert response.status_code == 404
        assert response.headers._fields is fields
        assert response.stream is stream
        assert response.extensions is extensions
        assert response.history == []
        assert response.next_request is response.next is None
        assert (response.is_closed, response.is_stream_consumed) == (False, False)
        assert response.num_bytes_downloaded == 0

    def test_from_the_wire_shares_nothing_that_changes(self):
        first, second = respond(), respond()
        first.history.append(second)
        first.headers["a"] = "b"
        assert second.history == []
        assert "a" not in second.headers

    def test_of_a_subclass_works_both_ways(self):
        class Failure(Response, ValueError):
            pass

        assert type(Failure._from_wire(500, Fields([]), ByteStream(b""), {})) is Failure
        with pytest.raises(Failure):
            raise Failure(500)


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "predicates"),
        [
            (100, {"is_informational", "ok"}),
            (204, {"is_success", "ok"}),
            (299, {"is_success", "ok"}),
            (304, {"is_redirect", "ok"}),
            (404, {"is_client_error", "is_error"}),
            (499, {"is_client_error", "is_error"}),
            (500, {"is_server_error", "is_error"}),
            (600, set()),
        ],
    )
    def test_has_its_predicates(self, status, predicates):
        names = {name for name in dir(Response) if name.startswith("is_")} - {
            "is_closed",
            "is_stream_consumed",
        }
        response = Response(status, headers={"location": "/"})
        assert {name for name in {*names, "ok"} if getattr(response, name)} == predicates

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_of_a_redirect_leads_somewhere_with_a_location_only(self, status):
        assert Response(status, headers={"Location": "/"}).has_redirect_location
        assert not Response(status).has_redirect_location
        assert Response(status, headers={"Location": "/"}).is_permanent_redirect == (status in {301, 308})
        assert not Response(status).is_permanent_redirect

    @pytest.mark.parametrize("status", [200, 300, 304, 305, 306, 404])
    def test_of_others_leads_nowhere(self, status):
        assert not Response(status, headers={"Location": "/"}).has_redirect_location

    def test_has_the_registered_phrase_unless_one_was_sent(self):
        assert Response(404).reason_phrase == "Not Found"
        assert Response(299).reason_phrase == ""
        assert respond(reason_phrase=b"Fine \xff").reason_phrase == "Fine "
        assert respond(reason_phrase=b"").reason == ""

    def test_has_a_version(self):
        assert Response(200).http_version == "HTTP/1.1"
        assert respond(http_version=b"HTTP/2").http_version == "HTTP/2"

    def test_is_shown(self):
        class Special(Response):
            pass

        assert repr(Response(200)) == "<Response [200 OK]>"
        assert repr(Special(299)) == "<Special [299 ]>"


class TestRaiseForStatus:
    @pytest.mark.parametrize("status", [200, 204, 299])
    def test_returns_a_response_that_is_fine(self, status):
        response = Response(status, request=REQUEST)
        assert response.raise_for_status() is response

    @pytest.mark.parametrize(
        ("status", "beginning"),
        [
            (100, "Informational response '100 Continue'"),
            (304, "Redirect response '304 Not Modified'"),
            (404, "Client error '404 Not Found'"),
            (500, "Server error '500 Internal Server Error'"),
            (600, "Invalid status code '600 '"),
        ],
    )
    def test_raises_for_all_others(self, status, beginning):
        response = Response(status, request=REQUEST)
        with pytest.raises(HTTPStatusError) as caught:
            response.raise_for_status()
        assert caught.value.request is REQUEST
        assert caught.value.response is response
        assert str(caught.value).startswith(f"{beginning} for url 'https://example.org/a?b=c'")
        assert "location" not in str(caught.value)

    def test_tells_where_a_redirect_leads(self):
        response = Response(301, headers={"location": "/elsewhere"}, request=REQUEST)
        with pytest.raises(HTTPStatusError, match="Redirect location: '/elsewhere'"):
            response.raise_for_status()

    def test_tells_no_credentials(self):
        response = Response(401, request=Request("GET", "https://user:pass@example.org/a"))
        with pytest.raises(HTTPStatusError) as caught:
            response.raise_for_status()
        assert "'https://[secure]@example.org/a'" in str(caught.value)

    @pytest.mark.parametrize("status", [200, 500])
    def test_needs_a_request(self, status):
        with pytest.raises(RuntimeError, match="without a request"):
            Response(status).raise_for_status()


class TestRequest:
    def test_gives_the_url(self):
        assert Response(200, request=REQUEST).url is REQUEST.url

    def test_may_be_set(self):
        response = Response(200)
        with pytest.raises(RuntimeError):
            _ = response.request
        with pytest.raises(RuntimeError):
            _ = response.url
        response.request = REQUEST
        assert response.request is response._request is REQUEST


class TestText:
    @pytest.mark.parametrize(
        ("content_type", "content", "text"),
        [
            (None, "\u00e9".encode(), "\u00e9"),
            ("text/plain; charset=iso-8859-1", b"\xe9", "\u00e9"),
            ('text/plain; charset="UTF-16-LE"', b"\xe9\x00", "\u00e9"),
            ("text/plain; charset=unheard-of", "\u00e9".encode(), "\u00e9"),
            ("text/plain; charset=base64", "\u00e9".encode(), "\u00e9"),
            ("text/plain; charset=", "\u00e9".encode(), "\u00e9"),
            (None, b"a\xffb", "a\ufffdb"),
            ("text/plain; charset=latin-1", b"", ""),
        ],
    )
    def test_is_read_as_the_content_type_says_else_as_utf_8(self, content_type, content, text):
        headers = {} if content_type is None else {"Content-Type": content_type}
        assert Response(200, headers=headers, content=content).text == text

    def test_is_read_as_the_default_where_nothing_is_said(self):
        assert Response(200, content=b"\xe9", default_encoding="latin-1").text == "\u00e9"

    @pytest.mark.parametrize(("found", "text"), [("latin-1", "\u00e9"), (None, "\ufffd"), ("unheard-of", "\ufffd")])
    def test_is_read_as_a_function_finds(self, found, text):
        seen = []

        def find(body):
            seen.append(body)
            return found

        response = Response(200, content=b"\xe9", default_encoding=find)
        assert response.text == text
        assert seen == [b"\xe9"]

    def test_is_read_as_a_function_finds_also_when_asked_too_early(self):
        response = Response(200, stream=ByteStream(b"\xe9"), default_encoding=lambda _: "latin-1")
        assert response.encoding == "utf-8"
        response.read()
        assert response.encoding == "latin-1"

    def test_is_read_as_set(self):
        response = Response(200, headers={"content-type": "text/plain; charset=utf-8"}, content=b"\xe9")
        response.encoding = "latin-1"
        assert response.encoding == "latin-1"
        assert response.text == "\u00e9"

    def test_is_not_searched_for_an_encoding_that_is_said(self):
        headers = {"content-type": "text/plain; charset=latin-1"}
        response = Response(200, headers=headers, content=b"\xe9", default_encoding=pytest.fail)
        assert response.text == "\u00e9"

    def test_set_to_an_unknown_encoding_is_a_lookup_error(self):
        response = Response(200, content=b"a")
        response.encoding = "unheard-of"
        with pytest.raises(LookupError):
            _ = response.text

    def test_is_not_read_twice(self):
        response = Response(200, content=b"a")
        assert response.text is response.text
        with pytest.raises(ValueError, match="utf-8"):
            response.encoding = "latin-1"

    def test_needs_the_body(self):
        with pytest.raises(ResponseNotRead):
            _ = respond().text

    def test_is_streamed_in_the_encoding_set(self):
        response = Response(200, stream=ByteStream(b"\xe9\n\xe8"))
        response.encoding = "latin-1"
        assert list(response.iter_lines()) == ["\u00e9", "\u00e8"]


class TestJSON:
    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
    )
    @pytest.mark.parametrize("value", [{"a": "\u00e9\u20ac"}, [1], "x", 1, None])
    def test_is_read_in_any_unicode(self, encoding, value):
        body = json.dumps(value, ensure_ascii=False).encode(encoding)
        assert Response(200, content=body).json() == value

    def test_takes_the_arguments_of_loads(self):
        assert Response(200, content=b"1.5").json(parse_float=str) == "1.5"

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"nonsense"])
    def test_that_is_none_is_a_value_error(self, content):
        with pytest.raises(ValueError):
            Response(200, content=content).json()


class TestFields:
    def test_give_links(self):
        response = respond((b"Link", b'</2>; rel="next"'), (b"link", b"</9>; rel=last, </x>"))
        assert response.links == {
            "next": {"url": "/2", "rel": "next"},
            "last": {"url": "/9", "rel": "last"},
            "/x": {"url": "/x"},
        }
        assert respond().links == {}

    def test_give_cookies(self):
        response = respond((b"Set-Cookie", b"a=b; Path=/"), (b"set-cookie", b"c=d"))
        assert dict(response.cookies) == {"a": "b", "c": "d"}
        assert response.cookies is response.cookies

    def test_give_no_cookies_without_a_request(self):
        assert not Response(200).cookies
        response = Response(200, headers={"set-cookie": "a=b"})
        for _ in range(2):
            with pytest.raises(RuntimeError):
                _ = response.cookies

    def test_give_a_charset(self):
        assert respond((b"content-type", b"text/x; charset=Latin-1")).charset_encoding == "latin-1"
        assert respond((b"content-type", b"text/x")).charset_encoding is None
        assert respond().charset_encoding is None

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([b"Link", b"Set-Cookie", b"Content-Type", b"Content-Encoding", b"Location"]),
                st.binary()
                | st.text(alphabet="<>;=, \"'charset=boundary*%\x00\xff\u00e9", max_size=30).map(str.encode),
            ),
            max_size=4,
        ),
        st.binary(max_size=8),
        st.sampled_from([200, 204, 301, 404, 999]),
    )
    def test_of_any_kind_make_no_property_fail(self, fields, body, status):
        response = Response._from_wire(status, Fields(fields), ByteStream(body), {"reason_phrase": body})
        response.request = REQUEST
        try:
            response.read()
        except DecodingError:
            assert response.is_closed
        else:
            assert isinstance(response.text, str)
            assert isinstance("".join(response.iter_text(3)), str)
        assert isinstance(response.encoding, str)
        assert isinstance(response.charset_encoding, str | None)
        assert isinstance(response.links, dict)
        assert isinstance(dict(response.cookies), dict)
        assert isinstance(response.has_redirect_location, bool)
        assert isinstance(repr(response), str)
        assert response.url == REQUEST.url
        assert response.next is None
        if not response.is_success:
            with pytest.raises(HTTPStatusError):
                response.raise_for_status()


class TestElapsed:
    @pytest.mark.parametrize("finish", ["read", "close", "aread", "aclose"])
    def test_is_known_once_the_response_is_closed(self, finish):
        response = Response(200, stream=ByteStream(b"a"))
        response._started = 0.0
        with pytest.raises(RuntimeError, match="elapsed"):
            _ = response.elapsed
        awaitable = getattr(response, finish)()
        if finish.startswith("a"):

            async def wait():
                await awaitable

            asyncio.run(wait())
        first = response.elapsed
        assert first > dt.timedelta(0)
        response.close()
        assert response.elapsed == first

    def test_is_not_known_to_one_that_was_never_sent_for(self):
        with pytest.raises(RuntimeError):
            _ = Response(200, content=b"a").elapsed

    def test_may_be_set(self):
        response = Response(200)
        response.elapsed = dt.timedelta(seconds=2)
        assert response.elapsed == dt.timedelta(seconds=2)


class TestCopies:
    @pytest.mark.parametrize("copied", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy])
    def test_keep_everything_but_the_connection(self, copied):
        response = Response(
            404,
            headers={"A": "b", "set-cookie": "c=d"},
            text="\u00e9",
            request=REQUEST,
            extensions={"network_stream": object()},
            history=[Response(301, request=REQUEST)],
            default_encoding="latin-1",
        )
        response.next_request = REQUEST
        response.elapsed = dt.timedelta(seconds=1)
        response._started = 1.0
        response.mark = "free attribute"
        assert response.cookies
        again = copied(response)
        assert (again.status_code, again.headers) == (404, response.headers)
        assert (again.content, again.text, again.encoding) == (response.content, "\u00e9", "utf-8")
        assert (again.url, again.next_request.url) == (REQUEST.url, REQUEST.url)
        assert [earlier.status_code for earlier in again.history] == [301]
        assert (again.elapsed, again._started) == (dt.timedelta(seconds=1), None)
        assert (again.default_encoding, again.extensions) == ("latin-1", {})
        assert (again.is_closed, again.mark) == (True, "free attribute")
        assert dict(again.cookies) == {"c": "d"}

    def test_of_an_unread_one_are_closed(self):
        again = pickle.loads(pickle.dumps(Response(200, stream=ByteStream(b"a"))))
        with pytest.raises(ResponseNotRead):
            _ = again.content
        with pytest.raises(StreamClosed):
            again.read()
        again.close()

"""Where a redirect leads, and what goes there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.content import ByteStream
from arke._message.request import Request
from arke._message.response import Response
from arke._policy.redirects import redirect_headers, redirect_method, redirect_stream, redirect_url
from arke._values.errors import RemoteProtocolError, StreamConsumed
from arke._values.types import SyncByteStream
from arke._values.url import URL

HERE = "https://example.org/a/b?c"
CREDENTIALS = {"Authorization": "Bearer secret", "Proxy-Authorization": "Basic secret", "Cookie": "session=secret"}
OF_CONTENT = {
    "Content-Length": "3",
    "Content-Type": "text/plain",
    "Content-Encoding": "identity",
    "Content-Language": "en",
    "Content-Location": "/x",
    "Expect": "100-continue",
    "Trailer": "X-Sum",
}


def method_after(status: int, method: str) -> str:
    return redirect_method(Request(method, HERE), Response(status, headers={"Location": "/"}))


def url_after(location: str | bytes, here: str = HERE) -> URL:
    raw = location.encode() if isinstance(location, str) else location
    return redirect_url(Request("GET", here), Response(302, headers=[(b"Location", raw)]))


def headers_after(url: str, headers: dict[str, str], method: str = "GET", here: str = HERE):
    return redirect_headers(Request("GET", here, headers=headers), URL(url), method)


class TestMethod:
    @pytest.mark.parametrize(
        ("status", "method", "then"),
        [
            (301, "GET", "GET"),
            (301, "HEAD", "HEAD"),
            (301, "POST", "GET"),
            (301, "PUT", "PUT"),
            (301, "DELETE", "DELETE"),
            (301, "QUERY", "QUERY"),
            (302, "GET", "GET"),
            (302, "HEAD", "HEAD"),
            (302, "POST", "GET"),
            (302, "PUT", "GET"),
            (302, "DELETE", "GET"),
            (302, "QUERY", "QUERY"),
            (303, "GET", "GET"),
            (303, "HEAD", "HEAD"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "QUERY", "GET"),
        ],
    )
    def test_after(self, status, method, then):
        assert method_after(status, method) == then

    @pytest.mark.parametrize("status", [307, 308])
    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY", "PURGE"])
    def test_is_kept_where_the_status_says_so(self, status, method):
        assert method_after(status, method) == method


class TestLocation:
    @pytest.mark.parametrize(
        ("location", "url"),
        [
            ("https://example.com/x", "https://example.com/x"),
            ("/x", "https://example.org/x"),
            ("x", "https://example.org/a/x"),
            ("../x", "https://example.org/x"),
            ("./", "https://example.org/a/"),
            ("?q", "https://example.org/a/b?q"),
            ("?", "https://example.org/a/b?"),
            ("#f", "https://example.org/a/b?c#f"),
            ("?q#f", "https://example.org/a/b?q#f"),
            ("", "https://example.org/a/b?c"),
            ("//example.com/x", "https://example.com/x"),
            ("//example.com:8080", "https://example.com:8080"),
            ("http:///x", "http://example.org/x"),
            ("HTTP://EXAMPLE.COM:80/x", "http://example.com/x"),
            ("/a b", "https://example.org/a%20b"),
            ("/%41%2f", "https://example.org/%41%2f"),
            ("/caf\u00e9", "https://example.org/caf%C3%A9"),
            (b"/caf\xe9", "https://example.org/caf%C3%A9"),
            ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
            ("ftp://example.com/x", "ftp://example.com/x"),
        ],
    )
    def test_leads_to(self, location, url):
        assert str(url_after(location)) == url

    def test_without_a_host_keeps_an_address(self):
        assert str(url_after("http:///x", "http://[::1]/a")) == "http://[::1]/x"

    @pytest.mark.parametrize(
        "location",
        [
            "http://[::1",
            "http://x:99999/",
            "http://x:port/",
            "http://a b/",
            "http://::1/",
            "http:x",
            "/\\example.com",
            "\\\\example.com",
            "mailto:someone@example.com",
            "javascript:alert(1)",
            b"/x\x00",
            b"/x\x7f",
            b"/" + b"a" * 70_000,
        ],
    )
    def test_that_is_no_url_is_the_server_s_fault(self, location):
        with pytest.raises(RemoteProtocolError) as caught:
            url_after(location)
        assert caught.value.phase == "read"
        assert str(caught.value.request.url) == HERE

    def test_that_is_no_url_is_told_without_its_password(self):
        with pytest.raises(RemoteProtocolError) as caught:
            url_after("http://user:secret@x:99999/")
        assert "secret" not in str(caught.value)

    @given(st.binary(max_size=40) | st.text("/:?#@[]\\.%ah1 ", max_size=20).map(str.encode))
    def test_any_bytes_are_a_url_or_the_server_s_fault(self, location):
        try:
            url = url_after(location)
        except RemoteProtocolError:
            return
        assert url.is_absolute_url


class TestFragment:
    @pytest.mark.parametrize("fragment", ["f", "a%20b", "100%2541", "caf%C3%A9"])
    def test_is_inherited_as_it_stands(self, fragment):
        assert str(url_after("/x", f"{HERE}#{fragment}")) == f"https://example.org/x#{fragment}"

    def test_of_the_location_comes_first(self):
        assert url_after("/x#new", f"{HERE}#old").fragment == "new"


class TestUserinfo:
    def test_stays_on_the_same_authority(self):
        assert url_after("/x", "https://user:pw@example.org/").userinfo == b"user:pw"

    @pytest.mark.parametrize(
        "location", ["https://example.org/x", "https://example.com/x", "//example.com/x", "http:///x"]
    )
    def test_goes_nowhere_else(self, location):
        assert url_after(location, "https://user:pw@example.org/").userinfo == b""

    def test_of_the_location_becomes_no_credentials(self):
        headers = headers_after("https://user:pw@example.com/", {})
        assert "Authorization" not in headers


class TestCredentials:
    @pytest.mark.parametrize(
        "url",
        [
            "https://example.com/",
            "https://www.example.org/",
            "https://example.org.evil.example/",
            "https://example.org./",
            "https://example.org:8443/",
            "http://example.org/",
            "http://example.org:443/",
        ],
    )
    def test_stay_behind_when_scheme_host_or_port_change(self, url):
        headers = headers_after(url, {**CREDENTIALS, "X-Kept": "yes"})
        assert not [name for name in CREDENTIALS if name in headers]
        assert headers["X-Kept"] == "yes"

    def test_stay_behind_also_on_the_way_to_https(self):
        headers = headers_after("https://example.org/", CREDENTIALS, here="http://example.org/")
        assert "Authorization" not in headers

    def test_stay_behind_each_time_they_are_there(self):
        items = [(b"authorization", b"one"), (b"AUTHORIZATION", b"two")]
        request = Request("GET", HERE, headers=items)
        assert "Authorization" not in redirect_headers(request, URL("https://example.com/"), "GET")

    @pytest.mark.parametrize("url", ["https://example.org/x", "https://example.org:443/x", "https://EXAMPLE.ORG/"])
    def test_go_along_on_the_same_origin(self, url):
        headers = headers_after(url, CREDENTIALS)
        assert headers["Authorization"] == "Bearer secret"
        assert headers["Proxy-Authorization"] == "Basic secret"

    def test_cookies_are_chosen_anew_also_on_the_same_origin(self):
        assert "Cookie" not in headers_after("https://example.org/x", CREDENTIALS)

    def test_are_not_taken_up_again_on_the_way_back(self):
        away = headers_after("https://example.com/", CREDENTIALS)
        back = redirect_headers(Request("GET", "https://example.com/", headers=away), URL(HERE), "GET")
        assert not [name for name in CREDENTIALS if name in back]


class TestHeaders:
    def test_the_host_is_that_of_the_new_origin(self):
        assert headers_after("https://example.com:8443/", {})["Host"] == "example.com:8443"
        assert headers_after("https://user:pw@[::1]:8443/", {})["Host"] == "[::1]:8443"

    def test_a_host_of_the_caller_s_does_not_go_elsewhere(self):
        headers = headers_after("https://example.com/", {"Host": "internal.example"})
        assert headers.get_list("Host") == ["example.com"]

    def test_a_host_of_the_caller_s_is_kept_on_the_same_origin(self):
        assert headers_after("https://example.org/x", {"Host": "internal.example"})["Host"] == "internal.example"

    def test_what_describes_content_goes_with_it(self):
        request = Request("POST", HERE, headers={**OF_CONTENT, "X-Kept": "yes"}, content=b"abc")
        headers = redirect_headers(request, URL(HERE), "GET")
        assert not [name for name in OF_CONTENT if name in headers]
        assert headers["X-Kept"] == "yes"

    def test_so_does_its_framing(self):
        request = Request("POST", HERE, content=iter([b"abc"]))
        assert "Transfer-Encoding" in request.headers
        assert "Transfer-Encoding" not in redirect_headers(request, URL(HERE), "GET")

    def test_what_describes_content_stays_with_the_method(self):
        request = Request("POST", HERE, headers=OF_CONTENT, content=b"abc")
        headers = redirect_headers(request, URL(HERE), "POST")
        assert [name for name in OF_CONTENT if name in headers] == list(OF_CONTENT)

    def test_the_request_keeps_its_own(self):
        request = Request("POST", HERE, headers={**CREDENTIALS, **OF_CONTENT}, content=b"abc")
        before = request.headers.raw
        redirect_headers(request, URL("https://example.com/"), "GET")
        assert request.headers.raw == before


class Custom(SyncByteStream):
    def __iter__(self):
        yield b"abc"


class TestContent:
    def test_is_sent_again(self):
        request = Request("POST", HERE, content=b"abc")
        assert redirect_stream(request, "POST") is request.stream

    def test_is_left_out_with_another_method(self):
        stream = redirect_stream(Request("POST", HERE, content=b"abc"), "GET")
        assert isinstance(stream, ByteStream)
        assert list(stream) == [b""]

    def test_that_is_used_up_cannot_be_sent_again(self):
        request = Request("POST", HERE, content=iter([b"abc"]))
        list(request.stream)
        with pytest.raises(StreamConsumed):
            redirect_stream(request, "POST")

    def test_that_is_used_up_does_not_matter_to_another_method(self):
        request = Request("POST", HERE, content=iter([b"abc"]))
        list(request.stream)
        assert list(redirect_stream(request, "GET")) == [b""]

    def test_that_was_not_touched_can_be_sent(self):
        request = Request("POST", HERE, content=iter([b"abc"]))
        assert list(redirect_stream(request, "POST")) == [b"abc"]

    def test_of_a_kind_of_the_caller_s_is_tried_again(self):
        request = Request("POST", HERE, stream=Custom())
        list(request.stream)
        assert list(redirect_stream(request, "POST")) == [b"abc"]

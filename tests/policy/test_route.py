"""What two requests must have in common to share a connection."""

from __future__ import annotations

import pytest

from arke._policy.route import Route, route_of
from arke._values.errors import LocalProtocolError, UnsupportedProtocol
from arke._values.urlparse import parse


def route(url: str, **extensions: object) -> Route:
    return route_of(parse(url), extensions)


class TestSharing:
    @pytest.mark.parametrize(
        "other",
        [
            "https://example.org/other?query#fragment",
            "https://example.org:443/",
            "HTTPS://EXAMPLE.ORG/",
            "https://user:password@example.org/",
        ],
    )
    def test_requests_to_one_origin_share(self, other):
        assert route(other) == route("https://example.org/")

    @pytest.mark.parametrize(
        "other",
        [
            "http://example.org/",
            "http://example.org:443/",
            "https://example.org:8443/",
            "https://www.example.org/",
            "https://example.org./",
            "https://example.com/",
        ],
    )
    def test_requests_to_different_origins_do_not(self, other):
        assert route(other) != route("https://example.org/")

    def test_who_is_expected_there_is_part_of_it(self):
        assert route("https://example.org/", sni_hostname="other.example") != route("https://example.org/")
        assert route("https://example.org/", sni_hostname="example.org") == route("https://example.org/")

    def test_an_internationalised_name_is_the_one_it_is_encoded_as(self):
        assert route("https://b\u00fccher.example/") == route("https://xn--bcher-kva.example/")

    @pytest.mark.parametrize("extensions", [{"timeout": {"read": 1.0}}, {"trace": print}, {"target": b"/x"}])
    def test_nothing_else_is_part_of_it(self, extensions):
        assert route("https://example.org/", **extensions) == route("https://example.org/")


class TestParts:
    def test_of_a_name(self):
        got = route("https://Example.org/path")
        assert got == ("https", "example.org", 443, "example.org")
        assert got.is_tls
        assert got.name == "'example.org':443"

    def test_of_an_address(self):
        got = route("http://[::1]:8080/")
        assert got == ("http", "::1", 8080, "::1")
        assert not got.is_tls

    @pytest.mark.parametrize("name", ["front.example", b"front.example"])
    def test_with_another_name_for_tls(self, name):
        got = route("https://192.0.2.1/", sni_hostname=name)
        assert (got.host, got.server_name) == ("192.0.2.1", "front.example")

    @pytest.mark.parametrize("name", [None, "", b""])
    def test_with_no_other_name_for_tls(self, name):
        assert route("https://example.org/", sni_hostname=name) == route("https://example.org/")


class TestRefusal:
    @pytest.mark.parametrize("url", ["ftp://example.org/", "ws://example.org/", "file:///x", "mailto:someone"])
    def test_of_another_scheme(self, url):
        with pytest.raises(UnsupportedProtocol) as caught:
            route(url)
        assert repr(url.partition(":")[0] + "://") in str(caught.value)

    @pytest.mark.parametrize("url", ["", "/path", "//example.org/", "example.org"])
    def test_of_no_scheme(self, url):
        with pytest.raises(UnsupportedProtocol, match="neither http:// nor https://"):
            route(url)

    @pytest.mark.parametrize("url", ["http:///path", "https:"])
    def test_of_no_host(self, url):
        with pytest.raises(UnsupportedProtocol, match="no host"):
            route(url)

    def test_happens_each_time(self):
        for _ in range(2):
            with pytest.raises(UnsupportedProtocol):
                route("ftp://example.org/")

    @pytest.mark.parametrize("name", [1, ["a"], {"a": 1}])
    def test_of_a_name_for_tls_that_is_no_text(self, name):
        with pytest.raises(LocalProtocolError, match="sni_hostname"):
            route("https://example.org/", sni_hostname=name)

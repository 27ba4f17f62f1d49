"""For which URLs a pattern is meant, and which of several holds."""

from __future__ import annotations

import copy
import importlib
import pickle
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._policy.patterns import URLPattern, in_order, mounted
from arke._values.errors import InvalidURL
from arke._values.url import URL

MATCHES = {
    "": ["http://example.org", "https://example.org:1234", "ftp://example.org", "/relative"],
    "all://": ["http://example.org", "https://[::1]:1234/path", "foo://bar"],
    "://": ["http://example.org"],
    "*://": ["http://example.org", "https://example.org"],
    "http://": ["http://example.org", "http://example.org:1234/path"],
    "HTTP://": ["http://example.org"],
    "http:": ["http://example.org"],
    "https://*": ["https://example.org", "https://www.example.org:1234"],
    "ws://": ["ws://example.org"],
    "all://example.org": ["http://example.org", "https://EXAMPLE.org:1234", "https://me:secret@example.org/path?query"],
    "*://example.org": ["http://example.org", "https://example.org"],
    "https://EXAMPLE.org/path?query": ["https://example.org/another"],
    "all://me:secret@example.org": ["http://example.org"],
    "all://*.example.org": ["http://www.example.org", "http://a.b.example.org"],
    "all://*example.org": ["http://example.org", "http://www.example.org"],
    "http://example.org:1234": ["http://example.org:1234/path"],
    "https://example.org:443": ["https://example.org", "https://example.org:443"],
    "all://example.org:443": ["https://example.org", "http://example.org:443"],
    "http://*.example.org:1234": ["http://www.example.org:1234"],
    "all://*:1234": ["http://example.org:1234", "https://localhost:1234"],
    "all://:80": ["http://example.org", "ws://example.org"],
    "all://localhost": ["http://localhost", "http://localhost:8000"],
    "all://müller.de": ["http://müller.de", "http://xn--mller-kva.de"],
    "all://*.müller.de": ["http://www.müller.de"],
    "all://127.0.0.1": ["http://127.0.0.1", "http://127.0.0.1:8000"],
    "all://127.0.0.1/": ["http://127.0.0.1"],
    "all://[::1]": ["http://[::1]", "http://[::1]:8000", "http://[0:0::1]"],
    "all://[0::0001]": ["http://[::1]"],
    "http://[::1]:8000": ["http://[::1]:8000"],
    "all://[fe80::1%25eth0]": ["http://[fe80::1%25eth0]"],
    "all://10.0.0.0/8": ["http://10.0.0.0", "http://10.1.2.3", "https://10.255.255.255:1234"],
    "all://10.0.0.5/8": ["http://10.0.0.1"],
    "http://10.0.0.1/32": ["http://10.0.0.1"],
    "all://0.0.0.0/0": ["http://127.0.0.1"],
    "all://[fe80::]/10": ["http://[fe80::1]", "http://[febf::1]:80", "http://[fe80::1%25eth0]"],
}
DIFFERS = {
    "http://": ["https://example.org", "ws://example.org", "/relative"],
    "https://*": ["http://example.org"],
    "all://example.org": ["http://www.example.org", "http://example.com", "http://example.org.", "/example.org"],
    "all://*.example.org": ["http://example.org", "http://myexample.org", "http://www.example.org.evil.com"],
    "all://*example.org": ["http://myexample.org", "http://example.org.evil.com"],
    "http://example.org:1234": ["http://example.org", "http://example.org:1235", "https://example.org:1234"],
    "https://example.org:443": ["https://example.org:1234", "http://example.org:443"],
    "all://example.org:443": ["http://example.org"],
    "all://*:1234": ["http://example.org"],
    "all://[::1]": ["http://[::2]", "http://localhost"],
    "all://[fe80::1%25eth0]": ["http://[fe80::1]", "http://[fe80::1%25eth1]"],
    "all://10.0.0.0/8": ["http://11.0.0.1", "http://[::a00:1]", "http://localhost", "http://10.0.0.1.example.org"],
    "http://10.0.0.0/8": ["https://10.0.0.1"],
    "all://10.0.0.0": ["http://10.0.0.1"],
    "all://[fe80::]/10": ["http://[fec0::1]", "http://10.0.0.1"],
    "all://[::]/0": ["http://10.0.0.1"],
    "all://ex*mple.org": ["http://example.org"],
}


@pytest.mark.parametrize(("pattern", "url"), [(key, url) for key, urls in MATCHES.items() for url in urls])
def test_a_pattern_matches(pattern, url):
    assert URLPattern(pattern).matches(URL(url))


@pytest.mark.parametrize(("pattern", "url"), [(key, url) for key, urls in DIFFERS.items() for url in urls])
def test_a_pattern_does_not_match(pattern, url):
    assert not URLPattern(pattern).matches(URL(url))


def test_what_a_pattern_says_can_be_read():
    pattern = URLPattern("https://*.müller.de:443")
    assert (pattern.pattern, pattern.scheme, pattern.host) == ("https://*.müller.de:443", "https", "*.müller.de")
    assert (pattern.port, pattern.network) == (443, None)
    anything = URLPattern("all://*")
    assert (anything.scheme, anything.host, anything.port, anything.network) == ("", "", None, None)
    assert URLPattern("all://10.0.0.5/8").network == ip_network("10.0.0.0/8")


class TestRefusals:
    @pytest.mark.parametrize(
        "pattern", ["all", "http", "*", "example.org", "//example.org", "http:example.org", "?://", "1://x", "a_b://x"]
    )
    def test_a_pattern_has_a_scheme(self, pattern):
        with pytest.raises(ValueError, match="is no URL; write 'all://'"):
            URLPattern(pattern)

    @pytest.mark.parametrize(
        "pattern",
        [
            "all://example.org:abc",
            "all://example.org:65536",
            "all://ex ample.org",
            "all://256.1.1.1",
            "all://::1",
            "all://fe80::/10",
            "all://[10.0.0.1]",
        ],
    )
    def test_a_host_and_port_are_those_of_a_url(self, pattern):
        with pytest.raises(InvalidURL):
            URLPattern(pattern)

    @pytest.mark.parametrize(
        "network",
        [
            "10.0.0.0/33",
            "10.0.0.0/x",
            "10.0.0.0/+8",
            "10.0.0.0/٨",
            "10.0.0.0/8/8",
            "10.0.0.0/8:80",
            "10.0.0.0:80/8",
            "10.0.0.0/8?x",
            "10.0.0.0/8#x",
            "10.0.0.0/255.0.0.0",
            "[fe80::]/129",
        ],
    )
    def test_a_network_is_an_address_and_a_length(self, network):
        with pytest.raises(InvalidURL, match="network"):
            URLPattern(f"all://{network}")

    @pytest.mark.parametrize("pattern", [None, 3, b"all://", URL("http://example.org")])
    def test_a_pattern_is_text(self, pattern):
        with pytest.raises(TypeError, match="must be a str"):
            URLPattern(pattern)

    @pytest.mark.parametrize("pattern", ["me:secret@example.org/", "http://me:secret@example.org:x"])
    def test_a_refusal_hides_credentials(self, pattern):
        with pytest.raises((ValueError, InvalidURL)) as caught:
            URLPattern(pattern)
        assert "secret" not in str(caught.value)

    @given(st.text() | st.text("al:/*.[]@#?%0123456789\\x \t").map("all://".__add__))
    def test_any_text_is_a_pattern_or_refused(self, text):
        try:
            pattern = URLPattern(text)
        except (ValueError, InvalidURL):
            return
        assert pattern.matches(URL("http://example.org")) in {True, False}
        assert pattern.matches(URL("http://10.0.0.1")) in {True, False}


class TestOrder:
    def test_ports_then_hosts_then_networks_then_schemes(self):
        patterns = [
            "http://example.org:1234",
            "all://example.org:1234",
            "all://*:1234",
            "https://www.example.org",
            "all://*.example.org",
            "http://example.org",
            "all://example.org",
            "http://10.0.0.0/24",
            "all://10.0.0.0/24",
            "http://10.0.0.0/8",
            "all://[fe80::]/64",
            "https://",
            "http://",
            "all://",
        ]
        mounts = in_order(dict.fromkeys(reversed(patterns)))
        assert [pattern.pattern for pattern in mounts] == patterns
        assert sorted(URLPattern(pattern) for pattern in reversed(patterns)) == [URLPattern(each) for each in patterns]

    def test_equals_stay_in_the_order_in_which_they_were_given(self):
        assert [pattern.host for pattern in in_order({"all://b": 1, "all://a": 2, "http://c:1": 3})] == ["c", "b", "a"]

    def test_the_first_that_matches_is_mounted(self):
        mounts = in_order({"all://": "all", "http://": "http", "http://example.org": "host", "all://*:1234": "port"})
        found = [
            mounted(mounts, URL(url), "default")
            for url in ("https://x.org", "http://x.org", "http://example.org", "http://example.org:1234")
        ]
        assert found == ["all", "http", "host", "port"]

    def test_none_is_the_default(self):
        mounts = in_order({"all://": "all", "all://example.org": None})
        assert mounted(mounts, URL("http://example.org"), "default") == "default"
        assert mounted(in_order({"http://": "http"}), URL("https://example.org"), "default") == "default"


class TestValue:
    def test_patterns_of_the_same_text_are_equal(self):
        pattern = URLPattern("all://example.org")
        assert pattern == URLPattern("all://example.org")
        assert {pattern: 1}[URLPattern("all://example.org")] == 1
        assert pattern != URLPattern("all://EXAMPLE.org")
        assert pattern != "all://example.org"

    @pytest.mark.parametrize(
        "duplicate", [copy.copy, copy.deepcopy, lambda pattern: pickle.loads(pickle.dumps(pattern))]
    )
    @pytest.mark.parametrize("text", ["all://*.example.org:1234", "http://10.0.0.0/8"])
    def test_copies_match_the_same(self, duplicate, text):
        pattern = duplicate(URLPattern(text))
        assert pattern == URLPattern(text)
        assert pattern.matches(URL("http://10.1.1.1")) == (text == "http://10.0.0.0/8")

    def test_its_text_hides_credentials(self):
        assert repr(URLPattern("http://me:secret@example.org")) == "URLPattern('http://[secure]@example.org')"


@pytest.fixture(scope="module")
def httpx():
    httpx = pytest.importorskip("httpx", reason="httpx 0.28 is not installed beside us")
    if not httpx.__version__.startswith("0.28."):
        pytest.skip(f"httpx 0.28 is compared with, {httpx.__version__} is installed")
    return httpx


class TestHttpx:
    """The same patterns in httpx 0.28, which has no networks, and takes a scheme's own port for any."""

    schemes = st.sampled_from(["all", "http", "https", "ws"])
    hosts = st.sampled_from(
        ["", "*", "example.org", "*.example.org", "*example.org", "www.example.org", "[::1]", "10.0.0.1"]
    )
    ports = st.sampled_from(["", ":1234", ":8080"])

    @given(
        patterns=st.lists(st.tuples(schemes, hosts, ports).map(lambda parts: "{}://{}{}".format(*parts)), unique=True),
        scheme=st.sampled_from(["http", "https", "ws", "foo"]),
        host=st.sampled_from(["example.org", "www.example.org", "myexample.org", "[::1]", "10.0.0.1"]),
        port=ports,
    )
    def test_matching_and_order_are_the_same(self, httpx, patterns, scheme, host, port):
        theirs = importlib.import_module("httpx._utils").URLPattern
        url = f"{scheme}://{host}{port}"
        assert [URLPattern(each).matches(URL(url)) for each in patterns] == [
            theirs(each).matches(httpx.URL(url)) for each in patterns
        ]
        in_their_order = sorted((theirs(each) for each in patterns), key=lambda each: each.priority)
        assert [each.pattern for each in in_order(dict.fromkeys(patterns))] == [each.pattern for each in in_their_order]

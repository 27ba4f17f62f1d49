"""Which proxies the environment names, and for which URLs none."""

from __future__ import annotations

import os
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._policy import proxies
from arke._policy.patterns import URLPattern, in_order, mounted
from arke._policy.proxies import environment_proxies
from arke._values.url import URL

PROXY = "http://proxy:3128"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
            monkeypatch.delenv(name)


def patterns_of(no_proxy: str) -> list[str]:
    """The patterns of a NO_PROXY, in its order."""
    found = environment_proxies({"NO_PROXY": no_proxy})
    assert set(found.values()) <= {None}
    return list(found)


def proxy_for(url: str, environ: dict[str, str]) -> str | None:
    """The proxy that a URL is reached through, in an environment."""
    return mounted(in_order(environment_proxies(environ)), URL(url), None)


class TestVariables:
    @pytest.mark.parametrize(
        ("environ", "expected"),
        [
            ({}, {}),
            ({"HTTP_PROXY": PROXY}, {"http://": PROXY}),
            ({"https_proxy": PROXY}, {"https://": PROXY}),
            ({"ALL_PROXY": "socks5://proxy:1080"}, {"all://": "socks5://proxy:1080"}),
            ({"HTTP_PROXY": "proxy:3128"}, {"http://": PROXY}),
            ({"HTTP_PROXY": "//proxy:3128"}, {"http://": PROXY}),
            ({"HTTP_PROXY": "me:secret@[::1]:3128"}, {"http://": "http://me:secret@[::1]:3128"}),
            ({"HTTP_PROXY": f" {PROXY}\n"}, {"http://": PROXY}),
            ({"FTP_PROXY": PROXY, "WS_PROXY": PROXY, "PROXY": PROXY}, {}),
            ({"NO_PROXY": "example.org"}, {"all://*example.org": None}),
            (
                {"HTTP_PROXY": "a", "HTTPS_PROXY": "b", "ALL_PROXY": "c", "NO_PROXY": "https://example.org"},
                {"http://": "http://a", "https://": "http://b", "all://": "http://c", "https://example.org": None},
            ),
        ],
    )
    def test_proxies_by_scheme(self, environ, expected):
        assert environment_proxies(environ) == expected

    @pytest.mark.parametrize("name", ["http", "https", "all"])
    def test_lower_case_comes_first(self, name):
        environ = {f"{name}_proxy": "lower", f"{name.upper()}_PROXY": "upper"}
        assert environment_proxies(environ) == {f"{name}://": "http://lower"}
        assert environment_proxies({**environ, f"{name}_proxy": ""}) == {}
        assert environment_proxies({**environ, f"{name}_proxy": " "}) == {}

    def test_lower_case_comes_first_for_the_exceptions(self):
        assert environment_proxies({"no_proxy": "a", "NO_PROXY": "b"}) == {"all://*a": None}
        assert environment_proxies({"no_proxy": "", "NO_PROXY": "b"}) == {}

    def test_the_process_environment_is_the_default(self, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", PROXY)
        assert environment_proxies() == {"https://": PROXY}


class TestCgi:
    """CVE-2016-5385: the header `Proxy` of a request becomes HTTP_PROXY."""

    @pytest.mark.parametrize("method", ["GET", ""])
    def test_the_upper_case_name_is_ignored(self, method):
        assert environment_proxies({"HTTP_PROXY": PROXY, "REQUEST_METHOD": method}) == {}

    def test_the_lower_case_name_and_the_others_are_not(self):
        environ = {"http_proxy": "a", "HTTP_PROXY": "evil", "HTTPS_PROXY": "b", "REQUEST_METHOD": "GET"}
        assert environment_proxies(environ) == {"http://": "http://a", "https://": "http://b"}

    def test_both_are_where_names_have_no_case(self, monkeypatch):
        monkeypatch.setattr(proxies, "_HAS_NAMES_WITHOUT_CASE", True)
        assert environment_proxies({"http_proxy": "evil", "REQUEST_METHOD": "GET"}) == {}
        assert environment_proxies({"http_proxy": "a"}) == {"http://": "http://a"}


class TestExceptions:
    @pytest.mark.parametrize(
        ("entry", "pattern"),
        [
            ("example.org", "all://*example.org"),
            ("*example.org", "all://*example.org"),
            (".example.org", "all://*.example.org"),
            ("*.example.org", "all://*.example.org"),
            ("example.org:8080", "all://*example.org:8080"),
            (".example.org:8080", "all://*.example.org:8080"),
            ("*.example.org:8080", "all://*.example.org:8080"),
            ("*:8080", "all://*:8080"),
            (":8080", "all://*:8080"),
            ("müller.de", "all://*müller.de"),
            ("localhost", "all://localhost"),
            ("LocalHost", "all://LocalHost"),
            ("127.0.0.1", "all://127.0.0.1"),
            ("127.0.0.1:8080", "all://127.0.0.1:8080"),
            ("10.0.0.0/8", "all://10.0.0.0/8"),
            ("10.0.0.5/8", "all://10.0.0.5/8"),
            ("::1", "all://[::1]"),
            ("[::1]", "all://[::1]"),
            ("[::1]:8080", "all://[::1]:8080"),
            ("fe80::/10", "all://[fe80::]/10"),
            ("[fe80::]/10", "all://[fe80::]/10"),
            ("fe80::1%eth0", "all://[fe80::1%25eth0]"),
            ("[fe80::1%25eth0]", "all://[fe80::1%25eth0]"),
            ("http://example.org", "http://example.org"),
            ("https://*.example.org:8080", "https://*.example.org:8080"),
            ("http://10.0.0.0/8", "http://10.0.0.0/8"),
            ("http://", "http://"),
        ],
    )
    def test_an_exception_as_a_pattern(self, entry, pattern):
        assert patterns_of(entry) == [pattern]

    @pytest.mark.parametrize(
        "entry",
        [
            *("", " ", ",", ", ,", "://", "/", "@", "\\", "[", "]", "[x]", "[::1", "[::1]x", "//example.org", "?x://y"),
            *("10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/8:80", "10.0.0.0:80/8", "10.0.0.0/8/8", "10.0.0.0 /8"),
            *("fe80::/129", "[fe80::/10]", "1:2", "::1:x", "256.1.1.1", "example.org:abc", "example.org:99999"),
            *("example.org/path", "example.org?x", "me@example.org", "ex ample", "a\tb", "<local>", "\udcff", "\x00"),
            *("http://[", "http://example.org:x", "x" * 70_000),
        ],
    )
    def test_what_is_not_understood_is_ignored(self, entry):
        assert [each for each in patterns_of(f"{entry},example.org") if each != "all://*1:2"] == ["all://*example.org"]

    def test_a_list_is_split_at_commas(self):
        assert patterns_of(" a.org ,b.org,, .c.org\n") == ["all://*a.org", "all://*b.org", "all://*.c.org"]

    @pytest.mark.parametrize("no_proxy", ["*", " * ", "example.org,*", "[,*,"])
    def test_a_star_excepts_everyone(self, no_proxy):
        assert environment_proxies({"HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}) == {}

    @pytest.mark.parametrize(
        ("no_proxy", "url", "is_excepted"),
        [
            ("example.org", "http://example.org", True),
            ("example.org", "https://www.example.org:8080", True),
            ("example.org", "http://myexample.org", False),
            (".example.org", "http://example.org", False),
            (".example.org", "http://www.example.org", True),
            ("localhost", "http://localhost:8000", True),
            ("localhost", "http://x.localhost", False),
            ("example.org:443", "https://example.org", True),
            ("example.org:443", "http://example.org", False),
            ("10.0.0.0/8", "http://10.1.2.3:8080", True),
            ("10.0.0.0/8", "http://11.1.2.3", False),
            ("::1", "http://[::1]:8000", True),
            ("0:0::1", "http://[::1]", True),
            ("fe80::/10", "http://[fe80::1]", True),
            ("127.0.0.1:8080", "http://127.0.0.1", False),
            ("127.0.0.1:8080", "http://127.0.0.1:8080", True),
            ("http://example.org", "https://example.org", False),
        ],
    )
    def test_who_is_excepted(self, no_proxy, url, is_excepted):
        environ = {"ALL_PROXY": PROXY, "NO_PROXY": no_proxy}
        assert proxy_for(url, environ) == (None if is_excepted else PROXY)

    @given(st.text() | st.text("*.:/[]%@,# \\0189axlocht\udcff"))
    def test_any_text_gives_patterns(self, no_proxy):
        for pattern, proxy in environment_proxies({"ALL_PROXY": PROXY, "NO_PROXY": no_proxy}).items():
            URLPattern(pattern)
            assert proxy in {None, PROXY}

    def test_reading_the_same_again_costs_nothing(self):
        entries = ",".join(f"host{number}.example.org" for number in range(100))
        environment_proxies({"NO_PROXY": entries})
        before = proxies._exceptions.cache_info().hits
        environment_proxies({"NO_PROXY": entries})
        assert proxies._exceptions.cache_info().hits == before + 1


class TestPlatform:
    @pytest.fixture
    def settings(self, monkeypatch):
        monkeypatch.setattr(proxies, "_HAS_PLATFORM_SETTINGS", True)
        monkeypatch.setattr(urllib.request, "getproxies", lambda: {"https": PROXY, "ftp": PROXY})

    def test_settings_of_the_platform_are_used_where_the_environment_says_nothing(self, settings):
        assert environment_proxies() == {"https://": PROXY}

    def test_the_environment_comes_first(self, settings, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "a")
        assert environment_proxies() == {"http://": "http://a"}

    def test_an_environment_that_is_given_is_all(self, settings):
        assert environment_proxies({}) == {}

    def test_elsewhere_the_environment_is_all(self, settings, monkeypatch):
        monkeypatch.setattr(proxies, "_HAS_PLATFORM_SETTINGS", False)
        assert environment_proxies() == {}

from __future__ import annotations

import pytest

from arke._values.cookie_scope import default_path, domain_matches, domains_of, path_matches, resolve_domain


@pytest.mark.parametrize(
    ("host", "domain", "matches"),
    [
        ("example.org", "example.org", True),
        ("a.example.org", "example.org", True),
        ("a.b.example.org", "example.org", True),
        ("example.org", "a.example.org", False),
        ("badexample.org", "example.org", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.0.1", False),
        ("127.0.0.1", "1", False),
        ("::1", "::1", True),
        ("::ffff:1.2.3.4", "3.4", False),
        ("example.org", "", False),
    ],
)
def test_domain_match(host, domain, matches):
    assert domain_matches(host, domain) is matches


@pytest.mark.parametrize(
    ("attribute", "host", "resolved"),
    [
        (None, "a.example.org", ("a.example.org", False)),
        ("", "a.example.org", ("a.example.org", False)),
        ("a.example.org", "a.example.org", ("a.example.org", True)),
        ("example.org", "a.example.org", ("example.org", True)),
        ("other.org", "a.example.org", None),
        ("b.a.example.org", "a.example.org", None),
        ("org", "a.example.org", None),
        ("org.", "a.example.org.", None),
        ("org..", "a.example.org..", None),
        ("localhost", "localhost", ("localhost", False)),
        ("localhost", "a.localhost", None),
        ("127.0.0.1", "127.0.0.1", ("127.0.0.1", False)),
        ("0.0.1", "127.0.0.1", None),
        ("::1", "::1", ("::1", False)),
    ],
)
def test_which_domain_a_host_may_set(attribute, host, resolved):
    assert resolve_domain(attribute, host) == resolved


def test_domains_from_the_least_specific():
    assert [domain for domain, _ in domains_of("a.example.org")] == [
        "",
        ".org",
        "org",
        ".example.org",
        "example.org",
        ".a.example.org",
        "a.example.org",
    ]


def test_below_a_parent_only_cookies_for_a_domain_are_meant():
    meant = dict(domains_of("a.example.org"))
    assert not meant["example.org"]
    assert meant[".example.org"]
    assert meant["a.example.org"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "a." * 5000 + "org"])
def test_addresses_and_overlong_names_have_no_parents(host):
    assert [domain for domain, _ in domains_of(host)] == ["", "." + host, host]


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a", "/"),
        ("/a/", "/a"),
        ("/a/b", "/a"),
        ("/a/b/", "/a/b"),
        ("a/b", "/"),
        ("*", "/"),
    ],
)
def test_default_path(path, default):
    assert default_path(path) == default


@pytest.mark.parametrize(
    ("path", "cookie_path", "matches"),
    [
        ("/", "/", True),
        ("/a", "/", True),
        ("/a", "/a", True),
        ("/a/b", "/a", True),
        ("/a/b", "/a/", True),
        ("/a", "/a/", False),
        ("/ab", "/a", False),
        ("/", "/a", False),
        ("/a", "", True),
    ],
)
def test_path_match(path, cookie_path, matches):
    assert path_matches(path, cookie_path) is matches

import copy
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arke._values.errors import InvalidURL
from arke._values.urlparse import parse, remove_dot_segments

PIECES = st.sampled_from(
    [
        *(
            "http:",
            "HTTPS:",
            "foo:",
            "//",
            "/",
            "\\",
            "?",
            "#",
            "@",
            ":",
            "[",
            "]",
            ".",
            "..",
            "%",
            "%41",
            "%zz",
            " ",
        ),
        *(
            "example.com",
            "1.2.3.4",
            "256.1.1.1",
            "::1",
            "80",
            "99999",
            "user",
            "é",
            "中国",
            "xn--",
            "。",
            "ß",
            "%25",
        ),
        *(
            "\n",
            "\x00",
            "\x7f",
            "\x85",
            "\udc80",
            "\u2028",
            "'",
            '"',
            "<",
            "{",
            "|",
            "^",
            "=",
            "&",
            "+",
            "-",
            "０",
        ),
    ]
)
URLS = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40)


@given(URLS)
@example("http:////evil.com")
@example("http:/..//evil.com")
@example("http:/.\\evil.com")
@example("::a:b")
@example(":a:b")
@example("http://:80//a")
@example("HTTP://h:80/")
@example("http://p:@h/")
def test_what_is_not_refused_has_one_reading(url):
    try:
        parts = parse(url)
    except InvalidURL:
        return
    assert parts.text.isascii()
    again = parse(parts.text)
    assert again == parts
    assert (again.text, again.target, again.origin) == (parts.text, parts.target, parts.origin)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h", ("http", "", "h", None, "", None, None)),
        ("HTTP://U:P@H:80/A?B#C", ("http", "U:P", "h", None, "/A", "B", "C")),
        ("https://h:8443/?#", ("https", "", "h", 8443, "/", "", "")),
        ("//h/a", ("", "", "h", None, "/a", None, None)),
        ("://h/a", ("", "", "h", None, "/a", None, None)),
        ("/a/../b", ("", "", "", None, "/a/../b", None, None)),
        ("a/b:c", ("", "", "", None, "a/b:c", None, None)),
        ("", ("", "", "", None, "", None, None)),
        ("mailto:a@b", ("mailto", "", "", None, "a@b", None, None)),
        ("localhost:8080/a", ("localhost", "", "", None, "8080/a", None, None)),
        ("http://h/é /%41%zz?ü '#`", ("http", "", "h", None, "/%C3%A9%20/%41%25zz", "%C3%BC%20'", "%60")),
        ("http://h/a/./b/../c", ("http", "", "h", None, "/a/c", None, None)),
        ("http://h/!$&'()*+,;=:@[]^|\\", ("http", "", "h", None, "/!$&'()*+,;=:@[]^|\\", None, None)),
        ("http://evil@good.com/", ("http", "evil", "good.com", None, "/", None, None)),
        ("http://evil.com:80@good.com/", ("http", "evil.com:80", "good.com", None, "/", None, None)),
        ("http://a@b@good.com/", ("http", "a%40b", "good.com", None, "/", None, None)),
        ("http://good.com/@evil.com", ("http", "", "good.com", None, "/@evil.com", None, None)),
        ("http://good.com?@evil.com", ("http", "", "good.com", None, "", "@evil.com", None)),
        ("http://good.com#@evil.com", ("http", "", "good.com", None, "", None, "@evil.com")),
        ("http://good.com?\\@evil.com", ("http", "", "good.com", None, "", "\\@evil.com", None)),
        ("http://[::1]:8080/", ("http", "", "::1", 8080, "/", None, None)),
        ("http:////evil.com", ("http", "", "", None, "//evil.com", None, None)),
        (" http://h", ("", "", "", None, "%20http://h", None, None)),
    ],
)
def test_a_url_is_split_and_brought_into_normal_form(url, parts):
    assert tuple(parse(url)) == parts


@pytest.mark.parametrize(
    "url",
    [
        "http://good.com\\@evil.com/",
        "http://good.com\\evil.com/",
        "http://user\\@evil.com/",
        "http:\\\\evil.com/",
        "http:/\\evil.com/",
        "\\\\evil.com/",
        "/\\evil.com/",
        "http://good.com:80\\@evil.com",
        "http://good.com /",
        "http://good.com:80 @evil.com:x/",
        "http://good.com\t.evil.com/",
        "http://h/\r\nHost: evil.com",
        "http://h/\x00",
        "http://h/\x7f",
        "http://h:x/",
        "http://h:65536/",
        "http://h:80:80/",
        "http://[::1/",
        "http://::1/",
        "http://[::1]80/",
        "http://[fe80::1%eth0]/",
        "http://256.256.256.256/",
        "http://☃.com/",
        "http://h/\udc80",
        "http://\udc80/",
        "::a:b",
        ":a:b",
        "////h",
        "http://h/" + "x" * 65536,
        "http://h/" + "é" * 20000,
    ],
)
def test_what_is_no_url_or_has_two_readings_is_refused(url):
    with pytest.raises(InvalidURL):
        parse(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://h:99999/", "invalid URL 'http://h:99999/': port '99999' is not between 0 and 65535"),
        ("http://h:x/", "invalid URL 'http://h:x/': port 'x' is not a number"),
        ("http://u:hunter2@h:x/", "invalid URL 'http://[secure]@h:x/': port is not a number"),
        ("http://u:hunter2/@h/", "invalid URL 'http://[secure]@h/': port is not a number"),
        ("http://a b/", "invalid URL 'http://a b/': host 'a b' contains ' '"),
        ("http://h/\n", r"invalid URL 'http://h/\n': it has the character '\n' at position 9"),
        ("http://1.2.3.256/", "invalid URL 'http://1.2.3.256/': host '1.2.3.256' is not an IPv4 address"),
    ],
)
def test_the_error_says_why_and_never_the_password(url, message):
    with pytest.raises(InvalidURL) as caught:
        parse(url)
    assert str(caught.value) == message


def test_the_error_for_a_long_url_is_short():
    with pytest.raises(InvalidURL) as caught:
        parse("http://h/" + "x" * 100_000)
    assert str(caught.value).endswith("it is longer than 65536 characters")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("url", "origin", "host_field", "target"),
    [
        ("http://h", ("http", "h", 80), b"h", b"/"),
        ("https://u:p@H:443/a?b#c", ("https", "h", 443), b"h", b"/a?b"),
        ("https://h:8443?q", ("https", "h", 8443), b"h:8443", b"/?q"),
        ("wss://müller.de/?", ("wss", "xn--mller-kva.de", 443), b"xn--mller-kva.de", b"/?"),
        ("http://[2001:DB8::0:1]:81/", ("http", "2001:db8::1", 81), b"[2001:DB8::0:1]:81", b"/"),
        ("http://[fe80::1%25eth0]:81/", ("http", "fe80::1%eth0", 81), b"[fe80::1]:81", b"/"),
        ("http://[fe80::1%25eth0]/", ("http", "fe80::1%eth0", 80), b"[fe80::1]", b"/"),
        ("foo://h", ("foo", "h", 0), b"h", b"/"),
        ("a/b", ("", "", 0), b"", b"a/b"),
    ],
)
def test_what_a_request_needs_is_at_hand(url, origin, host_field, target):
    parts = parse(url)
    assert (parts.origin, parts.host_field, parts.target) == (origin, host_field, target)


def test_a_url_seen_before_is_not_parsed_again():
    url = "http://seen.example/before"
    assert parse(url) is parse(url)


def test_a_url_that_is_too_long_for_the_cache_is_parsed_all_the_same():
    url = "http://h/" + "x" * 3000
    assert parse(url) == parse(url)
    assert parse(url) is not parse(url)


def test_components_replace_those_of_the_text():
    assert parse("http://u@h:80/a?b#c", host="::1", port=81).text == "http://u@[::1]:81/a?b#c"
    assert parse("", scheme="https", host="h", path="/x y").text == "https://h/x%20y"
    with pytest.raises(InvalidURL):
        parse("http://h", path="a")
    with pytest.raises(InvalidURL):
        parse("", path="//evil.com")
    with pytest.raises(InvalidURL):
        parse("", path="http:x")


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/a/b", "/a/b"),
        ("/.a/..b/c.", "/.a/..b/c."),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/b/.", "/a/b/"),
        ("/..", "/"),
        ("/../../a", "/a"),
        ("/a//../b", "/a/b"),
        ("/a/..//b", "//b"),
        ("mid/content=5/../6", "mid/6"),
        ("..", ""),
        ("../a", "a"),
    ],
)
def test_dot_segments_are_resolved(path, resolved):
    assert remove_dot_segments(path) == resolved


def test_parts_compare_hash_copy_and_pickle():
    parts = parse("https://u:p@h:8443/a?b#c")
    assert pickle.loads(pickle.dumps(parts)) == parts
    assert copy.deepcopy(parts) is parts
    assert copy.copy(parts) is parts
    assert {parts: 1}[parse("HTTPS://u:p@h:8443/a?b#c")] == 1
    assert parts != parse("https://h")
    assert parts != "https://u:p@h:8443/a?b#c"


def test_parts_can_be_shown_and_hide_the_password():
    parts = parse("https://u:hunter2@h:8443/a")
    assert str(parts) == "https://u:hunter2@h:8443/a"
    assert repr(parts) == "UrlParts('https://u:[secure]@h:8443/a')"
    assert parts.authority == "u:hunter2@h:8443"
    assert parts.netloc == "h:8443"

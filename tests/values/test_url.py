import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values.errors import InvalidURL
from arke._values.query import QueryParams
from arke._values.url import URL, Origin

FULL = "HTTPS://jo%40email.com:a%20secret@Müller.de:1234/pa th?search=ab#anchor%20x"


def test_the_components_of_a_url():
    url = URL(FULL)
    assert url.scheme == "https"
    assert url.raw_scheme == b"https"
    assert url.userinfo == b"jo%40email.com:a%20secret"
    assert url.username == "jo@email.com"
    assert url.password == "a secret"
    assert url.host == "müller.de"
    assert url.raw_host == b"xn--mller-kva.de"
    assert url.port == 1234
    assert url.netloc == b"xn--mller-kva.de:1234"
    assert url.path == "/pa th"
    assert url.query == b"search=ab"
    assert url.params == QueryParams("search=ab")
    assert url.raw_path == b"/pa%20th?search=ab"
    assert url.fragment == "anchor x"
    assert url.is_absolute_url
    assert not url.is_relative_url
    assert str(url) == "https://jo%40email.com:a%20secret@xn--mller-kva.de:1234/pa%20th?search=ab#anchor%20x"


def test_an_empty_url_has_empty_components():
    url = URL()
    assert (url.scheme, url.username, url.password, url.host, url.port, url.path) == (
        "",
        "",
        "",
        "",
        None,
        "/",
    )
    assert (url.query, url.raw_path, url.fragment, str(url)) == (b"", b"/", "", "")
    assert url.is_relative_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:hunter2@h/", "URL('http://u:[secure]@h/')"),
        ("//u:hunter2@h/", "URL('//u:[secure]@h/')"),
        ("http://p:@h/", "URL('http://p:[secure]@h/')"),
        ("p://p:p@h/p:p@", "URL('p://p:[secure]@h/p:p@')"),
        ("http://u@h/", "URL('http://u@h/')"),
    ],
)
def test_repr_hides_the_password(url, shown):
    assert repr(URL(url)) == shown


@pytest.mark.parametrize("wrong", [None, 1, b"http://h", ["http://h"], object()])
def test_a_wrong_type_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        URL(wrong)
    assert URL("http://h") != wrong


def test_a_subclass_of_str_is_a_str():
    class Text(str):
        __slots__ = ()

    assert URL(Text("http://h/a")) == "http://h/a"


def test_urls_equal_what_says_the_same():
    url = URL("http://h:80/a")
    assert url == URL("HTTP://H/a")
    assert url == "http://h/a"
    assert url == "http://h:80/a"
    assert url != "http://h/b"
    assert url != "http://h:99999/"
    assert {url, URL("http://h/a")} == {url}
    assert hash(url) == hash(URL("http://h/a"))


def test_components_by_keyword():
    assert URL(scheme="https", host="h", path="/a b", fragment="f") == "https://h/a%20b#f"
    assert URL("http://h?a=1", params={"b": "x y"}) == "http://h?b=x+y"
    assert URL("http://h?a=1", params={}) == "http://h"
    with pytest.raises(TypeError, match="'incorrect' is an invalid keyword argument"):
        URL(scheme="https", incorrect="/")


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({}, "https://u:p@h:8443/a?b#c"),
        ({"scheme": "http"}, "http://u:p@h:8443/a?b#c"),
        ({"host": "::1"}, "https://u:p@[::1]:8443/a?b#c"),
        ({"host": "é.de"}, "https://u:p@xn--9ca.de:8443/a?b#c"),
        ({"port": 443}, "https://u:p@h/a?b#c"),
        ({"port": None}, "https://u:p@h/a?b#c"),
        ({"netloc": b"n:81"}, "https://u:p@n:81/a?b#c"),
        ({"netloc": b"n"}, "https://u:p@n/a?b#c"),
        ({"username": "x"}, "https://x@h:8443/a?b#c"),
        ({"username": "x@y", "password": ":/"}, "https://x%40y:%3A%2F@h:8443/a?b#c"),
        ({"userinfo": b""}, "https://h:8443/a?b#c"),
        ({"path": "/x/../y z"}, "https://u:p@h:8443/y%20z?b#c"),
        ({"raw_path": b"/x?y"}, "https://u:p@h:8443/x?y#c"),
        ({"raw_path": b"/x"}, "https://u:p@h:8443/x#c"),
        ({"query": b"x y"}, "https://u:p@h:8443/a?x%20y#c"),
        ({"query": None}, "https://u:p@h:8443/a#c"),
        ({"params": [("a", 1), ("a", None)]}, "https://u:p@h:8443/a?a=1&a=#c"),
        ({"fragment": None}, "https://u:p@h:8443/a?b"),
    ],
)
def test_copy_with_replaces_components(changes, changed):
    url = URL("https://u:p@h:8443/a?b#c")
    assert str(url.copy_with(**changes)) == changed
    assert str(url) == "https://u:p@h:8443/a?b#c"


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme": "https://xxxx:xxxx@evil/"},
        {"host": "evil/a"},
        {"host": "u@evil"},
        {"netloc": b"u@evil"},
        {"port": -1},
        {"port": 65536},
        {"path": "evil"},
        {"userinfo": b"u@evil"},
        {"password": "\n"},
        {"raw_path": b"/\xff"},
    ],
)
def test_copy_with_lets_no_component_become_another(changes):
    with pytest.raises(InvalidURL) as caught:
        URL("https://u:hunter2@h/").copy_with(**changes)
    assert "hunter2" not in str(caught.value)


def test_params_replace_the_query_and_nothing_else():
    assert URL("http://u:p@h:81/a?b#c", params={"x": "y z%"}) == "http://u:p@h:81/a?x=y+z%25#c"
    assert URL("http://u:p@h:81/a?b#c").copy_with(params=None) == "http://u:p@h:81/a#c"
    assert URL("http://h", params={"a": 1}, path="/x") == "http://h/x?a=1"


def test_params_do_not_make_a_url_too_long():
    with pytest.raises(InvalidURL, match="65536"):
        URL("http://h", params={"a": "x" * 65536})


def test_query_parameters_change_one_by_one():
    url = URL("http://h/?a=1")
    assert url.copy_set_param("a", 2) == "http://h/?a=2"
    assert url.copy_add_param("a", 2) == "http://h/?a=1&a=2"
    assert url.copy_remove_param("a") == "http://h/"
    assert url.copy_merge_params({"b": [2, 3]}) == "http://h/?a=1&b=2&b=3"


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        # RFC 3986, 5.4.1
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        # 5.4.2
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http:g", "http://a/b/c/g"),
        # beyond
        ("?", "http://a/b/c/d;p?"),
        ("#", "http://a/b/c/d;p?q#"),
        (".//g", "http://a/b/c//g"),
        ("https:/g", "https:/g"),
        ("//u:p@g:80/h", "http://u:p@g/h"),
        ("é?ü", "http://a/b/c/%C3%A9?%C3%BC"),
    ],
)
def test_a_reference_is_resolved(reference, target):
    assert str(URL("http://a/b/c/d;p?q").join(reference)) == target
    assert str(URL("http://a/b/c/d;p?q").join(URL(reference))) == target


@pytest.mark.parametrize(
    ("base", "reference", "target"),
    [
        ("http://a", "g", "http://a/g"),
        ("http://a?q", "g", "http://a/g"),
        ("http://a", "", "http://a"),
        ("http://a/b#f", "", "http://a/b"),
        ("/path/to/somewhere", "../../else", "/else"),
        ("//h/p", "q", "//h/q"),
        ("", "../g", "../g"),
        ("https://u:p@h:8443/x", "/y", "https://u:p@h:8443/y"),
        ("foo://h/x/y", "g", "foo://h/x/g"),
    ],
)
def test_other_bases(base, reference, target):
    assert str(URL(base).join(reference)) == target


@pytest.mark.parametrize("reference", ["/\\evil.com", "\\\\evil.com", "http:\\\\evil.com", "http://h:x", "\n"])
def test_a_reference_that_names_two_hosts_is_refused(reference):
    with pytest.raises(InvalidURL):
        URL("http://good.com/").join(reference)


def test_a_relative_base_never_becomes_a_host():
    with pytest.raises(InvalidURL):
        URL("/a").join(".//evil.com")


PIECES = st.lists(st.sampled_from(["a", "..", ".", "/", "\\", "?", "#", "@", ":", "%2e", "é", " "])).map("".join)


@given(PIECES.filter(lambda text: not text.startswith("//")))
def test_a_reference_without_an_authority_stays_on_its_host(reference):
    try:
        url = URL("https://good.com/x/y").join(f"./{reference}")
    except InvalidURL:
        return
    assert url.origin == Origin("https://good.com")
    assert URL(str(url)) == url


@given(st.text())
def test_any_text_is_a_url_or_an_invalid_url(text):
    try:
        url = URL(text)
    except InvalidURL:
        return
    assert all(
        isinstance(each, str) for each in (url.host, url.username, url.password, url.path, url.fragment, repr(url))
    )
    assert URL(str(url)) == url


def test_an_origin_is_scheme_host_and_port_in_effect():
    origin = URL("https://u:p@EXAMPLE.com/a?b#c").origin
    assert (origin.scheme, origin.host, origin.port) == ("https", "example.com", 443)
    assert origin == Origin("https://example.com:443")
    assert hash(origin) == hash(Origin("https://example.com:443"))
    assert origin != Origin("http://example.com")
    assert origin != Origin("https://example.com:444")
    assert origin != "https://example.com"
    assert repr(origin) == "Origin(scheme='https', host='example.com', port=443)"


def test_an_origin_spells_an_address_in_one_way():
    assert Origin("http://[2001:DB8:0::1]") == Origin("http://[2001:db8::1]:80")
    assert Origin("http://xn--mller-kva.de").host == "müller.de"
    assert Origin("foo://h").port is None


def test_an_origin_never_changes():
    origin = Origin("http://h")
    with pytest.raises(AttributeError):
        origin.host = "evil.com"
    with pytest.raises(AttributeError):
        del origin.host
    assert pickle.loads(pickle.dumps(origin)) == origin
    assert copy.deepcopy(origin) == origin


@pytest.mark.parametrize("relative", ["", "/a", "//h", "http:/a"])
def test_a_relative_url_has_no_origin(relative):
    with pytest.raises(ValueError, match="absolute"):
        Origin(relative)


def test_raw_is_deprecated_and_still_there():
    with pytest.warns(UserWarning, match=r"URL\.raw"):
        raw = URL("https://h/a?b").raw
    assert raw == (b"https", b"h", None, b"/a?b")
    assert raw.raw_host == b"h"


def test_tools_find_the_parsed_reference():
    reference = URL("https://u@h:81/a b")._uri_reference
    assert (reference.scheme, reference.host, reference.port, reference.path) == ("https", "h", 81, "/a%20b")


def test_urls_take_attributes_pickle_and_can_be_subclassed():
    class Mine(URL):
        pass

    url = Mine(FULL)
    url.note = "free"
    assert url == URL(FULL)
    assert repr(url).startswith("Mine('https://")
    assert URL(url) == url
    plain = URL(FULL)
    plain.note = "free"
    for again in (pickle.loads(pickle.dumps(plain)), copy.deepcopy(plain)):
        assert again == plain
        assert again.note == "free"

import pytest

from arke._values.components import check_text, replace_components
from arke._values.refusals import Refusal


def replaced(**components):
    raw = dict.fromkeys(["scheme", "userinfo", "host", "port", "path", "query", "fragment"])
    replace_components(raw, components)
    return {name: value for name, value in raw.items() if value is not None}


@pytest.mark.parametrize(
    ("components", "raw"),
    [
        ({"scheme": "https", "host": "h", "port": 80}, {"scheme": "https", "host": "h", "port": "80"}),
        ({"host": "::1"}, {"host": "[::1]"}),
        ({"netloc": b"[::1]:80"}, {"host": "[::1]", "port": "80"}),
        ({"netloc": b"a", "host": "b", "port": 1}, {"host": "a"}),
        ({"username": "a@b", "password": "p:/"}, {"userinfo": "a%40b:p%3A%2F"}),
        ({"username": "a"}, {"userinfo": "a"}),
        ({"password": "p"}, {"userinfo": ":p"}),
        ({"raw_path": b"/a?b?c"}, {"path": "/a", "query": "b?c"}),
        ({"raw_path": b"/a?"}, {"path": "/a", "query": ""}),
        ({"raw_path": b"/a", "query": b"x"}, {"path": "/a"}),
        ({"params": {"a": "b c"}}, {"query": "a=b+c"}),
        ({"params": {"a": 1}, "query": b"x"}, {"query": "a=1"}),
        ({"params": {}}, {}),
        ({"path": None}, {}),
    ],
)
def test_keywords_become_components(components, raw):
    assert replaced(**components) == raw


@pytest.mark.parametrize(
    "components",
    [
        {"pathh": "/"},
        {"authority": "h"},
        {"path": b"/"},
        {"userinfo": "u"},
        {"query": "a"},
        {"port": "80"},
        {"scheme": 1},
    ],
)
def test_unknown_keywords_and_wrong_types_are_type_errors(components):
    with pytest.raises(TypeError, match=next(iter(components))):
        replaced(**components)


@pytest.mark.parametrize(
    "components",
    [
        {"scheme": "~"},
        {"scheme": "http://evil/"},
        {"path": "/a?b"},
        {"path": "/a#b"},
        {"raw_path": b"/a#b"},
        {"query": b"a#b"},
        {"userinfo": b"a@evil"},
        {"netloc": b"a@evil"},
        {"userinfo": b"\xff"},
        {"path": "/a\r\nb"},
        {"path": "/\udc80"},
        {"fragment": "x" * 65537},
    ],
)
def test_a_value_that_would_reach_into_another_component_is_refused(components):
    with pytest.raises(Refusal):
        replaced(**components)


def test_a_huge_port_is_a_value_and_no_value_error():
    assert replaced(port=10**5000) == {"port": "65536"}
    assert replaced(port=-(10**5000)) == {"port": "-1"}


def test_a_control_character_is_named_with_its_position():
    with pytest.raises(Refusal) as caught:
        check_text("http://h/\n", "it")
    assert caught.value.wrong == r"has the character '\n' at position 9"


def test_odd_spaces_are_text():
    check_text("http://h/\u00a0\u2028\x85", "it")

import pickle
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values.errors import InvalidURL
from arke._values.query import QueryParams

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "source",
    [
        "a=123&a=456&b=789",
        b"a=123&a=456&b=789",
        {"a": ["123", "456"], "b": 789},
        {"a": ("123", "456"), "b": "789"},
        [("a", "123"), ("a", "456"), ("b", "789")],
        (("a", 123), ("a", 456), ("b", 789)),
        QueryParams("a=123&a=456&b=789"),
    ],
)
def test_all_sources_say_the_same(source):
    params = QueryParams(source)
    assert params["a"] == params.get("a") == "123"
    assert params.get_list("a") == ["123", "456"]
    assert params.multi_items() == [("a", "123"), ("a", "456"), ("b", "789")]
    assert list(params) == list(params.keys()) == ["a", "b"]
    assert list(params.values()) == ["123", "789"]
    assert list(params.items()) == [("a", "123"), ("b", "789")]
    assert dict(params) == {"a": "123", "b": "789"}
    assert len(params) == 2
    assert str(params) == "a=123&a=456&b=789"
    assert repr(params) == "QueryParams('a=123&a=456&b=789')"


def test_keywords_are_parameters():
    assert str(QueryParams(a=1, b=[True, None])) == "a=1&b=true&b="


def test_what_is_absent_is_absent():
    params = QueryParams("a=1")
    assert "b" not in params
    assert params.get("b") is None
    assert params.get("b", "x") == "x"
    assert params.get_list("b") == []
    with pytest.raises(KeyError):
        params["b"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.5, "1.5"),
        ("x y", "x+y"),
        ("é/&=+", "%C3%A9%2F%26%3D%2B"),
        (b"x", "x"),
    ],
)
def test_values_become_text(value, text):
    assert str(QueryParams({"a": value})) == f"a={text}"


def test_a_name_without_values_is_no_parameter():
    params = QueryParams({"a": [], "b": 1})
    assert str(params) == "b=1"
    assert "a" not in params
    assert not QueryParams({"a": []})


@pytest.mark.parametrize("nothing", [None, "", b"", {}, [], (), "&&"])
def test_nothing_is_false_and_empty(nothing):
    assert not QueryParams(nothing)
    assert str(QueryParams(nothing)) == ""


def test_changed_copies_leave_the_original():
    params = QueryParams("a=1&b=2")
    assert str(params.set("a", 3)) == "a=3&b=2"
    assert str(params.add("a", 3)) == "a=1&a=3&b=2"
    assert str(params.add("c")) == "a=1&b=2&c="
    assert str(params.remove("a")) == "b=2"
    assert str(params.remove("c")) == "a=1&b=2"
    assert str(params.merge({"b": 3, "c": [4, 5]})) == "a=1&b=3&c=4&c=5"
    assert str(params.merge()) == str(params) == "a=1&b=2"
    params.get_list("a").append("x")
    assert str(params) == "a=1&b=2"


def test_nothing_changes_it_in_place():
    params = QueryParams("a=1")
    with pytest.raises(RuntimeError, match="merge"):
        params.update({"a": 2})
    with pytest.raises(RuntimeError, match="set"):
        params["a"] = "2"


def test_the_order_of_names_does_not_matter_for_equality_and_hash():
    assert QueryParams("a=1&b=2") == QueryParams("b=2&a=1")
    assert hash(QueryParams("a=1&b=2")) == hash(QueryParams("b=2&a=1"))
    assert QueryParams("a=1") != QueryParams("a=2")
    assert QueryParams("a=1") != {"a": "1"}
    assert QueryParams("a=1") != "a=1"


@pytest.mark.parametrize("wrong", [1, object(), [1], ["ab"], [("a",)], [("a", "b", "c")], {"a"}])
def test_a_wrong_type_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        QueryParams(wrong)


def test_one_argument_or_keywords():
    with pytest.raises(TypeError):
        QueryParams("a=1", "b=2")
    with pytest.raises(TypeError):
        QueryParams("a=1", b=2)


@pytest.mark.parametrize("wrong", ["a=\udc80", {"a": "\udc80"}, {"\udc80": 1}, [("a", "\udc80")]])
def test_a_surrogate_is_refused_before_it_can_break_anything(wrong):
    with pytest.raises(InvalidURL):
        QueryParams(wrong)
    with pytest.raises(InvalidURL):
        QueryParams().set("a", "\udc80")


@given(st.binary())
def test_any_bytes_are_a_query(query):
    params = QueryParams(query)
    assert QueryParams(str(params)) == params


@given(TEXT)
def test_reading_agrees_with_urllib(query):
    fields = parse_qs(query, keep_blank_values=True)
    assert QueryParams(query).multi_items() == [(name, value) for name, values in fields.items() for value in values]


@given(st.dictionaries(TEXT, st.lists(TEXT, min_size=1)))
def test_writing_agrees_with_urllib_and_is_read_back(fields):
    params = QueryParams(fields)
    assert str(params) == urlencode(params.multi_items())
    assert QueryParams(str(params)) == params


def test_it_pickles_and_can_be_subclassed():
    class Mine(QueryParams):
        pass

    params = Mine("a=1&a=2")
    params.note = "free"
    assert params == QueryParams("a=1&a=2") == params
    assert repr(params) == "Mine('a=1&a=2')"
    assert pickle.loads(pickle.dumps(QueryParams("a=1&a=2"))) == params

from __future__ import annotations

import collections
import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values.errors import LocalProtocolError
from arke._values.fields import Fields
from arke._values.headers import Headers

raw_items = st.lists(st.tuples(st.sampled_from([b"a", b"A", b"X-B", b"\xff"]), st.binary(max_size=6)), max_size=6)


def test_lookup_ignores_case():
    headers = Headers({"Content-Type": "text/html"})
    assert headers["content-type"] == headers["CONTENT-TYPE"] == "text/html"
    assert "content-TYPE" in headers


def test_repeated_names_are_joined_with_commas():
    headers = Headers([("a", "1"), ("B", "2"), ("A", "3")])
    assert headers["a"] == "1, 3"
    assert headers.get("A") == "1, 3"
    assert dict(headers) == {"a": "1, 3", "b": "2"}
    assert list(headers.keys()) == ["a", "b"]
    assert list(headers.values()) == ["1, 3", "2"]
    assert list(headers.items()) == [("a", "1, 3"), ("b", "2")]


def test_multi_items_keeps_repetitions():
    assert Headers([("a", "1"), ("A", "3")]).multi_items() == [("a", "1"), ("a", "3")]


def test_length_counts_fields_and_iteration_names():
    headers = Headers([("a", "1"), ("A", "3")])
    assert len(headers) == 2
    assert list(headers) == ["a"]
    assert not Headers()


def test_raw_keeps_case_order_and_bytes():
    headers = Headers([("X-B", "1"), (b"a", b"\xff\x00"), ("x-b", " 2 ")])
    assert headers.raw == [(b"X-B", b"1"), (b"a", b"\xff\x00"), (b"x-b", b" 2 ")]


def test_raw_is_a_list_of_its_own():
    headers = Headers({"a": "b"})
    headers.raw.clear()
    assert headers.raw == [(b"a", b"b")]


@pytest.mark.parametrize(
    "source",
    [
        {"a": "1", "b": "2"},
        {b"a": b"1", b"b": b"2"},
        [("a", "1"), ("b", "2")],
        ((b"a", "1"), ("b", b"2")),
        iter([("a", "1"), ("b", "2")]),
        collections.ChainMap({"a": "1"}, {"b": "2"}),
        Headers({"a": "1", "b": "2"}),
    ],
)
def test_sources(source):
    assert sorted(Headers(source).raw) == [(b"a", b"1"), (b"b", b"2")]


def test_no_source_is_no_headers():
    assert Headers().raw == Headers(None).raw == Headers({}).raw == Headers([]).raw == []


@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["a"], object()])
def test_a_value_that_is_no_text_is_a_type_error_that_names_the_header(value):
    with pytest.raises(TypeError, match="'x-name'"):
        Headers({"x-name": value})
    with pytest.raises(TypeError, match="'x-name'"):
        Headers()["x-name"] = value


@pytest.mark.parametrize("name", [None, 1, ("a",)])
def test_a_name_that_is_no_text_is_a_type_error(name):
    with pytest.raises(TypeError):
        Headers({name: "a"})
    with pytest.raises(TypeError):
        Headers()[name]
    with pytest.raises(TypeError):
        name in Headers()  # noqa: B015
    with pytest.raises(TypeError):
        Headers().get(name)


@pytest.mark.parametrize("value", ["sécret", "secret\ud800", "secret€"])
@pytest.mark.parametrize("encoding", [None, "ascii"])
def test_text_that_cannot_be_encoded_is_reported_without_the_value(value, encoding):
    with pytest.raises(LocalProtocolError) as caught:
        Headers({"X-Token": value}, encoding)
    assert "'X-Token'" in str(caught.value)
    assert "cret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_name_that_cannot_be_encoded_is_reported():
    with pytest.raises(LocalProtocolError, match="é"):
        Headers({"é": "a"})


def test_what_is_set_later_may_be_any_unicode():
    headers = Headers({"a": "b"})
    headers["x"] = "é€"
    assert headers["x"] == "é€"
    assert headers.raw[-1] == (b"x", "é€".encode())
    with pytest.raises(LocalProtocolError):
        headers["x"] = "\ud800"


def test_what_is_set_reads_back_among_latin_1_fields():
    headers = Headers([(b"a", b"\xff")])
    headers["x"] = "é"
    assert headers["x"] == "é"
    assert headers["a"] == "ÿ"
    with pytest.raises(LocalProtocolError):
        headers["x"] = "€"


@pytest.mark.parametrize(
    ("raw", "encoding", "text"),
    [
        (b"abc", "ascii", "abc"),
        ("é".encode(), "utf-8", "é"),
        (b"\xe9", "iso-8859-1", "é"),
    ],
)
def test_encoding_is_detected(raw, encoding, text):
    headers = Headers([(b"a", raw), (b"b", b"c")])
    assert headers["a"] == text
    assert headers.encoding == encoding


def test_one_encoding_serves_all_fields():
    headers = Headers([(b"a", "é".encode()), (b"b", b"\xff")])
    assert headers["a"] == "Ã©"
    assert headers.get_list("a") == ["Ã©"]
    assert headers.items() == {"a": "Ã©", "b": "ÿ"}.items()


def test_a_sequence_does_not_span_two_fields():
    assert Headers([(b"a", b"\xc3"), (b"b", b"\xa9")]).encoding == "iso-8859-1"


def test_encoding_is_detected_anew_after_a_write():
    headers = Headers([(b"a", b"\xff")])
    assert headers.encoding == "iso-8859-1"
    del headers["a"]
    assert headers.encoding == "ascii"


def test_encoding_can_be_set():
    headers = Headers([(b"a", "é".encode())])
    headers.encoding = "iso-8859-1"
    assert headers["a"] == "Ã©"
    headers["b"] = "ü"
    assert headers.raw[-1] == (b"b", b"\xfc")


def test_what_the_set_encoding_cannot_read_is_read_all_the_same():
    headers = Headers([(b"a", b"\xff")], encoding="ascii")
    assert headers["a"] == "ÿ"
    assert dict(headers) == {"a": "ÿ"}


def test_names_outside_ascii_are_found():
    headers = Headers({"É": "a"}, encoding="utf-8")
    assert headers["É"] == "a"
    assert "é" not in headers
    assert "É" not in Headers({"a": "b"})
    with pytest.raises(KeyError):
        Headers({"a": "b"})["É"]


def test_the_kelvin_sign_is_no_k():
    assert "cookie" in Headers({"Cookie": "a"})
    assert "coo\u212aie" not in Headers({"Cookie": "a"}, encoding="utf-8")


def test_get_has_a_default():
    assert Headers().get("a") is None
    assert Headers().get("a", 3) == 3
    assert Headers({"a": ""}).get("a", "x") == ""


def test_a_missing_name_is_a_key_error_with_the_name_as_given():
    with pytest.raises(KeyError) as caught:
        Headers()["X-Missing"]
    assert caught.value.args == ("X-Missing",)
    with pytest.raises(KeyError):
        del Headers()["a"]


def test_get_list():
    headers = Headers([("Vary", "a, b"), ("vary", "c"), ("x", "d")])
    assert headers.get_list("VARY") == ["a, b", "c"]
    assert headers.get_list("VARY", split_commas=True) == ["a", "b", "c"]
    assert headers.get_list("none") == []


def test_setting_replaces_the_first_and_drops_the_others():
    headers = Headers([("a", "1"), ("B", "2"), ("c", "3"), ("b", "4")])
    headers["b"] = "5"
    assert headers.raw == [(b"a", b"1"), (b"b", b"5"), (b"c", b"3")]
    headers["D"] = "6"
    assert headers.raw[-1] == (b"D", b"6")


def test_deleting_removes_all_of_the_name():
    headers = Headers([("a", "1"), ("B", "2"), ("b", "4")])
    del headers["b"]
    assert headers.raw == [(b"a", b"1")]


def test_mapping_methods():
    headers = Headers({"a": "1"})
    assert headers.setdefault("A", "2") == "1"
    assert headers.setdefault("b", "2") == "2"
    assert headers.pop("b") == "2"
    assert headers.pop("b", None) is None
    headers.clear()
    assert headers.raw == []


def test_update_replaces_names_and_keeps_repetitions():
    headers = Headers([("a", "1"), ("b", "2"), ("A", "3")])
    headers.update([("A", "4"), ("a", "5"), ("c", "6")])
    assert headers.raw == [(b"b", b"2"), (b"A", b"4"), (b"a", b"5"), (b"c", b"6")]
    headers.update(None)
    headers.update({})
    assert len(headers) == 4


def test_a_copy_is_changed_on_its_own():
    headers = Headers({"a": "1"}, encoding="utf-8")
    other = headers.copy()
    assert other.encoding == "utf-8"
    other["a"] = "2"
    headers["b"] = "3"
    assert headers.raw == [(b"a", b"1"), (b"b", b"3")]
    assert other.raw == [(b"a", b"2")]
    assert Headers(headers).raw == headers.raw


def test_union():
    headers = Headers({"A": "1", "b": "2"})
    assert (headers | {"a": "3"}).raw == [(b"b", b"2"), (b"a", b"3")]
    assert ({"a": "3", "c": "4"} | headers).raw == [(b"c", b"4"), (b"A", b"1"), (b"b", b"2")]
    assert headers.raw == [(b"A", b"1"), (b"b", b"2")]
    with pytest.raises(TypeError):
        headers | [("c", "d")]
    with pytest.raises(TypeError):
        [("c", "d")] | headers


def test_union_in_place():
    headers = same = Headers({"a": "1"})
    headers |= {"b": "2"}
    headers |= [("c", "3")]
    assert headers is same
    assert headers == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize(
    "other",
    [{"a": "1", "B": "2"}, {"b": "2", "A": "1"}, [("b", "2"), ("a", "1")], Headers({"A": "1", "b": "2"})],
)
def test_equality_ignores_case_of_names_and_order(other):
    assert Headers({"A": "1", "b": "2"}) == other
    assert other == Headers({"A": "1", "b": "2"})


@pytest.mark.parametrize("other", [{}, {"a": "2"}, {"a": 1}, {"a": "é"}, "a", 1, None, [("a", "1", "b")], object()])
def test_inequality_with_anything_else(other):
    assert Headers({"a": "1"}) != other


def test_repetitions_count_for_equality():
    assert Headers([("a", "1"), ("a", "2")]) != Headers({"a": "1, 2"})


def test_headers_are_not_hashable():
    with pytest.raises(TypeError):
        hash(Headers())


def test_repr():
    assert repr(Headers({"A": "b"})) == "Headers({'a': 'b'})"
    assert repr(Headers([("a", "1"), ("A", "2")])) == "Headers([('a', '1'), ('a', '2')])"
    assert repr(Headers([(b"a", b"\xe9")])) == "Headers({'a': 'é'}, encoding='iso-8859-1')"


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization"])
def test_repr_hides_credentials(name):
    headers = Headers([(name, "secret"), (name, "other secret")])
    assert "secret'" not in repr(headers)
    assert repr(headers).count("[secure]") == 2
    assert headers[name] == "secret, other secret"


def test_headers_over_shared_fields_do_not_touch_them():
    fields = Fields([(b"A", b"1")])
    headers = Headers._from_fields(fields)
    assert headers._fields is fields
    headers["a"] = "2"
    headers["b"] = "3"
    assert fields.items == [(b"A", b"1")]


class Loud(Headers):
    def __getitem__(self, key):
        return super().__getitem__(key).upper()


def test_subclasses_and_free_attributes():
    headers = Loud({"a": "b"})
    headers.note = "x"
    assert headers["a"] == "B"
    assert isinstance(Loud._from_fields(Fields([])), Loud)
    assert repr(Loud()) == "Loud({})"


def test_pickle_and_deepcopy():
    headers = Headers([(b"A", b"\xff"), (b"a", b"2")])
    headers.encoding = "utf-8"
    for other in (pickle.loads(pickle.dumps(headers)), copy.deepcopy(headers), copy.copy(headers)):
        assert other.raw == headers.raw
        assert other.encoding == "utf-8"
        other["b"] = "c"
        assert "b" not in headers


@given(raw_items)
def test_any_bytes_can_be_read(items):
    headers = Headers(items)
    assert headers.raw == items
    assert len(headers.multi_items()) == len(items)
    assert headers == Headers(headers.raw)
    assert {name: headers[name] for name in headers} == dict(headers.items())
    assert all(name in headers for name in headers)
    assert repr(headers).startswith("Headers(")


@given(st.text(), st.text())
def test_any_text_is_set_and_read_back_or_refused(name, value):
    headers = Headers()
    try:
        headers[name] = value
    except LocalProtocolError:
        return
    assert headers[name] == value

from __future__ import annotations

import copy
import pickle

from hypothesis import given
from hypothesis import strategies as st

from arke._values.fields import Fields

names = st.sampled_from([b"A", b"a", b"B", b"Set-Cookie", b"set-cookie"])
items = st.lists(st.tuples(names, st.binary(max_size=5)))


def serialised(pairs):
    return b"".join(name + b": " + value + b"\r\n" for name, value in pairs)


def test_index_has_lower_case_names():
    assert Fields([(b"Content-Type", b"a"), (b"HOST", b"b")]).index == {b"content-type": b"a", b"host": b"b"}


@given(items)
def test_index_joins_repeated_names_in_their_order(pairs):
    expected: dict[bytes, bytes] = {}
    for name, value in pairs:
        key = name.lower()
        expected[key] = expected[key] + b", " + value if key in expected else value
    assert Fields(pairs).index == expected


def test_index_is_computed_once():
    fields = Fields([(b"a", b"b")])
    assert fields.index is fields.index


def test_a_given_index_is_used():
    index = {b"a": b"b"}
    assert Fields([(b"a", b"b")], index).index is index


def test_extended_leaves_the_original_alone():
    fields = Fields([(b"a", b"1")])
    longer = fields.extended([(b"b", b"2")])
    assert fields.items == [(b"a", b"1")]
    assert longer.items == [(b"a", b"1"), (b"b", b"2")]
    assert longer.index == {b"a": b"1", b"b": b"2"}


def test_prepended_leaves_the_original_alone():
    fields = Fields([(b"a", b"1")])
    assert fields.prepended([(b"b", b"2")]).items == [(b"b", b"2"), (b"a", b"1")]
    assert fields.items == [(b"a", b"1")]


@given(items, items)
def test_a_serialised_block_grows_with_the_fields(pairs, extra):
    fields = Fields(pairs)
    fields.block = serialised(pairs)
    assert fields.extended(extra).block == serialised(pairs + extra)
    assert fields.prepended(extra).block == serialised(extra + pairs)


def test_without_a_block_none_is_made():
    assert Fields([(b"a", b"1")]).extended([(b"b", b"2")]).block is None
    assert Fields([(b"a", b"1")]).prepended([(b"b", b"2")]).block is None


def test_fields_pickle_and_copy():
    fields = Fields([(b"a", b"1")])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(fields, protocol)).items == fields.items
    assert copy.deepcopy(fields).items == fields.items


def test_repr_shows_no_values():
    assert repr(Fields([(b"authorization", b"secret")])) == "<Fields of 1 items>"

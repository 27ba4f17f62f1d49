from urllib.parse import quote_plus, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values import percent

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ESCAPED = st.lists(st.sampled_from(["%E2", "%82", "%ac", "%41", "%", "%4", "a", "é", "+", "€", "%00"])).map("".join)


@pytest.mark.parametrize(
    ("component", "escaped"),
    [
        (percent.FRAGMENT, ' "<>`'),
        (percent.QUERY, ' "#<>'),
        (percent.PATH, ' "#<>?`{}'),
        (percent.USERINFO, ' "#/;<=>?@[\\]^`{|}'),
        (percent.USERNAME, ' "#/:;<=>?@[\\]^`{|}'),
    ],
)
def test_each_component_escapes_what_it_cannot_hold(component, escaped):
    printable = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
    assert "".join(each for each in printable if component.encode(each) != each) == escaped


def test_text_is_escaped_as_utf8_in_upper_case():
    assert percent.PATH.encode("/é €") == "/%C3%A9%20%E2%82%AC"


def test_an_escape_is_kept_and_a_stray_percent_sign_is_escaped():
    assert percent.PATH.encode("%41%c3 100% %4 %zz") == "%41%c3%20100%25%20%254%20%25zz"


@given(TEXT)
def test_encoding_twice_changes_nothing(text):
    once = percent.QUERY.encode(text)
    assert percent.QUERY.encode(once) == once


@given(TEXT | ESCAPED)
def test_decoding_agrees_with_urllib(text):
    assert percent.decode(text) == unquote(text)


@given(TEXT)
def test_form_encoding_agrees_with_urllib_and_is_undone(text):
    encoded = percent.encode_form(text)
    assert encoded == quote_plus(text)
    assert percent.decode_form(encoded) == text


def test_surrogates_are_found():
    assert percent.has_surrogate("a\udc80")
    assert not percent.has_surrogate("a€")

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values.errors import LocalProtocolError, RemoteProtocolError
from arke._values.fields import Fields
from arke._wire import limits
from arke._wire.h1_grammar import (
    is_field_value,
    is_length,
    is_target,
    is_token,
    list_contains,
    match_chunk_line,
    match_status_line,
    parse_fields,
    parse_length,
    serialise_fields,
    shorten,
)

TOKEN_CHARACTERS = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
EVERY_BYTE = [bytes([number]) for number in range(256)]


def parse(block: bytes) -> list[tuple[bytes, bytes]]:
    return parse_fields(block, 0, len(block)).items


def is_control(byte: bytes) -> bool:
    return byte < b" " or byte == b"\x7f"


@pytest.mark.parametrize("byte", EVERY_BYTE)
def test_each_byte_is_in_the_right_rules(byte):
    assert bool(is_token(byte)) == (byte in TOKEN_CHARACTERS)
    assert bool(is_field_value(byte)) == (byte == b"\t" or not is_control(byte))
    assert bool(is_target(byte)) == (byte != b" " and not is_control(byte))
    assert bool(is_length(byte)) == byte.isdigit()


@pytest.mark.parametrize("rule", [is_token, is_target, is_length])
def test_these_have_at_least_one_byte(rule):
    assert not rule(b"")


def test_a_value_may_be_empty():
    assert is_field_value(b"")


@pytest.mark.parametrize("rule", [is_token, is_target, is_length, is_field_value])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n", b"\x00"])
def test_no_rule_overlooks_a_line_end_at_the_end(rule, end):
    assert not rule(b"1" + end)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"HTTP/1.1 200 OK", (b"HTTP/1.1", b"200", b"OK")),
        (b"HTTP/1.0 404 Not Found", (b"HTTP/1.0", b"404", b"Not Found")),
        (b"HTTP/1.9 999 ", (b"HTTP/1.9", b"999", b"")),
        (b"HTTP/1.1 200", (b"HTTP/1.1", b"200", b"")),
        (b"HTTP/1.1 200  two  spaces\t", (b"HTTP/1.1", b"200", b" two  spaces\t")),
        (b"HTTP/1.1 200 tr\xe8s bien", (b"HTTP/1.1", b"200", b"tr\xe8s bien")),
    ],
)
def test_a_status_line_has_three_parts(line, parts):
    match = match_status_line(line + b"\r\n")
    assert match is not None
    assert match.groups(b"") == parts


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 2\xb20 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.1 200\tOK",
        b"HTTP/1.1 200OK",
        b" HTTP/1.1 200 OK",
        b"http/1.1 200 OK",
        b"HTTP/2.0 200 OK",
        b"HTTP/1.10 200 OK",
        b"HTTP/1 200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\x7fK",
        b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 OK\r",
        b"HTTP/1.1 200 O\nK",
    ],
)
def test_anything_else_is_no_status_line(line):
    assert match_status_line(line + b"\r\n") is None


def test_a_status_line_ends_with_crlf():
    assert match_status_line(b"HTTP/1.1 200 OK\n\r\n") is None
    assert match_status_line(b"HTTP/1.1 200 OK\r\r\n") is None
    assert match_status_line(b"HTTP/1.1 200 OK") is None


def test_names_and_values_are_kept_as_they_came():
    block = b"Content-Type: text/plain\r\nX:1\r\nx: \t two words \t\r\nEmpty:\r\nBlank:  \r\nLatin: caf\xe9\r\n"
    assert parse(block) == [
        (b"Content-Type", b"text/plain"),
        (b"X", b"1"),
        (b"x", b"two words"),
        (b"Empty", b""),
        (b"Blank", b""),
        (b"Latin", b"caf\xe9"),
    ]


def test_no_lines_are_no_fields():
    assert parse(b"") == []


def test_only_the_part_between_start_and_end_is_read():
    raw = b"bad line\r\nA: 1\r\nB: 2\r\nanother bad line\r\n"
    assert parse_fields(raw, 10, 22).items == [(b"A", b"1"), (b"B", b"2")]


def test_the_index_is_right_whether_names_repeat_or_not():
    assert parse_fields(b"A: 1\r\nB: 2\r\n", 0, 12).index == {b"a": b"1", b"b": b"2"}
    assert parse_fields(b"A: 1\r\na: 2\r\n", 0, 12).index == {b"a": b"1, 2"}


@pytest.mark.parametrize(
    ("block", "value"),
    [
        (b"X: one\r\n two\r\n", b"one two"),
        (b"X: one \t\r\n \t two\r\n", b"one two"),
        (b"X: one\r\n\ttwo\r\n\tthree\r\n", b"one two three"),
        (b"X:\r\n one\r\n", b"one"),
        (b"X: one\r\n \r\n", b"one"),
        (b"X: one\r\n \r\n two\r\n", b"one two"),
    ],
)
def test_a_fold_becomes_spaces(block, value):
    ((name, got),) = parse(block)
    assert name == b"X"
    assert got.split() == value.split()
    assert b"\r" not in got
    assert b"\n" not in got


def test_a_fold_does_not_hide_the_fields_around_it():
    assert parse(b"A: 1\r\nX: one\r\n two\r\nB:2  \r\n") == [(b"A", b"1"), (b"X", b"one two"), (b"B", b"2")]


MALFORMED = {
    "no colon": b"X\r\n",
    "empty line": b"A: 1\r\n\r\nB: 2\r\n",
    "empty name": b": 1\r\n",
    "space in front of the colon": b"X : 1\r\n",
    "tab in front of the colon": b"X\t: 1\r\n",
    "space in the name": b"X Y: 1\r\n",
    "name outside ASCII": b"\xe9: 1\r\n",
    "name in quotes": b'"X": 1\r\n',
    "NUL in the name": b"X\x00: 1\r\n",
    "NUL in the value": b"X: a\x00b\r\n",
    "control character in the value": b"X: a\x1fb\r\n",
    "DEL in the value": b"X: a\x7fb\r\n",
    "bare CR in the value": b"X: a\rb\r\n",
    "bare CR that could end a line": b"X: a\rY: b\r\n",
    "CR CR LF": b"X: a\r\r\n",
    "bare LF": b"X: a\nY: b\r\n",
    "LF CR": b"X: a\n\rY: b\r\n",
    "bare LF in a fold": b"X: a\n b\r\n",
    "fold in front": b" X: a\r\n",
    "tab in front": b"\tX: a\r\n",
    "fold in the name": b"X\r\n : a\r\n",
    "malformed line among folds": b"X: a\r\n b\r\nno colon\r\n",
    "CR in a fold": b"X: a\r\r\n b\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_line_is_refused_wherever_it_stands(name):
    block = MALFORMED[name]
    with pytest.raises(RemoteProtocolError):
        parse(block)
    if name not in {"fold in front", "tab in front"}:
        with pytest.raises(RemoteProtocolError):
            parse(b"A: 1\r\n" + block)
    with pytest.raises(RemoteProtocolError):
        parse(block + b"Z: 1\r\n")


def test_the_message_shows_the_line_shortened():
    with pytest.raises(RemoteProtocolError, match=r"malformed header line: 'xxx[^ ]{,70}\.\.\.$"):
        parse(b"A: 1\r\n" + b"x" * 1000 + b"\r\n")


@given(st.binary(max_size=60).map(lambda junk: b"A: 1\r\n" + junk + b"\r\n"))
def test_whatever_is_accepted_has_sound_names_and_values(block):
    try:
        items = parse(block)
    except RemoteProtocolError:
        return
    assert items[0][0] == b"A"
    for name, value in items:
        assert is_token(name)
        assert is_field_value(value)
        assert value == value.strip(b" \t")


HOSTILE = {
    "spaces in a value": lambda size: b"X: a" + b" " * size + b"b\r\n c\r\n",
    "tabs at the end of a value": lambda size: b"X: a" + b"\t" * size + b"\r\nbad\r\n",
    "folds": lambda size: b"X: a\r\n" + b" \r\n" * (size // 3),
    "a long name without a colon": lambda size: b"x" * size + b"\r\n",
    "names without colons": lambda size: b"x\r\n" * (size // 3),
    "many fields with folds": lambda size: b"a:\r\n b\r\n" * (size // 8),
    "the same name": lambda size: b"a: b\r\n" * (size // 6),
    "commas": lambda size: b"X:" + b"," * size + b"\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_in_the_size_of_the_block(name):
    def seconds(size: int) -> float:
        block = HOSTILE[name](size)
        best = 1e9
        for _ in range(5):
            began = time.perf_counter()
            try:
                _ = parse_fields(block, 0, len(block)).index
            except RemoteProtocolError:
                pass
            best = min(best, time.perf_counter() - began)
        return best

    # A quadratic one takes 256 times as long; the floor keeps the ratio of two tiny times from deciding.
    size = limits.max_head_bytes // 4
    assert seconds(size) < 64 * max(seconds(size // 16), 0.0005)


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (b"0", 0),
        (b"5", 5),
        (b"005", 5),
        (b"5, 5", 5),
        (b"5,5 ,\t5", 5),
        (b"9999999999999999999", 9999999999999999999),
    ],
)
def test_a_length_is_read(value, length):
    assert parse_length(value) == length


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b",",
        b"5,",
        b",5",
        b"5, 6",
        b"5, 05",
        b"+5",
        b"-5",
        b"5.0",
        b"5 5",
        b"5a",
        b"0x5",
        b"1_0",
        b"\xb2",
        b"\xd9\xa2",
        b"1" * 20,
        b"0" * 20,
        b"1" * 5000,
    ],
)
def test_what_is_no_length_is_refused(value):
    with pytest.raises(RemoteProtocolError, match="Content-Length"):
        parse_length(value)


@pytest.mark.parametrize(
    "value", [b"close", b"Close", b"CLOSE", b"a, close", b"close ,b", b"a,\tclose\t,b", b",close,"]
)
def test_a_list_contains_its_members_in_any_case(value):
    assert list_contains(value, b"close")


@pytest.mark.parametrize("value", [b"", b"closed", b"close b", b"un close", b'"close"', b"clo, se"])
def test_a_list_contains_nothing_else(value):
    assert not list_contains(value, b"close")


@pytest.mark.parametrize(
    ("line", "size", "extension"),
    [
        (b"0\r\n", b"0", b""),
        (b"1aF\r\n", b"1aF", b""),
        (b"f" * 16 + b"\r\n", b"f" * 16, b""),
        (b"5;a=b\r\n", b"5", b";a=b"),
        (b"5 \t;a = b\r\n", b"5", b" \t;a = b"),
        (b'5;a="\xe9;";c\r\n', b"5", b';a="\xe9;";c'),
    ],
)
def test_a_chunk_line_has_a_size_and_extensions(line, size, extension):
    match = match_chunk_line(line)
    assert match is not None
    assert match.groups(b"") == (size, extension)


@pytest.mark.parametrize(
    "line",
    [
        b"\r\n",
        b";a\r\n",
        b" 5\r\n",
        b"5\n",
        b"5\r",
        b"5 \r\n",
        b"5\t\r\n",
        b"5 5\r\n",
        b"5 a\r\n",
        b"+5\r\n",
        b"-5\r\n",
        b"0x5\r\n",
        b"5_0\r\n",
        b"5g\r\n",
        b"0" * 17 + b"\r\n",
        b"5;a\nb\r\n",
        b"5;a\rb\r\n",
        b"5;a\x00\r\n",
        b"5;a\r\r\n",
    ],
)
def test_anything_else_is_no_chunk_line(line):
    assert match_chunk_line(line) is None


def test_fields_are_serialised_in_their_order_and_remembered():
    fields = Fields([(b"Host", b"a"), (b"x-Y", b""), (b"X-y", b"caf\xe9\tb")])
    assert serialise_fields(fields) == b"Host: a\r\nx-Y: \r\nX-y: caf\xe9\tb\r\n"
    assert fields.block == b"Host: a\r\nx-Y: \r\nX-y: caf\xe9\tb\r\n"


def test_a_second_host_is_not_serialised():
    fields = Fields([(b"Host", b"a"), (b"host", b"a")])
    with pytest.raises(LocalProtocolError, match="more than one Host"):
        serialise_fields(fields)
    assert fields.block is None


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\r\nb", b"a\n", b"a\x00", b"caf\xe9", b" a", b"a "])
def test_an_invalid_name_is_not_serialised(name):
    fields = Fields([(b"Host", b"a"), (name, b"secret")])
    with pytest.raises(LocalProtocolError) as caught:
        serialise_fields(fields)
    assert "secret" not in str(caught.value)
    assert fields.block is None


@pytest.mark.parametrize(
    "value",
    [b"a\r\nb: c", b"a\nb", b"a\rb", b"a\r", b"a\n", b"a\x00", b"\x7f", b"\x0b", b" a", b"a ", b"\ta", b"a\t", b" "],
)
def test_an_invalid_value_is_not_serialised_nor_shown(value):
    fields = Fields([(b"Authorization", b"secret" + value if value.strip(b" \t") == value else value)])
    with pytest.raises(LocalProtocolError, match="Authorization") as caught:
        serialise_fields(fields)
    assert "secret" not in str(caught.value)
    assert fields.block is None


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=4))
def test_what_is_serialised_is_read_back_the_same(pairs):
    fields = Fields(pairs)
    try:
        block = serialise_fields(fields)
    except LocalProtocolError:
        return
    assert parse(block) == pairs


@pytest.mark.parametrize("raw", [b"", b"x" * 60, bytearray(b"abc\r\n")])
def test_short_bytes_are_shown_whole(raw):
    assert eval("b" + shorten(raw)) == bytes(raw)


def test_long_bytes_are_shown_in_part():
    assert shorten(b"x" * 61) == repr("x" * 60) + "..."

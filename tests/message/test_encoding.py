"""Charsets, lines and chunks: the same for any split, and never an exception for what a server says."""

from __future__ import annotations

import encodings
import pkgutil
import time
import warnings
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arke._message.encoding import (
    ByteChunker,
    LineDecoder,
    TextChunker,
    TextDecoder,
    charset_of,
    is_known_encoding,
    utf8,
)
from arke._values.errors import LocalProtocolError

LINE_ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
lineish = st.lists(st.sampled_from([*LINE_ENDS, "a", "bc", "", "\t"]), max_size=12)


def feed(decoder, pieces):
    return [*(out for piece in pieces for out in decoder.decode(piece)), *decoder.flush()]


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        (None, None),
        ("", None),
        ("text/plain", None),
        ("text/plain; charset=utf-8", "utf-8"),
        ("text/plain;charset=UTF-8", "utf-8"),
        ('text/plain; charset="ISO-8859-1"', "iso-8859-1"),
        (r'text/plain; charset="iso\-8859-1"', "iso-8859-1"),
        ("text/plain; CHARSET=Latin1", "latin1"),
        ("text/plain; charset = ascii ", "ascii"),
        ("text/plain; charset=utf-8; charset=ascii", "utf-8"),
        ("text/plain; boundary=x; charset=ascii", "ascii"),
        ("charset=ascii", "ascii"),
        ('text/plain; charset="ascii', "ascii"),
        ("text/plain; charset*=utf-8''latin-1", "latin-1"),
        ("text/plain; xcharset=ascii", None),
        ('text/plain; a="; charset=ascii"', None),
        (r'text/plain; a="\"; charset=ascii"; charset=utf-8', "utf-8"),
        ("text/plain; charset", None),
        ("text/plain; charset=", ""),
    ],
)
def test_charset_is_the_parameter_of_that_name(content_type, charset):
    assert charset_of(content_type) == charset


@given(st.text() | st.lists(st.sampled_from([";", "charset", "=", '"', "\\", " ", "*", "'", "utf-8"])).map("".join))
def test_no_content_type_raises(content_type):
    charset = charset_of("text/plain; charset=" + content_type)
    assert charset is None or isinstance(is_known_encoding(charset), bool)
    charset_of(content_type)


@pytest.mark.parametrize("unit", [";", ' ;a="', ";charset", "; ", ' ;a="\\"', "=", ";a=b"])
def test_a_hostile_content_type_takes_no_time(unit):
    started = time.perf_counter()
    charset_of(unit * 20_000 + "charset")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "encoding", ["utf-8", "UTF_8", "latin-1", "cp1252", "utf-16", "gb18030", "shift_jis", "utf-8-sig"]
)
def test_text_encodings_are_known(encoding):
    assert is_known_encoding(encoding)


@pytest.mark.parametrize(
    "encoding",
    [
        "",
        "bogus",
        "base64",
        "hex",
        "zip",
        "rot13",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "\x00",
        "utf-8\x00",
        "x" * 100,
        "é",
        "../x",
        "utf 8/..",
        "a\nb",
        "encodings.utf_8",
        "__init__",
        "aliases",
        "'",
    ],
)
def test_what_does_not_read_bytes_as_text_is_unknown(encoding):
    assert not is_known_encoding(encoding)
    with pytest.raises(LookupError):
        TextDecoder(encoding)


@pytest.mark.parametrize("encoding", sorted(module.name for module in pkgutil.iter_modules(encodings.__path__)))
@settings(max_examples=20)
@given(pieces=st.lists(st.binary(max_size=8), max_size=5))
def test_every_known_encoding_reads_any_bytes(encoding, pieces):
    if not is_known_encoding(encoding):
        return
    decoder = TextDecoder(encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = "".join([*map(decoder.decode, pieces), decoder.flush()])
    assert isinstance(text, str)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32", "shift_jis", "gb18030", "utf-8-sig"])
@given(
    text=st.text(st.sampled_from("aé日本語\u3042"), max_size=20),
    cuts=st.lists(st.integers(0, 80), max_size=6),
)
def test_text_is_the_same_for_any_split(encoding, text, cuts):
    text = text.replace("é", "e")
    raw = text.encode(encoding)
    ends = sorted({min(cut, len(raw)) for cut in cuts} | {0, len(raw)})
    decoder = TextDecoder(encoding)
    pieces = [decoder.decode(raw[start:end]) for start, end in pairwise(ends)]
    assert "".join([*pieces, decoder.flush()]) == text


def test_malformed_and_cut_off_characters_are_replaced():
    decoder = TextDecoder("utf-8")
    assert [decoder.decode(b"\xff\xc3"), decoder.decode(b"\xa9\xc3"), decoder.flush()] == [
        "\ufffd",
        "é",
        "\ufffd",
    ]


def test_the_byte_order_mark_of_utf_8_is_kept_and_that_of_utf_16_used():
    assert TextDecoder("utf-8").decode(b"\xef\xbb\xbfa") == "\ufeffa"
    assert TextDecoder("utf-8-sig").decode(b"\xef\xbb\xbfa") == "a"
    assert TextDecoder("utf-16").decode("é".encode("utf-16")) == "é"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_without_a_byte_order_mark_the_order_is_little_endian(encoding):
    raw = "aé".encode(f"{encoding}-le")
    decoder = TextDecoder(encoding)
    assert "".join([decoder.decode(raw[:1]), decoder.decode(raw[1:]), decoder.flush()]) == "aé"


@given(lineish)
def test_lines_are_those_of_splitlines_for_any_split(pieces):
    assert feed(LineDecoder(), pieces) == "".join(pieces).splitlines()


@given(st.lists(st.text(), max_size=6))
def test_lines_of_any_text_are_those_of_splitlines(pieces):
    assert feed(LineDecoder(), pieces) == "".join(pieces).splitlines()


def test_a_line_is_given_as_soon_as_it_has_ended():
    decoder = LineDecoder()
    assert decoder.decode("a\nb") == ["a"]
    assert decoder.decode("c\r\n") == ["bc"]
    assert decoder.decode("d\r") == []
    assert decoder.decode("\ne") == ["d"]
    assert decoder.flush() == ["e"]
    assert decoder.flush() == []


def test_long_lines_take_linear_time():
    def seconds(count):
        decoder = LineDecoder()
        started = time.perf_counter()
        for _ in range(count):
            decoder.decode("x" * 100)
        assert len(decoder.decode("\n")[0]) == count * 100
        return time.perf_counter() - started

    seconds(1000)
    few, many = min(seconds(10_000) for _ in range(3)), min(seconds(100_000) for _ in range(3))
    assert many < 50 * few


@given(pieces=st.lists(st.binary(max_size=10)), size=st.integers(1, 12))
def test_byte_chunks_have_the_size_asked_for(pieces, size):
    chunks = feed(ByteChunker(size), pieces)
    assert b"".join(chunks) == b"".join(pieces)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks[-1:])


@given(pieces=st.lists(st.text(max_size=10)), size=st.integers(1, 12))
def test_text_chunks_have_the_size_asked_for(pieces, size):
    chunks = feed(TextChunker(size), pieces)
    assert "".join(chunks) == "".join(pieces)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(0 < len(chunk) <= size for chunk in chunks[-1:])


def test_a_full_chunk_is_not_held_back():
    chunker = ByteChunker(3)
    assert [chunker.decode(b"ab"), chunker.decode(b"cdef"), chunker.flush()] == [[], [b"abc", b"def"], []]


def test_without_a_size_pieces_pass_and_empty_ones_do_not():
    assert feed(ByteChunker(), [b"ab", b"", b"c"]) == [b"ab", b"c"]
    assert feed(TextChunker(), ["ab", "", "c"]) == ["ab", "c"]


@pytest.mark.parametrize("chunker", [ByteChunker, TextChunker])
@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_size_that_is_not_positive_is_refused(chunker, size):
    with pytest.raises(ValueError, match="chunk_size"):
        chunker(size)


def test_lone_surrogates_cannot_be_sent():
    assert utf8("é", "text") == b"\xc3\xa9"
    with pytest.raises(LocalProtocolError, match=r"the text .*\\ud800' at 1"):
        utf8("a\ud800", "text")

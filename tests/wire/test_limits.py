"""Each limit by its name: what is just below it passes, what is just above it does not, in one piece and in many."""

from __future__ import annotations

import pytest

from arke._values.errors import RemoteProtocolError
from arke._wire import limits
from wire.exchange import CHUNKED, HEAD, begin, bytewise, cut, drain, outcome

END = b"0\r\n\r\n"


def field_lines(size: int) -> bytes:
    """Field lines of this many bytes, without the CRLF of the last one."""
    return b"A: " + b"x" * (size - 3)


def head_of(size: int) -> bytes:
    """A response whose head, without the empty line, has this many bytes."""
    fixed = HEAD + b"Content-Length: 0\r\n"
    return fixed + field_lines(size - len(fixed)) + b"\r\n\r\n"


def informational_of(size: int) -> bytes:
    line = b"HTTP/1.1 103 Early Hints\r\n"
    return line + field_lines(size - len(line)) + b"\r\n\r\n"


def extension_of(size: int) -> bytes:
    """A chunk whose extension has this many bytes."""
    return b"1;" + b"x" * (size - 1) + b"\r\ny\r\n"


def extensions_of(size: int) -> bytes:
    """Chunks whose extensions have this many bytes together."""
    whole, rest = divmod(size, 1000)
    return extension_of(1000) * whole + (extension_of(rest) if rest else b"")


def trailers_of(size: int) -> bytes:
    """A trailer section of this many bytes, with the empty line."""
    return field_lines(size - 4) + b"\r\n\r\n"


HEADS = limits.max_head_bytes
CASES = {
    "max_head_bytes": lambda over: head_of(HEADS + over),
    "max_head_bytes, 1xx included": lambda over: informational_of(HEADS - 1000) + head_of(1000 + over),
    "max_fields": lambda over: HEAD + b"A: b\r\n" * (limits.max_fields - 1 + over) + b"Content-Length: 0\r\n\r\n",
    "max_fields, folded": lambda over: (
        HEAD + b"A: b\r\n c\r\n" * (limits.max_fields - 1 + over) + b"Content-Length: 0\r\n\r\n"
    ),
    "max_informational": lambda over: (
        b"HTTP/1.1 100 Continue\r\n\r\n" * (limits.max_informational + over) + HEAD + b"Content-Length: 0\r\n\r\n"
    ),
    "max_chunk_line_bytes": lambda over: CHUNKED + extension_of(limits.max_chunk_line_bytes - 3 + over) + END,
    "max_extension_bytes": lambda over: CHUNKED + extensions_of(limits.max_extension_bytes + over) + END,
    "max_trailer_bytes": lambda over: CHUNKED + b"0\r\n" + trailers_of(limits.max_trailer_bytes + over),
    "max_fields, trailers": lambda over: CHUNKED + b"0\r\n" + b"A: b\r\n" * (limits.max_fields + over) + b"\r\n",
}
SPLITS = {
    "whole": lambda data: [data],
    "bytewise": bytewise,
    "the last bytes single": lambda data: cut(data, range(len(data) - 12, len(data))),
}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", CASES)
def test_what_reaches_the_limit_passes(name, split):
    got = outcome(SPLITS[split](CASES[name](0)))
    assert not got.has_failed
    assert got.is_reusable


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", CASES)
def test_what_exceeds_the_limit_is_refused_by_its_name(name, split):
    engine = begin()
    for piece in SPLITS[split](CASES[name](1)):
        engine.feed(piece)
    _, error = drain(engine)
    assert isinstance(error, RemoteProtocolError)
    limit = name.partition(",")[0]
    # A line that has not ended yet is refused for what it is by then.
    assert f"limits.{limit}" in str(error) or (limit == "max_chunk_line_bytes" and "chunk-size line" in str(error))
    assert not engine.is_reusable


ENDLESS = {
    "a line without an end": (b"HTTP/1.1 200 ", b"x" * 1000),
    "fields without an end": (HEAD, b"A: " + b"x" * 995 + b"\r\n"),
    "1xx without an end": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a chunk-size line without an end": (CHUNKED + b"1", b";" + b"x" * 999),
    "chunk-size digits without an end": (CHUNKED, b"0" * 1000),
    "extensions without an end": (CHUNKED, extension_of(1000)),
    "trailers without an end": (CHUNKED + b"0\r\n", b"A: " + b"x" * 995 + b"\r\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_nothing_is_taken_without_end(name):
    start, more = ENDLESS[name]
    engine = begin()
    engine.feed(start)
    fed = 0
    while not engine.has_failed:
        engine.feed(more)
        engine.next_data() if engine.has_data else None
        fed += len(more)
        assert fed <= 2 * limits.max_head_bytes
    assert not engine.is_reusable


def test_bytes_in_front_of_the_status_line_are_not_waited_for():
    engine = begin()
    engine.feed(b"\r\n")
    assert engine.has_failed

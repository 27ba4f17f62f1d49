"""The same response bytes to our engine, to h11 and to llhttp.

Where all three take them, they mean the same. Where only some do, ours is the stricter one; each class of difference is
listed here with its reason, and nothing else may differ.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from differential.verdicts import Answer, Refusal, Verdict, of_h11, of_llhttp, ours
from wire.corpus import EVERYTHING, LENGTH, WELL_FORMED
from wire.exchange import answered

PARSERS = {"h11": of_h11, "llhttp": of_llhttp}
FRAMING = {b"content-length", b"transfer-encoding"}  # h11 brings these to a form of its own

# What ours refuses and another takes: a part of our refusal, and why. Being alone in this is no harm.
STRICTER = {
    "malformed status line": "RFC 9112 4 to the letter, but for the last space; others skip empty lines and major versions",
    "not HTTP/1.1": "the same, before the line is whole",
    "lines end with a bare LF": "2.2 permits a recipient to take it; two parsers that disagree on it can be desynchronised",
    "malformed header line": "h11 takes bare LF, and control characters in values",
    "both a Content-Length and a Transfer-Encoding": "6.3: ought to be handled as an error; h11 prefers the coding",
    "Transfer-Encoding in an HTTP/1.0": "6.1: MUST be treated as faulty",
    "Transfer-Encoding other than chunked": "7.4: we never ask for one; llhttp hands it on undecoded",
    "Content-Length": "no length has 20 digits; others count them only when they are not zeros",
    "malformed chunk-size line": "as many digits as 64 bits need; no whitespace but before an extension; no control characters",
    "without its end": "h11 takes a bare LF for the empty line behind the last chunk",
    "whitespace before the first header field": "2.2: reject the message or drop the line; we reject",
}


TRAILERS = "others read trailers as if they were header fields; they MUST NOT be merged (9110 6.5.1)"


class Leniency(NamedTuple):
    """A class of bytes that ours takes and another does not."""

    parser: str
    refusal: str  # of the other parser, as a pattern
    data: bytes  # what must be in the bytes, as a pattern
    reason: str


LENIENCIES = [
    Leniency(
        "h11",
        "illegal chunk header",
        rb"[0-9A-Fa-f][ \t]+;",
        "BWS before an extension: a recipient MUST parse it (9110 5.6.3)",
    ),
    Leniency("llhttp", "chunk size", rb"[0-9A-Fa-f][ \t]+;", "BWS"),
    Leniency(
        "llhttp",
        "chunk extensions",
        rb"\r\n[0-9A-Fa-f]+[ \t]*;",
        "extensions are ignored (9112 7.1.1), so are their mistakes",
    ),
    Leniency(
        "llhttp",
        "Duplicate Content-Length",
        rb"(?is)content-length.*content-length",
        "the same length twice (9110 8.6)",
    ),
    Leniency(
        "llhttp", "Content-Length", rb"(?i)content-length:[ \t]*[0-9]+[ \t]*,", "the same length in a list (9110 8.6)"
    ),
    Leniency("llhttp", "header value", rb"\r\n[ \t]", "obs-fold: a user agent MUST replace it with a space (9112 5.2)"),
    Leniency(
        "h11",
        "Content-Length|Transfer-Encoding",
        rb"HTTP/1\.[0-9] 1[0-9][0-9]",
        "fields of a 1xx do not frame anything (9112 6.3, rule 1)",
    ),
    Leniency(
        "llhttp",
        "Content-Length|Transfer-Encoding|Expected HTTP|Data after",
        rb"HTTP/1\.[0-9] 1[0-9][0-9]",
        "fields of a 1xx",
    ),
    Leniency(
        "llhttp",
        "Content-Length|Transfer-Encoding",
        rb"(?is)\r\n0[^\n]*\n.*\b(content-length|transfer-encoding):",
        TRAILERS,
    ),
    Leniency(
        "h11",
        "Content-Length|Transfer-Encoding",
        rb"(?is)\r\n0[^\n]*\n.*\b(content-length|transfer-encoding):",
        TRAILERS,
    ),
    Leniency(
        "llhttp",
        "^$",
        rb"(?i)transfer-encoding:[ \t]*chunked[ \t]*\t",
        "OWS has tabs too (9110 5.6.3); llhttp waits on",
    ),
]


def meaning(answer: Answer) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    return answer.status, [field for field in answer.fields if field[0] not in FRAMING], answer.content


def explanations(parser: str, data: bytes, mine: Verdict, other: Verdict) -> list[str]:
    """Why the two verdicts may differ; nothing when no reason is listed."""
    if isinstance(mine, Answer) and isinstance(other, Answer):
        return reasons_for_reuse(parser, data, mine)
    if isinstance(other, Answer):
        refusal = mine.reason if isinstance(mine, Refusal) else ""
        return [why for part, why in STRICTER.items() if part in refusal]
    refusal = other.reason if isinstance(other, Refusal) else ""
    return [
        known.reason
        for known in LENIENCIES
        if known.parser == parser and re.search(known.refusal, refusal) and re.search(known.data, data)
    ]


def reasons_for_reuse(parser: str, data: bytes, mine: Answer) -> list[str]:
    engine = answered(data)
    head = engine.next_head()
    assert head is not None
    if mine.is_reusable:
        if parser == "h11":
            return ["h11 knows no keep-alive in HTTP/1.0 (9112 9.3)"] if head.version == b"HTTP/1.0" else []
        return [TRAILERS] if engine.trailers is not None and engine.trailers.items else []
    reasons = []
    if head.version == b"HTTP/1.0" and b"close" in head.fields.index.get(b"connection", b"").lower():
        reasons.append("close and keep-alive at once: close comes first (9112 9.3)")
    if engine.surplus:
        reasons.append("bytes behind the response: THREATS, response desync; llhttp takes them for the next one")
    if not engine.is_complete:
        reasons.append("content that ended with the connection, on which h11 leaves the conclusion to its user")
    if mine.status == 204 and FRAMING & {name for name, _ in mine.fields}:
        reasons.append("a 204 that announces content (9110 8.6)")
    return reasons


def check(data: bytes) -> None:
    mine = ours(data)
    for parser, judge in PARSERS.items():
        other = judge(data)
        if isinstance(mine, Answer) and isinstance(other, Answer):
            assert meaning(mine) == meaning(other), f"{parser} understands something else"
            is_agreed = mine.is_reusable == other.is_reusable
        else:
            is_agreed = not isinstance(mine, Answer) and not isinstance(other, Answer)
        assert is_agreed or explanations(parser, data, mine, other), (
            f"ours: {mine!r}; {parser}: {other!r}; no listed reason for the difference"
        )


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_the_corpus(name):
    check(EVERYTHING[name])


LINES = [b"A: b\r\n", b"Connection: close\r\n", b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n"]
BYTES = [b"\r", b"\n", b"\x00", b"\x0b", b" ", b"\t", b":", b";", b",", b"=", b'"', b"0", b"1", b"\xff"]
LINES = [b"A: b\r\n", b"Connection: close\r\n", b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n"]
BYTES = [b"\r", b"\n", b"\x00", b"\x0b", b" ", b"\t", b":", b";", b",", b"=", b'"', b"0", b"1", b"\xff"]
JUNK = st.sampled_from([b"", b"\r\n", b"\r\n\r\n", *BYTES, *LINES])


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """A response of the corpus with a few changes, perhaps with something behind it."""
    data = bytearray(EVERYTHING[draw(st.sampled_from(sorted(EVERYTHING)))])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 2))] = draw(JUNK)
    return bytes(data) + draw(st.sampled_from([b"", b"", b"\r\n", LENGTH]))


@settings(max_examples=1500, deadline=None)
@given(mutations())
def test_mutations_of_the_corpus(data):
    check(data)


TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=8).map(str.encode)
VALUE = st.text('abcXYZ019 \t!"(),/:;<=>?@[]{}\xe9', max_size=12).map(lambda text: text.encode("latin-1"))
PAIRS = st.lists(st.tuples(TOKEN.map(lambda name: b"X-" + name), VALUE), max_size=6)
CHUNKS = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


@st.composite
def well_formed(draw: st.DrawFn) -> bytes:
    """A response by the book."""
    reason = draw(st.sampled_from([b"OK", b"", b"Not Found", b"caf\xe9"]))
    status = draw(st.integers(200, 599).filter(lambda number: number not in {204, 304}))
    lines = [b"%b:%b%b\r\n" % (name, draw(st.sampled_from([b"", b" ", b" \t"])), value) for name, value in draw(PAIRS)]
    content = draw(CHUNKS)
    if draw(st.booleans()):
        lines.append(b"Content-Length: %d\r\n" % sum(map(len, content)))
        body = b"".join(content)
    else:
        lines.append(b"Transfer-Encoding: chunked\r\n")
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in content) + b"0\r\n\r\n"
    return b"HTTP/1.1 %d %b\r\n" % (status, reason) + b"".join(draw(st.permutations(lines))) + b"\r\n" + body


@settings(max_examples=300, deadline=None)
@given(well_formed())
def test_a_response_by_the_book_is_understood_by_all_and_the_same(data):
    mine = ours(data)
    assert isinstance(mine, Answer)
    assert mine.is_reusable
    for judge in PARSERS.values():
        other = judge(data)
        assert isinstance(other, Answer)
        assert meaning(other) == meaning(mine)


@pytest.mark.parametrize("name", sorted(WELL_FORMED))
def test_the_answer_to_head_has_no_content_for_both(name):
    data = WELL_FORMED[name].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    if data.startswith(b"HTTP/1.1 1"):
        data += b"HTTP/1.1 200 OK\r\n\r\n"
    mine, other = ours(data, method=b"HEAD"), of_h11(data, method=b"HEAD")
    assert isinstance(mine, Answer)
    assert isinstance(other, Answer)
    assert meaning(mine) == meaning(other)
    assert mine.content == b""


MORE = [
    b"HTTP/1.1 100 Continue\r\nContent-Length:\r\n\r\n" + LENGTH,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;:\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + LENGTH,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.9\r\n",
    b"HTTP/1.1 104 Whatever\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: x\r\n\r\n",
]


@pytest.mark.parametrize("data", MORE)
def test_what_the_corpus_does_not_have(data):
    check(data)


@pytest.mark.parametrize("known", LENIENCIES, ids=lambda known: f"{known.parser}: {known.reason[:30]}")
def test_each_leniency_is_still_one(known):
    verdicts = [(data, ours(data), PARSERS[known.parser](data)) for data in [*EVERYTHING.values(), *MORE]]
    assert any(
        isinstance(mine, Answer)
        and not isinstance(other, Answer)
        and known.reason in explanations(known.parser, data, mine, other)
        for data, mine, other in verdicts
    ), "strike it from LENIENCIES"


@pytest.mark.parametrize("part", STRICTER)
def test_each_strictness_is_still_one(part):
    refusals = [mine.reason for data in [*EVERYTHING.values(), *MORE] if isinstance(mine := ours(data), Refusal)]
    assert any(part in refusal for refusal in refusals), "strike it from STRICTER"

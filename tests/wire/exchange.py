"""One exchange on the engine, seen as a value that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from arke._values.errors import RemoteProtocolError
from arke._values.fields import Fields
from arke._wire.h1 import Http1

HOST = (b"Host", b"example.com")
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

Pairs = Sequence[tuple[bytes, bytes]]


class Outcome(NamedTuple):
    """What a driver sees of an exchange."""

    status: int | None
    reason: bytes | None
    version: bytes | None
    fields: list[tuple[bytes, bytes]] | None
    content: bytes
    trailers: list[tuple[bytes, bytes]] | None
    is_complete: bool
    is_reusable: bool
    is_tunnel: bool
    surplus: bytes
    has_failed: bool


def begin(method: bytes = b"GET", fields: Pairs = (), engine: Http1 | None = None) -> Http1:
    """Return an engine that has sent the head of a request."""
    engine = engine or Http1()
    engine.encode(method, b"/", Fields([HOST, *fields]))
    return engine


def answered(data: bytes, *, method: bytes = b"GET", fields: Pairs = ()) -> Http1:
    """Return an engine that has got an answer in one piece."""
    engine = begin(method, fields)
    engine.feed(data)
    return engine


def drain(engine: Http1) -> tuple[bytes, RemoteProtocolError | None]:
    """Take all content that has come, and the error behind it."""
    content = []
    try:
        engine.next_head()
        while data := engine.next_data():
            content.append(data)
    except RemoteProtocolError as exc:
        return b"".join(content), exc
    return b"".join(content), None


def outcome(
    pieces: Iterable[bytes],
    *,
    method: bytes = b"GET",
    fields: Pairs = (),
    eof: bool = False,
    clean: bool = True,
) -> Outcome:
    """Feed the pieces, taking what comes of each at once, and the end of the connection if `eof`."""
    engine = begin(method, fields)
    content = b""
    for piece in pieces:
        engine.feed(piece)
        content += drain(engine)[0]
    if eof:
        engine.feed_eof(clean=clean)
    more, error = drain(engine)
    head = engine.head
    trailers = engine.trailers
    return Outcome(
        status=None if head is None else head.status,
        reason=None if head is None else head.reason,
        version=None if head is None else head.version,
        fields=None if head is None else head.fields.items,
        content=content + more,
        trailers=None if trailers is None else trailers.items,
        is_complete=engine.is_complete,
        is_reusable=engine.is_reusable,
        is_tunnel=engine.is_tunnel,
        surplus=engine.surplus,
        has_failed=error is not None,
    )


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut the data at these places, each taken modulo its length."""
    marks = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(marks)]


def bytewise(data: bytes) -> list[bytes]:
    """Cut the data into single bytes."""
    return [data[place : place + 1] for place in range(len(data))]

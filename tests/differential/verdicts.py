"""What three parsers make of the same response: ours, h11 and llhttp (through httptools).

Each answer is brought to one form. A final response counts; 1xx responses in front of it do not. A parser that wants more
bytes has no answer: None.
"""

from __future__ import annotations

from typing import NamedTuple

import h11
import httptools

from arke._values.errors import RemoteProtocolError
from wire.exchange import begin

ROOM = 1 << 22


class Answer(NamedTuple):
    """A whole response."""

    status: int
    fields: list[tuple[bytes, bytes]]
    content: bytes
    is_reusable: bool


class Refusal(NamedTuple):
    """Why a parser wants nothing to do with the bytes."""

    reason: str


Verdict = Answer | Refusal | None


def unfolded(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Bring fields to one form: lower-case names, runs of whitespace in values as one space."""
    return [(name.lower(), b" ".join(value.split())) for name, value in fields]


def ours(data: bytes, *, method: bytes = b"GET", eof: bool = True) -> Verdict:
    """What this package makes of the bytes."""
    engine = begin(method)
    engine.feed(data)
    was_whole, is_reusable = engine.is_complete, engine.is_reusable
    if eof:
        engine.feed_eof()
    content = []
    try:
        head = engine.next_head()
        while piece := engine.next_data():
            content.append(piece)
    except RemoteProtocolError as exc:
        return Refusal(str(exc))
    if head is None or not engine.is_complete:
        return None
    return Answer(head.status, unfolded(head.fields.items), b"".join(content), was_whole and is_reusable)


def of_h11(data: bytes, *, method: bytes = b"GET", eof: bool = True) -> Verdict:
    """What h11 makes of the bytes."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=ROOM)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "example.com")]))
    connection.send(h11.EndOfMessage())
    head: h11.Response | None = None
    content = []
    try:
        connection.receive_data(data)
        is_ended = not eof
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA and not is_ended:
                is_ended = True
                connection.receive_data(b"")
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                content.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                break
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError as exc:
        return Refusal(str(exc))
    assert head is not None
    is_reusable = connection.their_state is h11.DONE and not connection.trailing_data[0]
    return Answer(head.status_code, unfolded(head.headers.raw_items()), b"".join(content), is_reusable)


class Collector:
    """What httptools calls back; the first final response is kept."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.answer: Answer | None = None
        self.has_head = False
        self.fields: list[tuple[bytes, bytes]] = []
        self.content = b""

    def on_message_begin(self) -> None:
        if self.answer is None:
            self.has_head, self.fields, self.content = False, [], b""

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come the same way.
        if self.answer is None and not self.has_head:
            self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, body: bytes) -> None:
        if self.answer is None:
            self.content += body

    def on_message_complete(self) -> None:
        status = self.parser.get_status_code()
        if self.answer is None and status >= 200:
            is_reusable = self.parser.should_keep_alive()
            self.answer = Answer(status, unfolded(self.fields), self.content, is_reusable)


def of_llhttp(data: bytes, *, eof: bool = True) -> Verdict:
    """What llhttp makes of the bytes. It is not told the method, nor, by httptools, of the end of the connection."""
    collector = Collector()
    reason = ""
    try:
        collector.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        reason = "upgrade"
    except httptools.HttpParserError as exc:
        reason = str(exc) or type(exc).__name__
    if collector.answer is not None:
        return collector.answer
    if reason:
        return Refusal(reason)
    framing = {b"content-length", b"transfer-encoding"} & {name for name, _ in unfolded(collector.fields)}
    status = collector.parser.get_status_code()
    if eof and collector.has_head and status >= 200 and not framing:
        return Answer(status, unfolded(collector.fields), collector.content, is_reusable=False)
    return None

"""Requests as a server received them, and responses as bytes, so that scripts read well.

Deliberately naive and separate from the package: what is tested does not judge itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ReceivedRequest:
    """One request as it came over the wire."""

    head: bytes
    body: bytes = b""
    method: str = field(init=False)
    target: str = field(init=False)
    fields: list[tuple[bytes, bytes]] = field(init=False)

    def __post_init__(self) -> None:
        request_line, *lines = self.head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        self.method, self.target, self.version = request_line.decode("latin-1").split(" ")
        pairs = (line.partition(b":") for line in lines)
        self.fields = [(name, value.strip()) for name, _, value in pairs]

    def values(self, name: str) -> list[str]:
        """Return every value of the field `name`, in order."""
        wanted = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """Return the value of a field that may stand at most once."""
        values = self.values(name)
        if len(values) > 1:
            raise AssertionError(f"the request carries {name} {len(values)} times: {values}")
        return values[0] if values else None

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def is_chunked(self) -> bool:
        """Whether the body came in chunks."""
        return "chunked" in (self.header("Transfer-Encoding") or "").lower()


def response(status: str = "200 OK", body: bytes = b"", *fields: str, length: bool = True) -> bytes:
    """Return a whole HTTP/1.1 response; `length=False` leaves Content-Length out."""
    lines = [f"HTTP/1.1 {status}", *fields]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ok(body: bytes = b"ok", *fields: str) -> bytes:
    """Return a whole 200 response."""
    return response("200 OK", body, *fields)


def redirect(location: str, status: str = "302 Found", *fields: str) -> bytes:
    """Return a whole redirect with an empty body."""
    return response(status, b"", f"Location: {location}", *fields)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return the chunks in chunked coding."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

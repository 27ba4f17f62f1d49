"""The grammar of RFC 9112 and the parts of RFC 9110 it stands on, each rule next to its pattern.

Unbounded quantifiers are possessive, and no pattern that is searched for can begin anywhere in a run that it has tried
before: so matching is linear in the input.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from arke._values.errors import LocalProtocolError, RemoteProtocolError
from arke._values.headers import Fields

from . import limits

if TYPE_CHECKING:
    from typing import NoReturn

# token = 1*tchar (RFC 9110 5.6.2)
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
# "Field values containing CR, LF, or NUL characters are invalid and dangerous ... Field values containing other CTL
# characters are also invalid" (RFC 9110 5.5). HTAB is the one control character that a value may have.
_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*+"

is_token = re.compile(_TOKEN).fullmatch
is_field_value = re.compile(_TEXT).fullmatch
# request-target, as far as it concerns the request line: no whitespace, no control character (RFC 9112 3.2)
is_target = re.compile(rb"[\x21-\x7e\x80-\xff]++").fullmatch
# Content-Length = 1*DIGIT (RFC 9110 8.6); 19 digits hold any length that a signed 64-bit offset can.
is_length = re.compile(rb"[0-9]{1,19}").fullmatch
# status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 4). "HTTP-version is case-sensitive" (2.3).
# A server that leaves out the last SP is understood all the same, as every client does.
match_status_line = re.compile(rb"(HTTP/1\.[0-9]) ([1-9][0-9]{2})(?: (" + _TEXT + rb"))?\r\n").match
# field-line = field-name ":" OWS field-value OWS (RFC 9112 5). "No whitespace is allowed between the field name and
# colon" (5.1). The line must begin where the one before it ended: `^` sees to that.
find_field_lines = re.compile(rb"^(" + _TOKEN + rb"):[ \t]*+(" + _TEXT + rb")\r\n", re.MULTILINE).findall
# obs-fold = OWS CRLF RWS (RFC 9112 5.2). Without the lookbehind, a run of whitespace is tried from each of its bytes:
# 27 s for one head of 256 KiB.
replace_folds = re.compile(rb"(?:(?<![ \t])[ \t]++)?+\r\n[ \t]++").sub
# chunk = chunk-size [ chunk-ext ] CRLF; chunk-size = 1*HEXDIG (RFC 9112 7.1); BWS before an extension only (7.1.1).
# What an extension says is of no concern: however it is read, it ends with this line.
match_chunk_line = re.compile(rb"([0-9A-Fa-f]{1,16})((?:[ \t]*+;" + _TEXT + rb")?)\r\n").match


def shorten(raw: bytes | bytearray) -> str:
    """Show a few bytes of what came, for an error message."""
    return repr(bytes(raw[:60]))[1:] + ("..." if len(raw) > 60 else "")


def refuse(what: str) -> NoReturn:
    """Say that the server broke the protocol."""
    raise RemoteProtocolError(f"the server sent {what}", phase="read")


def parse_fields(raw: bytes, start: int, end: int) -> Fields:
    """Read the field lines of ``raw[start:end]``, the last CRLF included.

    Raises `RemoteProtocolError` when a line is not one, or when there are more than `limits.max_fields`.
    """
    items = find_field_lines(raw, start, end)
    # The findall above skips what does not match; then there are more line ends than matches.
    if raw.count(b"\n", start, end) != len(items):
        items = _parse_folded(raw[start:end])
    if len(items) > limits.max_fields:
        refuse(f"more than {limits.max_fields} header fields (limits.max_fields)")
    # "... a field parsing implementation MUST exclude such whitespace prior to evaluating the field value" (9110 5.5)
    if raw.find(b" \r\n", start, end) >= 0 or raw.find(b"\t\r\n", start, end) >= 0:
        items = [(name, value.rstrip(b" \t")) for name, value in items]
    index = {name.lower(): value for name, value in items}
    return Fields(items, index if len(index) == len(items) else None)


def _parse_folded(block: bytes) -> list[tuple[bytes, bytes]]:
    # "A user agent that receives an obs-fold in a response message ... MUST replace each received obs-fold with one or
    # more SP octets prior to interpreting the field value" (RFC 9112 5.2). A block must not begin with one (2.2).
    if block[:1] in {b" ", b"\t"}:
        refuse("whitespace before the first header field")
    unfolded = replace_folds(b" ", block)
    items = find_field_lines(unfolded)
    if unfolded.count(b"\n") != len(items):
        bad = next(line for line in unfolded.split(b"\n") if not find_field_lines(line + b"\n"))
        refuse(f"a malformed header line: {shorten(bad)}")
    return [(name, value.strip(b" \t")) for name, value in items]


def parse_length(value: bytes) -> int:
    """Read a Content-Length, which may be the same one several times over (RFC 9110 8.6)."""
    if is_length(value):
        return int(value)
    lengths = {part.strip(b" \t") for part in value.split(b",")}
    if len(lengths) != 1 or not is_length(only := lengths.pop()):
        refuse(f"a malformed or contradictory Content-Length: {shorten(value)}")
    return int(only)


def list_contains(value: bytes, option: bytes) -> bool:
    """Tell whether a comma-separated field value has this lower-case member."""
    return any(part.strip(b" \t") == option for part in value.lower().split(b","))


def serialise_fields(fields: Fields) -> bytes:
    """Put field lines on the wire, each checked, and remember the bytes in ``fields.block``.

    Raises `LocalProtocolError`, naming the field and never its value.
    """
    for name, value in fields.items:
        if not is_token(name):
            raise LocalProtocolError(f"invalid header name {shorten(name)}: not a token")
        if not is_field_value(value) or value != value.strip(b" \t"):
            raise LocalProtocolError(
                f"invalid value of header {shorten(name)}: it has a control character, or whitespace at an end"
            )
    # The index joins what was repeated, and no host has a space in it. "A server MUST respond with a 400 ... to any
    # request message that ... contains more than one Host header field line" (RFC 9112 3.2)
    if b", " in fields.index.get(b"host", b""):
        raise LocalProtocolError("the request has more than one Host header")
    block = b"".join([b"%b: %b\r\n" % field for field in fields.items])
    fields.block = block
    return block

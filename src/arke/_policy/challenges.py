"""The grammar of WWW-Authenticate (RFC 9110 11.6.1), and of what else is made of its parameters.

A comma stands between challenges as it does between the parameters of one, so a challenge begins at a word that no "="
follows. Read in one pass: each pattern is possessive, and a line is left at the first byte that fits none of them; what
stood before it holds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# token = 1*tchar (RFC 9110 5.6.2)
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
# quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE (5.6.4); no control character but HTAB
_QUOTED = rb'"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+)"'
# More than a token: a base64 nonce, or a path, that should have been quoted and is not.
_BARE = rb'[^\x00-\x20",\x7f]*+'
# auth-param = token BWS "=" BWS ( token / quoted-string ) (11.2)
_match_param = re.compile(
    rb"[ \t,]*+(" + _TOKEN + rb")[ \t]*+=[ \t]*+(?:" + _QUOTED + rb"|(?!\")(" + _BARE + rb"))"
).match
# challenge = auth-scheme [ 1*SP ( token68 / #auth-param ) ] (11.3). A token68 that stands alone is passed over; one
# with "=" at its end reads as a parameter without value, which harms nobody.
_match_scheme = re.compile(
    rb"[ \t,]*+(" + _TOKEN + rb")(?:[ \t]++[A-Za-z0-9\-._~+/]++(?=[ \t]*+(?:,|\Z)))?+(?=[ \t,]|\Z)"
).match
_replace_pairs = re.compile(rb"\\(.)", re.DOTALL).sub


def parse_challenges(lines: Iterable[bytes]) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Return the challenges of these field values, in their order: lower-case scheme, and its parameters."""
    challenges: list[tuple[bytes, dict[bytes, bytes]]] = []
    for line in lines:
        at = 0
        while match := _match_scheme(line, at):
            params, at = _parse_params(line, match.end())
            challenges.append((match[1].lower(), params))
    return challenges


def parse_params(line: bytes) -> dict[bytes, bytes]:
    """Return the parameters of a field value that has nothing else, as Authentication-Info."""
    return _parse_params(line, 0)[0]


def _parse_params(line: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    """Return the parameters from there on, names in lower case, and where they end."""
    params: dict[bytes, bytes] = {}
    while match := _match_param(line, at):
        name, quoted, bare = match.groups()
        # "Recipients that process the value of a quoted-string MUST handle a quoted-pair as if it were replaced by the
        # octet following the backslash" (RFC 9110 5.6.4).
        params[name.lower()] = bare if quoted is None else _replace_pairs(rb"\1", quoted)
        at = match.end()
    return params, at


def quote(value: bytes) -> bytes:
    """Return the value as a quoted-string; it has no control character."""
    return b'"%b"' % value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')

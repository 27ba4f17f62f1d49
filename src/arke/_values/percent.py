"""Percent-encoding: what stands for itself where, and the way back.

The sets are those of the WHATWG URL standard, section 1.3, as what they leave alone. An escape that is there
is kept as it is written, never encoded again; a `%` that begins no escape becomes `%25`. So encoding twice
changes nothing.
"""

from __future__ import annotations

import re
from functools import cache

_PRINTABLE = frozenset(map(chr, range(0x21, 0x7F))) - {"%"}


def _escape(match: re.Match[str]) -> str:
    return "%" + match[0].encode().hex("%").upper()


def _unescape(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")


# Why not when the sets are made: six of these are a tenth of what `import arke` may cost.
@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class SafeSet:
    """The characters that one component of a URL holds as they are."""

    __slots__ = ("_is_plain", "_unsafe", "characters")

    def __init__(self, characters: frozenset[str]) -> None:
        self.characters = characters
        members = re.escape("".join(sorted(characters)))
        self._is_plain = re.compile(f"[{members}]*").fullmatch
        self._unsafe = f"(?:[^{members}%]|%(?![0-9A-Fa-f]{{2}}))+"

    def encode(self, text: str) -> str:
        """Escape what the component cannot hold, as UTF-8; the text has no surrogates."""
        if self._is_plain(text):
            return text
        return _compiled(self._unsafe).sub(_escape, text)


FRAGMENT = SafeSet(_PRINTABLE - set('"<>`'))
QUERY = SafeSet(_PRINTABLE - set('"#<>'))
PATH = SafeSet(QUERY.characters - set("?`{}"))
USERINFO = SafeSet(PATH.characters - set("/;=@[\\]^|"))
USERNAME = SafeSet(USERINFO.characters - {":"})
# Looser than the reg-name of RFC 3986, 3.2.2: templates and odd schemes have such hosts, and no reader takes
# these characters for the end of one.
HOST = SafeSet(frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=\"`{}"))

_find_surrogate = re.compile("[\ud800-\udfff]").search
_sub_escapes = re.compile("(?:%[0-9A-Fa-f]{2})+").sub
_sub_form = re.compile("[^A-Za-z0-9_.~ -]+").sub


def decode(text: str) -> str:
    """Replace each run of escapes by the text it is in UTF-8, and what is not UTF-8 by U+FFFD."""
    return _sub_escapes(_unescape, text) if "%" in text else text


def encode_form(text: str) -> str:
    """Encode a name or value of `application/x-www-form-urlencoded`; a space becomes `+`."""
    return _sub_form(_escape, text).replace(" ", "+")


def decode_form(text: str) -> str:
    """Decode a name or value of `application/x-www-form-urlencoded`."""
    return decode(text.replace("+", " "))


def has_surrogate(text: str) -> bool:
    """Say whether the text has a code point that UTF-8 cannot encode."""
    return not text.isascii() and _find_surrogate(text) is not None

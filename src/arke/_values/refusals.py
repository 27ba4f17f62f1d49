"""Why something is not a URL, and how to say so without its secrets."""

from __future__ import annotations

import re

from .errors import InvalidURL

_MAX_SHOWN = 100
_match_prefix = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*+:)?(?://)?").match


class Refusal(Exception):
    """What of a URL is wrong and how, raised where only that part is known; it becomes an `InvalidURL`.

    Args:
        what: the component, as a noun.
        wrong: the rest of the sentence.
        value: the text of the component; it may hold a secret.
    """

    def __init__(self, what: str, wrong: str, value: str | None = None) -> None:
        super().__init__(what, wrong, value)
        self.what = what
        self.wrong = wrong
        self.value = value


def invalid_url(url: str, refusal: Refusal) -> InvalidURL:
    """Make the error for a URL that was refused, with neither credentials nor more text than one reads."""
    what = refusal.what
    # Why not the userinfo alone: in `http://user:pa/ss@host` the port is "pa", a piece of the password.
    if refusal.value is not None and "@" not in url:
        what = f"{what} {shorten(refusal.value)!r}"
    return InvalidURL(f"invalid URL {shorten(redact(url))!r}: {what} {refusal.wrong}")


def redact(url: str) -> str:
    """Replace whatever may be userinfo, up to the last `@`, by `[secure]`."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    prefix = _match_prefix(head)
    return f"{prefix[0] if prefix else ''}[secure]@{tail}"


def shorten(text: str) -> str:
    """Cut the middle out of a text too long for a message."""
    if len(text) <= _MAX_SHOWN:
        return text
    return f"{text[: _MAX_SHOWN - 20]}…{text[-20:]}"

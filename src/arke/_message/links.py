"""The Link header field (RFC 8288 3), read leniently: what is no link is passed over."""

from __future__ import annotations

import re

__all__ = ["parse_links"]

# RFC 8288 3: link-value = "<" URI-Reference ">" *( OWS ";" OWS [ link-param ] )
#             link-param = token BWS [ "=" BWS ( token / quoted-string ) ]
# Linear time: a target ends at the next "<" at the latest, and a quoted-string that never ends can begin only
# once, because the quote of another beginning would have ended it.
_PIECE = re.compile(
    r"""
    < (?P<url> [^<>]* ) >
    | ; \s* (?P<name> [^\s;,="<>]+ ) \s*
      (?: = \s* (?: " (?P<quoted> (?: [^"\\] | \\. )* ) " | (?P<token> [^;<]* ) ) )?
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_links(value: str) -> list[dict[str, str]]:
    """Return each link of `value` as a dict of its `url` and its parameters by lower-case name."""
    links: list[dict[str, str]] = []
    for piece in _PIECE.finditer(value):
        url = piece["url"]
        if url is not None:
            links.append({"url": url.strip()})
        elif links:
            # RFC 8288 3.3: "occurrences after the first MUST be ignored by parsers" (of rel; so for all).
            links[-1].setdefault(piece["name"].lower(), _parameter_value(piece))
    return links


def _parameter_value(piece: re.Match[str]) -> str:
    quoted = piece["quoted"]
    if quoted is not None:
        return _ESCAPED.sub(r"\1", quoted)
    return (piece["token"] or "").strip(" \t,'\"")

"""Replacing components of a URL by keyword, before any of them is normalised."""

from __future__ import annotations

import re
from typing import Any

from . import percent
from .authority import split_authority
from .query import QueryParams
from .refusals import Refusal

MAX_URL_LENGTH = 65536

# Scheme, userinfo, host (an IPv6 address in brackets), port, path, query and fragment, as they were written.
Raw = dict[str, "str | None"]

_TYPES: dict[str, type] = {
    "scheme": str,
    "username": str,
    "password": str,
    "userinfo": bytes,
    "host": str,
    "port": int,
    "netloc": bytes,
    "path": str,
    "query": bytes,
    "raw_path": bytes,
    "fragment": str,
    "params": object,
}

_GRAMMAR = {
    "scheme": re.compile("(?:[A-Za-z][A-Za-z0-9+.-]*)?").fullmatch,
    "userinfo": re.compile("[^@]*").fullmatch,
    "path": re.compile("[^?#]*").fullmatch,
    "query": re.compile("[^#]*").fullmatch,
}

_find_unprintable = re.compile("[\x00-\x1f\x7f\ud800-\udfff]").search


def check_text(text: str, what: str) -> None:
    """Refuse a text that is too long, or has a control character or a surrogate."""
    if len(text) > MAX_URL_LENGTH:
        raise Refusal(what, f"is longer than {MAX_URL_LENGTH} characters")
    # isprintable() is fast and true of nearly all; false also of odd spaces and the like, which may stay.
    if not text.isprintable():
        match = _find_unprintable(text)
        if match is not None:
            raise Refusal(what, f"has the character {match[0]!r} at position {match.start()}")


def replace_components(raw: Raw, components: dict[str, Any]) -> None:
    """Replace, in `raw`, what the keywords of `URL()` name; None takes a component away.

    `params` wins over `query`, `netloc` over `host` and `port`, `username` and `password` over `userinfo`,
    `raw_path` over `path` and `query`.

    Raises:
        TypeError: a keyword that does not exist, or whose value has another type.
        Refusal: a value that cannot be that component.
    """
    given = {name: _as_text(name, value) for name, value in components.items()}
    _expand(given)
    for name, value in given.items():
        matches = _GRAMMAR.get(name)
        if value and matches and not matches(value):
            raise Refusal(name, "has characters that would end it")
    raw.update(given)


def _as_text(name: str, value: Any) -> str | None:
    if name not in _TYPES:
        raise TypeError(f"{name!r} is an invalid keyword argument for URL()")
    if value is None or (name == "params" and not value):
        return None
    text = str(QueryParams(value)) if name == "params" else _decoded(name, value)
    check_text(text, name)
    return text


def _decoded(name: str, value: Any) -> str:
    expected = _TYPES[name]
    if not isinstance(value, expected):
        raise TypeError(f"argument {name!r} of URL() must be {expected.__name__}, not {type(value).__name__}")
    if isinstance(value, int):
        # `str` refuses to write an int of more digits than sys.set_int_max_str_digits() allows.
        return str(min(max(value, -1), 65536))
    if not isinstance(value, bytes):
        return str(value)
    if not value.isascii():
        raise Refusal(name, "has bytes that are not ASCII")
    return value.decode("ascii")


def _expand(given: Raw) -> None:
    if "params" in given:
        given["query"] = given.pop("params")
    if "netloc" in given:
        netloc = given.pop("netloc") or ""
        userinfo, given["host"], given["port"] = split_authority(netloc)
        if userinfo or "@" in netloc:
            raise Refusal("netloc", "contains '@'")
    if "username" in given or "password" in given:
        username = percent.USERNAME.encode(given.pop("username", None) or "")
        password = percent.USERNAME.encode(given.pop("password", None) or "")
        given["userinfo"] = f"{username}:{password}" if password else username
    if "raw_path" in given:
        path, mark, query = (given.pop("raw_path") or "").partition("?")
        given["path"], given["query"] = path, query if mark else None
    host = given.get("host")
    if host and ":" in host and not host.startswith("["):
        given["host"] = f"[{host}]"

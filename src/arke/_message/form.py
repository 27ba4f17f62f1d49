"""Form data: fields flattened to pairs, and their `application/x-www-form-urlencoded` encoding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arke._values import percent

from .encoding import utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["encode_form", "flattened", "is_form", "text_of"]


def is_form(data: Any) -> bool:
    """Tell a form, a mapping or a list of pairs, from what is content itself."""
    if isinstance(data, (list, tuple)):
        return all(isinstance(pair, tuple) and len(pair) == 2 for pair in data)
    return isinstance(data, Mapping)


def flattened(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of a form; a list or tuple of values gives one pair for each."""
    for name, value in data.items() if isinstance(data, Mapping) else data:
        if isinstance(value, (list, tuple)):
            for item in value:
                yield name, item
        else:
            yield name, value


def text_of(value: object) -> str:
    """Return the text for a value: "true" and "false", nothing for None, else `str(value)`."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def encode_form(data: Any) -> bytes:
    """Return the encoded form. Raises `LocalProtocolError` for text that UTF-8 cannot express."""
    pairs = [f"{_quoted(_name(name))}={_quoted(value)}" for name, value in flattened(data)]
    return "&".join(pairs).encode("ascii")


def _name(name: object) -> object:
    return name if isinstance(name, (str, bytes)) else str(name)


def _quoted(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        from urllib.parse import quote_plus

        return quote_plus(bytes(value))
    text = text_of(value)
    try:
        return percent.encode_form(text)
    except UnicodeEncodeError:
        utf8(text, "form data")
        raise

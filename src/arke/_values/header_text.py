"""Header fields as text: which encoding, and what to do with bytes and characters that do not fit it.

Text comes from bytes as ASCII, else UTF-8, else ISO-8859-1, whichever is the first to fit *all* fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .errors import LocalProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .types import HeaderTypes

__all__ = ["decode", "detect_encoding", "encode_item", "encode_items"]


def detect_encoding(items: list[tuple[bytes, bytes]]) -> str:
    # A line feed continues no UTF-8 sequence, so the whole fits an encoding exactly if every part does.
    whole = b"\n".join([part for item in items for part in item])
    if whole.isascii():
        return "ascii"
    try:
        whole.decode()
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


def decode(raw: bytes, encoding: str) -> str:
    """Return `raw` as text; what `encoding` cannot read is read as ISO-8859-1, which reads everything."""
    try:
        return raw.decode(encoding)
    except UnicodeError:
        return raw.decode("iso-8859-1")


def encode_items(headers: HeaderTypes | None, encoding: str | None) -> list[tuple[bytes, bytes]]:
    if headers is None:
        return []
    pairs: Iterable[tuple[str | bytes, str | bytes]]
    pairs = headers.items() if isinstance(headers, (dict, Mapping)) else headers
    if encoding is not None:
        return [encode_item(name, value, encoding) for name, value in pairs]
    items: list[tuple[bytes, bytes]] = []
    for name, value in pairs:
        if type(name) is str and type(value) is str and name.isascii() and value.isascii():
            items.append((name.encode(), value.encode()))
        else:
            items.append(encode_item(name, value, "ascii"))
    return items


def encode_item(name: object, value: object, encoding: str) -> tuple[bytes, bytes]:
    if not isinstance(name, str | bytes):
        message = f"header names are str or bytes, not {type(name).__name__}"
        raise TypeError(message)
    if not isinstance(value, str | bytes):
        message = f"the value of header {name!r} must be str or bytes, not {type(value).__name__}"
        raise TypeError(message)
    return _encode(name, encoding, "name", name), _encode(value, encoding, "value", name)


def _encode(text: str | bytes, encoding: str, part: str, name: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode(encoding)
    except UnicodeError:
        message = f"the {part} of header {name!r} cannot be encoded as {encoding}"
    # Raised out here so that the UnicodeError, which holds the value, is not its context: it may be a secret.
    raise LocalProtocolError(message)

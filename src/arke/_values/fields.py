"""`Fields`: the immutable list of raw header fields that messages and their copies share.

A message read from the wire, a client's defaults and a copy of either hold one `Fields` object. Nobody
changes it: who wants other fields makes another one. So copying costs nothing, and what is computed for a
list of fields (the look-up index, the serialised block) is computed once and is never stale.
"""

from __future__ import annotations

__all__ = ["Fields"]


class Fields:
    """An immutable list of raw header fields, with what was computed for it."""

    __slots__ = ("__weakref__", "_index", "block", "items")

    def __init__(self, items: list[tuple[bytes, bytes]], index: dict[bytes, bytes] | None = None) -> None:
        """Keep `items`, which the caller hands over and changes no more."""
        self.items = items
        self._index = index
        # Written by the HTTP/1.1 engine once it has validated `items`: every field as `name: value CRLF`,
        # without the empty line that ends a head. Read by the same engine, `extended` and `prepended`.
        self.block: bytes | None = None

    @property
    def index(self) -> dict[bytes, bytes]:
        """Values by lower-case name, those of a repeated name joined with `b", "`."""
        index = self._index
        if index is None:
            items = self.items
            index = {name.lower(): value for name, value in items}
            if len(index) != len(items):
                index = _joined_values(items)
            self._index = index
        return index

    def extended(self, extra: list[tuple[bytes, bytes]]) -> Fields:
        """Return new fields with `extra`, which must be valid, after these."""
        fields = Fields(self.items + extra)
        if self.block is not None:
            fields.block = self.block + _serialised(extra)
        return fields

    def prepended(self, extra: list[tuple[bytes, bytes]]) -> Fields:
        """Return new fields with `extra`, which must be valid, before these."""
        fields = Fields(extra + self.items)
        if self.block is not None:
            fields.block = _serialised(extra) + self.block
        return fields

    def __reduce__(self) -> tuple[type[Fields], tuple[list[tuple[bytes, bytes]]]]:
        return Fields, (self.items,)

    def __repr__(self) -> str:
        return f"<Fields of {len(self.items)} items>"


def _serialised(items: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % item for item in items])


def _joined_values(items: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    # Gathered before they are joined: appending to the joined value is quadratic in what a server sends.
    values: dict[bytes, list[bytes]] = {}
    for name, value in items:
        values.setdefault(name.lower(), []).append(value)
    return {name: b", ".join(parts) for name, parts in values.items()}

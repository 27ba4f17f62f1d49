"""The header fields that a body brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arke._values.headers import Headers

__all__ = ["add_missing_fields", "boundary_of"]

# RFC 9112 6.2: "A sender MUST NOT send a Content-Length header field in any message that contains a
# Transfer-Encoding header field." What the caller gave of the two rules out the other, which is computed.
_RULED_OUT_BY = {b"content-length": b"transfer-encoding", b"transfer-encoding": b"content-length"}


def add_missing_fields(headers: Headers, computed: dict[str, str]) -> None:
    """Append those of the `computed` fields that `headers` neither has nor contradicts."""
    if not computed:
        return
    fields = headers._fields
    index = fields.index
    extra: list[tuple[bytes, bytes]] = []
    for text, value in computed.items():
        raw_name = text.encode("ascii")
        name = raw_name.lower()
        if name not in index and _RULED_OUT_BY.get(name) not in index:
            extra.append((raw_name, value.encode("latin-1")))
    if extra:
        headers._fields = fields.extended(extra)


def boundary_of(content_type: bytes | None) -> bytes | None:
    """Return the boundary that a `multipart/form-data` Content-Type names, if it does."""
    if content_type is None:
        return None
    kind, *parameters = content_type.split(b";")
    if kind.strip().lower() != b"multipart/form-data":
        return None
    for parameter in parameters:
        name, _, value = parameter.strip().partition(b"=")
        if name.lower() == b"boundary":
            return value.strip(b'"') or None
    return None

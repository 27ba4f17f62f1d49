"""What an engine tells its driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arke._values.headers import Fields


class Head:
    """The head of a response: everything before its content."""

    __slots__ = ("fields", "reason", "status", "version")

    def __init__(self, status: int, reason: bytes, version: bytes, fields: Fields) -> None:
        """Keep the parts; `version` is as in ``b"HTTP/1.1"``."""
        self.status = status
        self.reason = reason
        self.version = version
        self.fields = fields

    def __repr__(self) -> str:
        """Name the status line."""
        return f"<Head {self.version.decode('ascii')} {self.status} {self.reason!r}>"

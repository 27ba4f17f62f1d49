"""What one "request" of a scenario is: a method of the adapter, its arguments and its right outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .scenarios import LARGE_BODY_BYTES

if TYPE_CHECKING:
    from typing import Self

    from .scenarios import Scenario

SMALL_BYTES = 100
ITEMS = 24
POSTED_BYTES = 12
DOCUMENT = {"title": "one KiB of JSON", "items": [{"id": n, "name": f"item {n}"} for n in range(34)]}
PATHS = {
    "get_json": "/document.json",
    "post": "/post",
    "upload": "/post",
    "download": "/large",
    "download_streamed": "/large",
}
LENGTHS = {"get_json": ITEMS, "post": POSTED_BYTES, "upload": POSTED_BYTES, "download": LARGE_BODY_BYTES,
           "download_streamed": LARGE_BODY_BYTES}  # fmt: skip


class UnexpectedOutcomeError(Exception):
    """A client answered with another status or length than the server sends."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`method(*arguments)` of an adapter must return `expected`, a status and a length."""

    method: str
    arguments: tuple[Any, ...]
    expected: tuple[int, int]

    @classmethod
    def of(cls, scenario: Scenario, origin: str) -> Self:
        """Return the operation of a scenario against one origin."""
        method = scenario.operation
        url = origin + PATHS.get(method, "/small")
        return cls(method, (url, *_bodies(method)), (200, LENGTHS.get(method, SMALL_BYTES)))

    def check(self, outcome: tuple[int, int]) -> None:
        """Compare an outcome with the expected one.

        Raises:
            UnexpectedOutcomeError: They differ.
        """
        if outcome != self.expected:
            msg = f"{self.method} gave {outcome}, expected {self.expected}"
            raise UnexpectedOutcomeError(msg)


def _bodies(method: str) -> tuple[Any, ...]:
    if method == "post":
        return (DOCUMENT,)
    if method == "upload":
        return (b"x" * LARGE_BODY_BYTES,)
    return ()

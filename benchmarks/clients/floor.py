"""The floor: the fastest honest bare socket loop of each world. The rest is the client's cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .floor_sync import SyncAdapter

if TYPE_CHECKING:
    from . import Options
    from .base import BaseAsyncAdapter

__all__ = ["AsyncAdapter", "SyncAdapter"]


class AsyncAdapter:
    """Chooses by world, so that neither asyncio nor trio is imported for the other."""

    worlds = ("asyncio", "uvloop", "trio")

    def __new__(cls, options: Options) -> BaseAsyncAdapter:  # type: ignore[misc]
        """Return the adapter of the options' world."""
        if options.world == "trio":
            from .floor_trio import TrioAdapter

            return TrioAdapter(options)
        from .floor_asyncio import AsyncAdapter as AsyncioAdapter

        return AsyncioAdapter(options)

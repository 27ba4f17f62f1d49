"""The adapters of arke."""

from __future__ import annotations

from typing import Any, ClassVar

import arke

from .httpx_surface import HttpxAsyncAdapter, HttpxSyncAdapter

IMPORT = "arke"


class SyncAdapter(HttpxSyncAdapter):
    """`arke.Client`."""

    module: ClassVar[Any] = arke


class AsyncAdapter(HttpxAsyncAdapter):
    """`arke.AsyncClient`."""

    module: ClassVar[Any] = arke

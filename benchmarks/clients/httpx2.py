"""The adapters of httpx2."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx2

from .httpx_surface import HttpxAsyncAdapter, HttpxSyncAdapter

IMPORT = "httpx2"


class SyncAdapter(HttpxSyncAdapter):
    """`httpx2.Client`."""

    module: ClassVar[Any] = httpx2


class AsyncAdapter(HttpxAsyncAdapter):
    """`httpx2.AsyncClient`."""

    module: ClassVar[Any] = httpx2

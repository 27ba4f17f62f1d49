"""The adapters of httpx."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from .httpx_surface import HttpxAsyncAdapter, HttpxSyncAdapter

IMPORT = "httpx"


class SyncAdapter(HttpxSyncAdapter):
    """`httpx.Client`."""

    module: ClassVar[Any] = httpx


class AsyncAdapter(HttpxAsyncAdapter):
    """`httpx.AsyncClient`."""

    module: ClassVar[Any] = httpx

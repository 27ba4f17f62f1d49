"""The adapter of aiohttp, which has asyncio only."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp

from .base import BaseAsyncAdapter, trusting_context

if TYPE_CHECKING:
    from . import Options

IMPORT = "aiohttp"
CHUNK_BYTES = 65536


class AsyncAdapter(BaseAsyncAdapter):
    """`aiohttp.ClientSession`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        connector = aiohttp.TCPConnector(limit=options.connections, ssl=trusting_context(options.ca))
        self._session = aiohttp.ClientSession(connector=connector)

    async def aclose(self) -> None:
        await self._session.close()

    async def get(self, url: str) -> tuple[int, int]:
        async with self._session.get(url) as response:
            return response.status, len(await response.read())

    async def get_json(self, url: str) -> tuple[int, int]:
        async with self._session.get(url) as response:
            return response.status, len((await response.json())["items"])

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        async with self._session.post(url, json=document) as response:
            return response.status, len(await response.read())

    async def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0
        async with self._session.get(url) as response:
            async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                length += len(chunk)
            return response.status, length

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        """POST a file object, which aiohttp's warning asks for when it is given this many raw bytes."""
        async with self._session.post(url, data=BytesIO(body)) as response:
            return response.status, len(await response.read())

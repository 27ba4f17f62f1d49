"""The adapters of niquests; it would choose HTTP/2 or 3 by itself, so they are switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import niquests

from .base import BaseAsyncAdapter, BaseSyncAdapter

if TYPE_CHECKING:
    from . import Options

IMPORT = "niquests"
CHUNK_BYTES = 65536


def _arguments(options: Options) -> dict[str, Any]:
    return {"pool_maxsize": options.connections, "disable_http2": not options.http2, "disable_http3": True}


class SyncAdapter(BaseSyncAdapter):
    """`niquests.Session`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._session = niquests.Session(**_arguments(options))
        self._session.verify = options.ca

    def close(self) -> None:
        self._session.close()

    def get(self, url: str) -> tuple[int, int]:
        response = self._session.get(url)
        return response.status_code, len(response.content)

    def get_json(self, url: str) -> tuple[int, int]:
        response = self._session.get(url)
        return response.status_code, len(response.json()["items"])

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = self._session.post(url, json=document)
        return response.status_code, len(response.content)

    def download_streamed(self, url: str) -> tuple[int, int]:
        with self._session.get(url, stream=True) as response:
            return response.status_code, sum(map(len, response.iter_content(CHUNK_BYTES)))

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = self._session.post(url, data=body)
        return response.status_code, len(response.content)

    def one_off(self, url: str) -> tuple[int, int]:
        response = niquests.get(url)
        return response.status_code, len(response.content)

    @classmethod
    def construct(cls) -> object:
        return niquests.Session()


class AsyncAdapter(BaseAsyncAdapter):
    """`niquests.AsyncSession`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._session = niquests.AsyncSession(**_arguments(options))
        self._session.verify = options.ca

    async def aclose(self) -> None:
        await self._session.close()

    async def http_version(self, url: str) -> str:
        return {20: "2", 11: "1.1"}.get((await self._session.get(url)).http_version, "?")

    async def get(self, url: str) -> tuple[int, int]:
        response = await self._session.get(url)
        return response.status_code, len(response.content)

    async def get_json(self, url: str) -> tuple[int, int]:
        response = await self._session.get(url)
        return response.status_code, len(response.json()["items"])

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = await self._session.post(url, json=document)
        return response.status_code, len(response.content)

    async def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0
        response = await self._session.get(url, stream=True)
        async for chunk in await response.iter_content(CHUNK_BYTES):
            length += len(chunk)
        return response.status_code, length

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = await self._session.post(url, data=body)
        return response.status_code, len(response.content)

"""The adapters of curl_cffi (C); over TLS it would choose HTTP/2 by itself, so the version is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import curl_cffi
from curl_cffi.const import CurlHttpVersion

from .base import BaseAsyncAdapter, BaseSyncAdapter

if TYPE_CHECKING:
    from . import Options

IMPORT = "curl_cffi"


def _version(options: Options) -> str:
    return "v2" if options.http2 else "v1"


class SyncAdapter(BaseSyncAdapter):
    """`curl_cffi.Session`, which keeps a handle for each thread."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._session = curl_cffi.Session(verify=options.ca, http_version=_version(options))

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
        with self._session.stream("GET", url) as response:
            return response.status_code, sum(map(len, response.iter_content()))

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = self._session.post(url, data=body)
        return response.status_code, len(response.content)

    def one_off(self, url: str) -> tuple[int, int]:
        response = curl_cffi.get(url, verify=self.options.bundle)
        return response.status_code, len(response.content)

    @classmethod
    def construct(cls) -> object:
        return curl_cffi.Session()


class AsyncAdapter(BaseAsyncAdapter):
    """`curl_cffi.AsyncSession`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._session = curl_cffi.AsyncSession(
            max_clients=options.connections, verify=options.ca, http_version=_version(options)
        )

    async def aclose(self) -> None:
        await self._session.close()

    async def http_version(self, url: str) -> str:
        version = (await self._session.get(url)).http_version
        return "2" if version == CurlHttpVersion.V2_0 else str(version)

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
        async with self._session.stream("GET", url) as response:
            async for chunk in response.aiter_content():
                length += len(chunk)
        return response.status_code, length

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = await self._session.post(url, data=body)
        return response.status_code, len(response.content)

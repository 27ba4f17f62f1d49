"""The adapters of pyreqwest (Rust)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.simple.sync_request import pyreqwest_get

from .base import BaseAsyncAdapter, BaseSyncAdapter

if TYPE_CHECKING:
    from . import Options

IMPORT = "pyreqwest.client"


def _configured(builder: Any, options: Options) -> Any:
    builder = builder.max_connections(options.connections).pool_max_idle_per_host(options.connections)
    builder = builder.add_root_certificate_pem(Path(options.ca).read_bytes())
    return builder.http2(enable=True) if options.http2 else builder


class SyncAdapter(BaseSyncAdapter):
    """`pyreqwest.client.SyncClient`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._client = _configured(SyncClientBuilder(), options).build()

    def close(self) -> None:
        self._client.close()

    def get(self, url: str) -> tuple[int, int]:
        response = self._client.get(url).build().send()
        return response.status, len(response.bytes())

    def get_json(self, url: str) -> tuple[int, int]:
        response = self._client.get(url).build().send()
        return response.status, len(response.json()["items"])

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = self._client.post(url).body_json(document).build().send()
        return response.status, len(response.bytes())

    def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0
        with self._client.get(url).build_streamed() as response:
            while (chunk := response.body_reader.read_chunk()) is not None:
                length += len(chunk)
            return response.status, length

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = self._client.post(url).body_bytes(body).build().send()
        return response.status, len(response.bytes())

    def one_off(self, url: str) -> tuple[int, int]:
        response = pyreqwest_get(url).send()
        return response.status, len(response.bytes())

    @classmethod
    def construct(cls) -> object:
        return SyncClientBuilder().build()


class AsyncAdapter(BaseAsyncAdapter):
    """`pyreqwest.client.Client`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._client = _configured(ClientBuilder(), options).build()

    async def aclose(self) -> None:
        await self._client.close()

    async def http_version(self, url: str) -> str:
        response = await self._client.get(url).build().send()
        return str(response.version).removeprefix("HTTP/").removesuffix(".0")

    async def get(self, url: str) -> tuple[int, int]:
        response = await self._client.get(url).build().send()
        return response.status, len(await response.bytes())

    async def get_json(self, url: str) -> tuple[int, int]:
        response = await self._client.get(url).build().send()
        return response.status, len((await response.json())["items"])

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = await self._client.post(url).body_json(document).build().send()
        return response.status, len(await response.bytes())

    async def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0
        async with self._client.get(url).build_streamed() as response:
            while (chunk := await response.body_reader.read_chunk()) is not None:
                length += len(chunk)
            return response.status, length

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = await self._client.post(url).body_bytes(body).build().send()
        return response.status, len(await response.bytes())

"""The adapters of every client with httpx's surface: arke, httpx2 and httpx differ in their names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .base import GENEROUS_TIMEOUT, BaseAsyncAdapter, BaseSyncAdapter, trusting_context

if TYPE_CHECKING:
    from . import Options


def _arguments(module: Any, options: Options) -> dict[str, Any]:
    number = options.connections
    limits = module.Limits(max_connections=number, max_keepalive_connections=number, keepalive_expiry=60.0)
    arguments = {"limits": limits, "timeout": GENEROUS_TIMEOUT, "verify": trusting_context(options.ca)}
    return arguments | ({"http2": True} if options.http2 else {})


class HttpxSyncAdapter(BaseSyncAdapter):
    """A `Client` of a module with httpx's surface."""

    module: ClassVar[Any]

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._client = self.module.Client(**_arguments(self.module, options))

    def close(self) -> None:
        self._client.close()

    def get(self, url: str) -> tuple[int, int]:
        response = self._client.get(url)
        return response.status_code, len(response.content)

    def get_json(self, url: str) -> tuple[int, int]:
        response = self._client.get(url)
        return response.status_code, len(response.json()["items"])

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = self._client.post(url, json=document)
        return response.status_code, len(response.content)

    def download_streamed(self, url: str) -> tuple[int, int]:
        with self._client.stream("GET", url) as response:
            return response.status_code, sum(map(len, response.iter_bytes()))

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = self._client.post(url, content=body)
        return response.status_code, len(response.content)

    def one_off(self, url: str) -> tuple[int, int]:
        response = self.module.get(url)
        return response.status_code, len(response.content)

    @classmethod
    def construct(cls) -> object:
        client: object = cls.module.Client()
        return client


class HttpxAsyncAdapter(BaseAsyncAdapter):
    """An `AsyncClient` of a module with httpx's surface."""

    module: ClassVar[Any]
    worlds = ("asyncio", "uvloop", "trio")

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._client = self.module.AsyncClient(**_arguments(self.module, options))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def http_version(self, url: str) -> str:
        version: str = (await self._client.get(url)).http_version
        return version.removeprefix("HTTP/")

    async def get(self, url: str) -> tuple[int, int]:
        response = await self._client.get(url)
        return response.status_code, len(response.content)

    async def get_json(self, url: str) -> tuple[int, int]:
        response = await self._client.get(url)
        return response.status_code, len(response.json()["items"])

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = await self._client.post(url, json=document)
        return response.status_code, len(response.content)

    async def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0
        async with self._client.stream("GET", url) as response:
            async for chunk in response.aiter_bytes():
                length += len(chunk)
        return response.status_code, length

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = await self._client.post(url, content=body)
        return response.status_code, len(response.content)

"""The adapters of pycurl (C): easy handles that are kept.

One for each kind of request, on asyncio a stack of them. A handle must not be shared by threads.
"""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pycurl

from .base import BaseAsyncAdapter, BaseSyncAdapter

if TYPE_CHECKING:
    from . import Options

IMPORT = "pycurl"


def _handle(options: Options) -> Any:
    handle = pycurl.Curl()
    handle.setopt(pycurl.CAINFO, options.ca)
    version = pycurl.CURL_HTTP_VERSION_2TLS if options.http2 else pycurl.CURL_HTTP_VERSION_1_1
    handle.setopt(pycurl.HTTP_VERSION, version)
    handle.setopt(pycurl.PIPEWAIT, options.http2)
    return handle


class SyncAdapter(BaseSyncAdapter):
    """`pycurl.Curl`."""

    worlds = ("sync",)

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._getter = _handle(options)
        self._poster = _handle(options)
        self._poster.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json"])

    def close(self) -> None:
        self._getter.close()
        self._poster.close()

    def get(self, url: str) -> tuple[int, int]:
        handle = self._getter
        handle.setopt(pycurl.URL, url)
        body = handle.perform_rb()
        return handle.getinfo(pycurl.RESPONSE_CODE), len(body)

    def get_json(self, url: str) -> tuple[int, int]:
        handle = self._getter
        handle.setopt(pycurl.URL, url)
        document = json.loads(handle.perform_rb())
        return handle.getinfo(pycurl.RESPONSE_CODE), len(document["items"])

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        return self.upload(url, json.dumps(document).encode())

    def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0

        def count(chunk: bytes) -> None:
            nonlocal length
            length += len(chunk)

        handle = self._getter
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEFUNCTION, count)
        handle.perform()
        return handle.getinfo(pycurl.RESPONSE_CODE), length

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        handle = self._poster
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.POSTFIELDS, body)
        answer = handle.perform_rb()
        return handle.getinfo(pycurl.RESPONSE_CODE), len(answer)

    def one_off(self, url: str) -> tuple[int, int]:
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.CAINFO, self.options.bundle)
        body = handle.perform_rb()
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        handle.close()
        return status, len(body)

    @classmethod
    def construct(cls) -> object:
        return pycurl.Curl()


class AsyncAdapter(BaseAsyncAdapter):
    """`pycurl.AsyncCurlMulti` and as many easy handles as connections are allowed."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._multi = pycurl.AsyncCurlMulti()
        self._handles: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
        for _ in range(options.connections):
            self._handles.put_nowait(_handle(options))

    async def aclose(self) -> None:
        await self._multi.aclose()

    async def _perform(self, url: str, *settings: tuple[int, Any]) -> tuple[int, bytes]:
        handle = await self._handles.get()
        try:
            body = BytesIO()
            handle.setopt(pycurl.URL, url)
            handle.setopt(pycurl.WRITEDATA, body)
            for option, value in settings:
                handle.setopt(option, value)
            await self._multi.perform(handle)
            return handle.getinfo(pycurl.RESPONSE_CODE), body.getvalue()
        finally:
            self._handles.put_nowait(handle)

    async def http_version(self, url: str) -> str:
        handle = _handle(self.options)
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEDATA, BytesIO())
        await self._multi.perform(handle)
        return "2" if handle.getinfo(pycurl.INFO_HTTP_VERSION) == pycurl.CURL_HTTP_VERSION_2_0 else "1.1"

    async def get(self, url: str) -> tuple[int, int]:
        status, body = await self._perform(url)
        return status, len(body)

    async def get_json(self, url: str) -> tuple[int, int]:
        status, body = await self._perform(url)
        return status, len(json.loads(body)["items"])

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        fields = (pycurl.HTTPHEADER, ["Content-Type: application/json"])
        status, body = await self._perform(url, fields, (pycurl.POSTFIELDS, json.dumps(document).encode()))
        return status, len(body)

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        status, answer = await self._perform(url, (pycurl.POSTFIELDS, body))
        return status, len(answer)

    async def download_streamed(self, url: str) -> tuple[int, int]:
        length = 0

        def count(chunk: bytes) -> None:
            nonlocal length
            length += len(chunk)

        status, _ = await self._perform(url, (pycurl.WRITEFUNCTION, count))
        return status, length

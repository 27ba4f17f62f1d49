"""The adapter of urllib3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import urllib3

from .base import BaseSyncAdapter

if TYPE_CHECKING:
    from . import Options

IMPORT = "urllib3"
CHUNK_BYTES = 65536


class SyncAdapter(BaseSyncAdapter):
    """`urllib3.PoolManager`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._pool = urllib3.PoolManager(maxsize=options.connections, ca_certs=options.ca)

    def close(self) -> None:
        self._pool.clear()

    def get(self, url: str) -> tuple[int, int]:
        response = self._pool.request("GET", url)
        return response.status, len(response.data)

    def get_json(self, url: str) -> tuple[int, int]:
        response = self._pool.request("GET", url)
        return response.status, len(response.json()["items"])

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        response = self._pool.request("POST", url, json=document)
        return response.status, len(response.data)

    def download_streamed(self, url: str) -> tuple[int, int]:
        response = self._pool.request("GET", url, preload_content=False)
        length = sum(map(len, response.stream(CHUNK_BYTES)))
        response.release_conn()
        return response.status, length

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        response = self._pool.request("POST", url, body=body)
        return response.status, len(response.data)

    def one_off(self, url: str) -> tuple[int, int]:
        """GET by `urllib3.request`, whose hidden pool keeps the connection."""
        response = urllib3.request("GET", url)
        return response.status, len(response.data)

    @classmethod
    def construct(cls) -> object:
        return urllib3.PoolManager()

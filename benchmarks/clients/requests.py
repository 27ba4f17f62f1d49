"""The adapter of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter

from .base import BaseSyncAdapter

if TYPE_CHECKING:
    from . import Options

IMPORT = "requests"
CHUNK_BYTES = 65536


class SyncAdapter(BaseSyncAdapter):
    """`requests.Session`."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._session = requests.Session()
        self._session.verify = options.ca
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=options.connections))

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
        response = requests.get(url)  # the default is what is measured
        return response.status_code, len(response.content)

    @classmethod
    def construct(cls) -> object:
        return requests.Session()

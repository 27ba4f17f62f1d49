"""What the floor knows of HTTP/1.1: requests as ready bytes, and when a response is complete.

A response of the benchmarks' server has a Content-Length, and its head comes in one read.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

HEAD_END = b"\r\n\r\n"
LENGTH_FIELD = b"\r\nContent-Length: "
READ_BYTES = 65536
LARGE_READ_BYTES = 262_144
IDENTITY = "Accept: */*\r\nUser-Agent: floor\r\nConnection: keep-alive\r\n"


@lru_cache
def split_url(url: str) -> tuple[bool, str, int, str]:
    """Return whether it is TLS, the host, the port and the target."""
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    host, _, port = authority.partition(":")
    return scheme == "https", host, int(port), "/" + path


@lru_cache
def get_bytes(url: str) -> bytes:
    """Return the whole GET request for a URL."""
    _, host, port, target = split_url(url)
    return f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\n{IDENTITY}\r\n".encode()


@lru_cache
def post_head(url: str, length: int, media_type: str) -> bytes:
    """Return the head of a POST request with a body of that length."""
    _, host, port, target = split_url(url)
    fields = f"Content-Type: {media_type}\r\nContent-Length: {length}\r\n"
    return f"POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\n{IDENTITY}{fields}\r\n".encode()


def post_bytes(url: str, document: dict[str, Any]) -> bytes:
    """Return the whole POST request of a JSON document, encoded anew each time as a client must."""
    body = json.dumps(document).encode()
    return post_head(url, len(body), "application/json") + body


def parse_head(data: bytes | bytearray, size: int) -> tuple[int, int, int] | None:
    """Return the status, where the body begins and its length, or None while the head is not complete."""
    end = data.find(HEAD_END, 0, size)
    if end < 0:
        return None
    field = data.find(LENGTH_FIELD, 0, end) + len(LENGTH_FIELD)
    return int(data[9:12]), end + 4, int(data[field : data.find(b"\r", field)])

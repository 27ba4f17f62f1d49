"""The floor under blocking code: one socket per thread, one reused buffer, `sendall` and `recv_into`.

A large body as a whole goes into a fresh `bytearray`, whose pages cost more than the sockets do; a client
whose allocator keeps the pages of the last one can be below this floor.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import TYPE_CHECKING, Any

from .base import BaseSyncAdapter, trusting_context
from .floor_wire import LARGE_READ_BYTES, READ_BYTES, get_bytes, parse_head, post_bytes, post_head, split_url

if TYPE_CHECKING:
    import ssl

    from . import Options


class Connection:
    """A connected socket and the buffer it reads into."""

    def __init__(self, url: str, context: ssl.SSLContext | None) -> None:
        """Connect to the origin of a URL; the context is used if that is TLS."""
        is_tls, host, port, _ = split_url(url)
        sock = socket.create_connection((host, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(sock, server_hostname=host) if is_tls and context else sock
        self._buffer = bytearray(READ_BYTES)

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request, read one response; its status and body."""
        sock, buffer = self.sock, self._buffer
        sock.sendall(request)
        size = sock.recv_into(buffer)
        while (head := parse_head(buffer, size)) is None or size < head[1] + head[2]:
            size += self._read(memoryview(buffer)[size:])
        status, start, length = head
        return status, bytes(memoryview(buffer)[start : start + length])

    def download(self, request: bytes, *, is_whole: bool) -> tuple[int, int]:
        """Send a request, read a large body into one buffer of its size or over and over into a small one."""
        self.sock.sendall(request)
        size = self.sock.recv_into(self._buffer)
        while (head := parse_head(self._buffer, size)) is None:
            size += self._read(memoryview(self._buffer)[size:])
        status, start, length = head
        target = memoryview(bytearray(length if is_whole else LARGE_READ_BYTES))
        received = size - start
        if is_whole:
            target[:received] = memoryview(self._buffer)[start:size]
        while received < length:
            received += self._read(target[received:] if is_whole else target[: length - received])
        return status, received

    def _read(self, target: memoryview) -> int:
        size = self.sock.recv_into(target)
        if not size:
            msg = "the server closed the connection"
            raise ConnectionError(msg)
        return size


class SyncAdapter(BaseSyncAdapter):
    """A socket per thread, kept open."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._context = trusting_context(options.ca)
        self._local = threading.local()
        self._connections: list[Connection] = []

    def _connection(self, url: str) -> Connection:
        try:
            connection: Connection = self._local.connection
        except AttributeError:
            connection = self._local.connection = Connection(url, self._context)
            self._connections.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._connections:
            connection.sock.close()

    def get(self, url: str) -> tuple[int, int]:
        status, body = self._connection(url).exchange(get_bytes(url))
        return status, len(body)

    def get_json(self, url: str) -> tuple[int, int]:
        status, body = self._connection(url).exchange(get_bytes(url))
        return status, len(json.loads(body)["items"])

    def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        status, body = self._connection(url).exchange(post_bytes(url, document))
        return status, len(body)

    def download(self, url: str) -> tuple[int, int]:
        return self._connection(url).download(get_bytes(url), is_whole=True)

    def download_streamed(self, url: str) -> tuple[int, int]:
        return self._connection(url).download(get_bytes(url), is_whole=False)

    def upload(self, url: str, body: bytes) -> tuple[int, int]:
        connection = self._connection(url)
        connection.sock.sendall(post_head(url, len(body), "application/octet-stream"))
        connection.sock.sendall(body)
        status, answer = connection.exchange(b"")
        return status, len(answer)

    def one_off(self, url: str) -> tuple[int, int]:
        """Connect, ask, close; for TLS with a context that was made before."""
        connection = Connection(url, self._context)
        status, body = connection.exchange(get_bytes(url))
        connection.sock.close()
        return status, len(body)

"""The floor under trio: trio's sockets, one reused buffer per connection."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from .base import BaseAsyncAdapter
from .floor_wire import READ_BYTES, get_bytes, parse_head, split_url

if TYPE_CHECKING:
    from . import Options


class Connection:
    """A connected socket and the buffer it reads into."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        """Take over a connected socket."""
        self.sock = sock
        self._buffer = bytearray(READ_BYTES)

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request, read one response; its status and body."""
        sock, buffer = self.sock, self._buffer
        sent = await sock.send(request)
        while sent < len(request):
            sent += await sock.send(request[sent:])
        size = await sock.recv_into(buffer)
        while (head := parse_head(buffer, size)) is None or size < head[1] + head[2]:
            received = await sock.recv_into(memoryview(buffer)[size:])
            if not received:
                msg = "the server closed the connection"
                raise ConnectionError(msg)
            size += received
        status, start, length = head
        return status, bytes(memoryview(buffer)[start : start + length])


class TrioAdapter(BaseAsyncAdapter):
    """As many connections as tasks; no scenario has more than the limit here."""

    worlds = ("trio",)

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._idle: deque[Connection] = deque()

    async def aclose(self) -> None:
        for connection in self._idle:
            connection.sock.close()

    async def get(self, url: str) -> tuple[int, int]:
        connection = self._idle.pop() if self._idle else await self._dial(url)
        status, body = await connection.exchange(get_bytes(url))
        self._idle.append(connection)
        return status, len(body)

    async def _dial(self, url: str) -> Connection:
        _, host, port, _ = split_url(url)
        sock = trio.socket.socket()
        await sock.connect((host, port))
        sock.setsockopt(trio.socket.IPPROTO_TCP, trio.socket.TCP_NODELAY, 1)
        return Connection(sock)

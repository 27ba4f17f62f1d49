"""The floor for large bodies on an event loop: the loop's own socket calls, with an `SSLObject` for TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

from .floor_wire import LARGE_READ_BYTES, parse_head, post_head, split_url

if TYPE_CHECKING:
    from typing import Self

WRITE_BYTES = 262_144


class LargeConnection:
    """One connection on raw loop socket calls."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a connected non-blocking socket."""
        self._sock = sock
        self._loop = asyncio.get_running_loop()

    @staticmethod
    async def connect(url: str, context: ssl.SSLContext) -> LargeConnection:
        """Connect to the origin of a URL."""
        is_tls, host, port, _ = split_url(url)
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
        return await TLSLargeConnection(sock).shaken(context, host) if is_tls else LargeConnection(sock)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    async def download(self, request: bytes, *, is_whole: bool) -> tuple[int, int]:
        """Send a request, read a large body into one buffer of its size or over and over into a small one."""
        await self.send(request)
        first = memoryview(bytearray(LARGE_READ_BYTES))
        size = await self.receive_into(first)
        head = parse_head(first.obj, size)  # type: ignore[arg-type]
        assert head is not None
        status, start, length = head
        target = memoryview(bytearray(length)) if is_whole else first
        received = size - start
        if is_whole:
            target[:received] = first[start:size]
        while received < length:
            received += await self.receive_into(target[received:] if is_whole else target[: length - received])
        return status, received

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        """Send a large body, read the small response."""
        await self.send(post_head(url, len(body), "application/octet-stream"))
        await self.send(body)
        answer = bytearray(LARGE_READ_BYTES)
        size = 0
        while (head := parse_head(answer, size)) is None or size < head[1] + head[2]:
            size += await self.receive_into(memoryview(answer)[size:])
        return head[0], size - head[1]

    async def send(self, data: bytes) -> None:
        """Send all of the data."""
        await self._loop.sock_sendall(self._sock, data)

    async def receive_into(self, target: memoryview) -> int:
        """Read what there is, at least one byte."""
        size = await self._loop.sock_recv_into(self._sock, target)
        if not size:
            msg = "the server closed the connection"
            raise ConnectionError(msg)
        return size


class TLSLargeConnection(LargeConnection):
    """The same over an `SSLObject`."""

    async def shaken(self, context: ssl.SSLContext, host: str) -> Self:
        """Return itself after the handshake."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._raw = memoryview(bytearray(LARGE_READ_BYTES))
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await super().send(self._outgoing.read())
                await self._feed()
            else:
                await super().send(self._outgoing.read())
                return self

    async def send(self, data: bytes) -> None:
        """Encrypt and send all of the data."""
        view = memoryview(data)
        for start in range(0, len(view), WRITE_BYTES):
            self._tls.write(view[start : start + WRITE_BYTES])
            await super().send(self._outgoing.read())

    async def receive_into(self, target: memoryview) -> int:
        """Decrypt what there is, at least one byte."""
        while True:
            try:
                return self._tls.read(len(target), target)  # type: ignore[return-value] # typeshed says bytes
            except ssl.SSLWantReadError:
                await self._feed()

    async def _feed(self) -> None:
        size = await super().receive_into(self._raw)
        self._incoming.write(self._raw[:size])

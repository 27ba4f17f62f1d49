"""The floor under asyncio and uvloop: a `BufferedProtocol`, one reused buffer, one future per exchange.

TLS is an `SSLObject` inside the protocol, which costs less than the loop's own. Large bodies go through the
loop's socket calls, which are the least there is for them.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from .base import BaseAsyncAdapter, trusting_context
from .floor_large import LargeConnection
from .floor_wire import READ_BYTES, get_bytes, parse_head, post_bytes, split_url

if TYPE_CHECKING:
    from . import Options

SHARED_BUFFER = memoryview(bytearray(READ_BYTES))
"""One for all connections: the loop hands over what it has read before it reads again."""


class Exchanger(asyncio.BufferedProtocol):
    """One connection that carries one exchange at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Belong to a loop."""
        self._loop = loop
        self._received = bytearray()
        self._waiter: asyncio.Future[tuple[int, bytes]]
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return SHARED_BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        self.feed(bytes(SHARED_BUFFER[:nbytes]))

    def feed(self, data: bytes) -> None:
        """Take what was read; set the future when the response is complete."""
        if self._received:
            self._received += data
            data = bytes(self._received)
        head = parse_head(data, len(data))
        if head is not None and len(data) >= head[1] + head[2]:
            self._received.clear()
            self._waiter.set_result((head[0], data[head[1] :]))
        elif data is not self._received:
            self._received[:] = data

    def connection_lost(self, error: Exception | None) -> None:
        waiter = getattr(self, "_waiter", None)
        if waiter is not None and not waiter.done():
            waiter.set_exception(error or ConnectionError("the server closed the connection"))

    def exchange(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; the future has the status and the body."""
        self._waiter = waiter = self._loop.create_future()
        self._transport.write(request)
        return waiter

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()


class TLSExchanger(Exchanger):
    """The same over an `SSLObject`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, context: ssl.SSLContext, host: str) -> None:
        """Belong to a loop; the handshake begins when the connection is made."""
        super().__init__(loop)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.shaken: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._shake()

    def buffer_updated(self, nbytes: int) -> None:
        self._incoming.write(SHARED_BUFFER[:nbytes])
        if not self.shaken.done():
            self._shake()
            return
        try:
            data = self._tls.read(READ_BYTES)
        except ssl.SSLWantReadError:
            return
        self.feed(data)

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.shaken.set_exception(error)
        else:
            self.shaken.set_result(None)
        if self._outgoing.pending:
            self._transport.write(self._outgoing.read())

    def exchange(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Encrypt and send a request; the future has the status and the body."""
        self._waiter = waiter = self._loop.create_future()
        self._tls.write(request)
        self._transport.write(self._outgoing.read())
        return waiter


class AsyncAdapter(BaseAsyncAdapter):
    """As many connections as tasks, up to the limit; a freed one goes to the task that waits longest."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._loop = asyncio.get_running_loop()
        self._context = trusting_context(options.ca)
        self._idle: list[Exchanger] = []
        self._waiting: deque[asyncio.Future[Exchanger]] = deque()
        self._opened = 0
        self._large: LargeConnection | None = None

    async def aclose(self) -> None:
        for connection in self._idle:
            connection.close()
        if self._large is not None:
            self._large.close()

    async def _exchange(self, url: str, request: bytes) -> tuple[int, bytes]:
        if self._idle:
            connection = self._idle.pop()
        elif self._opened < self.options.connections:
            self._opened += 1
            connection = await self._dial(url)
        else:
            waiter: asyncio.Future[Exchanger] = self._loop.create_future()
            self._waiting.append(waiter)
            connection = await waiter
        outcome = await connection.exchange(request)
        if self._waiting:
            self._waiting.popleft().set_result(connection)
        else:
            self._idle.append(connection)
        return outcome

    async def _dial(self, url: str) -> Exchanger:
        is_tls, host, port, _ = split_url(url)
        if not is_tls:
            _, plain = await self._loop.create_connection(lambda: Exchanger(self._loop), host, port)
            return plain
        _, secure = await self._loop.create_connection(
            lambda: TLSExchanger(self._loop, self._context, host), host, port
        )
        await secure.shaken
        return secure

    async def get(self, url: str) -> tuple[int, int]:
        status, body = await self._exchange(url, get_bytes(url))
        return status, len(body)

    async def get_json(self, url: str) -> tuple[int, int]:
        status, body = await self._exchange(url, get_bytes(url))
        return status, len(json.loads(body)["items"])

    async def post(self, url: str, document: dict[str, Any]) -> tuple[int, int]:
        status, body = await self._exchange(url, post_bytes(url, document))
        return status, len(body)

    async def download(self, url: str) -> tuple[int, int]:
        return await (await self._large_connection(url)).download(get_bytes(url), is_whole=True)

    async def download_streamed(self, url: str) -> tuple[int, int]:
        return await (await self._large_connection(url)).download(get_bytes(url), is_whole=False)

    async def upload(self, url: str, body: bytes) -> tuple[int, int]:
        return await (await self._large_connection(url)).upload(url, body)

    async def _large_connection(self, url: str) -> LargeConnection:
        if self._large is None:
            self._large = await LargeConnection.connect(url, self._context)
        return self._large

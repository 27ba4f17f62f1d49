"""Opening a connection, on an asyncio loop."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

from arke._policy.dialing import Race
from arke._policy.retries import connect_delays
from arke._values.errors import ConnectError, ConnectTimeout
from arke._wire.tls import Tls, shared_context

from .asyncio_connection import BYTES, AsyncioConnection
from .sockets import fixed_addresses, look_up, make_socket

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from arke._policy.call import Call
    from arke._policy.dialing import Address, DialSettings


class Dialer:
    """Opens connections for one driver."""

    def __init__(
        self, settings: DialSettings, lend_buffer: Callable[[], memoryview], on_lost: Callable[[Any], None]
    ) -> None:
        """Keep what every connection needs."""
        self._settings = settings
        self._lend_buffer = lend_buffer
        self._on_lost = on_lost

    async def dial(self, call: Call) -> AsyncioConnection:
        """Open a connection for a call, TLS included; raise `ConnectError` or `ConnectTimeout`."""
        delays = connect_delays(self._settings.retries)
        while True:
            try:
                return await self._dial_once(call)
            except (ConnectError, ConnectTimeout):
                delay = next(delays, None)
                if delay is None or (call.deadline is not None and monotonic() + delay >= call.deadline):
                    raise
                await asyncio.sleep(delay)

    async def _dial_once(self, call: Call) -> AsyncioConnection:
        limit = asyncio.timeout(call.seconds("connect", monotonic()))
        try:
            async with limit:
                sock = await self._connect(call)
                return await self._open(call, sock)
        except TimeoutError as exc:
            if limit.expired():
                raise call.timed_out("connect", monotonic()) from None
            raise call.connect_failed(exc) from exc
        except (OSError, ValueError) as exc:
            raise call.connect_failed(exc) from exc

    async def _connect(self, call: Call) -> socket.socket:
        addresses = fixed_addresses(call.route, self._settings)
        if addresses is None:
            addresses = await asyncio.get_running_loop().run_in_executor(None, look_up, call.route)
        race = Race(addresses)
        attempts: set[asyncio.Task[socket.socket]] = set()
        try:
            while not race.is_lost:
                while (address := race.next_address(monotonic())) is not None:
                    attempts.add(asyncio.ensure_future(_attempt(address, self._settings)))
                done, attempts = await asyncio.wait(
                    attempts, timeout=race.pause(monotonic()), return_when=asyncio.FIRST_COMPLETED
                )
                for attempt in done:
                    error = attempt.exception()
                    if error is None:
                        _close_others(done, attempt)
                        return attempt.result()
                    if not isinstance(error, OSError):
                        raise error
                    race.failed(error)
        finally:
            await _call_off(attempts)
        raise race.error

    async def _open(self, call: Call, sock: socket.socket) -> AsyncioConnection:
        """Put the protocol on a connected socket, and shake hands."""
        connection = AsyncioConnection(call.route, sock, self._lend_buffer(), self._on_lost)
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, sock=sock)
        except BaseException:
            sock.close()
            raise
        if call.route.is_tls:
            try:
                await self._start_tls(connection, call)
            except BaseException as exc:
                connection.close() if isinstance(exc, OSError) else connection.abort()
                if isinstance(exc, OSError | ValueError) and not isinstance(exc, TimeoutError):
                    raise call.connect_failed(exc, "tls") from exc
                raise
        return connection

    async def _start_tls(self, connection: AsyncioConnection, call: Call) -> None:
        tls = Tls(await asyncio.get_running_loop().run_in_executor(None, self._context), call.route.server_name)
        connection.begin_tls(tls)
        is_done = False
        while not is_done:
            try:
                is_done = tls.handshake()
            finally:
                # Also when it failed: the peer is told why.
                connection.write_raw(tls.take())
            if not is_done:
                if connection.is_lost:
                    raise connection.failure() or ConnectionResetError("the connection was closed")
                await connection.wait_until(BYTES)

    def _context(self) -> ssl.SSLContext:
        settings = self._settings
        return shared_context(settings.verify, settings.cert, trust_env=settings.trust_env, alpn=settings.alpn)


async def _attempt(address: Address, settings: DialSettings) -> socket.socket:
    sock = make_socket(address, settings)
    try:
        await asyncio.get_running_loop().sock_connect(sock, address[1])
    except BaseException:
        sock.close()
        raise
    return sock


def _close_others(done: set[asyncio.Task[socket.socket]], winner: asyncio.Task[socket.socket]) -> None:
    for attempt in done - {winner}:
        if attempt.exception() is None:
            attempt.result().close()


async def _call_off(attempts: set[asyncio.Task[socket.socket]]) -> None:
    """Cancel the attempts that have not won; one that connects all the same is closed."""
    for attempt in attempts:
        attempt.cancel()
        attempt.add_done_callback(_close_late)


def _close_late(attempt: asyncio.Task[socket.socket]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()

"""Opening a connection, under trio."""

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING

import trio

from arke._policy.dialing import Race
from arke._policy.retries import connect_delays
from arke._values.errors import ConnectError, ConnectTimeout
from arke._wire.tls import Tls, shared_context

from .sockets import fixed_addresses, make_socket
from .trio_connection import TrioConnection

if TYPE_CHECKING:
    import ssl

    from arke._policy.call import Call
    from arke._policy.dialing import Address, DialSettings


async def dial(call: Call, settings: DialSettings) -> TrioConnection:
    """Open a connection for a call, TLS included; raise `ConnectError` or `ConnectTimeout`."""
    delays = connect_delays(settings.retries)
    while True:
        try:
            return await _dial_once(call, settings)
        except (ConnectError, ConnectTimeout):
            delay = next(delays, None)
            if delay is None or (call.deadline is not None and monotonic() + delay >= call.deadline):
                raise
            await trio.sleep(delay)


async def _dial_once(call: Call, settings: DialSettings) -> TrioConnection:
    seconds = call.seconds("connect", monotonic())
    with trio.CancelScope() if seconds is None else trio.move_on_after(max(seconds, 0.0)):
        try:
            sock = await _race(await _addresses(call, settings), settings)
        except (OSError, ValueError) as exc:
            raise call.connect_failed(exc) from exc
        try:
            tls = await _start_tls(sock, call, settings) if call.route.is_tls else None
        except (OSError, ValueError) as exc:
            sock.close()
            raise call.connect_failed(exc, "tls") from exc
        except BaseException:
            sock.close()
            raise
        return TrioConnection(call.route, sock, tls)
    raise call.timed_out("connect", monotonic())


async def _addresses(call: Call, settings: DialSettings) -> list[Address]:
    fixed = fixed_addresses(call.route, settings)
    if fixed is not None:
        return fixed
    # By trio's own function, so that a resolver that was set for it is asked.
    found = await trio.socket.getaddrinfo(call.route.host.encode("ascii"), call.route.port, 0, socket.SOCK_STREAM)
    return [(int(entry[0]), entry[4]) for entry in found]


class _Attempts:
    """The attempts of one race, each a task."""

    def __init__(self, race: Race, settings: DialSettings) -> None:
        self._race = race
        self._settings = settings
        self._news = trio.Event()
        self.winner: socket.socket | None = None
        # What is no fault of the network: a wrong setting.
        self.failure: Exception | None = None

    async def run(self, nursery: trio.Nursery) -> None:
        """Start what is due until one has won, or none is left."""
        race = self._race
        while not race.is_lost:
            while (address := race.next_address(trio.current_time())) is not None:
                nursery.start_soon(self._attempt, address, nursery)
            pause = race.pause(trio.current_time())
            with trio.CancelScope() if pause is None else trio.move_on_after(pause):
                await self._news.wait()
            self._news = trio.Event()

    async def _attempt(self, address: Address, nursery: trio.Nursery) -> None:
        try:
            sock = await _connect(address, self._settings)
        except (OSError, ValueError) as exc:
            self._race.failed(exc if isinstance(exc, OSError) else OSError(str(exc)))
            self._news.set()
            return
        except Exception as exc:  # noqa: BLE001 - raised by who started the race, and not in a group
            self.failure = exc
            nursery.cancel_scope.cancel()
            return
        if self.winner is None:
            self.winner = sock
            nursery.cancel_scope.cancel()
        else:
            sock.close()


async def _race(addresses: list[Address], settings: DialSettings) -> socket.socket:
    """Connect to the address that answers first."""
    race = Race(addresses)
    attempts = _Attempts(race, settings)
    try:
        async with trio.open_nursery() as nursery:
            await attempts.run(nursery)
    except BaseException:
        if attempts.winner is not None:
            attempts.winner.close()
        raise
    if attempts.winner is None:
        raise attempts.failure or race.error
    return attempts.winner


async def _connect(address: Address, settings: DialSettings) -> socket.socket:
    sock = make_socket(address, settings)
    try:
        try:
            sock.connect(address[1])
        except (BlockingIOError, InterruptedError):
            await trio.lowlevel.wait_writable(sock)
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, _describe(error)) from None
    except BaseException:
        sock.close()
        raise
    return sock


def _describe(number: int) -> str:
    from os import strerror

    return strerror(number)


async def _start_tls(sock: socket.socket, call: Call, settings: DialSettings) -> Tls:
    def build() -> ssl.SSLContext:
        return shared_context(settings.verify, settings.cert, trust_env=settings.trust_env, alpn=settings.alpn)

    tls = Tls(await trio.to_thread.run_sync(build), call.route.server_name)
    is_done = False
    while not is_done:
        try:
            is_done = tls.handshake()
        finally:
            # Also when it failed: the peer is told why.
            await _send_all(sock, tls.take())
        if not is_done:
            await trio.lowlevel.wait_readable(sock)
            data = sock.recv(64 * 1024)
            tls.feed(data) if data else tls.feed_eof()
    return tls


async def _send_all(sock: socket.socket, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[sock.send(view) :]
        except BlockingIOError:
            await trio.lowlevel.wait_writable(sock)

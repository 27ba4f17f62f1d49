"""One connection of the trio driver: a non-blocking socket, and trio's word on when it is ready.

Limits are those of a cancel scope that the caller opens once for an exchange or a piece of content; each read only
moves its deadline. A scope around each read would cost more than the read.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import trio

from arke._policy.pool import Pooled
from arke._wire.h1 import Http1

from .sockets import NetworkStream, Readiness, has_unsolicited, say_goodbye

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Hashable

    from arke._policy.call import Call
    from arke._wire.tls import Tls

_MIN_READ = 64 * 1024
_MAX_READ = 1024 * 1024


class TrioConnection(Pooled):
    """A non-blocking socket, TLS if there is any, and the engine. Used by one task at a time."""

    __slots__ = ("_read_size", "_readiness", "engine", "network_stream", "sock", "tls")

    def __init__(self, route: Hashable, sock: socket.socket, tls: Tls | None) -> None:
        """Take over a connected socket."""
        super().__init__(route)
        self.sock = sock
        self.tls = tls
        self.engine = Http1()
        self.network_stream = NetworkStream(sock, tls)
        self._readiness = Readiness(sock)
        # Grows while reads fill it: a large body then costs fewer calls.
        self._read_size = _MIN_READ

    def is_stale(self) -> bool:
        """Tell whether the server has closed this idle connection, or broken it by sending something."""
        return self._readiness.wait_readable(0) and has_unsolicited(self.sock, self.tls)

    def is_readable(self) -> bool:
        """Tell whether there is something to read."""
        return self._readiness.wait_readable(0)

    async def write(self, data: bytes, call: Call) -> None:
        """Send all of it; raise `WriteTimeout` or `WriteError`."""
        try:
            if self.tls is not None:
                data = self.tls.encode(data)
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            raise call.write_failed(exc) from exc
        view = memoryview(data)[sent:]
        while view:
            view = view[await self.write_some(view, call, listens=False) :]

    def encrypt(self, data: bytes | memoryview, call: Call) -> bytes | memoryview:
        """Return what goes on the wire; raise `WriteError`."""
        try:
            return data if self.tls is None else self.tls.encode(data)
        except OSError as exc:
            raise call.write_failed(exc) from exc

    async def write_some(self, view: memoryview, call: Call, *, listens: bool) -> int:
        """Send what the kernel takes at once, or wait until it takes something, or until there is something to read.

        Returns how much was sent; raises `WriteTimeout` or `WriteError`.
        """
        try:
            return self.sock.send(view)
        except BlockingIOError:
            pass
        except OSError as exc:
            raise call.write_failed(exc) from exc
        seconds = call.seconds("write", monotonic())
        with _scope(seconds) as scope:
            if listens:
                await self._wait_either()
            else:
                await _wait(trio.lowlevel.wait_writable, self.sock)
        if scope.cancelled_caught:
            raise call.timed_out("write", monotonic())
        return 0

    async def _wait_either(self) -> None:
        async with trio.open_nursery() as nursery:

            async def first(wait: Callable[[socket.socket], Awaitable[None]]) -> None:
                await _wait(wait, self.sock)
                nursery.cancel_scope.cancel()

            nursery.start_soon(first, trio.lowlevel.wait_readable)
            nursery.start_soon(first, trio.lowlevel.wait_writable)

    def renew(self, scope: trio.CancelScope, call: Call) -> None:
        """Give the next read its time; raise `ReadTimeout` when that of the whole call is over.

        Why not by the scope alone: what can be read at once is read before trio looks at the deadline.
        """
        seconds = call.read
        if call.deadline is not None:
            now = monotonic()
            call.check_deadline("read", now)
            seconds = call.seconds("read", now)
        if seconds is not None:
            scope.deadline = trio.current_time() + max(seconds, 0.0)

    async def receive(self, call: Call, *, is_sending: bool = False) -> None:
        """Wait for bytes, or the end, and feed them to the engine; raise `ReadError`. The caller's scope limits it.

        While `is_sending`, what TLS has to answer waits for the next piece: it must not come into the midst of one.
        """
        await _wait(trio.lowlevel.wait_readable, self.sock)
        tls, size = self.tls, self._read_size
        try:
            data = self.sock.recv(size)
        except BlockingIOError:
            return
        except OSError as exc:
            raise call.read_failed(exc) from exc
        if not data:
            self.engine.feed_eof(clean=tls is None or tls.is_closed_cleanly)
        elif tls is None:
            self.engine.feed(data)
        else:
            await self._feed_tls(tls, data, call, is_sending=is_sending)
        if len(data) == size < _MAX_READ:
            self._read_size = size * 2

    async def _feed_tls(self, tls: Tls, data: bytes, call: Call, *, is_sending: bool) -> None:
        try:
            tls.feed(data)
            plain = tls.decode()
        except OSError as exc:
            raise call.read_failed(exc) from exc
        if not is_sending and (answer := tls.take()):
            view = memoryview(answer)
            while view:
                view = view[await self.write_some(view, call, listens=False) :]
        if plain:
            self.engine.feed(plain)
        if tls.is_closed_cleanly:
            self.engine.feed_eof()

    def close(self) -> None:
        """Close the socket, with a close_notify where there is TLS; whoever waits on it is told."""
        if self.sock.fileno() >= 0:
            trio.lowlevel.notify_closing(self.sock)
            say_goodbye(self.sock, self.tls)

    def drop(self) -> None:
        """Let go of a connection whose loop is over."""
        self.sock.close()


def _scope(seconds: float | None) -> trio.CancelScope:
    return trio.CancelScope() if seconds is None else trio.move_on_after(max(seconds, 0.0))


async def _wait(wait: Callable[[socket.socket], Awaitable[None]], sock: socket.socket) -> None:
    """Wait for a socket; that it was closed meanwhile shows when it is used."""
    try:
        await wait(sock)
    except (trio.ClosedResourceError, ValueError):
        await trio.lowlevel.checkpoint()

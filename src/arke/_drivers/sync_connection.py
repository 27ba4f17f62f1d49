"""One connection of the blocking driver."""

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING

from arke._policy.pool import Pooled
from arke._wire.h1 import Http1

from .sockets import (
    NetworkStream,
    Readiness,
    has_unsolicited,
    say_goodbye,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from arke._policy.call import Call
    from arke._wire.tls import Tls

_MIN_READ = 64 * 1024
_MAX_READ = 1024 * 1024


class SyncConnection(Pooled):
    """A non-blocking socket, TLS if there is any, and the engine. Used by one thread at a time."""

    __slots__ = (
        "_read_size",
        "_readiness",
        "_recv",
        "_send",
        "engine",
        "network_stream",
        "sock",
        "tls",
    )

    def __init__(self, route: Hashable, sock: socket.socket, tls: Tls | None) -> None:
        """Take over a connected socket."""
        super().__init__(route)
        self.sock = sock
        self.tls = tls
        self.engine = Http1()
        self.network_stream = NetworkStream(sock, tls)
        self._recv = sock.recv
        self._send = sock.send
        self._readiness = Readiness(sock)
        # Grows while reads fill it: a large body then costs fewer calls.
        self._read_size = _MIN_READ

    def is_stale(self) -> bool:
        """Tell whether the server has closed this idle connection, or broken it by sending something."""
        return self._readiness.wait_readable(0) and has_unsolicited(self.sock, self.tls)

    def wait_readable(self, seconds: float | None) -> bool:
        """Wait at most this long for something to read."""
        return self._readiness.wait_readable(seconds)

    def write(self, data: bytes, call: Call) -> None:
        """Send all of it; raise `WriteTimeout` or `WriteError`."""
        if call.deadline is not None:
            call.check_deadline("write", monotonic())
        try:
            if self.tls is not None:
                data = self.tls.encode(data)
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            raise call.write_failed(exc) from exc
        if sent < len(data):
            self._write_all(memoryview(data)[sent:], call)

    def _write_all(self, view: memoryview, call: Call) -> None:
        while view:
            view = view[self.write_some(view, call, listens=False) :]

    def encrypt(self, data: bytes | memoryview, call: Call) -> bytes | memoryview:
        """Return what goes on the wire; raise `WriteError`."""
        try:
            return data if self.tls is None else self.tls.encode(data)
        except OSError as exc:
            raise call.write_failed(exc) from exc

    def write_some(self, view: memoryview, call: Call, *, listens: bool) -> int:
        """Send what the kernel takes at once, or wait until it takes something or, if it `listens`, something comes.

        Returns how much was sent; raises `WriteTimeout` or `WriteError`.
        """
        try:
            return self._send(view)
        except BlockingIOError:
            pass
        except OSError as exc:
            raise call.write_failed(exc) from exc
        now = monotonic()
        seconds = call.seconds("write", now)
        if (seconds is not None and seconds <= 0) or not self._readiness.wait_writable(seconds, listens=listens):
            raise call.timed_out("write", monotonic())
        return 0

    def receive(self, call: Call, *, is_sending: bool = False) -> None:
        """Wait for bytes, or the end, and feed them to the engine; raise `ReadTimeout` or `ReadError`.

        While `is_sending`, what TLS has to answer waits for the next piece: it must not come into the midst of one.
        """
        size = self._read_size
        seconds = call.read
        if call.deadline is not None:
            now = monotonic()
            call.check_deadline("read", now)
            seconds = call.seconds("read", now)
        try:
            if not self._readiness.wait_readable(seconds):
                raise call.timed_out("read", monotonic())
            data = self._recv(size)
        except BlockingIOError:
            return
        except OSError as exc:
            raise call.read_failed(exc) from exc
        if not data:
            self._feed_eof(call)
        elif self.tls is None:
            self.engine.feed(data)
        else:
            self._feed_tls(self.tls, data, call, is_sending=is_sending)
        if len(data) == size < _MAX_READ:
            self._read_size = size * 2

    def _feed_eof(self, call: Call) -> None:
        if not self.is_pooled:
            # It is not the server's end but ours: another thread has closed the client.
            raise call.read_failed(None)
        self.engine.feed_eof(clean=self.tls is None or self.tls.is_closed_cleanly)

    def _feed_tls(self, tls: Tls, data: bytes, call: Call, *, is_sending: bool) -> None:
        try:
            tls.feed(data)
            plain = tls.decode()
        except OSError as exc:
            raise call.read_failed(exc) from exc
        if not is_sending and (answer := tls.take()):
            self._write_all(memoryview(answer), call)
        if plain:
            self.engine.feed(plain)
        if tls.is_closed_cleanly:
            self.engine.feed_eof()

    def abort(self) -> None:
        """Close the socket, which another thread may be waiting for: it gets the end of the connection."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It was not connected any more.
        self.sock.close()

    def close(self) -> None:
        """Close the socket, with a close_notify where there is TLS."""
        say_goodbye(self.sock, self.tls)

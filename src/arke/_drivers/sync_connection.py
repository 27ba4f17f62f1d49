"""One connection of the blocking driver."""

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING

from arke._policy.pool import Pooled
from arke._wire.h1 import Http1

from .sockets import (
    NO_WAIT,
    NetworkStream,
    Readiness,
    has_unsolicited,
    limit_passed,
    limit_waits,
    say_goodbye,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from arke._policy.call import Call
    from arke._wire.tls import Tls

_MIN_READ = 64 * 1024
_MAX_READ = 1024 * 1024
_UNKNOWN = -1.0


class SyncConnection(Pooled):
    """A blocking socket, TLS if there is any, and the engine. Used by one thread at a time."""

    __slots__ = (
        "_read_limit",
        "_read_size",
        "_readiness",
        "_recv",
        "_send",
        "_write_limit",
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
        # How the socket's limits stand, so that they are only set when they change.
        self._read_limit: float | None = _UNKNOWN
        self._write_limit: float | None = _UNKNOWN
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
        seconds = call.limits.get("write")
        if call.deadline is not None or seconds != self._write_limit:
            self._limit_writes(call)
        try:
            if self.tls is not None:
                data = self.tls.encode(data)
            sent = self._send(data)
            if sent < len(data):
                self._write_rest(memoryview(data)[sent:], call)
        except limit_passed:
            raise call.timed_out("write", monotonic()) from None
        except OSError as exc:
            raise call.write_failed(exc) from exc

    def _write_rest(self, view: memoryview, call: Call) -> None:
        while view:
            if call.deadline is not None:
                self._limit_writes(call)
            view = view[self._send(view) :]

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
            return self.sock.send(view, NO_WAIT)
        except BlockingIOError:
            pass
        except OSError as exc:
            raise call.write_failed(exc) from exc
        now = monotonic()
        seconds = call.seconds("write", now)
        if (seconds is not None and seconds <= 0) or not self._readiness.wait_writable(seconds, listens=listens):
            raise call.timed_out("write", monotonic())
        return 0

    def receive(self, call: Call) -> None:
        """Wait for bytes, or the end, and feed them to the engine; raise `ReadTimeout` or `ReadError`."""
        if call.deadline is not None or call.read != self._read_limit:
            self._limit_reads(call)
        tls, size = self.tls, self._read_size
        try:
            data = self._recv(size)
            if tls is not None and data:
                data = self._decrypt(tls, data)
                if not data and not tls.is_closed_cleanly:
                    return
        except limit_passed:
            raise call.timed_out("read", monotonic()) from None
        except OSError as exc:
            raise call.read_failed(exc) from exc
        if not data:
            self._feed_eof(call)
            return
        self.engine.feed(data)
        if self.tls is not None and self.tls.is_closed_cleanly:
            self.engine.feed_eof()
        if len(data) == size < _MAX_READ:
            self._read_size = size * 2

    def _feed_eof(self, call: Call) -> None:
        if not self.is_pooled:
            # It is not the server's end but ours: another thread has closed the client.
            raise call.read_failed(None)
        self.engine.feed_eof(clean=self.tls is None or self.tls.is_closed_cleanly)

    def _decrypt(self, tls: Tls, data: bytes) -> bytes:
        tls.feed(data)
        plain = tls.decode()
        if answer := tls.take():
            self.sock.sendall(answer)
        return plain

    def _limit_reads(self, call: Call) -> None:
        now = monotonic()
        seconds = call.seconds("read", now)
        if seconds is not None and seconds <= 0:
            raise call.timed_out("read", now)
        try:
            limit_waits(self.sock, socket.SO_RCVTIMEO, seconds)
        except OSError as exc:
            # Another thread has closed the client.
            raise call.read_failed(exc) from exc
        self._read_limit = _UNKNOWN if call.deadline is not None else seconds

    def _limit_writes(self, call: Call) -> None:
        now = monotonic()
        seconds = call.seconds("write", now)
        if seconds is not None and seconds <= 0:
            raise call.timed_out("write", now)
        try:
            limit_waits(self.sock, socket.SO_SNDTIMEO, seconds)
        except OSError as exc:
            # Another thread has closed the client.
            raise call.write_failed(exc) from exc
        self._write_limit = _UNKNOWN if call.deadline is not None else seconds

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

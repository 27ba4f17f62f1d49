"""One connection of the asyncio driver: a protocol that feeds the engine, and one waiter.

``BufferedProtocol`` with one buffer for all connections of a loop: the loop reads into it and calls ``buffer_updated``
at once, so nothing is allocated per read. (On Windows' proactor a read stays pending with its buffer; each connection
then has its own.)

At most one task waits on a connection for the response, in `wait`, until what it wants is there: a head, some content,
all of it. Limits on its patience cost no timer each: `_until` says when the wait is over, and one timer per connection,
the watchdog, looks at it when it fires and otherwise sets itself anew.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from arke._policy.call import max_unread_bytes
from arke._policy.pool import Pooled
from arke._wire.h1 import Http1

from .sockets import NetworkStream, Readiness, has_unsolicited

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Hashable

    from arke._policy.call import Call
    from arke._wire.tls import Tls

BUFFER_SIZE: Final = 256 * 1024

# What a waiter wants.
HEAD: Final = 1
DATA: Final = 2
END: Final = 3
CONTINUE: Final = 4
BYTES: Final = 5
ROOM: Final = 6


class AsyncioConnection(asyncio.BufferedProtocol, Pooled):
    """A transport, TLS if there is any, and the engine. Used by one task at a time."""

    __slots__ = (
        "_buffer",
        "_deadline",
        "_exception",
        "_is_full",
        "_is_paused",
        "_loop",
        "_on_lost",
        "_phase_limit",
        "_readiness",
        "_timer",
        "_timer_at",
        "_transport",
        "_unasked",
        "_until",
        "_waiter",
        "_want",
        "engine",
        "is_lost",
        "network_stream",
        "sock",
        "tls",
    )

    def __init__(
        self, route: Hashable, sock: socket.socket, buffer: memoryview, on_lost: Callable[[Any], None]
    ) -> None:
        """Take over a connected socket; `on_lost` is told when the connection is of no more use while it is idle."""
        Pooled.__init__(self, route)
        self.sock = sock
        self.tls: Tls | None = None
        self.engine = Http1()
        self.network_stream = NetworkStream(sock, None)
        self.is_lost = False
        self._loop = asyncio.get_running_loop()
        self._buffer = buffer
        self._on_lost = on_lost
        self._transport: Any = None
        self._readiness = Readiness(sock)
        self._exception: BaseException | None = None
        # Set by `wait`, fulfilled by `_wake`.
        self._waiter: asyncio.Future[bool] | None = None
        self._want = 0
        # The absolute end of the present wait; written by `wait` and by arriving bytes, read by the watchdog.
        self._until: float | None = None
        self._phase_limit: float | None = None
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        # Bytes that came while nobody waited.
        self._unasked = 0
        # Whether reading is paused because nobody takes the content.
        self._is_paused = False
        # Whether the transport's buffer is full.
        self._is_full = False

    # What the loop calls

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the loop's buffer."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Feed the engine, and wake who waits for this."""
        tls = self.tls
        if tls is None:
            self.engine.feed(bytes(self._buffer[:nbytes]))
        elif not self._feed_tls(tls, nbytes):
            return
        if self._waiter is None or self._want == ROOM:
            self._note_unasked(nbytes)
            if self._waiter is None:
                return
        if self._phase_limit is not None:
            until = monotonic() + self._phase_limit
            self._until = until if self._deadline is None or until < self._deadline else self._deadline
        if self._is_satisfied(self.engine):
            self._wake()

    def _feed_tls(self, tls: Tls, count: int) -> bool:
        """Decrypt what came; return whether the engine was fed."""
        tls.feed(self._buffer[:count])
        if self._want == BYTES:
            self._wake()
            return False
        try:
            data = tls.decode()
        except OSError as exc:
            self._exception = exc
            self.abort()
            return True
        if answer := tls.take():
            self._transport.write(answer)
        if data:
            self.engine.feed(data)
        if tls.is_closed_cleanly:
            self.engine.feed_eof()
            self._lose()
        return bool(data) or tls.is_closed_cleanly

    def _note_unasked(self, count: int) -> None:
        """Close an idle connection on which bytes arrive; pause one whose reader is slow."""
        if not self.open_exchanges:
            self.abort()
            return
        self._unasked += count
        if self._unasked > max_unread_bytes and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def _is_satisfied(self, engine: Http1, want: int = 0) -> bool:
        want = want or self._want
        if engine.is_complete or engine.has_failed or self.is_lost:
            return True
        if want == HEAD:
            return engine.head is not None
        if want == DATA:
            return engine.has_data
        if want == ROOM:
            return not engine.wants_content
        return want == CONTINUE and (engine.may_send_content or engine.head is not None)

    def eof_received(self) -> bool:
        """Take the end of the connection."""
        tls = self.tls
        if tls is not None:
            tls.feed_eof()
        self.engine.feed_eof(clean=tls is None or tls.is_closed_cleanly)
        self._lose()
        # Not closed by the transport: it would first send what it has, to a server that may not listen any more.
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the transport, whoever closed it."""
        self._exception = self._exception or exc
        self._transport = None
        if exc is not None and not self.engine.is_complete:
            self._salvage()
        self._lose()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # The transport has closed its socket; on uvloop that was a duplicate of ours.
        self.sock.close()

    def _salvage(self) -> None:
        """Take what the server had sent before writing to it failed: it may have said why it closed."""
        try:
            while not self.engine.is_complete and (data := self.sock.recv(BUFFER_SIZE)):
                if self.tls is not None:
                    self.tls.feed(data)
                    data = self.tls.decode()
                self.engine.feed(data)
        except OSError:
            pass  # There is no more; why the connection was lost is known already.

    def _lose(self) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._on_lost(self)
        self._wake()

    def pause_writing(self) -> None:
        """Let `drain` wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Let `drain` go on."""
        self._is_full = False
        if self._want == ROOM:
            self._wake()

    # What the driver calls

    def is_stale(self) -> bool:
        """Tell whether the server has closed this idle connection, or broken it, and the loop has not told us yet."""
        return self.is_lost or (self._readiness.wait_readable(0) and has_unsolicited(self.sock, self.tls))

    def begin_tls(self, tls: Tls) -> None:
        """Let all bytes from now on go through TLS."""
        self.tls = tls
        self.network_stream = NetworkStream(self.sock, tls)

    def write(self, data: bytes | memoryview, call: Call) -> None:
        """Send, or let the loop send; raise `WriteError`."""
        if self._transport is None:
            return
        tls = self.tls
        if tls is not None:
            try:
                data = tls.encode(data) if data else data
            except OSError as exc:
                raise call.write_failed(self._exception or exc) from exc
        self._transport.write(data)

    def write_raw(self, data: bytes) -> None:
        """Send bytes that TLS is not to touch: its own."""
        if self._transport is not None and data:
            self._transport.write(data)

    async def drain(self, call: Call) -> bool:
        """Wait until there is room to write; return whether there is a point in writing more.

        Raises `WriteTimeout`.
        """
        # Also where there is room: a generator that never waits would keep the loop from hearing the server.
        await asyncio.sleep(0)
        while self._is_full and self._is_listened_to():
            now = monotonic()
            seconds = call.seconds("write", now)
            self._phase_limit = None
            waiter = self._begin_wait(ROOM, None if seconds is None else now + seconds)
            try:
                is_in_time = await waiter
            finally:
                self._end_wait()
            if not is_in_time:
                raise call.timed_out("write", monotonic())
        return self._is_listened_to()

    def _is_listened_to(self) -> bool:
        return self.engine.wants_content and not self.is_lost and not self._transport.is_closing()

    async def wait(self, want: int, call: Call) -> None:
        """Wait for what is wanted of the engine, or until the connection is of no more use.

        Raises `ReadTimeout`. Cancellation leaves the connection in the middle of an exchange; it is then to be closed.
        """
        if self._is_satisfied(self.engine, want):
            if call.deadline is not None and not self.engine.is_complete:
                call.check_deadline("read", monotonic())
            return
        now = monotonic()
        seconds = call.seconds("read", now) if call.deadline is not None else call.read
        self._phase_limit = call.read
        self._deadline = call.deadline
        waiter = self._begin_wait(want, None if seconds is None else now + seconds)
        try:
            is_in_time = await waiter
        finally:
            self._end_wait()
        if not is_in_time:
            raise call.timed_out("read", monotonic())

    async def wait_until(self, want: int, until: float | None = None) -> bool:
        """Wait for what is wanted, but only so long; return whether it came."""
        if self.is_lost or (want != BYTES and self._is_satisfied(self.engine, want)):
            return True
        self._phase_limit = None
        waiter = self._begin_wait(want, until)
        try:
            return await waiter
        finally:
            self._end_wait()

    def _begin_wait(self, want: int, until: float | None) -> asyncio.Future[bool]:
        self._want = want
        self._until = until
        if until is not None and (self._timer is None or self._timer_at > until):
            self._set_timer(until)
        if want != ROOM:
            self._unasked = 0
        if self._is_paused and want != ROOM:
            self._is_paused = False
            if self._transport is not None:
                self._transport.resume_reading()
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = waiter
        return waiter

    def _end_wait(self) -> None:
        self._waiter = None
        self._until = None
        self._want = 0

    def _set_timer(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = until
        self._timer = self._loop.call_later(max(until - monotonic(), 0), self._check)

    def _check(self) -> None:
        """End the wait if its time is over, else look again when it may be."""
        self._timer = None
        until = self._until
        if until is None:
            return
        if until > monotonic():
            self._set_timer(until)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(True)

    def failure(self) -> BaseException | None:
        """Why the connection was lost, if that is known."""
        return self._exception

    def abort(self) -> None:
        """Close at once. What was not sent yet is dropped."""
        transport = self._transport
        if transport is not None:
            transport.abort()
        self._lose()

    def close(self) -> None:
        """Close, with a close_notify where there is TLS."""
        transport = self._transport
        if transport is None:
            return
        if self._loop.is_closed():
            self.drop()
            return
        if transport.is_closing():
            transport.abort()
            return
        if self.tls is not None and not self.is_lost:
            self.write_raw(self.tls.encode_close())
        self._lose()
        # Why not close(): it would wait for a peer that may never take what is still to be sent.
        transport.abort() if transport.get_write_buffer_size() else transport.close()

    def drop(self) -> None:
        """Let go of a connection whose loop is closed."""
        self._transport = None
        self.is_lost = True
        self.sock.close()

"""The driver for asyncio, uvloop included; one for each event loop.

Nothing is locked: between two awaits nobody else runs. Dials are tasks of their own, so that a request is served by
whichever comes first, its dial or a connection that becomes free, and so that the cancellation of one request does not
take a connection away from another.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from arke._message.content import AsyncWholeBody
from arke._policy.call import Call
from arke._policy.closing import Closing, note_closing
from arke._policy.pool import Pool, Ticket
from arke._values.errors import RequestError

from .asyncio_body import AsyncioBody, send_content
from .asyncio_connection import BUFFER_SIZE, HEAD, AsyncioConnection
from .asyncio_dial import Dialer
from .body import respond
from .ports import reason_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._policy.dialing import DialSettings
    from arke._values.config import Limits


class Driver:
    """Transports and protocols of one loop."""

    def __init__(self, settings: DialSettings, limits: Limits) -> None:
        """Belong to the running loop; open nothing yet."""
        self._loop = asyncio.get_running_loop()
        self._pool: Pool[AsyncioConnection] = Pool(limits)
        self._dialer = Dialer(settings, self._lend_buffer, self._on_lost)
        self._dials: set[asyncio.Task[None]] = set()
        self._buffer = memoryview(bytearray(BUFFER_SIZE))
        self._is_proactor = type(self._loop).__name__ == "ProactorEventLoop"
        self._guard: AsyncGenerator[None, None] | None = None
        # Requests in line whose patience is limited, and the one timer that looks after them.
        self._waits: dict[_Wait, None] = {}
        self._watchdog: asyncio.TimerHandle | None = None
        self._watchdog_at = 0.0
        # Connections whose body was dropped unread and unclosed, noted by finalizers, which may run anywhere.
        self.orphans: deque[AsyncioConnection] = deque()

    async def send(self, request: Request) -> Response:
        """Send a request; return its response, whose content may still be on its way."""
        try:
            call = Call(request, monotonic())
            while True:
                connection = self._take(call) or await self._wait(call)
                response = await self._attempt(call, connection)
                if response is not None:
                    return response
        except RequestError as exc:
            if exc._request is None:
                exc.request = request
            raise

    async def _attempt(self, call: Call, connection: AsyncioConnection) -> Response | None:
        """Send it on one connection; None when that was a stale one and the request may go out again."""
        engine = connection.engine
        was_reused = engine.head is not None
        has_written = False
        try:
            first = call.start(engine)
            has_written = True
            connection.write(first, call)
            if not call.joined:
                await send_content(call, connection)
            await connection.wait(HEAD, call)
            head = engine.next_head()
            if head is None:
                raise call.read_failed(connection.failure())
            return respond(self, call, connection, head, AsyncWholeBody, AsyncioBody)
        except BaseException as exc:
            self.give_back(connection)
            if call.may_send_again(engine, exc, was_reused=was_reused, has_written=has_written):
                return None
            raise

    def _take(self, call: Call) -> AsyncioConnection | None:
        """Return a connection that is there and usable."""
        while self.orphans:
            self.give_back(self.orphans.popleft(), Closing.DROPPED)
        pool = self._pool
        while True:
            connection = pool.take(call.route, monotonic())
            if pool.doomed:
                self._close_doomed()
            if connection is None or not connection.is_stale():
                return connection
            self.give_back(connection, Closing.STALE)

    async def _wait(self, call: Call) -> AsyncioConnection:
        """Get in line, and dial when it is our turn to."""
        if self._guard is None:
            self._guard = _close_at_shutdown(weakref.ref(self))
            await anext(self._guard)
        while True:
            wait = _Wait(self, call)
            self._pool.ask(wait)
            if self._pool.doomed:
                self._close_doomed()
            try:
                while (connection := wait.connection) is None:
                    await wait.next_signal()
            except BaseException:
                wait.leave()
                raise
            finally:
                self._waits.pop(wait, None)
                wait.settle()
            if connection.engine.head is None or not connection.is_stale():
                return connection
            self.give_back(connection, Closing.STALE)

    def _watch(self, wait: _Wait) -> None:
        """See to it that a wait is not too long."""
        now = monotonic()
        seconds = wait.call.seconds("pool", now)
        if seconds is None:
            return
        until = wait.until = now + max(seconds, 0.0)
        self._waits[wait] = None
        if self._watchdog is None or until < self._watchdog_at:
            self._set_watchdog(until, now)

    def _set_watchdog(self, until: float, now: float) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._watchdog_at = until
        self._watchdog = self._loop.call_later(max(until - now, 0.0), self._check_waits)

    def _check_waits(self) -> None:
        """End the waits whose time is over; look again when the next one's may be."""
        self._watchdog = None
        now = monotonic()
        for wait in [each for each in self._waits if each.until is not None and each.until <= now]:
            del self._waits[wait]
            wait.expire()
        if self._waits:
            ends = [each.until for each in self._waits if each.until is not None]
            if ends:
                self._set_watchdog(min(ends), now)

    def give_back(self, connection: AsyncioConnection, why: Closing | None = None) -> None:
        """Return a connection to the pool, or close it when it can carry nothing more."""
        if why is not None or connection.is_lost or not connection.is_pooled or not connection.engine.is_reusable:
            self._pool.discard(connection, why or reason_of(connection.engine))
            note_closing(connection)
            connection.close()
        else:
            self._pool.release(connection, monotonic())
        if self._pool.doomed:
            self._close_doomed()

    def _on_lost(self, connection: AsyncioConnection) -> None:
        self._pool.discard(connection, Closing.FAILED if connection.open_exchanges else Closing.STALE)
        if self._pool.doomed:
            self._close_doomed()
        if not connection.open_exchanges:
            note_closing(connection)
            connection.close()

    def _close_doomed(self) -> None:
        doomed, self._pool.doomed = self._pool.doomed, []
        for connection in doomed:
            note_closing(connection)
            connection.close()

    def _lend_buffer(self) -> memoryview:
        return memoryview(bytearray(BUFFER_SIZE)) if self._is_proactor else self._buffer

    def adopt(self, connection: AsyncioConnection) -> None:
        """Take a connection from a finalizer, which may run in any thread, or after the loop was closed."""
        self.orphans.append(connection)
        try:
            self._loop.call_soon_threadsafe(self._adopt_orphans)
        except RuntimeError:
            pass  # The loop is closed; `drop` takes care of its connections.

    def _adopt_orphans(self) -> None:
        while self.orphans:
            self.give_back(self.orphans.popleft(), Closing.DROPPED)

    async def aclose(self) -> None:
        """Close every connection; those in use too."""
        dials = list(self._dials)
        self.close_now()
        await asyncio.gather(*dials, return_exceptions=True)
        guard, self._guard = self._guard, None
        if guard is not None:
            await guard.aclose()
        # The loop closes sockets in its next turn.
        await asyncio.sleep(0)

    def close_now(self) -> None:
        """Close every connection, without waiting until the loop has done so."""
        for dial in list(self._dials):
            dial.cancel()
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        for connection in self._pool.close():
            note_closing(connection)
            connection.close()
        self._close_doomed()

    def drop(self) -> None:
        """Let go of every connection of a loop that is closed."""
        for connection in self._pool.connections:
            connection.drop()


async def _close_at_shutdown(driver: weakref.ref[Driver]) -> AsyncGenerator[None, None]:
    """Wait inside of a loop for its end.

    Event loops close the asynchronous generators that are still suspended when they end. That is the one sign of its
    end that a loop gives to code that is not a task of its own, and the last moment to close connections properly.
    """
    try:
        yield
    finally:
        if (alive := driver()) is not None:
            alive.close_now()


class _Wait(Ticket[AsyncioConnection]):
    """One request in line.

    The limit on its patience is looked at by one timer of the driver's for all who wait: a timer of its own would cost
    more than the wait itself.
    """

    __slots__ = ("_dial", "_driver", "_signal", "call", "until")

    def __init__(self, driver: Driver, call: Call) -> None:
        super().__init__(call.route)
        self._driver = driver
        self.call = call
        self._dial: asyncio.Task[None] | None = None
        self._signal: asyncio.Future[None] = driver._loop.create_future()
        # When it is over; None while nothing limits it, as a dial limits itself. Read by the driver's watchdog.
        self.until: float | None = None

    def wake(self) -> None:
        if not self._signal.done():
            self._signal.set_result(None)

    def next_signal(self) -> asyncio.Future[None]:
        """Begin what is to be done; return what to await before looking again.

        It raises `PoolTimeout`, `ConnectTimeout` or `ConnectError`.
        """
        if self._dial is None:
            if self.must_dial:
                self._begin_dial()
            elif self.until is None:
                self._driver._watch(self)
        if self._signal.done() and self._signal.exception() is None:
            self._signal = self._driver._loop.create_future()
        return self._signal

    def expire(self) -> None:
        """Give up waiting for one's turn."""
        if self.connection is None and not self._signal.done():
            self._signal.set_exception(self.call.timed_out("pool", monotonic()))

    def _begin_dial(self) -> None:
        driver = self._driver
        self.until = None
        self._dial = driver._loop.create_task(self._run_dial(), name="arke dial")
        driver._dials.add(self._dial)
        self._dial.add_done_callback(self._end_dial)

    def _end_dial(self, dial: asyncio.Task[None]) -> None:
        self._driver._dials.discard(dial)
        if self.must_dial:
            # Cancelled before its first step, so that it could not tell.
            self._driver._pool.dial_failed(self)

    async def _run_dial(self) -> None:
        driver = self._driver
        try:
            connection = await driver._dialer.dial(self.call)
        except BaseException as exc:
            driver._pool.dial_failed(self)
            if isinstance(exc, Exception):
                self._fail(exc)
                return
            self._fail(self.call.connect_failed(ConnectionAbortedError("it was called off")))
            raise
        driver._pool.dialed(self, connection, monotonic())
        if connection.is_lost:
            driver._pool.discard(connection)
        if driver._pool.doomed:
            driver._close_doomed()

    def _fail(self, exc: Exception) -> None:
        self._dial = None
        if self.connection is None and not self._signal.done():
            self._signal.set_exception(exc)
            # Who waited may be gone; then nobody asks for this.
            self._signal.exception()

    def settle(self) -> None:
        """Give back the duty to dial, where it came and a connection came right behind it."""
        if self.must_dial and self._dial is None:
            self._driver._pool.dial_failed(self)

    def leave(self) -> None:
        """Get out of line; a dial goes on where somebody else can use what it brings."""
        pool = self._driver._pool
        pool.abandon(self, monotonic())
        if self._dial is not None and not pool.is_wanted(self.route):
            self._dial.cancel()
        if pool.doomed:
            self._driver._close_doomed()

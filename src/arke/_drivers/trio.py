"""The driver for trio; one for each run.

Nothing is locked: between two awaits nobody else runs. A request dials for itself: in trio no task lives on its own.
"""

from __future__ import annotations

import weakref
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

import trio

from arke._message.content import AsyncWholeBody
from arke._policy.call import Call
from arke._policy.closing import Closing, note_closing
from arke._policy.pool import Pool, Ticket
from arke._values.errors import RequestError

from .body import respond
from .ports import reason_of
from .trio_body import TrioBody, send_content
from .trio_dial import dial

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._policy.dialing import DialSettings
    from arke._values.config import Limits
    from arke._wire.events import Head
    from arke._wire.h1 import Http1

    from .trio_connection import TrioConnection


class _Place(Ticket["TrioConnection"]):
    """A task's place in line."""

    __slots__ = ("news",)

    def __init__(self, route: Hashable) -> None:
        super().__init__(route)
        self.news = trio.Event()

    def wake(self) -> None:
        self.news.set()


class Driver:
    """Non-blocking sockets under trio."""

    def __init__(self, settings: DialSettings, limits: Limits) -> None:
        """Belong to this run of trio; open nothing yet."""
        self._settings = settings
        self._pool: Pool[TrioConnection] = Pool(limits, dials_apart=False)
        self._token = trio.lowlevel.current_trio_token()
        self._guard: AsyncGenerator[None, None] | None = None
        # Connections whose body was dropped unread and unclosed, noted by finalizers, which may run anywhere.
        self.orphans: deque[TrioConnection] = deque()

    async def send(self, request: Request) -> Response:
        """Send a request; return its response, whose content may still be on its way."""
        try:
            call = Call(request, monotonic())
            while True:
                response = await self._attempt(call)
                if response is not None:
                    return response
        except RequestError as exc:
            if exc._request is None:
                exc.request = request
            raise

    async def _attempt(self, call: Call) -> Response | None:
        """Send it on one connection; None when that was a stale one and the request may go out again."""
        connection = self._take(call) or await self._wait(call)
        engine = connection.engine
        was_reused = engine.head is not None
        has_written = False
        try:
            first = call.start(engine)
            has_written = True
            await connection.write(first, call)
            if not call.joined:
                await send_content(call, connection)
            head = await self._await_head(call, connection, engine)
            return respond(self, call, connection, head, AsyncWholeBody, TrioBody)
        except BaseException as exc:
            self.give_back(connection)
            if call.may_send_again(engine, exc, was_reused=was_reused, has_written=has_written):
                return None
            raise

    async def _await_head(self, call: Call, connection: TrioConnection, engine: Http1) -> Head:
        head = engine.next_head()
        if head is not None:
            return head
        with trio.CancelScope() as scope:
            while head is None:
                connection.renew(scope, call)
                await connection.receive(call)
                head = engine.next_head()
            return head
        raise call.timed_out("read", monotonic())

    def _take(self, call: Call) -> TrioConnection | None:
        """Return a connection that is there and usable."""
        self._adopt_orphans()
        while True:
            connection = self._pool.take(call.route, monotonic())
            self._close_doomed()
            if connection is None or not connection.is_stale():
                return connection
            self.give_back(connection, Closing.STALE)

    async def _wait(self, call: Call) -> TrioConnection:
        """Get in line, and dial when it is our turn to."""
        if self._guard is None:
            self._guard = _close_at_end(weakref.ref(self))
            await anext(self._guard)
        while True:
            connection = await self._line_up(call)
            if connection.engine.head is None or not connection.is_stale():
                return connection
            self.give_back(connection, Closing.STALE)

    async def _line_up(self, call: Call) -> TrioConnection:
        ticket = _Place(call.route)
        self._pool.ask(ticket)
        self._close_doomed()
        seconds = call.seconds("pool", monotonic())
        until = None if seconds is None else trio.current_time() + max(seconds, 0.0)
        try:
            while ticket.connection is None:
                if ticket.must_dial:
                    await self._dial(call, ticket)
                    continue
                with trio.CancelScope() if until is None else trio.move_on_at(until) as scope:
                    await ticket.news.wait()
                if scope.cancelled_caught and ticket.connection is None:
                    raise call.timed_out("pool", monotonic())
                ticket.news = trio.Event()
        except BaseException:
            self._leave(ticket)
            raise
        return ticket.connection

    async def _dial(self, call: Call, ticket: Ticket[TrioConnection]) -> None:
        try:
            connection = await dial(call, self._settings)
        except BaseException as exc:
            self._pool.dial_failed(ticket)
            if isinstance(exc, RequestError) and ticket.connection is not None:
                return
            raise
        self._pool.dialed(ticket, connection, monotonic())
        self._close_doomed()

    def _leave(self, ticket: Ticket[TrioConnection]) -> None:
        if ticket.must_dial:
            self._pool.dial_failed(ticket)
        self._pool.abandon(ticket, monotonic())
        self._close_doomed()

    def give_back(self, connection: TrioConnection, why: Closing | None = None) -> None:
        """Return a connection to the pool, or close it when it can carry nothing more."""
        if why is not None or not connection.is_pooled or not connection.engine.is_reusable:
            self._pool.discard(connection, why or reason_of(connection.engine))
            note_closing(connection)
            connection.close()
        else:
            self._pool.release(connection, monotonic())
        self._close_doomed()

    def _close_doomed(self) -> None:
        pool = self._pool
        if pool.doomed:
            doomed, pool.doomed = pool.doomed, []
            for connection in doomed:
                note_closing(connection)
                connection.close()

    def adopt(self, connection: TrioConnection) -> None:
        """Take a connection from a finalizer, which may run in any thread, or after the run is over."""
        self.orphans.append(connection)
        try:
            self._token.run_sync_soon(self._adopt_orphans)
        except trio.RunFinishedError:
            pass  # `drop` takes care of its connections.

    def _adopt_orphans(self) -> None:
        while self.orphans:
            self.give_back(self.orphans.popleft(), Closing.DROPPED)

    async def aclose(self) -> None:
        """Close every connection; those in use too."""
        self.close_now()
        guard, self._guard = self._guard, None
        if guard is not None:
            await guard.aclose()

    def close_now(self) -> None:
        """Close every connection."""
        for connection in self._pool.close():
            note_closing(connection)
            connection.close()
        self._close_doomed()

    def drop(self) -> None:
        """Let go of every connection of a run that is over."""
        for connection in self._pool.connections:
            connection.drop()


async def _close_at_end(driver: weakref.ref[Driver]) -> AsyncGenerator[None, None]:
    """Wait inside of a run for its end; see the asyncio driver's twin."""
    try:
        yield
    finally:
        if (alive := driver()) is not None:
            alive.close_now()

"""The driver for code that blocks, in one thread or many.

One lock stands around the pool's decisions and nothing else; nobody waits while holding it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from arke._message.content import SyncWholeBody
from arke._policy.call import Call
from arke._policy.closing import Closing, note_closing
from arke._policy.pool import Pool, Ticket
from arke._values.errors import RequestError

from .body import respond
from .ports import reason_of
from .sync_body import SyncBody, send_content
from .sync_connection import SyncConnection
from .sync_dial import dial

if TYPE_CHECKING:
    from collections.abc import Hashable

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._policy.dialing import DialSettings
    from arke._values.config import Limits


_ORPHAN_SECONDS = 0.25
"""How often a request in line looks for connections whose responses were dropped."""


class _Place(Ticket[SyncConnection]):
    """A thread's place in line."""

    __slots__ = ("awake",)

    def __init__(self, route: Hashable) -> None:
        super().__init__(route)
        self.awake = threading.Event()

    def wake(self) -> None:
        self.awake.set()


class Driver:
    """Blocking sockets."""

    def __init__(self, settings: DialSettings, limits: Limits) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._limits = limits
        # Around every use of `_pool`.
        self._lock = threading.Lock()
        self._pool: Pool[SyncConnection] = Pool(limits, dials_apart=False)
        # Connections whose body was dropped unread and unclosed. Appended to by finalizers, which may run anywhere,
        # also within the lock; so they are only noted here, and taken up by the next request.
        self.orphans: deque[SyncConnection] = deque()
        _drivers.add(self)

    def send(self, request: Request) -> Response:
        """Send a request; return its response, whose content may still be on its way."""
        try:
            call = Call(request, monotonic())
            while True:
                response = self._attempt(call)
                if response is not None:
                    return response
        except RequestError as exc:
            if exc._request is None:
                exc.request = request
            raise

    def _attempt(self, call: Call) -> Response | None:
        """Send it on one connection; None when that was a stale one and the request may go out again."""
        connection, was_reused = self._acquire(call)
        has_written = False
        try:
            first = call.start(connection.engine)
            has_written = True
            connection.write(first, call)
            return self._finish(call, connection)
        except BaseException as exc:
            # Interrupted, who knows where: maybe after it was given back, and then it may be another thread's by now.
            self.give_back(connection, None if isinstance(exc, Exception) else Closing.FAILED)
            if call.may_send_again(connection.engine, exc, was_reused=was_reused, has_written=has_written):
                return None
            raise

    def _finish(self, call: Call, connection: SyncConnection) -> Response:
        """Send the content that did not go with the head, and wait for the response's head."""
        if not call.joined:
            send_content(call, connection)
        engine = connection.engine
        head = engine.next_head()
        while head is None:
            connection.receive(call)
            head = engine.next_head()
        return respond(self, call, connection, head, SyncWholeBody, SyncBody)

    def _acquire(self, call: Call) -> tuple[SyncConnection, bool]:
        """Return a connection, and whether it was used before."""
        while True:
            if self.orphans:
                self._adopt_orphans()
            connection = None
            try:
                with self._lock:
                    connection = self._pool.take(call.route, monotonic())
                    doomed = self._take_doomed()
                if doomed:
                    self._close(doomed)
                if connection is not None and not connection.is_stale():
                    return connection, True
            except BaseException:
                if connection is not None:
                    self.give_back(connection, Closing.FAILED)
                raise
            if connection is None:
                return self._wait(call)
            self.give_back(connection, Closing.STALE)

    def adopt(self, connection: SyncConnection) -> None:
        """Take a connection from a finalizer, which may run anywhere, also within the lock: only note it."""
        self.orphans.append(connection)

    def _adopt_orphans(self) -> None:
        try:
            while True:
                self.give_back(self.orphans.popleft(), Closing.DROPPED)
        except IndexError:
            pass  # Another thread took the last one.

    def _wait(self, call: Call) -> tuple[SyncConnection, bool]:
        """Get in line, and dial when it is our turn to."""
        ticket = _Place(call.route)
        with self._lock:
            self._pool.ask(ticket)
            doomed = self._take_doomed()
        self._close(doomed)
        now = monotonic()
        seconds = call.seconds("pool", now)
        until = None if seconds is None else now + seconds
        try:
            while ticket.connection is None:
                if ticket.must_dial:
                    self._dial(call, ticket)
                    continue
                if not self._await_news(ticket, until):
                    break
        except BaseException:
            self._leave(ticket)
            raise
        return self._collect(call, ticket)

    def _await_news(self, place: _Place, until: float | None) -> bool:
        """Wait until there is reason to look at the place again; return False when the time is over.

        A finalizer cannot tell of an orphan, whose slot may be what is waited for: so who waits looks now and then.
        """
        left = _ORPHAN_SECONDS if until is None else min(max(until - monotonic(), 0.0), _ORPHAN_SECONDS)
        if place.awake.wait(left):
            place.awake.clear()
            return True
        if self.orphans:
            self._adopt_orphans()
        return until is None or monotonic() < until

    def _collect(self, call: Call, ticket: Ticket[SyncConnection]) -> tuple[SyncConnection, bool]:
        """Take what a wait has brought."""
        connection = ticket.connection
        if connection is None:
            self._leave(ticket)
            raise call.timed_out("pool", monotonic())
        if connection.engine.head is not None and connection.is_stale():
            self.give_back(connection, Closing.STALE)
            return self._acquire(call)
        return connection, connection.engine.head is not None

    def _dial(self, call: Call, ticket: Ticket[SyncConnection]) -> None:
        try:
            sock, tls = dial(call, self._settings)
        except BaseException as exc:
            with self._lock:
                self._pool.dial_failed(ticket)
            if isinstance(exc, RequestError) and ticket.connection is not None:
                return
            raise
        connection = SyncConnection(call.route, sock, tls)
        with self._lock:
            self._pool.dialed(ticket, connection, monotonic())
            doomed = self._take_doomed()
        self._close(doomed)

    def _leave(self, ticket: Ticket[SyncConnection]) -> None:
        with self._lock:
            if ticket.must_dial:
                self._pool.dial_failed(ticket)
            self._pool.abandon(ticket, monotonic())
            doomed = self._take_doomed()
        self._close(doomed)

    def give_back(self, connection: SyncConnection, why: Closing | None = None) -> None:
        """Return a connection to the pool, or close it when it can carry nothing more."""
        with self._lock:
            if why is not None or not connection.is_pooled or not connection.engine.is_reusable:
                self._pool.discard(connection, why or reason_of(connection.engine))
                self._pool.doomed.append(connection)
            else:
                self._pool.release(connection, monotonic())
            doomed = self._take_doomed()
        if doomed:
            self._close(doomed)

    def _take_doomed(self) -> list[SyncConnection]:
        doomed = self._pool.doomed
        if doomed:
            self._pool.doomed = []
        return doomed

    @staticmethod
    def _close(connections: list[SyncConnection]) -> None:
        for connection in connections:
            note_closing(connection)
            connection.close()

    def close(self) -> None:
        """Close every connection; those in use too."""
        with self._lock:
            connections = self._pool.close()
        for connection in connections:
            note_closing(connection)
            connection.abort()

    def forget(self) -> None:
        """Let go of every connection, in a process that was forked: they are its parent's.

        Nothing of the pool is asked, as a thread that is not here any more may have held the lock.
        """
        connections = self._pool.connections
        self._lock = threading.Lock()
        self._pool = Pool(self._limits, dials_apart=False)
        self.orphans.clear()
        for connection in connections:
            connection.is_pooled = False
            connection.sock.close()


def _forget_connections() -> None:
    for driver in list(_drivers):
        driver.forget()


# Else parent and child would both write to one connection, and each might read what is for the other.
_drivers: weakref.WeakSet[Driver] = weakref.WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_connections)

"""The pool: who gets which connection.

A state object. Its methods take constant time, never wait and never close anything; they change the state, and say through
a `Ticket` what its holder is to do. Drivers with threads hold one lock around each call.

The way of a request::

    take(route) -> connection                     an idle one was there (or, on HTTP/2, one with room)
                -> None: ask(route) -> Ticket     in line with the others who want this route
                      ticket.must_dial            open a connection, then `dialed(connection)` or `dial_failed(ticket)`
                      ticket.connection           use it
                      neither                     wait for `ticket.wake`, then look again
    release(connection) | discard(connection)     when the exchange is over
    abandon(ticket)                               when its holder gives up, however far it came

Rules.

- The most recently used idle connection first: the others may grow old and be closed.
- First come, first served. A connection that becomes free goes to who waits longest for its route; if somebody waits longer
  for *any* connection because the total limit is reached, the freed one is closed and its slot goes there.
- Who dials is in line like the others, so a ticket is served by whichever comes first, its own dial or a freed connection. A
  dialed connection goes to the first in line, who need not be who dialed it.
- While `multiplexes` and it is not known whether a route speaks HTTP/2, one dial at a time: its outcome may serve everybody.
- A slot is taken by `must_dial` and given back by `dial_failed` or `discard`, never otherwise.

Connections that the pool wants closed are put into `doomed`; the driver takes them from there and closes them.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from arke._values.config import Limits

_FOREVER = float("inf")


class Pooled:
    """What the pool keeps on a connection. Drivers' connections derive from this; only the pool writes here."""

    __slots__ = ("capacity", "expires_at", "is_pooled", "open_exchanges", "route")

    def __init__(self, route: Hashable, capacity: int = 1) -> None:
        """Begin outside of the pool; `capacity` is how many exchanges can be open at once."""
        self.route = route
        self.capacity = capacity
        self.open_exchanges = 0
        self.expires_at = _FOREVER
        self.is_pooled = False


C = TypeVar("C", bound=Pooled)


class Ticket(Generic[C]):
    """A place in line.

    `connection` and `must_dial` are written by the pool and read by the holder; `wake` is the holder's, and the pool calls
    it, from within its own methods, when one of the two has changed.
    """

    __slots__ = ("connection", "is_live", "must_dial", "number", "route", "wake")

    def __init__(self, route: Hashable, number: int, wake: Callable[[], object]) -> None:
        """Get in line behind all lower numbers."""
        self.route = route
        self.number = number
        self.wake = wake
        self.connection: C | None = None
        self.must_dial = False
        self.is_live = True


class _Route(Generic[C]):
    """One route's part of the state."""

    __slots__ = ("available", "blocked", "dialing", "is_plain", "slots", "waiting")

    def __init__(self) -> None:
        # Connections that can take one more exchange, most recently used last.
        self.available: dict[C, None] = {}
        # Tickets without a connection, oldest first; those that are not live any more are passed over.
        self.waiting: deque[Ticket[C]] = deque()
        # Those of them that this route's limit, or a dial under way, keeps from dialing.
        self.blocked: deque[Ticket[C]] = deque()
        # Connections and dials.
        self.slots = 0
        self.dialing = 0
        # Known to take one exchange at a time.
        self.is_plain = False


class Pool(Generic[C]):
    """The connections of one client in one world."""

    def __init__(self, limits: Limits, *, multiplexes: bool = False) -> None:
        """Begin empty."""
        self._max_slots = _FOREVER if limits.max_connections is None else limits.max_connections
        self._max_route_slots = (
            _FOREVER if limits.max_connections_per_origin is None else limits.max_connections_per_origin
        )
        self._max_idle = (
            _FOREVER if limits.max_keepalive_connections is None else limits.max_keepalive_connections
        )
        self._expiry = _FOREVER if limits.keepalive_expiry is None else limits.keepalive_expiry
        self._multiplexes = multiplexes
        self._routes: dict[Hashable, _Route[C]] = {}
        # Every connection of the pool.
        self._connections: set[C] = set()
        # Idle connections of all routes, longest idle first.
        self._idle: OrderedDict[C, None] = OrderedDict()
        # Tickets that the total limit keeps from dialing, oldest first; passed over like those in `waiting`.
        self._starved: deque[Ticket[C]] = deque()
        self._slots = 0
        self._number = 0
        # Appended to by the pool, emptied by the driver, which closes what it finds.
        self.doomed: list[C] = []

    def __len__(self) -> int:
        """How many slots are taken, by connections and dials."""
        return self._slots

    @property
    def connections(self) -> list[C]:
        """Every connection, in use or idle."""
        return list(self._connections)

    @property
    def idle_count(self) -> int:
        """How many connections are idle."""
        return len(self._idle)

    def take(self, route: Hashable, now: float) -> C | None:
        """Return a connection that is free for this route, to be given back by `release` or `discard`."""
        entry = self._routes.get(route)
        if entry is None or not entry.available:
            return None
        available = entry.available
        connection = available.popitem()[0]
        if not connection.open_exchanges:
            del self._idle[connection]
            if now >= connection.expires_at:
                # The others of this route are idle for even longer.
                available[connection] = None
                self._idle[connection] = None
                self._expire(entry, now)
                return self.take(route, now)
        connection.open_exchanges += 1
        if connection.open_exchanges < connection.capacity:
            available[connection] = None
        return connection

    def ask(self, route: Hashable, wake: Callable[[], object]) -> Ticket[C]:
        """Get in line for this route; look at the ticket for what to do."""
        entry = self._routes.get(route)
        if entry is None:
            entry = self._routes[route] = _Route()
        self._number += 1
        ticket: Ticket[C] = Ticket(route, self._number, wake)
        entry.waiting.append(ticket)
        self._let_dial(entry, ticket)
        return ticket

    def dialed(self, ticket: Ticket[C], connection: C, now: float) -> None:
        """Take in the connection that a ticket's dial brought; give it to whoever is first in line."""
        entry = self._routes[connection.route]
        ticket.must_dial = False
        entry.dialing -= 1
        entry.is_plain = connection.capacity == 1
        connection.is_pooled = True
        self._connections.add(connection)
        self._offer(entry, connection, now)
        self._pass_on(entry)

    def dial_failed(self, ticket: Ticket[C]) -> None:
        """Give back the slot of a dial that brought nothing; somebody else may dial."""
        entry = self._routes[ticket.route]
        ticket.must_dial = False
        entry.dialing -= 1
        if ticket.connection is None:
            ticket.is_live = False
        self._free_slot(ticket.route, entry)

    def release(self, connection: C, now: float) -> None:
        """Take back a connection that can carry another exchange."""
        connection.open_exchanges -= 1
        if connection.is_pooled:
            self._offer(self._routes[connection.route], connection, now)

    def discard(self, connection: C) -> None:
        """Forget a connection that can not; the caller closes it. Twice is as good as once."""
        if not connection.is_pooled:
            return
        connection.is_pooled = False
        entry = self._routes[connection.route]
        entry.available.pop(connection, None)
        self._idle.pop(connection, None)
        self._connections.discard(connection)
        self._free_slot(connection.route, entry)

    def abandon(self, ticket: Ticket[C], now: float) -> None:
        """Leave the line; a connection that was handed over meanwhile, unused, goes to the next.

        A dial that was begun for this ticket goes on and is to be reported; one that was not begun is given back with
        `dial_failed`.
        """
        ticket.is_live = False
        connection = ticket.connection
        if connection is not None:
            ticket.connection = None
            self.release(connection, now)
        elif (entry := self._routes.get(ticket.route)) is not None:
            self._forget(ticket.route, entry)

    def is_wanted(self, route: Hashable) -> bool:
        """Tell whether anybody is in line for this route."""
        entry = self._routes.get(route)
        return entry is not None and self._first(entry.waiting) is not None

    def _offer(self, entry: _Route[C], connection: C, now: float) -> None:
        """Hand out a connection that has room, or keep it."""
        while connection.open_exchanges < connection.capacity:
            ticket = self._first(entry.waiting)
            if ticket is None or (not connection.open_exchanges and self._is_overdue(ticket)):
                entry.available[connection] = None
                if not connection.open_exchanges:
                    self._rest(connection, now)
                return
            entry.waiting.popleft()
            ticket.is_live = False
            ticket.connection = connection
            connection.open_exchanges += 1
            ticket.wake()

    def _is_overdue(self, ticket: Ticket[C]) -> bool:
        """Tell whether somebody on another route waits for longer, and for any connection at all."""
        starved = self._first(self._starved)
        return starved is not None and starved.number < ticket.number and starved.route != ticket.route

    def _rest(self, connection: C, now: float) -> None:
        """Let a connection be idle, if it may."""
        connection.expires_at = now + self._expiry
        idle = self._idle
        idle[connection] = None
        if self._starved and self._first(self._starved) is not None:
            self._doom(connection)
            return
        while len(idle) > self._max_idle or now >= next(iter(idle)).expires_at:
            self._doom(next(iter(idle)))
            if not idle:
                return

    def _expire(self, entry: _Route[C], now: float) -> None:
        """Doom a route's connections that were idle for too long."""
        for connection in [each for each in entry.available if not each.open_exchanges]:
            if now >= connection.expires_at:
                self._doom(connection)

    def _doom(self, connection: C) -> None:
        self.doomed.append(connection)
        self.discard(connection)

    def _let_dial(self, entry: _Route[C], ticket: Ticket[C]) -> bool:
        """Give a ticket the duty to dial if the limits allow one more connection, else note what it waits for."""
        is_probing = self._multiplexes and not entry.is_plain and entry.dialing
        if is_probing or entry.slots >= self._max_route_slots:
            entry.blocked.append(ticket)
            return False
        if self._slots >= self._max_slots:
            if not self._idle:
                self._starved.append(ticket)
                return False
            self._evict()
        entry.slots += 1
        entry.dialing += 1
        self._slots += 1
        ticket.must_dial = True
        return True

    def _evict(self) -> None:
        """Close the connection that is idle for longest, and do not hand its slot to anybody."""
        connection, _ = self._idle.popitem(last=False)
        connection.is_pooled = False
        entry = self._routes[connection.route]
        del entry.available[connection]
        self._connections.discard(connection)
        entry.slots -= 1
        self._slots -= 1
        self.doomed.append(connection)
        self._forget(connection.route, entry)

    def _free_slot(self, route: Hashable, entry: _Route[C]) -> None:
        """Count one connection less, and let who waited for that dial."""
        entry.slots -= 1
        self._slots -= 1
        self._pass_on(entry)
        self._forget(route, entry)

    def _pass_on(self, entry: _Route[C]) -> None:
        """Let dial who could not: by the total limit, by the route's, or because another dial was under way."""
        while self._slots < self._max_slots and (ticket := self._first(self._starved)) is not None:
            self._starved.popleft()
            if self._let_dial(self._routes[ticket.route], ticket):
                ticket.wake()
        while (ticket := self._first(entry.blocked)) is not None:
            entry.blocked.popleft()
            if not self._let_dial(entry, ticket):
                if entry.blocked and entry.blocked[-1] is ticket:
                    entry.blocked.rotate(1)
                return
            ticket.wake()

    def _forget(self, route: Hashable, entry: _Route[C]) -> None:
        """Drop the entry of a route that nobody uses: a crawler meets many."""
        if not entry.slots and self._first(entry.waiting) is None:
            self._routes.pop(route, None)

    @staticmethod
    def _first(line: deque[Ticket[C]]) -> Ticket[C] | None:
        """Return the first ticket in line that still waits, dropping those before it."""
        while line and not line[0].is_live:
            line.popleft()
        return line[0] if line else None

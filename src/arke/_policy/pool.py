"""The pool: who gets which connection.

A state object. Its methods take constant time, never wait and never close anything; they change the state, and say
through a `Ticket` what its holder is to do. Drivers with threads hold one lock around each call.

The way of a request::

    take(route) -> connection                     an idle one was there (or, on HTTP/2, one with room)
                -> None: ask(Ticket(route))       in line with the others who want this route
                      ticket.must_dial            open a connection, then `dialed(connection)` or `dial_failed(ticket)`
                      ticket.connection           use it
                      neither                     wait for `ticket.wake`, then look again
    release(connection) | discard(connection)     when the exchange is over
    abandon(ticket)                               when its holder gives up, however far it came

Rules.

- The most recently used idle connection first: the others may grow old and be closed.
- First come, first served. A connection that becomes free goes to who waits longest for its route; if somebody waits
  longer for *any* connection because the total limit is reached, the freed one is closed and its slot goes there.
- Who dials is in line like the others, so a ticket is served by whichever comes first, its own dial or a freed
  connection. Where dials are not apart, who dials can use nothing else, and a freed connection goes to who waits.
- A dialed connection goes to who dialed it; where that one was served or is gone, to the first in line.
  Why not to the first in any case: who dialed would be left with nothing when the dial of the first fails.
- So everybody in line either dials, or is kept from it by a limit, or by a dial that may serve everybody.
- While `multiplexes` and it is not known whether a route speaks HTTP/2, one dial at a time: it may serve everybody.
- A slot is taken by `must_dial` and given back by `dial_failed` or `discard`, never otherwise.

Connections that the pool wants closed are put into `doomed`; the driver takes them from there and closes them.
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import heapify, heappop, heappush, heapreplace
from typing import TYPE_CHECKING, Generic, TypeVar

from .closing import Closing

if TYPE_CHECKING:
    from collections.abc import Hashable

    from arke._values.config import Limits

_FOREVER = float("inf")


class Pooled:
    """What the pool keeps on a connection. Drivers' connections derive from this; only the pool writes here."""

    __slots__ = ("capacity", "closing", "expires_at", "is_pooled", "open_exchanges", "route")

    def __init__(self, route: Hashable, capacity: int = 1) -> None:
        """Begin outside of the pool; `capacity` is how many exchanges can be open at once."""
        self.route = route
        self.capacity = capacity
        self.open_exchanges = 0
        self.expires_at = _FOREVER
        self.is_pooled = False
        self.closing: Closing | None = None


C = TypeVar("C", bound=Pooled)


class Ticket(Generic[C]):
    """A place in line. Drivers derive from it, and say how its holder is woken.

    `connection` and `must_dial` are written by the pool and read by the holder.
    """

    __slots__ = ("connection", "must_dial", "number", "route")

    def __init__(self, route: Hashable) -> None:
        """Want a connection of this route."""
        self.route = route
        self.connection: C | None = None
        self.must_dial = False
        # The lower, the longer it waits; written by the pool.
        self.number = 0

    def wake(self) -> None:
        """Let the holder look again. The pool calls it, from within its own methods; it must not call the pool."""
        raise NotImplementedError


class _Route(Generic[C]):
    """One route's part of the state."""

    __slots__ = ("available", "dialing", "is_plain", "is_starved", "slots", "undialed", "waiting")

    def __init__(self) -> None:
        # Connections that can take one more exchange, most recently used last.
        self.available: dict[C, None] = {}
        # Tickets without a connection, oldest first. Why not a dict: one that is emptied from its front is slow to tell
        # its first; why not a deque: who gives up could not leave it.
        self.waiting: OrderedDict[Ticket[C], None] = OrderedDict()
        # Those of them that were not told to dial: all of them younger than those that were.
        self.undialed: OrderedDict[Ticket[C], None] = OrderedDict()
        # Connections and dials.
        self.slots = 0
        self.dialing = 0
        # Known to take one exchange at a time.
        self.is_plain = False
        # Whether it is in the pool's `_starved`.
        self.is_starved = False


class Pool(Generic[C]):
    """The connections of one client in one world."""

    def __init__(self, limits: Limits, *, multiplexes: bool = False, dials_apart: bool = True) -> None:
        """Begin empty; `dials_apart` tells that who dials can use another connection meanwhile."""
        self._max_slots = _FOREVER if limits.max_connections is None else limits.max_connections
        self._max_route_slots = (
            _FOREVER if limits.max_connections_per_origin is None else limits.max_connections_per_origin
        )
        self._max_idle = _FOREVER if limits.max_keepalive_connections is None else limits.max_keepalive_connections
        self._expiry = _FOREVER if limits.keepalive_expiry is None else limits.keepalive_expiry
        self._multiplexes = multiplexes
        self._dials_apart = dials_apart
        self._routes: dict[Hashable, _Route[C]] = {}
        # Every connection of the pool.
        self._connections: set[C] = set()
        # Idle connections of all routes, longest idle first.
        self._idle: OrderedDict[C, None] = OrderedDict()
        # Routes that nothing but the total limit keeps from dialing: a heap by the number of their first undialed
        # ticket. That may have changed since; `_first_starved` looks.
        self._starved: list[tuple[int, _Route[C]]] = []
        self._slots = 0
        self._number = 0
        # How many connections were closed, and why.
        self.closings: dict[Closing, int] = {}
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

    def ask(self, ticket: Ticket[C]) -> None:
        """Get in line; look at the ticket for what to do."""
        route = ticket.route
        self._number += 1
        ticket.number = self._number
        entry = self._routes.get(route)
        if entry is None:
            entry = self._routes[route] = _Route()
        elif entry.available:
            # It was given back after the caller's `take`, so it has not expired.
            ticket.connection = self.take(route, -_FOREVER)
            return
        entry.waiting[ticket] = None
        if self._may_dial(entry) and self._has_slot():
            self._let_dial(entry, ticket)
        else:
            entry.undialed[ticket] = None
            self._starve(entry)

    def dialed(self, ticket: Ticket[C], connection: C, now: float) -> None:
        """Take in the connection that a ticket's dial brought; give it to the ticket, or to who is first in line."""
        entry = self._routes[connection.route]
        ticket.must_dial = False
        entry.dialing -= 1
        entry.is_plain = connection.capacity == 1
        connection.is_pooled = True
        self._connections.add(connection)
        if ticket in entry.waiting:
            self._serve(entry, ticket, connection)
        self._offer(entry, connection, now)
        self._pass_on(entry)

    def dial_failed(self, ticket: Ticket[C]) -> None:
        """Give back the slot of a dial that brought nothing; somebody else may dial."""
        entry = self._routes[ticket.route]
        ticket.must_dial = False
        entry.dialing -= 1
        entry.waiting.pop(ticket, None)
        self._free_slot(ticket.route, entry)

    def release(self, connection: C, now: float) -> None:
        """Take back a connection that can carry another exchange."""
        connection.open_exchanges -= 1
        if connection.is_pooled:
            self._offer(self._routes[connection.route], connection, now)

    def discard(self, connection: C, why: Closing = Closing.FAILED) -> None:
        """Forget a connection that can not; the caller closes it, or who uses it. Twice is as good as once."""
        if not connection.is_pooled:
            return
        connection.is_pooled = False
        self._count(connection, why)
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
        connection = ticket.connection
        if connection is not None:
            ticket.connection = None
            was_discarded = not connection.is_pooled
            self.release(connection, now)
            if was_discarded and not connection.open_exchanges:
                self.doomed.append(connection)
        elif (entry := self._routes.get(ticket.route)) is not None:
            entry.waiting.pop(ticket, None)
            entry.undialed.pop(ticket, None)
            self._forget(ticket.route, entry)

    def close(self) -> list[C]:
        """Return every connection, for the driver to close, and keep none that comes back or is dialed from now on."""
        connections = list(self._connections)
        self._max_idle = -1
        for connection in connections:
            self.discard(connection, Closing.CLOSED)
        return connections

    def is_wanted(self, route: Hashable) -> bool:
        """Tell whether anybody is in line for this route."""
        entry = self._routes.get(route)
        return entry is not None and bool(entry.waiting)

    def _offer(self, entry: _Route[C], connection: C, now: float) -> None:
        """Hand out a connection that has room, or keep it."""
        waiting = entry.waiting if self._dials_apart else entry.undialed
        while connection.open_exchanges < connection.capacity:
            first = next(iter(waiting)) if waiting else None
            if first is None or (not connection.open_exchanges and self._is_overdue(first)):
                entry.available[connection] = None
                if not connection.open_exchanges:
                    self._rest(entry, connection, now)
                return
            self._serve(entry, first, connection)

    def _serve(self, entry: _Route[C], ticket: Ticket[C], connection: C) -> None:
        """Hand a connection to a ticket in line."""
        del entry.waiting[ticket]
        entry.undialed.pop(ticket, None)
        ticket.connection = connection
        connection.open_exchanges += 1
        ticket.wake()

    def _is_overdue(self, ticket: Ticket[C]) -> bool:
        """Tell whether somebody on another route waits for longer, and for any connection at all."""
        starved = self._first_starved()
        return starved is not None and next(iter(starved.undialed)).number < ticket.number

    def _rest(self, entry: _Route[C], connection: C, now: float) -> None:
        """Let a connection be idle, if it may."""
        connection.expires_at = now + self._expiry
        idle = self._idle
        idle[connection] = None
        if self._starved:
            # It makes room for them, if they are still there.
            self._pass_on(entry)
        while idle and (len(idle) > self._max_idle or now >= next(iter(idle)).expires_at):
            oldest = next(iter(idle))
            self._doom(oldest, Closing.EXPIRED if now >= oldest.expires_at else Closing.CROWDED)

    def _expire(self, entry: _Route[C], now: float) -> None:
        """Doom a route's connections that were idle for too long."""
        for connection in [each for each in entry.available if not each.open_exchanges]:
            if now >= connection.expires_at:
                self._doom(connection, Closing.EXPIRED)

    def _doom(self, connection: C, why: Closing) -> None:
        self.doomed.append(connection)
        self.discard(connection, why)

    def _count(self, connection: C, why: Closing) -> None:
        connection.closing = why
        self.closings[why] = self.closings.get(why, 0) + 1

    def _may_dial(self, entry: _Route[C]) -> bool:
        """Tell whether a route's limit, and its dials under way, allow one more connection."""
        is_probing = self._multiplexes and not entry.is_plain and entry.dialing
        return entry.slots < self._max_route_slots and not is_probing

    def _has_slot(self) -> bool:
        """Tell whether the total limit allows one more connection, where need be in the place of an idle one."""
        if self._slots >= self._max_slots and self._idle:
            self._evict()
        return self._slots < self._max_slots

    def _let_dial(self, entry: _Route[C], ticket: Ticket[C]) -> None:
        """Give a ticket the duty to dial, and a slot."""
        entry.slots += 1
        entry.dialing += 1
        self._slots += 1
        ticket.must_dial = True

    def _evict(self) -> None:
        """Close the connection that is idle for longest, and do not hand its slot to anybody."""
        connection, _ = self._idle.popitem(last=False)
        connection.is_pooled = False
        self._count(connection, Closing.EVICTED)
        entry = self._routes[connection.route]
        del entry.available[connection]
        self._connections.discard(connection)
        entry.slots -= 1
        self._slots -= 1
        self.doomed.append(connection)
        self._starve(entry)
        self._forget(connection.route, entry)

    def _free_slot(self, route: Hashable, entry: _Route[C]) -> None:
        """Count one connection or dial less, and let dial who waited for that."""
        entry.slots -= 1
        self._slots -= 1
        self._pass_on(entry)
        self._forget(route, entry)

    def _pass_on(self, entry: _Route[C]) -> None:
        """Let dial who could not, after a change in the slots or dials of a route."""
        self._starve(entry)
        while (starved := self._first_starved()) is not None and self._has_slot():
            ticket, _ = starved.undialed.popitem(last=False)
            self._let_dial(starved, ticket)
            ticket.wake()

    def _starve(self, entry: _Route[C]) -> None:
        """Note a route whose next dial nothing but the total limit may prevent."""
        if entry.is_starved or not entry.undialed or not self._may_dial(entry):
            return
        if len(self._starved) > 2 * len(self._routes):
            self._prune_starved()
        entry.is_starved = True
        heappush(self._starved, (next(iter(entry.undialed)).number, entry))

    def _first_starved(self) -> _Route[C] | None:
        """Return the route whose first undialed ticket waits longest for the total limit alone."""
        starved = self._starved
        while starved:
            number, entry = starved[0]
            if not entry.undialed or not self._may_dial(entry):
                heappop(starved)
                entry.is_starved = False
            elif (first := next(iter(entry.undialed)).number) != number:
                heapreplace(starved, (first, entry))
            else:
                return entry
        return None

    def _prune_starved(self) -> None:
        """Drop the routes that nobody waits for any more: many may give up while one waits on."""
        for _, entry in self._starved:
            entry.is_starved = bool(entry.undialed)
        self._starved = [each for each in self._starved if each[1].is_starved]
        heapify(self._starved)

    def _forget(self, route: Hashable, entry: _Route[C]) -> None:
        """Drop the entry of a route that nobody uses: a crawler meets many."""
        if not entry.slots and not entry.waiting:
            self._routes.pop(route, None)
            if entry.is_starved:
                self._first_starved()

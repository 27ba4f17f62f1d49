"""A desk at which connections are handed out: a pool, and callers who do as drivers do, one step at a time."""

from __future__ import annotations

from arke._policy.pool import Pool, Pooled, Ticket
from arke._values.config import Limits

A, B, C, D = "a", "b", "c", "d"


class Waiter(Ticket[Pooled]):
    """A ticket that notes when it is woken."""

    def __init__(self, route: str, woken: list[Ticket[Pooled]]) -> None:
        super().__init__(route)
        self._woken = woken

    def wake(self) -> None:
        self._woken.append(self)


class Desk:
    """A pool, and callers who do as drivers do, one step at a time."""

    def __init__(self, *, multiplexes: bool = False, dials_apart: bool = True, **limits: float | None) -> None:
        self.pool: Pool[Pooled] = Pool(Limits(**limits), multiplexes=multiplexes, dials_apart=dials_apart)
        self.now = 100.0
        self.woken: list[Ticket[Pooled]] = []

    def ask(self, route: str) -> Ticket[Pooled]:
        """Get in line."""
        ticket = Waiter(route, self.woken)
        self.pool.ask(ticket)
        return ticket

    def take(self, route: str) -> Pooled | None:
        return self.pool.take(route, self.now)

    def finish(self, ticket: Ticket[Pooled], capacity: int = 1) -> Pooled:
        """End a ticket's dial well."""
        assert ticket.must_dial
        connection = Pooled(ticket.route, capacity)
        self.pool.dialed(ticket, connection, self.now)
        return connection

    def open(self, route: str, capacity: int = 1) -> Pooled:
        """Have a connection in use that was dialed for it."""
        ticket = self.ask(route)
        connection = self.finish(ticket, capacity)
        assert ticket.connection is connection
        return connection

    def rest(self, route: str) -> Pooled:
        """Have an idle connection."""
        connection = self.open(route)
        self.release(connection)
        return connection

    def release(self, connection: Pooled) -> None:
        self.pool.release(connection, self.now)

    def abandon(self, ticket: Ticket[Pooled]) -> None:
        self.pool.abandon(ticket, self.now)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is left in it."""
        pool = self.pool
        return not (len(pool) or pool.connections or pool.idle_count or pool._routes or pool._starved)

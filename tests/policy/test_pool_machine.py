"""The pool under any sequence of what drivers do, against the rules that it promises, looked at after every step.

The machine stands for all callers of a driver: it takes, asks, dials as told, is told late, gives up in any state, gives
back and throws away. It keeps its own books and never looks into the pool to decide; only `the_books_agree` and
`queues_hold_who_waits_and_nobody_else` do, to compare.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arke._policy.pool import Pool, Pooled, Ticket
from arke._values.config import Limits

ROUTES = "abcd"
few = st.one_of(st.none(), st.integers(1, 4))
index = st.integers(0, 10**6)


class Place(Ticket[Pooled]):
    """A caller's ticket."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller.route)
        self.caller = caller

    def wake(self) -> None:
        self.caller.is_awake = True


class Caller:
    """One who got in line."""

    def __init__(self, route: str) -> None:
        self.route = route
        self.ticket = Place(self)
        self.is_awake = False
        self.is_dialing = False


class Callers(RuleBasedStateMachine):
    """Everybody who uses one pool."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: Pool[Pooled]
        self.now = 0.0
        # In line: neither served nor gone. In the order in which they came.
        self.line: list[Caller] = []
        # Served, but they do not know it yet.
        self.served: list[Caller] = []
        # Dials under way, also of those who were served or are gone.
        self.dials: list[Caller] = []
        # In the order in which they were opened.
        self.opened: list[Pooled] = []
        # One item per exchange.
        self.exchanges: list[Pooled] = []
        self.gone: list[Pooled] = []
        self.closed: Counter[Pooled] = Counter()
        # Routes known to take one exchange at a time; forgotten with the route.
        self.plain: set[str] = set()

    @initialize(
        total=few,
        per_origin=few,
        idle=st.one_of(st.none(), st.integers(0, 3)),
        expiry=st.one_of(st.none(), st.integers(0, 5)),
        multiplexes=st.booleans(),
    )
    def open(self, total, per_origin, idle, expiry, multiplexes):
        self.total = total
        self.per_origin = per_origin
        self.idle = idle
        self.expiry = expiry
        self.multiplexes = multiplexes
        limits = Limits(
            max_connections=total,
            max_connections_per_origin=per_origin,
            max_keepalive_connections=idle,
            keepalive_expiry=expiry,
        )
        self.pool = Pool(limits, multiplexes=multiplexes)

    # What drivers do

    @rule(route=st.sampled_from(ROUTES))
    def call(self, route):
        """Take what is there, else get in line."""
        connection = self.pool.take(route, self.now)
        self._settle()
        if connection is None:
            self.line_up(route)
            return
        assert connection.route == route
        assert connection.is_pooled
        assert connection.open_exchanges > 1 or self.now < connection.expires_at
        assert not [caller for caller in self.line if caller.route == route]
        self.exchanges.append(connection)

    @rule(route=st.sampled_from(ROUTES))
    def line_up(self, route):
        """Get in line, also where a connection has become free since the last look."""
        caller = Caller(route)
        had_room = self._has_room(route)
        self.pool.ask(caller.ticket)
        # What is so from the beginning needs no call.
        caller.is_awake = caller.ticket.must_dial or caller.ticket.connection is not None
        self.line.append(caller)
        self._settle()
        assert not had_room or caller.ticket.connection is not None

    @precondition(lambda self: self.served)
    @rule(at=index)
    def notice(self, at):
        """Begin to use what a wait has brought."""
        caller = self._pick(self.served, at)
        assert caller.is_awake
        self.exchanges.append(caller.ticket.connection)

    @precondition(lambda self: self._told())
    @rule(at=index)
    def begin_dial(self, at):
        """Do as told."""
        told = self._told()
        caller = told[at % len(told)]
        assert caller.is_awake
        caller.is_dialing = True
        caller.is_awake = caller.ticket.connection is not None

    @precondition(lambda self: self._begun())
    @rule(at=index, capacity=st.integers(1, 3))
    def dial(self, at, capacity):
        """End a dial well."""
        begun = self._begun()
        caller = begun[at % len(begun)]
        self.dials.remove(caller)
        connection = Pooled(caller.route, capacity if self.multiplexes else 1)
        caller.is_dialing = False
        before = list(self.line)
        self.pool.dialed(caller.ticket, connection, self.now)
        if connection.capacity == 1:
            self.plain.add(caller.route)
        else:
            self.plain.discard(caller.route)
        first = [caller] if caller in before else []
        self.opened.append(connection)
        self._check_order(connection, first + [each for each in before if each is not caller])
        self._settle()

    @precondition(lambda self: self._begun())
    @rule(at=index)
    def fail_dial(self, at):
        """End a dial badly; who waited for it is out of line, unless served."""
        begun = self._begun()
        caller = begun[at % len(begun)]
        self.dials.remove(caller)
        if caller in self.line:
            self.line.remove(caller)
        caller.is_dialing = False
        connection = caller.ticket.connection
        self.pool.dial_failed(caller.ticket)
        self._settle()
        assert not caller.ticket.must_dial
        assert caller.ticket.connection is connection

    @precondition(lambda self: self.line or self.served)
    @rule(at=index)
    def give_up(self, at):
        """Leave the line, as the drivers do: a dial that was not begun is given back, one that was goes on."""
        everybody = self.line + self.served
        caller = everybody[at % len(everybody)]
        (self.line if caller in self.line else self.served).remove(caller)
        if caller.ticket.must_dial and not caller.is_dialing:
            self.dials.remove(caller)
            caller.is_dialing = False
            self.pool.dial_failed(caller.ticket)
            self._settle()
        self._give_back(caller.ticket.connection, lambda: self.pool.abandon(caller.ticket, self.now))
        assert caller.ticket.connection is None
        if caller in self.dials and not self.pool.is_wanted(caller.route) and at % 2:
            self.dials.remove(caller)
            caller.is_dialing = False
            self.pool.dial_failed(caller.ticket)
            self._settle()

    @precondition(lambda self: self.exchanges)
    @rule(at=index)
    def release(self, at):
        """End an exchange; the connection can carry another, if it was not thrown away meanwhile."""
        connection = self._pick(self.exchanges, at)
        was_pooled = connection.is_pooled
        self._give_back(connection, lambda: self.pool.release(connection, self.now))
        if not was_pooled:
            self._close_if_over(connection)

    @precondition(lambda self: self.exchanges)
    @rule(at=index, times=st.integers(1, 2))
    def break_off(self, at, times):
        """End an exchange; the connection can not carry another."""
        connection = self._pick(self.exchanges, at)
        self._throw_away(connection, times)
        self.pool.release(connection, self.now)
        self._close_if_over(connection)
        self._settle()

    @precondition(lambda self: self._open())
    @rule(at=index)
    def lose(self, at):
        """Have the server close any connection, in use or not; whoever uses it will close it when they are done."""
        connections = self._open()
        connection = connections[at % len(connections)]
        self._throw_away(connection, 1)
        self._close_if_over(connection)

    @rule(seconds=st.integers(1, 6))
    def wait(self, seconds):
        self.now += seconds

    # Bookkeeping

    @staticmethod
    def _pick(things, at):
        return things.pop(at % len(things))

    def _open(self):
        return [connection for connection in self.opened if connection.is_pooled]

    def _told(self):
        return [caller for caller in self.dials if not caller.is_dialing]

    def _begun(self):
        return [caller for caller in self.dials if caller.is_dialing]

    def _throw_away(self, connection, times):
        if connection.is_pooled:
            self.gone.append(connection)
        for _ in range(times):
            self.pool.discard(connection)
        assert not connection.is_pooled
        self._settle()

    def _close_if_over(self, connection):
        if not connection.open_exchanges:
            self.closed[connection] += 1

    def _has_room(self, route):
        return any(each.route == route and each.open_exchanges < each.capacity for each in self.pool.connections)

    def _give_back(self, connection, way):
        """Check who profits: the first of its route, but nobody before one who waits longer for any connection."""
        before = list(self.line)
        claims = [each for each in self._undialed() if self._route_allows(each.route)]
        way()
        if connection is not None and connection.is_pooled:
            self._check_order(connection, before)
            lucky = [each for each in before if each.ticket.connection is connection]
            if connection.open_exchanges == len(lucky) == 1:
                assert not [each for each in claims if each.ticket.number < lucky[0].ticket.number]
        self._settle()

    def _check_order(self, connection, line):
        """Of those who could have had this connection, those who got it came first."""
        line = [caller for caller in line if caller.route == connection.route]
        has_it = [caller.ticket.connection is connection for caller in line]
        assert has_it == sorted(has_it, reverse=True)

    def _settle(self):
        """Note who was served and who was told to dial, and close what is to be closed."""
        self._check_grants()
        for caller in list(self.line):
            if caller.ticket.connection is not None:
                self.line.remove(caller)
                self.served.append(caller)
        doomed, self.pool.doomed = self.pool.doomed, []
        for connection in doomed:
            assert connection.open_exchanges == 0
            assert not connection.is_pooled
            self.closed[connection] += 1
            if connection not in self.gone:
                self.gone.append(connection)
        in_use = {each.route for each in self.pool.connections} | {each.route for each in self.dials + self.line}
        self.plain &= in_use

    def _check_grants(self):
        """Who was told to dial was told in the order in which they came, but for those whose own route forbids it."""
        granted = [caller for caller in self.line if caller.ticket.must_dial and caller not in self.dials]
        self.dials += granted
        if granted:
            youngest = max(caller.ticket.number for caller in granted)
            passed_over = [caller for caller in self._undialed() if caller.ticket.number < youngest]
            assert not [caller for caller in passed_over if self._route_allows(caller.route)]
        if self.multiplexes:
            dials = Counter(caller.route for caller in self.dials)
            assert all(dials[caller.route] == 1 for caller in granted if caller.route not in self.plain)

    def _undialed(self):
        return [each for each in self.line if each.ticket.connection is None and not each.ticket.must_dial]

    def _slots(self, route):
        connections = [each for each in self.pool.connections if each.route == route]
        return len(connections) + sum(caller.route == route for caller in self.dials)

    def _route_allows(self, route):
        is_probing = (
            self.multiplexes and route not in self.plain and any(caller.route == route for caller in self.dials)
        )
        return not is_probing and (self.per_origin is None or self._slots(route) < self.per_origin)

    def _total_allows(self):
        return self.total is None or len(self.pool) < self.total or self.pool.idle_count > 0

    # What always holds

    @invariant()
    def limits_are_kept(self):
        assert self.total is None or len(self.pool) <= self.total
        assert self.per_origin is None or all(self._slots(route) <= self.per_origin for route in ROUTES)
        assert self.idle is None or self.pool.idle_count <= self.idle

    @invariant()
    def slots_are_connections_and_dials(self):
        assert len(self.pool) == len(self.pool.connections) + len(self.dials)

    @invariant()
    def nobody_waits_without_a_reason(self):
        for caller in self.line:
            assert not self._has_room(caller.route)
            if not caller.ticket.must_dial:
                assert not (self._route_allows(caller.route) and self._total_allows())

    @invariant()
    def news_reaches_everybody(self):
        assert all(caller.is_awake for caller in self.served + self._told())

    @invariant()
    def who_came_first_dials_first(self):
        for route in ROUTES:
            told = [caller.ticket.must_dial for caller in self.line if caller.route == route]
            assert told == sorted(told, reverse=True)

    @invariant()
    def each_connection_is_in_one_state(self):
        connections = self.pool.connections
        assert not set(connections) & set(self.gone)
        users = Counter(self.exchanges + [caller.ticket.connection for caller in self.served])
        for connection in connections:
            assert connection.is_pooled
            assert connection.open_exchanges == users[connection] <= connection.capacity
        for connection in self.gone:
            assert not connection.is_pooled
            assert connection.open_exchanges == users[connection]
        assert not set(users) - set(connections) - set(self.gone)
        assert self.pool.idle_count == sum(not users[connection] for connection in connections)

    @invariant()
    def what_is_gone_is_closed_once_when_nobody_uses_it(self):
        assert self.closed == Counter(each for each in self.gone if not each.open_exchanges)

    @invariant()
    def the_books_agree(self):
        for route, entry in self.pool._routes.items():
            assert entry.slots == self._slots(route)
            assert entry.dialing == sum(caller.route == route for caller in self.dials)
            room = [c for c in self.pool.connections if c.route == route and c.open_exchanges < c.capacity]
            assert set(entry.available) == set(room)

    @invariant()
    def queues_hold_who_waits_and_nobody_else(self):
        pool = self.pool
        lines = {route: list(entry.waiting) for route, entry in pool._routes.items()}
        for route in ROUTES:
            line = [caller.ticket for caller in self.line if caller.route == route]
            assert lines.get(route, []) == line
        undialed = [ticket for entry in pool._routes.values() for ticket in entry.undialed]
        assert {id(ticket) for ticket in undialed} == {id(caller.ticket) for caller in self._undialed()}
        assert set(pool._routes) == {route for route in ROUTES if self._slots(route) or lines.get(route)}
        assert len(pool._starved) <= 2 * len(ROUTES) + 1

    def teardown(self):
        """Let everybody go home: then nothing is left."""
        if not hasattr(self, "pool"):
            return
        while self.line or self.served:
            self.give_up(0)
        while self.dials:
            self.dials[0].is_dialing = True
            self.fail_dial(0)
        while self.exchanges:
            self.release(0)
        while self.pool.connections:
            self.lose(0)
        self.what_is_gone_is_closed_once_when_nobody_uses_it()
        assert len(self.pool) == 0
        assert self.pool.idle_count == 0
        assert self.pool._routes == {}
        assert self.pool._starved == []


TestPool = Callers.TestCase
TestPool.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)

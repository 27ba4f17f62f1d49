"""What becomes of a slot, a connection and a place in line when a dial fails, a caller gives up or a connection ends."""

from __future__ import annotations

import gc
import weakref

import pytest

from arke._policy.pool import Pooled, Ticket
from policy.desk import A, B, C, Desk


class Bell(Ticket[Pooled]):
    """A ticket that can be watched going away."""

    __slots__ = ("__weakref__",)

    def wake(self) -> None:
        """Ring for nobody."""


class TestDialFailure:
    def test_the_slot_is_given_back(self):
        desk = Desk()
        ticket = desk.ask(A)
        desk.pool.dial_failed(ticket)
        assert not ticket.must_dial
        assert ticket.connection is None
        assert desk.is_empty

    def test_the_slot_goes_to_the_next_of_the_route(self):
        desk = Desk(max_connections_per_origin=1)
        first, second = desk.ask(A), desk.ask(A)
        desk.pool.dial_failed(first)
        assert second.must_dial
        assert desk.woken == [second]

    def test_the_slot_goes_to_the_next_of_all(self):
        desk = Desk(max_connections=1)
        first, second, third = desk.ask(A), desk.ask(B), desk.ask(A)
        desk.pool.dial_failed(first)
        assert second.must_dial
        assert not third.must_dial

    def test_who_failed_is_out_of_line(self):
        desk = Desk(max_connections=2)
        connection = desk.open(A)
        failed = desk.ask(A)
        desk.pool.dial_failed(failed)
        desk.release(connection)
        assert failed.connection is None
        assert desk.pool.idle_count == 1

    def test_who_was_served_meanwhile_keeps_what_he_has(self):
        desk = Desk()
        freed = desk.open(A)
        ticket = desk.ask(A)
        desk.release(freed)
        desk.pool.dial_failed(ticket)
        assert ticket.connection is freed
        assert len(desk.pool) == 1


class TestAbandon:
    def test_while_waiting(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        gone, next_one = desk.ask(A), desk.ask(A)
        desk.abandon(gone)
        desk.release(connection)
        assert gone.connection is None
        assert next_one.connection is connection

    def test_while_waiting_for_any_connection(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        gone, next_one = desk.ask(B), desk.ask(C)
        desk.abandon(gone)
        desk.pool.discard(connection)
        assert not gone.must_dial
        assert next_one.must_dial

    def test_before_its_dial_was_begun(self):
        desk = Desk(max_connections=1)
        gone, next_one = desk.ask(A), desk.ask(B)
        desk.pool.dial_failed(gone)
        desk.abandon(gone)
        assert next_one.must_dial
        desk.pool.dial_failed(next_one)
        assert desk.is_empty

    def test_while_its_dial_is_under_way(self):
        desk = Desk(max_connections_per_origin=1)
        gone, next_one = desk.ask(A), desk.ask(A)
        desk.abandon(gone)
        assert len(desk.pool) == 1
        connection = desk.finish(gone)
        assert gone.connection is None
        assert next_one.connection is connection

    def test_while_its_dial_is_under_way_and_nobody_else_waits(self):
        desk = Desk()
        gone = desk.ask(A)
        desk.abandon(gone)
        assert not desk.pool.is_wanted(A)
        connection = desk.finish(gone)
        assert desk.take(A) is connection

    def test_when_its_dial_fails_in_the_end(self):
        desk = Desk()
        gone = desk.ask(A)
        desk.abandon(gone)
        desk.pool.dial_failed(gone)
        assert desk.is_empty

    def test_when_served_but_not_yet_awake(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        gone, next_one = desk.ask(A), desk.ask(A)
        desk.release(connection)
        assert gone.connection is connection
        desk.abandon(gone)
        assert gone.connection is None
        assert next_one.connection is connection
        assert connection.open_exchanges == 1

    def test_when_served_and_nobody_else_waits(self):
        desk = Desk()
        ticket = desk.ask(A)
        connection = desk.finish(ticket)
        desk.abandon(ticket)
        assert desk.pool.idle_count == 1
        assert connection.open_exchanges == 0

    def test_when_served_with_what_was_discarded_meanwhile(self):
        desk = Desk()
        ticket = desk.ask(A)
        connection = desk.finish(ticket)
        desk.pool.discard(connection)
        desk.abandon(ticket)
        assert connection.open_exchanges == 0
        assert desk.pool.doomed == [connection]
        assert desk.is_empty

    def test_when_served_with_what_was_discarded_but_others_still_use(self):
        desk = Desk(multiplexes=True)
        using, gone = desk.ask(A), desk.ask(A)
        connection = desk.finish(using, capacity=2)
        desk.pool.discard(connection)
        desk.abandon(gone)
        assert connection.open_exchanges == 1
        assert desk.pool.doomed == []

    def test_twice(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        ticket = desk.ask(A)
        desk.release(connection)
        desk.abandon(ticket)
        desk.abandon(ticket)
        assert connection.open_exchanges == 0
        assert desk.pool.idle_count == 1

    @pytest.mark.parametrize("route", [A, B])
    def test_many_times_leaves_nothing_behind_who_waits_on(self, route):
        desk = Desk(max_connections=1)
        desk.open(A)
        patient = desk.ask(route)
        remains = []
        for _ in range(50):
            bell = Bell(route)
            remains.append(weakref.ref(bell))
            desk.pool.ask(bell)
            desk.abandon(bell)
        del bell
        gc.collect()
        assert [each for each in remains if each() is not None] == []
        assert patient.connection is None

    def test_on_many_routes_leaves_nothing_behind_who_waits_on(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        patient = desk.ask(B)
        for number in range(1000):
            desk.abandon(desk.ask(f"route {number}"))
        assert len(desk.pool._routes) == 2
        assert len(desk.pool._starved) < 50
        desk.pool.discard(connection)
        assert patient.must_dial

    def test_on_a_route_that_is_asked_for_again_much_later(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        patient = desk.ask(B)
        desk.abandon(desk.ask(A))
        for number in range(100):
            desk.abandon(desk.ask(f"route {number}"))
        waiting = desk.ask(A)
        desk.pool.discard(connection)
        assert patient.must_dial
        desk.pool.dial_failed(patient)
        assert waiting.must_dial


class TestDiscard:
    def test_a_connection_in_use(self):
        desk = Desk()
        connection = desk.open(A)
        desk.pool.discard(connection)
        assert not connection.is_pooled
        assert desk.is_empty

    def test_an_idle_connection(self):
        desk = Desk()
        desk.pool.discard(desk.rest(A))
        assert desk.is_empty
        assert desk.take(A) is None

    def test_twice_is_as_good_as_once(self):
        desk = Desk(max_connections=2)
        first, second = desk.open(A), desk.open(A)
        desk.pool.discard(first)
        desk.pool.discard(first)
        assert len(desk.pool) == 1
        assert desk.pool.connections == [second]

    def test_the_caller_closes_it(self):
        desk = Desk()
        desk.pool.discard(desk.open(A))
        assert desk.pool.doomed == []

    def test_what_was_discarded_does_not_come_back(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        desk.pool.discard(connection)
        desk.release(connection)
        assert connection.open_exchanges == 0
        assert desk.is_empty
        assert desk.take(A) is None

    def test_lets_dial_who_waits_for_the_route(self):
        desk = Desk(max_connections_per_origin=1)
        connection = desk.open(A)
        first, second = desk.ask(A), desk.ask(A)
        desk.pool.discard(connection)
        assert first.must_dial
        assert not second.must_dial
        assert desk.woken[-1] is first


class TestRoutes:
    def test_a_crawler_leaves_nothing_behind(self):
        desk = Desk(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
        for number in range(10_000):
            desk.rest(f"route {number}")
            desk.now += 0.01
            desk.pool.doomed.clear()
        assert len(desk.pool._routes) == len(desk.pool) == 20
        for connection in desk.pool.connections:
            desk.pool.discard(connection)
        assert desk.is_empty

    def test_a_crawler_that_reaches_nobody_leaves_nothing_behind(self):
        desk = Desk(max_connections=10)
        for number in range(10_000):
            desk.pool.dial_failed(desk.ask(f"route {number}"))
        assert desk.is_empty

    def test_a_route_is_wanted_while_somebody_waits_for_it(self):
        desk = Desk(max_connections=1)
        assert not desk.pool.is_wanted(A)
        connection = desk.open(A)
        assert not desk.pool.is_wanted(A)
        ticket = desk.ask(A)
        assert desk.pool.is_wanted(A)
        desk.release(connection)
        assert ticket.connection is connection
        assert not desk.pool.is_wanted(A)

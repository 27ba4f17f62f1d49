"""Who gets which connection: each rule of the pool by example. How one leaves it is in `test_pool_leaving.py`."""

from __future__ import annotations

import pytest

from policy.desk import A, B, C, D, Desk


class TestReuse:
    def test_the_first_request_dials(self):
        desk = Desk()
        assert desk.take(A) is None
        ticket = desk.ask(A)
        assert ticket.must_dial
        assert ticket.connection is None
        assert len(desk.pool) == 1

    def test_a_dialed_connection_is_the_dialers(self):
        desk = Desk()
        ticket = desk.ask(A)
        connection = desk.finish(ticket)
        assert ticket.connection is connection
        assert not ticket.must_dial
        assert desk.woken == [ticket]
        assert connection.is_pooled
        assert connection.open_exchanges == 1

    def test_a_connection_that_was_given_back_is_taken_again(self):
        desk = Desk()
        connection = desk.rest(A)
        assert desk.pool.idle_count == 1
        assert desk.take(A) is connection
        assert desk.pool.idle_count == 0
        assert desk.take(A) is None

    def test_a_connection_serves_its_own_route_alone(self):
        desk = Desk()
        desk.rest(A)
        assert desk.take(B) is None
        assert desk.ask(B).must_dial

    def test_the_most_recently_used_is_taken_first(self):
        desk = Desk()
        first, second = desk.open(A), desk.open(A)
        desk.release(second)
        desk.release(first)
        assert desk.take(A) is first
        assert desk.take(A) is second

    def test_who_asks_while_a_connection_is_free_has_it(self):
        # Between a caller's `take` and its `ask`, another thread may have given one back.
        desk = Desk(max_connections_per_origin=1)
        connection = desk.open(A)
        assert desk.take(A) is None
        desk.release(connection)
        ticket = desk.ask(A)
        assert ticket.connection is connection
        assert not ticket.must_dial
        assert desk.pool.idle_count == 0
        assert connection.open_exchanges == 1
        desk.release(connection)
        assert desk.take(A) is connection


class TestExpiry:
    def test_a_connection_that_was_idle_for_too_long_is_not_taken(self):
        desk = Desk(keepalive_expiry=5.0)
        connection = desk.rest(A)
        desk.now += 5.0
        assert desk.take(A) is None
        assert desk.pool.doomed == [connection]
        assert not connection.is_pooled
        desk.pool.doomed.clear()
        assert desk.is_empty

    def test_a_connection_is_taken_until_it_expires(self):
        desk = Desk(keepalive_expiry=5.0)
        connection = desk.rest(A)
        desk.now += 4.99
        assert desk.take(A) is connection

    def test_each_use_begins_the_time_anew(self):
        desk = Desk(keepalive_expiry=5.0)
        connection = desk.rest(A)
        for _ in range(5):
            desk.now += 4.0
            assert desk.take(A) is connection
            desk.release(connection)

    def test_when_the_last_used_has_expired_all_have(self):
        desk = Desk(keepalive_expiry=5.0)
        connections = [desk.open(A) for _ in range(3)]
        for connection in connections:
            desk.release(connection)
        desk.now += 5.0
        assert desk.take(A) is None
        assert sorted(map(id, desk.pool.doomed)) == sorted(map(id, connections))
        assert len(desk.pool) == 0

    def test_expired_connections_of_other_routes_go_when_one_comes_to_rest(self):
        desk = Desk(keepalive_expiry=5.0)
        old = desk.rest(A)
        busy = desk.open(B)
        desk.now += 5.0
        desk.release(busy)
        assert desk.pool.doomed == [old]
        assert desk.pool.connections == [busy]

    def test_without_an_expiry_connections_last(self):
        desk = Desk(keepalive_expiry=None)
        connection = desk.rest(A)
        desk.now += 1e9
        assert desk.take(A) is connection

    def test_an_expiry_of_zero_keeps_nothing(self):
        desk = Desk(keepalive_expiry=0)
        connection = desk.rest(A)
        assert desk.pool.doomed == [connection]
        assert desk.is_empty


class TestMaxIdle:
    def test_the_longest_idle_is_closed(self):
        desk = Desk(max_keepalive_connections=2)
        connections = [desk.open(route) for route in (A, B, C)]
        for connection in connections:
            desk.release(connection)
        assert desk.pool.doomed == connections[:1]
        assert desk.pool.idle_count == 2

    def test_none_is_kept_where_none_may_be(self):
        desk = Desk(max_keepalive_connections=0)
        connection = desk.rest(A)
        assert desk.pool.doomed == [connection]
        assert desk.is_empty

    def test_it_does_not_matter_to_who_waits(self):
        desk = Desk(max_keepalive_connections=0, max_connections=1)
        connection = desk.open(A)
        ticket = desk.ask(A)
        desk.release(connection)
        assert ticket.connection is connection
        assert desk.pool.doomed == []


class TestLimits:
    def test_in_all(self):
        desk = Desk(max_connections=2)
        desk.open(A), desk.open(B)
        ticket = desk.ask(C)
        assert not ticket.must_dial
        assert len(desk.pool) == 2

    def test_per_origin(self):
        desk = Desk(max_connections_per_origin=1)
        desk.open(A)
        assert not desk.ask(A).must_dial
        assert desk.ask(B).must_dial

    def test_a_dial_counts(self):
        desk = Desk(max_connections=1)
        assert desk.ask(A).must_dial
        assert not desk.ask(A).must_dial
        assert not desk.ask(B).must_dial

    def test_none_may_be_opened(self):
        desk = Desk(max_connections=0)
        ticket = desk.ask(A)
        assert not ticket.must_dial
        desk.abandon(ticket)
        assert desk.is_empty

    def test_a_slot_that_is_given_back_goes_to_who_waits(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        ticket = desk.ask(B)
        desk.pool.discard(connection)
        assert ticket.must_dial
        assert desk.woken[-1] is ticket
        assert len(desk.pool) == 1

    def test_the_longest_idle_makes_room_for_another_route(self):
        desk = Desk(max_connections=2)
        first, second = desk.rest(A), desk.rest(B)
        ticket = desk.ask(C)
        assert ticket.must_dial
        assert desk.pool.doomed == [first]
        assert not first.is_pooled
        assert desk.pool.connections == [second]
        assert len(desk.pool) == 2
        assert desk.take(A) is None

    def test_no_idle_connection_of_the_same_route_makes_room_for_it(self):
        desk = Desk(max_connections_per_origin=1)
        desk.rest(B)
        desk.open(A)
        assert not desk.ask(A).must_dial
        assert desk.pool.doomed == []


class TestOrderWithinARoute:
    def test_first_come_first_served(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        tickets = [desk.ask(A) for _ in range(3)]
        for ticket in tickets:
            desk.release(connection)
            assert ticket.connection is connection
            assert desk.woken[-1] is ticket
        assert connection.open_exchanges == 1

    def test_nobody_overtakes_who_waits(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        waiting = desk.ask(A)
        assert desk.take(A) is None
        desk.release(connection)
        assert desk.take(A) is None
        assert waiting.connection is connection

    def test_a_freed_connection_serves_who_is_dialing(self):
        desk = Desk()
        freed = desk.open(A)
        ticket = desk.ask(A)
        desk.release(freed)
        assert ticket.connection is freed
        assert ticket.must_dial

    def test_a_connection_whose_dialer_was_served_goes_to_the_next(self):
        desk = Desk(max_connections_per_origin=2)
        freed = desk.open(A)
        served, waiting = desk.ask(A), desk.ask(A)
        desk.release(freed)
        dialed = desk.finish(served)
        assert served.connection is freed
        assert waiting.connection is dialed

    def test_a_connection_whose_dialer_was_served_is_idle_when_nobody_waits(self):
        desk = Desk()
        freed = desk.open(A)
        served = desk.ask(A)
        desk.release(freed)
        dialed = desk.finish(served)
        assert dialed.open_exchanges == 0
        assert desk.pool.idle_count == 1
        assert desk.take(A) is dialed

    def test_who_dials_has_what_he_dialed(self):
        desk = Desk()
        slow, quick = desk.ask(A), desk.ask(A)
        connection = desk.finish(quick)
        assert quick.connection is connection
        assert slow.connection is None

    def test_nobody_depends_on_the_dial_of_another(self):
        # Were the quick one's connection given to who came first, its own hope would end with the slow one's dial.
        desk = Desk()
        slow, quick = desk.ask(A), desk.ask(A)
        desk.finish(quick)
        desk.pool.dial_failed(slow)
        assert quick.connection is not None


class TestOrderAcrossRoutes:
    def test_who_waits_longest_for_any_connection_is_served_first(self):
        desk = Desk(max_connections=2)
        first, second = desk.open(A), desk.open(B)
        tickets = [desk.ask(C), desk.ask(A), desk.ask(B)]
        desk.pool.discard(second)
        assert [ticket.must_dial for ticket in tickets] == [True, False, False]
        desk.pool.discard(first)
        assert [ticket.must_dial for ticket in tickets] == [True, True, False]

    @pytest.mark.parametrize("per_origin", [None, 1])
    def test_a_freed_connection_is_closed_for_who_waits_longer_elsewhere(self, per_origin):
        desk = Desk(max_connections=1, max_connections_per_origin=per_origin)
        connection = desk.open(A)
        elsewhere, here = desk.ask(B), desk.ask(A)
        desk.release(connection)
        assert desk.pool.doomed == [connection]
        assert elsewhere.must_dial
        assert not here.must_dial
        desk.release(desk.finish(elsewhere))
        assert here.must_dial

    def test_a_freed_connection_is_not_closed_for_who_came_later(self):
        desk = Desk(max_connections=1)
        connection = desk.open(A)
        here, elsewhere = desk.ask(A), desk.ask(B)
        desk.release(connection)
        assert here.connection is connection
        assert not elsewhere.must_dial
        desk.release(connection)
        assert elsewhere.must_dial
        assert desk.pool.doomed == [connection]

    def test_who_waits_for_the_route_s_limit_has_no_claim_on_others(self):
        # Both of A wait for any connection; once one of them dials, A's own limit holds the other.
        desk = Desk(max_connections=2, max_connections_per_origin=1)
        b, c = desk.open(B), desk.open(C)
        first, second, of_c = desk.ask(A), desk.ask(A), desk.ask(C)
        desk.pool.discard(b)
        assert first.must_dial
        desk.release(c)
        assert of_c.connection is c
        assert desk.pool.doomed == []
        assert not second.must_dial

    def test_a_warm_connection_is_not_closed_for_who_may_not_dial(self):
        desk = Desk(max_connections=2, max_connections_per_origin=1)
        b, c = desk.open(B), desk.open(C)
        first, second = desk.ask(A), desk.ask(A)
        desk.pool.discard(b)
        desk.release(c)
        assert first.must_dial
        assert not second.must_dial
        assert desk.pool.doomed == []
        assert desk.take(C) is c

    def test_age_counts_also_after_a_wait_for_the_route(self):
        desk = Desk(max_connections=2, max_connections_per_origin=1)
        a, b = desk.open(A), desk.open(B)
        first = desk.ask(C)
        of_a = desk.ask(A)
        last = desk.ask(D)
        desk.pool.discard(a)
        assert first.must_dial
        desk.pool.discard(b)
        assert of_a.must_dial
        assert not last.must_dial

    def test_a_route_that_had_its_turn_is_as_old_as_its_next(self):
        desk = Desk(max_connections=1)
        connection = desk.open(D)
        tickets = [desk.ask(route) for route in (A, B, A, C)]
        desk.pool.discard(connection)
        for position, ticket in enumerate(tickets):
            assert [each.must_dial for each in tickets[position:]] == [True] + [False] * (3 - position)
            desk.pool.dial_failed(ticket)
        assert desk.is_empty

    def test_a_slot_is_not_lost_with_who_gives_up(self):
        # The slot of `a` goes elsewhere, so all of A wait for the total limit from then on, not the first of them alone.
        desk = Desk(max_connections=2, max_connections_per_origin=1)
        a, b = desk.open(A), desk.open(B)
        elsewhere = desk.ask(C)
        first, second = desk.ask(A), desk.ask(A)
        desk.pool.discard(a)
        assert elsewhere.must_dial
        desk.abandon(first)
        desk.pool.discard(b)
        assert second.must_dial


class TestMultiplexing:
    def test_one_dial_until_the_protocol_is_known(self):
        desk = Desk(multiplexes=True)
        tickets = [desk.ask(A) for _ in range(3)]
        assert [ticket.must_dial for ticket in tickets] == [True, False, False]
        assert desk.ask(B).must_dial

    def test_one_connection_serves_all(self):
        desk = Desk(multiplexes=True)
        tickets = [desk.ask(A) for _ in range(3)]
        connection = desk.finish(tickets[0], capacity=100)
        assert [ticket.connection for ticket in tickets] == [connection] * 3
        assert connection.open_exchanges == 3
        assert len(desk.pool) == 1
        assert desk.take(A) is connection
        assert desk.pool.idle_count == 0

    def test_up_to_its_capacity(self):
        desk = Desk(multiplexes=True)
        connection = desk.open(A, capacity=2)
        assert desk.take(A) is connection
        assert desk.take(A) is None
        desk.release(connection)
        assert connection.open_exchanges == 1
        assert desk.take(A) is connection
        assert desk.ask(A).must_dial

    def test_who_does_not_fit_dials_next_one_at_a_time(self):
        desk = Desk(multiplexes=True)
        tickets = [desk.ask(A) for _ in range(5)]
        first = desk.finish(tickets[0], capacity=2)
        assert [ticket.connection for ticket in tickets[:3]] == [first, first, None]
        assert [ticket.must_dial for ticket in tickets[2:]] == [True, False, False]
        second = desk.finish(tickets[2], capacity=2)
        assert [ticket.connection for ticket in tickets[2:]] == [second, second, None]
        assert tickets[4].must_dial

    def test_capacity_one_after_all(self):
        desk = Desk(multiplexes=True)
        tickets = [desk.ask(A) for _ in range(4)]
        connection = desk.finish(tickets[0])
        assert tickets[0].connection is connection
        assert [ticket.must_dial for ticket in tickets[1:]] == [True, True, True]
        assert desk.ask(A).must_dial

    def test_capacity_one_after_all_within_the_limits(self):
        desk = Desk(multiplexes=True, max_connections_per_origin=2)
        tickets = [desk.ask(A) for _ in range(4)]
        desk.finish(tickets[0])
        assert [ticket.must_dial for ticket in tickets[1:]] == [True, False, False]

    def test_capacity_one_after_all_takes_the_place_of_idle_ones(self):
        desk = Desk(multiplexes=True, max_connections=2)
        idle = desk.rest(B)
        first, second = desk.ask(A), desk.ask(A)
        desk.finish(first)
        assert second.must_dial
        assert desk.pool.doomed == [idle]
        assert len(desk.pool) == 2

    def test_the_next_dials_when_the_first_failed(self):
        desk = Desk(multiplexes=True)
        first, second, third = (desk.ask(A) for _ in range(3))
        desk.pool.dial_failed(first)
        assert second.must_dial
        assert not third.must_dial

    def test_a_released_stream_serves_the_next(self):
        desk = Desk(multiplexes=True, max_connections=1)
        connection = desk.open(A, capacity=2)
        assert desk.take(A) is connection
        waiting = desk.ask(A)
        desk.release(connection)
        assert waiting.connection is connection
        assert connection.open_exchanges == 2

    def test_a_connection_is_idle_when_its_last_exchange_is_over(self):
        desk = Desk(multiplexes=True, keepalive_expiry=5.0)
        connection = desk.open(A, capacity=2)
        desk.take(A)
        desk.release(connection)
        assert desk.pool.idle_count == 0
        desk.now += 60.0
        assert desk.take(A) is connection
        desk.release(connection)
        desk.release(connection)
        assert desk.pool.idle_count == 1
        desk.now += 5.0
        assert desk.take(A) is None
        assert desk.pool.doomed == [connection]

    def test_a_connection_with_exchanges_is_not_evicted(self):
        desk = Desk(multiplexes=True, max_connections=1)
        connection = desk.open(A, capacity=2)
        waiting = desk.ask(B)
        assert not waiting.must_dial
        desk.release(connection)
        assert waiting.must_dial
        assert desk.pool.doomed == [connection]

    def test_a_discarded_one_ends_each_of_its_exchanges(self):
        desk = Desk(multiplexes=True)
        connection = desk.open(A, capacity=3)
        desk.take(A)
        desk.pool.discard(connection)
        desk.release(connection)
        desk.release(connection)
        assert connection.open_exchanges == 0
        assert desk.is_empty


class TestDialsThatAreNotApart:
    def test_a_freed_connection_goes_past_who_dials_to_who_waits(self):
        desk = Desk(dials_apart=False, max_connections=2)
        used = desk.open(A)
        dialing, waiting = desk.ask(A), desk.ask(A)
        desk.release(used)
        assert dialing.connection is None
        assert waiting.connection is used

    def test_a_freed_connection_rests_when_everybody_in_line_dials(self):
        desk = Desk(dials_apart=False)
        used = desk.open(A)
        dialing = desk.ask(A)
        desk.release(used)
        assert dialing.connection is None
        assert desk.take(A) is used
        assert dialing.connection is None


class TestClosing:
    def test_a_connection_in_use_is_forgotten_at_once(self):
        desk = Desk()
        used = desk.open(A)
        assert desk.pool.close() == [used]
        assert len(desk.pool) == 0

    def test_a_connection_dialed_after_the_close_is_not_kept(self):
        desk = Desk()
        ticket = desk.ask(A)
        desk.pool.close()
        connection = desk.finish(ticket)
        desk.release(connection)
        assert desk.pool.doomed == [connection]
        assert desk.is_empty

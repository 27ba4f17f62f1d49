"""In which order, and when, the addresses of a host are tried."""

from __future__ import annotations

import itertools
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._policy.dialing import Address, DialSettings, Race, interleave, stagger

IPV4, IPV6, OTHER = 2, 10, 1


def v4(number: int) -> Address:
    return (IPV4, (f"192.0.2.{number}", 80))


def v6(number: int) -> Address:
    return (IPV6, (f"2001:db8::{number}", 80, 0, 0))


addresses = st.lists(st.tuples(st.sampled_from([IPV4, IPV6]), st.integers(0, 99)), unique=True, max_size=8)


class TestOrder:
    def test_the_families_alternate_beginning_with_the_first(self):
        given_order = [v6(1), v6(2), v6(3), v4(1), v4(2)]
        assert interleave(given_order) == [v6(1), v4(1), v6(2), v4(2), v6(3)]

    def test_the_resolver_decides_which_family_is_first(self):
        assert interleave([v4(1), v6(1), v6(2)]) == [v4(1), v6(1), v6(2)]

    def test_one_family_keeps_its_order(self):
        assert interleave([v4(3), v4(1), v4(2)]) == [v4(3), v4(1), v4(2)]

    def test_nothing_gives_nothing(self):
        assert interleave([]) == []

    @given(addresses)
    def test_none_is_lost_and_each_family_keeps_its_order(self, given_order):
        order = interleave(given_order)
        assert sorted(order) == sorted(given_order)
        for family in (IPV4, IPV6):
            assert [each for each in order if each[0] == family] == [each for each in given_order if each[0] == family]

    @given(addresses)
    def test_no_family_comes_twice_in_a_row_while_the_other_has_some_left(self, given_order):
        order = interleave(given_order)
        for position, (one, other) in enumerate(itertools.pairwise(order)):
            assert one[0] != other[0] or len({each[0] for each in order[position + 1 :]}) == 1


class TestStagger:
    def test_the_first_is_tried_at_once(self):
        assert Race([v6(1), v4(1)]).next_address(100.0) == v6(1)

    def test_the_next_is_tried_when_the_first_takes_long(self):
        race = Race([v6(1), v4(1)])
        race.next_address(100.0)
        assert race.next_address(100.0) is None
        assert race.pause(100.0) == pytest.approx(stagger)
        assert race.pause(100.1) == pytest.approx(stagger - 0.1)
        assert race.next_address(100.0 + stagger) == v4(1)

    def test_the_pause_is_never_negative(self):
        race = Race([v6(1), v4(1)])
        race.next_address(100.0)
        assert race.pause(200.0) == 0.0

    def test_there_is_no_pause_when_nothing_is_left_to_start(self):
        race = Race([v4(1)])
        race.next_address(100.0)
        assert race.pause(100.0) is None

    def test_each_attempt_begins_the_pause_anew(self):
        race = Race([v4(1), v4(2), v4(3)])
        race.next_address(100.0)
        race.next_address(101.0)
        assert race.next_address(101.0) is None
        assert race.next_address(101.0 + stagger) == v4(3)


class TestFailure:
    def test_the_next_need_not_wait_for_what_has_failed(self):
        race = Race([v6(1), v4(1)])
        race.next_address(100.0)
        race.failed(OSError("refused"))
        assert race.pause(100.0) == 0.0
        assert race.next_address(100.0) == v4(1)

    def test_a_failure_lets_the_next_start_beside_what_is_in_flight(self):
        race = Race([v4(1), v4(2), v4(3)])
        race.next_address(100.0)
        race.next_address(100.0 + stagger)
        race.failed(OSError("refused"))
        assert race.next_address(100.0 + stagger) == v4(3)

    def test_the_race_goes_on_while_an_attempt_is_in_flight(self):
        race = Race([v4(1), v4(2)])
        race.next_address(100.0)
        race.next_address(101.0)
        race.failed(OSError("refused"))
        assert not race.is_lost
        race.failed(OSError("unreachable"))
        assert race.is_lost

    def test_the_first_failure_is_told(self):
        race = Race([v4(1), v4(2)])
        for message in ("refused", "unreachable"):
            race.next_address(100.0)
            race.failed(OSError(message))
        assert str(race.error) == "refused"
        assert [str(exc) for exc in race.errors] == ["refused", "unreachable"]

    def test_a_name_without_addresses_is_lost_from_the_beginning(self):
        race = Race([])
        assert race.is_lost
        assert race.next_address(100.0) is None
        assert race.pause(100.0) is None
        assert str(race.error) == "the name has no address"

    @given(addresses, st.data())
    def test_every_address_is_tried_once_however_the_attempts_end(self, given_order, data):
        race, now, tried, in_flight = Race(given_order), 0.0, [], 0
        while not race.is_lost:
            address = race.next_address(now)
            if address is not None:
                tried.append(address)
                in_flight += 1
            elif in_flight and (race.pause(now) is None or data.draw(st.booleans())):
                race.failed(OSError())
                in_flight -= 1
            else:
                now += race.pause(now)
        assert tried == interleave(given_order)
        assert len(race.errors) == len(tried)


class TestSettings:
    def test_of_their_own_accord(self):
        settings = DialSettings()
        assert settings.verify is True
        assert settings.trust_env
        assert settings.alpn == ("http/1.1",)
        assert settings.retries == 0
        assert settings.socket_options == []

    def test_options_given_once_last(self):
        settings = DialSettings(socket_options=iter([(6, 1, 1)]))
        assert list(settings.socket_options) == list(settings.socket_options) == [(6, 1, 1)]


class TestWhatCannotBeMeant:
    @pytest.mark.parametrize("verify", [None, 1.5, object()])
    def test_what_cannot_verify_is_refused(self, verify):
        with pytest.raises(TypeError, match="verify must be"):
            DialSettings(verify=verify)

    def test_a_certificate_does_not_go_with_a_context_of_the_caller_s(self):
        with pytest.raises(TypeError, match="load_cert_chain"):
            DialSettings(verify=ssl.create_default_context(), cert="client.pem")

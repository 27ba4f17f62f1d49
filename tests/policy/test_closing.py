"""Why connections are closed is counted, and logged without being asked twice."""

from __future__ import annotations

import logging

import pytest

from arke._policy.closing import Closing, note_closing
from policy.desk import A, B, Desk


@pytest.mark.parametrize(
    ("limits", "why"),
    [({"max_keepalive_connections": 0}, Closing.CROWDED), ({"keepalive_expiry": 0.0}, Closing.EXPIRED)],
)
def test_a_connection_that_may_not_rest(limits, why):
    desk = Desk(**limits)
    desk.rest(A)
    assert desk.pool.closings == {why: 1}
    assert [connection.closing for connection in desk.pool.doomed] == [why]


def test_a_connection_that_made_room():
    desk = Desk(max_connections=1)
    desk.rest(A)
    desk.open(B)
    assert desk.pool.closings == {Closing.EVICTED: 1}


def test_a_connection_that_expired_while_nobody_looked():
    desk = Desk(keepalive_expiry=5.0)
    desk.rest(A)
    desk.now += 6
    assert desk.take(A) is None
    assert desk.pool.closings == {Closing.EXPIRED: 1}


def test_a_connection_that_was_thrown_away_is_counted_once():
    desk = Desk()
    connection = desk.open(A)
    desk.pool.discard(connection, Closing.STALE)
    desk.pool.discard(connection)
    assert desk.pool.closings == {Closing.STALE: 1}


def test_the_client_s_end():
    desk = Desk()
    desk.open(A)
    desk.rest(B)
    desk.pool.close()
    assert desk.pool.closings == {Closing.CLOSED: 2}


def test_the_log_says_which_and_why(caplog):
    desk = Desk()
    connection = desk.open(A)
    desk.pool.discard(connection, Closing.STALE)
    with caplog.at_level(logging.DEBUG, logger="arke.pool"):
        note_closing(connection)
    assert caplog.messages == [f"closing the connection to a: {Closing.STALE.value}"]

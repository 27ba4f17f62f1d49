"""Waiting in line under asyncio, where a dial runs apart from who began it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

import arke
from arke._drivers.asyncio import Driver
from arke._policy.call import Call
from arke._policy.dialing import DialSettings
from arke._policy.pool import Pooled, Ticket

CALL = Call(arke.Request("GET", "http://127.0.0.1:1/"), 0.0)


class Elsewhere(Ticket):
    """Somebody else's place in line."""

    def wake(self) -> None:
        """Not told."""


class Connection(Pooled):
    """A fresh connection, as far as a wait looks at it."""

    __slots__ = ("engine",)

    def __init__(self) -> None:
        super().__init__(CALL.route)
        self.engine = SimpleNamespace(head=None)


@pytest.mark.asyncio
async def test_a_wait_that_is_served_gives_back_a_dial_it_had_not_begun():
    driver = Driver(DialSettings(), arke.Limits(max_connections=2))
    pool = driver._pool
    first, second = Elsewhere(CALL.route), Elsewhere(CALL.route)
    pool.ask(first)
    pool.ask(second)
    pool.abandon(second, 0.0)
    wait = asyncio.create_task(driver._wait(CALL))
    await asyncio.sleep(0)
    connection = Connection()
    pool.dial_failed(first)
    pool.dialed(second, connection, 0.0)
    served: object = await wait
    assert served is connection
    assert len(pool) == 1
    pool.discard(connection)
    await driver.aclose()

"""When a connection is used again, when it is not, and what happens when it died meanwhile."""

from __future__ import annotations

import threading
import time

import pytest

import arke
from support.scripted import ScriptedServer, close, cut, expect, forever, half_close, reply, reset, send, stall
from support.wire import ok


async def test_one_connection_carries_many_requests(world, origin):
    with origin.server([[forever(reply(ok(b"ok")))]]) as server:
        async with world.open() as door:
            for _ in range(20):
                assert (await door.get(server.url)).content == b"ok"
    assert len(server.connections) == 1
    assert len(server.requests) == 20


async def test_closing_the_client_closes_its_connections(world, origin):
    with origin.server([[forever(reply(ok()))]]) as server:
        async with world.open() as door:
            await door.get(server.url)
        await world.wait(server.connection().client_closed)


async def test_a_streamed_response_read_to_its_end_leaves_the_connection(world):
    with ScriptedServer([[reply(ok(b"one")), reply(ok(b"two"))]]) as server:
        async with world.open() as door:
            async with door.stream("GET", server.url) as got:
                assert await door.read(got) == b"one"
            assert (await door.get(server.url)).content == b"two"
    assert len(server.connections) == 1


async def test_a_streamed_response_left_unread_costs_the_connection_and_no_more(world):
    with ScriptedServer([[reply(ok(b"x" * 10_000_000))], [reply(ok(b"two"))]]) as server:
        async with world.open(limits=arke.Limits(max_connections=1)) as door:
            async with door.stream("GET", server.url) as got:
                assert got.status_code == 200
            assert (await door.get(server.url)).content == b"two"


async def test_different_origins_do_not_share_a_connection(world):
    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            await door.get(f"http://127.0.0.1:{server.port}/")
            await door.get(f"http://localhost:{server.port}/")
            await door.get(f"http://LOCALHOST:{server.port}/")
    assert [len(connection.requests) for connection in server.connections] == [1, 2]


@pytest.mark.parametrize("limits", [{"max_keepalive_connections": 0}, {"keepalive_expiry": 0.0}])
async def test_no_connection_is_kept_when_the_limits_say_so(world, limits):
    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        async with world.open(limits=arke.Limits(**limits)) as door:
            for _ in range(3):
                await door.get(server.url)
    assert len(server.connections) == 3


@pytest.mark.parametrize("ending", [close, cut, half_close, reset])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_idle_connection_that_the_server_closed_is_not_used(world, origin, method, ending):
    def tell(connection):
        connection.closed.set()

    with origin.server([[reply(ok(b"one")), ending(), tell], [reply(ok(b"two"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"one"
            await world.wait(server.connection().closed)
            got = await door.request(method, server.url, content=world.body([b"cannot be replayed"]))
            assert got.content == b"two"
    assert [len(connection.requests) for connection in server.connections] == [1, 1]


DEATHS = {"close": close, "cut": cut, "reset": reset}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
async def test_an_idempotent_request_whose_reused_connection_dies_is_sent_once_more(world, method, death):
    with ScriptedServer([[reply(ok(b"one")), expect(), DEATHS[death]()], [reply(ok(b""))]]) as server:
        async with world.open() as door:
            await door.get(server.url)
            content = b"replayable" if method == "PUT" else None
            got = await door.request(method, server.url, content=content)
    assert got.status_code == 200
    assert [request.method for request in server.requests] == ["GET", method, method]
    assert server.requests[2].body == server.requests[1].body


async def test_over_tls_too(world, origin):
    with origin.server([[reply(ok(b"one")), expect(), cut()], [reply(ok(b"two"))]]) as server:
        async with world.open() as door:
            await door.get(server.url)
            assert (await door.get(server.url)).content == b"two"


LOST = (arke.ReadError, arke.RemoteProtocolError, arke.WriteError)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_request_that_is_not_idempotent_is_sent_once(world, method):
    with ScriptedServer([[reply(ok(b"one")), expect(), cut()]], every=[forever(reply(ok(b"next")))]) as server:
        async with world.open() as door:
            await door.get(server.url)
            with pytest.raises(LOST):
                await door.request(method, server.url, content=b"once")
            assert (await door.get(server.url)).content == b"next"
    assert [request.method for request in server.requests] == ["GET", method, "GET"]


async def test_a_body_that_cannot_be_replayed_is_sent_once(world):
    with ScriptedServer([[reply(ok(b"one")), expect(), cut()]], every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            await door.get(server.url)
            with pytest.raises((*LOST, arke.StreamConsumed)):
                await door.put(server.url, content=world.body([b"once"]))
    assert [request.method for request in server.requests] == ["GET", "PUT"]


async def test_a_request_on_a_fresh_connection_is_sent_once(world):
    with ScriptedServer([[expect(), cut()]], every=[forever(reply(ok(b"next")))]) as server:
        async with world.open() as door:
            with pytest.raises(LOST):
                await door.get(server.url)
    assert len(server.requests) == 1


async def test_a_request_is_sent_no_more_than_once_more(world):
    with ScriptedServer([[reply(ok(b"one")), expect(), cut()], [expect(), cut()]], every=[reply(ok())]) as server:
        async with world.open() as door:
            await door.get(server.url)
            with pytest.raises(LOST):
                await door.get(server.url)
    assert len(server.requests) == 3


async def test_a_request_is_not_sent_again_once_the_response_began(world):
    script = [reply(ok(b"one")), expect(), send(b"H"), cut()]
    with ScriptedServer([script], every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            await door.get(server.url)
            with pytest.raises(LOST):
                await door.get(server.url)
    assert len(server.requests) == 2


async def test_several_idle_connections_that_died_are_all_passed_over(world):
    together = threading.Barrier(3)

    def meet(connection):
        together.wait(5)

    with ScriptedServer([[expect(), meet, send(ok()), cut()]] * 3, every=[forever(reply(ok(b"next")))]) as server:
        async with world.open() as door:
            await world.gather(*[lambda: door.get(server.url)] * 3)
            for connection in server.connections:
                await world.wait(connection.closed)
            for _ in range(3):
                assert (await door.post(server.url, content=b"x")).content == b"next"
    assert len(server.connections) == 4


async def test_a_server_that_closes_after_each_response_without_a_word_costs_no_request(world):
    with ScriptedServer(every=[reply(ok(b"ok")), cut()]) as server:
        async with world.open(limits=arke.Limits(max_connections=5), timeout=20.0) as door:

            async def one_after_another():
                return [(await door.get(server.url)).content for _ in range(20)]

            results = await world.gather(*[one_after_another] * 5)
    assert results == [[b"ok"] * 20] * 5


async def test_a_request_that_timed_out_on_a_reused_connection_is_not_sent_again(world):
    # The server may be acting on it; and the caller's limit would be stretched to twice its length.
    with ScriptedServer([[reply(ok(b"one")), expect(), stall()]], every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            await door.get(server.url)
            with pytest.raises(arke.ReadTimeout):
                await door.put(server.url, content=b"x", timeout=arke.Timeout(5.0, read=0.15))
    assert [request.method for request in server.requests] == ["GET", "PUT"]


async def test_a_timeout_on_a_reused_connection_comes_in_time(world):
    with ScriptedServer([[reply(ok(b"one")), expect(), stall()]], every=[expect(), stall()]) as server:
        async with world.open() as door:
            await door.get(server.url)
            started = time.monotonic()
            with pytest.raises(arke.ReadTimeout):
                await door.get(server.url, timeout=0.3)
            assert time.monotonic() - started < 0.55

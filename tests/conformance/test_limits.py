"""The pool's limits, and that every slot comes back."""

from __future__ import annotations

import socket
import threading

import pytest

import arke
from support.scripted import (
    ScriptedServer,
    answer,
    close,
    cut,
    expect,
    forever,
    reply,
    send,
    signal,
    stall,
    wait_for,
)
from support.wire import ok, redirect, response

ONE = arke.Limits(max_connections=1)


async def test_no_more_connections_than_allowed(world, origin):
    with origin.server(every=[forever(reply(ok(b"ok")))]) as server:
        async with world.open(limits=arke.Limits(max_connections=3)) as door:
            results = await world.gather(*[lambda: door.get(server.url)] * 30)
    assert [result.content for result in results] == [b"ok"] * 30
    assert len(server.connections) <= 3


async def test_no_more_connections_to_one_origin_than_allowed(world):
    limits = arke.Limits(max_connections=10, max_connections_per_origin=2)
    every = [forever(reply(ok(b"ok")))]
    with ScriptedServer(every=every) as one, ScriptedServer(every=every) as other:
        async with world.open(limits=limits) as door:
            urls = [one.url, other.url] * 20
            results = await world.gather(*[lambda url=url: door.get(url) for url in urls])
    assert [result.content for result in results] == [b"ok"] * 40
    assert len(one.connections) <= 2
    assert len(other.connections) <= 2


async def test_an_idle_connection_gives_way_to_another_origin(world):
    every = [forever(reply(ok(b"ok")))]
    with ScriptedServer(every=every) as one, ScriptedServer(every=every) as other:
        async with world.open(limits=ONE, timeout=3.0) as door:
            for server in (one, other, one):
                assert (await door.get(server.url)).content == b"ok"
    assert len(one.connections) == 2


async def test_no_more_idle_connections_than_allowed_are_kept(world):
    together = threading.Barrier(4)

    def meet(connection):
        together.wait(5)

    with ScriptedServer(every=[expect(), meet, send(ok()), forever(reply(ok()))]) as server:
        async with world.open(limits=arke.Limits(max_keepalive_connections=1)) as door:
            await world.gather(*[lambda: door.get(server.url)] * 4)
            await world.settle()
            dropped = [connection for connection in server.connections if connection.client_closed.wait(0.5)]
    assert len(server.connections) == 4
    assert len(dropped) == 3


async def test_who_waited_first_is_served_first(async_world):
    arrived, go = threading.Event(), threading.Event()
    script = [expect(), signal(arrived), wait_for(go), send(ok()), forever(reply(ok()))]

    with ScriptedServer([script]) as server:
        async with async_world.open(limits=ONE, timeout=10.0) as door:
            order = []

            async def ask(number):
                order.append(number)
                return await door.get(f"{server.url}/{number}")

            async def let_go():
                await async_world.wait(arrived)
                await async_world.settle()
                go.set()

            await async_world.gather(*[lambda number=number: ask(number) for number in range(8)], let_go)
    assert [int(request.path[1:]) for request in server.requests] == order
    assert len(server.connections) == 1


MISHAPS = {
    "malformed head": [reply(b"garbage\r\n\r\n")],
    "truncated content": [reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), close()],
    "nothing": [expect(), cut()],
    "bad coding": [reply(ok(b"not gzip", "Content-Encoding: gzip", "Connection: close"))],
    "read timeout": [expect(), stall()],
    "read timeout in the content": [reply(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"), stall()],
    "too many redirects": [
        forever(answer(lambda request: redirect("/bad") if request.path == "/bad" else ok(b"next")))
    ],
    "bad location": [reply(redirect("http://[::1", "302 Found", "Connection: close"))],
    "bad status": [reply(response("500 Oops", b"", "Connection: close"))],
}


@pytest.mark.parametrize("name", MISHAPS)
async def test_a_mishap_gives_its_slot_back(world, name):
    timeout = arke.Timeout(5.0, read=0.15 if "timeout" in name else 5.0)
    every = [forever(reply(ok(b"next")))]
    with ScriptedServer([MISHAPS[name]] * 3, every=every) as server:
        async with world.open(limits=ONE, timeout=timeout, follow_redirects=True, max_redirects=3) as door:
            for _ in range(3):
                with pytest.raises(arke.HTTPError):
                    (await door.get(f"{server.url}/bad")).raise_for_status()
            assert (await door.get(server.url)).content == b"next"


async def test_a_refused_connection_gives_its_slot_back(world):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    with ScriptedServer([[reply(ok(b"next"))]]) as server:
        async with world.open(limits=ONE) as door:
            for _ in range(3):
                with pytest.raises(arke.ConnectError) as caught:
                    await door.get(f"http://127.0.0.1:{port}/")
            assert (await door.get(server.url)).content == b"next"
    assert caught.value.phase == "connect"
    assert str(port) in str(caught.value)


async def test_a_failed_handshake_gives_its_slot_back(world):
    with ScriptedServer(every=[cut()]) as broken, ScriptedServer([[reply(ok(b"next"))]]) as server:
        async with world.open(limits=ONE) as door:
            for _ in range(3):
                with pytest.raises(arke.ConnectError):
                    await door.get(f"https://localhost:{broken.port}/")
            assert (await door.get(server.url)).content == b"next"


async def test_a_waiting_request_gets_the_slot_of_one_that_failed(world):
    every = [forever(reply(ok(b"next")))]
    with ScriptedServer([[expect(), cut()]], every=every) as server:
        async with world.open(limits=ONE, timeout=5.0) as door:
            results = await world.gather(*[lambda: door.post(server.url, content=b"x")] * 5)
    failed = [result for result in results if isinstance(result, Exception)]
    assert len(failed) == 1
    assert isinstance(failed[0], arke.RemoteProtocolError | arke.ReadError)
    assert [result.content for result in results if result not in failed] == [b"next"] * 4


async def test_a_hundred_requests_at_once_get_each_its_own_answer(world):
    def handler(request):
        return ok(request.path.encode())

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(limits=arke.Limits(max_connections=10), timeout=20.0) as door:
            paths = [f"/{number}" for number in range(100)]
            results = await world.gather(*[lambda path=path: door.get(server.url + path) for path in paths])
    assert [result.text for result in results] == paths
    assert len(server.connections) <= 10


async def test_a_hundred_requests_at_once_on_a_hundred_connections(world, origin):
    with origin.server(every=[forever(answer(lambda request: ok(request.body)))]) as server:
        async with world.open(timeout=20.0) as door:
            bodies = [b"%d" % number * 100 for number in range(100)]
            results = await world.gather(*[lambda body=body: door.post(server.url, content=body) for body in bodies])
    assert [result.content for result in results] == bodies

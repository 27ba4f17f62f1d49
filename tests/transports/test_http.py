"""The transports over sockets: which driver, for which loop, with which settings."""

from __future__ import annotations

import asyncio
import gc
import socket
import tempfile
import threading

import pytest
import sniffio

import arke
from arke._transports import http
from support.scripted import Connection, ScriptedServer, forever, reply
from support.wire import ok
from support.worlds import WORLDS

NEXT = [forever(reply(ok(b"next")))]


def transport_of(world):
    return arke.AsyncHTTPTransport if world.is_async else arke.HTTPTransport


async def test_nothing_is_opened_before_the_first_request(world):
    async with world.open(transport=transport_of(world)()) as door:
        assert door.client._transport.__dict__.keys() == {"_limits", "_settings"}


async def test_a_transport_can_be_closed_unused_and_twice(world):
    transport = transport_of(world)()
    for _ in range(2):
        if world.is_async:
            await transport.aclose()
        else:
            transport.close()


async def test_a_unix_socket_carries_requests_to_any_host(world):
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            with ScriptedServer() as server:
                thread = threading.Thread(target=lambda: Connection(accept(listener), server).run(NEXT))
                thread.start()
                async with world.open(transport=transport_of(world)(uds=path), timeout=5.0) as door:
                    for _ in range(2):
                        assert (await door.get("http://any.example/")).content == b"next"
                thread.join(5)
    assert [request.header("Host") for request in server.requests] == ["any.example"] * 2


class _Unix(socket.socket):
    """A Unix socket that takes TCP's options, as the scripted connection sets one."""

    def setsockopt(self, *args):
        pass


def accept(listener):
    sock, _ = listener.accept()
    return _Unix(fileno=sock.detach())


async def test_the_local_address_is_where_connections_come_from(world):
    peers = []
    with ScriptedServer(every=[lambda each: peers.append(each.socket.getpeername()[0]), *NEXT]) as server:
        async with world.open(transport=transport_of(world)(local_address="127.0.0.2"), timeout=5.0) as door:
            assert (await door.get(server.url)).content == b"next"
    assert peers == ["127.0.0.2"]


async def test_socket_options_are_set(world):
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    with ScriptedServer(every=NEXT) as server:
        async with (
            world.open(transport=transport_of(world)(socket_options=options), timeout=5.0) as door,
            door.stream("GET", server.url) as got,
        ):
            sock = got.extensions["network_stream"].get_extra_info("socket")
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_retries_do_not_make_up_for_what_fails_after_connecting(world):
    with ScriptedServer([[]] * 3, every=[lambda each: each.close()]) as server:
        async with world.open(transport=transport_of(world)(retries=3), timeout=5.0) as door:
            server.scripts.clear()
            with pytest.raises(arke.TransportError):
                await door.get(server.url)
    assert len(server.connections) == 1


async def test_a_transport_serves_without_a_client(world):
    with ScriptedServer(every=NEXT) as server:
        request = arke.Request("GET", server.url)
        transport = transport_of(world)()
        if world.is_async:
            async with transport:
                response = await transport.handle_async_request(request)
                assert await response.aread() == b"next"
        else:
            with transport:
                assert transport.handle_request(request).read() == b"next"


def test_a_proxy_of_a_wrong_kind_does_not_get_as_far_as_a_request():
    with pytest.raises((NotImplementedError, ValueError, arke.InvalidURL, TypeError)):
        arke.HTTPTransport(proxy="gopher://127.0.0.1/")


def test_a_class_may_derive_from_both():
    class Both(arke.HTTPTransport, arke.AsyncHTTPTransport):
        """Serves both kinds of client."""

    async def use():
        async with arke.AsyncClient(transport=both, timeout=5.0) as client:
            return (await client.get(server.url)).content

    with ScriptedServer(every=NEXT) as server:
        both = Both()
        with arke.Client(transport=both, timeout=5.0) as client:
            assert client.get(server.url).content == b"next"
            assert asyncio.run(use()) == b"next"
            assert client.get(server.url).content == b"next"


class TestLoops:
    """Connections belong to the loop that opened them; what belongs to a loop that is over is let go."""

    def test_drivers_of_loops_that_are_over_are_dropped(self, async_world):
        transport = arke.AsyncHTTPTransport()

        async def once():
            response = await transport.handle_async_request(arke.Request("GET", server.url))
            await response.aread()
            return len(transport._drivers)

        with ScriptedServer(every=NEXT) as server:
            assert [async_world.run(once) for _ in range(4)] == [1] * 4
            async_world.run(transport.aclose)
            assert transport._drivers == {}
            gc.collect()

    def test_each_of_two_loops_that_live_keeps_its_own(self):
        transport = arke.AsyncHTTPTransport()
        loops = [asyncio.new_event_loop() for _ in range(2)]

        async def once():
            await (await transport.handle_async_request(arke.Request("GET", server.url))).aread()

        with ScriptedServer(every=NEXT) as server:
            for loop in loops * 3:
                loop.run_until_complete(once())
            assert len(transport._drivers) == 2
            assert [len(each.requests) for each in server.connections] == [3, 3]
            for loop in loops:
                loop.run_until_complete(transport.aclose())
            assert transport._drivers == {}
            for loop in loops:
                loop.close()

    def test_a_loop_that_comes_while_another_is_looked_at_is_not_lost(self, monkeypatch):
        transport = arke.AsyncHTTPTransport()
        real = http._is_over

        async def make():
            return transport._make_driver(asyncio.get_running_loop())

        def is_over(world):
            transport._drivers.setdefault("another", None)
            return world != "another" and real(world)

        asyncio.run(make())
        monkeypatch.setattr(http, "_is_over", is_over)
        asyncio.run(make())
        assert "another" in transport._drivers

    def test_two_loops_that_come_first_at_once_share_one_dictionary(self):
        transport = arke.AsyncHTTPTransport()

        async def make():
            transport._make_driver(asyncio.get_running_loop())
            return transport._drivers

        first = asyncio.run(make())
        transport._drivers = None  # as a thread saw it that came at the same time
        assert asyncio.run(make()) is first

    def test_a_world_that_is_neither_is_refused(self):
        transport = arke.AsyncHTTPTransport()
        coroutine = transport.handle_async_request(arke.Request("GET", "http://127.0.0.1:1/"))
        with pytest.raises(RuntimeError):
            coroutine.send(None)

    def test_asyncio_that_is_named_as_such_is_asyncio(self, monkeypatch):
        async def use():
            monkeypatch.setattr(sniffio.thread_local, "name", "asyncio")
            async with arke.AsyncClient(timeout=5.0) as client:
                return (await client.get(server.url)).content

        with ScriptedServer(every=NEXT) as server:
            assert asyncio.run(use()) == b"next"


def test_worlds_are_told_apart():
    worlds = []

    async def note():
        worlds.append(http._current_world())

    for name in ("asyncio", "trio", "asyncio"):
        WORLDS[name].run(note)
    assert len(set(worlds)) == 3
    assert all(http._is_over(each) for each in worlds)

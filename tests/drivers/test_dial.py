"""Opening a connection, in every world: which address wins, what is closed, what is raised."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time

import pytest

import arke
from arke._policy import dialing
from support.scripted import ScriptedServer, forever, reply
from support.wire import ok

EVERY = [forever(reply(ok(b"next")))]


@contextlib.contextmanager
def deaf_port():
    """A port that takes no connection and refuses none: the listener's queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def resolve(monkeypatch):
    """Let the name `several.test` have these ports of 127.0.0.1 as its addresses."""

    def install(*ports):
        def getaddrinfo(host, port, *args, **kwargs):
            assert host in {b"several.test", "several.test"}
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return "http://several.test/"

    return install


def refused_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


async def test_an_address_that_does_not_answer_does_not_keep_the_next_from_being_tried(world, resolve, monkeypatch):
    monkeypatch.setattr(dialing, "stagger", 0.05)
    with deaf_port() as deaf, ScriptedServer(every=EVERY) as server:
        async with world.open(timeout=5.0) as door:
            started = time.monotonic()
            assert (await door.get(resolve(deaf, deaf, server.port))).content == b"next"
            assert time.monotonic() - started < 2
    assert len(server.connections) == 1


async def test_an_address_that_refuses_is_followed_by_the_next_at_once(world, resolve, monkeypatch):
    monkeypatch.setattr(dialing, "stagger", 30.0)
    with ScriptedServer(every=EVERY) as server:
        async with world.open(timeout=5.0) as door:
            assert (await door.get(resolve(refused_port(), server.port))).content == b"next"


async def test_of_several_addresses_that_answer_one_connection_is_kept(world, resolve, monkeypatch):
    monkeypatch.setattr(dialing, "stagger", 0.0)
    with ScriptedServer(every=EVERY) as server:
        async with world.open(timeout=5.0, limits=arke.Limits(max_connections=1)) as door:
            url = resolve(*[server.port] * 8)
            for _ in range(2):
                assert (await door.get(url)).content == b"next"
            await world.settle()
        # The attempts that lost were closed, and no request went out on them.
        assert [len(each.requests) for each in server.connections].count(0) == len(server.connections) - 1
    assert len(server.requests) == 2


async def test_addresses_that_all_refuse_are_an_error_with_its_cause(world, resolve, monkeypatch):
    monkeypatch.setattr(dialing, "stagger", 0.0)
    async with world.open(timeout=5.0) as door:
        with pytest.raises(arke.ConnectError) as caught:
            await door.get(resolve(refused_port(), refused_port()))
    assert caught.value.phase == "connect"
    assert caught.value.__cause__.errno == errno.ECONNREFUSED
    assert caught.value.request.url == "http://several.test/"


async def test_no_address_answers_in_time(world, resolve, monkeypatch):
    monkeypatch.setattr(dialing, "stagger", 0.01)
    with deaf_port() as deaf:
        async with world.open(timeout=arke.Timeout(5.0, connect=0.1)) as door:
            with pytest.raises(arke.ConnectTimeout):
                await door.get(resolve(deaf, deaf, deaf))


async def test_a_name_without_addresses_is_an_error(world, resolve):
    async with world.open(timeout=5.0) as door:
        with pytest.raises(arke.ConnectError, match="no address"):
            await door.get(resolve())


async def test_a_look_up_that_fails_is_an_error(world, monkeypatch):
    def getaddrinfo(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with world.open(timeout=5.0) as door:
        with pytest.raises(arke.ConnectError, match="Name or service not known"):
            await door.get("http://nowhere.test/")


@pytest.mark.parametrize(
    "timeout", [arke.Timeout(30.0, connect=0.1), arke.Timeout(30.0, total=0.1)], ids=["connect", "total"]
)
async def test_a_look_up_that_takes_too_long_is_given_up(world, monkeypatch, timeout):
    goes_on = threading.Event()

    def getaddrinfo(host, port, family=0, kind=0, protocol=0, flags=0):
        # trio first asks, without a thread, whether it is an address.
        if not flags & socket.AI_NUMERICHOST:
            goes_on.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with world.open(timeout=timeout, limits=arke.Limits(max_connections=1)) as door:
        with pytest.raises(arke.ConnectTimeout):
            await door.get("http://slow.test/")
        goes_on.set()  # the thread that was left behind ends


async def test_retries_dial_again(world, resolve, monkeypatch):
    monkeypatch.setattr(dialing, "stagger", 0.0)
    dials = []
    real = dialing.Race.__init__

    def count(race, addresses):
        dials.append(addresses)
        real(race, addresses)

    monkeypatch.setattr(dialing.Race, "__init__", count)
    kind = arke.AsyncHTTPTransport if world.is_async else arke.HTTPTransport
    async with world.open(transport=kind(retries=1), timeout=5.0) as door:
        with pytest.raises(arke.ConnectError):
            await door.get(resolve(refused_port()))
    assert len(dials) == 2


def failing_connect(number):
    """A socket class whose `connect` fails before it waits, as for a network that cannot be reached."""

    class Socket(socket.socket):
        def connect(self, address):
            raise OSError(number, "it fails at once")

    return Socket


@pytest.mark.parametrize("timeout", [None, 5.0])
async def test_an_attempt_that_fails_at_once_is_not_waited_for(world, monkeypatch, timeout):
    if world.name == "uvloop":
        pytest.skip("uvloop connects by itself")
    monkeypatch.setattr(socket, "socket", failing_connect(errno.ENETUNREACH))
    async with world.open(timeout=timeout) as door:
        started = time.monotonic()
        with pytest.raises(arke.ConnectError, match="it fails at once"):
            await door.get("http://192.0.2.1/")
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("path", ["/nonexistent/socket", "x" * 500, "a\0b", "\ud800"], ids=ascii)
async def test_a_unix_socket_that_cannot_be_reached_is_a_connect_error(world, path):
    kind = arke.AsyncHTTPTransport if world.is_async else arke.HTTPTransport
    async with world.open(transport=kind(uds=path), timeout=5.0) as door:
        started = time.monotonic()
        with pytest.raises(arke.ConnectError):
            await door.get("http://localhost/")
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("option", [("a", "b", "c"), (1,), (1, 2, 2**80)], ids=repr)
async def test_a_socket_option_of_a_wrong_type_is_a_type_error(world, option):
    kind = arke.AsyncHTTPTransport if world.is_async else arke.HTTPTransport
    with ScriptedServer(every=EVERY) as server:
        async with world.open(transport=kind(socket_options=[option]), timeout=5.0) as door:
            with pytest.raises(TypeError):
                await door.get(server.url)


async def test_a_socket_option_that_the_system_refuses_is_a_connect_error(world):
    kind = arke.AsyncHTTPTransport if world.is_async else arke.HTTPTransport
    with ScriptedServer(every=EVERY) as server:
        async with world.open(transport=kind(socket_options=[(999, 999, 1)]), timeout=5.0) as door:
            started = time.monotonic()
            with pytest.raises(arke.ConnectError):
                await door.get(server.url)
            assert time.monotonic() - started < 2


async def test_a_local_address_that_is_not_ours_is_a_connect_error(world):
    kind = arke.AsyncHTTPTransport if world.is_async else arke.HTTPTransport
    with ScriptedServer(every=EVERY) as server:
        async with world.open(transport=kind(local_address="192.0.2.1"), timeout=5.0) as door:
            with pytest.raises(arke.ConnectError):
                await door.get(server.url)


async def test_a_dial_that_fails_frees_its_slot(world):
    with ScriptedServer(every=EVERY) as server:
        async with world.open(timeout=5.0, limits=arke.Limits(max_connections=1)) as door:
            for _ in range(3):
                with pytest.raises(arke.ConnectError):
                    await door.get(f"http://127.0.0.1:{refused_port()}/")
            assert (await door.get(server.url)).content == b"next"

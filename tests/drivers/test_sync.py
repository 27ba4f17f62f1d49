"""The blocking driver: threads, interrupts, forks, and responses that nobody reads."""

from __future__ import annotations

import gc
import os
import signal as signals
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import arke
from arke._drivers import sync
from arke._drivers.sync_connection import SyncConnection
from support.scripted import ScriptedServer, answer, expect, expect_head, forever, reply, send, signal, stall
from support.wire import ok

NEXT = [forever(reply(ok(b"next")))]
PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"


def pool_of(client):
    return client._transport._driver._pool


@pytest.fixture
def thread():
    with ThreadPoolExecutor(1) as executor:
        yield executor


class TestClosingFromAnotherThread:
    @pytest.mark.parametrize("timeout", [5.0, None, arke.Timeout(5.0, total=5.0)], ids=["phases", "none", "total"])
    def test_ends_an_upload_that_waits(self, thread, timeout):
        reached = threading.Event()
        with ScriptedServer([[expect_head(), signal(reached), stall()]]) as server:
            client = arke.Client(timeout=timeout)
            result = thread.submit(client.post, server.url, content=bytes(64 * 1024 * 1024))
            assert reached.wait(5)
            client.close()
            with pytest.raises(arke.TransportError):
                result.result(5)

    @pytest.mark.parametrize("timeout", [5.0, None, arke.Timeout(5.0, total=5.0)], ids=["phases", "none", "total"])
    def test_ends_a_request_that_waits_for_its_answer(self, thread, timeout):
        reached = threading.Event()
        with ScriptedServer([[expect(), signal(reached), stall()]]) as server:
            client = arke.Client(timeout=timeout)
            result = thread.submit(client.get, server.url)
            assert reached.wait(5)
            client.close()
            with pytest.raises(arke.TransportError):
                result.result(5)

    def test_ends_a_handshake_or_lets_it_end(self, thread):
        reached = threading.Event()
        with ScriptedServer([[signal(reached), stall()]]) as server:
            client = arke.Client(timeout=arke.Timeout(5.0, connect=0.3))
            result = thread.submit(client.get, f"https://localhost:{server.port}/")
            assert reached.wait(5)
            client.close()
            with pytest.raises(arke.TransportError):
                result.result(5)

    def test_leaves_nothing_open_of_a_response_that_is_not_read(self):
        with ScriptedServer([[expect(), send(PARTIAL), stall()]]) as server:
            client = arke.Client(timeout=5.0)
            response = client.send(client.build_request("GET", server.url), stream=True)
            client.close()
            with pytest.raises(arke.TransportError):
                response.read()
            response.close()

    def test_refuses_what_comes_later(self):
        client = arke.Client()
        client.close()
        with pytest.raises(RuntimeError, match="closed"):
            client.get("http://127.0.0.1:1/")


class TestDroppedResponses:
    def test_their_slot_goes_to_who_waits_in_another_thread(self, thread):
        with ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server:
            limits = arke.Limits(max_connections=1)
            with arke.Client(timeout=arke.Timeout(5.0, pool=None), limits=limits) as client:
                response = client.send(client.build_request("GET", server.url), stream=True)
                result = thread.submit(client.get, server.url)
                while not pool_of(client)._routes or not pool_of(client).is_wanted(next(iter(pool_of(client)._routes))):
                    pass
                del response
                gc.collect()
                assert result.result(5).content == b"next"

    def test_their_slot_is_there_for_the_next_request(self):
        with (
            ScriptedServer([[expect(), send(PARTIAL), stall()]] * 3, every=NEXT) as server,
            arke.Client(timeout=arke.Timeout(5.0, pool=0.5), limits=arke.Limits(max_connections=1)) as client,
        ):
            for _ in range(3):
                client.send(client.build_request("GET", server.url), stream=True)
                gc.collect()
            assert client.get(server.url).content == b"next"

    def test_one_that_is_dropped_within_the_lock_is_no_deadlock(self):
        with (
            ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server,
            arke.Client(timeout=5.0) as client,
        ):
            response = client.send(client.build_request("GET", server.url), stream=True)
            with client._transport._driver._lock:
                del response
                gc.collect()
            assert client.get(server.url).content == b"next"
            assert len(pool_of(client)) == 1


class Interrupt(BaseException):
    """Stands for KeyboardInterrupt, and for what a handler of signals raises."""


def raise_once(original):
    left = [True]

    def call(*args, **kwargs):
        if left:
            left.clear()
            raise Interrupt
        return original(*args, **kwargs)

    return call


class TestInterrupts:
    """Whatever is raised, and wherever: the slot is free again."""

    @pytest.mark.parametrize("name", ["is_stale", "write", "receive"])
    def test_while_a_connection_is_used(self, monkeypatch, name):
        with (
            ScriptedServer(every=NEXT) as server,
            arke.Client(timeout=arke.Timeout(5.0, pool=0.5), limits=arke.Limits(max_connections=1)) as client,
        ):
            client.get(server.url)
            monkeypatch.setattr(SyncConnection, name, raise_once(getattr(SyncConnection, name)))
            if name == "is_stale":
                monkeypatch.setattr(SyncConnection, "close", SyncConnection.close)
            with pytest.raises(Interrupt):
                client.get(server.url)
            assert client.get(server.url).content == b"next"
            assert len(pool_of(client)) == 1

    @pytest.mark.parametrize("name", ["_look_up", "_race", "_start_tls"])
    def test_while_dialing(self, monkeypatch, origin, name):
        if name == "_start_tls" and not origin.is_tls:
            pytest.skip("no TLS, no handshake")
        with origin.server(every=NEXT) as server:
            limits = arke.Limits(max_connections=1)
            with arke.Client(timeout=arke.Timeout(5.0, pool=0.5), limits=limits, verify=False) as client:
                monkeypatch.setattr(sync, "dial", raise_once(sync.dial))
                with pytest.raises(Interrupt):
                    client.get(server.url)
                module = __import__("arke._drivers.sync_dial", fromlist=[name])
                monkeypatch.setattr(module, name, raise_once(getattr(module, name)))
                with pytest.raises(Interrupt):
                    client.get(
                        f"https://localhost:{server.port}/" if origin.is_tls else f"http://localhost:{server.port}/"
                    )
                assert client.get(server.url).content == b"next"
                assert len(pool_of(client)) == 1

    def test_while_the_content_is_read(self, monkeypatch):
        with (
            ScriptedServer([[expect(), send(PARTIAL), stall()]], every=NEXT) as server,
            arke.Client(timeout=arke.Timeout(5.0, pool=0.5), limits=arke.Limits(max_connections=1)) as client,
        ):
            with client.stream("GET", server.url) as response:
                pieces = response.iter_raw()
                assert next(pieces) == b"he"
                monkeypatch.setattr(SyncConnection, "receive", raise_once(SyncConnection.receive))
                with pytest.raises(Interrupt):
                    next(pieces)
            assert client.get(server.url).content == b"next"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
class TestFork:
    def run_in_child(self, function):
        """Return whether the function returns True in a child process."""
        pid = os.fork()
        if not pid:
            try:
                os._exit(0 if function() is True else 1)
            finally:
                os._exit(2)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    def test_a_child_does_not_use_its_parents_connections(self):
        with (
            ScriptedServer(every=[forever(answer(lambda request: ok(request.target.encode())))]) as server,
            arke.Client(timeout=5.0) as client,
        ):
            client.get(f"{server.url}/before")
            assert self.run_in_child(lambda: client.get(f"{server.url}/child").text == "/child")
            assert client.get(f"{server.url}/after").text == "/after"
            paths = [[request.path for request in each.requests] for each in server.connections]
        assert paths == [["/before", "/after"], ["/child"]]

    def test_a_child_that_closes_the_client_leaves_its_parents_connections_alone(self):
        with ScriptedServer(every=NEXT) as server, arke.Client(timeout=5.0) as client:
            client.get(server.url)
            assert self.run_in_child(lambda: [client.close()] == [None])  # type: ignore[func-returns-value]
            assert client.get(server.url).content == b"next"
            assert len(server.connections) == 1

    def test_a_fork_while_another_thread_holds_the_lock(self):
        with ScriptedServer(every=NEXT) as server, arke.Client(timeout=5.0) as client:
            client.get(server.url)
            with client._transport._driver._lock:
                assert self.run_in_child(lambda: client.get(server.url).content == b"next")
            assert client.get(server.url).content == b"next"

    def test_a_response_of_the_parents_fails_in_the_child(self):
        def read():
            try:
                response.read()
            except arke.TransportError:
                return client.get(server.url).content == b"next"

        with (
            ScriptedServer([[expect(), send(PARTIAL), stall(), send(b"llo")]], every=NEXT) as server,
            arke.Client(timeout=5.0) as client,
        ):
            response = client.send(client.build_request("GET", server.url), stream=True)
            assert self.run_in_child(read)
            server.release()
            assert response.read() == b"hello"


class TestThreads:
    @pytest.mark.parametrize("limit", [1, 3, None])
    def test_each_gets_its_own_answers(self, limit):
        def echo(request):
            return ok(request.target.encode())

        with (
            ScriptedServer(every=[forever(answer(echo))]) as server,
            ThreadPoolExecutor(8) as executor,
            arke.Client(timeout=10.0, limits=arke.Limits(max_connections=limit)) as client,
        ):
            paths = [f"/{number}" for number in range(400)]
            assert list(executor.map(lambda path: client.get(server.url + path).text, paths)) == paths
            pool = pool_of(client)
            assert len(pool) == len(pool.connections) == pool.idle_count <= (limit or 8)

    def test_a_wait_is_as_long_as_it_was_told_even_if_others_come_and_go(self):
        with ScriptedServer([[expect(), send(PARTIAL), stall()]]) as server:
            limits = arke.Limits(max_connections=1)
            with (
                arke.Client(timeout=arke.Timeout(5.0, pool=0.6), limits=limits) as client,
                client.stream("GET", server.url),
                pytest.raises(arke.PoolTimeout, match=r"0\.6 s"),
            ):
                client.get(server.url)


@pytest.mark.skipif(not hasattr(signals, "setitimer"), reason="needs interval timers, which this system does not have")
def test_signals_do_not_renew_a_limit():
    before = signals.signal(signals.SIGALRM, lambda *_: None)
    with ScriptedServer([[expect(), stall()]]) as server, arke.Client(timeout=0.3) as client:
        signals.setitimer(signals.ITIMER_REAL, 0.05, 0.05)
        started = time.monotonic()
        try:
            with pytest.raises(arke.ReadTimeout):
                client.get(server.url)
        finally:
            signals.setitimer(signals.ITIMER_REAL, 0)
            signals.signal(signals.SIGALRM, before)
        assert time.monotonic() - started < 3

"""`Client`: what only code that blocks can do with it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import arke
from support.scripted import ScriptedServer, answer, forever
from support.wire import ok


def test_threads_share_cookies_and_headers_while_they_change():
    def handler(request):
        return ok(b"ok", f"Set-Cookie: c{request.target[1:]}=1")

    def call(number):
        client.headers["X-Number"] = str(number)
        return client.get(f"{server.url}/{number}").status_code

    with ScriptedServer(every=[forever(answer(handler))]) as server, arke.Client(timeout=10.0) as client:
        with ThreadPoolExecutor(8) as executor:
            assert list(executor.map(call, range(150))) == [200] * 150
        assert len(client.cookies) == 150


def test_what_a_transport_raises_without_being_an_error_of_ours_comes_out_as_it_is():
    def handler(request):
        raise KeyError("theirs")

    with arke.Client(transport=arke.MockTransport(handler)) as client, pytest.raises(KeyError, match="theirs"):
        client.get("http://a/")


def test_a_response_can_be_read_in_another_thread():
    with (
        ScriptedServer(every=[forever(answer(lambda request: ok(b"hello")))]) as server,
        arke.Client(timeout=5.0) as client,
        client.stream("GET", server.url) as response,
    ):
        results = []
        thread = threading.Thread(target=lambda: results.append(response.read()))
        thread.start()
        thread.join()
    assert results == [b"hello"]


def test_the_functions_of_the_module_close_what_they_open():
    with ScriptedServer(every=[forever(answer(lambda request: ok(request.method.encode())))]) as server:
        assert arke.get(server.url).text == "GET"
        assert arke.post(server.url, json={}).text == "POST"
        with arke.stream("PUT", server.url, content=b"x") as response:
            assert response.read() == b"PUT"
        with pytest.raises(arke.LocalProtocolError):
            arke.request("NO METHOD", server.url)
        # The guard against leaks looks for the connections.
        assert len(server.connections) == 3


def test_an_interrupt_in_the_block_of_a_stream_closes_it():
    with (
        ScriptedServer(every=[forever(answer(lambda request: ok(b"hello")))]) as server,
        arke.Client(timeout=5.0, limits=arke.Limits(max_connections=1)) as client,
    ):
        with pytest.raises(KeyboardInterrupt), client.stream("GET", server.url):
            raise KeyboardInterrupt
        assert client.get(server.url).content == b"hello"

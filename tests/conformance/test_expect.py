"""Expect: 100-continue really waits; a response that comes early is delivered."""

from __future__ import annotations

import threading
import time

import pytest

from support.scripted import (
    Connection,
    ScriptedServer,
    close,
    expect_body,
    expect_head,
    half_close,
    reply,
    send,
    until_client_closes,
)
from support.wire import CONTINUE, ok, response

EXPECT = {"Expect": "100-continue"}
BIG = 64 * 1024 * 1024


def silence(seconds: float = 0.1):
    """Nothing may come for a while."""

    def step(connection: Connection) -> None:
        connection.socket.settimeout(seconds)
        try:
            connection.receive()
        except TimeoutError:
            connection.socket.settimeout(10)

    return step


def stay_until_released(connection: Connection) -> None:
    """Keep the connection open, unread."""
    connection.server.released.wait(10)


def counting(total: int, taken: list[int], size: int = 65536):
    """A body of `total` bytes that counts what was taken of it."""
    for _ in range(total // size):
        taken.append(size)
        yield b"x" * size


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
async def test_the_body_waits_for_100(world, kind):
    script = [expect_head(), silence(), CONTINUE, expect_body(), send(ok(b"thanks"))]
    with ScriptedServer([[*script, reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            content = b"hello" if kind == "bytes" else world.body([b"he", b"llo"])
            got = await door.post(server.url, content=content, headers=EXPECT)
            assert (await door.get(server.url)).content == b"next"
    assert got.content == b"thanks"
    assert server.requests[0].body == b"hello"
    assert server.requests[0].header("Expect") == "100-continue"
    assert len(server.connections) == 1


async def test_other_informational_responses_do_not_release_the_body(world):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    script = [expect_head(), send(hints), silence(), CONTINUE, expect_body(), send(ok(b"thanks"))]
    with ScriptedServer([script]) as server:
        async with world.open() as door:
            assert (await door.post(server.url, content=b"hello", headers=EXPECT)).content == b"thanks"


@pytest.mark.parametrize("status", ["417 Expectation Failed", "401 Unauthorized", "413 Content Too Large", "200 OK"])
async def test_a_final_response_instead_of_100_keeps_the_body_back(world, status):
    taken: list[int] = []
    script = [expect_head(), send(response(status, b"no")), until_client_closes()]
    with ScriptedServer([script, [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            body = world.body(counting(65536 * 4, taken))
            got = await door.post(server.url, content=body, headers=EXPECT)
            assert (await door.get(server.url)).content == b"next"
    assert got.status_code == int(status[:3])
    assert got.content == b"no"
    assert taken == []
    # The announced body was never sent, so the connection cannot carry another request.
    assert server.connections[0].leftover == b""
    assert len(server.connections) == 2


async def test_a_server_that_never_says_100_gets_the_body_after_a_second(world):
    started = time.monotonic()
    with ScriptedServer([[reply(ok(b"thanks"))]]) as server:
        async with world.open() as door:
            got = await door.post(server.url, content=b"hello", headers=EXPECT)
    assert got.content == b"thanks"
    assert server.requests[0].body == b"hello"
    assert 0.5 < time.monotonic() - started < 4


@pytest.mark.parametrize("headers", [{"Content-Length": str(BIG)}, {}], ids=["with length", "chunked"])
async def test_a_response_that_comes_while_the_body_is_being_sent_is_delivered(world, headers):
    # The server stops reading, so that the client is stuck in the middle of its body.
    taken: list[int] = []
    too_large = response("413 Content Too Large", b"too large", "Connection: close")
    script = [expect_head(), send(too_large), stay_until_released]
    with ScriptedServer([script, [reply(ok(b"next"))]]) as server:
        async with world.open(timeout=5.0) as door:
            got = await door.post(server.url, content=world.body(counting(BIG, taken)), headers=headers)
            assert got.status_code == 413
            assert got.content == b"too large"
            server.release()
            assert (await door.get(server.url)).content == b"next"
    assert sum(taken) < BIG
    assert len(server.connections) == 2


@pytest.mark.parametrize("ending", [close, half_close], ids=["closes", "half closes"])
async def test_a_response_before_the_server_closes_on_the_body_is_delivered(world, ending):
    sent = threading.Event()
    taken: list[int] = []
    too_large = response("413 Content Too Large", b"too large", "Connection: close")
    script = [expect_head(), send(too_large), ending(), lambda _: sent.set(), stay_until_released]
    with ScriptedServer([script, [reply(ok(b"next"))]]) as server:
        async with world.open(timeout=5.0) as door:
            got = await door.post(server.url, content=world.body(counting(BIG, taken)))
            assert got.status_code == 413
            assert got.content == b"too large"
            assert (await door.get(server.url)).content == b"next"
    assert sum(taken) < BIG


async def test_a_big_body_of_bytes_meets_an_early_response(world):
    too_large = response("413 Content Too Large", b"too large", "Connection: close")
    script = [expect_head(), send(too_large), stay_until_released]
    with ScriptedServer([script, [reply(ok(b"next"))]]) as server:
        async with world.open(timeout=5.0) as door:
            got = await door.post(server.url, content=b"x" * (BIG // 4))
            assert got.content == b"too large"
            server.release()
            assert (await door.get(server.url)).content == b"next"


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
async def test_a_server_that_begins_to_answer_while_it_reads_gets_the_whole_body(world, kind):
    # Only an error, or an announced close, says that the server does not want the rest. One that streams its answer while
    # it reads waits for the body as the client waits for the answer.
    size = 4 * 1024 * 1024
    script = [expect_head(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), expect_body(), send(b"hello")]
    with ScriptedServer([script]) as server:
        async with world.open(timeout=2.0) as door:
            content = bytes(size) if kind == "bytes" else world.body(counting(size, []))
            got = await door.post(server.url, content=content)
    assert got.content == b"hello"
    assert len(server.requests[0].body) == size

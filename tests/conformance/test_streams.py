"""Reading a response in pieces, and the errors of doing it in the wrong order."""

from __future__ import annotations

import pytest

import arke
from support.scripted import ScriptedServer, expect, forever, reply, send
from support.wire import CHUNKED_HEAD, chunked, ok, response

TEXT = "one\ntwo\r\nthree\rfour\u2028five\n\nsix".encode()


@pytest.fixture
def server():
    with ScriptedServer(
        every=[forever(reply(ok(b"hello world", "Content-Type: text/plain; charset=utf-8")))]
    ) as server:
        yield server


async def test_pieces_have_the_size_asked_for(world, server):
    async with world.open() as door:
        async with door.stream("GET", server.url) as got:
            assert [piece async for piece in door.iterate(got, "bytes", 4)] == [b"hell", b"o wo", b"rld"]
            assert got.num_bytes_downloaded == 11
        async with door.stream("GET", server.url) as got:
            assert [piece async for piece in door.iterate(got, "raw", 6)] == [b"hello ", b"world"]
        async with door.stream("GET", server.url) as got:
            assert [piece async for piece in door.iterate(got, "text", 6)] == ["hello ", "world"]


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_lines_are_split_at_every_kind_of_line_end(world, size):
    data = ok(TEXT, "Content-Type: text/plain; charset=utf-8")
    with ScriptedServer([[reply(data, size=size)]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            lines = [line async for line in door.iterate(got, "lines")]
    assert lines == TEXT.decode().splitlines()


async def test_pieces_come_as_the_server_sends_them(world):
    script = [
        expect(),
        send(CHUNKED_HEAD + b"3\r\none\r\n"),
        lambda c: c.server.released.wait(5),
        send(chunked(b"two")),
    ]
    with ScriptedServer([script]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            pieces = []
            async for piece in door.iterate(got):
                pieces.append(piece)
                server.release()
    assert pieces == [b"one", b"two"]


async def test_content_needs_to_be_read_first(world, server):
    async with world.open() as door, door.stream("GET", server.url) as got:
        for name in ("content", "text"):
            with pytest.raises(arke.ResponseNotRead):
                getattr(got, name)
        with pytest.raises(arke.ResponseNotRead):
            got.json()
        assert await door.read(got) == b"hello world"
        assert got.content == b"hello world"
        assert await door.read(got) == b"hello world"


async def test_a_stream_can_be_consumed_once(world, server):
    async with world.open() as door, door.stream("GET", server.url) as got:
        async for _ in door.iterate(got):
            pass
        assert got.is_stream_consumed
        with pytest.raises(arke.StreamConsumed):
            async for _ in door.iterate(got):
                pass
        with pytest.raises(arke.StreamConsumed):
            await door.read(got)


async def test_content_that_was_read_can_be_iterated_again(world, server):
    async with world.open() as door:
        got = await door.get(server.url)
        for _ in range(2):
            assert b"".join([piece async for piece in door.iterate(got)]) == b"hello world"
        with pytest.raises(arke.StreamConsumed):
            async for _ in door.iterate(got, "raw"):
                pass


async def test_a_closed_stream_cannot_be_read(world, server):
    async with world.open() as door:
        async with door.stream("GET", server.url) as got:
            pass
        assert got.is_closed
        with pytest.raises(arke.StreamClosed):
            await door.read(got)
        with pytest.raises(arke.StreamClosed):
            async for _ in door.iterate(got):
                pass


async def test_closing_twice_does_nothing(world, server):
    async with world.open() as door:
        request = door.client.build_request("GET", server.url)
        got = await door.send(request, stream=True)
        assert not got.is_closed
        await door.close(got)
        await door.close(got)
        assert got.is_closed
        assert (await door.get(server.url)).content == b"hello world"


async def test_elapsed_is_known_once_the_response_was_closed(world, server):
    async with world.open() as door:
        async with door.stream("GET", server.url) as got:
            with pytest.raises(RuntimeError):
                _ = got.elapsed
            await door.read(got)
        assert got.elapsed.total_seconds() >= 0


async def test_the_methods_of_the_other_world_are_refused(world):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
    with ScriptedServer([[reply(head)]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            with pytest.raises(RuntimeError):
                if world.is_async:
                    got.read()
                else:
                    await got.aread()


async def test_leaving_the_block_by_an_error_closes_the_response(world, server):
    async with world.open(limits=arke.Limits(max_connections=1)) as door:
        with pytest.raises(KeyError):
            async with door.stream("GET", server.url) as got:
                raise KeyError("mine")
        assert got.is_closed
        assert (await door.get(server.url)).content == b"hello world"


async def test_raise_for_status_works_before_the_content_was_read(world):
    with ScriptedServer([[reply(response("404 Not Found", b"gone"))]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            with pytest.raises(arke.HTTPStatusError) as caught:
                got.raise_for_status()
            assert caught.value.response is got
            assert await door.read(got) == b"gone"


async def test_a_client_closed_under_an_open_response_ends_it(world):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
    with ScriptedServer([[reply(head)]]) as server:
        async with world.open() as door:
            got = await door.send(door.client.build_request("GET", server.url), stream=True)
        with pytest.raises((arke.StreamError, arke.HTTPError)):
            await door.read(got)


async def test_the_network_stream_knows_its_addresses(world, origin):
    with origin.server([[reply(ok())]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            stream = got.extensions["network_stream"]
            assert stream.get_extra_info("server_addr")[1] == server.port
            assert stream.get_extra_info("client_addr")[0] in {"127.0.0.1", "::1"}
            assert (stream.get_extra_info("ssl_object") is not None) == origin.is_tls
            assert stream.get_extra_info("nothing") is None

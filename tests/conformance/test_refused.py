"""What must not be sent is refused, by a clear exception, before the first byte."""

from __future__ import annotations

import pytest

import arke
from support.scripted import ScriptedServer, answer, expect_body, expect_head, forever, reply
from support.wire import ok

DOCUMENTED = (arke.HTTPError, arke.InvalidURL, arke.CookieConflict, arke.StreamError)


async def refuse(world, expected, call):
    """`call(door, server)` raises `expected`, nothing is sent, and the next request works."""
    with ScriptedServer(every=[forever(reply(ok(b"next")))]) as server:
        async with world.open() as door:
            with pytest.raises(expected) as caught:
                await call(door, server)
            assert server.requests == []
            assert all(not connection.received for connection in server.connections)
            assert (await door.get(server.url)).content == b"next"
    assert str(caught.value)
    return caught.value


NAMES = ["", "X Y", "X:Y", "X\r\nY", "X\n", "X\x00", "X\x7f", "(X)", "X\t", '"X"']
VALUES = ["a\r\nX-Injected: 1", "a\nb", "a\rb", "a\x00b", "\r\n", "a\x0bb", "a\x1fb", "a\x7fb"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
async def test_an_invalid_header_name_is_refused(world, name):
    await refuse(world, arke.LocalProtocolError, lambda door, server: door.get(server.url, headers={name: "1"}))


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_an_invalid_header_value_is_refused_and_not_repeated(world, value):
    error = await refuse(
        world,
        arke.LocalProtocolError,
        lambda door, server: door.get(server.url, headers={"Authorization": value}),
    )
    assert value not in str(error)


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_an_invalid_header_of_the_client_is_refused(world, value):
    with ScriptedServer() as server:
        async with world.open(headers={"X-Mine": value}) as door:
            with pytest.raises(arke.LocalProtocolError):
                await door.get(server.url)
    assert server.connections == [] or not server.connections[0].received


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\nX: 1", "GET\x00", "G\u00c9T", "GET:", "\u0130"], ids=repr)
async def test_an_invalid_method_is_refused(world, method):
    await refuse(world, arke.LocalProtocolError, lambda door, server: door.request(method, server.url))


@pytest.mark.parametrize("target", [b"", b"/a b", b"/a\r\nX: 1", b"/\x00", b"/\x7f"], ids=repr)
async def test_an_invalid_target_is_refused(world, target):
    extensions = {"target": target}
    await refuse(world, arke.LocalProtocolError, lambda door, server: door.get(server.url, extensions=extensions))


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///path",
        "http://[::1",
        "http://[zz]/",
        "http://127.0.0.1:port/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://exa mple.org/",
        "http://example.org\r\n/",
        "http://127.0.0.1/\r\nX: 1",
        "http://127.0.0.1/\x00",
        "http://a\\b/",
        "http://xn--\u00e9.example/",
        "http://\ud800/",
        "http://127.0.0.1/" + "a" * 70_000,
        "example.org",
        "//example.org/",
        "/path",
        "",
        "ftp://127.0.0.1/",
        "mailto:someone@example.org",
        "javascript:alert(1)",
    ],
    ids=lambda url: ascii(url[:30]),
)
async def test_an_invalid_url_is_refused(world, url):
    await refuse(world, (arke.InvalidURL, arke.UnsupportedProtocol), lambda door, server: door.get(url))


@pytest.mark.parametrize("length", ["3", "10", "-5", "+5", "5 5", "x", "5, 6", ""])
async def test_a_content_length_that_does_not_fit_the_body_is_refused(world, length):
    await refuse(
        world,
        arke.LocalProtocolError,
        lambda door, server: door.post(server.url, content=b"hello", headers={"Content-Length": length}),
    )


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
        [("Content-Length", "5"), ("Content-Length", "6")],
        [("Transfer-Encoding", "gzip")],
        [("Transfer-Encoding", "chunked, chunked")],
    ],
)
async def test_contradictory_framing_of_a_request_is_refused(world, headers):
    await refuse(
        world,
        arke.LocalProtocolError,
        lambda door, server: door.post(server.url, content=world.body([b"hello"]), headers=headers),
    )


@pytest.mark.parametrize("pieces", [[b"he"], [b"hello", b" world"], []], ids=["short", "long", "empty"])
async def test_an_iterator_that_does_not_fit_its_content_length_never_makes_a_whole_request(world, pieces):
    script = [expect_head(), expect_body()]
    with ScriptedServer([script], every=[forever(reply(ok(b"next")))]) as server:
        async with world.open() as door:
            with pytest.raises(arke.LocalProtocolError):
                await door.post(server.url, content=world.body(pieces), headers={"Content-Length": "5"})
            assert (await door.get(server.url)).content == b"next"
    # What stands behind the announced length never goes out; what is short of it never looks whole.
    assert server.connections[0].is_finished == (len(b"".join(pieces)) > 5)
    assert b"world" not in server.connections[0].received


@pytest.mark.parametrize("cookie", ["b\r\nX-Injected: 1", "b\x00", "b\n", "b; c=d\r\n"], ids=repr)
async def test_a_cookie_cannot_inject_a_field(world, cookie):
    with ScriptedServer(every=[forever(reply(ok()))]) as server, pytest.raises(arke.LocalProtocolError):
        async with world.open(cookies={"a": cookie}) as door:
            await door.get(server.url)
    assert server.requests == []


@pytest.mark.parametrize("text", ["caf\u00e9", "\u4f60\u597d", "\ud800"], ids=ascii)
@pytest.mark.parametrize("place", ["name", "value", "cookie", "auth", "param", "content", "data", "method"])
async def test_odd_text_is_sent_or_refused_by_a_documented_exception(world, text, place):
    options = {
        "name": {"headers": {text: "1"}},
        "value": {"headers": {"X-Text": text}},
        "cookie": {"headers": {"Cookie": f"a={text}"}},
        "auth": {"auth": (text, text)},
        "param": {"params": {text: text}},
        "content": {"content": text},
        "data": {"data": {text: text}},
        "method": {},
    }[place]
    with ScriptedServer(every=[forever(answer(lambda _: ok()))]) as server:
        async with world.open() as door:
            try:
                await door.request(text if place == "method" else "POST", server.url, **options)
            except DOCUMENTED:
                assert server.requests == []


@pytest.mark.parametrize("place", ["name", "filename", "content_type", "field"])
async def test_a_multipart_form_cannot_be_broken_out_of(world, place):
    evil = 'a"\r\nX-Injected: 1\r\n\r\nbody'
    files = {
        "name": {evil: b"data"},
        "filename": {"file": (evil, b"data")},
        "content_type": {"file": ("name", b"data", evil)},
        "field": {"file": ("name", b"data", "text/plain", {"X-Part": evil})},
    }[place]
    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            try:
                await door.post(server.url, files=files)
            except DOCUMENTED:
                assert server.requests == []
    assert all(b"\r\nX-Injected" not in request.body for request in server.requests)


async def test_a_body_cannot_be_sent_twice(world):
    body = world.body([b"once"])
    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            await door.post(server.url, content=body)
            request = door.client.build_request("POST", server.url, content=world.body([b"once"]))
            await door.send(request)
            with pytest.raises(arke.StreamConsumed):
                await door.send(request)
    assert [request.body for request in server.requests] == [b"once", b"once"]


async def test_a_body_of_the_other_kind_is_refused(world):
    async def of_async_code():
        yield b"piece"

    def of_sync_code():
        yield b"piece"

    body = of_sync_code() if world.is_async else of_async_code()
    await refuse(world, (RuntimeError, TypeError), lambda door, server: door.post(server.url, content=body))


async def test_a_closed_client_refuses(world):
    with ScriptedServer() as server:
        async with world.open() as door:
            pass
        with pytest.raises(RuntimeError, match="closed"):
            await door.get(server.url)
        with pytest.raises(RuntimeError):
            if world.is_async:
                await door.client.__aenter__()
            else:
                door.client.__enter__()
    assert server.connections == []


@pytest.mark.parametrize("timeout", [-1, float("nan"), "5", object(), (1, 2, 3, 4, 5)])
async def test_an_invalid_timeout_is_refused(world, timeout):
    with ScriptedServer() as server:
        async with world.open() as door:
            with pytest.raises((ValueError, TypeError)):
                await door.get(server.url, timeout=timeout)
    assert server.connections == []


async def test_an_error_of_the_caller_s_iterator_reaches_the_caller_as_it_is(world):
    def pieces():
        yield b"piece"
        raise KeyError("mine")

    with ScriptedServer([[expect_head(), expect_body()]], every=[forever(reply(ok(b"next")))]) as server:
        async with world.open(limits=arke.Limits(max_connections=1)) as door:
            with pytest.raises(KeyError, match="mine"):
                await door.post(server.url, content=world.body(pieces()))
            assert (await door.get(server.url)).content == b"next"
    assert not server.connections[0].is_finished


async def test_a_name_that_no_name_server_can_know_is_a_documented_error(world):
    await refuse(
        world, (arke.ConnectError, arke.InvalidURL), lambda door, server: door.get(f"http://{'a' * 70}.example/")
    )

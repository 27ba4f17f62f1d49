"""Redirects: which method, which body, how many, where to."""

from __future__ import annotations

import time

import pytest

import arke
from support.scripted import ScriptedServer, answer, cut, drip, expect, flood, forever, reply
from support.wire import ok, redirect, response

MOVED = "301 Moved Permanently"
FOUND = "302 Found"
SEE_OTHER = "303 See Other"
TEMPORARY = "307 Temporary Redirect"
PERMANENT = "308 Permanent Redirect"


async def test_a_redirect_is_not_followed_unless_asked(world):
    with ScriptedServer([[reply(redirect("/next"))]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
    assert got.status_code == 302
    assert got.has_redirect_location
    assert str(got.next_request.url) == f"{server.url}/next"
    assert got.history == []


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (MOVED, "GET", "GET"),
        (MOVED, "HEAD", "HEAD"),
        (MOVED, "POST", "GET"),
        (MOVED, "PUT", "PUT"),
        (FOUND, "GET", "GET"),
        (FOUND, "HEAD", "HEAD"),
        (FOUND, "POST", "GET"),
        (FOUND, "PUT", "GET"),
        (SEE_OTHER, "GET", "GET"),
        (SEE_OTHER, "HEAD", "HEAD"),
        (SEE_OTHER, "POST", "GET"),
        (SEE_OTHER, "PATCH", "GET"),
        (TEMPORARY, "POST", "POST"),
        (TEMPORARY, "DELETE", "DELETE"),
        (PERMANENT, "POST", "POST"),
        (PERMANENT, "PUT", "PUT"),
    ],
)
async def test_the_method_of_the_next_request(world, status, method, then):
    with ScriptedServer([[reply(redirect("/next", status)), reply(ok(b""))]]) as server:
        async with world.open(follow_redirects=True) as door:
            got = await door.request(method, server.url)
    assert [request.method for request in server.requests] == [method, then]
    assert server.requests[1].target == "/next"
    assert [step.status_code for step in got.history] == [int(status[:3])]
    assert str(got.url) == f"{server.url}/next"


@pytest.mark.parametrize("status", [MOVED, FOUND, SEE_OTHER])
async def test_a_post_that_becomes_a_get_loses_its_body_and_what_describes_it(world, status):
    with ScriptedServer([[reply(redirect("/next", status)), reply(ok())]]) as server:
        async with world.open(follow_redirects=True) as door:
            await door.post(server.url, json={"a": 1}, headers={"X-Kept": "yes"})
    first, second = server.requests
    assert first.body == b'{"a":1}'
    assert second.body == b""
    for name in ("Content-Length", "Transfer-Encoding"):
        assert second.header(name) is None
    assert second.header("X-Kept") == "yes"


@pytest.mark.parametrize("status", [TEMPORARY, PERMANENT])
async def test_a_body_that_can_be_replayed_is_sent_again(world, status):
    with ScriptedServer([[reply(redirect("/next", status)), reply(ok())]]) as server:
        async with world.open(follow_redirects=True) as door:
            await door.post(server.url, content=b"payload")
    assert [request.body for request in server.requests] == [b"payload", b"payload"]
    assert server.requests[1].header("Content-Length") == "7"


async def test_a_body_that_cannot_be_replayed_is_an_error(world):
    with ScriptedServer([[reply(redirect("/next", TEMPORARY)), reply(ok())]]) as server:
        async with world.open(follow_redirects=True) as door:
            with pytest.raises(arke.StreamConsumed):
                await door.post(server.url, content=world.body([b"once"]))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/absolute/path", "/absolute/path"),
        ("relative", "/a/relative"),
        ("../up", "/up"),
        ("?only=query", "/a/b?only=query"),
        ("/with?query=1#fragment", "/with?query=1"),
        ("/a b", "/a%20b"),
        ("/%41%2fb", "/%41%2fb"),
        ("/caf\u00e9", "/caf%C3%A9"),
        ("{url}/full", "/full"),
        ("//{host}/no/scheme", "/no/scheme"),
        ("", "/a/b"),
    ],
)
async def test_where_a_location_leads(world, location, target):
    def handler(request):
        if len(server.requests) > 1:
            return ok()
        place = location.format(url=server.url, host=server.host).encode()
        return b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n"

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(follow_redirects=True) as door:
            got = await door.get(f"{server.url}/a/b")
    if not location:  # an empty Location is none, or leads back: no further than once
        assert len(server.requests) <= 2
        return
    assert got.status_code == 200
    assert server.requests[1].target == target


async def test_a_fragment_is_inherited_and_not_sent(world):
    with ScriptedServer([[reply(redirect("/next")), reply(ok())]]) as server:
        async with world.open(follow_redirects=True) as door:
            got = await door.get(f"{server.url}/#section")
    assert [request.target for request in server.requests] == ["/", "/next"]
    assert got.url.fragment == "section"


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://:0:0/", "http://a b/", "http://exa\\mple/", "http://x:99999/"]
)
async def test_a_malformed_location_is_an_error_of_the_documented_tree_when_followed(world, location):
    with ScriptedServer(every=[forever(reply(redirect(location)))]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url, follow_redirects=True)
            not_followed = await door.get(server.url)
    assert not_followed.status_code == 302


@pytest.mark.parametrize("location", ["mailto:someone@example.org", "ftp://127.0.0.1/file", "file:///etc/passwd"])
async def test_a_location_of_another_protocol_is_refused(world, location):
    with ScriptedServer([[reply(redirect(location))]]) as server:
        async with world.open(follow_redirects=True) as door:
            with pytest.raises((arke.UnsupportedProtocol, arke.RemoteProtocolError)):
                await door.get(server.url)


async def test_there_is_an_end_to_redirects(world):
    with ScriptedServer(every=[forever(reply(redirect("/again")))]) as server:
        async with world.open(follow_redirects=True, max_redirects=5) as door:
            with pytest.raises(arke.TooManyRedirects) as caught:
                await door.get(server.url)
    assert len(server.requests) == 6
    assert caught.value.request.url.path == "/again"


async def test_as_many_redirects_as_allowed_are_followed(world):
    def handler(request):
        return redirect("/again") if len(server.requests) <= 5 else ok(b"there")

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(follow_redirects=True, max_redirects=5) as door:
            got = await door.get(server.url)
    assert got.content == b"there"
    assert len(got.history) == 5
    assert len(server.connections) == 1


async def test_the_body_of_a_redirect_is_not_read_without_bound(world):
    head = response("302 Found", b"", "Location: /next", "Content-Length: 1000000000", length=False)
    with ScriptedServer([[reply(head), flood(b"x" * 65536, 32 * 1024 * 1024)], [reply(ok(b"next"))]]) as server:
        async with world.open(follow_redirects=True) as door:
            got = await door.get(server.url)
    assert got.content == b"next"
    assert server.connections[0].bytes_sent < 8 * 1024 * 1024


async def test_the_body_of_a_redirect_that_never_comes_does_not_hold_up_the_next_request(world):
    head = response("302 Found", b"", "Location: /next", "Transfer-Encoding: chunked", length=False)
    with ScriptedServer([[reply(head + b"5\r\nhello\r\n")], [expect(), ok(b"next")]]) as server:
        async with world.open(follow_redirects=True, timeout=arke.Timeout(5.0, read=0.5)) as door:
            got = await door.get(server.url)
    assert got.content == b"next"


async def test_the_body_of_a_redirect_that_drips_does_not_hold_up_the_next_request_for_long(world):
    head = response("302 Found", b"", "Location: /next", "Transfer-Encoding: chunked", length=False)
    script = [reply(head), drip(b"1\r\nx\r\n", 0.02, times=200), cut()]
    with ScriptedServer([script], every=[forever(reply(ok(b"next")))]) as server:
        async with world.open(follow_redirects=True, timeout=5.0) as door:
            started = time.monotonic()
            got = await door.get(server.url)
    assert got.content == b"next"
    assert time.monotonic() - started < 3

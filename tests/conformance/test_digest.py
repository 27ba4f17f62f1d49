"""The Digest scheme over connections: whom it answers, what it sends again, and what it leaves behind."""

from __future__ import annotations

import pytest

import arke
from support.scripted import ScriptedServer, answer, forever, reply
from support.wire import ok, redirect, response

REFUSED = "401 Unauthorized"
ASKS = response(REFUSED, b"who?", 'WWW-Authenticate: Basic realm=r, Digest realm="r", nonce="n", qop="auth"')


def elsewhere(server, path="/"):
    """The same server under another name: another origin."""
    return f"http://localhost:{server.port}{path}"


def guarded(request):
    """Ask whoever does not answer."""
    return ok(b"in") if "Digest " in (request.header("Authorization") or "") else ASKS


async def test_an_answer_uses_the_connection_again(world):
    with ScriptedServer(every=[forever(answer(guarded))]) as server:
        async with world.open(auth=arke.DigestAuth("user", "pass")) as door:
            assert (await door.post(server.url, content=b"abc")).content == b"in"
            assert (await door.get(server.url)).content == b"in"
    assert len(server.connections) == 1
    assert [request.method for request in server.requests] == ["POST", "POST", "GET"]
    assert [request.body for request in server.requests] == [b"abc", b"abc", b""]


async def test_an_answer_goes_to_no_other_origin(world):
    def handler(request):
        return redirect(elsewhere(server, "/away")) if request.path == "/" else ASKS

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(auth=arke.DigestAuth("user", "pass"), follow_redirects=True) as door:
            got = await door.get(server.url)
    assert got.status_code == 401
    assert [request.header("Authorization") for request in server.requests] == [None, None]


async def test_an_answer_does_not_follow_a_redirect_to_another_origin(world):
    def handler(request):
        if request.path == "/away":
            return ok()
        return redirect(elsewhere(server, "/away")) if request.header("Authorization") else ASKS

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(auth=arke.DigestAuth("user", "pass"), follow_redirects=True) as door:
            assert (await door.get(server.url)).status_code == 200
            await door.get(elsewhere(server, "/away"))
    sent = [request.header("Authorization") is not None for request in server.requests]
    assert sent == [False, True, False, False]


async def test_a_stream_is_not_sent_twice(world):
    with ScriptedServer(every=[forever(answer(guarded))]) as server:
        async with world.open(auth=arke.DigestAuth("user", "pass")) as door:
            with pytest.raises(arke.StreamConsumed):
                await door.post(server.url, content=world.body([b"abc"]))
            assert (await door.get(server.url)).content == b"in"


async def test_what_cannot_be_answered_is_an_error_and_leaves_the_client_usable(world):
    asks = response(REFUSED, b"", "WWW-Authenticate: Digest realm=r, nonce=n, algorithm=X")
    with ScriptedServer([[reply(asks), reply(ok(b"in"))]]) as server:
        async with world.open(auth=arke.DigestAuth("user", "pass")) as door:
            with pytest.raises(arke.RemoteProtocolError, match="'X'") as caught:
                await door.get(server.url)
            assert str(caught.value.request.url) == server.url
            assert (await door.get(server.url)).content == b"in"


async def test_a_server_that_always_asks_is_left(world):
    def handler(request):
        stale = f'WWW-Authenticate: Digest realm=r, nonce="{len(server.requests)}", stale=true'
        return response(REFUSED, b"", stale)

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(auth=arke.DigestAuth("user", "pass")) as door:
            assert (await door.get(server.url)).status_code == 401
    assert len(server.requests) == 3

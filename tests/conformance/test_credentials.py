"""Credentials go to the origin they were meant for, and to no other."""

from __future__ import annotations

import base64

import pytest

import arke
from support.certs import authority
from support.scripted import ScriptedServer, answer, forever, reply
from support.wire import ok, redirect

SECRET = {"Authorization": "Bearer secret", "Cookie": "session=secret", "Proxy-Authorization": "Basic secret"}
BASIC = "Basic " + base64.b64encode(b"user:pass").decode()


def elsewhere(server, path="/"):
    """The same server under another name: another origin."""
    return f"http://localhost:{server.port}{path}"


def secrets_of(request):
    return {name: request.header(name) for name in SECRET if request.header(name) is not None}


@pytest.mark.parametrize("level", ["request", "client"])
async def test_credentials_do_not_follow_to_another_host(world, level):
    with ScriptedServer([[answer(lambda _: redirect(elsewhere(server)))], [reply(ok())]]) as server:
        client_headers = SECRET if level == "client" else {}
        async with world.open(follow_redirects=True, headers=client_headers) as door:
            await door.get(server.url, headers=SECRET if level == "request" else {"X-Kept": "1"})
    first, second = server.requests
    assert secrets_of(first) == SECRET
    assert secrets_of(second) == {}
    assert second.header("Host") == f"localhost:{server.port}"


@pytest.mark.parametrize("level", ["request", "client"])
async def test_credentials_do_not_follow_to_another_port(world, level):
    with ScriptedServer([[reply(ok())]]) as other, ScriptedServer([[reply(redirect(other.url))]]) as server:
        client_headers = SECRET if level == "client" else {}
        async with world.open(follow_redirects=True, headers=client_headers) as door:
            await door.get(server.url, headers=SECRET if level == "request" else None)
    assert secrets_of(server.requests[0]) == SECRET
    assert secrets_of(other.requests[0]) == {}


async def test_credentials_do_not_follow_to_another_scheme(world):
    tls = ScriptedServer([[reply(ok())]], tls=authority().server_context())
    with tls as secure, ScriptedServer([[reply(redirect(secure.url))]]) as server:
        async with world.open(follow_redirects=True, headers=SECRET) as door:
            await door.get(f"http://localhost:{server.port}")
    assert secrets_of(secure.requests[0]) == {}


async def test_credentials_follow_within_the_origin(world):
    with ScriptedServer([[reply(redirect("/next")), reply(ok())]]) as server:
        async with world.open(follow_redirects=True) as door:
            await door.get(server.url, headers={"Authorization": "Bearer secret"})
    assert server.requests[1].header("Authorization") == "Bearer secret"


async def test_credentials_do_not_come_back_when_the_redirect_does(world):
    def handler(request):
        if request.path == "/start":
            return redirect(elsewhere(server, "/away"))
        return redirect(f"{server.url}/back") if request.path == "/away" else ok()

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(follow_redirects=True) as door:
            await door.get(f"{server.url}/start", headers=SECRET)
    assert [request.path for request in server.requests] == ["/start", "/away", "/back"]
    assert secrets_of(server.requests[1]) == {}
    assert secrets_of(server.requests[2]) == {}


@pytest.mark.parametrize("level", ["request", "client", "url"])
async def test_auth_does_not_follow_to_another_origin(world, level):
    with ScriptedServer([[answer(lambda _: redirect(elsewhere(server)))], [reply(ok())]]) as server:
        options = {"auth": ("user", "pass")} if level == "client" else {}
        url = server.url.replace("//", "//user:pass@") if level == "url" else server.url
        async with world.open(follow_redirects=True, **options) as door:
            await door.get(url, **({"auth": ("user", "pass")} if level == "request" else {}))
    first, second = server.requests
    assert first.header("Authorization") == BASIC
    assert second.header("Authorization") is None


async def test_userinfo_becomes_authorization_and_nothing_else(world):
    with ScriptedServer([[reply(ok())]]) as server:
        async with world.open() as door:
            await door.get(server.url.replace("//", "//us%40er:p%3Ass@"))
    (request,) = server.requests
    assert request.header("Authorization") == "Basic " + base64.b64encode(b"us@er:p:ss").decode()
    assert request.header("Host") == server.host
    assert request.target == "/"


async def test_a_cookie_of_one_host_is_not_sent_to_another(world):
    def handler(request):
        return ok(b"", "Set-Cookie: session=abc") if request.path == "/login" else ok()

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open() as door:
            await door.get(f"{server.url}/login")
            await door.get(f"{server.url}/again")
            await door.get(elsewhere(server))
    assert [request.header("Cookie") for request in server.requests] == [None, "session=abc", None]


@pytest.mark.parametrize("url", ["http://good.example\\@{host}/", "http://{host}\\@good.example/", "http:\\\\{host}/"])
async def test_a_backslash_never_chooses_the_host(world, url):
    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        async with world.open() as door:
            with pytest.raises(arke.InvalidURL):
                await door.get(url.format(host=server.host))
    assert server.connections == []

"""Cookies across calls, and whatever a server may put into Set-Cookie."""

from __future__ import annotations

import pytest

from support.scripted import ScriptedServer, answer, forever, reply
from support.wire import ok, redirect


async def test_cookies_are_kept_across_calls(world):
    with ScriptedServer([[reply(ok(b"", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2")), reply(ok())]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
            await door.get(server.url)
            assert door.client.cookies["a"] == "1"
    assert dict(got.cookies) == {"a": "1", "b": "2"}
    assert sorted(server.requests[1].header("Cookie").split("; ")) == ["a=1", "b=2"]


async def test_cookies_set_by_a_redirect_reach_the_next_request(world):
    with ScriptedServer([[reply(redirect("/next", "302 Found", "Set-Cookie: a=1")), reply(ok())]]) as server:
        async with world.open(follow_redirects=True) as door:
            await door.get(server.url)
    assert server.requests[1].header("Cookie") == "a=1"


async def test_cookies_of_the_client_are_sent(world):
    with ScriptedServer([[reply(ok())]]) as server:
        async with world.open(cookies={"own": "yes"}) as door:
            await door.get(server.url)
    assert server.requests[0].header("Cookie") == "own=yes"


@pytest.mark.parametrize(
    ("cookie", "path", "is_sent"),
    [
        ("a=1; Path=/inner", "/inner/page", True),
        ("a=1; Path=/inner", "/inner", True),
        ("a=1; Path=/inner", "/innermost", False),
        ("a=1; Path=/inner", "/", False),
        ("a=1; Max-Age=0", "/inner/page", False),
        ("a=1; Max-Age=100", "/inner/page", True),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "/inner/page", False),
        ("a=1; Secure", "/inner/page", False),
        ("a=1; Domain=example.org", "/inner/page", False),
        ("a=1; Domain=0.0.1", "/inner/page", False),
        ("a=1; HttpOnly", "/inner/page", True),
    ],
)
async def test_a_cookie_is_sent_where_it_belongs(world, cookie, path, is_sent):
    with ScriptedServer([[reply(ok(b"", f"Set-Cookie: {cookie}")), reply(ok())]]) as server:
        async with world.open() as door:
            await door.get(f"{server.url}/inner/login")
            await door.get(f"{server.url}{path}")
    assert server.requests[1].header("Cookie") == ("a=1" if is_sent else None)


MALFORMED = [
    "",
    "=",
    ";",
    "novalue",
    "=value",
    "a=1; Expires=never",
    "a=1; Expires=Wed, 99 Foo 99999 99:99:99 GMT",
    "a=1; Expires=99999999999999999999",
    "a=1; Max-Age=99999999999999999999999999",
    "a=1; Max-Age=-99999999999999999999999999",
    "a=1; Max-Age=abc",
    "a=1; Domain=",
    "a=1; Domain=..",
    "a=1; Domain=\xff\xfe",
    "a=1; Path=\xff",
    "a=1; Port=abc",
    "a=1; Version=abc",
    "caf\xe9=\xff\xfe",
    'a="unclosed',
    "a=1" + "; x" * 5000,
    "a=" + "1" * 50_000,
    "a = 1 ; = ; ;;; ,,,",
    "a=1, b=2; Expires=Thu, 01-Jan-2099 00:00:00 GMT, c=3",
]


@pytest.mark.parametrize("cookie", MALFORMED, ids=range(len(MALFORMED)))
async def test_a_malformed_cookie_never_raises_and_never_breaks_the_next_request(world, cookie):
    data = ok(b"one", "Set-Cookie: good=yes", f"Set-Cookie: {cookie}")
    with ScriptedServer([[reply(data), reply(ok(b"two"))]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
            assert dict(got.cookies)["good"] == "yes"
            assert (await door.get(server.url)).content == b"two"
    assert "good=yes" in server.requests[1].header("Cookie")


CHARSETS = ["", "nothing", "idna", "hex", "base64", "rot13", "zlib", "undefined", '"', "utf\xff", "a" * 300]


@pytest.mark.parametrize("charset", CHARSETS)
async def test_an_odd_charset_never_raises(world, charset):
    with ScriptedServer([[reply(ok("café".encode(), f"Content-Type: text/plain; charset={charset}"))]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
            assert got.content == "café".encode()
            assert "caf" in got.text
            assert got.encoding


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Type: ;;;=;"],
        ['Content-Type: text/plain; charset="'],
        ["Link: <<<>>>;;;,,,"],
        ["Link: "],
        ["Retry-After: whenever", "Date: yesterday"],
        ["Content-Encoding: ,,,"],
        ["Content-Encoding: "],
    ],
)
async def test_odd_fields_never_raise(world, fields):
    with ScriptedServer([[reply(ok(b"ok", *fields))]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
    assert got.text == "ok"
    assert isinstance(got.links, dict)
    assert repr(got.headers)


async def test_a_cookie_value_is_sent_back_as_it_came(world):
    def handler(request):
        return ok((request.header("Cookie") or "").encode("latin-1"), 'Set-Cookie: a="quoted, value"; Path=/')

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open() as door:
            await door.get(server.url)
            assert (await door.get(server.url)).content == b'a="quoted, value"'

"""An ASGI application as a transport: what it is told, what the caller gets, what it does wrong."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import pickle

import anyio
import anyio.lowlevel
import pytest

import arke
from arke._transports import asgi_exchange
from transports.asgi_apps import (
    PATIENCE,
    START,
    client_of,
    echo,
    fail_after,
    fail_before,
    fail_late,
    fail_within,
    hello,
    piece,
)


async def test_the_scope_describes_the_request(async_world):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await hello(scope, receive, send)

    async with client_of(app, root_path="/sub", client=("1.2.3.4", 5)) as client:
        await client.post("http://user@Example.org:81/a%20b/%C3%A9?q=%20x", headers=[("X-A", "1"), ("x-a", "2")])
    scope = scopes[0]
    headers = scope.pop("headers")
    assert headers[0] == (b"host", b"example.org:81")
    assert [value for name, value in headers if name == b"x-a"] == [b"1", b"2"]
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/a b/é",
        "raw_path": b"/a%20b/%C3%A9",
        "query_string": b"q=%20x",
        "server": ("example.org", 81),
        "client": ("1.2.3.4", 5),
        "root_path": "/sub",
    }


@pytest.mark.parametrize(
    "url", ["http://a", "https://a/b?c=d#e", "http://a:80/?", "http://[::1]:8/%2F", "http://ä.de/ä?ä"]
)
async def test_the_scope_is_that_of_httpx(async_world, url):
    httpx = pytest.importorskip("httpx")
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await hello(scope, receive, send)

    for library in (httpx, arke):
        request = library.Request("GET", url, headers=[("X-One", "1")])
        response = await library.ASGITransport(app, root_path="/r").handle_async_request(request)
        assert await response.aread() == b"hello"
    assert scopes[0] == scopes[1]


async def test_content_at_hand_is_one_message(async_world):
    messages = []

    async def app(scope, receive, send):
        messages.append(await receive())
        await hello(scope, receive, send)

    async with client_of(app) as client:
        await client.post("/", content=b"abc")
        await client.get("/")
    assert messages == [
        {"type": "http.request", "body": b"abc", "more_body": False},
        {"type": "http.request", "body": b"", "more_body": False},
    ]


async def test_content_flows_as_the_application_asks_for_it(async_world):
    taken = []

    async def content():
        for number in range(3):
            taken.append(number)
            yield b"%d" % number

    async def app(scope, receive, send):
        messages = [await receive()]
        assert taken == [0]
        messages += [await receive() for _ in range(3)]
        await send(START)
        await send(piece(repr([(m["body"], m["more_body"]) for m in messages]).encode(), more=False))

    async with client_of(app) as client:
        got = (await client.post("/", content=content())).text
    assert got == repr([(b"0", True), (b"1", True), (b"2", True), (b"", False)])


async def test_a_response_may_come_before_the_content_has_ended(async_world):
    async def content():
        yield b"a"
        await anyio.lowlevel.checkpoint()
        yield b"b"

    async def app(scope, receive, send):
        await send(START)
        while True:
            message = await receive()
            await send(piece(message["body"].upper(), more=message["more_body"]))
            if not message["more_body"]:
                return

    async with client_of(app) as client:
        assert (await client.post("/", content=content())).content == b"AB"


async def test_content_that_is_not_asked_for_can_be_sent_again(async_world):
    async def app(scope, receive, send):
        if (b"x-again", b"1") in scope["headers"]:
            return await echo(scope, receive, send)
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", b"/again")]})
        return await send(piece(b"", more=False))

    async with client_of(app) as client:

        def again(request):
            if request.url.path == "/again":
                request.headers["x-again"] = "1"

        client.event_hooks = {"request": [_awaiting(again)]}
        response = await client.post("/", content=async_world.body([b"one", b"two"]), follow_redirects=True)
    assert response.content == b"onetwo"


def _awaiting(function):
    async def hook(argument):
        function(argument)

    return hook


async def test_content_taken_in_part_is_closed(async_world):
    ended = []

    async def content():
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append(True)

    async def app(scope, receive, send):
        await receive()
        await hello(scope, receive, send)

    async with client_of(app) as client:
        assert (await client.post("/", content=content())).content == b"hello"
        assert ended == [True]


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("handler", ["passes on", "answers"])
async def test_what_the_content_raises_reaches_the_caller(async_world, raises, handler):
    async def content():
        yield b"a"
        raise ZeroDivisionError("the caller's")

    async def app(scope, receive, send):
        await receive()
        message = await receive()
        assert message == {"type": "http.disconnect"}
        if handler == "passes on":
            raise ValueError("the application's")
        await hello(scope, receive, send)

    async with client_of(app, raise_app_exceptions=raises) as client:
        with pytest.raises(ZeroDivisionError, match="the caller's"):
            await client.post("/", content=content())


async def test_content_that_the_application_broke_off_is_not_taken_for_complete(async_world):
    async def content():
        yield b"a"
        await anyio.sleep_forever()

    async def app(scope, receive, send):
        await receive()
        with anyio.move_on_after(0.01):
            await receive()
        assert await receive() == {"type": "http.disconnect"}
        await hello(scope, receive, send)

    async with client_of(app) as client:
        assert (await client.post("/", content=content())).content == b"hello"


async def test_content_that_is_not_bytes_is_a_type_error(async_world):
    async def content():
        yield "text"

    async with client_of(echo) as client:
        with pytest.raises(TypeError, match="must yield bytes, not str"):
            await client.post("/", content=content())


async def test_the_context_of_the_caller_reaches_the_application(async_world):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    async def app(scope, receive, send):
        seen.append(variable.get())
        await hello(scope, receive, send)

    async with client_of(app) as client:
        variable.set("set")
        await client.get("/")
    assert seen == ["set"]


async def test_a_whole_response_is_given(async_world):
    async def app(scope, receive, send):
        headers = [[b"Content-Type", b"text/plain"], [b"set-cookie", b"a=1"], (b"set-cookie", b"b=2")]
        await send({"type": "http.response.start", "status": 404, "headers": iter(headers)})
        await send(piece(b"gone "))
        await send({"type": "http.response.body", "body": bytearray(b"missing")})

    async with client_of(app) as client:
        response = await client.get("/")
        assert (response.status_code, response.reason_phrase, response.http_version) == (404, "Not Found", "HTTP/1.1")
        assert response.text == "gone missing"
        assert response.headers.raw[0] == (b"Content-Type", b"text/plain")
        assert dict(client.cookies) == {"a": "1", "b": "2"}
        assert response.elapsed.total_seconds() >= 0


async def test_a_response_without_headers_and_body(async_world):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async with client_of(app) as client:
        response = await client.get("/")
    assert (response.status_code, response.headers.raw, response.content) == (204, [], b"")


async def test_the_answer_to_head_has_no_content(async_world):
    async with client_of(hello) as client:
        assert (await client.head("/")).content == b""


async def test_messages_of_extensions_are_ignored(async_world):
    async def app(scope, receive, send):
        await send({"type": "http.response.early_hint", "links": []})
        await send(START)
        await send({"type": "http.response.debug", "info": {}})
        await send(piece(b"hello", more=False))
        await send({"type": "http.response.trailers", "headers": []})

    async with client_of(app) as client:
        assert (await client.get("/")).content == b"hello"


async def test_the_response_is_there_as_soon_as_it_begins(async_world):
    go_on = anyio.Event()

    async def app(scope, receive, send):
        await send(START)
        await go_on.wait()
        await send(piece(b"late", more=False))

    async with client_of(app) as client, client.stream("GET", "/") as response:
        assert response.status_code == 200
        go_on.set()
        assert await response.aread() == b"late"


async def test_pieces_come_as_they_are_sent(async_world):
    answers = []

    async def app(scope, receive, send):
        await send(START)
        for number in range(3):
            answer = anyio.Event()
            answers.append(answer)
            await send(piece(b"%d" % number))
            await answer.wait()
        await send(piece(b"", more=False))

    got = []
    async with client_of(app) as client, client.stream("GET", "/") as response:
        async for each in response.aiter_raw():
            got.append(each)
            answers[len(got) - 1].set()
    assert got == [b"0", b"1", b"2"]


async def test_the_application_waits_for_a_slow_reader(async_world):
    sent = []

    async def app(scope, receive, send):
        await send(START)
        for number in range(1000):
            await send(piece(b"x" * 1024))
            sent.append(number)
        await send(piece(b"", more=False))

    async with client_of(app) as client, client.stream("GET", "/") as response:
        await async_world.settle()
        for _ in range(200):
            await anyio.lowlevel.checkpoint()
        assert len(sent) <= asgi_exchange.max_waiting_bytes // 1024
        assert len(await response.aread()) == 1024 * 1000
    assert len(sent) == 1000


async def test_many_requests_at_once(async_world):
    async with client_of(echo) as client:
        thunks = [lambda n=n: client.post("/", content=async_world.body([b"%d" % n])) for n in range(50)]
        responses = await async_world.gather(*thunks)
    assert [response.content for response in responses] == [b"%d" % n for n in range(50)]


async def test_a_response_outlives_the_tasks_and_the_scopes_it_was_asked_for_in(async_world):
    responses = []

    async def app(scope, receive, send):
        async with anyio.create_task_group() as group:
            await send(START)
            group.start_soon(send, piece(b"x" * 200_000))
        await send(piece(b"", more=False))

    async with client_of(app) as client:

        async def ask():
            with anyio.move_on_after(PATIENCE):
                responses.append(await client.send(client.build_request("GET", "/"), stream=True))

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            group.start_soon(ask)
        assert [len(await response.aread()) for response in responses] == [200_000] * 2


FAILING = [fail_before, fail_within, fail_after, fail_late]


@pytest.mark.parametrize("app", FAILING)
async def test_an_exception_of_the_application_reaches_the_caller(async_world, app):
    async with client_of(app) as client:
        with pytest.raises(ZeroDivisionError, match="mine"):
            await client.get("/")


@pytest.mark.parametrize("app", [fail_before, fail_after])
async def test_an_application_that_fails_at_once_fails_the_call_itself(async_world, app):
    seen = []

    async def hook(response):
        seen.append(response)

    async with client_of(app) as client:
        client.event_hooks = {"response": [hook]}
        with pytest.raises(ZeroDivisionError, match="mine"):
            await client.send(client.build_request("GET", "/"), stream=True)
    assert seen == []


async def test_closing_a_response_tells_what_the_application_raised_before(async_world):
    async with client_of(fail_late) as client:
        with pytest.raises(ZeroDivisionError, match="mine"):
            async with client.stream("GET", "/") as response:
                assert response.status_code == 200
                for _ in range(300):
                    await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    ("app", "status", "content"),
    [(fail_before, 500, b""), (fail_within, 200, b"some"), (fail_after, 200, b"hello"), (fail_late, 200, b"hello")],
)
async def test_an_exception_may_be_kept_from_the_caller(async_world, app, status, content):
    async with client_of(app, raise_app_exceptions=False) as client:
        response = await client.get("/")
    assert (response.status_code, response.content, response.is_closed) == (status, content, True)


class Stop(BaseException):
    """Not an Exception."""


@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("raises", [True, False])
async def test_what_is_no_exception_reaches_the_caller_in_any_case(async_world, kind, raises):
    async def app(scope, receive, send):
        await anyio.lowlevel.checkpoint()
        raise kind

    async with client_of(app, raise_app_exceptions=raises) as client:
        with pytest.raises(kind):
            await client.get("/")


def messages(*given):
    async def app(scope, receive, send):
        for message in given:
            await send(message)

    return app


MISTAKES = [
    pytest.param([], "returned without sending http.response.start", id="nothing"),
    pytest.param([START], "returned before its response was complete", id="no body"),
    pytest.param([START, piece(b"a")], "returned before its response was complete", id="more body"),
    pytest.param([START, START], "http.response.start twice", id="start twice"),
    pytest.param([piece(b"a")], "http.response.body before http.response.start", id="body first"),
    pytest.param([START, piece(b"", more=False), piece(b"a")], "after the last one", id="body after the end"),
    pytest.param([START, piece("text")], "http.response.body with str, not bytes", id="text"),
    pytest.param([{"type": "http.response.start"}], "status None, which is not an int", id="no status"),
    pytest.param([{**START, "status": "200"}], "status '200', which is not an int", id="text status"),
    pytest.param([{**START, "headers": [(1, 2)]}], "headers that are not pairs of bytes", id="header types"),
    pytest.param([{**START, "headers": [b"abc"]}], "headers that are not pairs of bytes", id="header shape"),
    pytest.param([{**START, "headers": 7}], "headers that are not pairs of bytes", id="headers type"),
    pytest.param([{**START, "headers": [("é", "a")]}], "headers that are not pairs of bytes", id="header text"),
    pytest.param([{"type": "websocket.accept"}], "type 'websocket.accept'", id="another protocol"),
    pytest.param([{"type": 1}], "type 1", id="type of the type"),
    pytest.param([{}], "type None", id="no type"),
    pytest.param(["text"], "sent str, not a dictionary", id="no message"),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
async def test_a_mistake_of_the_application_is_said(async_world, given, message):
    async with client_of(messages(*given)) as client:
        with pytest.raises(arke.RemoteProtocolError, match=f"^the ASGI application .*{message}") as caught:
            await client.get("/")
    assert caught.value.request.url == "http://testserver/"
    assert caught.value.phase == "read"


@pytest.mark.parametrize("given", [[], [START, piece(b"a")]])
async def test_a_response_without_its_end_is_an_error_in_any_case(async_world, given):
    async with client_of(messages(*given), raise_app_exceptions=False) as client:
        with pytest.raises(arke.RemoteProtocolError):
            await client.get("/")


async def test_the_application_sees_its_own_mistake(async_world):
    async def app(scope, receive, send):
        with pytest.raises(arke.RemoteProtocolError):
            await send(piece(b"too early"))
        await hello(scope, receive, send)

    async with client_of(app) as client:
        assert (await client.get("/")).content == b"hello"


async def test_what_is_no_asgi_application_is_a_type_error(async_world):
    def app(scope, receive, send):
        return None

    async with client_of(app) as client:
        with pytest.raises(TypeError):
            await client.get("/")


def test_an_application_that_cancels_itself_is_a_read_error():
    async def app(scope, receive, send):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    async def main():
        async with client_of(app) as client:
            with pytest.raises(arke.ReadError, match="was cancelled before its response was complete"):
                await client.get("/")

    asyncio.run(main())


OUTCOMES = [*FAILING, hello, echo, messages(START), messages()]


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_the_outcome_is_that_of_httpx(async_world, raises, method):
    httpx = pytest.importorskip("httpx")

    async def outcome(library, app):
        transport = library.ASGITransport(app, raise_app_exceptions=raises)
        async with library.AsyncClient(transport=transport) as client:
            try:
                response = await client.request(method, "http://testserver/", content=b"content")
            except ZeroDivisionError as exc:
                return str(exc)
            except (AssertionError, arke.RemoteProtocolError):
                return "wrong"
            return response.status_code, response.content, response.headers.multi_items()

    for app in OUTCOMES:
        assert await outcome(arke, app) == await outcome(httpx, app)


def test_a_transport_can_be_copied_pickled_and_extended():
    transport = arke.ASGITransport(hello, False, "/root", ("a", 1))
    transport.free = "attribute"
    for twin in (copy.deepcopy(transport), pickle.loads(pickle.dumps(transport))):
        assert vars(twin) == vars(transport)

    class Bare(arke.ASGITransport):
        def __init__(self):
            self.app, self.raise_app_exceptions, self.root_path, self.client = hello, True, "", ("a", 1)

    async def main():
        async with arke.AsyncClient(transport=Bare()) as client:
            assert (await client.get("http://testserver/")).content == b"hello"

    asyncio.run(main())

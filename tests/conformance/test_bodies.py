"""What a request's body looks like on the wire."""

from __future__ import annotations

import io
import json

import pytest

import arke
from support.scripted import ScriptedServer, answer, forever, reply
from support.wire import ok

BIG = b"0123456789abcdef" * 65536


@pytest.fixture
def server():
    with ScriptedServer(every=[forever(reply(ok()))]) as server:
        yield server


async def sent(world, server, method="POST", **options):
    async with world.open() as door:
        await door.request(method, server.url, **options)
    return server.requests[-1]


@pytest.mark.parametrize("content", [b"", b"hello", "caf\u00e9", BIG], ids=["empty", "bytes", "str", "big"])
async def test_bytes_and_text_have_a_length(world, server, content):
    request = await sent(world, server, content=content)
    raw = content.encode() if isinstance(content, str) else content
    assert request.body == raw
    assert request.header("Content-Length") == str(len(raw))
    assert request.header("Transfer-Encoding") is None


@pytest.mark.parametrize("pieces", [[], [b""], [b"one"], [b"one", b"", b"two"], [BIG, b"end"]])
async def test_an_iterator_goes_out_in_chunks(world, server, pieces):
    request = await sent(world, server, content=world.body(pieces))
    assert request.body == b"".join(pieces)
    assert request.header("Transfer-Encoding") == "chunked"
    assert request.header("Content-Length") is None


async def test_an_iterator_with_a_length_goes_out_as_it_is(world, server):
    request = await sent(world, server, content=world.body([b"he", b"llo"]), headers={"Content-Length": "5"})
    assert request.body == b"hello"
    assert request.header("Transfer-Encoding") is None


async def test_json_is_compact(world, server):
    document = {"text": "caf\u00e9", "list": [1, 2.5, None, True]}
    request = await sent(world, server, json=document)
    assert request.body == json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    assert request.header("Content-Type") == "application/json"


async def test_a_form_is_encoded(world, server):
    request = await sent(world, server, data={"a": "1 2", "b": ["x", "y"], "c": "&=\u00e9"})
    assert request.body == b"a=1+2&b=x&b=y&c=%26%3D%C3%A9"
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"


async def test_a_file_is_sent_as_multipart(world, server):
    files = {"file": ("name.txt", io.BytesIO(b"content"), "text/plain")}
    request = await sent(world, server, data={"field": "value"}, files=files)
    boundary = request.header("Content-Type").partition("boundary=")[2].encode()
    parts = request.body.split(b"--" + boundary)
    assert parts[0] == b""
    assert parts[-1] == b"--\r\n"
    assert b'name="field"\r\n\r\nvalue\r\n' in parts[1]
    assert b'name="file"; filename="name.txt"\r\nContent-Type: text/plain\r\n\r\ncontent\r\n' in parts[2]
    assert request.header("Content-Length") == str(len(request.body))


@pytest.mark.parametrize(
    ("method", "length"), [("GET", None), ("HEAD", None), ("POST", "0"), ("PUT", "0"), ("PATCH", "0")]
)
async def test_a_request_without_a_body_says_so_where_that_matters(world, server, method, length):
    # "A user agent SHOULD send Content-Length in a request when the method defines a meaning for enclosed content"
    # (RFC 9110 8.6)
    request = await sent(world, server, method)
    assert request.header("Content-Length") == length
    assert request.header("Transfer-Encoding") is None


async def test_default_fields_come_in_their_order(world, server):
    request = await sent(world, server, "GET")
    names = [name.decode() for name, _ in request.fields]
    assert names == ["Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"]
    assert request.header("Host") == server.host
    assert request.header("Connection") == "keep-alive"
    assert request.header("User-Agent").startswith("python-arke/")


async def test_the_caller_s_fields_keep_their_case_and_order(world, server):
    headers = [("X-MiXeD", "1"), ("x-mixed", "2"), ("Another", "3")]
    request = await sent(world, server, "GET", headers=headers)
    mine = [field for field in request.fields if field[0].lower() in {b"x-mixed", b"another"}]
    assert mine == [(b"X-MiXeD", b"1"), (b"x-mixed", b"2"), (b"Another", b"3")]


async def test_the_target_is_the_path_and_query(world, server):
    async with world.open() as door:
        await door.get(f"{server.url}/a/b?c=d&e=%20f#fragment")
        await door.get(f"{server.url}?q=1")
        await door.get(f"{server.url}/x y/\u00e9", params={"a": "b c"})
        await door.request("OPTIONS", server.url, extensions={"target": b"*"})
    targets = [request.target for request in server.requests]
    assert targets == ["/a/b?c=d&e=%20f", "/?q=1", "/x%20y/%C3%A9?a=b+c", "*"]


async def test_a_big_body_goes_both_ways(world, origin):
    with origin.server(every=[forever(answer(lambda request: ok(request.body)))]) as server:
        async with world.open() as door:
            got = await door.post(server.url, content=BIG * 4)
    assert got.content == BIG * 4


async def test_a_big_streamed_body_goes_both_ways(world, origin):
    with origin.server(every=[forever(answer(lambda request: ok(request.body)))]) as server:
        async with (
            world.open() as door,
            door.stream("POST", server.url, content=world.body([BIG] * 4)) as got,
        ):
            assert b"".join([piece async for piece in door.iterate(got)]) == BIG * 4


async def test_auth_may_ask_for_the_response_and_send_again(world):
    class Challenge(arke.Auth):
        requires_response_body = True

        def auth_flow(self, request):
            response = yield request
            if response.status_code == 401:
                request.headers["Authorization"] = response.text
                yield request

    def handler(request):
        if request.header("Authorization") == "token":
            return ok(b"welcome")
        return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\ntoken"

    with ScriptedServer(every=[forever(answer(handler))]) as server:
        async with world.open(auth=Challenge()) as door:
            got = await door.post(server.url, content=b"hello")
    assert got.content == b"welcome"
    assert [request.body for request in server.requests] == [b"hello", b"hello"]
    assert len(server.connections) == 1


async def test_base_url_params_headers_and_cookies_of_the_client_are_merged(world, server):
    async with world.open(
        base_url=f"{server.url}/v1/",
        params={"key": "k"},
        headers={"X-Client": "c", "X-Both": "client"},
        cookies={"a": "1"},
    ) as door:
        await door.get("items", params={"page": "2"}, headers={"x-both": "request"})
    (request,) = server.requests
    assert request.target == "/v1/items?key=k&page=2"
    assert request.header("X-Client") == "c"
    assert request.header("X-Both") == "request"
    assert request.header("Cookie") == "a=1"


@pytest.mark.parametrize("method", ["get", "head", "options", "delete", "post", "put", "patch"])
async def test_each_verb_sends_its_method(world, server, method):
    async with world.open() as door:
        got = await getattr(door, method)(server.url)
    assert got.status_code == 200
    assert server.requests[0].method == method.upper()
    assert got.request.method == method.upper()

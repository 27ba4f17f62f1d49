"""A transport that asks a function."""

from __future__ import annotations

import asyncio

import pytest

import arke


def echo(request):
    return arke.Response(200, json={"method": request.method, "content": request.content.decode()})


async def aecho(request):
    await asyncio.sleep(0)
    return echo(request)


def run(transport, **options):
    async def use():
        async with arke.AsyncClient(transport=transport) as client:
            return await client.post("http://example.org/", **options)

    return asyncio.run(use())


def test_a_function_answers_both_kinds_of_client():
    transport = arke.MockTransport(echo)
    with arke.Client(transport=transport) as client:
        assert client.get("http://example.org/").json() == {"method": "GET", "content": ""}
    assert run(transport, content=b"x").json() == {"method": "POST", "content": "x"}


def test_a_coroutine_function_answers_an_async_client():
    assert run(arke.MockTransport(aecho), content=b"x").json()["content"] == "x"


def test_a_coroutine_function_is_refused_by_a_blocking_client():
    async def handler(request):
        raise AssertionError

    transport = arke.MockTransport(handler)
    with arke.Client(transport=transport) as client, pytest.raises(TypeError, match="coroutine"):
        client.get("http://example.org/")


@pytest.mark.parametrize("kind", ["generator", "async"])
def test_the_function_sees_streamed_content_read(kind):
    async def agenerate():
        yield b"a"
        yield b"b"

    transport = arke.MockTransport(echo)
    if kind == "async":
        assert run(transport, content=agenerate()).json()["content"] == "ab"
    else:
        with arke.Client(transport=transport) as client:
            assert client.post("http://example.org/", content=iter([b"a", b"b"])).json()["content"] == "ab"


def test_its_errors_come_out_as_they_are_with_the_request():
    def handler(request):
        raise arke.ConnectError("no")

    with arke.Client(transport=arke.MockTransport(handler)) as client, pytest.raises(arke.ConnectError) as caught:
        client.get("http://example.org/")
    assert caught.value.request.url == "http://example.org/"
    with pytest.raises(arke.ConnectError) as caught:
        run(arke.MockTransport(handler))
    assert caught.value.request.method == "POST"


def test_its_responses_are_the_clients():
    with arke.Client(transport=arke.MockTransport(echo)) as client:
        response = client.get("http://example.org/")
        assert response.request.url == response.url == "http://example.org/"
        assert response.elapsed.total_seconds() >= 0
        assert response.is_closed

"""ASGI applications that answer, wait, listen and fail, and a client for them."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel

import arke

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
PATIENCE = 5.0


def piece(body, *, more=True):
    return {"type": "http.response.body", "body": body, "more_body": more}


@asynccontextmanager
async def client_of(app, **options):
    async with arke.AsyncClient(transport=arke.ASGITransport(app, **options), base_url="http://testserver") as client:
        with anyio.fail_after(PATIENCE):
            yield client


async def hello(scope, receive, send):
    await send(START)
    await send(piece(b"hello", more=False))


async def read_content(receive):
    content, more = b"", True
    while more:
        message = await receive()
        content += message["body"]
        more = message["more_body"]
    return content


async def echo(scope, receive, send):
    content = await read_content(receive)
    await send(START)
    await send(piece(content, more=False))


class Recorder:
    """Begins a response, sends one piece, and does what it is told to until it ends; remembers how that was."""

    def __init__(self, then):
        self.then = then
        self.is_running = False
        self.ended_by = None

    async def __call__(self, scope, receive, send):
        self.is_running = True
        try:
            await send(START)
            await send(piece(b"first"))
            await self.then(receive, send)
            self.ended_by = "return"
        except BaseException as exc:
            self.ended_by = type(exc).__name__
            raise
        finally:
            self.is_running = False

    @property
    def was_cancelled(self):
        return not self.is_running and self.ended_by in {"CancelledError", "Cancelled"}


async def wait_forever(receive, send):
    await anyio.sleep_forever()


async def listen(receive, send):
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_forever(receive, send):
    while True:
        await send(piece(b"x" * 1000))


async def listen_endlessly(receive, send):
    while True:
        await receive()


async def fail_before(scope, receive, send):
    raise ZeroDivisionError("mine")


async def fail_within(scope, receive, send):
    await send(START)
    await send(piece(b"some"))
    raise ZeroDivisionError("mine")


async def fail_after(scope, receive, send):
    await hello(scope, receive, send)
    raise ZeroDivisionError("mine")


async def fail_late(scope, receive, send):
    await send(START)
    for _ in range(100):
        await anyio.lowlevel.checkpoint()
    await send(piece(b"hello", more=False))
    for _ in range(100):
        await anyio.lowlevel.checkpoint()
    raise ZeroDivisionError("mine")

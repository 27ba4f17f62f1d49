"""Applications that real servers serve: httpbin made to take chunked uploads, and an ASGI application that streams."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator


def httpbin(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Serve httpbin; it refuses chunked uploads by name of the server, so give it the body with its length."""
    from httpbin import app

    if "chunked" in environ.pop("HTTP_TRANSFER_ENCODING", "").lower():
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
    body = app(environ, start_response)
    try:
        yield b""  # hypercorn starts a response at its first piece, and httpbin sometimes has none
        yield from body
    finally:
        getattr(body, "close", lambda: None)()


async def streaming(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Count the body's bytes as they come, or send `/chunks/<count>/<size>` chunk by chunk."""
    if scope["type"] == "lifespan":
        return await _live(receive, send)
    parts = scope["path"].strip("/").split("/")
    headers = [(b"content-type", b"application/octet-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if parts[0] == "chunks":
        for _ in range(int(parts[1])):
            await send({"type": "http.response.body", "body": b"x" * int(parts[2]), "more_body": True})
        return await send({"type": "http.response.body"})
    total, more = 0, True
    while more:
        message = await receive()
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    return await send({"type": "http.response.body", "body": str(total).encode()})


async def _live(
    receive: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    while True:
        kind = (await receive())["type"].removeprefix("lifespan.")
        await send({"type": f"lifespan.{kind}.complete"})
        if kind == "shutdown":
            return

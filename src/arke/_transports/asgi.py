"""A transport that asks an ASGI application in this process."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from arke._message.content import AsyncWholeBody
from arke._message.response import Response
from arke._values.types import AsyncByteStream

from .asgi_exchange import Exchange
from .base import AsyncBaseTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from arke._message.request import Request

    from .asgi_exchange import ASGIApp


class ASGITransport(AsyncBaseTransport):
    """A transport that answers by running an ASGI application, under asyncio and trio.

    ```python
    transport = arke.ASGITransport(app=app, root_path="/submount", client=("1.2.3.4", 123))
    async with arke.AsyncClient(transport=transport, base_url="http://testserver") as client:
        response = await client.get("/")
    ```

    The response is there as soon as the application begins it, and its content comes as the application sends it; the
    application waits when the reader is slow, is told when the response is closed, and is cancelled when the request
    is. It runs in a task of its own, with a copy of the caller's context. A response has been read when the
    application has ended, so background tasks are done by then. Limits of time are not applied.

    `raise_app_exceptions` says whether the application's exceptions are raised to the caller; else one before the
    response makes it an empty 500, and a later one ends it. `root_path` is where the application is mounted. `client`
    is the address that requests come from.
    """

    # What has not ended yet; made by the first request.
    _running: set[Exchange] | None = None

    def __init__(
        self,
        app: ASGIApp,
        raise_app_exceptions: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 123),
    ) -> None:
        """Keep the application; start nothing, its lifespan included."""
        self.app = app
        self.raise_app_exceptions = raise_app_exceptions
        self.root_path = root_path
        self.client = client

    async def handle_async_request(self, request: Request) -> Response:
        """Run the application, and return its response, which may still be on its way.

        Raises what the application does, unless told not to, and `RemoteProtocolError` where it breaks the rules.
        """
        exchange = Exchange(self.app, self._scope(request), request, raises=self.raise_app_exceptions)
        if self._running is None:
            self._running = set()
        await exchange.begin(self._running)
        stream = AsyncWholeBody(exchange.take_all()) if exchange.is_over else ASGIBody(exchange)
        return Response(exchange.status or 500, headers=exchange.headers, stream=stream)

    def _scope(self, request: Request) -> dict[str, Any]:
        url = request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": self.client,
            "root_path": self.root_path,
        }

    async def aclose(self) -> None:
        """End what still runs in this event loop, and let go of the rest."""
        running, self._running = self._running or set(), None
        async with AsyncExitStack() as stack:
            for exchange in running:
                if not exchange.is_over and exchange.is_here():
                    stack.push_async_callback(exchange.aclose)


class ASGIBody(AsyncByteStream):
    """The content of a response, as the application sends it."""

    def __init__(self, exchange: Exchange) -> None:
        """Read from an exchange that has begun."""
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield what the application sends, piece by piece."""
        while (piece := await self._exchange.next_piece()) is not None:
            yield piece

    async def aclose(self) -> None:
        """End the application."""
        await self._exchange.aclose()

    def __del__(self) -> None:
        self._exchange.drop()

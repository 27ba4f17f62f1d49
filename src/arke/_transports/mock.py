"""A transport that asks a function, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arke._message.response import Response

from .base import AsyncBaseTransport, BaseTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from arke._message.request import Request


class MockTransport(AsyncBaseTransport, BaseTransport):
    """A transport that answers by calling a function, for both kinds of client.

    >>> def handler(request):
    ...     return arke.Response(200, json={"path": request.url.path})
    >>> client = arke.Client(transport=arke.MockTransport(handler))
    """

    def __init__(self, handler: Callable[[Request], Response | Coroutine[Any, Any, Response]]) -> None:
        """Keep the function; for an `AsyncClient` it may be a coroutine function."""
        self.handler = handler

    def handle_request(self, request: Request) -> Response:
        """Read the request, and return what the function does."""
        request.read()
        response = self.handler(request)
        if not isinstance(response, Response):
            if hasattr(response, "close"):
                response.close()  # Else a coroutine complains that nobody awaited it.
            msg = f"the handler of a MockTransport gave {type(response).__name__} to a Client, not a Response"
            raise TypeError(msg)
        return response

    async def handle_async_request(self, request: Request) -> Response:
        """Read the request, and return what the function does."""
        await request.aread()
        response = self.handler(request)
        if not isinstance(response, Response):
            response = await response
        return response

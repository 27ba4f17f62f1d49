"""The seam: what a client asks of a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from arke._message.request import Request
    from arke._message.response import Response


class BaseTransport:
    """What answers a `Client`'s requests. Subclass it to answer otherwise.

    >>> class HelloTransport(arke.BaseTransport):
    ...     def handle_request(self, request):
    ...         return arke.Response(200, text="Hello, world!")
    >>> client = arke.Client(transport=HelloTransport())
    """

    def __enter__(self) -> Self:
        """Enter; the client does, when it is entered."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close."""
        self.close()

    def handle_request(self, request: Request) -> Response:
        """Return the response to a request.

        Must: return a response whose stream, if it is not whole already, is a `SyncByteStream`; raise nothing but the
        family of `TransportError` for what goes wrong on the way; keep the limits in ``request.extensions["timeout"]``.
        Must not: follow redirects, read the response's content, or change the request.
        """
        msg = f"{type(self).__name__} has no handle_request"
        raise NotImplementedError(msg)

    def close(self) -> None:
        """Free everything; called once, when the client closes."""


class AsyncBaseTransport:
    """What answers an `AsyncClient`'s requests; the twin of `BaseTransport`."""

    async def __aenter__(self) -> Self:
        """Enter; the client does, when it is entered."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close."""
        await self.aclose()

    async def handle_async_request(self, request: Request) -> Response:
        """Return the response to a request; see `BaseTransport.handle_request`.

        Cancellation may come at any await; it must leave nothing behind.
        """
        msg = f"{type(self).__name__} has no handle_async_request"
        raise NotImplementedError(msg)

    async def aclose(self) -> None:
        """Free everything; called once, when the client closes."""

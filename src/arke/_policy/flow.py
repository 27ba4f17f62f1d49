"""The flow: what is sent, after which response, until there is a final one.

A generator of requests, for both doors: ``response = yield request``. A door sends what it gets, hands in the response,
and has the final one when the generator returns. Nothing here waits; what has to be read is read by the door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arke._values.errors import TooManyRedirects

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from arke._message.request import Request
    from arke._message.response import Response

    Flow = Generator[Request, Response, Response]


class Redirects:
    """How a call treats redirects."""

    __slots__ = ("build", "follows", "history", "limit")

    def __init__(self, build: Callable[[Request, Response], Request], limit: int, *, follows: bool) -> None:
        """Follow at most `limit` of them, if at all, by the requests that `build` makes."""
        self.build = build
        self.limit = limit
        self.follows = follows
        # The responses before the present one; appended to by the flow.
        self.history: list[Response] = []


def flow(request: Request, auth_flow: Generator[Request, Response, None] | None, redirects: Redirects) -> Flow:
    """Yield what to send: authentication around redirects."""
    if auth_flow is None:
        return (yield from follow(request, redirects))
    first = request
    try:
        request = next(auth_flow)
        while True:
            response = yield from follow(limited(request, first), redirects)
            try:
                request = auth_flow.send(response)
            except StopIteration:
                return response
            redirects.history.append(response)
    finally:
        auth_flow.close()


def limited(request: Request, first: Request) -> Request:
    """Return a request of an authentication scheme, under the limits of the call that it serves.

    One that the scheme made itself, to fetch a token, would have none, and could wait for ever.
    """
    if request is not first:
        limits = {name: value for name, value in first.extensions.items() if name in {"timeout", "deadline"}}
        # A deadline of its own is that of an earlier call.
        own = {name: value for name, value in request.extensions.items() if name != "deadline"}
        request.extensions = limits | own
    return request


def follow(request: Request, redirects: Redirects) -> Flow:
    """Yield a request, and those that its redirects lead to.

    Raises `TooManyRedirects`, or what is wrong with a redirect.
    """
    history = redirects.history
    while True:
        if len(history) > redirects.limit:
            msg = f"more than {redirects.limit} redirects (max_redirects)"
            raise TooManyRedirects(msg, request=request)
        response = yield request
        response.history = list(history)
        if not response.has_redirect_location:
            return response
        if not redirects.follows:
            response.next_request = _next_request(redirects, request, response)
            return response
        request = redirects.build(request, response)
        history.append(response)


def _next_request(redirects: Redirects, request: Request, response: Response) -> Request | None:
    """Return what would follow; a redirect that is not followed may be malformed without harm."""
    try:
        return redirects.build(request, response)
    except Exception:  # noqa: BLE001 - whatever a Location can cause, nobody asked to go there
        return None

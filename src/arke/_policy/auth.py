"""Authentication: the protocol of `Auth`, and the schemes."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from arke._values.errors import LocalProtocolError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._values.types import AuthTypes


class Auth:
    """Base of all authentication. A scheme is one generator, `auth_flow`.

    It yields the request, changed as needed; what comes back is the response; it yields another request to go on, or
    ends and so lets the last response be the answer. `requires_request_body` has the request's content read before it
    begins, `requires_response_body` that of each response before it is handed in.

    >>> class TokenAuth(arke.Auth):
    ...     def auth_flow(self, request):
    ...         request.headers["X-Token"] = "secret"
    ...         response = yield request
    ...         if response.status_code == 401:
    ...             request.headers["X-Token"] = "another"
    ...             yield request

    What must wait by itself (a lock, a file) overrides `sync_auth_flow` or `async_auth_flow` instead.
    """

    requires_request_body = False
    requires_response_body = False

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yield the requests to send; receive their responses."""
        yield request

    def sync_auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Run `auth_flow` for blocking code, reading what it requires."""
        if self.requires_request_body:
            request.read()
        flow = self.auth_flow(request)
        request = next(flow)
        while True:
            response = yield request
            if self.requires_response_body:
                response.read()
            try:
                request = flow.send(response)
            except StopIteration:
                break

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """Run `auth_flow` for asynchronous code, reading what it requires."""
        if self.requires_request_body:
            await request.aread()
        flow = self.auth_flow(request)
        request = next(flow)
        while True:
            response = yield request
            if self.requires_response_body:
                await response.aread()
            try:
                request = flow.send(response)
            except StopIteration:
                break


class FunctionAuth(Auth):
    """Authentication by a function from request to request.

    >>> FunctionAuth(lambda request: sign(request))
    """

    def __init__(self, func: Callable[[Request], Request]) -> None:
        """Keep the function."""
        self._func = func

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Send what the function makes of the request."""
        yield self._func(request)


class BasicAuth(Auth):
    """The Basic scheme (RFC 7617): user name and password with every request.

    >>> arke.get("https://www.example.com/", auth=arke.BasicAuth("user", "password"))
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        """Encode the credentials, as UTF-8."""
        self._auth_header = basic_header(username, password)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Send the request with an Authorization header."""
        request.headers["Authorization"] = self._auth_header
        yield request


class BearerAuth(Auth):
    """The Bearer scheme (RFC 6750): a token with every request.

    >>> arke.get("https://api.example.com/", auth=arke.BearerAuth("token"))
    """

    def __init__(self, token: str | bytes) -> None:
        """Keep the token; raise `LocalProtocolError` unless it is one or more visible ASCII characters."""
        raw = encode_credential(token, "token")
        # RFC 6750 2.1: "b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=""; servers have others.
        wrong = next((at for at, byte in enumerate(raw) if not 0x21 <= byte <= 0x7E), None)
        if wrong is not None or not raw:
            what = "it is empty" if wrong is None else f"not so the byte at position {wrong}"
            msg = f"a bearer token is visible ASCII characters, no space or control character (RFC 6750 2.1): {what}"
            raise LocalProtocolError(msg)
        self._auth_header = f"Bearer {raw.decode('ascii')}"

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Send the request with an Authorization header."""
        request.headers["Authorization"] = self._auth_header
        yield request


def basic_header(username: str | bytes, password: str | bytes) -> str:
    """Return what the Authorization header of these credentials says in the Basic scheme."""
    pair = encode_credential(username, "user name") + b":" + encode_credential(password, "password")
    return "Basic " + b64encode(pair).decode("ascii")


def encode_credential(part: str | bytes, what: str) -> bytes:
    """Return a credential in bytes; raise `LocalProtocolError`, which does not show it, for what is no Unicode text."""
    if isinstance(part, bytes):
        return part
    if not isinstance(part, str):
        msg = f"the {what} must be str or bytes, not {type(part).__name__}"
        raise TypeError(msg)
    try:
        return part.encode("utf-8")
    except UnicodeEncodeError:
        msg = f"the {what} has a lone surrogate and cannot be encoded as UTF-8"
    # Raised out here so that the UnicodeError, which holds the credential, is not its context.
    raise LocalProtocolError(msg)


def build_auth(auth: AuthTypes | None) -> Auth | None:
    """Return the `Auth` that a caller's `auth=` stands for."""
    if auth is None or isinstance(auth, Auth):
        return auth
    if isinstance(auth, tuple):
        return BasicAuth(*auth)
    if callable(auth):
        return FunctionAuth(auth)
    msg = f"auth must be a (user, password) tuple, a callable or an arke.Auth, not {type(auth).__name__}"
    raise TypeError(msg)

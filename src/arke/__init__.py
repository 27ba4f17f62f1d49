"""arke: an HTTP client for Python.

>>> import arke
>>> arke.get("https://www.example.com/")
<Response [200 OK]>
"""

from .__about__ import __description__, __title__, __version__
from ._api import delete, get, head, options, patch, post, put, query, request, stream
from ._client.asynchronous import AsyncClient
from ._client.base import USE_CLIENT_DEFAULT
from ._client.sync import Client
from ._message.content import ByteStream
from ._message.request import Request
from ._message.response import Response
from ._policy.auth import Auth, BasicAuth, BearerAuth, FunctionAuth
from ._policy.digest import DigestAuth
from ._policy.netrc import NetRCAuth
from ._transports.asgi import ASGITransport
from ._transports.base import AsyncBaseTransport, BaseTransport
from ._transports.http import AsyncHTTPTransport, HTTPTransport
from ._transports.mock import MockTransport
from ._transports.wsgi import WSGITransport
from ._values.config import Limits, Proxy, Timeout
from ._values.cookies import Cookies
from ._values.errors import (
    CloseError,
    ConnectError,
    ConnectTimeout,
    CookieConflict,
    DecodingError,
    HTTPError,
    HTTPStatusError,
    InvalidURL,
    LocalProtocolError,
    NetworkError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    RequestError,
    RequestNotRead,
    ResponseNotRead,
    StreamClosed,
    StreamConsumed,
    StreamError,
    TimeoutException,
    TooManyRedirects,
    TransportError,
    UnsupportedProtocol,
    WriteError,
    WriteTimeout,
)
from ._values.headers import Headers
from ._values.query import QueryParams
from ._values.status import codes
from ._values.types import AsyncByteStream, SyncByteStream
from ._values.url import URL, Origin
from ._wire.tls import create_ssl_context

__all__ = [
    "URL",
    "USE_CLIENT_DEFAULT",
    "ASGITransport",
    "AsyncBaseTransport",
    "AsyncByteStream",
    "AsyncClient",
    "AsyncHTTPTransport",
    "Auth",
    "BaseTransport",
    "BasicAuth",
    "BearerAuth",
    "ByteStream",
    "Client",
    "CloseError",
    "ConnectError",
    "ConnectTimeout",
    "CookieConflict",
    "Cookies",
    "DecodingError",
    "DigestAuth",
    "FunctionAuth",
    "HTTPError",
    "HTTPStatusError",
    "HTTPTransport",
    "Headers",
    "InvalidURL",
    "Limits",
    "LocalProtocolError",
    "MockTransport",
    "NetRCAuth",
    "NetworkError",
    "Origin",
    "PoolTimeout",
    "ProtocolError",
    "Proxy",
    "ProxyError",
    "QueryParams",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "Request",
    "RequestError",
    "RequestNotRead",
    "Response",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "SyncByteStream",
    "Timeout",
    "TimeoutException",
    "TooManyRedirects",
    "TransportError",
    "UnsupportedProtocol",
    "WSGITransport",
    "WriteError",
    "WriteTimeout",
    "__description__",
    "__title__",
    "__version__",
    "codes",
    "create_ssl_context",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "query",
    "request",
    "stream",
]


def _claim(names: list[str]) -> None:
    """Let every public class and function say that it is arke's, wherever it is written."""
    for name in names:
        public = globals()[name]
        if callable(public):
            public.__module__ = "arke"


_claim(__all__)
del _claim

"""Where a redirect leads, and what goes there (RFC 9110 15.4).

What goes to another origin is what one may tell a stranger. An origin is scheme, host and port: also from http to https
of one host, credentials stay behind, and what was left behind is not taken up again on a way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arke._message.content import ByteStream, is_spent
from arke._values.errors import InvalidURL, RemoteProtocolError, StreamConsumed
from arke._values.url import URL

if TYPE_CHECKING:
    from arke._message.request import Request
    from arke._message.response import Response
    from arke._values.headers import Headers
    from arke._values.types import AsyncByteStream, SyncByteStream

max_drained_bytes = 64 * 1024
"""How much of a redirect's content is read, so that its connection can be used again; with more it is closed."""

max_drained_seconds = 0.5
"""How long that may take."""

_SEE_OTHER = 303
_FOUND = 302
_MOVED_PERMANENTLY = 301
_CREDENTIALS = ("Authorization", "Proxy-Authorization", "Cookie")
_CONTENT_FIELDS = (
    "Content-Length",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Transfer-Encoding",
    "Expect",
    "Trailer",
)


def redirect_method(request: Request, response: Response) -> str:
    """Return the method of the next request.

    303 makes anything but HEAD a GET; 302 too, as everybody does, but for QUERY; 301 makes a POST a GET.
    """
    method, status = request.method, response.status_code
    if status == _SEE_OTHER and method != "HEAD":
        return "GET"
    if status == _FOUND and method not in {"HEAD", "QUERY"}:
        return "GET"
    if status == _MOVED_PERMANENTLY and method == "POST":
        return "GET"
    return method


def redirect_url(request: Request, response: Response) -> URL:
    """Return where a response's Location leads.

    Raises `RemoteProtocolError` when that is no URL.
    """
    location = response.headers["Location"]
    try:
        url = URL(location)
        if url.scheme and not url.host:
            url = url.copy_with(host=request.url.host)
        if url.is_relative_url:
            url = request.url.join(url)
        fragment = request.url._parts.fragment
        if fragment and not url._parts.fragment:
            url = url.copy_with(fragment=fragment)
    except InvalidURL as exc:
        msg = f"the server redirects to what is no URL: {exc}"
        raise RemoteProtocolError(msg, request=request, phase="read") from None
    return url


def redirect_headers(request: Request, url: URL, method: str) -> Headers:
    """Return the fields of the next request: no credentials for another origin, none of content for another method."""
    headers = request.headers.copy()
    if url._parts.origin != request.url._parts.origin:
        for name in _CREDENTIALS:
            headers.pop(name, None)
        headers["Host"] = url._parts.host_field.decode("ascii")
    if method != request.method:
        for name in _CONTENT_FIELDS:
            headers.pop(name, None)
    # The client's cookies are chosen anew for the new URL.
    headers.pop("Cookie", None)
    return headers


def redirect_extensions(request: Request, url: URL) -> dict[str, Any]:
    """Return the extensions of the next request: without what was said of the first one's target or server."""
    extensions = {name: value for name, value in request.extensions.items() if name != "target"}
    if url._parts.origin != request.url._parts.origin:
        extensions.pop("sni_hostname", None)
    return extensions


def redirect_stream(request: Request, method: str) -> SyncByteStream | AsyncByteStream:
    """Return the content of the next request.

    Raises `StreamConsumed` when it would have to be sent again and cannot.
    """
    if method != request.method:
        return ByteStream(b"")
    if is_spent(request.stream):
        raise StreamConsumed
    return request.stream

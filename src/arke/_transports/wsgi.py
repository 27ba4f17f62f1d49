"""A transport that asks a WSGI application in this process, by PEP 3333."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arke._message.response import Response
from arke._values.errors import RemoteProtocolError
from arke._values.types import SyncByteStream

from .base import BaseTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TextIO

    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIApplication

    from arke._message.request import Request

_OWN_VARIABLES = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


class WSGITransport(BaseTransport):
    """A transport that answers by calling a WSGI application, in the thread of the caller.

    ```python
    transport = arke.WSGITransport(app=app, script_name="/submount", remote_addr="1.2.3.4")
    with arke.Client(transport=transport, base_url="http://testserver") as client:
        response = client.get("/")
    ```

    The application's result is iterated as the response is read, and closed when that is. Limits of time are not
    applied.

    `raise_app_exceptions` says whether an exception that the application gives to `start_response` is raised to the
    caller; one that leaves the application is in any case. `script_name` is where the application is mounted,
    `remote_addr` the address that requests come from, `wsgi_errors` what stands for `sys.stderr` as `wsgi.errors`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        raise_app_exceptions: bool = True,
        script_name: str = "",
        remote_addr: str = "127.0.0.1",
        wsgi_errors: TextIO | None = None,
    ) -> None:
        """Keep the application."""
        self.app = app
        self.raise_app_exceptions = raise_app_exceptions
        self.script_name = script_name
        self.remote_addr = remote_addr
        self.wsgi_errors = wsgi_errors

    def handle_request(self, request: Request) -> Response:
        """Call the application with the request, read as a whole, and return its response, which it may still make.

        Raises what the application does, and `RemoteProtocolError` where it breaks the rules.
        """
        environ = self._environ(request)
        answer = _Answer(request)
        body = WSGIBody(answer, self.app(environ, answer.start_response))
        try:
            body.begin()
            return answer.respond(body, raises=self.raise_app_exceptions)
        except BaseException:
            body.close()
            raise

    def _environ(self, request: Request) -> dict[str, Any]:
        import io
        import sys

        url = request.url
        content = request.read()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": self.script_name,
            "PATH_INFO": _path_info(request),
            "QUERY_STRING": url.query.decode("ascii"),
            "SERVER_NAME": url.host,
            "SERVER_PORT": str(url._parts.origin[2]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.remote_addr,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.input": io.BytesIO(content),
            # Not in PEP 3333; frameworks that know it read content that came chunked, and has no length of its own.
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr if self.wsgi_errors is None else self.wsgi_errors,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if content:
            environ["CONTENT_LENGTH"] = str(len(content))
        environ.update(_header_variables(request))
        return environ


def _path_info(request: Request) -> str:
    """Return the path's bytes as ISO-8859-1 text.

    PEP 3333: "strings passed to or from the application must be ... code points representable in ISO-8859-1".
    """
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(request.url.raw_path.partition(b"?")[0]).decode("latin-1")


def _header_variables(request: Request) -> dict[str, str]:
    variables: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name not in _OWN_VARIABLES:
            name = f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        if name in variables:
            # RFC 6265 5.4: cookies are parted by semicolons, not as the members of a list are.
            value = variables[name] + ("; " if name == "HTTP_COOKIE" else ", ") + value
        variables[name] = value
    return variables


class _Answer:
    """What the application says with `start_response` and `write`."""

    def __init__(self, request: Request) -> None:
        """Wait for it."""
        self.request = request
        # Given to `write` and not yet read.
        self.written: list[bytes] = []
        self._start: tuple[str, list[tuple[str, str]]] | None = None
        self._error: BaseException | None = None
        # Whether the response has been given to the caller.
        self._is_sent = False

    def start_response(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: OptExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take status and headers; take others in their place, if an exception is why.

        Raises that exception if the caller has seen the response.
        """
        error = exc_info[1] if exc_info else None
        if error is not None and self._is_sent:
            raise error
        # PEP 3333: "it is a fatal error to call start_response without the exc_info argument if start_response has
        # already been called within the current invocation of the application".
        if self._start is not None and not exc_info:
            raise self.violation("called start_response twice, the second time without exc_info")
        self._start = (status, response_headers)
        self._error = error
        return self.written.append

    def respond(self, body: WSGIBody, *, raises: bool) -> Response:
        """Return the response that was started."""
        if self._start is None:
            raise self.violation("did not call start_response before its first piece of content")
        if self._error is not None and raises:
            error, self._error = self._error, None
            raise error
        self._error = None
        status, headers = self._start
        response = Response(self._status_code(status), headers=self._headers(headers), stream=body)
        self._is_sent = True
        return response

    def _status_code(self, status: str) -> int:
        if not isinstance(status, str) or not (code := status.partition(" ")[0]).isdecimal():
            raise self.violation(f"called start_response with status {status!r}; it should be like '200 OK'")
        return int(code)

    def _headers(self, headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
        try:
            return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        except (AttributeError, TypeError, ValueError) as exc:
            why = f"called start_response with headers that are not pairs of ISO-8859-1 str: {exc}"
            raise self.violation(why) from exc

    def violation(self, what: str) -> RemoteProtocolError:
        """Return the error for an application that broke the rules."""
        return RemoteProtocolError(f"the WSGI application {what}", request=self.request, phase="read")


class WSGIBody(SyncByteStream):
    """The content of a response, as the application's result yields it."""

    def __init__(self, answer: _Answer, result: Iterable[bytes]) -> None:
        """Take nothing of it yet."""
        self._answer = answer
        self._result = result
        self._pieces: Iterator[bytes] = iter(())
        self._first: list[bytes] = []

    def begin(self) -> None:
        """Take the first piece that is not empty: until then the application may change its mind about the response."""
        try:
            result = iter(self._result)
        except TypeError as exc:
            why = f"returned {type(self._result).__name__}, not an iterable of bytes"
            raise self._answer.violation(why) from exc
        self._pieces = self._checked(result)
        for piece in self._pieces:
            self._first.append(piece)
            break

    def _checked(self, result: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces that are not empty, and before each what was written meanwhile."""
        for piece in result:
            yield from self._take_written()
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise self._answer.violation(f"yielded {type(piece).__name__}, not bytes")
            if piece:
                yield bytes(piece)
        yield from self._take_written()

    def _take_written(self) -> Iterator[bytes]:
        written = self._answer.written
        while written:
            piece = written.pop(0)
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise self._answer.violation(f"wrote {type(piece).__name__}, not bytes")
            if piece:
                yield bytes(piece)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the content; of the answer to HEAD, there is none."""
        is_head = self._answer.request.method == "HEAD"
        while self._first:
            piece = self._first.pop()
            if not is_head:
                yield piece
        for piece in self._pieces:
            if not is_head:
                yield piece

    def close(self) -> None:
        """Close the result, as PEP 3333 asks for whether it was read to its end or not."""
        close = getattr(self._result, "close", None)
        self._result = ()
        if close is not None:
            close()

"""One request to an ASGI application: what passes between the task that runs it and the task that reads.

::

    reader                                application, in a task of its own
    begin()        ── task ──────────────▶ app(scope, receive, send)
                   ◀─ status, headers ──── send(http.response.start)
    next_piece()   ◀─ pieces ───────────── send(http.response.body)     waits while `max_waiting_bytes` are unread
                   ── content ───────────▶ receive()                    takes the request's content as it is asked for
    aclose()       ── http.disconnect ───▶ receive()
    any of these   ◀─ its end, an error ── return, raise

The response has ended when the application has: what it does after the last piece (background tasks, dependencies
that are torn down) is done before the reader is through, and what it raises there reaches the reader.

Either side changes the state and rings; both wait for a state, never for a message, so that nothing is lost when a
wait is cancelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arke._values.errors import LocalProtocolError, ReadError, RemoteProtocolError
from arke._values.headers import Headers

from .asgi_content import Content
from .asgi_task import Bell, start_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from arke._message.request import Request

    from .asgi_content import Message
    from .asgi_task import Task

    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    ASGIApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

max_waiting_bytes = 64 * 1024
# How long an application that was told of the disconnect may take to end by itself.
disconnect_grace_seconds = 1.0
# How many turns of the loop an application is given to end at once, before its response is given unfinished, and
# before it is cancelled because nobody reads on. What waits for nothing but the loop is done by then.
max_turns = 25


class Exchange:
    """One request to an application, and its response."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], request: Request, *, raises: bool) -> None:
        """Keep what is needed; begin nothing. `raises`: whether the reader gets the application's exceptions."""
        self._app = app
        self._scope = scope
        self._request = request
        self._raises = raises
        self._content = Content(request)
        self._bell = Bell()
        # Written by `begin`.
        self._task: Task | None = None
        # Written by the application's side.
        self.status: int | None = None
        self.headers = Headers()
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_complete = False
        self._is_told = False
        self._has_returned = False
        # Written when the application ends; the error is taken away by the reader that raises it.
        self.is_over = False
        self._error: BaseException | None = None
        # Written by the reading side: nobody reads on; and the application was cancelled for it.
        self._is_closed = False
        self._is_cancelled = False
        # Where it stands while the application runs; given to `begin`.
        self._running: set[Exchange] = set()

    async def _run(self) -> None:
        import anyio

        # GeneratorExit comes when nothing can be awaited or asked for any more.
        endings = (GeneratorExit, anyio.get_cancelled_exc_class())
        try:
            await self._app(self._scope, self.receive, self.send)
            self._has_returned = True
        except endings:
            raise
        except BaseException as exc:  # noqa: BLE001 - it is raised where the response is read
            self._error = exc

    async def receive(self) -> Message:
        """Give the application the request's content, and after that the disconnect, once there is one."""
        from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

        if not self._content.is_over and not self._is_closed:
            message = await self._content.receive()
            if message is not None:
                return message
            self._bell.ring()
        # Frameworks look for a disconnect from within a cancelled scope: the first time it costs no checkpoint, and
        # after that none that can be cancelled. But who asks in an endless loop must come to an end.
        if self._is_cancelled:
            await checkpoint()
        elif self._is_told:
            await cancel_shielded_checkpoint()
        await self._bell.until(lambda: self._is_complete or self._is_closed or self._content.is_lost)
        self._is_told = True
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a message from the application; wait while the reader is behind.

        Raises `RemoteProtocolError` for one that must not come, or not now. What comes when nobody reads on is lost.
        """
        from anyio.lowlevel import checkpoint

        if not self._is_closed:
            self._take(message)
            self._bell.ring()
        await checkpoint()
        await self._bell.until(lambda: self._waiting_bytes <= max_waiting_bytes or self._is_closed)

    def _take(self, message: Message) -> None:
        if not isinstance(message, Mapping):
            raise self._violation(f"sent {type(message).__name__}, not a dictionary")
        kind = message.get("type")
        if kind == "http.response.start":
            self._take_start(message)
        elif kind == "http.response.body":
            self._take_body(message)
        elif not isinstance(kind, str) or not kind.startswith("http.response."):
            raise self._violation(f"sent a message of type {kind!r}; http.response.start or .body is due")
        # Else a message of an extension, which the scope does not offer: it is ignored, as httpx does.

    def _take_start(self, message: Message) -> None:
        if self.status is not None:
            raise self._violation("sent http.response.start twice")
        status = message.get("status")
        if not isinstance(status, int):
            raise self._violation(f"sent http.response.start with status {status!r}, which is not an int")
        try:
            self.headers = Headers(message.get("headers") or [])
        except (LocalProtocolError, TypeError, ValueError) as exc:
            why = f"sent http.response.start with headers that are not pairs of bytes: {exc}"
            raise self._violation(why) from exc
        self.status = int(status)

    def _take_body(self, message: Message) -> None:
        if self.status is None:
            raise self._violation("sent http.response.body before http.response.start")
        if self._is_complete:
            raise self._violation("sent http.response.body after the last one, which had no more_body")
        body = message.get("body") or b""
        if not isinstance(body, bytes | bytearray | memoryview):
            raise self._violation(f"sent http.response.body with {type(body).__name__}, not bytes")
        if body and self._request.method != "HEAD":
            self._pieces.append(bytes(body))
            self._waiting_bytes += len(self._pieces[-1])
        self._is_complete = not message.get("more_body", False)

    def _violation(self, what: str) -> RemoteProtocolError:
        return RemoteProtocolError(f"the ASGI application {what}", request=self._request, phase="read")

    def _note_end(self) -> None:
        """Turn the application's end into the response's."""
        self.is_over = True
        if self._is_closed and not self._is_complete:
            self._error = None  # it is the consequence of the close
        elif isinstance(self._error, Exception) and not self._raises:
            self._error = None
            self._is_complete = True
            if self.status is None:
                self.status = 500
        elif self._error is None and not self._is_complete:
            self._error = self._early_end()
        self._running.discard(self)
        self._bell.ring()

    def _early_end(self) -> Exception:
        if not self._has_returned:
            why = "the ASGI application was cancelled before its response was complete"
            return ReadError(why, request=self._request, phase="read")
        if self.status is None:
            return self._violation("returned without sending http.response.start")
        return self._violation("returned before its response was complete: its last message had more_body")

    async def begin(self, running: set[Exchange]) -> None:
        """Run the application until its response has begun, and to its end if it is there at once.

        While it runs, the exchange stands in `running`.

        Raises what the application does, and what iterating the request's content does. The application has ended
        then, and also after cancellation.
        """
        self._running = running
        self._task = start_task(self._run, self._note_end)
        running.add(self)
        try:
            await self._bell.until(lambda: self.status is not None or self.is_over or self._content.error)
            # An application that raises after a short answer is to raise from the call itself, before a hook or a
            # redirect sees the answer; and a response that is whole is cheaper to read.
            await self._let_end(lambda: self._content.error or (self._pieces and not self._is_complete))
        except BaseException:
            await self.abort()
            raise
        await self._raise_content_error()
        if self.is_over:
            await self._content.aclose()
            self._raise_error()

    async def _let_end(self, is_enough: Callable[[], object] = lambda: False) -> None:
        from anyio.lowlevel import checkpoint

        for _ in range(max_turns):
            if self.is_over or is_enough():
                return
            await checkpoint()

    async def next_piece(self) -> bytes | None:
        """Return the next piece of the response, None when the application has ended.

        Raises like `begin`, and `ReadError` where the client was closed meanwhile.
        """
        from anyio.lowlevel import checkpoint

        try:
            # Else a reader whom each ring finds waiting, and each turn finds rung, could not be cancelled by anyio.
            await checkpoint()
            await self._bell.until(lambda: self._pieces or self.is_over or self._content.error)
        except BaseException:
            await self.abort()
            raise
        if self._pieces:
            piece = self._pieces.popleft()
            self._waiting_bytes -= len(piece)
            self._bell.ring()
            return piece
        await self._raise_content_error()
        await self._content.aclose()
        self._raise_error()
        if self._is_closed:
            msg = "the client was closed before the ASGI application's response was read"
            raise ReadError(msg, request=self._request, phase="read")
        return None

    def take_all(self) -> bytes:
        """Return what is there; with `is_over`, that is the whole response."""
        return b"".join(self._pieces)

    async def _raise_content_error(self) -> None:
        """Raise what iterating the request's content did: it is the caller's, whatever the application makes of it."""
        error = self._content.error
        if error is not None:
            await self.abort()
            raise error

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # it holds this frame

    async def aclose(self) -> None:
        """End the exchange.

        An application that has answered in full is let finish. Another one is told of the disconnect; it is cancelled
        if it does not listen, or takes too long. Raises what the application raised before, if nobody was told.
        """
        import anyio

        if self._is_complete and not self.is_over:
            try:
                await self._bell.until(lambda: self.is_over)
            except BaseException:
                await self.abort()
                raise
        if not self.is_over:
            self._close()
            with anyio.CancelScope(shield=True):
                await self._let_end()
                if self._is_told:
                    with anyio.move_on_after(disconnect_grace_seconds):
                        await self._bell.until(lambda: self.is_over)
        await self.abort()
        self._raise_error()

    async def abort(self) -> None:
        """Cancel the application and wait for its end, whatever happens meanwhile."""
        import anyio

        if not self.is_over and self._task is not None:
            self._close()
            self._is_cancelled = True
            self._task.cancel()
            with anyio.CancelScope(shield=True):
                await self._bell.until(lambda: self.is_over)
        await self._content.aclose()

    def _close(self) -> None:
        self._is_closed = True
        self._pieces.clear()
        self._waiting_bytes = 0
        self._bell.ring()

    def drop(self) -> None:
        """Cancel the application, for nobody will ever read or close; from any thread."""
        if not self.is_over and self._task is not None:
            self._is_closed = self._is_cancelled = True
            self._task.cancel_soon()

    def is_here(self) -> bool:
        """Tell whether the application runs in the event loop that we are in."""
        return self._task is not None and self._task.is_here()

"""A server that does what a script says, byte by byte, and remembers what it was sent.

A script is a list of steps for one connection; a server has one script per connection it expects. A step is a function
of the `Connection`; plain bytes are a step that sends them. When a script ends the connection stays open and is read
until the client closes it. Connections beyond the last script are closed at once.

    with ScriptedServer([[reply(ok(b"one")), reply(ok(b"two"))]]) as server:
        assert client.get(server.url).content == b"one"

Every wait is bounded, by the socket timeout or by the end of the `with` block, which wakes and joins all threads.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from support.wire import ReceivedRequest

if TYPE_CHECKING:
    import ssl
    from typing import Self

PATIENCE = 10.0

Step = Callable[["Connection"], None]
Script = Sequence["Step | bytes"]


class Gone(Exception):
    """The client closed the connection, or the server is being stopped, in the middle of a script."""


class Connection:
    """One accepted connection, driven by its own thread."""

    def __init__(self, sock: socket.socket, server: ScriptedServer) -> None:
        self.server = server
        self.socket = sock
        self.received = bytearray()
        self.requests: list[ReceivedRequest] = []
        self.bytes_sent = 0
        self.is_finished = False
        self.client_closed = threading.Event()
        self.closed = threading.Event()
        self._unread = bytearray()
        self._pending: bytes | None = None

    @property
    def leftover(self) -> bytes:
        """Bytes received that no step consumed."""
        return bytes(self._unread)

    def run(self, script: Script) -> None:
        """Do all steps, then read until the client leaves."""
        try:
            self._secure()
            for step in script:
                self.send(step) if isinstance(step, bytes) else step(self)
            self.is_finished = True
            self.drain()
        except (Gone, OSError, ValueError):  # ValueError: the socket was closed under a read
            pass
        finally:
            self.close()

    def _secure(self) -> None:
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.tls is not None:
            # In two steps, so that `interrupt` reaches a handshake that does not go on.
            secure = self.server.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.socket = secure
            if self.server.stopping.is_set():
                raise Gone
            secure.do_handshake()

    def send(self, data: bytes) -> None:
        """Send all of `data` in one call."""
        self.socket.sendall(data)
        self.bytes_sent += len(data)

    def receive(self) -> None:
        """Read once; raise `Gone` at the end of the client's bytes."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.client_closed.set()
            raise Gone
        self.received += data
        self._unread += data

    def read_exactly(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        while len(self._unread) < size:
            self.receive()
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def read_until(self, mark: bytes) -> bytes:
        """Return the bytes up to and including `mark`."""
        while (end := self._unread.find(mark)) < 0:
            self.receive()
        return self.read_exactly(end + len(mark))

    def read_head(self) -> ReceivedRequest:
        """Read a request's head and record the request."""
        request = ReceivedRequest(self.read_until(b"\r\n\r\n"))
        self.requests.append(request)
        self.server.requests.append(request)
        return request

    def read_body(self) -> None:
        """Read the body that belongs to the last request."""
        request = self.requests[-1]
        if request.is_chunked:
            request.body = b"".join(iter(self._read_chunk, b""))
        else:
            request.body = self.read_exactly(int(request.header("Content-Length") or 0))

    def _read_chunk(self) -> bytes:
        size = int(self.read_until(b"\r\n").split(b";")[0], 16)
        chunk = self.read_exactly(size) if size else b""
        self.read_until(b"\r\n")
        return chunk

    def drain(self) -> None:
        """Read until the client closes."""
        with contextlib.suppress(Gone):
            while True:
                self.receive()

    def close(self) -> None:
        """End the connection: FIN, or what the kernel makes of it when bytes are unread; no TLS close_notify."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.closed.set()

    def interrupt(self) -> None:
        """Wake the connection's thread from any read or write."""
        with contextlib.suppress(OSError):
            # Not the method of an SSLSocket, which would take the thread's TLS away from under it.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class ScriptedServer:
    """A server on loopback whose connections each follow a script.

    `every` is the script of all connections that have none of their own. `tls` makes each connection a TLS server.
    """

    def __init__(
        self,
        scripts: Sequence[Script] = (),
        *,
        every: Script | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.scripts = list(scripts)
        self.every = every
        self.tls = tls
        self.connections: list[Connection] = []
        self.requests: list[ReceivedRequest] = []
        self.surplus = 0
        self.released = threading.Event()
        self.stopping = threading.Event()
        self.has_connection = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._waker: tuple[str, int] | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    @property
    def host(self) -> str:
        """The host and port as they stand in a URL."""
        return f"localhost:{self.port}" if self.tls else f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The root URL of the server, without a slash at its end."""
        return f"{'https' if self.tls else 'http'}://{self.host}"

    def release(self) -> None:
        """Let every `stall()` step go on."""
        self.released.set()

    def connection(self, index: int = 0) -> Connection:
        """Return a connection by the order of arrival, waiting for it."""
        with self.has_connection:
            if not self.has_connection.wait_for(lambda: len(self.connections) > index, PATIENCE):
                raise AssertionError(f"connection {index} was never opened")
        return self.connections[index]

    def __enter__(self) -> Self:
        self._start(self._accept_all)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopping.set()
        self.released.set()
        with socket.socket() as waker:
            waker.bind(("127.0.0.1", 0))
            self._waker = waker.getsockname()
            waker.connect(("127.0.0.1", self.port))
            self._threads[0].join(PATIENCE)
        self._listener.close()
        for connection in self.connections:
            connection.interrupt()
        for thread in self._threads:
            thread.join(PATIENCE)
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        if stuck:
            raise AssertionError(f"scripted connections that did not end: {stuck}")

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept_all(self) -> None:
        while True:
            sock, address = self._listener.accept()
            if address == self._waker:
                sock.close()
                return
            self._open(sock)

    def _open(self, sock: socket.socket) -> None:
        script = self.scripts.pop(0) if self.scripts else self.every
        if script is None:
            self.surplus += 1
            sock.close()
            return
        connection = Connection(sock, self)
        with self.has_connection:
            self.connections.append(connection)
            self.has_connection.notify_all()
        self._start(connection.run, script)


def expect() -> Step:
    """Read one whole request."""

    def step(connection: Connection) -> None:
        connection.read_head()
        connection.read_body()

    return step


def expect_head() -> Step:
    """Read a request's head and leave its body unread."""

    def step(connection: Connection) -> None:
        connection.read_head()

    return step


def expect_body() -> Step:
    """Read the body of the request whose head was read."""
    return lambda connection: connection.read_body()


def send(*parts: bytes, size: int | None = None) -> Step:
    """Send each part by itself, or cut all of it into pieces of `size` bytes."""
    data = b"".join(parts)
    pieces = parts if size is None else [data[at : at + size] for at in range(0, len(data), size)]

    def step(connection: Connection) -> None:
        for piece in pieces:
            connection.send(piece)

    return step


def reply(*parts: bytes, size: int | None = None) -> Step:
    """Read one whole request, then send."""
    return sequence(expect(), send(*parts, size=size))


def answer(handler: Callable[[ReceivedRequest], bytes]) -> Step:
    """Read one whole request and send what `handler` makes of it."""

    def step(connection: Connection) -> None:
        expect()(connection)
        connection.send(handler(connection.requests[-1]))

    return step


def sequence(*steps: Step) -> Step:
    """Make one step of several."""

    def step(connection: Connection) -> None:
        for each in steps:
            each(connection)

    return step


def forever(*steps: Step) -> Step:
    """Repeat the steps until the client leaves or the server stops."""

    def step(connection: Connection) -> None:
        while not connection.server.stopping.is_set():
            sequence(*steps)(connection)

    return step


def drip(data: bytes, interval: float = 0.01, times: float = float("inf")) -> Step:
    """Send `data` again and again, `interval` seconds apart, until the client leaves or the server stops."""

    def step(connection: Connection) -> None:
        left = times
        while left > 0 and not connection.server.stopping.wait(interval):
            connection.send(data)
            left -= 1

    return step


def flood(data: bytes, limit: int) -> Step:
    """Send `data` as fast as the client takes it, until it leaves or `limit` bytes are gone."""

    def step(connection: Connection) -> None:
        # Little room in the kernel, so that what was sent is close to what the client took.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        for _ in range(limit // len(data)):
            connection.send(data)

    return step


def close() -> Step:
    """Close both directions; under TLS with close_notify."""

    def step(connection: Connection) -> None:
        if connection.server.tls is not None:
            connection.socket.settimeout(0.5)  # unwrap() sends close_notify, then waits for the client's
            with contextlib.suppress(OSError, ValueError):
                connection.socket.unwrap()  # type: ignore[attr-defined]
        connection.close()
        raise Gone

    return step


def cut() -> Step:
    """Close both directions; under TLS without close_notify, as an attacker on the path would."""

    def step(connection: Connection) -> None:
        connection.close()
        raise Gone

    return step


def half_close() -> Step:
    """Send FIN and keep reading."""
    return lambda connection: connection.socket.shutdown(socket.SHUT_WR)


def reset() -> Step:
    """Close with RST."""

    def step(connection: Connection) -> None:
        linger = struct.pack("ii", 1, 0)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.socket.close()
        connection.closed.set()
        raise Gone

    return step


def wait_for(event: threading.Event) -> Step:
    """Go on when the test sets `event`."""

    def step(connection: Connection) -> None:
        while not event.wait(0.01):
            if connection.server.stopping.is_set():
                raise Gone

    return step


def stall() -> Step:
    """Go on when the test calls `server.release()`."""
    return lambda connection: wait_for(connection.server.released)(connection)


def signal(event: threading.Event) -> Step:
    """Tell the test that the script came here."""
    return lambda _: event.set()


def until_client_closes() -> Step:
    """Read and record everything until the client closes."""
    return lambda connection: connection.drain()

"""The local server that the examples talk to: real HTTP/1.1 with keep-alive, from the standard library."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    leaving = threading.Event()

    def do_GET(self) -> None:
        name, _, argument = self.path.strip("/").partition("/")
        if name == "hello":
            self.reply(200, b"Hello, world!", "text/plain")
        elif name == "item":
            self.reply(200, json.dumps({"item": int(argument)}).encode())
        elif name == "stream":
            self.stream(int(argument))
        elif name == "slow":
            self.leaving.wait(float(argument))
            self.reply(200, b"at last", "text/plain")
        else:
            self.reply(404, b'{"error": "no such page"}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(201, json.dumps({"type": self.headers["Content-Type"], "text": body.decode()}).encode())

    def reply(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, lines: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(lines):
            line = b"line %d\n" % number
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that gave up waiting is no error here."""


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Serve on a free port of this machine; gives the URL."""
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            Handler.leaving.set()
            server.shutdown()
            thread.join()

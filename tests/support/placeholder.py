"""A stand-in for jsonplaceholder.typicode.com, over TLS: posts, users, comments, and POST /posts.

It runs as a process of its own: `python -m support.placeholder <port> <chain.pem> <key.pem>`.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from support.processes import free_port, python_module, server_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.certs import CertificateFiles

HOST = "jsonplaceholder.typicode.com"
_NAMES = ("Leanne Graham", "Ervin Howell", "Clementine Bauch", "Patricia Lebsack", "Chelsey Dietrich")

USERS = [
    {"id": number, "name": _NAMES[number % 5 - 1], "email": f"user{number}@example.org"} for number in range(1, 11)
]
POSTS = [
    {"userId": (number + 9) // 10, "id": number, "title": f"title {number}", "body": f"body {number}"}
    for number in range(1, 101)
]
COMMENTS = [
    {"postId": (number + 4) // 5, "id": number, "email": f"reader{number}@example.org", "body": "well said"}
    for number in range(1, 501)
]
TABLES: dict[str, list[dict[str, Any]]] = {"users": USERS, "posts": POSTS, "comments": COMMENTS}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        table, _, number = url.path.strip("/").partition("/")
        rows = TABLES.get(table, [])
        if number:
            found = [row for row in rows if str(row["id"]) == number]
            self._reply(200 if found else 404, found[0] if found else {})
            return
        wanted = parse_qsl(url.query, keep_blank_values=True)
        matching = [row for row in rows if all(str(row.get(key)) == value for key, value in wanted)]
        self._reply(200 if table in TABLES else 404, matching)

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._reply(201, {**sent, "id": 101})

    def _reply(self, status: int, document: object) -> None:
        body = json.dumps(document, indent=2).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _TLSServer(ThreadingHTTPServer):
    """Each connection is wrapped in its own thread, so that a slow handshake holds up nobody."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        request.settimeout(10)
        try:
            wrapped = self._tls.wrap_socket(request, server_side=True)
        except OSError:
            self.shutdown_request(request)
        else:
            super().process_request_thread(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that closes in the middle is no error here."""


@dataclass(frozen=True)
class Placeholder:
    """A running stand-in."""

    port: int


@contextlib.contextmanager
def run_placeholder(directory: Path, files: CertificateFiles) -> Iterator[Placeholder]:
    """Serve with the certificate in `files`."""
    port = free_port()
    command = python_module("support.placeholder", port, files.chain, files.key)
    with server_process(command, port, directory / "placeholder.log"):
        yield Placeholder(port)


def main() -> None:
    """Serve until terminated."""
    port, chain, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.set_alpn_protocols(["http/1.1"])
    _TLSServer(int(port), context).serve_forever()


if __name__ == "__main__":
    main()

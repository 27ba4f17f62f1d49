"""The real nginx, as a process of its own under a temporary prefix."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.certs import authority
from support.processes import free_port, server_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SEARCH_PATH = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/opt/homebrew/bin"

_CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    client_max_body_size 200m;
    keepalive_requests 100000;
    default_type text/plain;
    types {{ application/json json; application/octet-stream bin; }}
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls_port} ssl;
        ssl_certificate {certs}/chain.pem;
        ssl_certificate_key {certs}/key.pem;
        root {prefix}/files;
        location = /text.txt {{ gzip on; gzip_min_length 0; gzip_types text/plain; }}
        location = /hello {{ return 200 "hello"; }}
        location = /nothing {{ return 204; }}
        location = /moved {{ return 302 /hello; }}
        location = /method {{ return 200 "$request_method"; }}
        location = /length {{ return 200 "$http_content_length"; }}
        location = /small-only {{ client_max_body_size 1k; return 200 "small"; }}
        location = /once {{ keepalive_requests 1; return 200 "once"; }}
        location = /upload {{
            client_body_in_file_only clean;
            proxy_pass http://127.0.0.1:{port}/received;
            proxy_set_header X-Received-Length $request_length;
            proxy_set_body "";
        }}
        location = /received {{ return 200 "$http_x_received_length"; }}
    }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx."""

    url: str
    tls_url: str
    files: Path


def find_nginx() -> str | None:
    """Return the path of the nginx program, or None."""
    return shutil.which("nginx") or shutil.which("nginx", path=_SEARCH_PATH)


@contextlib.contextmanager
def run_nginx(directory: Path) -> Iterator[Nginx]:
    """Run nginx with its files below `directory`; skip the test where nginx is absent."""
    program = find_nginx()
    if program is None:
        pytest.skip("nginx is not installed")
    files, certs = directory / "files", directory / "certs"
    for folder in (files, certs, directory / "body"):
        folder.mkdir()
    authority().write(certs)
    port, tls_port = free_port(), free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(prefix=directory, certs=certs, port=port, tls_port=tls_port, user=_user_line())
    )
    command = [program, "-p", str(directory), "-e", str(directory / "error.log"), "-c", str(configuration)]
    with server_process(command, port, directory / "output.log"):
        yield Nginx(f"http://127.0.0.1:{port}", f"https://localhost:{tls_port}", files)


def _user_line() -> str:
    """As root, keep the worker root too: it must read files in a private temporary directory."""
    return "user root;" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""

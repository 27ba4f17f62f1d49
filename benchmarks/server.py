"""The server that is measured against: a real nginx on loopback, in a temporary folder of its own.

It ends with the harness: by `close()`, and on Linux also when the harness dies without calling it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .scenarios import LARGE_BODY_BYTES

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

START_TIMEOUT = 10.0
STOP_TIMEOUT = 5.0
PR_SET_PDEATHSIG = 1

# An endpoint that takes a body must read it to the end before it answers, or an upload is measured against a
# server that answers after the head. `return 200` and a static file both answer at once. The mirror module
# does read the body first; the answer is then a static file, by way of the 405 that a POST for one gets.
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile {files};
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    default_type text/plain;
    sendfile on;
    tcp_nodelay on;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
    open_file_cache max=16;
    client_max_body_size 0;
    client_body_buffer_size 128m;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    ssl_certificate {certificates}/server.pem;
    ssl_certificate_key {certificates}/server.key;
    server {{
        listen 127.0.0.1:{http_port} backlog=4096;
        listen 127.0.0.1:{https_port} ssl http2 backlog=4096;
        root {prefix}/files;
        location = /small {{ return 200 "{small}"; }}
        location = /slow.txt {{ limit_rate 200; }}
        location = /document.json {{ default_type application/json; }}
        location = /posted.json {{ default_type application/json; }}
        location = /post {{ mirror /sink; error_page 405 =200 /posted.json; try_files /posted.json =404; }}
        location = /sink {{ internal; return 204; }}
    }}
}}
"""

SMALL_BODY = "x" * 100
SLOW_BODY = "x" * 1000
DOCUMENT = {"items": [{"id": n, "name": f"item {n}", "tags": ["one", "two"], "price": n / 8} for n in range(24)]}
POSTED = {"ok": True}


class Server:
    """A running nginx; a context manager.

    `http` and `https` are the two origins, without a trailing slash.
    """

    def __init__(self, certificates: Path, *, cores: set[int] | None = None) -> None:
        """Start nginx on two free ports of 127.0.0.1, on these cores if they are given.

        Raises:
            RuntimeError: There is no nginx on this machine, or it did not start; the message carries its
            error log.
        """
        binary = _nginx_binary()
        self._prefix = Path(tempfile.mkdtemp(prefix="bench-nginx-"))
        self._http_port, self._https_port = _free_port(), _free_port()
        self.http = f"http://127.0.0.1:{self._http_port}"
        self.https = f"https://127.0.0.1:{self._https_port}"
        _write_files(self._prefix)
        configuration = self._write_configuration(certificates)
        self._process = subprocess.Popen(
            [
                binary,
                "-p",
                str(self._prefix),
                "-e",
                str(self._prefix / "error.log"),
                "-c",
                str(configuration),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: _prepare_process(cores),  # noqa: PLW1509 - the harness has one thread
        )
        try:
            self._wait_started()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.close()

    def close(self) -> None:
        """End nginx and remove its folder."""
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._prefix, ignore_errors=True)

    def _write_configuration(self, certificates: Path) -> Path:
        path = self._prefix / "nginx.conf"
        text = CONFIGURATION.format(
            user="user root;" if os.geteuid() == 0 else "",
            files=resource.getrlimit(resource.RLIMIT_NOFILE)[1] if sys.platform == "linux" else 8192,
            prefix=self._prefix,
            certificates=certificates,
            http_port=self._http_port,
            https_port=self._https_port,
            small=SMALL_BODY,
        )
        path.write_text(text, encoding="utf-8")
        return path

    def _wait_started(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            if _accepts(self._http_port) and _accepts(self._https_port):
                return
            time.sleep(0.02)
        log = self._prefix / "error.log"
        details = log.read_text(encoding="utf-8") if log.exists() else "no error log"
        msg = f"nginx did not start within {START_TIMEOUT} s: {details}"
        raise RuntimeError(msg)


def _nginx_binary() -> str:
    path = os.environ.get("PATH", "") + os.pathsep + os.pathsep.join(("/usr/sbin", "/usr/local/sbin"))
    binary = shutil.which("nginx", path=path)
    if binary is None:
        msg = "nginx is not installed; the benchmarks need it as their server"
        raise RuntimeError(msg)
    return binary


def _write_files(prefix: Path) -> None:
    files = prefix / "files"
    files.mkdir()
    prefix.chmod(0o755)
    (files / "slow.txt").write_text(SLOW_BODY, encoding="ascii")
    (files / "document.json").write_text(json.dumps(DOCUMENT), encoding="ascii")
    (files / "posted.json").write_text(json.dumps(POSTED), encoding="ascii")
    with (files / "large").open("wb") as large:
        large.truncate(LARGE_BODY_BYTES)


def _prepare_process(cores: set[int] | None) -> None:
    """Pin the process that is about to become nginx, and let it end when the harness dies."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

"""TLS: the contexts, built once per process, and the engine over `ssl.SSLObject`.

The engine stands between a driver and the engine above it: what the driver reads goes through ``decode``, what it
writes through ``encode``. So one piece of code serves every driver, and TLS inside TLS is two of these.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import ssl

    from arke._values.types import CertTypes

# One TLS record; more is never returned at once, and a larger buffer costs 10 µs to make.
_max_read_bytes = 16 * 1024


def create_ssl_context(
    verify: ssl.SSLContext | str | bool = True,
    cert: CertTypes | None = None,
    trust_env: bool = True,
) -> ssl.SSLContext:
    """Build a new TLS context.

    `verify`: True for certifi's authorities, or those that SSL_CERT_FILE or SSL_CERT_DIR name when `trust_env` is on;
    False for no verification at all; the path of a file or folder of authorities; or a context, which is returned as it
    is. `cert`: the path of a client certificate, or (certificate, key), or (certificate, key, password).
    """
    import ssl

    if isinstance(verify, ssl.SSLContext):
        return verify
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_TRUSTED_FIRST
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _load_authorities(context, *_authorities(verify, trust_env=trust_env))
    if trust_env and (keylog := os.environ.get("SSLKEYLOGFILE")):
        context.keylog_filename = keylog
    if cert is not None:
        context.load_cert_chain(*((cert,) if isinstance(cert, str | os.PathLike) else cert))
    return context


def _authorities(verify: str | Literal[True], *, trust_env: bool) -> tuple[str | None, str | None]:
    """Return the file and the folder of trusted authorities."""
    if verify is not True:
        path = os.fspath(verify)
        return (None, path) if os.path.isdir(path) else (path, None)
    if trust_env and (file := os.environ.get("SSL_CERT_FILE")):
        return file, None
    if trust_env and (folder := os.environ.get("SSL_CERT_DIR")):
        return None, folder
    import certifi

    return certifi.where(), None


def _load_authorities(context: ssl.SSLContext, file: str | None, folder: str | None) -> None:
    for path in (file, folder):
        if path is not None and not os.path.exists(path):
            msg = f"no such file or folder of trusted authorities: {path!r}"
            raise OSError(msg)
    context.load_verify_locations(cafile=file, capath=folder)


def shared_context(
    verify: ssl.SSLContext | str | bool, cert: CertTypes | None, *, trust_env: bool, alpn: tuple[str, ...]
) -> ssl.SSLContext:
    """Return the process's one context for these settings, building it on first use.

    A context that the caller made is used as it is and never changed. A file that changed on disk makes a new context.
    """
    if not isinstance(verify, str | bool | os.PathLike):
        return verify
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE") if trust_env else ()
    environment = tuple(os.environ.get(name) for name in names)
    files = [verify, environment[0] if environment else None]
    files += [cert] if isinstance(cert, str | os.PathLike) else list(cert or ())[:2]
    return _cached_context(verify, cert, trust_env, alpn, environment, tuple(map(_stamp, files)))


def _stamp(path: Any) -> tuple[int, int, int] | None:
    """Tell one state of a file from another."""
    if not isinstance(path, str | os.PathLike):
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=64)
def _cached_context(
    verify: str | bool,
    cert: CertTypes | None,
    trust_env: bool,
    alpn: tuple[str, ...],
    _environment: tuple[str | None, ...],
    _stamps: tuple[tuple[int, int, int] | None, ...],
) -> ssl.SSLContext:
    context = create_ssl_context(verify, cert, trust_env)
    context.set_alpn_protocols(list(alpn))
    return context


class Tls:
    """The client's side of one TLS connection.

    ``handshake`` and ``take`` until it is done, then ``encode`` and ``decode``. Raises `ssl.SSLError` when the peer
    breaks TLS or is not who it should be; the connection must then be closed.
    """

    __slots__ = ("_failure", "_incoming", "_outgoing", "_want_read", "is_closed_cleanly", "object")

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        """Prepare for a handshake with `server_name`, which the certificate must name.

        Raises `ValueError` for what no certificate can name: an empty name, or one with an empty or overlong label.
        """
        import ssl

        self._want_read = ssl.SSLWantReadError
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name.rstrip("."))
        # Written by `decode`, read by the driver when the connection ends.
        self.is_closed_cleanly = False
        # Written and read by `decode`: OpenSSL tells of a failure once, and afterwards of an end.
        self._failure: OSError | None = None

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is done. Then `take` what is to be sent."""
        try:
            self.object.do_handshake()
        except self._want_read:
            return False
        return True

    def take(self) -> bytes:
        """Return bytes that are to be sent."""
        return self._outgoing.read()

    def encode(self, data: bytes | memoryview) -> bytes:
        """Encrypt."""
        write = self.object.write
        written = write(data)
        if written < len(data):
            # OpenSSL takes one record, 16 KiB, at a time.
            view = memoryview(data)
            while written < len(view):
                written += write(view[written:])
        return self._outgoing.read()

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes from the peer."""
        self._incoming.write(data)

    def feed_eof(self) -> None:
        """Take the end of the connection."""
        self._incoming.write_eof()

    def encode_close(self) -> bytes:
        """Return our close_notify."""
        try:
            self.object.unwrap()
        except OSError:
            # The peer's close_notify is not waited for (RFC 8446 6.1).
            pass
        return self._outgoing.read()

    def decode(self) -> bytes:
        """Return the plain text of what was fed, as far as it has come whole; b"" is not the end.

        At the peer's close_notify it sets `is_closed_cleanly`. After it, `take` may have something to send. A failure
        is raised behind what came before it, and again each time.
        """
        if self._failure is not None:
            raise self._failure
        read = self.object.read
        pieces = []
        try:
            while True:
                piece = read(_max_read_bytes)
                if not piece:
                    self.is_closed_cleanly = True
                    break
                pieces.append(piece)
                if not self._incoming.pending and not self.object.pending():
                    break
        except self._want_read:
            pass
        except OSError as exc:
            self._take_end(exc, pieces)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _take_end(self, exc: OSError, pieces: list[bytes]) -> None:
        """Tell the ends of a TLS stream from its failures; never lose what came before one."""
        import ssl

        if isinstance(exc, ssl.SSLZeroReturnError):
            self.is_closed_cleanly = True
        elif not isinstance(exc, ssl.SSLEOFError):
            self._failure = exc
            if not pieces:
                raise exc

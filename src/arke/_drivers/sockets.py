"""Sockets, as far as all drivers treat them alike."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arke._policy.call import Call
    from arke._policy.dialing import Address, DialSettings
    from arke._policy.route import Route
    from arke._wire.tls import Tls


def make_socket(address: Address, settings: DialSettings) -> socket.socket:
    """Return a socket that is ready to connect to this address, non-blocking."""
    family, _ = address
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if settings.local_address is not None:
                sock.bind((settings.local_address, 0))
        for option in settings.socket_options:
            sock.setsockopt(*option)
    except BaseException:
        sock.close()
        raise
    return sock


def fixed_addresses(route: Route, settings: DialSettings) -> list[Address] | None:
    """Return the addresses that need no name look-up: a Unix socket, or an IP address."""
    if settings.uds is not None:
        return [(socket.AF_UNIX, settings.uds)]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, route.host)
        except (OSError, ValueError):
            continue
        return [(family, (route.host, route.port) if family == socket.AF_INET else (route.host, route.port, 0, 0))]
    return None


def look_up(route: Route) -> list[Address]:
    """Ask for the addresses of a host. Blocks.

    The name goes down as bytes, so that Python's own IDNA codec has no part in it.
    """
    found = socket.getaddrinfo(route.host.encode("ascii"), route.port, 0, socket.SOCK_STREAM)
    return [(entry[0], entry[4]) for entry in found]


class Readiness:
    """Asks, without waiting or with, whether a socket has something to read."""

    __slots__ = ("_number", "_poll", "_sock")

    def __init__(self, sock: socket.socket) -> None:
        """Watch this socket."""
        self._sock = sock
        # Kept, as another thread may close the socket, which then has none.
        self._number = sock.fileno()
        self._poll: Any = None
        if hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(self._number, select.POLLIN)

    def wait_readable(self, seconds: float | None) -> bool:
        """Wait at most this long for something to read, the end of the connection included."""
        if self._poll is not None:
            return bool(self._poll.poll(None if seconds is None else seconds * 1000))
        return bool(select.select([self._sock], [], [], seconds)[0])

    def wait_writable(self, seconds: float | None, *, listens: bool) -> bool:
        """Wait at most this long for room to write or, if it `listens`, for something to read."""
        if self._poll is None:
            return any(select.select([self._sock] if listens else [], [self._sock], [], seconds))
        self._poll.modify(self._number, select.POLLOUT | (select.POLLIN if listens else 0))
        try:
            return bool(self._poll.poll(None if seconds is None else seconds * 1000))
        finally:
            self._poll.modify(self._number, select.POLLIN)


def has_unsolicited(sock: socket.socket, tls: Tls | None) -> bool:
    """Tell whether what an idle connection has to read makes it unusable.

    It does, whatever it is: an end, or bytes that belong to no request. Only TLS has messages of its own, such as
    session tickets, which are taken in.
    """
    if tls is None:
        return True
    try:
        data = sock.recv(64 * 1024)
        if not data:
            return True
        tls.feed(data)
        return bool(tls.decode()) or tls.is_closed_cleanly
    except BlockingIOError:
        return False
    except OSError:
        return True


def say_goodbye(sock: socket.socket, tls: Tls | None) -> None:
    """Send TLS's close_notify if that can be done at once, then close."""
    try:
        if tls is not None and (data := tls.encode_close()):
            sock.send(data)
    except OSError:
        pass  # The peer is gone already.
    finally:
        sock.close()


def connect_seconds(call: Call, until: float | None, now: float) -> float | None:
    """How long connecting may go on.

    Raises `ConnectTimeout` when it may not.
    """
    if until is None:
        return None
    if until <= now:
        raise call.timed_out("connect", now)
    return until - now


class NetworkStream:
    """What `response.extensions["network_stream"]` shows of a connection."""

    def __init__(self, sock: socket.socket, tls: Tls | None) -> None:
        """Look at this connection."""
        self._sock = sock
        self._tls = tls

    def get_extra_info(self, info: str) -> Any:
        """Return `client_addr`, `server_addr`, `socket`, `ssl_object` or `is_readable`; None for anything else."""
        if info == "ssl_object":
            return None if self._tls is None else self._tls.object
        if info == "socket":
            return self._sock
        if info == "is_readable":
            return self._sock.fileno() < 0 or Readiness(self._sock).wait_readable(0)
        try:
            return {"client_addr": self._sock.getsockname, "server_addr": self._sock.getpeername}[info]()
        except (KeyError, OSError):
            return None

"""Opening a connection, with blocking sockets."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import TYPE_CHECKING

from arke._policy.dialing import Race
from arke._policy.retries import connect_delays
from arke._values.errors import ConnectError, ConnectTimeout
from arke._wire.tls import Tls, shared_context

from .sockets import Readiness, connect_seconds, fixed_addresses, look_up, make_socket

if TYPE_CHECKING:
    from arke._policy.call import Call
    from arke._policy.dialing import Address, DialSettings


def dial(call: Call, settings: DialSettings) -> tuple[socket.socket, Tls | None]:
    """Open a connection for a call, TLS included; raise `ConnectError` or `ConnectTimeout`."""
    delays = connect_delays(settings.retries)
    while True:
        try:
            return _dial_once(call, settings)
        except (ConnectError, ConnectTimeout):
            delay = next(delays, None)
            if delay is None or (call.deadline is not None and monotonic() + delay >= call.deadline):
                raise
            sleep(delay)


def _dial_once(call: Call, settings: DialSettings) -> tuple[socket.socket, Tls | None]:
    now = monotonic()
    seconds = call.seconds("connect", now)
    until = None if seconds is None else now + seconds
    connect_seconds(call, until, now)
    try:
        addresses = fixed_addresses(call.route, settings) or _look_up(call, until)
        sock = _race(addresses, call, settings, until)
    except (OSError, ValueError) as exc:
        raise call.connect_failed(exc) from exc
    try:
        return sock, _start_tls(sock, call, settings, until) if call.route.is_tls else None
    except BaseException:
        sock.close()
        raise


def _look_up(call: Call, until: float | None) -> list[Address]:
    """Ask for the addresses of a host, in a thread of its own where there is a limit: nothing else can end the wait."""
    if until is None:
        return look_up(call.route)
    answers: SimpleQueue[list[Address] | BaseException] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(look_up(call.route))
        except BaseException as exc:  # noqa: BLE001 - it is raised by who waits
            answers.put(exc)

    threading.Thread(target=ask, name="arke look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=connect_seconds(call, until, monotonic()))
    except Empty:
        raise call.timed_out("connect", monotonic()) from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _race(addresses: list[Address], call: Call, settings: DialSettings, until: float | None) -> socket.socket:
    """Connect to the address that answers first."""
    race = Race(addresses)
    with selectors.DefaultSelector() as selector:
        try:
            while not race.is_lost:
                winner = _start_attempts(race, selector, settings) or _await_attempts(race, selector, call, until)
                if winner is not None:
                    return winner
        finally:
            for key in list(selector.get_map().values()):
                selector.unregister(key.fileobj)
                key.data.close()
    raise race.error


def _start_attempts(race: Race, selector: selectors.BaseSelector, settings: DialSettings) -> socket.socket | None:
    while (address := race.next_address(monotonic())) is not None:
        try:
            sock = make_socket(address, settings)
        except OSError as exc:
            race.failed(exc)
            continue
        try:
            sock.connect(address[1])
        except (BlockingIOError, InterruptedError):
            selector.register(sock, selectors.EVENT_WRITE, sock)
        except OSError as exc:
            sock.close()
            race.failed(exc)
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    return None


def _await_attempts(
    race: Race, selector: selectors.BaseSelector, call: Call, until: float | None
) -> socket.socket | None:
    if race.is_lost:
        # Each attempt failed at once; a selector without sockets would wait all the same.
        return None
    now = monotonic()
    seconds = connect_seconds(call, until, now)
    pause = race.pause(now)
    if pause is not None:
        seconds = pause if seconds is None else min(pause, seconds)
    for key, _ in selector.select(seconds):
        sock: socket.socket = key.data
        selector.unregister(sock)
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not error:
            return sock
        sock.close()
        race.failed(_error(error))
    return None


def _error(number: int) -> OSError:
    from os import strerror

    return OSError(number, strerror(number))


def _start_tls(sock: socket.socket, call: Call, settings: DialSettings, until: float | None) -> Tls:
    """Shake hands; raise `ConnectError` or `ConnectTimeout`."""
    readiness = Readiness(sock)

    def await_ready(*, writes: bool) -> None:
        seconds = connect_seconds(call, until, monotonic())
        is_ready = readiness.wait_writable(seconds, listens=False) if writes else readiness.wait_readable(seconds)
        if not is_ready:
            raise call.timed_out("connect", monotonic())

    try:
        context = shared_context(settings.verify, settings.cert, trust_env=settings.trust_env, alpn=settings.alpn)
        tls = Tls(context, call.route.server_name)
        is_done = False
        while not is_done:
            try:
                is_done = tls.handshake()
            finally:
                # Also when it failed: the peer is told why.
                view = memoryview(tls.take())
                while view:
                    await_ready(writes=True)
                    with suppress(BlockingIOError):
                        view = view[sock.send(view) :]
            if not is_done:
                await_ready(writes=False)
                with suppress(BlockingIOError):
                    data = sock.recv(64 * 1024)
                    tls.feed(data) if data else tls.feed_eof()
    except (OSError, ValueError) as exc:
        raise call.connect_failed(exc, "tls") from exc
    return tls

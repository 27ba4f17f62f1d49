"""Sockets, as far as all drivers treat them alike."""

from __future__ import annotations

import socket
import threading

import pytest

from arke._drivers.sockets import (
    NetworkStream,
    Readiness,
    fixed_addresses,
    has_unsolicited,
    make_socket,
    say_goodbye,
)
from arke._policy.dialing import DialSettings
from arke._policy.route import Route


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # As the sockets of all drivers are.
        ours.setblocking(False)
        yield ours, theirs


def route(host: str) -> Route:
    return Route("http", host, 80, host)


class TestReadiness:
    def test_silence_is_not_readable(self, pair):
        assert not Readiness(pair[0]).wait_readable(0)

    def test_bytes_and_the_end_are(self, pair):
        ours, theirs = pair
        theirs.send(b"x")
        assert Readiness(ours).wait_readable(0)
        ours.recv(1)
        theirs.close()
        assert Readiness(ours).wait_readable(0)

    def test_it_waits_until_something_comes(self, pair):
        ours, theirs = pair
        threading.Timer(0.05, theirs.send, [b"x"]).start()
        assert Readiness(ours).wait_readable(5)

    def test_room_is_writable_and_a_full_pipe_is_not(self, pair):
        ours, _ = pair
        ours.setblocking(False)
        readiness = Readiness(ours)
        assert readiness.wait_writable(0, listens=False)
        with pytest.raises(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        assert not readiness.wait_writable(0, listens=False)

    def test_who_listens_is_woken_by_bytes(self, pair):
        ours, theirs = pair
        ours.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        theirs.send(b"x")
        readiness = Readiness(ours)
        assert not readiness.wait_writable(0, listens=False)
        assert readiness.wait_writable(0, listens=True)
        assert readiness.wait_readable(0)

    def test_a_socket_that_another_thread_closed_is_ready_for_its_error(self, pair):
        ours, _ = pair
        readiness = Readiness(ours)
        ours.close()
        assert readiness.wait_writable(0, listens=True)
        assert readiness.wait_readable(0)


class Records:
    """Stands for TLS: what is decoded, and what that shows."""

    def __init__(self, plain=b"", *, is_closed_cleanly=False, error=None):
        self.plain = plain
        self.is_closed_cleanly = is_closed_cleanly
        self.error = error
        self.fed = b""

    def feed(self, data):
        self.fed += data

    def decode(self):
        if self.error:
            raise self.error
        return self.plain

    def encode_close(self):
        return b"bye"


class TestUnsolicited:
    def test_anything_in_the_clear_is(self, pair):
        assert has_unsolicited(pair[0], None)

    def test_messages_of_tls_itself_are_not_and_are_taken_in(self, pair):
        tls = Records()
        pair[1].send(b"ticket")
        assert not has_unsolicited(pair[0], tls)
        assert tls.fed == b"ticket"

    @pytest.mark.parametrize(
        "tls", [Records(b"HTTP/1.1 "), Records(is_closed_cleanly=True), Records(error=OSError("bad record"))]
    )
    def test_content_an_end_and_an_alert_are(self, pair, tls):
        pair[1].send(b"record")
        assert has_unsolicited(pair[0], tls)

    def test_an_end_without_close_notify_is(self, pair):
        pair[1].close()
        assert has_unsolicited(pair[0], Records())

    def test_a_false_alarm_is_not(self, pair):
        pair[0].setblocking(False)
        assert not has_unsolicited(pair[0], Records())


class TestGoodbye:
    def test_tls_says_it(self, pair):
        say_goodbye(pair[0], Records())
        assert pair[1].recv(10) == b"bye"
        assert pair[1].recv(10) == b""

    def test_a_peer_that_is_gone_does_not_matter(self, pair):
        pair[1].close()
        say_goodbye(pair[0], Records())
        assert pair[0].fileno() < 0

    def test_a_peer_that_does_not_read_is_not_waited_for(self, pair):
        ours, _ = pair
        with pytest.raises(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        say_goodbye(ours, Records())
        assert ours.fileno() < 0


class TestMakeSocket:
    def test_it_does_not_block_and_does_not_delay(self):
        with make_socket((socket.AF_INET, ("127.0.0.1", 1)), DialSettings()) as sock:
            assert sock.gettimeout() == 0
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def test_the_callers_options_come_last(self):
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        settings = DialSettings(socket_options=options)
        with make_socket((socket.AF_INET, ("127.0.0.1", 1)), settings) as sock:
            assert not sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    def test_a_socket_that_cannot_be_prepared_is_closed(self):
        # The guard against leaks would find it.
        with pytest.raises(TypeError):
            make_socket((socket.AF_INET, ("127.0.0.1", 1)), DialSettings(socket_options=[("a", "b", "c")]))


class TestFixedAddresses:
    @pytest.mark.parametrize(
        ("host", "address"),
        [
            ("192.0.2.1", (socket.AF_INET, ("192.0.2.1", 80))),
            ("2001:db8::1", (socket.AF_INET6, ("2001:db8::1", 80, 0, 0))),
        ],
    )
    def test_an_address_needs_no_look_up(self, host, address):
        assert fixed_addresses(route(host), DialSettings()) == [address]

    def test_a_unix_socket_stands_for_every_host(self):
        found = fixed_addresses(route("192.0.2.1"), DialSettings(uds="/run/socket"))
        assert found == [(socket.AF_UNIX, "/run/socket")]

    @pytest.mark.parametrize("host", ["localhost", "192.0.2.1.example", "1", "fe80::1%lo"])
    def test_anything_else_does(self, host):
        assert fixed_addresses(route(host), DialSettings()) is None


class TestNetworkStream:
    def test_it_tells_of_an_open_connection(self):
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as sock,
        ):
            stream = NetworkStream(sock, None)
            assert stream.get_extra_info("server_addr") == listener.getsockname()
            assert stream.get_extra_info("client_addr") == sock.getsockname()
            assert stream.get_extra_info("socket") is sock
            assert stream.get_extra_info("is_readable") is False
            assert stream.get_extra_info("ssl_object") is None
            assert stream.get_extra_info("anything else") is None

    def test_a_closed_one_is_readable_and_has_no_addresses(self, pair):
        stream = NetworkStream(pair[0], None)
        pair[0].close()
        assert stream.get_extra_info("is_readable") is True
        assert stream.get_extra_info("server_addr") is None

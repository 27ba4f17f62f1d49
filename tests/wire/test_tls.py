from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arke._wire import tls as tls_module
from arke._wire.tls import Tls, create_ssl_context, shared_context
from support.certs import Authority, authority
from wire.exchange import bytewise, cut

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


class Server:
    """The other side: Python's own `SSLObject`, over memory."""

    def __init__(self, *names: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, signer: Authority | None = None):
        context = (signer or authority()).server_context(*names)
        context.minimum_version = context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def handshake(self) -> bool:
        try:
            self.object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encode(self, data: bytes) -> bytes:
        while data:
            data = data[self.object.write(data) :]
        return self.outgoing.read()

    def close(self) -> bytes:
        with pytest.raises(ssl.SSLWantReadError):
            self.object.unwrap()
        return self.outgoing.read()

    def decode(self, data: bytes) -> bytes:
        self.incoming.write(data)
        pieces = []
        try:
            while piece := self.object.read(65536):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        return b"".join(pieces)


def shake_hands(client: Tls, server: Server, split=lambda data: [data]) -> None:
    """Shake hands, every byte that goes to the client being split."""
    is_done = client.handshake()
    while not (is_done and server.handshake()):
        server.incoming.write(client.take())
        server.handshake()
        for piece in split(server.outgoing.read()):
            client.feed(piece)
            is_done = is_done or client.handshake()
    server.incoming.write(client.take())


def connect(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, split=lambda data: [data]) -> tuple[Tls, Server]:
    client, server = Tls(authority().client_context(), "localhost"), Server(version=version)
    shake_hands(client, server, split)
    client.feed(server.outgoing.read())
    assert client.decode() == b""
    return client, server


# The engine


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("split", [lambda data: [data], bytewise], ids=["whole", "bytewise"])
def test_both_sides_understand_each_other(version, split):
    client, server = connect(version, split)
    assert client.object.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
    assert server.decode(client.encode(b"hello")) == b"hello"
    got = b""
    for piece in split(server.encode(b"world")):
        client.feed(piece)
        got += client.decode()
    assert got == b"world"
    assert not client.is_closed_cleanly


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 1_000_000])
def test_data_of_any_size_is_encrypted_and_decrypted_whole(size):
    client, server = connect()
    data = os.urandom(size)
    assert server.decode(client.encode(data)) == data
    assert server.decode(client.encode(memoryview(data))) == data
    client.feed(server.encode(data))
    assert client.decode() == data
    assert client.decode() == b""


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=20_000), max_size=4), st.lists(st.integers(0, 100_000), max_size=8), st.booleans())
def test_any_split_gives_the_same_plain_text_and_the_same_end(messages, places, is_closed):
    client, server = connect()
    data = b"".join(map(server.encode, messages)) + (server.close() if is_closed else b"")
    got = b""
    for piece in cut(data, places):
        client.feed(piece)
        got += client.decode()
    assert got == b"".join(messages)
    assert client.is_closed_cleanly == is_closed


def test_data_and_close_notify_in_one_flight():
    client, server = connect()
    client.feed(server.encode(b"last words") + server.close())
    assert client.decode() == b"last words"
    assert client.is_closed_cleanly
    assert client.decode() == b""


def test_close_notify_alone():
    client, server = connect()
    client.feed(server.close())
    assert client.decode() == b""
    assert client.is_closed_cleanly


@pytest.mark.parametrize("left_out", [0, 1, 5])
def test_an_end_without_close_notify_is_not_clean_and_loses_nothing(left_out):
    client, server = connect()
    first, second = server.encode(b"whole"), server.encode(b"record")
    client.feed(first + second[: len(second) - left_out])
    client.feed_eof()
    assert client.decode() == (b"whole" if left_out else b"wholerecord")
    assert client.decode() == b""
    assert not client.is_closed_cleanly


@pytest.mark.parametrize("version", VERSIONS)
def test_our_close_notify_is_understood_and_sent_once(version):
    client, server = connect(version)
    goodbye = client.encode(b"bye") + client.encode_close()
    server.incoming.write(goodbye)
    assert server.object.read(100) == b"bye"
    assert server.object.read(100) == b""
    assert client.encode_close() == b""


def test_closing_does_not_mind_data_that_nobody_read():
    client, server = connect()
    client.feed(server.encode(b"unread"))
    assert client.encode_close()


def test_closing_in_the_middle_of_a_handshake_raises_nothing():
    client = Tls(authority().client_context(), "localhost")
    assert client.encode_close() == b""
    assert not client.handshake()
    client.take()
    assert isinstance(client.encode_close(), bytes)


def test_the_ends_of_both_sides_may_cross():
    client, server = connect()
    client.encode_close()
    client.feed(server.close())
    assert client.decode() == b""
    assert client.is_closed_cleanly


CORRUPT = {
    "garbage": lambda server: b"this is not TLS at all",
    "a record that was tampered with": lambda server: (
        (record := server.encode(b"second"))[:-1] + bytes([record[-1] ^ 1])
    ),
    "a record too long": lambda server: b"\x17\x03\x03\xff\xff" + b"x" * 0xFFFF,
}


@pytest.mark.parametrize("name", CORRUPT)
def test_what_is_not_tls_is_an_error_each_time(name):
    client, server = connect()
    client.feed(CORRUPT[name](server))
    for _ in range(3):
        with pytest.raises(ssl.SSLError):
            client.decode()
    assert not client.is_closed_cleanly


@pytest.mark.parametrize("name", CORRUPT)
def test_an_error_is_raised_behind_the_data_before_it(name):
    client, server = connect()
    client.feed(server.encode(b"first") + CORRUPT[name](server))
    assert client.decode() == b"first"
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            client.decode()
    client.feed_eof()
    with pytest.raises(ssl.SSLError):
        client.decode()
    assert not client.is_closed_cleanly
    assert client.take(), "the peer is told by an alert"


def fail_to_shake_hands(client: Tls, server: Server) -> ssl.SSLError:
    with pytest.raises(ssl.SSLError) as caught:
        shake_hands(client, server)
    assert client.take(), "the server is told by an alert"
    return caught.value


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_for_another_host_is_refused(version):
    client = Tls(authority().client_context(), "localhost")
    error = fail_to_shake_hands(client, Server("example.org", version=version))
    assert isinstance(error, ssl.SSLCertVerificationError)
    assert "localhost" in str(error)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_of_an_unknown_authority_is_refused(version):
    client = Tls(authority().client_context(), "localhost")
    error = fail_to_shake_hands(client, Server(version=version, signer=Authority()))
    assert isinstance(error, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("name", ["127.0.0.1", "::1", "localhost", "localhost."])
def test_addresses_and_absolute_names_are_matched(name):
    client, server = Tls(authority().client_context(), name), Server()
    shake_hands(client, server)
    assert client.object.cipher() is not None


def test_an_address_that_the_certificate_does_not_name_is_refused():
    error = fail_to_shake_hands(Tls(authority().client_context(), "127.0.0.2"), Server())
    assert isinstance(error, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("name", ["", ".", ".localhost", "a..b", "a" * 64])
def test_a_name_that_no_certificate_can_bear_is_a_value_error(name):
    with pytest.raises(ValueError, match=r".+"):
        Tls(authority().client_context(), name)


def test_a_server_that_goes_away_in_the_handshake_is_an_error():
    client = Tls(authority().client_context(), "localhost")
    assert not client.handshake()
    client.feed_eof()
    with pytest.raises(ssl.SSLEOFError):
        client.handshake()


def test_something_else_than_tls_in_the_handshake_is_an_error():
    client = Tls(authority().client_context(), "localhost")
    client.handshake()
    client.feed(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError):
        client.handshake()


def test_tls_goes_through_tls():
    outer, proxy = connect()
    inner, server = Tls(authority().client_context(), "localhost"), Server()
    is_done = inner.handshake()
    while not (is_done and server.handshake()):
        server.incoming.write(proxy.decode(outer.encode(inner.take())))
        server.handshake()
        outer.feed(proxy.encode(server.outgoing.read()))
        inner.feed(outer.decode())
        is_done = is_done or inner.handshake()
    server.incoming.write(proxy.decode(outer.encode(inner.take())))
    assert server.decode(proxy.decode(outer.encode(inner.encode(b"deep")))) == b"deep"


# The contexts

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    tls_module._cached_context.cache_clear()
    yield
    tls_module._cached_context.cache_clear()


def shared(verify=True, cert=None, *, trust_env=True, alpn=("http/1.1",)) -> ssl.SSLContext:
    return shared_context(verify, cert, trust_env=trust_env, alpn=alpn)


def trusts(context: ssl.SSLContext, signer: Authority) -> bool:
    """Whether a client with this context shakes hands with a server that this authority signed for."""
    try:
        shake_hands(Tls(context, "localhost"), Server(signer=signer))
    except ssl.SSLCertVerificationError:
        return False
    return True


def test_a_new_context_verifies_with_a_modern_version():
    context = create_ssl_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50
    assert not trusts(context, authority())


def test_verification_can_be_turned_off():
    context = create_ssl_context(verify=False)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert trusts(context, Authority())


@pytest.mark.parametrize("as_path", [str, Path])
def test_authorities_come_from_a_file(tmp_path, as_path):
    files = authority().write(tmp_path)
    assert trusts(create_ssl_context(as_path(files.ca)), authority())
    assert not trusts(create_ssl_context(as_path(files.ca)), Authority())


def test_authorities_come_from_a_folder(tmp_path):
    # Without the hashed names that OpenSSL looks for, such a folder holds none; but it is taken.
    assert not trusts(create_ssl_context(str(tmp_path)), authority())


def test_the_environment_names_authorities_only_when_it_is_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority().write(tmp_path).ca))
    assert trusts(create_ssl_context(), authority())
    assert trusts(shared(), authority())
    assert not trusts(create_ssl_context(trust_env=False), authority())
    assert not trusts(shared(trust_env=False), authority())


def test_the_environment_may_name_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert create_ssl_context().cert_store_stats()["x509_ca"] == 0
    assert create_ssl_context(trust_env=False).cert_store_stats()["x509_ca"] > 0


def test_the_environment_may_ask_for_a_key_log(tmp_path, monkeypatch):
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    assert create_ssl_context().keylog_filename == str(log)
    assert create_ssl_context(trust_env=False).keylog_filename is None


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_authorities_that_are_not_there_are_an_os_error(tmp_path, monkeypatch, variable):
    gone = str(tmp_path / "gone")
    with pytest.raises(OSError, match="gone"):
        create_ssl_context(gone)
    monkeypatch.setenv(variable, gone)
    with pytest.raises(OSError, match="gone"):
        create_ssl_context()


def test_a_client_certificate_is_loaded(tmp_path):
    files = authority().write(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(files.key.read_bytes() + files.chain.read_bytes())
    for cert in (str(both), (str(files.chain), str(files.key)), (str(files.chain), str(files.key), "unused")):
        server = Server()
        server.object.context.verify_mode = ssl.CERT_REQUIRED
        server.object.context.load_verify_locations(str(files.ca))
        server.object = server.object.context.wrap_bio(server.incoming, server.outgoing, server_side=True)
        shake_hands(Tls(create_ssl_context(str(files.ca), cert), "localhost"), server)
        assert server.object.getpeercert()


def test_a_context_is_built_once_for_the_same_settings(tmp_path):
    file = str(authority().write(tmp_path).ca)
    assert shared() is shared()
    assert shared(file) is shared(file)
    contexts = [shared(), shared(False), shared(file), shared(trust_env=False), shared(alpn=("h2", "http/1.1"))]
    assert len({id(context) for context in contexts}) == len(contexts)


@pytest.mark.parametrize("named_by", ["verify", "SSL_CERT_FILE"])
def test_a_context_is_built_anew_when_the_file_of_authorities_changes(tmp_path, monkeypatch, named_by):
    first, second = authority(), Authority()
    file = first.write(tmp_path).ca
    if named_by != "verify":
        monkeypatch.setenv(named_by, str(file))
    verify = str(file) if named_by == "verify" else True
    before = shared(verify)
    assert trusts(before, first)
    file.write_bytes(second.ca.cert_pem.bytes())
    os.utime(file, ns=(1, 1))
    assert shared(verify) is not before
    assert trusts(shared(verify), second)
    assert not trusts(shared(verify), first)


def test_a_context_is_built_anew_when_the_client_certificate_changes(tmp_path):
    files = authority().write(tmp_path)
    cert = (str(files.chain), str(files.key))
    before = shared(cert=cert)
    assert shared(cert=cert) is before
    os.utime(files.key, ns=(1, 1))
    assert shared(cert=cert) is not before


def test_a_context_is_built_anew_when_the_environment_changes(tmp_path, monkeypatch):
    before = shared()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority().write(tmp_path).ca))
    assert shared() is not before
    monkeypatch.delenv("SSL_CERT_FILE")
    assert shared() is before


def test_the_protocols_are_offered():
    client, server = Tls(shared(False, alpn=("http/1.1",)), "localhost"), Server()
    shake_hands(client, server)
    assert client.object.selected_alpn_protocol() == "http/1.1"


def test_the_callers_context_is_used_and_never_changed():
    class Unchangeable(ssl.SSLContext):
        is_sealed = False

        def __setattr__(self, name, value):
            assert not self.is_sealed, f"{name} was set"
            super().__setattr__(name, value)

        def _refuse(self, *args, **kwargs):
            raise AssertionError("the context was changed")

        set_alpn_protocols = load_cert_chain = load_verify_locations = set_ciphers = load_default_certs = _refuse

    context = Unchangeable(ssl.PROTOCOL_TLS_CLIENT)
    context.is_sealed = True
    assert shared(context, cert="ignored", alpn=("h2",)) is context
    assert create_ssl_context(context, cert="ignored") is context
    Tls(context, "localhost").handshake()

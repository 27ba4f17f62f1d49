"""TLS: verified unless told otherwise, and never without the handshake having succeeded."""

from __future__ import annotations

import ssl
import threading

import pytest
import trustme

import arke
from support.certs import authority
from support.scripted import ScriptedServer, forever, reply
from support.wire import ok
from support.worlds import trusting_context


def server_with(context):
    return ScriptedServer(every=[forever(reply(ok(b"secret")))], tls=context)


async def test_a_certificate_of_an_unknown_authority_is_refused(world):
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(stranger)
    with server_with(stranger) as server:
        async with world.open() as door:
            with pytest.raises(arke.ConnectError) as caught:
                await door.get(server.url)
    assert "certificate" in str(caught.value).lower()
    assert server.requests == []


async def test_certificates_are_verified_by_default(world, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with server_with(authority().server_context()) as server:
        async with world.open(verify=True) as door:
            with pytest.raises(arke.ConnectError):
                await door.get(server.url)
    assert server.requests == []


async def test_a_certificate_for_another_name_is_refused(world):
    with server_with(authority().server_context("other.example")) as server:
        async with world.open() as door:
            with pytest.raises(arke.ConnectError):
                await door.get(server.url)
    assert server.requests == []


async def test_an_address_is_verified_as_an_address(world):
    with server_with(authority().server_context("127.0.0.1")) as server:
        async with world.open() as door:
            assert (await door.get(f"https://127.0.0.1:{server.port}/")).content == b"secret"
            with pytest.raises(arke.ConnectError):
                await door.get(f"https://localhost:{server.port}/")


async def test_verification_can_be_turned_off(world):
    with server_with(authority().server_context("other.example")) as server:
        async with world.open(verify=False) as door:
            assert (await door.get(server.url)).content == b"secret"


async def test_an_authority_can_be_given_by_the_environment(world, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority().write(tmp_path).ca))
    with server_with(authority().server_context()) as server:
        async with world.open(verify=True) as door:
            assert (await door.get(server.url)).content == b"secret"
        async with world.open(verify=True, trust_env=False) as door:
            with pytest.raises(arke.ConnectError):
                await door.get(server.url)


async def test_the_host_is_named_in_the_handshake(world):
    names = []
    context = authority().server_context()
    context.sni_callback = lambda sock, name, ctx: names.append(name)
    with server_with(context) as server:
        async with world.open() as door:
            await door.get(server.url)
            await door.get(f"https://127.0.0.1:{server.port}/")
    assert names == ["localhost", None]  # "Literal IPv4 and IPv6 addresses are not permitted" (RFC 6066 3)


async def test_sni_hostname_says_which_name_to_ask_for_and_verify(world):
    with server_with(authority().server_context("other.example")) as server:
        async with world.open() as door:
            got = await door.get(
                f"https://127.0.0.1:{server.port}/",
                headers={"Host": "other.example"},
                extensions={"sni_hostname": "other.example"},
            )
    assert got.content == b"secret"
    assert server.requests[0].header("Host") == "other.example"


async def test_a_server_that_speaks_no_tls_is_an_error(world):
    with ScriptedServer(every=[b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"]) as server:
        async with world.open() as door:
            with pytest.raises(arke.ConnectError):
                await door.get(f"https://localhost:{server.port}/")


async def test_a_server_that_speaks_tls_to_a_plain_request_is_an_error(world):
    with server_with(authority().server_context()) as server:
        async with world.open() as door:
            with pytest.raises((arke.RemoteProtocolError, arke.ReadError)):
                await door.get(f"http://localhost:{server.port}/")


async def test_the_caller_s_context_is_not_changed(world):
    context = authority().client_context()
    before = (context.verify_mode, context.check_hostname, context.options, context.minimum_version)
    with server_with(authority().server_context()) as server:
        async with world.open(verify=context) as door:
            assert (await door.get(server.url)).content == b"secret"
    assert (context.verify_mode, context.check_hostname, context.options, context.minimum_version) == before


async def test_a_client_certificate_is_shown(world):
    context = authority().server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    authority().ca.configure_trust(context)
    mine = authority().client_context()
    authority().issue("client.example").configure_cert(mine)
    with server_with(context) as server:
        async with world.open(verify=mine) as door:
            assert (await door.get(server.url)).content == b"secret"
        async with world.open() as door:
            with pytest.raises((arke.ConnectError, arke.ReadError, arke.RemoteProtocolError, arke.WriteError)):
                await door.get(server.url)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_both_versions_of_tls_carry_requests(world, version):
    context = authority().server_context()
    context.minimum_version = context.maximum_version = version
    with server_with(context) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            assert await door.read(got) == b"secret"
            assert got.extensions["network_stream"].get_extra_info("ssl_object").version() == version.name.replace(
                "_", "."
            )


async def test_many_handshakes_at_once(world):
    with server_with(authority().server_context()) as server:
        async with world.open(verify=trusting_context(), timeout=20.0) as door:
            results = await world.gather(*[lambda: door.get(server.url)] * 20)
    assert [result.content for result in results] == [b"secret"] * 20


async def test_closing_says_good_bye_or_at_least_ends_the_connection(world):
    ended = threading.Event()

    def until_end(connection):
        connection.drain()
        ended.set()

    with ScriptedServer([[reply(ok()), until_end]], tls=authority().server_context()) as server:
        async with world.open() as door:
            await door.get(server.url)
        await world.wait(ended)

"""Digest and netrc authentication against the real httpbin, which checks what it is sent."""

from __future__ import annotations

import pytest

import arke

QOPS = ["auth", "auth-int"]
ALGORITHMS = ["MD5", "SHA-256", "SHA-512"]


@pytest.fixture
def url(httpbin):
    return httpbin.url


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("qop", QOPS)
async def test_digest_is_answered_and_then_sent_unasked(world, url, qop, algorithm):
    path = f"/digest-auth/{qop}/user/pass/{algorithm}"
    async with world.open(base_url=url, auth=arke.DigestAuth("user", "pass")) as door:
        got = await door.get(path)
        assert got.json() == {"authenticated": True, "user": "user"}
        assert [response.status_code for response in got.history] == [401]
        got = await door.get(path)
        assert (got.status_code, got.history) == (200, [])


@pytest.mark.parametrize("qop", ["auth", "auth-int", "other"])
async def test_digest_may_offer_what_it_likes(world, url, qop):
    async with world.open(base_url=url, auth=arke.DigestAuth("user", "pass")) as door:
        assert (await door.get(f"/digest-auth/{qop}/user/pass")).status_code == 200


async def test_digest_with_a_wrong_password_is_refused_once(world, url):
    async with world.open(base_url=url, auth=arke.DigestAuth("user", "wrong")) as door:
        for _ in range(2):
            got = await door.get("/digest-auth/auth/user/pass")
            assert (got.status_code, len(got.history)) == (401, 1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_stale_nonce_is_replaced(world, url, algorithm):
    path = f"/digest-auth/auth/user/pass/{algorithm}/1"
    async with world.open(base_url=url, auth=arke.DigestAuth("user", "pass")) as door:
        for _ in range(4):
            assert (await door.get(path)).status_code == 200


async def test_digest_answers_behind_a_redirect_of_the_same_origin(world, url):
    async with world.open(base_url=url, auth=arke.DigestAuth("user", "pass"), follow_redirects=True) as door:
        got = await door.get("/redirect-to", params={"url": "/digest-auth/auth/user/pass"})
    assert (got.status_code, [response.status_code for response in got.history]) == (200, [302, 401])


async def test_netrc_credentials_are_taken_for_the_host(world, url, tmp_path):
    file = tmp_path / "netrc"
    file.write_text(f"machine {arke.URL(url).host} login user password pass", encoding="utf-8")
    async with world.open(base_url=url, auth=arke.NetRCAuth(str(file))) as door:
        assert (await door.get("/basic-auth/user/pass")).json()["user"] == "user"


async def test_a_bearer_token_is_sent(world, url):
    async with world.open(base_url=url, auth=arke.BearerAuth("abc")) as door:
        assert (await door.get("/bearer")).json() == {"authenticated": True, "token": "abc"}

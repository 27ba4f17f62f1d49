"""Against the real httpbin."""

from __future__ import annotations

import pytest

import arke


@pytest.fixture
def url(httpbin):
    return httpbin.url


async def test_what_was_sent_comes_back(world, url):
    async with world.open(base_url=url) as door:
        got = (await door.post("/anything?a=1", params={"b": "2"}, json={"x": [1, 2]})).json()
        assert got["json"] == {"x": [1, 2]}
        assert got["args"] == {"b": "2"} or got["args"] == {"a": "1", "b": "2"}
        got = (await door.post("/post", data={"k": "v"}, files={"f": ("n.txt", b"content")})).json()
        assert (got["form"], got["files"]) == ({"k": "v"}, {"f": "content"})
        got = (await door.put("/put", content=world.body([b"one", b"two"]))).json()
        assert got["data"] == "onetwo"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_codings_are_decoded(world, url, coding):
    async with world.open(base_url=url) as door:
        assert (await door.get(f"/{coding}")).json()["method"] == "GET"


@pytest.mark.parametrize("path", ["/redirect/3", "/relative-redirect/3", "/absolute-redirect/3"])
async def test_redirects_are_followed(world, url, path):
    async with world.open(base_url=url, follow_redirects=True) as door:
        got = await door.get(path)
    assert (got.status_code, len(got.history)) == (200, 3)
    assert got.url.path == "/get"


async def test_cookies_are_kept(world, url):
    async with world.open(base_url=url, follow_redirects=True) as door:
        got = await door.get("/cookies/set?a=1&b=2")
        assert got.json() == {"cookies": {"a": "1", "b": "2"}}
        assert (await door.get("/cookies/delete?a")).json() == {"cookies": {"b": "2"}}


async def test_basic_authentication(world, url):
    async with world.open(base_url=url, auth=("user", "pass")) as door:
        assert (await door.get("/basic-auth/user/pass")).json()["user"] == "user"
        assert (await door.get("/basic-auth/user/pass", auth=("user", "wrong"))).status_code == 401


@pytest.mark.parametrize("status", [200, 204, 304, 400, 404, 418, 500, 503])
async def test_statuses(world, url, status):
    async with world.open(base_url=url) as door:
        got = await door.get(f"/status/{status}")
        assert got.status_code == status
        assert (await door.get("/get")).status_code == 200


async def test_streams(world, url):
    async with world.open(base_url=url) as door:
        async with door.stream("GET", "/stream/20") as got:
            assert len([line async for line in door.iterate(got, "lines")]) == 20
        async with door.stream("GET", "/stream-bytes/5000?chunk_size=100") as got:
            assert len(await door.read(got)) == 5000


async def test_a_slow_answer_times_out(world, url):
    async with world.open(base_url=url) as door:
        with pytest.raises(arke.ReadTimeout):
            await door.get("/delay/1", timeout=0.2)
        assert (await door.get("/get")).status_code == 200

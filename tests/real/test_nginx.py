"""Against nginx, in every world, in cleartext and over TLS."""

from __future__ import annotations

import pytest

import arke

BIG = bytes(range(256)) * 4096 * 8


@pytest.fixture(params=["tcp", "tls"])
def url(request, nginx):
    return nginx.url if request.param == "tcp" else nginx.tls_url


async def test_many_requests(world, url):
    async with world.open(base_url=url) as door:
        for _ in range(50):
            got = await door.get("/hello")
            assert (got.status_code, got.text) == (200, "hello")


async def test_many_requests_at_once(world, url):
    async with world.open(base_url=url, limits=arke.Limits(max_connections=10), timeout=20.0) as door:
        results = await world.gather(*[lambda: door.get("/hello")] * 100)
    assert [result.text for result in results] == ["hello"] * 100


async def test_head_204_and_redirects(world, url):
    async with world.open(base_url=url, follow_redirects=True) as door:
        head = await door.head("/hello")
        assert (head.content, head.headers["content-length"]) == (b"", "5")
        assert (await door.get("/nothing")).status_code == 204
        got = await door.get("/moved")
        assert (got.text, len(got.history)) == ("hello", 1)
        assert (await door.get("/absent")).status_code == 404


async def test_gzip_is_decoded(world, url, nginx):
    nginx.files.joinpath("text.txt").write_text("hello world " * 1000)
    async with world.open(base_url=url) as door:
        got = await door.get("/text.txt")
    assert got.headers["content-encoding"] == "gzip"
    assert got.text == "hello world " * 1000
    assert got.num_bytes_downloaded < 1000


async def test_a_big_file_is_downloaded_whole(world, url, nginx):
    nginx.files.joinpath("big.bin").write_bytes(BIG)
    async with world.open(base_url=url) as door:
        assert (await door.get("/big.bin")).content == BIG
        async with door.stream("GET", "/big.bin") as got:
            sizes = [len(piece) async for piece in door.iterate(got, "bytes", 100_000)]
        ranged = await door.get("/big.bin", headers={"Range": "bytes=10-19"})
    assert sum(sizes) == len(BIG)
    assert set(sizes[:-1]) == {100_000}
    assert (ranged.status_code, ranged.content) == (206, BIG[10:20])


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
async def test_an_upload_arrives(world, url, kind):
    async with world.open(base_url=url) as door:
        content = BIG if kind == "bytes" else world.body([BIG[:1000], BIG[1000:]])
        got = await door.post("/upload", content=content)
    assert got.status_code == 200
    assert int(got.text) > len(BIG)  # nginx counts the request's head too


async def test_an_upload_that_nginx_refuses_gets_its_answer(world, url):
    async with world.open(base_url=url) as door:
        got = await door.post("/small-only", content=BIG)
        assert got.status_code == 413
        assert (await door.get("/hello")).text == "hello"


async def test_expect_100_continue(world, url):
    async with world.open(base_url=url) as door:
        got = await door.post("/upload", content=b"hello", headers={"Expect": "100-continue"})
        assert got.status_code == 200
        refused = await door.post("/small-only", content=BIG, headers={"Expect": "100-continue"})
        assert refused.status_code == 413
        assert (await door.get("/hello")).text == "hello"


async def test_a_connection_that_nginx_ends_after_each_request(world, url):
    async with world.open(base_url=url) as door:
        for _ in range(5):
            got = await door.get("/once")
            assert (got.text, got.headers["connection"]) == ("once", "close")

"""Against hypercorn: streams both ways."""

from __future__ import annotations

import contextlib

import pytest


@pytest.fixture
def url(hypercorn):
    return hypercorn.url


async def test_a_streamed_upload_is_counted(world, url):
    async with world.open() as door:
        got = await door.post(url, content=world.body([b"x" * 10_000] * 50))
        assert got.text == "500000"
        assert (await door.post(url, content=b"y" * 123)).text == "123"


async def test_a_streamed_download_comes_chunk_by_chunk(world, url):
    async with world.open() as door, door.stream("GET", f"{url}/chunks/100/1000") as got:
        assert got.headers["transfer-encoding"] == "chunked"
        assert sum([len(piece) async for piece in door.iterate(got)]) == 100_000


async def test_a_download_left_early_does_not_disturb_the_next(world, url):
    async with world.open() as door:
        async with (
            door.stream("GET", f"{url}/chunks/10000/10000") as got,
            contextlib.aclosing(door.iterate(got)) as pieces,
        ):
            assert await anext(pieces)
        assert (await door.post(url, content=b"next")).text == "4"

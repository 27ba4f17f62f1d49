"""Content codings: whole, cut short, in several members, stacked, and swelling."""

from __future__ import annotations

import gzip
import importlib
import zlib

import pytest

import arke
from support.scripted import ScriptedServer, close, reply
from support.wire import CHUNKED_HEAD, chunked, ok

PLAIN = b"The quick brown fox jumps over the lazy dog. " * 200


def deflate_raw(data):
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def brotli(data):
    return pytest.importorskip("brotli").compress(data)


def zstd(data):
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            return importlib.import_module(name).compress(data)
        except ImportError:
            continue
    pytest.skip("no zstd module is installed")


CODINGS = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate in zlib": ("deflate", zlib.compress),
    "deflate raw": ("deflate", deflate_raw),
    "br": ("br", brotli),
    "zstd": ("zstd", zstd),
    "another case": ("GZIP", gzip.compress),
    "stacked": ("deflate, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "identity": ("identity", bytes),
    "identity and gzip": ("identity, gzip", gzip.compress),
}
COMPRESSED = [name for name in CODINGS if name != "identity"]


def coded(name):
    coding, compress = CODINGS[name]
    if coding in {"br", "zstd"} and coding not in arke.Client().headers["accept-encoding"]:
        pytest.skip(f"{coding} is not offered here")
    return coding, compress(PLAIN)


@pytest.mark.parametrize("size", [1, 100, 100_000])
@pytest.mark.parametrize("name", CODINGS)
async def test_coded_content_is_decoded(world, name, size):
    coding, content = coded(name)
    with ScriptedServer([[reply(ok(content, f"Content-Encoding: {coding}"), size=size)]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
    assert got.content == PLAIN
    assert got.num_bytes_downloaded == len(content)


@pytest.mark.parametrize("name", COMPRESSED)
async def test_truncated_coded_content_is_an_error(world, name):
    # The message is whole by its framing; only the coding is cut short. Every cut, near both ends and in the middle.
    coding, content = coded(name)
    cuts = {1, 2, len(content) // 2, len(content) - 9, len(content) - 4, len(content) - 1} & set(range(1, len(content)))
    scripts = [[reply(ok(content[:cut], f"Content-Encoding: {coding}", "Connection: close"))] for cut in sorted(cuts)]
    with ScriptedServer(scripts) as server:
        async with world.open() as door:
            for _ in cuts:
                with pytest.raises(arke.DecodingError):
                    await door.get(server.url)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_truncated_gzip_is_an_error_in_every_framing(world, framing):
    content = gzip.compress(PLAIN)[:-8]
    script = {
        "length": [reply(ok(content, "Content-Encoding: gzip"))],
        "chunked": [reply(CHUNKED_HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + chunked(content))],
        "close": [reply(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + content), close()],
    }[framing]
    with ScriptedServer([script]) as server:
        async with world.open() as door:
            with pytest.raises(arke.DecodingError) as caught:
                await door.get(server.url)
    assert caught.value.request.url == server.url


async def test_a_stream_of_truncated_gzip_raises_at_its_end(world):
    content = gzip.compress(PLAIN)[:-8]
    with ScriptedServer([[reply(ok(content, "Content-Encoding: gzip"))]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            with pytest.raises(arke.DecodingError):
                async for _ in door.iterate(got):
                    pass


async def test_every_member_of_gzip_content_is_decoded(world):
    content = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two ") + gzip.compress(b"three")
    with ScriptedServer([[reply(ok(content, "Content-Encoding: gzip"), size=9)]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"one two three"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_what_is_not_in_its_coding_is_an_error(world, coding):
    if coding not in arke.Client().headers["accept-encoding"]:
        pytest.skip(f"{coding} is not offered here")
    with ScriptedServer([[reply(ok(b"this is plain text", f"Content-Encoding: {coding}"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.DecodingError):
                await door.get(server.url)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_empty_content_needs_no_coding(world, coding):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Encoding: {coding}\r\n\r\n".encode()
    with ScriptedServer([[reply(ok(b"", f"Content-Encoding: {coding}")), reply(head)]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b""
            assert (await door.head(server.url)).content == b""


async def test_an_unknown_coding_is_left_alone(world):
    with ScriptedServer([[reply(ok(b"as it is", "Content-Encoding: exotic"))]]) as server:
        async with world.open() as door:
            assert (await door.get(server.url)).content == b"as it is"


async def test_a_long_chain_of_codings_is_refused(world):
    fields = ["Content-Encoding: gzip, gzip, gzip", "Content-Encoding: gzip, gzip, gzip"]
    content = PLAIN
    for _ in range(6):
        content = gzip.compress(content)
    with ScriptedServer([[reply(ok(content, *fields))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.DecodingError):
                await door.get(server.url)


async def test_raw_iteration_gives_the_coded_bytes(world):
    content = gzip.compress(PLAIN)
    with ScriptedServer([[reply(ok(content, "Content-Encoding: gzip"), size=50)]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            assert b"".join([piece async for piece in door.iterate(got, "raw")]) == content


@pytest.mark.parametrize("name", ["gzip", "deflate in zlib", "br", "zstd", "stacked"])
async def test_swelling_content_comes_in_bounded_pieces(world, name):
    coding, compress = CODINGS[name]
    if coding in {"br", "zstd"} and coding not in arke.Client().headers["accept-encoding"]:
        pytest.skip(f"{coding} is not offered here")
    size = 32 * 1024 * 1024
    with ScriptedServer([[reply(ok(compress(bytes(size)), f"Content-Encoding: {coding}"))]]) as server:
        async with world.open() as door, door.stream("GET", server.url) as got:
            lengths = [len(piece) async for piece in door.iterate(got)]
    assert sum(lengths) == size
    assert max(lengths) <= 2 * 1024 * 1024

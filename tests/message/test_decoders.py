"""Content codings: any split decodes alike, bombs stay small, what is broken is a `DecodingError`."""

from __future__ import annotations

import gzip
import random
import sys
import tracemalloc
import types
import zlib
from importlib import import_module
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message import brotli as our_brotli
from arke._message import decoders, zstd
from arke._message.coding import MAX_PIECE
from arke._message.decoders import accept_encoding, make_decoder, supported_codings
from arke._values.errors import DecodingError

GIB = 1 << 30
MIB = 1 << 20


def raw_deflate(data):
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


def brotli_compress(data):
    return pytest.importorskip("brotli").compress(data, quality=5)


def zstd_compress(data):
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            return import_module(name).compress(data)
        except ImportError:
            continue
    pytest.skip("no zstd is installed")


ENCODERS = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli_compress),
    "zstd": ("zstd", zstd_compress),
}
every_coding = pytest.mark.parametrize(("coding", "encode"), ENCODERS.values(), ids=ENCODERS)
every_zstd = pytest.mark.parametrize("library", ["compression.zstd", "backports.zstd", "zstandard"])


@pytest.fixture
def use_zstd(monkeypatch):
    def use(library):
        module = pytest.importorskip(library)
        monkeypatch.setattr(zstd, "_found", lambda: library)
        return module

    return use


@pytest.fixture
def fresh_codings():
    decoders._codings.cache_clear()
    yield
    decoders._codings.cache_clear()


def undo(codings, *pieces):
    decoder = make_decoder(codings)
    decoded = [part for piece in pieces for part in decoder.decode(piece)]
    return b"".join([*decoded, *decoder.flush()])


def sized(decoder, coded):
    """Return the longest piece and the length of all of them, keeping none."""
    longest = total = 0
    for piece in decoder.decode(coded):
        longest = max(longest, len(piece))
        total += len(piece)
    assert not list(decoder.flush())
    return longest, total


def peak_of(call):
    tracemalloc.start()
    try:
        result = call()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def split_at(data, cuts):
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@every_coding
def test_whole_body_is_decoded(coding, encode):
    body = b"hello, world\n" * 100
    assert undo([coding], encode(body)) == body


@every_coding
@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_split_decodes_to_the_same(coding, encode, body, cuts):
    assert undo([coding], *split_at(encode(body), cuts)) == body


@every_coding
def test_a_body_of_many_slices_is_decoded(coding, encode):
    body = random.Random(1).randbytes(3 * MIB)
    assert undo([coding], encode(body)) == body


@every_coding
def test_every_truncation_is_an_error(coding, encode):
    coded = encode(b"hello, world\n" * 20)
    for end in range(1, len(coded)):
        with pytest.raises(DecodingError, match="truncated"):
            undo([coding], coded[:end])


@every_coding
def test_no_body_at_all_is_no_error(coding, encode):
    assert undo([coding]) == undo([coding], b"", b"") == b""


@every_coding
@given(junk=st.binary(min_size=1, max_size=60), cut=st.integers(0, 60))
def test_junk_raises_nothing_but_a_decoding_error(coding, encode, junk, cut):
    outcomes = []
    for pieces in ([junk], split_at(junk, [cut])):
        try:
            outcomes.append(undo([coding], *pieces))
        except DecodingError as exc:
            outcomes.append(f"an error of {coding}" if coding in str(exc) else exc)
    assert outcomes[0] == outcomes[1]


@every_coding
def test_a_flipped_bit_raises_nothing_but_a_decoding_error(coding, encode):
    coded = bytearray(encode(bytes(range(256)) * 4))
    for position in range(len(coded)):
        coded[position] ^= 0x10
        try:
            undo([coding], bytes(coded))
        except DecodingError:
            pass
        coded[position] ^= 0x10


@every_coding
def test_pieces_of_a_bomb_are_bounded_and_so_is_memory(coding, encode):
    coded = encode(bytes(64 * MIB))
    (longest, total), peak = peak_of(lambda: sized(make_decoder([coding]), coded))
    assert total == 64 * MIB
    assert longest <= MAX_PIECE
    assert peak < 4 * MIB


def test_a_gibibyte_in_a_megabyte_stays_small():
    coded = gzip.compress(bytes(64 * MIB)) * (GIB // (64 * MIB))
    (longest, total), peak = peak_of(lambda: sized(make_decoder(["gzip"]), coded))
    assert total == GIB
    assert longest <= MAX_PIECE
    assert peak < 4 * MIB


def test_a_bomb_within_a_bomb_stays_small():
    coded = gzip.compress(gzip.compress(bytes(64 * MIB)) * 8)
    assert len(coded) < 16 * 1024
    (longest, total), peak = peak_of(lambda: sized(make_decoder(["gzip", "gzip"]), coded))
    assert total == 512 * MIB
    assert longest <= MAX_PIECE
    assert peak < 6 * MIB


@every_coding
def test_a_reader_who_stops_pays_for_one_piece_only(coding, encode):
    coded = encode(bytes(64 * MIB))
    first, peak = peak_of(lambda: len(next(make_decoder([coding, "gzip"]).decode(gzip.compress(coded)))))
    assert 0 < first <= MAX_PIECE
    assert peak < 6 * MIB


@every_zstd
def test_each_zstd_library_gives_the_same(use_zstd, library):
    module = use_zstd(library)
    body = random.Random(2).randbytes(500) * 1000 + bytes(5 * MIB)
    coded = module.compress(body) + module.compress(b"second")
    decoder = make_decoder(["zstd"])
    pieces = [*decoder.decode(coded), *decoder.flush()]
    assert b"".join(pieces) == body + b"second"
    assert max(map(len, pieces)) <= MAX_PIECE
    # Neither so many pieces that the reader suffers.
    assert len(pieces) < 40
    for end in (0, 1, 5, len(coded) - 1):
        assert undo(["zstd"], coded[:end], coded[end:]) == body + b"second"


@every_zstd
def test_each_zstd_library_is_bounded(use_zstd, library):
    coded = use_zstd(library).compress(bytes(256 * MIB))
    (longest, total), peak = peak_of(lambda: sized(make_decoder(["zstd"]), coded))
    assert total == 256 * MIB
    assert longest <= MAX_PIECE
    assert peak < 12 * MIB


@every_zstd
def test_a_zstd_block_for_every_four_bytes_is_bounded(use_zstd, library):
    use_zstd(library)
    # A frame with a window of 128 KiB and 2,000 blocks of one repeated byte (RFC 8878 3.1.1).
    block = ((128 * 1024) << 3 | 1 << 1).to_bytes(3, "little") + b"a"
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes((7 << 3,)) + block * 2000 + b"\x01\x00\x00"
    (longest, total), peak = peak_of(lambda: sized(make_decoder(["zstd"]), frame))
    assert total == 2000 * 128 * 1024
    assert longest <= MAX_PIECE
    assert peak < 6 * MIB


@every_zstd
def test_a_zstd_window_beyond_8_mib_is_refused(use_zstd, library):
    use_zstd(library)
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes(((24 - 10) << 3,)) + b"\x01\x00\x00"
    with pytest.raises(DecodingError, match=r"zstd.*memory"):
        undo(["zstd"], frame)


def test_zstd_frames_and_skippable_frames_are_decoded():
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert undo(["zstd"], skippable + zstd_compress(b"a") + skippable + zstd_compress(b"b")) == b"ab"


def test_bytes_after_the_last_zstd_frame_are_an_error():
    with pytest.raises(DecodingError):
        undo(["zstd"], zstd_compress(b"a") + b"junkjunk")


@pytest.mark.parametrize("library", ["brotli", "brotlicffi"])
def test_each_brotli_library_is_bounded(monkeypatch, library):
    module = pytest.importorskip(library)
    monkeypatch.setattr(our_brotli, "_found", lambda: module)
    coded = brotli_compress(bytes(64 * MIB))
    assert sized(make_decoder(["br"]), coded)[1] == 64 * MIB
    with pytest.raises(DecodingError):
        undo(["br"], coded + b"junk")
    with pytest.raises(DecodingError):
        undo(["br"], coded, b"junk")


def test_gzip_members_are_decoded_in_a_row():
    members = [gzip.compress(b"a"), gzip.compress(b"b" * 100_000), gzip.compress(b""), gzip.compress(b"c")]
    assert undo(["gzip"], b"".join(members)) == undo(["gzip"], *members) == b"a" + b"b" * 100_000 + b"c"


@pytest.mark.parametrize("tail", [b"\0" * 512, b"junk", b"\x1f", b"\0\0\x1fjunk", b"\x1f\x8ajunk", b"\n"])
def test_padding_and_junk_after_gzip_are_ignored(tail):
    coded = gzip.compress(b"hello")
    assert undo(["gzip"], coded + tail) == b"hello"
    for end in range(len(tail) + 1):
        assert undo(["gzip"], coded, tail[:end], tail[end:]) == b"hello"


def test_a_gzip_member_after_padding_is_decoded():
    assert undo(["gzip"], gzip.compress(b"a") + b"\0\0\0" + gzip.compress(b"b")) == b"ab"


def test_a_gzip_member_after_junk_is_junk():
    assert undo(["gzip"], gzip.compress(b"a") + b"x" + gzip.compress(b"b")) == b"a"


def test_a_second_gzip_member_without_an_end_is_an_error():
    with pytest.raises(DecodingError, match=r"gzip.*truncated"):
        undo(["gzip"], gzip.compress(b"a") + gzip.compress(b"b")[:-1])


def test_a_wrong_gzip_checksum_is_an_error():
    coded = bytearray(gzip.compress(b"hello"))
    coded[-5] ^= 1
    with pytest.raises(DecodingError, match="gzip"):
        undo(["gzip"], bytes(coded))


@pytest.mark.parametrize("encode", [zlib.compress, raw_deflate])
def test_junk_after_deflate_is_ignored(encode):
    assert undo(["deflate"], encode(b"hello") + b"junk") == undo(["deflate"], encode(b"hello"), b"junk") == b"hello"


def test_codings_are_undone_last_first():
    assert undo(["deflate", "gzip"], gzip.compress(zlib.compress(b"hello"))) == b"hello"


@given(cuts=st.lists(st.integers(0, 100), max_size=8))
def test_stacked_codings_decode_alike_for_any_split(cuts):
    coded = zlib.compress(gzip.compress(zlib.compress(b"hello" * 50)))
    assert undo(["deflate", "gzip", "deflate"], *split_at(coded, cuts)) == b"hello" * 50


@pytest.mark.parametrize(
    "coded", [gzip.compress(zlib.compress(b"hello")[:-1]), gzip.compress(zlib.compress(b"hello"))[:-1]]
)
def test_truncation_of_any_of_stacked_codings_is_an_error(coded):
    with pytest.raises(DecodingError, match="truncated"):
        undo(["deflate", "gzip"], coded)


@pytest.mark.parametrize("name", ["x-gzip", "GZIP", " gzip "])
def test_names_of_codings_are_read_leniently(name):
    assert undo([name], gzip.compress(b"hello")) == b"hello"


@pytest.mark.parametrize("codings", [[], ["identity"], ["utf-8"], ["compress"], [""], ["x"] * 50, ["identity"] * 6])
def test_unknown_codings_leave_the_body_alone(codings):
    assert undo(codings, b"as", b"", b" is") == b"as is"


def test_unknown_codings_among_known_ones_are_passed_over():
    assert undo(["aws-chunked", "gzip", "x"], gzip.compress(b"hello")) == b"hello"


def test_five_codings_are_undone_and_six_refused():
    coded = b"hello"
    for _ in range(5):
        coded = gzip.compress(coded)
    assert undo(["gzip"] * 5, coded) == b"hello"
    with pytest.raises(DecodingError) as caught:
        make_decoder(["gzip"] * 6)
    assert caught.value.limit == "MAX_CODINGS"


def test_what_can_be_undone_is_advertised():
    assert accept_encoding() == ", ".join(supported_codings())
    assert supported_codings()[:2] == ("gzip", "deflate")
    for coding in supported_codings():
        assert undo([coding], dict(ENCODERS.values())[coding](b"hello")) == b"hello"


@pytest.mark.usefixtures("fresh_codings")
def test_a_coding_without_its_library_is_not_advertised_and_left_alone(monkeypatch):
    coded = brotli_compress(b"hello")
    monkeypatch.setattr(decoders, "has_brotli", lambda: False)
    monkeypatch.setattr(decoders, "has_zstd", lambda: False)
    assert accept_encoding() == "gzip, deflate"
    assert undo(["br"], coded) == coded


def test_a_brotli_that_cannot_bound_its_output_counts_as_absent(monkeypatch):
    old = types.ModuleType("brotli")
    old.Decompressor = type("Decompressor", (), {"process": None, "is_finished": None})
    monkeypatch.setitem(sys.modules, "brotli", old)
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    assert our_brotli._found.__wrapped__() is None


def test_an_absent_zstd_is_found_out(monkeypatch):
    for name in ("backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "version_info", (3, 13))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda name: None)
        assert zstd._found.__wrapped__() is None

"""How content is cut up before it is written."""

from __future__ import annotations

import pytest

from arke._drivers.ports import parts

SIZES = [0, 1, 256 * 1024, 256 * 1024 + 1, 1_000_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", [bytes, bytearray, lambda content: memoryview(bytearray(content))])
def test_the_parts_are_the_piece(kind, size):
    piece = kind(bytes(range(256)) * (size // 256) + bytes(size % 256))
    cut = list(parts(piece))
    assert b"".join(cut) == bytes(piece)
    assert all(len(part) <= 256 * 1024 for part in cut)


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_part_does_not_change_with_the_callers_buffer(size):
    """The loop may keep what the kernel does not take at once, and the caller fill its buffer anew meanwhile."""
    buffer = bytearray(size)
    for part in parts(buffer):
        buffer[:] = b"x" * size
        assert bytes(part[:1]) == b"\0"
        buffer[:] = bytes(size)


@pytest.mark.parametrize("piece", ["text", 5, None, [b"x"]])
def test_what_is_not_bytes_is_refused(piece):
    with pytest.raises(TypeError, match="bytes"):
        list(parts(piece))

"""Stages in a row: order, laziness, and what is held back."""

from __future__ import annotations

import gzip
import itertools

from arke._message.stages import (
    Pipeline,
    bytes_stage,
    decoded,
    lines_stage,
    raw_stage,
    replayed,
    text_stage,
)


class Doubling:
    """Gives each piece twice and its name at the end, and notes when it is asked."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def decode(self, data, /):
        for _ in range(2):
            self.log.append(self.name)
            yield data + self.name

    def flush(self):
        yield b"end of " + self.name


def test_each_stage_is_fed_with_what_the_one_before_it_gives():
    assert list(Pipeline(Doubling(b"1", []), Doubling(b"2", [])).decode(b"x")) == [b"x12"] * 4


def test_what_is_held_back_passes_the_stages_that_follow():
    pipeline: Pipeline[bytes] = Pipeline(Doubling(b"1", []), Doubling(b"2", []))
    assert list(pipeline.flush()) == [b"end of 12", b"end of 12", b"end of 2"]


def test_nothing_is_decoded_before_its_reader_comes():
    log: list[bytes] = []
    pipeline: Pipeline[bytes] = Pipeline(Doubling(b"1", log), Doubling(b"2", log))
    pieces = pipeline.decode(b"x")
    assert log == []
    next(iter(pieces))
    assert log == [b"1", b"2"]


def test_a_bomb_is_decoded_as_far_as_it_is_read():
    bomb = gzip.compress(bytes(64_000_000))
    pieces = list(itertools.islice(bytes_stage(["gzip"], None).decode(bomb), 2))
    assert len(pieces) == 2
    assert all(len(piece) <= 1_048_576 for piece in pieces)


def test_each_way_of_reading_has_its_stage():
    body = "gr\u00fc\u00df\ndich".encode("latin-1")
    coded = gzip.compress(body)
    assert list(replayed(coded, raw_stage(None))) == [coded]
    assert list(replayed(body, bytes_stage([], 5))) == [body[:5], body[5:]]
    assert list(replayed(coded, bytes_stage(["gzip"], 5))) == [body[:5], body[5:]]
    assert list(replayed(coded, text_stage(["gzip"], "latin-1", 5))) == ["gr\u00fc\u00df\n", "dich"]
    assert list(replayed(body, lines_stage([], "latin-1"))) == ["gr\u00fc\u00df", "dich"]


def test_a_whole_body_is_decoded_at_once():
    assert decoded(gzip.compress(gzip.compress(b"abc")), ["gzip", "gzip"]) == b"abc"


def test_a_body_in_memory_is_taken_whole_or_in_slices():
    body = bytes(200_000)
    assert list(replayed(body, raw_stage(None))) == [body]
    sizes = [len(piece) for piece in replayed(body, raw_stage(90_000), whole=False)]
    assert sizes == [90_000, 90_000, 20_000]

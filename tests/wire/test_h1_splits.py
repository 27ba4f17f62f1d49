"""Any split of the same bytes gives the same events; no bytes give anything but those events or a protocol error."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wire.corpus import EVERYTHING, LENGTH
from wire.exchange import bytewise, cut, outcome

CLOSE = (b"Connection", b"close")
UPGRADE = ((b"Connection", b"upgrade"), (b"Upgrade", b"x"))

SITUATIONS = st.fixed_dictionaries(
    {
        "method": st.sampled_from([b"GET", b"HEAD", b"CONNECT"]),
        "fields": st.sampled_from([(), UPGRADE, (CLOSE,)]),
        "eof": st.booleans(),
        "clean": st.booleans(),
    }
)


@pytest.mark.parametrize("name", sorted(EVERYTHING))
@pytest.mark.parametrize("eof", [False, True])
def test_single_bytes_give_the_same_events(name, eof):
    data = EVERYTHING[name]
    assert outcome(bytewise(data), eof=eof) == outcome([data], eof=eof)


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """A response of the corpus with some bytes changed, left out or put in, perhaps with another one behind it."""
    data = bytearray(EVERYTHING[draw(st.sampled_from(sorted(EVERYTHING)))])
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        junk = draw(
            st.sampled_from([b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b" ", b"\t", b":", b"0", b";", b"\xff"])
        )
        data[place : place + draw(st.integers(0, 2))] = junk
    return bytes(data) + draw(st.sampled_from([b"", b"", LENGTH, b"\r\n"]))


@settings(max_examples=400)
@given(changed(), st.lists(st.integers(0, 500)), SITUATIONS)
def test_any_split_gives_the_same_events(data, places, situation):
    assert outcome(cut(data, places), **situation) == outcome([data], **situation)


@settings(max_examples=200)
@given(changed(), SITUATIONS)
def test_single_bytes_give_the_same_events_whatever_was_changed(data, situation):
    assert outcome(bytewise(data), **situation) == outcome([data], **situation)


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(sorted(EVERYTHING.values())))), SITUATIONS)
@example([b"\r\n\r\n"], {})
@example([b"HTTP/1.1 200 OK\r\n\xff\r\n\r\n"], {})
def test_nothing_but_a_protocol_error_comes_of_any_bytes(pieces, situation):
    # `outcome` lets everything but RemoteProtocolError pass.
    got = outcome(pieces, **situation)
    assert not (got.has_failed and got.is_reusable)
    assert not (got.surplus and got.is_reusable)

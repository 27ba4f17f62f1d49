"""May this request be sent again?"""

from __future__ import annotations

import itertools

import pytest

from arke._policy.retries import connect_delays, may_send_again

STALE = {"was_reused": True, "has_received": False, "has_written": True, "is_replayable": True}


def answer(method: bytes = b"GET", names: dict[bytes, bytes] | None = None, **facts: bool) -> bool:
    return may_send_again(method, names or {}, **{**STALE, **facts})


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"QUERY"])
def test_an_idempotent_request_goes_out_again_after_a_stale_connection(method):
    assert answer(method)


@pytest.mark.parametrize("method", [b"POST", b"PATCH", b"CONNECT", b"get", b"PURGE"])
def test_any_other_may_have_had_its_effect(method):
    assert not answer(method)


def test_what_was_not_written_had_no_effect():
    assert answer(b"POST", has_written=False)


@pytest.mark.parametrize("name", [b"idempotency-key", b"x-idempotency-key"])
def test_an_idempotency_key_is_the_word_of_the_caller(name):
    assert answer(b"POST", {name: b"1"})


def test_not_on_a_fresh_connection():
    assert not answer(was_reused=False)
    assert not answer(was_reused=False, has_written=False)


def test_not_once_an_answer_has_begun():
    assert not answer(has_received=True)
    assert not answer(b"POST", {b"idempotency-key": b"1"}, has_received=True)


def test_not_with_content_that_cannot_be_had_again():
    assert not answer(is_replayable=False)
    assert not answer(is_replayable=False, has_written=False)


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_only_ever_after_a_reused_connection_without_an_answer(method):
    for reused, received, written, replayable in itertools.product([False, True], repeat=4):
        facts = {"was_reused": reused, "has_received": received, "has_written": written, "is_replayable": replayable}
        if answer(method, **facts):
            assert reused
            assert not received
            assert replayable


def test_connecting_again_is_tried_at_once_then_ever_later():
    assert list(connect_delays(5)) == [0.0, 0.5, 1.0, 2.0, 4.0]


def test_connecting_is_not_tried_again_unless_asked():
    assert list(connect_delays(0)) == []

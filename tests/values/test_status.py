from __future__ import annotations

import copy
import pickle

import pytest

from arke._values.status import codes


def test_a_code_is_its_number():
    number: int = codes.NOT_FOUND
    assert number == 404
    assert codes(404) is codes.NOT_FOUND
    assert codes["NOT_FOUND"] is codes.NOT_FOUND
    assert isinstance(codes.NOT_FOUND, int)


def test_text_of_a_code_is_its_number():
    assert str(codes.OK) == "200"
    assert f"{codes.OK}" == "200"


def test_a_code_carries_its_phrase():
    assert codes.IM_A_TEAPOT.phrase == "I'm a teapot"


@pytest.mark.parametrize("code", list(codes))
def test_phrase_by_number(code):
    assert codes.get_reason_phrase(int(code)) == code.phrase != ""


@pytest.mark.parametrize("number", [0, -1, 99, 299, 418000, 599])
def test_an_unknown_number_has_an_empty_phrase(number):
    assert codes.get_reason_phrase(number) == ""


@pytest.mark.parametrize("name", list(codes.__members__))
def test_every_name_exists_in_lower_case_as_plain_int(name):
    number = getattr(codes, name.lower())
    assert number == codes[name]
    assert type(number) is int


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("REQUEST_ENTITY_TOO_LARGE", "CONTENT_TOO_LARGE"),
        ("REQUEST_URI_TOO_LONG", "URI_TOO_LONG"),
        ("REQUESTED_RANGE_NOT_SATISFIABLE", "RANGE_NOT_SATISFIABLE"),
        ("UNPROCESSABLE_ENTITY", "UNPROCESSABLE_CONTENT"),
    ],
)
def test_names_that_rfc_9110_replaced_are_aliases(old, new):
    assert codes[old] is codes[new]
    assert codes[new].name == new


def test_names_known_from_requests():
    assert codes.ok == codes.okay == codes.all_ok == codes.all_good == 200


@pytest.mark.parametrize(
    ("helper", "first", "last"),
    [
        (codes.is_informational, 100, 199),
        (codes.is_success, 200, 299),
        (codes.is_redirect, 300, 399),
        (codes.is_client_error, 400, 499),
        (codes.is_server_error, 500, 599),
        (codes.is_error, 400, 599),
    ],
)
def test_classes_of_codes(helper, first, last):
    assert [number for number in range(1000) if helper(number)] == list(range(first, last + 1))


def test_codes_pickle_and_copy_as_themselves():
    assert pickle.loads(pickle.dumps(codes.OK)) is codes.OK
    assert copy.deepcopy(codes.OK) is codes.OK

"""The fields that a body brings along, and those that were there before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.framing import add_missing_fields, boundary_of
from arke._values.headers import Headers

JSON = {"Content-Length": "2", "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("given_fields", "computed", "names"),
    [
        ({}, {}, []),
        ({}, JSON, ["Content-Length", "Content-Type"]),
        ({"A": "b"}, JSON, ["A", "Content-Length", "Content-Type"]),
        ({"CONTENT-TYPE": "x"}, JSON, ["CONTENT-TYPE", "Content-Length"]),
        ({"transfer-encoding": "chunked"}, JSON, ["transfer-encoding", "Content-Type"]),
        ({"content-length": "2"}, {"Transfer-Encoding": "chunked"}, ["content-length"]),
        ({"content-length": "2"}, JSON, ["content-length", "Content-Type"]),
    ],
)
def test_only_missing_fields_are_added(given_fields, computed, names):
    headers = Headers(given_fields)
    add_missing_fields(headers, computed)
    assert [name.decode() for name, _ in headers.raw] == names


def test_shared_fields_are_not_changed():
    headers = Headers({"A": "b"})
    twin = headers.copy()
    add_missing_fields(headers, JSON)
    assert twin.raw == [(b"A", b"b")]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (None, None),
        (b"", None),
        (b"text/plain; boundary=x", None),
        (b"multipart/form-data", None),
        (b"multipart/form-data; charset=utf-8", None),
        (b"multipart/form-data; boundary=", None),
        (b"multipart/form-data; boundary=x", b"x"),
        (b'Multipart/Form-Data ;charset=a; BOUNDARY="a b"; c=d', b"a b"),
    ],
)
def test_the_boundary_is_found(content_type, boundary):
    assert boundary_of(content_type) == boundary


@given(st.binary())
def test_any_content_type_has_a_boundary_or_none(value):
    found = boundary_of(b"multipart/form-data;" + value)
    assert found is None or found in value

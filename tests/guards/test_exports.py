"""The public names: all there, sorted, documented, said to be arke's, and no others."""

from __future__ import annotations

import inspect
import re
import types
from pathlib import Path

import pytest

import arke

# The names that a row of a table is about.
FIRST_CELL = re.compile(r"^\| (`[^|]*`) \|", re.MULTILINE)
IDENTIFIER = re.compile(r"`(\w+)`")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
# What code written for httpx 0.28 may import, but for its command line, `main`.
EXPECTED = set(
    """
    __description__ __title__ __version__ ASGITransport AsyncBaseTransport AsyncByteStream AsyncClient
    AsyncHTTPTransport Auth BaseTransport BasicAuth ByteStream Client CloseError codes ConnectError ConnectTimeout
    CookieConflict Cookies create_ssl_context DecodingError delete DigestAuth get head Headers HTTPError
    HTTPStatusError HTTPTransport InvalidURL Limits LocalProtocolError MockTransport NetRCAuth NetworkError options
    patch PoolTimeout post ProtocolError Proxy ProxyError put QueryParams ReadError ReadTimeout RemoteProtocolError
    request Request RequestError RequestNotRead Response ResponseNotRead stream StreamClosed StreamConsumed
    StreamError SyncByteStream Timeout TimeoutException TooManyRedirects TransportError UnsupportedProtocol URL
    USE_CLIENT_DEFAULT WriteError WriteTimeout WSGITransport
    """.split()  # noqa: SIM905 - seventy lines otherwise
)
# Of these, what README says is not there yet. Strike off what comes.
NOT_YET: set[str] = set()
# Modules that may be imported as `arke.name` and are not in `__all__`.
PUBLIC_MODULES = {"compat", "testing"}


def order(name: str) -> tuple[int, str]:
    """Where a name stands: constants, classes, then the rest, as ruff (RUF022) sorts and mends it."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[0].isupper() else 2), name


def test_the_expected_names_are_there():
    assert len(EXPECTED) == 68
    assert EXPECTED - set(arke.__all__) == NOT_YET


def test_all_is_sorted_and_true():
    assert list(arke.__all__) == sorted(arke.__all__, key=order)
    assert len(set(arke.__all__)) == len(arke.__all__)
    assert [name for name in arke.__all__ if not hasattr(arke, name)] == []


def test_nothing_else_is_public():
    public = {name for name in vars(arke) if not name.startswith("_")}
    assert public - set(arke.__all__) - PUBLIC_MODULES - {"annotations"} == set()


@pytest.mark.parametrize("name", sorted(arke.__all__))
def test_a_public_class_or_function_is_documented_and_arkes(name):
    value = getattr(arke, name)
    if isinstance(value, type | types.FunctionType):
        assert value.__module__ == "arke"
        assert inspect.cleandoc(value.__doc__ or "")


@pytest.mark.parametrize("name", sorted(name for name in arke.__all__ if name[0].isupper()))
def test_public_methods_are_documented(name):
    value = getattr(arke, name)
    if isinstance(value, type):
        members = inspect.getmembers(value, lambda member: callable(member) or isinstance(member, property))
        undocumented = [
            key
            for key, member in members
            if not key.startswith("_") and arkes_own(value, key) and not inspect.getdoc(member)
        ]
        assert undocumented == []


def arkes_own(owner: type, key: str) -> bool:
    """Whether the attribute `key` is defined in a class of ours, not inherited from elsewhere."""
    definer = next(base for base in owner.__mro__ if key in vars(base))
    return definer.__module__.partition(".")[0] == "arke"


def test_every_public_name_is_in_the_reference():
    text = REFERENCE.read_text(encoding="utf-8")
    assert [name for name in arke.__all__ if f"`{name}" not in text] == []


def test_the_reference_names_nothing_else():
    text = REFERENCE.read_text(encoding="utf-8")
    named = {name for cells in FIRST_CELL.findall(text) for name in IDENTIFIER.findall(cells)}
    assert named
    assert named - set(arke.__all__) == set()

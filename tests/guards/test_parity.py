"""What must stay alike: the two doors, the module functions, the twins of the models, and the surface of httpx 0.28.

Two signatures are compared by names, kinds and defaults. Ours may have more parameters than httpx's, never fewer,
and none that would change what a call written for httpx means.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from inspect import Parameter

import pytest

import arke

VERBS = ("get", "options", "head", "post", "put", "patch", "delete")
ONE_WORLD_ONLY = {
    "Client": {"close"},
    "AsyncClient": {"aclose"},
}
# What a module function adds, for it makes its own client.
OF_THE_CLIENT = {"proxy", "trust_env", "verify"}
TWINS = [
    ("Request", "read", "aread"),
    ("Response", "close", "aclose"),
    ("Response", "iter_bytes", "aiter_bytes"),
    ("Response", "iter_lines", "aiter_lines"),
    ("Response", "iter_raw", "aiter_raw"),
    ("Response", "iter_text", "aiter_text"),
    ("Response", "read", "aread"),
]


# Types with one instance, which tells "not given" from None; it may show itself as the package likes.
SENTINELS = {"UnsetType", "UseClientDefault"}


def default_text(value: object) -> str:
    """A default as text that is the same for values that mean the same in two packages."""
    if value is Parameter.empty:
        return "(none)"
    if type(value).__name__ in SENTINELS:
        return type(value).__name__
    if type(value).__name__ == "Limits":
        names = ("max_connections", "max_keepalive_connections", "keepalive_expiry")
        return "Limits" + repr([getattr(value, name) for name in names])
    text = repr(value)
    return type(value).__name__ if re.search(r" at 0x[0-9a-f]+>$", text) else text


def shape(function: Callable[..., object]) -> dict[str, tuple[str, str]]:
    """The parameters of a function: name, kind and default, without `self`."""
    parameters = inspect.signature(function).parameters
    return {
        name: (parameter.kind.name, default_text(parameter.default))
        for name, parameter in parameters.items()
        if name != "self"
    }


def public(owner: type) -> set[str]:
    """The public names of a class."""
    return {name for name in dir(owner) if not name.startswith("_")}


def test_the_doors_have_the_same_names():
    sync = public(arke.Client) - ONE_WORLD_ONLY["Client"]
    asynchronous = public(arke.AsyncClient) - ONE_WORLD_ONLY["AsyncClient"]
    assert sync == asynchronous


@pytest.mark.parametrize("name", sorted(public(arke.Client) - ONE_WORLD_ONLY["Client"]))
def test_the_doors_have_the_same_parameters(name):
    mine, twin = getattr(arke.Client, name), getattr(arke.AsyncClient, name, None)
    assert isinstance(mine, property) == isinstance(twin, property)
    if not isinstance(mine, property) and callable(mine):
        assert shape(mine) == shape(twin)


@pytest.mark.parametrize("name", ["request", "send", "stream", *VERBS])
def test_the_doors_return_what_their_world_awaits(name):
    is_async = inspect.iscoroutinefunction(getattr(arke.AsyncClient, name))
    assert not inspect.iscoroutinefunction(getattr(arke.Client, name))
    assert is_async == (name != "stream")


def test_the_constructors_of_the_doors_are_alike():
    assert set(shape(arke.Client)) == set(shape(arke.AsyncClient))
    assert {kind for kind, _ in shape(arke.Client).values()} == {"KEYWORD_ONLY"}


@pytest.mark.parametrize("name", ["request", "stream", *VERBS])
def test_a_module_function_takes_what_the_method_takes(name):
    of_method, of_function = shape(getattr(arke.Client, name)), shape(getattr(arke, name))
    assert set(of_function) >= OF_THE_CLIENT
    assert set(of_method) - set(of_function) <= {"extensions"}
    assert [key for key in of_function if key in of_method] == [
        key for key in of_function if key in of_method and of_function[key][0] == of_method[key][0]
    ]


@pytest.mark.parametrize(("owner", "sync", "asynchronous"), TWINS)
def test_the_twins_of_the_models_take_the_same(owner, sync, asynchronous):
    twin = getattr(getattr(arke, owner), asynchronous)
    assert shape(getattr(getattr(arke, owner), sync)) == shape(twin)
    assert inspect.iscoroutinefunction(twin) or inspect.isasyncgenfunction(twin)


def test_the_transports_are_twins():
    assert set(shape(arke.HTTPTransport)) == set(shape(arke.AsyncHTTPTransport))
    sync, asynchronous = arke.BaseTransport, arke.AsyncBaseTransport
    assert shape(sync.handle_request) == shape(asynchronous.handle_async_request)
    assert shape(sync.close) == shape(asynchronous.aclose)
    assert inspect.iscoroutinefunction(asynchronous.handle_async_request)
    assert inspect.iscoroutinefunction(asynchronous.aclose)


class TestHttpx:
    """The surface of httpx 0.28, by inspection of the one installed beside us."""

    @pytest.fixture
    def httpx(self):
        httpx = pytest.importorskip("httpx", reason="httpx 0.28 is not installed beside us")
        if not httpx.__version__.startswith("0.28."):
            pytest.skip(f"httpx 0.28 is compared with, {httpx.__version__} is installed")
        return httpx

    @staticmethod
    def assert_takes(mine: Callable[..., object], theirs: Callable[..., object], name: str) -> None:
        """Assert that a call written for `theirs` means the same to `mine`."""
        ours, given = shape(mine), shape(theirs)
        different = {key: (ours.get(key), value) for key, value in given.items() if ours.get(key) != value}
        assert not different, f"{name}: ours and theirs differ: {different}"
        more = {key: ours[key] for key in ours if key not in given}
        required = [key for key, (kind, value) in more.items() if value == "(none)" and "VAR" not in kind]
        assert not required, f"{name}: ours asks for more: {required}"
        positional = [key for key, (kind, _) in given.items() if kind == "POSITIONAL_OR_KEYWORD"]
        in_order = [key for key, (kind, _) in ours.items() if kind == "POSITIONAL_OR_KEYWORD"]
        assert in_order[: len(positional)] == positional, f"{name}: positions differ"

    @pytest.mark.parametrize("name", ["request", "stream", *VERBS, "create_ssl_context"])
    def test_functions(self, httpx, name):
        self.assert_takes(getattr(arke, name), getattr(httpx, name), name)

    @pytest.mark.parametrize(
        "name", sorted(key for key in arke.__all__ if isinstance(getattr(arke, key), type) and key != "codes")
    )
    def test_classes(self, httpx, name):
        mine, theirs = getattr(arke, name), getattr(httpx, name, None)
        if theirs is None:
            return
        self.assert_takes(mine.__init__, theirs.__init__, name)
        assert public(theirs) - public(mine) == set()
        for key in public(theirs):
            if inspect.isfunction(getattr(theirs, key)):
                self.assert_takes(getattr(mine, key), getattr(theirs, key), f"{name}.{key}")

    @pytest.mark.parametrize("name", sorted(arke.__all__))
    def test_exceptions_have_the_same_bases(self, httpx, name):
        mine, theirs = getattr(arke, name), getattr(httpx, name, None)
        if isinstance(theirs, type) and issubclass(theirs, Exception):
            assert {base.__name__ for base in theirs.__mro__} <= {base.__name__ for base in mine.__mro__}

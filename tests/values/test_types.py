from __future__ import annotations

import asyncio
import http.cookiejar
import types as runtime
import typing

import httpx
import pytest

import arke
from arke._values import types

ALIASES = [
    "PrimitiveData",
    "URLTypes",
    "QueryParamTypes",
    "HeaderTypes",
    "CookieTypes",
    "TimeoutTypes",
    "ProxyTypes",
    "CertTypes",
    "AuthTypes",
    "RequestContent",
    "ResponseContent",
    "ResponseExtensions",
    "RequestData",
    "FileContent",
    "FileTypes",
    "RequestFiles",
    "RequestExtensions",
]


def shape(annotation):
    """An annotation as nested tuples of names, the same for a class and for a reference to it."""
    if isinstance(annotation, typing.ForwardRef):
        return annotation.__forward_arg__
    if isinstance(annotation, list):  # the arguments of a Callable
        return tuple(map(shape, annotation))
    origin = typing.get_origin(annotation)
    if origin in {typing.Union, runtime.UnionType}:
        return ("Union", frozenset(map(shape, typing.get_args(annotation))))
    if origin is not None:
        return (origin.__name__, *map(shape, typing.get_args(annotation)))
    return getattr(annotation, "__name__", repr(annotation))


@pytest.mark.parametrize("name", ALIASES)
def test_each_alias_is_the_one_of_httpx(name):
    assert shape(getattr(types, name)) == shape(getattr(httpx._types, name))


def test_no_alias_of_httpx_is_missing():
    theirs = {name for name, value in vars(httpx._types).items() if typing.get_origin(value)}
    assert set(ALIASES) == {
        name for name in theirs if name.endswith(("Types", "Content", "Data", "Extensions", "Files"))
    }


@pytest.mark.parametrize("name", ALIASES)
def test_each_alias_is_real_at_run_time(name):
    alias = getattr(types, name)
    assert not isinstance(alias, str)
    assert typing.get_args(alias)
    assert type(None) in typing.get_args(alias | None)
    assert type(None) in typing.get_args(typing.Union[alias, None])  # noqa: UP007 - the other way to write it


@pytest.mark.parametrize(
    "name", [name for name in ALIASES if name not in {"ResponseExtensions", "RequestData", "RequestExtensions"}]
)
def test_an_alias_of_several_types_is_a_union(name):
    assert typing.get_origin(getattr(types, name)) is typing.Union
    assert len(typing.get_args(getattr(types, name))) > 1


def test_an_alias_stands_in_the_annotations_of_others():
    def function(url: types.URLTypes, timeout: types.TimeoutTypes | None = None, headers: types.HeaderTypes = ()): ...

    hints = typing.get_type_hints(function, localns={"types": types})
    assert hints["url"] == types.URLTypes
    assert arke.Timeout in typing.get_args(hints["timeout"])
    assert arke.Headers in typing.get_args(hints["headers"])


def test_what_is_defined_above_the_values_is_a_reference_that_resolves():
    def function(cookies: types.CookieTypes, auth: types.AuthTypes): ...

    known = {"types": types, "CookieJar": http.cookiejar.CookieJar, "Request": arke.Request, "Auth": arke.Auth}
    hints = typing.get_type_hints(function, localns=known)
    assert http.cookiejar.CookieJar in typing.get_args(hints["cookies"])
    assert arke.Auth in typing.get_args(hints["auth"])


@pytest.mark.parametrize(
    ("alias", "instances"),
    [
        ("PrimitiveData", [None, "a", 1, 1.5, True]),
        ("URLTypes", ["http://a.test", arke.URL("http://a.test")]),
        ("ProxyTypes", ["http://a.test", arke.URL("http://a.test"), arke.Proxy("http://a.test")]),
    ],
)
def test_a_union_of_classes_can_be_asked_for_instances(alias, instances):
    for instance in instances:
        assert isinstance(instance, getattr(types, alias))
    assert not isinstance(object(), getattr(types, alias))


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_answers_isinstance_wherever_that_of_httpx_does(name):
    for value in ("a", b"a", 1, 1.5, None, True, object(), {}, []):
        try:
            expected = isinstance(value, getattr(httpx._types, name))
        except TypeError:
            continue
        assert isinstance(value, getattr(types, name)) is expected


# ------------------------------------------------------------------------------------- the two streams


async def collect(stream):
    return [chunk async for chunk in stream]


def test_a_bare_stream_says_what_it_lacks_once_it_is_iterated():
    for kind in (httpx.SyncByteStream, arke.SyncByteStream):
        pieces = iter(kind())
        with pytest.raises(NotImplementedError, match="__iter__"):
            next(pieces)


def test_a_bare_asynchronous_stream_says_what_it_lacks_once_it_is_iterated():
    for kind in (httpx.AsyncByteStream, arke.AsyncByteStream):
        with pytest.raises(NotImplementedError, match="__aiter__"):
            asyncio.run(collect(kind()))


def test_a_stream_that_lacks_its_iteration_is_named():
    class Empty(arke.SyncByteStream, arke.AsyncByteStream):
        pass

    with pytest.raises(NotImplementedError, match="Empty"):
        list(Empty())
    with pytest.raises(NotImplementedError, match="Empty"):
        asyncio.run(collect(Empty()))


def test_closing_a_bare_stream_does_nothing_however_often():
    stream, twin = arke.SyncByteStream(), arke.AsyncByteStream()
    for _ in range(2):
        stream.close()
        asyncio.run(twin.aclose())


def test_a_stream_can_be_of_both_kinds_and_have_free_attributes():
    class Both(arke.SyncByteStream, arke.AsyncByteStream):
        def __iter__(self):
            yield b"a"

        async def __aiter__(self):
            yield b"b"

    stream = Both()
    stream.free = 1
    assert list(stream) == [b"a"]
    assert asyncio.run(collect(stream)) == [b"b"]
    assert isinstance(stream, arke.SyncByteStream)
    assert isinstance(stream, arke.AsyncByteStream)


def test_the_two_kinds_are_strangers():
    assert not issubclass(arke.SyncByteStream, arke.AsyncByteStream)
    assert not issubclass(arke.AsyncByteStream, arke.SyncByteStream)
    assert not hasattr(arke.SyncByteStream, "aclose")
    assert not hasattr(arke.AsyncByteStream, "close")


def test_a_stream_of_ones_own_is_sent_and_closed():
    class Letters(arke.SyncByteStream):
        closed = 0

        def __iter__(self):
            yield from (b"a", b"b")

        def close(self):
            self.closed += 1

    body = Letters()
    with arke.Client(transport=arke.MockTransport(lambda _: arke.Response(200, stream=body))) as client:
        assert client.get("http://a.test").content == b"ab"
    assert body.closed >= 1

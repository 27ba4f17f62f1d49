"""The types of what callers may pass, as real unions, and the two kinds of body stream."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Callable, Optional, Union  # noqa: UP035 - abc's keeps "Request" a str

from .config import Proxy, Timeout
from .cookies import Cookies
from .headers import Headers
from .query import QueryParams
from .url import URL

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from arke._message.request import Request
    from arke._policy.auth import Auth

PrimitiveData = Optional[Union[str, int, float, bool]]

URLTypes = Union[URL, str]
QueryParamTypes = Union[
    QueryParams,
    Mapping[str, Union[PrimitiveData, Sequence[PrimitiveData]]],
    list[tuple[str, PrimitiveData]],
    tuple[tuple[str, PrimitiveData], ...],
    str,
    bytes,
]
HeaderTypes = Union[
    Headers,
    Mapping[str, str],
    Mapping[bytes, bytes],
    Sequence[tuple[str, str]],
    Sequence[tuple[bytes, bytes]],
]
CookieTypes = Union[Cookies, "CookieJar", dict[str, str], list[tuple[str, str]]]
TimeoutTypes = Union[
    Optional[float],
    tuple[Optional[float], Optional[float], Optional[float], Optional[float]],
    Timeout,
]
ProxyTypes = Union[URL, str, Proxy]
CertTypes = Union[str, tuple[str, str], tuple[str, str, str]]
AuthTypes = Union[
    tuple[Union[str, bytes], Union[str, bytes]],
    Callable[["Request"], "Request"],
    "Auth",
]
RequestContent = Union[str, bytes, Iterable[bytes], AsyncIterable[bytes]]
ResponseContent = Union[str, bytes, Iterable[bytes], AsyncIterable[bytes]]
ResponseExtensions = Mapping[str, Any]
RequestData = Mapping[str, Any]
FileContent = Union[IO[bytes], bytes, str]
FileTypes = Union[
    FileContent,
    tuple[Optional[str], FileContent],
    tuple[Optional[str], FileContent, Optional[str]],
    tuple[Optional[str], FileContent, Optional[str], Mapping[str, str]],
]
RequestFiles = Union[Mapping[str, FileTypes], Sequence[tuple[str, FileTypes]]]
RequestExtensions = Mapping[str, Any]


class SyncByteStream:
    """A body that blocking code iterates.

    Subclass it, give it `__iter__`, and `close` where something is to be freed. `close` is called once the body is
    done with, whether it was read to its end or not, and may be called more than once.
    """

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces of the body."""
        msg = f"{type(self).__name__} has no __iter__"
        raise NotImplementedError(msg)
        yield b""

    def close(self) -> None:
        """Free what the body holds."""


class AsyncByteStream:
    """A body that asynchronous code iterates; the twin of `SyncByteStream`."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces of the body."""
        msg = f"{type(self).__name__} has no __aiter__"
        raise NotImplementedError(msg)
        yield b""

    async def aclose(self) -> None:
        """Free what the body holds."""

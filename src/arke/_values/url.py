"""URL, as people use it, and Origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from . import percent
from .authority import DEFAULT_PORTS, decode_idna, dialled_host
from .errors import InvalidURL
from .query import QueryParams
from .urlparse import UrlParts, hide_password, parse, replace, resolve

if TYPE_CHECKING:
    from .types import QueryParamTypes


class RawURL(NamedTuple):
    """What `URL.raw` gives."""

    raw_scheme: bytes
    raw_host: bytes
    port: int | None
    raw_path: bytes


class URL:
    """A URL in its normal form; it never changes, and equals the strings that say the same.

    Keywords replace components: `scheme`, `username`, `password`, `host`, `path`, `fragment` (str), `port`
    (int), `userinfo`, `netloc`, `query`, `raw_path` (bytes) and `params` (whatever `QueryParams` takes); None
    takes one away.

    >>> url = URL("HTTPS://jo%40email.com:a%20secret@Müller.de:1234/pa th?search=ab#anchor")
    >>> url.scheme, url.username, url.password, url.host, url.port
    ('https', 'jo@email.com', 'a secret', 'müller.de', 1234)
    >>> url.netloc, url.path, url.raw_path, url.fragment
    (b'xn--mller-kva.de:1234', '/pa th', b'/pa%20th?search=ab', 'anchor')
    >>> url
    URL('https://jo%40email.com:[secure]@xn--mller-kva.de:1234/pa%20th?search=ab#anchor')

    Raises:
        InvalidURL: it is not a URL, or one that could be read in two ways.
    """

    _parts: UrlParts

    def __init__(self, url: URL | str = "", **kwargs: Any) -> None:
        if isinstance(url, str):
            self._parts = parse(url, **kwargs) if kwargs else parse(url)
        elif isinstance(url, URL):
            self._parts = replace(url._parts, kwargs) if kwargs else url._parts
        else:
            raise TypeError(f"url must be a str or URL, not {type(url).__name__}")

    @classmethod
    def _from_parts(cls, parts: UrlParts) -> URL:
        url = cls.__new__(cls)
        url._parts = parts
        return url

    @property
    def _uri_reference(self) -> UrlParts:
        return self._parts

    @property
    def scheme(self) -> str:
        """The scheme in lower case; "" where there is none."""
        return self._parts.scheme

    @property
    def raw_scheme(self) -> bytes:
        """The scheme as bytes."""
        return self._parts.scheme.encode("ascii")

    @property
    def userinfo(self) -> bytes:
        """Username and password as they stand in the URL, percent-encoded."""
        return self._parts.userinfo.encode("ascii")

    @property
    def username(self) -> str:
        """The username, decoded; "" where there is none."""
        return percent.decode(self._parts.userinfo.partition(":")[0])

    @property
    def password(self) -> str:
        """The password, decoded; "" where there is none."""
        return percent.decode(self._parts.userinfo.partition(":")[2])

    @property
    def host(self) -> str:
        """The host in lower case, an internationalised name as people write it, IPv6 without its brackets."""
        host = self._parts.host
        return decode_idna(host) if "xn--" in host else host

    @property
    def raw_host(self) -> bytes:
        """The host as it goes over the wire, an internationalised name as `xn--` labels."""
        return self._parts.host.encode("ascii")

    @property
    def port(self) -> int | None:
        """The port; None where it is the default of http, https, ws, wss or ftp."""
        return self._parts.port

    @property
    def netloc(self) -> bytes:
        """Host and port, with the brackets of IPv6."""
        return self._parts.netloc.encode("ascii")

    @property
    def path(self) -> str:
        """The path, decoded; "/" where it is empty."""
        return percent.decode(self._parts.path) or "/"

    @property
    def query(self) -> bytes:
        """The query as it stands in the URL, without its "?"."""
        return (self._parts.query or "").encode("ascii")

    @property
    def params(self) -> QueryParams:
        """The query as names and values."""
        return QueryParams(self._parts.query)

    @property
    def raw_path(self) -> bytes:
        """Path and query as the request line has them."""
        return self._parts.target

    @property
    def fragment(self) -> str:
        """The fragment, decoded, without its "#"."""
        return percent.decode(self._parts.fragment or "")

    @property
    def is_absolute_url(self) -> bool:
        """Whether there is a scheme and a host, and so somewhere to send a request."""
        return bool(self._parts.scheme and self._parts.host)

    @property
    def is_relative_url(self) -> bool:
        """Whether the scheme or the host is missing."""
        return not self.is_absolute_url

    @property
    def origin(self) -> Origin:
        """Scheme, host and port in effect; `ValueError` for a relative URL."""
        return Origin(self)

    @property
    def raw(self) -> RawURL:
        """Scheme, host, port and path as bytes; deprecated, the single attributes say the same."""
        import warnings

        warnings.warn("URL.raw is deprecated; use raw_scheme, raw_host, port and raw_path", stacklevel=2)
        return RawURL(self.raw_scheme, self.raw_host, self.port, self.raw_path)

    def copy_with(self, **kwargs: Any) -> URL:
        """Give a copy with some components replaced; the keywords are those of `URL()`.

        >>> URL("https://www.example.com").copy_with(username="jo@gmail.com", password="a secret").userinfo
        b'jo%40gmail.com:a%20secret'
        """
        return URL(self, **kwargs)

    def copy_set_param(self, key: str, value: Any = None) -> URL:
        """Give a copy in which this is the only value of a query parameter."""
        return self.copy_with(params=self.params.set(key, value))

    def copy_add_param(self, key: str, value: Any = None) -> URL:
        """Give a copy with one more value of a query parameter."""
        return self.copy_with(params=self.params.add(key, value))

    def copy_remove_param(self, key: str) -> URL:
        """Give a copy without a query parameter."""
        return self.copy_with(params=self.params.remove(key))

    def copy_merge_params(self, params: QueryParamTypes) -> URL:
        """Give a copy in which the query parameters in `params` have the values there."""
        return self.copy_with(params=self.params.merge(params))

    def join(self, url: URL | str) -> URL:
        """Resolve a reference against this URL (RFC 3986, 5.2).

        >>> str(URL("https://www.example.com/test/a").join("../new?b"))
        'https://www.example.com/new?b'
        """
        return URL._from_parts(resolve(self._parts, URL(url)._parts))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, URL):
            return self._parts.text == other._parts.text
        if not isinstance(other, str):
            return NotImplemented
        try:
            return self._parts.text == parse(other).text
        except InvalidURL:
            return False

    def __hash__(self) -> int:
        return hash(self._parts.text)

    def __str__(self) -> str:
        return self._parts.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({hide_password(self._parts)!r})"


class Origin:
    """Scheme, host and port in effect of an absolute URL (RFC 9110, 4.3.1); it hashes and never changes.

    >>> Origin("https://user@EXAMPLE.com/a") == Origin("https://example.com:443/b")
    True

    Raises:
        ValueError: the URL is relative.
    """

    __slots__ = ("host", "port", "scheme")

    scheme: str
    host: str
    port: int | None

    def __init__(self, url: URL | str) -> None:
        url = url if isinstance(url, URL) else URL(url)
        if url.is_relative_url:
            raise ValueError("only an absolute URL has an origin")
        port = DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port
        self.__setstate__((url.scheme, dialled_host(url.host), port))

    def __setstate__(self, state: tuple[str, str, int | None]) -> None:
        for name, value in zip(("scheme", "host", "port"), state, strict=True):
            object.__setattr__(self, name, value)

    def __getstate__(self) -> tuple[str, str, int | None]:
        return self.scheme, self.host, self.port

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot assign to {name!r}: an Origin never changes")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete {name!r}: an Origin never changes")

    def __eq__(self, other: object) -> bool:
        return self.__getstate__() == other.__getstate__() if isinstance(other, Origin) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.__getstate__())

    def __repr__(self) -> str:
        return f"Origin(scheme={self.scheme!r}, host={self.host!r}, port={self.port!r})"

"""The one parser of URLs: RFC 3986, with the leniency of the WHATWG standard where it cannot change the host.

A URL is split as in RFC 3986, appendix B; then each component is checked and brought into its normal form by
itself. What comes out satisfies, for every input that is not refused::

    parse(parse(x).text) == parse(x)        one reading: whoever gets the text sees the host that we see

Three things would break that and are refused: a relative path that would be read as a scheme (`a:b`) or as an
authority (`//a`), and a backslash where WHATWG readers take it for the slash before or after the host. A path
that begins with `//` after a scheme and no host keeps the `//` of its empty authority (`http:////a`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from . import percent
from .authority import DEFAULT_PORTS, bracketed, dialled_host, normal_host, normal_port, split_authority
from .components import MAX_URL_LENGTH, Raw, check_text, replace_components
from .query import QueryParams
from .refusals import Refusal, invalid_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_MAX_CACHED_LENGTH = 2048

# It matches every text, so there is no None.
_split: Callable[[str], re.Match[str]] = cast(
    "Any",
    re.compile(
        r"(?:([A-Za-z][A-Za-z0-9+.-]*+)?:)?(?://([^/?#]*+))?([^?#]*+)(?:\?([^#]*+))?(?:#(.*+))?", re.DOTALL
    ).fullmatch,
)
_is_ambiguous = re.compile("//|[A-Za-z][A-Za-z0-9+.-]*+:|:").match
_has_false_slash = re.compile(r"/?\\").match


class UrlParts:
    """A URL in its normal form, percent-encoded ASCII throughout.

    Shared by every `URL` of the same text and by the cache: nobody writes to it after `__init__`.

    Attributes:
        scheme, userinfo, host: "" where absent; the host is without brackets.
        port: None where it is the scheme's own.
        path: "" where empty.
        query, fragment: None where absent, "" where empty.
        origin: scheme, host and port as connected to; the port is 0 where the scheme has none.
        host_field: the value of the Host field.
        target: path and query, as the request line has them.
        text: the whole.
    """

    __slots__ = (
        "fragment",
        "host",
        "host_field",
        "origin",
        "path",
        "port",
        "query",
        "scheme",
        "target",
        "text",
        "userinfo",
    )

    # Why not lazily: all four are wanted for each request, and a plain slot is the fastest thing to read.
    def __init__(
        self,
        scheme: str,
        userinfo: str,
        host: str,
        port: int | None,
        path: str,
        query: str | None,
        fragment: str | None,
    ) -> None:
        self.scheme = scheme
        self.userinfo = userinfo
        self.host = host
        self.port = port
        self.path = path
        self.query = query
        self.fragment = fragment
        netloc = bracketed(host) if port is None else f"{bracketed(host)}:{port}"
        hierarchy = f"{path}?{query}" if query is not None else path
        self.origin = (scheme, dialled_host(host), DEFAULT_PORTS.get(scheme, 0) if port is None else port)
        # RFC 6874, 4: "an HTTP client ... MUST remove any ZoneID attached to an outgoing URI".
        self.host_field = (re.sub("%25[^]]*", "", netloc) if ":" in host else netloc).encode("ascii")
        self.target = (hierarchy if path else f"/{hierarchy}").encode("ascii")
        text = hierarchy if fragment is None else f"{hierarchy}#{fragment}"
        if netloc or userinfo:
            text = f"//{userinfo}@{netloc}{text}" if userinfo else f"//{netloc}{text}"
        elif path.startswith("//"):
            text = f"//{text}"
        self.text = f"{scheme}:{text}" if scheme else text

    @property
    def netloc(self) -> str:
        """Host and port, as the URL writes them."""
        host = bracketed(self.host)
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        """Userinfo, host and port, as the URL writes them."""
        return f"{self.userinfo}@{self.netloc}" if self.userinfo else self.netloc

    def __iter__(self) -> Iterator[Any]:
        return iter((self.scheme, self.userinfo, self.host, self.port, self.path, self.query, self.fragment))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({hide_password(self)!r})"

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, UrlParts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(self)

    def __copy__(self) -> UrlParts:
        return self

    def __deepcopy__(self, memo: object) -> UrlParts:
        return self


def parse(url: str, **components: Any) -> UrlParts:
    """Parse a URL, some of its components replaced by keyword, as `URL()` takes them.

    Raises:
        InvalidURL: it is none, or one that could be read in two ways.
    """
    if components:
        return _parse_with(url, components)
    return _parse_cached(url) if len(url) <= _MAX_CACHED_LENGTH else _parse(url)


def replace(parts: UrlParts, components: dict[str, Any]) -> UrlParts:
    """Give a copy of a parsed URL, some of its components replaced, as `URL.copy_with()` takes them."""
    if components.keys() == {"params"}:
        return _replace_params(parts, components["params"])
    raw = _raw_of(parts)
    try:
        replace_components(raw, components)
        return _normalise(raw)
    except Refusal as refusal:
        raise invalid_url(parts.text, refusal) from None


def resolve(base: UrlParts, reference: UrlParts) -> UrlParts:
    """Resolve a reference against a base (RFC 3986, 5.2); an empty base changes nothing."""
    if not base.text:
        return reference
    raw = _raw_of(reference)
    # "A non-strict parser may ignore a scheme in the reference if it is identical to the base URI's scheme."
    if reference.scheme in ("", base.scheme) and not reference.authority:
        whole = _raw_of(base)
        whole["fragment"] = reference.fragment
        if reference.path:
            whole["path"] = _merge(base, reference.path)
            whole["query"] = reference.query
        elif reference.query is not None:
            whole["query"] = reference.query
        raw = whole
    raw["scheme"] = reference.scheme or base.scheme
    raw["path"] = remove_dot_segments(raw["path"] or "")
    try:
        return _normalise(raw)
    except Refusal as refusal:
        raise invalid_url(reference.text, refusal) from None


def remove_dot_segments(path: str) -> str:
    """Resolve `.` and `..` in a path (RFC 3986, 5.2.4)."""
    if "." not in path:
        return path
    segments = path.split("/")
    if "." not in segments and ".." not in segments:
        return path
    kept: list[str] = []
    root = 1 if path.startswith("/") else 0
    for segment in segments:
        if segment == "..":
            del kept[max(root, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)


def hide_password(parts: UrlParts) -> str:
    """Give the text of a URL with `[secure]` in place of the password."""
    username, colon, password = parts.userinfo.partition(":")
    if not colon:
        return parts.text
    # Why not str.replace: in `http://p:@host` the userinfo "p:" is in the text once more, before it.
    start = len(f"{parts.scheme}://" if parts.scheme else "//") + len(username) + 1
    return f"{parts.text[:start]}[secure]{parts.text[start + len(password) :]}"


def _parse(url: str) -> UrlParts:
    try:
        return _normalise(_raw_in(url))
    except Refusal as refusal:
        raise invalid_url(url, refusal) from None


_parse_cached = lru_cache(maxsize=1024)(_parse)


# Why not the general way: `get(url, params=...)` is the common case, and takes a third of the time so.
def _replace_params(parts: UrlParts, params: Any) -> UrlParts:
    query = str(QueryParams(params)) if params else None
    if query and len(query) + len(parts.text) > MAX_URL_LENGTH:
        raise invalid_url(parts.text, Refusal("it", f"and its params exceed {MAX_URL_LENGTH} characters"))
    scheme, userinfo, host, port, path, _, fragment = parts
    return UrlParts(scheme, userinfo, host, port, path, query, fragment)


def _parse_with(url: str, components: dict[str, Any]) -> UrlParts:
    if components.keys() == {"params"}:
        return _replace_params(parse(url), components["params"])
    try:
        raw = _raw_in(url)
        replace_components(raw, components)
        return _normalise(raw)
    except Refusal as refusal:
        raise invalid_url(url, refusal) from None


def _raw_in(url: str) -> Raw:
    check_text(url, "it")
    scheme, authority, path, query, fragment = _split(url).groups()
    userinfo, host, port = split_authority(authority) if authority else ("", "", None)
    return {
        "scheme": scheme,
        "userinfo": userinfo,
        "host": host,
        "port": port,
        "path": path,
        "query": query,
        "fragment": fragment,
    }


def _raw_of(parts: UrlParts) -> Raw:
    return {
        "scheme": parts.scheme,
        "userinfo": parts.userinfo,
        "host": bracketed(parts.host),
        "port": None if parts.port is None else str(parts.port),
        "path": parts.path,
        "query": parts.query,
        "fragment": parts.fragment,
    }


def _normalise(raw: Raw) -> UrlParts:
    scheme = (raw["scheme"] or "").lower()
    userinfo = raw["userinfo"] or ""
    if "\\" in userinfo:
        raise Refusal("userinfo", "contains a backslash")
    userinfo = percent.USERINFO.encode(userinfo)
    host = normal_host(raw["host"] or "", scheme)
    port = normal_port(raw["port"], scheme)
    has_authority = bool(host or userinfo or port is not None)
    path = percent.PATH.encode(_normal_path(raw["path"] or "", scheme, has_authority=has_authority))
    query = raw["query"]
    fragment = raw["fragment"]
    if query is not None:
        query = percent.QUERY.encode(query)
    if fragment is not None:
        fragment = percent.FRAGMENT.encode(fragment)
    parts = UrlParts(scheme, userinfo, host, port, path, query, fragment)
    if len(parts.text) > MAX_URL_LENGTH:
        raise Refusal("it", f"is longer than {MAX_URL_LENGTH} characters in its normal form")
    return parts


def _normal_path(path: str, scheme: str, *, has_authority: bool) -> str:
    if has_authority:
        if path and not path.startswith("/"):
            raise Refusal("path", "does not begin with '/', although there is a host")
        return remove_dot_segments(path)
    if scheme:
        path = remove_dot_segments(path)
    elif _is_ambiguous(path):
        raise Refusal("path", "would be read as a host or a scheme")
    if _has_false_slash(path):
        raise Refusal("path", "begins with a backslash, which some read as the slash before a host")
    return path


def _merge(base: UrlParts, path: str) -> str:
    if path.startswith("/"):
        return path
    if base.authority and not base.path:
        return f"/{path}"
    return base.path[: base.path.rfind("/") + 1] + path

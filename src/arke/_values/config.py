"""What a caller may set: time limits, pool limits, a proxy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from .headers import _SECRET_NAMES, Headers
from .url import URL

if TYPE_CHECKING:
    import ssl

    from .types import HeaderTypes, TimeoutTypes


class UnsetType:
    """The type of `UNSET`, which tells "not given" from None."""

    def __repr__(self) -> str:
        """Name it as it is written."""
        return "UNSET"

    def __reduce__(self) -> str:
        """Stay the one there is when copied or pickled, for it is told by identity."""
        return "UNSET"


UNSET: Final = UnsetType()

_PHASES = ("connect", "read", "write", "pool")
_PHASE_LIMITS = ("timeout.connect", "timeout.read", "timeout.write", "timeout.pool")
_LARGEST_FLOAT = sys.float_info.max


def _seconds(name: str, value: Any) -> float | None:
    """Return `value` when it can limit a wait, infinity for an int beyond all floats; complain otherwise."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name} must be a number of seconds or None, not {type(value).__name__}"
        raise TypeError(msg)
    if not value >= 0:
        msg = f"{name} must be at least 0 seconds, not {value!r}"
        raise ValueError(msg)
    return float("inf") if value > _LARGEST_FLOAT else value


class Timeout:
    """How long each phase of a request, and all of it, may take. Seconds; None is no limit.

    `connect` covers opening a connection (name look-up, TCP, TLS, proxy), `read` the wait for each next piece of the
    response, `write` the wait for each piece of the request to be accepted, `pool` the wait for a free connection.
    `total` is one deadline over everything from the call to the last byte of the body, redirects included.

    >>> Timeout(5.0)
    >>> Timeout(5.0, connect=10.0)
    >>> Timeout(None, total=30.0)
    """

    def __init__(
        self,
        timeout: TimeoutTypes | UnsetType = UNSET,
        *,
        connect: float | UnsetType | None = UNSET,
        read: float | UnsetType | None = UNSET,
        write: float | UnsetType | None = UNSET,
        pool: float | UnsetType | None = UNSET,
        total: float | UnsetType | None = UNSET,
    ) -> None:
        """Take one default for all phases, or all four of them, or a mix."""
        given = {"connect": connect, "read": read, "write": write, "pool": pool}
        base = self._base(timeout, given, has_total=total is not UNSET)
        chosen = [base[name] if value is UNSET else value for name, value in given.items()]
        self.connect, self.read, self.write, self.pool = map(_seconds, _PHASE_LIMITS, chosen)
        self.total = _seconds("timeout.total", base["total"] if total is UNSET else total)

    @staticmethod
    def _base(timeout: Any, given: dict[str, Any], *, has_total: bool) -> dict[str, Any]:
        """What holds for the phases that were not given by name."""
        if isinstance(timeout, Timeout):
            return {name: getattr(timeout, name) for name in (*_PHASES, "total")}
        if isinstance(timeout, tuple):
            if not 1 < len(timeout) <= len(_PHASES):
                msg = f"a timeout tuple is (connect, read[, write[, pool]]), not {len(timeout)} values"
                raise ValueError(msg)
            return dict(zip(_PHASES, (*timeout, None, None), strict=False)) | {"total": None}
        if timeout is UNSET:
            unset = [value is UNSET for value in given.values()]
            if any(unset) and not (has_total and all(unset)):
                msg = "give Timeout one default, or all of connect, read, write and pool"
                raise ValueError(msg)
            timeout = None
        return dict.fromkeys(_PHASES, timeout) | {"total": None}

    def as_dict(self) -> dict[str, float | None]:
        """The four phases, and `total` where it is set, as `request.extensions["timeout"]` holds them."""
        phases = {"connect": self.connect, "read": self.read, "write": self.write, "pool": self.pool}
        if self.total is not None:
            phases["total"] = self.total
        return phases

    def __eq__(self, other: object) -> bool:
        """Whether all limits are the same."""
        return isinstance(other, Timeout) and self._key() == other._key()

    def __hash__(self) -> int:
        """By the limits."""
        return hash(self._key())

    def _key(self) -> tuple[float | None, ...]:
        return (self.connect, self.read, self.write, self.pool, self.total)

    def __repr__(self) -> str:
        """As short as it can be written."""
        name = type(self).__name__
        total = "" if self.total is None else f", total={self.total}"
        if self.connect == self.read == self.write == self.pool:
            return f"{name}(timeout={self.connect}{total})"
        return f"{name}(connect={self.connect}, read={self.read}, write={self.write}, pool={self.pool}{total})"


def _count(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        msg = f"{name} must be a whole number or None, not {type(value).__name__}"
        raise TypeError(msg)
    if value is not None and value < 0:
        msg = f"{name} must be at least 0, not {value!r}"
        raise ValueError(msg)
    return value


class Limits:
    """How many connections a client may hold. None is no limit.

    `max_connections` in all, `max_connections_per_origin` to one scheme, host and port, `max_keepalive_connections`
    idle ones, each idle for `keepalive_expiry` seconds at most.

    >>> Limits(max_connections=100, max_keepalive_connections=20)
    """

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = 5.0,
        max_connections_per_origin: int | None = None,
    ) -> None:
        """Check and keep the numbers."""
        self.max_connections = _count("max_connections", max_connections)
        self.max_keepalive_connections = _count("max_keepalive_connections", max_keepalive_connections)
        self.keepalive_expiry = _seconds("keepalive_expiry", keepalive_expiry)
        self.max_connections_per_origin = _count("max_connections_per_origin", max_connections_per_origin)

    def __eq__(self, other: object) -> bool:
        """Whether all limits are the same."""
        return isinstance(other, Limits) and self._key() == other._key()

    def __hash__(self) -> int:
        """By the limits."""
        return hash(self._key())

    def _key(self) -> tuple[float | None, ...]:
        return (
            self.max_connections,
            self.max_keepalive_connections,
            self.keepalive_expiry,
            self.max_connections_per_origin,
        )

    def __repr__(self) -> str:
        """Name the limits."""
        per_origin = self.max_connections_per_origin
        return (
            f"{type(self).__name__}(max_connections={self.max_connections}, "
            f"max_keepalive_connections={self.max_keepalive_connections}, "
            f"keepalive_expiry={self.keepalive_expiry}"
            + ("" if per_origin is None else f", max_connections_per_origin={per_origin}")
            + ")"
        )


def _check_credentials(auth: Any) -> None:
    """Complain about what could not be sent, before there is a connection to send it on."""
    if not isinstance(auth, tuple | list) or [isinstance(part, str) for part in auth] != [True, True]:
        msg = "a proxy's auth must be a username and a password, a tuple of two str"
        raise TypeError(msg)
    try:
        "".join(auth).encode()
    except UnicodeEncodeError:
        msg = "a proxy's auth has characters that cannot be encoded as UTF-8"
        raise ValueError(msg) from None  # the cause would show the password


class Proxy:
    """A proxy: where it is, and what it is told.

    Credentials in the URL move to `auth`, and win over those given there.

    >>> Proxy("http://user:password@localhost:8030", headers={"X-Team": "blue"})
    """

    def __init__(
        self,
        url: URL | str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        auth: tuple[str, str] | None = None,
        headers: HeaderTypes | None = None,
    ) -> None:
        """Check the scheme and take the credentials out of the URL."""
        url = URL(url)
        if url.scheme not in {"http", "https", "socks5", "socks5h"}:
            msg = f"a proxy is reached by http, https, socks5 or socks5h, not as {url!r} says"
            raise ValueError(msg)
        if auth is not None:
            _check_credentials(auth)
        if url.username or url.password:
            auth = (url.username, url.password)
            url = url.copy_with(username=None, password=None)
        self.url = url
        self.auth = auth
        self.headers = Headers(headers)
        self.ssl_context = ssl_context

    @property
    def raw_auth(self) -> tuple[bytes, bytes] | None:
        """The credentials as bytes."""
        return None if self.auth is None else (self.auth[0].encode("utf-8"), self.auth[1].encode("utf-8"))

    def __repr__(self) -> str:
        """Name it without its password."""
        auth = f", auth=({self.auth[0]!r}, '********')" if self.auth else ""
        shown = {name: "[secure]" if name in _SECRET_NAMES else value for name, value in self.headers.items()}
        headers = f", headers={shown!r}" if shown else ""
        return f"Proxy({str(self.url)!r}{auth}{headers})"


DEFAULT_TIMEOUT_CONFIG = Timeout(timeout=5.0)
DEFAULT_LIMITS = Limits(max_connections=100, max_keepalive_connections=20)
DEFAULT_MAX_REDIRECTS = 20

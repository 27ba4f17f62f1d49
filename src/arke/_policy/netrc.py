"""`NetRCAuth`: user names and passwords from a netrc file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .auth import Auth, basic_header

if TYPE_CHECKING:
    from collections.abc import Generator

    from arke._message.request import Request
    from arke._message.response import Response
    from arke._values.url import URL

    Entry = tuple[str, str]

_DEFAULT = "default"


class NetRCAuth(Auth):
    """The Basic scheme, with the user name and password that a netrc file has for the URL's host.

    >>> arke.get("https://www.example.com/", auth=arke.NetRCAuth())

    The file is `file`, or else the one that the environment variable `NETRC` names, `~/.netrc`, or `~/_netrc`; it is
    read once, here. The host is compared as a whole, without the port, which a netrc file does not have; a `default`
    entry is for all hosts that the file does not name. A host whose entry has no password is sent nothing.
    """

    def __init__(self, file: str | None = None) -> None:
        """Read the file.

        Raises `OSError`, mostly `FileNotFoundError`, when it cannot be read, and `netrc.NetrcParseError` when it is no
        netrc file, or `~/.netrc` is one that others may read.
        """
        self._entries = _read_entries(file)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Send the request, with an Authorization header if the file has a password for its host."""
        login, password = self._find(request.url)
        if password:
            request.headers["Authorization"] = basic_header(login, password)
        yield request

    def _find(self, url: URL) -> Entry:
        """Return login and password for the URL's host, empty if there are none."""
        # An international name may be written either way.
        for host in (url.host, url._parts.host):
            entry = self._entries.get(host.lower())
            if entry is not None:
                return entry
        return self._entries.get(_DEFAULT, ("", ""))


def _read_entries(file: str | None) -> dict[str, Entry]:
    """Return login and password by lower-case host."""
    import netrc

    path = _find_file() if file is None else file
    line: int | None = None
    try:
        # Without a path it is `~/.netrc`, which it reads only if it is nobody else's to read.
        hosts = netrc.netrc(path).hosts
    except netrc.NetrcParseError as exc:
        if exc.lineno is None:
            raise
        line = exc.lineno
    except ValueError:  # not text, or a path with a NUL in it
        pass
    else:
        return {host.lower(): (login, password or "") for host, (login, _, password) in hosts.items()}
    # Raised out here and in other words: the original shows what it stumbled over, which may be a password.
    msg = "the file is not in the format of netrc"
    raise netrc.NetrcParseError(msg, path or "~/.netrc", line)


def _find_file() -> str | None:
    """Return the path of the user's own netrc file; None for the usual one."""
    from os import environ, path

    named = environ.get("NETRC")
    if named:
        return path.expanduser(named)
    usual, other = (path.join(path.expanduser("~"), name) for name in (".netrc", "_netrc"))
    return other if path.exists(other) and not path.exists(usual) else None

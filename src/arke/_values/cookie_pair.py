"""The pairs of a Cookie header (RFC 6265 section 4.2), and what cannot be one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import LocalProtocolError

if TYPE_CHECKING:
    from http.cookiejar import Cookie

__all__ = ["check_cookie", "cookie_header"]

_UNFIT_NAME = re.compile(r"[\x00-\x1f\x7f;=]")
_UNFIT_PAIR = re.compile(r"[\x00-\x08\x0a-\x1f\x7f;]")


def check_cookie(name: object, value: object) -> None:
    for part, text in (("name", name), ("value", value)):
        if not isinstance(text, str):
            message = f"the {part} of a cookie must be str, not {type(text).__name__}"
            raise TypeError(message)
    if not name or _UNFIT_NAME.search(str(name)):
        message = f"{name!r} cannot be the name of a cookie: it is empty, or has ';', '=' or a control character"
        raise LocalProtocolError(message)
    _to_octets(str(name), str(value), "")


def _to_octets(name: str, value: str | None, domain: str) -> bytes:
    """Return the pair as it stands in a Cookie header."""
    text = name if value is None else f"{name}={value}"
    where = f" for {domain!r}" if domain else ""
    if _UNFIT_PAIR.search(text):
        message = f"cookie {name!r}{where} cannot be sent: it has ';' or a control character"
        raise LocalProtocolError(message)
    try:
        return text.encode()
    except UnicodeEncodeError:
        message = f"cookie {name!r}{where} cannot be sent: it is not valid Unicode"
    # Raised out here so that the UnicodeEncodeError, which holds the value, is not its context.
    raise LocalProtocolError(message)


def cookie_header(cookies: list[Cookie]) -> bytes:
    return b"; ".join([_to_octets(cookie.name, cookie.value, cookie.domain) for cookie in cookies]).strip()

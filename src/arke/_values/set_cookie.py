"""The Set-Cookie line: its grammar as user agents read it (RFC 6265 sections 5.1.1 and 5.2).

Nothing here fails: a line is a cookie or it is None, an attribute is understood or it is not there. A line is
split once and each part is looked at a fixed number of times, so the time is linear in its length.
"""

from __future__ import annotations

import re

__all__ = ["SetCookie", "parse_cookie_date", "parse_set_cookie"]

_MAX_PAIR_BYTES = 4096
_MAX_ATTRIBUTE_BYTES = 1024
_BLANK = " \t"
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r"-?[0-9]+")

# delimiter = %x09 / %x20-2F / %x3B-40 / %x5B-60 / %x7B-7E
_DATE_TOKEN = re.compile(r"[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
# Each production ends in "( non-digit *OCTET )", or with the token.
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY_OF_MONTH = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


class SetCookie:
    """One Set-Cookie line: the pair, and those attributes that are valid."""

    __slots__ = ("domain", "expires", "max_age", "name", "path", "rest", "secure", "value")

    def __init__(self, name: str, value: str) -> None:
        """Start with the pair alone."""
        self.name = name
        self.value = value
        self.domain: str | None = None  # lower case, without the dot it may begin with
        self.path: str | None = None  # begins with "/"; None stands for the default path
        self.expires: int | None = None  # seconds since the epoch
        self.max_age: int | None = None  # seconds from now
        self.secure = False
        self.rest: dict[str, str | None] = {}  # HttpOnly and SameSite, which mean nothing to us

    def expires_at(self, now: float) -> int | None:
        """Return when the cookie expires in seconds since the epoch, None at the end of the session."""
        # "If a cookie has both the Max-Age and the Expires attribute, the Max-Age attribute has precedence".
        if self.max_age is None:
            return self.expires
        return int(now) + self.max_age if self.max_age > 0 else 0

    def take(self, key: str, value: str) -> None:
        """Take over one attribute, its name in lower case; of several the last valid one counts."""
        match key:
            case "domain" if value:
                self.domain = value.removeprefix(".").lower()
            case "path":
                self.path = value if value.startswith("/") else None
            case "expires":
                date = parse_cookie_date(value)
                self.expires = self.expires if date is None else date
            case "max-age" if _MAX_AGE.fullmatch(value):
                self.max_age = int(value)
            case "secure":
                self.secure = True
            case "httponly":
                self.rest["HttpOnly"] = None
            case "samesite":
                self.rest["SameSite"] = value
            case _:
                pass


def parse_set_cookie(line: str) -> SetCookie | None:
    """Return what `line` says, or None if it is no cookie or one that could not be sent back."""
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(_BLANK), value.strip(_BLANK)
    # "If the name-value-pair string lacks a %x3D ("=") character, ignore the set-cookie-string entirely."
    # "If the name string is empty, ignore the set-cookie-string entirely."
    if not equals or not name or _is_unfit(line, name, value):
        return None
    cookie = SetCookie(name, value)
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        text = text.strip(_BLANK)
        if len(text) <= _MAX_ATTRIBUTE_BYTES:
            cookie.take(key.strip(_BLANK).lower(), text)
    if cookie.path is not None and "\t" in cookie.path:
        return None
    return cookie


def _is_unfit(line: str, name: str, value: str) -> bool:
    # A tab is blank space between the parts, but within one it breaks the files that cookies are kept in.
    if _CONTROL.search(line) or "\t" in name or "\t" in value:
        return True
    size = len(name) + len(value)
    return size > _MAX_PAIR_BYTES or (not line.isascii() and len((name + value).encode()) > _MAX_PAIR_BYTES)


def parse_cookie_date(text: str) -> int | None:
    """Return the date in seconds since the epoch, read by the algorithm of section 5.1.1, or None."""
    time: tuple[int, ...] | None = None
    day = month = year = None
    for token in _DATE_TOKEN.findall(text):
        if time is None and (found := _TIME.match(token)):
            time = tuple(map(int, found.groups()))
        elif day is None and (found := _DAY_OF_MONTH.match(token)):
            day = int(found[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (found := _YEAR.match(token)):
            year = int(found[1])
    if time is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    return _to_seconds(year, month, day, *time)


def _to_seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    # calendar.timegm would do, but takes 30 February for 1 March, and its module imports datetime.
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days_in_month = _DAYS_BEFORE_MONTH[month] - _DAYS_BEFORE_MONTH[month - 1] + (leap and month == 2)
    if year < 1601 or not 1 <= day <= days_in_month or hour > 23 or minute > 59 or second > 59:
        return None
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719162  # 719162: those before 1970
    days += _DAYS_BEFORE_MONTH[month - 1] + (leap and month > 2) + day - 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second

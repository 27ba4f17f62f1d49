from __future__ import annotations

import calendar
import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arke._values.set_cookie import parse_cookie_date, parse_set_cookie


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("a=b", "a", "b"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        (" a = b ", "a", "b"),
        ("\ta\t=\tb\t", "a", "b"),
        ('a="b c"', "a", '"b c"'),
        ('a="b;c"', "a", '"b'),
        ("a=b, c=d", "a", "b, c=d"),
        ("$a=é€", "$a", "é€"),
        ("expires=now", "expires", "now"),
    ],
)
def test_name_and_value(line, name, value):
    cookie = parse_set_cookie(line)
    assert (cookie.name, cookie.value) == (name, value)


@pytest.mark.parametrize("line", ["", ";", "a", "=b", " =b", "a;b=c", "; a=b", "\t"])
def test_without_name_and_equals_sign_it_is_no_cookie(line):
    assert parse_set_cookie(line) is None


@pytest.mark.parametrize("character", [chr(code) for code in [*range(0x20), 0x7F]])
def test_control_characters_make_it_no_cookie(character):
    assert parse_set_cookie(f"a{character}b=c") is None
    assert parse_set_cookie(f"a=b{character}c") is None
    assert parse_set_cookie(f"a=b; Path=/{character}c") is None


def test_blank_space_between_the_parts_is_dropped():
    cookie = parse_set_cookie("a=b \t;\tPath = /x\t; Secure ")
    assert cookie.path == "/x"
    assert cookie.secure


@pytest.mark.parametrize("text", ["v", "é", "€"])
def test_a_pair_over_4096_bytes_is_no_cookie(text):
    room = (4096 - 1) // len(text.encode())
    assert parse_set_cookie("a=" + text * room) is not None
    assert parse_set_cookie("a=" + text * (room + 1)) is None
    assert parse_set_cookie("n" * 4097 + "=") is None


def test_attributes():
    cookie = parse_set_cookie("a=b; DOMAIN=.Example.ORG; path=/x; max-age=5; SECURE; HttpOnly; SameSite=Lax; Odd=1")
    assert cookie.domain == "example.org"
    assert cookie.path == "/x"
    assert cookie.max_age == 5
    assert cookie.secure
    assert cookie.rest == {"HttpOnly": None, "SameSite": "Lax"}


def test_no_attributes():
    cookie = parse_set_cookie("a=b")
    assert (cookie.domain, cookie.path, cookie.max_age, cookie.expires) == (None, None, None, None)
    assert not cookie.secure
    assert cookie.rest == {}


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ("Path=/a; Path=/b", "/b"),
        ("Path=/a; Path=", None),
        ("Path=/a; Path=b", None),
        ("Path", None),
        ("Path=a/", None),
    ],
)
def test_the_last_path_counts_and_what_is_no_path_is_the_default(attributes, path):
    assert parse_set_cookie("a=b; " + attributes).path == path


def test_an_empty_domain_is_ignored():
    assert parse_set_cookie("a=b; Domain=x.org; Domain=").domain == "x.org"


def test_an_oversized_attribute_is_ignored():
    assert parse_set_cookie("a=b; Path=/" + "x" * 1023).path is not None
    assert parse_set_cookie("a=b; Path=/" + "x" * 1024).path is None


@pytest.mark.parametrize("text", ["", "x", "1x", "1.5", "+1", "--1", "1 2", "１", "-"])
def test_a_max_age_that_is_no_number_is_ignored(text):
    assert parse_set_cookie(f"a=b; Max-Age=7; Max-Age={text}").max_age == 7


def test_max_age_precedes_expires():
    line = "a=b; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:05 GMT"
    assert parse_set_cookie(line).expires_at(100.5) == 110
    assert parse_set_cookie(line.replace("Max-Age=10; ", "")).expires_at(100.5) == 5


@pytest.mark.parametrize("age", ["0", "-1", "-" + "9" * 1000])
def test_no_age_left_is_the_earliest_time(age):
    assert parse_set_cookie(f"a=b; Max-Age={age}").expires_at(100.5) == 0


def test_neither_is_the_end_of_the_session():
    assert parse_set_cookie("a=b").expires_at(100.5) is None


def test_an_invalid_date_leaves_a_valid_one_standing():
    assert parse_set_cookie("a=b; Expires=Thu, 01 Jan 1970 00:00:05 GMT; Expires=0").expires == 5


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Wednesday, 21-Oct-15 07:28:00 GMT",
        "Wed Oct 21 07:28:00 2015",
        "21 oct 2015 7:28:0",
        "2015 07:28:00 21 October",
        "07:28:00;21/OCTOPUS/2015",
        "21th Oct 2015AD 07:28:00Z",
        "Wed, 21 Oct 2015 07:28:00 GMT trailing 99 words",
    ],
)
def test_dates_in_many_shapes(text):
    assert parse_cookie_date(text) == 1445412480


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "never",
        "Oct 2015 07:28:00",
        "21 2015 07:28:00",
        "21 Oct 07:28:00",
        "21 Oct 2015",
        "32 Oct 2015 07:28:00",
        "00 Oct 2015 07:28:00",
        "30 Feb 2016 07:28:00",
        "29 Feb 2015 07:28:00",
        "29 Feb 1900 07:28:00",
        "31 Apr 2015 07:28:00",
        "21 Oct 1600 07:28:00",
        "21 Oct 20155 07:28:00",
        "21 Oct 2015 24:28:00",
        "21 Oct 2015 07:60:00",
        "21 Oct 2015 07:28:60",
        "21 Oct 2015 007:28:00",
        "21 Oct 2015 07:28:000",
        "21 Oct 2015 07:28",
        "２１ Oct 2015 07:28:00",
    ],
)
def test_what_is_no_date(text):
    assert parse_cookie_date(text) is None


@pytest.mark.parametrize(("short", "year"), [("69", 2069), ("70", 1970), ("99", 1999), ("00", 2000)])
def test_years_of_two_digits(short, year):
    assert parse_cookie_date(f"01 Jan {short} 00:00:00") == calendar.timegm((year, 1, 1, 0, 0, 0))


@given(st.datetimes(min_value=dt.datetime(1601, 1, 1), max_value=dt.datetime(9999, 12, 31)))  # noqa: DTZ001
@example(dt.datetime(2000, 2, 29))  # noqa: DTZ001
@example(dt.datetime(2100, 3, 1))  # noqa: DTZ001
def test_every_date_is_the_right_second(moment):
    text = f"{moment.day:02} {calendar.month_abbr[moment.month]} {moment.year} {moment:%H:%M:%S} GMT"
    assert parse_cookie_date(text) == calendar.timegm(moment.timetuple())


parts = st.sampled_from(
    ["a=b", "Path=/", "Domain=.x.org", "Max-Age=9", "Expires=1 Jan 99 1:1:1", "Secure", "=", ";", " "]
)


@given(st.text() | st.lists(parts | st.text(max_size=3)).map(";".join))
def test_any_line_is_a_cookie_or_none(line):
    cookie = parse_set_cookie(line)
    if cookie is None:
        return
    assert cookie.name
    assert not set(map(chr, [*range(0x20), 0x7F])) & set(cookie.name + cookie.value)
    assert ";" not in cookie.name + cookie.value
    assert "=" not in cookie.name
    assert cookie.path is None or cookie.path.startswith("/")
    assert cookie.expires_at(0.5) is None or isinstance(cookie.expires_at(0.5), int)

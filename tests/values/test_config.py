from __future__ import annotations

import copy
import math
import pickle
import ssl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import arke
from arke._values import config
from arke._values.config import (
    DEFAULT_LIMITS,
    DEFAULT_MAX_REDIRECTS,
    DEFAULT_TIMEOUT_CONFIG,
    UNSET,
    Limits,
    Proxy,
    Timeout,
)

PHASES = ("connect", "read", "write", "pool")
HUGE = 10**400

copies = pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
seconds = st.none() | st.integers(min_value=0, max_value=10**9) | st.floats(min_value=0, allow_nan=False)


class Patience(Timeout):
    pass


class Frugal(Limits):
    pass


# ------------------------------------------------------------------------------------------ Timeout


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((5.0,), {}),
        ((5,), {}),
        ((0,), {}),
        ((None,), {}),
        ((math.inf,), {}),
        (((1, 2),), {}),
        (((1, 2, 3),), {}),
        (((1, 2, 3, 4),), {}),
        (((1, None, None, 4.5),), {}),
        (((None, None),), {}),
        ((5.0,), {"connect": 10.0}),
        ((None,), {"connect": 5.0}),
        ((5.0,), {"pool": None}),
        ((5.0,), {"connect": 1, "read": 2, "write": 3, "pool": 4}),
        ((), {"connect": 1, "read": 2, "write": 3, "pool": 4}),
        ((), {"connect": None, "read": None, "write": None, "pool": None}),
    ],
)
def test_every_form_means_what_it_means_in_httpx(args, kwargs):
    ours, theirs = Timeout(*args, **kwargs), httpx.Timeout(*args, **kwargs)
    assert ours.as_dict() == theirs.as_dict()
    assert repr(ours) == repr(theirs)
    assert [getattr(ours, name) for name in PHASES] == [getattr(theirs, name) for name in PHASES]
    assert ours.total is None


@given(seconds, st.dictionaries(st.sampled_from(PHASES), seconds))
def test_named_phases_win_over_the_default_as_in_httpx(default, named):
    ours, theirs = Timeout(default, **named), httpx.Timeout(default, **named)
    assert ours.as_dict() == theirs.as_dict()
    assert repr(ours) == repr(theirs)


def test_a_timeout_can_be_made_of_another():
    first = Timeout(5.0, connect=1.0, total=9.0)
    assert Timeout(first) == first
    assert Timeout(first) is not first
    assert Timeout(first).as_dict() == {"connect": 1.0, "read": 5.0, "write": 5.0, "pool": 5.0, "total": 9.0}


def test_named_limits_win_over_those_of_another_timeout_or_a_tuple():
    assert Timeout(Timeout(5.0, total=9.0), read=2.0, total=None) == Timeout(5.0, read=2.0)
    assert Timeout((1, 2), read=None, pool=3, total=4) == Timeout(connect=1, read=None, write=None, pool=3, total=4)


def test_a_total_alone_limits_no_phase():
    assert Timeout(total=3.0).as_dict() == {"connect": None, "read": None, "write": None, "pool": None, "total": 3.0}
    assert Timeout(total=None) == Timeout(None)


def test_a_total_goes_with_every_form():
    assert Timeout(5.0, total=3).total == 3
    assert Timeout((1, 2), total=3).total == 3
    assert Timeout(connect=1, read=2, write=3, pool=4, total=5).total == 5


@pytest.mark.parametrize(
    "kwargs", [{}, {"connect": 1}, {"connect": 1, "read": 2, "write": 3}, {"connect": 1, "total": 3}]
)
def test_without_a_default_all_phases_must_be_given(kwargs):
    with pytest.raises(ValueError, match="one default, or all"):
        Timeout(**kwargs)
    with pytest.raises(ValueError, match="default, or set all"):
        httpx.Timeout(**{name: value for name, value in kwargs.items() if name != "total"})


@pytest.mark.parametrize("value", [(), (1,), (1, 2, 3, 4, 5)])
def test_a_tuple_of_another_length_is_refused(value):
    with pytest.raises(ValueError, match=f"not {len(value)} values"):
        Timeout(value)


@pytest.mark.parametrize("value", [-1, -0.001, -math.inf, math.nan, -HUGE])
@pytest.mark.parametrize("name", [*PHASES, "total"])
def test_a_limit_that_is_no_length_of_time_is_refused(name, value):
    with pytest.raises(ValueError, match=rf"timeout\.{name} must be at least 0"):
        Timeout(5.0, **{name: value})


@pytest.mark.parametrize("value", [True, False, "5", b"5", [1, 2], {"connect": 1}, 5j, object(), ("1", "2")])
def test_a_limit_of_another_type_is_refused(value):
    with pytest.raises(
        TypeError,
        match=r"timeout\.connect must be a number of seconds or None, not (bool|str|bytes|list|dict|complex|object)",
    ):
        Timeout(value)
    with pytest.raises(TypeError, match=r"timeout\.total must be a number"):
        Timeout(5.0, total=value)


@pytest.mark.parametrize("name", PHASES)
def test_the_phase_that_is_refused_is_named(name):
    values = dict.fromkeys(PHASES, 1) | {name: "x"}
    with pytest.raises(TypeError, match=rf"timeout\.{name} "):
        Timeout(tuple(values.values()))
    with pytest.raises(TypeError, match=rf"timeout\.{name} "):
        Timeout(5, **{name: "x"})


def test_phases_are_given_by_name_only():
    with pytest.raises(TypeError):
        Timeout(*[5.0, 1.0])


@pytest.mark.parametrize("value", [HUGE, 10**5000, 2**1024], ids=["400", "5000", "first"])
def test_a_number_beyond_all_floats_is_for_ever(value):
    timeout = Timeout(value, total=value)
    assert timeout.as_dict() == dict.fromkeys((*PHASES, "total"), math.inf)
    assert repr(timeout) == "Timeout(timeout=inf, total=inf)"


@pytest.mark.parametrize("value", [0, 0.0, 1e308, math.inf, 2**1023, 10**30])
def test_any_other_number_is_kept_as_it_is(value):
    assert Timeout(value).read == value
    assert type(Timeout(value).read) is type(value)


def test_equal_limits_are_equal_timeouts_of_one_hash():
    assert Timeout(5) == Timeout(5.0) == Timeout((5, 5, 5, 5)) == Patience(5)
    assert len({Timeout(5), Timeout(5.0), Timeout((5, 5, 5, 5))}) == 1
    assert Timeout(5) != Timeout(5, pool=None)
    assert Timeout(5) != Timeout(5, total=5)
    for other in (5, None, (5, 5, 5, 5), httpx.Timeout(5)):
        assert Timeout(5) != other


@given(seconds, seconds)
def test_timeouts_are_equal_when_their_limits_are(one, other):
    assert (Timeout(one) == Timeout(other)) is (one == other)
    if one == other:
        assert hash(Timeout(one)) == hash(Timeout(other))


def test_the_text_of_a_timeout_makes_it_again():
    for timeout in (Timeout(5.0), Timeout(None), Timeout((1, 2)), Timeout(5, total=3), Timeout((1, 2), total=0.5)):
        assert eval(repr(timeout)) == timeout


def test_the_text_of_a_subclass_bears_its_name():
    assert repr(Patience(5.0)) == "Patience(timeout=5.0)"
    assert repr(Patience((1, 2))) == "Patience(connect=1, read=2, write=None, pool=None)"
    assert repr(Frugal()) == repr(type("Frugal", (httpx.Limits,), {})())


def test_a_timeout_takes_other_limits_and_free_attributes():
    timeout = Timeout(5.0)
    timeout.read = None
    timeout.free = ["anything"]
    assert timeout == Timeout(5.0, read=None)
    assert timeout.as_dict()["read"] is None
    assert timeout.free == ["anything"]


def test_the_dictionary_is_the_callers_own():
    timeout = Timeout(5.0)
    timeout.as_dict().clear()
    assert timeout.as_dict() == dict.fromkeys(PHASES, 5.0)


@copies
def test_timeouts_can_be_copied(duplicate):
    timeout = Patience((1, 2), total=3)
    timeout.free = ["anything"]
    twin = duplicate(timeout)
    assert type(twin) is Patience
    assert twin == timeout
    assert twin.free == ["anything"]


@copies
def test_what_is_not_given_stays_so_when_copied(duplicate):
    assert duplicate(UNSET) is UNSET
    assert Timeout(**duplicate({"timeout": 5, "read": UNSET})) == Timeout(5)
    assert repr(UNSET) == "UNSET"


# ------------------------------------------------------------------------------------------- Limits


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"max_connections": 10},
        {"max_connections": 0, "max_keepalive_connections": 0, "keepalive_expiry": 0},
        {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": None},
        {"keepalive_expiry": 0.5},
        {"keepalive_expiry": math.inf},
        {"max_connections": HUGE},
    ],
)
def test_limits_are_those_of_httpx(kwargs):
    ours, theirs = Limits(**kwargs), httpx.Limits(**kwargs)
    assert vars(ours) == {**vars(theirs), "max_connections_per_origin": None}
    assert repr(ours) == repr(theirs)


def test_limits_are_given_by_name_only():
    with pytest.raises(TypeError):
        Limits(*[10])


COUNTS = ("max_connections", "max_keepalive_connections", "max_connections_per_origin")


@pytest.mark.parametrize("name", COUNTS)
def test_a_limit_that_is_no_count_is_refused(name):
    for value in (True, 1.0, "1", [1], math.inf):
        with pytest.raises(TypeError, match=f"{name} must be a whole number or None, not {type(value).__name__}"):
            Limits(**{name: value})
    for value in (-1, -HUGE):
        with pytest.raises(ValueError, match=f"{name} must be at least 0"):
            Limits(**{name: value})


def test_an_expiry_that_is_no_length_of_time_is_refused():
    for value in (True, "5", [5], (1, 2)):
        with pytest.raises(
            TypeError, match=rf"^keepalive_expiry must be a number of seconds or None, not {type(value).__name__}"
        ):
            Limits(keepalive_expiry=value)
    for number in (-1, math.nan, -math.inf, -HUGE):
        with pytest.raises(ValueError, match=r"^keepalive_expiry must be at least 0 seconds"):
            Limits(keepalive_expiry=number)


def test_an_expiry_beyond_all_floats_is_for_ever():
    assert Limits(keepalive_expiry=HUGE).keepalive_expiry == math.inf


def test_equal_numbers_are_equal_limits_of_one_hash():
    assert Limits(max_connections=1) == Limits(max_connections=1) == Frugal(max_connections=1)
    assert hash(Limits(max_connections=1)) == hash(Frugal(max_connections=1))
    for name in COUNTS:
        assert Limits(**{name: 1}) != Limits(**{name: 2})
    assert Limits() != Limits(keepalive_expiry=None)
    for other in (None, 5, httpx.Limits()):
        assert Limits() != other


def test_free_attributes_of_limits_are_not_limits():
    limits = Limits(max_connections=1)
    limits.free = ["anything"]
    assert limits == Limits(max_connections=1)
    assert hash(limits) == hash(Limits(max_connections=1))


def test_the_hash_of_limits_does_not_depend_on_the_order_of_setting():
    limits = Limits(max_connections=1)
    del limits.max_connections
    limits.max_connections = 1
    assert limits == Limits(max_connections=1)
    assert hash(limits) == hash(Limits(max_connections=1))


def test_the_text_of_limits_makes_them_again():
    for limits in (Limits(), DEFAULT_LIMITS, Limits(max_connections_per_origin=3, keepalive_expiry=None)):
        assert eval(repr(limits)) == limits


@copies
def test_limits_can_be_copied(duplicate):
    limits = Frugal(max_connections=1, max_connections_per_origin=2)
    limits.free = ["anything"]
    twin = duplicate(limits)
    assert type(twin) is Frugal
    assert twin == limits
    assert twin.free == ["anything"]


def test_the_defaults_are_those_of_httpx():
    assert DEFAULT_TIMEOUT_CONFIG.as_dict() == httpx._config.DEFAULT_TIMEOUT_CONFIG.as_dict()
    assert repr(DEFAULT_LIMITS) == repr(httpx._config.DEFAULT_LIMITS)
    assert httpx._config.DEFAULT_MAX_REDIRECTS == DEFAULT_MAX_REDIRECTS


# -------------------------------------------------------------------------------------------- Proxy


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "http://h:3128/",
        "https://h:8443",
        "socks5://h:1080",
        "socks5h://h:1080",
        "HTTP://H:81/x?y",
        "http://[::1]:80",
        "http://user@h",
        "http://:secret@h",
        "http://user:secret@h:1/x",
        "http://us%40er:se%3Acr%20et@h",
        "http://%C3%A9:%E2%82%AC@h",
        "http://%ff:%ED%A0%80@h",
    ],
)
def test_a_proxy_takes_its_credentials_out_of_its_url_as_in_httpx(url):
    ours, theirs = Proxy(url), httpx.Proxy(url)
    assert str(ours.url) == str(theirs.url)
    assert ours.auth == theirs.auth
    assert ours.raw_auth == theirs.raw_auth
    assert repr(ours) == repr(theirs)
    assert "@" not in str(ours.url)


def test_a_proxy_can_be_made_of_a_url_object_which_stays_as_it_is():
    url = arke.URL("http://user:secret@h:1")
    proxy = Proxy(url)
    assert proxy.url == "http://h:1"
    assert proxy.auth == ("user", "secret")
    assert url.username == "user"
    assert url.password == "secret"


@pytest.mark.parametrize("url", ["http://h", "http://user:secret@h", "http://user@h"])
@pytest.mark.parametrize("auth", [None, ("a", "b"), ("é", "€"), ("", ""), ["a", "b"]])
def test_credentials_of_url_and_argument_are_weighed_as_in_httpx(url, auth):
    ours, theirs = Proxy(url, auth=auth), httpx.Proxy(url, auth=auth)
    assert ours.auth == theirs.auth
    assert ours.raw_auth == theirs.raw_auth
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("auth", ["ab", (), ("a",), ("a", "b", "c"), (b"a", b"b"), ("a", None), 5, {"a": "b"}])
def test_credentials_that_are_no_two_texts_are_refused(auth):
    for url in ("http://h", "http://u:p@h"):
        with pytest.raises(TypeError, match="auth must be"):
            Proxy(url, auth=auth)


@pytest.mark.parametrize("auth", [("\ud800", "x"), ("x", "secret\udfff")])
def test_credentials_that_no_bytes_stand_for_are_refused_without_being_shown(auth):
    with pytest.raises(ValueError, match="cannot be encoded") as caught:
        Proxy("http://h", auth=auth)
    assert type(caught.value) is ValueError
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["ftp://u:secret@h", "socks4://h", "unix:///x", "all://h", "h:80", "//h", "", "h"])
def test_other_schemes_are_refused_without_showing_the_password(url):
    for kind in (httpx.Proxy, Proxy):
        with pytest.raises(ValueError, match="proxy") as caught:
            kind(url)
        assert "secret" not in str(caught.value)


def test_what_is_no_url_is_refused():
    for url in ("http://h:99999", "http://h h", "http://[::1"):
        with pytest.raises(arke.InvalidURL):
            Proxy(url)
    for other in (5, None, b"http://h", Proxy("http://h")):
        with pytest.raises(TypeError):
            Proxy(other)


def test_the_text_of_a_proxy_hides_its_secrets():
    proxy = Proxy(
        "http://h", auth=("user", "secret"), headers={"Proxy-Authorization": "Basic secret", "X-Team": "blue"}
    )
    assert "secret" not in repr(proxy)
    assert "user" in repr(proxy)
    assert "'x-team': 'blue'" in repr(proxy)
    assert "proxy-authorization" in repr(proxy)


@pytest.mark.parametrize(
    "headers", [None, {}, {"X-Team": "blue"}, [("a", "1"), ("a", "2")], {b"a": b"b"}, arke.Headers({"a": "b"})]
)
def test_a_proxy_has_headers_of_its_own(headers):
    ours = Proxy("http://h", headers=headers)
    theirs = httpx.Proxy("http://h", headers=dict(headers) if isinstance(headers, arke.Headers) else headers)
    assert isinstance(ours.headers, arke.Headers)
    assert ours.headers is not headers
    assert ours.headers.raw == theirs.headers.raw
    assert repr(ours) == repr(theirs)


def test_a_proxy_keeps_the_ssl_context_it_is_lent():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    assert Proxy("https://h", ssl_context=context).ssl_context is context
    assert Proxy("https://h").ssl_context is None


@copies
def test_proxies_can_be_copied(duplicate):
    proxy = Proxy("http://user:secret@h:1", headers={"a": "b"})
    proxy.free = ["anything"]
    twin = duplicate(proxy)
    assert (twin.url, twin.auth, twin.headers, twin.free) == (proxy.url, proxy.auth, proxy.headers, ["anything"])


def test_options_are_given_by_name_only():
    with pytest.raises(TypeError):
        Proxy(*["http://h", None])


def test_nothing_here_needs_what_httpx_does_not_have():
    for name in ("UNSET", "UnsetType", "Timeout", "Limits", "Proxy", "DEFAULT_LIMITS", "DEFAULT_MAX_REDIRECTS"):
        assert hasattr(httpx._config, name)
        assert hasattr(config, name)

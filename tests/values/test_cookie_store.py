from __future__ import annotations

from http.cookiejar import CookieJar

import pytest

from arke._values.cookie_store import Exchange, make_cookie, select_cookies, store_cookie

NOW = 1_000_000.0


def at(host="www.example.org", path="/", *, secure=True, now=NOW):
    return Exchange(host, path, secure, now)


def stored(*lines, jar=None, **where):
    jar = CookieJar() if jar is None else jar
    for line in lines:
        store_cookie(jar, line, at(**where))
    return jar


def sent(jar, **where):
    return [f"{cookie.name}={cookie.value}" for cookie in select_cookies(jar, at(**where))]


def test_a_host_only_cookie_goes_to_its_host_alone():
    jar = stored("a=1; Path=/")
    assert sent(jar) == ["a=1"]
    assert sent(jar, host="sub.www.example.org") == []
    assert sent(jar, host="example.org") == []


def test_a_domain_cookie_goes_to_every_host_of_the_domain():
    jar = stored("a=1; Domain=example.org")
    for host in ("www.example.org", "example.org", "x.y.example.org"):
        assert sent(jar, host=host) == ["a=1"]
    for host in ("org", "badexample.org", "example.org.evil.net"):
        assert sent(jar, host=host) == []


@pytest.mark.parametrize("domain", ["org", ".org", "evil.net", "sub.www.example.org", "xample.org", "org."])
def test_a_cookie_for_a_foreign_domain_is_refused(domain):
    assert len(stored(f"a=1; Domain={domain}")) == 0


def test_cookies_of_an_address_go_to_that_address():
    jar = stored("a=1", "b=2; Domain=127.0.0.1", "c=3; Domain=0.0.1", host="127.0.0.1")
    assert sent(jar, host="127.0.0.1") == ["a=1", "b=2"]
    assert sent(jar, host="1.127.0.0.1") == []


def test_without_a_host_nothing_is_stored():
    assert len(stored("a=1", host="")) == 0


def test_the_default_path_is_the_folder_of_the_request():
    jar = stored("a=1", path="/x/y")
    assert sent(jar, path="/x") == ["a=1"]
    assert sent(jar, path="/x/z") == ["a=1"]
    assert sent(jar, path="/") == []


def test_order_is_longer_paths_then_less_specific_domains_then_older():
    jar = stored(
        "host=1; Path=/",
        "deep=2; Path=/x/y",
        "wide=3; Path=/; Domain=example.org",
        "late=4; Path=/",
        "mid=5; Path=/x",
    )
    assert sent(jar, path="/x/y") == ["deep=2", "mid=5", "wide=3", "host=1", "late=4"]


def test_an_update_keeps_the_age():
    jar = stored("a=1", "b=2", "a=3")
    assert sent(jar) == ["a=3", "b=2"]


def test_same_name_elsewhere_is_another_cookie():
    jar = stored("a=1; Path=/", "a=2; Path=/x", "a=3; Path=/; Domain=example.org")
    assert sent(jar, path="/x") == ["a=2", "a=3", "a=1"]


def test_expiry():
    jar = stored("a=1; Max-Age=10", "b=2")
    assert sent(jar, now=NOW + 9) == ["a=1", "b=2"]
    assert sent(jar, now=NOW + 10) == ["b=2"]
    assert len(jar) == 1


def test_an_expired_cookie_removes_its_predecessor():
    jar = stored("a=1", "b=2", "a=; Max-Age=0", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "c=3; Max-Age=-1")
    assert len(jar) == 0


def test_expiry_beyond_the_calendar_is_capped():
    jar = stored("a=1; Max-Age=" + "9" * 1000)
    assert next(iter(jar)).expires == 253402300799


def test_secure_cookies_are_set_and_sent_with_tls_only():
    assert len(stored("a=1; Secure", secure=False)) == 0
    jar = stored("a=1; Secure", "b=2")
    assert sent(jar) == ["a=1", "b=2"]
    assert sent(jar, secure=False) == ["b=2"]


@pytest.mark.parametrize(
    ("line", "host", "path"),
    [
        ("a=evil; Path=/", "www.example.org", "/"),
        ("a=evil; Path=/x/y", "www.example.org", "/"),
        ("a=evil; Domain=example.org", "www.example.org", "/"),
        ("a=evil; Domain=example.org", "example.org", "/"),
        ("a=evil; Domain=sub.www.example.org", "sub.www.example.org", "/"),
        ("a=; Max-Age=0; Path=/", "www.example.org", "/"),
    ],
)
def test_plain_http_does_not_touch_a_secure_cookie(line, host, path):
    jar = stored("a=good; Secure; Path=/; Domain=www.example.org")
    stored(line, jar=jar, host=host, path=path, secure=False)
    assert [(cookie.value, cookie.secure) for cookie in jar] == [("good", True)]


def test_plain_http_may_set_what_shadows_nothing():
    jar = stored("a=good; Secure; Path=/x")
    stored("a=other; Path=/", "b=1; Path=/x", jar=jar, secure=False)
    stored("a=far; Path=/x", jar=jar, host="www.example.net", secure=False)
    assert sorted(cookie.value for cookie in jar) == ["1", "far", "good", "other"]


def test_tls_may_replace_a_secure_cookie():
    jar = stored("a=1; Secure", "a=2")
    assert [(cookie.value, cookie.secure) for cookie in jar] == [("2", False)]


@pytest.mark.parametrize(
    ("line", "is_accepted"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__secure-a=1", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__HOST-a=1; Path=/", False),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/x", False),
        ("__Host-a=1; Secure; Path=/; Domain=www.example.org", False),
        ("__Host=1", True),
    ],
)
def test_prefixes_of_names(line, is_accepted):
    assert bool(len(stored(line))) is is_accepted


def test_prefixes_need_tls():
    assert len(stored("__Secure-a=1; Secure", "__Host-a=1; Secure; Path=/", secure=False)) == 0


def test_the_number_of_cookies_per_domain_is_bounded():
    jar = stored(*[f"n{number}=1" for number in range(200)])
    names = [cookie.name for cookie in jar]
    assert len(names) == 180
    assert "n199" in names
    assert "n0" not in names
    stored("n199=2", jar=jar)
    assert len(jar) == 180


def test_expired_and_insecure_cookies_make_room_first():
    jar = stored("old=1; Secure", "plain=1", "gone=1; Max-Age=1; Secure", *[f"n{n}=1; Secure" for n in range(177)])
    stored("x=1; Secure", jar=jar, now=NOW + 5)
    assert "gone" not in {cookie.name for cookie in jar}
    stored("y=1; Secure", jar=jar, now=NOW + 5)
    assert "plain" not in {cookie.name for cookie in jar}
    stored("z=1", jar=jar, now=NOW + 5)
    assert "z" not in {cookie.name for cookie in jar}
    assert "old" in {cookie.name for cookie in jar}


def test_another_domain_has_room_of_its_own():
    jar = stored(*[f"n{number}=1" for number in range(200)])
    stored("a=1", jar=jar, host="www.example.net")
    assert sent(jar, host="www.example.net") == ["a=1"]


@pytest.mark.parametrize("domain", ["example.org", ".example.org"])
def test_a_cookie_that_was_given_a_domain_goes_below_it(domain):
    jar = CookieJar()
    jar.set_cookie(make_cookie("a", "1", domain=domain, path="/", is_domain_given=True, is_path_given=True))
    assert sent(jar, host="www.example.org") == sent(jar, host="example.org") == ["a=1"]
    assert sent(jar, host="www.example.net") == []


def test_stored_attributes_are_those_of_http_cookiejar():
    jar = stored("a=1; Domain=example.org; Path=/x; Secure; HttpOnly; SameSite=Lax; Max-Age=5", "b=2")
    cookies = {cookie.name: cookie for cookie in jar}
    cookie = cookies["a"]
    assert (cookie.domain, cookie.domain_specified, cookie.domain_initial_dot) == (".example.org", True, True)
    assert (cookie.path, cookie.path_specified, cookie.secure) == ("/x", True, True)
    assert (cookie.expires, cookie.discard, cookie.version) == (int(NOW) + 5, False, 0)
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
    cookie = cookies["b"]
    assert (cookie.domain, cookie.domain_specified) == ("www.example.org", False)
    assert (cookie.path, cookie.path_specified) == ("/", False)
    assert (cookie.expires, cookie.discard) == (None, True)

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from http.cookiejar import CookieJar, DefaultCookiePolicy, LWPCookieJar, MozillaCookieJar
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._values.cookie_store import make_cookie
from arke._values.cookies import Cookies
from arke._values.errors import CookieConflict, LocalProtocolError
from arke._values.headers import Headers
from arke._values.url import URL

SITE = "https://www.example.org/x/y"


def a_request(url=SITE, headers=None):
    return SimpleNamespace(method="GET", url=URL(url), headers=Headers(headers))


def a_response(*lines, url=SITE):
    raw = [line if isinstance(line, bytes) else line.encode() for line in lines]
    return SimpleNamespace(headers=Headers([(b"Set-Cookie", line) for line in raw]), request=a_request(url))


def header_for(cookies, url=SITE, headers=None):
    request = a_request(url, headers)
    cookies.set_cookie_header(request)
    return request.headers.get("cookie")


def extracted(*lines, url=SITE, cookies=None):
    cookies = Cookies() if cookies is None else cookies
    cookies.extract_cookies(a_response(*lines, url=url))
    return cookies


# As a mapping


@pytest.mark.parametrize(
    "source",
    [{"a": "1", "b": "2"}, [("a", "1"), ("b", "2")], (("a", "1"), ("b", "2")), Cookies({"a": "1", "b": "2"})],
)
def test_sources(source):
    cookies = Cookies(source)
    assert dict(cookies) == {"a": "1", "b": "2"}
    assert list(cookies) == ["a", "b"]
    assert len(cookies) == 2
    assert cookies


def test_empty():
    cookies = Cookies()
    assert not cookies
    assert len(cookies) == 0
    assert list(cookies) == []
    assert cookies.get("a") is None
    assert cookies.get("a", "x") == "x"
    assert repr(cookies) == "<Cookies[]>"
    assert cookies == Cookies(None) == Cookies({})
    cookies.clear()
    cookies.update()
    cookies.delete("a")
    assert header_for(cookies) is None


def test_emptied_cookies_are_false():
    cookies = Cookies({"a": "1"})
    del cookies["a"]
    assert not cookies


def test_empty_cookies_do_not_import_http_cookiejar():
    script = """if True:
        import sys
        from types import SimpleNamespace
        from arke._values.cookies import Cookies
        from arke._values.headers import Headers
        cookies = Cookies(Cookies())
        bool(cookies), len(cookies), list(cookies), repr(cookies), cookies.get("a"), cookies.clear()
        cookies.extract_cookies(SimpleNamespace(headers=Headers()))
        cookies.set_cookie_header(SimpleNamespace(headers=Headers()))
        assert "http.cookiejar" not in sys.modules
        assert "ssl" not in sys.modules
        Cookies({"a": "1"})
        assert "http.cookiejar" in sys.modules
    """
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("source", [1, "a=b", b"ab", [1], object()])
def test_other_sources_are_type_errors(source):
    with pytest.raises(TypeError):
        Cookies(source)


@pytest.mark.parametrize(("name", "value"), [(1, "a"), ("a", 1), ("a", None), (b"a", "b"), ("a", b"b")])
def test_names_and_values_that_are_no_text_are_type_errors(name, value):
    with pytest.raises(TypeError, match="of a cookie must be str"):
        Cookies({name: value})


@pytest.mark.parametrize("character", ["\r", "\n", "\x00", ";", "\x7f", "\ud800"])
def test_what_no_header_can_carry_is_refused_when_it_is_set(character):
    with pytest.raises(LocalProtocolError, match="'a'"):
        Cookies({"a": f"secret{character}b"})
    with pytest.raises(LocalProtocolError) as caught:
        Cookies().set("a", f"secret{character}b")
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
    with pytest.raises(LocalProtocolError):
        Cookies({f"a{character}": "b"})


@pytest.mark.parametrize("name", ["", "a=b", "a\tb"])
def test_names_that_would_read_as_another_are_refused(name):
    with pytest.raises(LocalProtocolError):
        Cookies().set(name, "x")


def test_access_by_domain_and_path():
    cookies = Cookies()
    cookies.set("a", "1", domain="one.org")
    cookies.set("a", "2", domain="two.org", path="/x")
    cookies.set("b", "3")
    assert cookies.get("a", domain="one.org") == "1"
    assert cookies.get("a", path="/x") == "2"
    assert cookies.get("a", domain="one.org", path="/x") is None
    assert cookies["b"] == "3"
    with pytest.raises(CookieConflict, match="'a'"):
        cookies["a"]
    with pytest.raises(CookieConflict):
        cookies.get("a")
    with pytest.raises(KeyError):
        cookies["none"]


def test_delete():
    cookies = Cookies()
    for domain in ("one.org", "two.org"):
        for path in ("/", "/x"):
            cookies.set("a", "1", domain=domain, path=path)
    cookies.set("b", "2")
    cookies.delete("a", domain="one.org", path="/")
    assert len(cookies) == 4
    cookies.delete("a", path="/x")
    assert len(cookies) == 2
    cookies.delete("a")
    assert dict(cookies) == {"b": "2"}
    cookies.delete("a")
    with pytest.raises(KeyError):
        cookies.delete("a", domain="one.org", path="/")


def test_clear():
    cookies = Cookies()
    for domain, path in (("one.org", "/"), ("one.org", "/x"), ("two.org", "/"), ("two.org", "/x")):
        cookies.set("a", "1", domain=domain, path=path)
    cookies.clear(domain="one.org", path="/")
    assert len(cookies) == 3
    cookies.clear(domain="two.org")
    assert len(cookies) == 1
    with pytest.raises(TypeError):
        cookies.clear(path="/")
    cookies.clear()
    assert not cookies


def test_update_and_copies_are_independent():
    cookies = Cookies({"a": "1"})
    other = Cookies(cookies)
    other.update({"a": "2", "b": "3"})
    other.update([("c", "4")])
    assert dict(cookies) == {"a": "1"}
    assert dict(other) == {"a": "2", "b": "3", "c": "4"}


def test_mapping_methods():
    cookies = Cookies({"a": "1"})
    cookies["b"] = "2"
    assert cookies.pop("b") == "2"
    assert cookies.setdefault("c", "3") == "3"
    assert cookies == {"a": "1", "c": "3"}


def test_repr():
    cookies = Cookies({"a": "1"})
    cookies.set("b", "2", domain="example.org")
    assert repr(cookies) == "<Cookies[<Cookie a=1 for  />, <Cookie b=2 for example.org />]>"


class Named(Cookies):
    name = "x"


def test_pickle_copy_and_subclass():
    cookies = Named({"a": "1"})
    cookies.extract_cookies(a_response("b=2; Max-Age=100"))
    cookies.note = "free"
    for other in (pickle.loads(pickle.dumps(cookies)), copy.deepcopy(cookies)):
        assert type(other) is Named
        assert dict(other) == {"a": "1", "b": "2"}
        assert other.note == "free"
        assert other.jar is not cookies.jar
        assert header_for(other) == header_for(cookies)
    assert pickle.loads(pickle.dumps(Cookies())) == {}


def test_two_threads_that_need_the_jar_at_once_get_the_same(monkeypatch):
    both_are_making_one = threading.Barrier(2, timeout=10)

    class SlowJar(CookieJar):
        def __init__(self):
            super().__init__()
            both_are_making_one.wait()

    monkeypatch.setattr("http.cookiejar.CookieJar", SlowJar)
    cookies = Cookies()
    jars = []
    threads = [threading.Thread(target=lambda: jars.append(cookies.jar)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jars[0] is jars[1] is cookies.jar


# To and from the wire


def test_cookies_without_domain_go_to_every_host():
    cookies = Cookies({"a": "1", "b": "2"})
    for url in ("https://example.org/", "http://localhost/", "http://127.0.0.1:80/x", "http://[::1]/"):
        assert header_for(cookies, url) == "a=1; b=2"


def test_set_with_domain_and_path():
    cookies = Cookies()
    cookies.set("a", "1", domain="example.org", path="/x")
    assert header_for(cookies) == "a=1"
    assert header_for(cookies, "https://example.org/x") == "a=1"
    assert header_for(cookies, "https://example.org/") is None
    assert header_for(cookies, "https://example.com/x") is None


def test_the_header_is_appended_as_cookie():
    request = a_request(headers={"Host": "x"})
    Cookies({"a": "1"}).set_cookie_header(request)
    assert request.headers.raw == [(b"Host", b"x"), (b"Cookie", b"a=1")]


def test_a_cookie_header_that_is_there_stays():
    assert header_for(Cookies({"a": "1"}), headers={"cookie": "mine=1"}) == "mine=1"


@pytest.mark.parametrize("url", [SITE, "http://localhost/", "http://127.0.0.1/", "http://[::1]/", "ws://a.test/"])
def test_what_a_server_sets_goes_back_to_it(url):
    cookies = extracted("a=1; Path=/", 'b="x, y"', url=url)
    assert header_for(cookies, url) in ('a=1; b="x, y"', 'b="x, y"; a=1')


def test_secure_means_https_and_wss():
    cookies = extracted("a=1; Secure; Path=/")
    assert header_for(cookies, "wss://www.example.org/") == "a=1"
    assert header_for(cookies, "http://www.example.org/") is None
    assert not extracted("a=1; Secure", url="http://localhost/")
    assert extracted("a=1; Secure", url="wss://www.example.org/")


def test_paths_match_as_they_stand_on_the_wire():
    cookies = extracted("a=1; Path=/a%2Fb")
    assert header_for(cookies, "https://www.example.org/a%2Fb/c") == "a=1"
    assert header_for(cookies, "https://www.example.org/a/b/c") is None


def test_a_response_without_cookies_changes_nothing():
    cookies = Cookies()
    cookies.extract_cookies(SimpleNamespace(headers=Headers({"a": "b"})))
    assert not cookies


@pytest.mark.parametrize(("raw", "text"), [("é".encode(), "é"), (b"\xe9", "é"), (b"\xff\xfe", "ÿþ")])
def test_values_outside_ascii(raw, text):
    cookies = extracted(b"a=" + raw)
    assert cookies["a"] == text
    assert header_for(cookies) == f"a={text}"


def test_one_odd_line_does_not_change_how_others_read():
    cookies = extracted("a=é", b"b=\xff")
    assert dict(cookies) == {"a": "é", "b": "ÿ"}


def test_expired_cookies_are_swept_from_all_domains():
    cookies = extracted("a=1; Max-Age=1000", url="https://other.net/")
    for cookie in cookies.jar:
        cookie.expires = 1
    cookies._next_expiry = 1
    header_for(cookies)
    assert not cookies


@pytest.mark.parametrize("name", ["localhost", "localhost.local"])
def test_cookies_of_localhost_are_found_under_both_names(name):
    cookies = extracted("a=1", url="http://localhost/")
    assert cookies.get("a", domain=name) == "1"
    assert cookies.get("a", domain="other") is None
    cookies.delete("a", domain=name)
    assert not cookies


@given(st.lists(st.binary() | st.text().map(lambda text: f"a={text}; Path=/".encode("utf-8", "replace")), max_size=5))
def test_whatever_a_server_sends_the_next_request_is_sound(lines):
    cookies = Cookies()
    cookies.extract_cookies(a_response(*lines))
    request = a_request()
    cookies.set_cookie_header(request)
    for _, value in request.headers.raw:
        assert not set(value) & {*range(0x20), 0x7F}
        assert value == value.strip()
    for cookie in cookies.jar:
        assert cookies.get(cookie.name, domain=cookie.domain, path=cookie.path) == cookie.value


# Jars of the user's


def test_a_given_jar_is_used_itself():
    jar = CookieJar()
    cookies = Cookies(jar)
    assert cookies.jar is jar
    extracted("a=1", cookies=cookies)
    cookies["b"] = "2"
    assert {cookie.name for cookie in jar} == {"a", "b"}
    assert sorted(header_for(cookies).split("; ")) == ["a=1", "b=2"]
    other = Cookies()
    other.jar = jar
    assert sorted(other) == ["a", "b"]


@pytest.mark.parametrize("url", ["http://localhost/", "http://127.0.0.1/", "http://[::1]/", SITE])
def test_a_given_jar_keeps_hosts_as_http_cookiejar_does(url):
    assert header_for(extracted("a=1", url=url, cookies=Cookies(CookieJar())), url) == "a=1"


def test_a_policy_of_the_users_is_asked_before_storing():
    cookies = Cookies(CookieJar(DefaultCookiePolicy(blocked_domains=["www.example.org"])))
    assert not extracted("a=1", cookies=cookies)
    assert extracted("a=1", cookies=cookies, url="https://example.com/")


def test_a_policy_of_the_users_is_asked_before_sending():
    class Closed(DefaultCookiePolicy):
        def return_ok(self, cookie, request):
            assert request.get_full_url() == SITE
            return cookie.name != "a" and super().return_ok(cookie, request)

    cookies = Cookies(CookieJar(Closed()))
    cookies.set("a", "1")
    cookies.set("b", "2")
    assert header_for(cookies) == "b=2"


def test_a_policy_set_on_our_jar_is_asked():
    cookies = Cookies({"a": "1"})
    cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    assert len(extracted("b=2", cookies=cookies)) == 1
    assert header_for(cookies) is None


def test_a_policy_does_not_loosen_our_rules():
    cookies = Cookies(CookieJar())
    extracted("a=1; Secure", url="http://localhost/", cookies=cookies)
    extracted("a=1; Domain=0.0.1", url="http://127.0.0.1/", cookies=cookies)
    assert not cookies


@pytest.mark.parametrize("kind", [LWPCookieJar, MozillaCookieJar])
def test_jars_with_files(kind, tmp_path):
    path = str(tmp_path / "cookies")
    jar = kind(path)
    cookies = extracted(
        "a=1; Domain=example.org; Path=/; Max-Age=1000; HttpOnly", "b=2; Max-Age=1000", cookies=Cookies(jar)
    )
    jar.save()
    loaded = kind(path)
    loaded.load()
    assert header_for(Cookies(loaded)) == header_for(cookies) == "b=2; a=1"
    assert header_for(Cookies(loaded), "https://sub.www.example.org/x") == "a=1"


def test_a_jar_that_keeps_nothing():
    class NoJar(CookieJar):
        def set_cookie(self, cookie):
            pass

    assert not extracted("a=1", cookies=Cookies(NoJar()))


def test_a_jar_with_its_own_ways_does_the_work_itself():
    class OwnJar(CookieJar):
        def extract_cookies(self, response, request):
            self.seen = (response.info().get_all("set-cookie"), request.get_full_url())

        def add_cookie_header(self, request):
            request.add_unredirected_header("Cookie", f"from={request.host}")

    jar = OwnJar()
    cookies = extracted("a=1", "b=2", cookies=Cookies(jar))
    assert jar.seen == (["a=1", "b=2"], SITE)
    assert header_for(cookies) == "from=www.example.org"


@pytest.mark.parametrize("jar", [CookieJar(), type("OwnJar", (CookieJar,), {"add_cookie_header": 1})()])
def test_a_relative_url_has_no_cookies_in_a_given_jar(jar):
    cookies = extracted("a=1", url="/x", cookies=Cookies(jar))
    assert header_for(cookies, "/x") is None


def test_a_jar_with_its_own_ways_may_send_nothing():
    class Silent(CookieJar):
        def add_cookie_header(self, request):
            pass

    assert header_for(Cookies(Silent())) is None


@pytest.mark.parametrize("value", ["x\r\ny", "x;y", "x\x00"])
def test_what_was_put_into_the_jar_and_cannot_be_sent_is_an_error(value):
    cookies = Cookies()
    cookies.jar.set_cookie(make_cookie("a", value, domain="", path="/", is_domain_given=False, is_path_given=True))
    request = a_request()
    with pytest.raises(LocalProtocolError, match="'a'"):
        cookies.set_cookie_header(request)
    assert request.headers.raw == []


def test_a_cookie_without_a_value_is_its_name():
    cookies = Cookies()
    cookies.jar.set_cookie(
        make_cookie("a", None, domain="", path="/", is_domain_given=False, is_path_given=True)  # type: ignore[arg-type]
    )
    assert header_for(cookies) == "a"
    assert cookies.get("a") is None

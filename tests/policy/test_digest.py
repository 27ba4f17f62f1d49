"""The Digest scheme: what is answered, how, how often, and to whom."""

from __future__ import annotations

import copy
import hashlib
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from urllib.request import parse_http_list, parse_keqv_list

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.request import Request
from arke._message.response import Response
from arke._policy import digest
from arke._policy.digest import DigestAuth
from arke._values.errors import LocalProtocolError, ProtocolError, RemoteProtocolError

URL_TEXT = "https://example.org/a?b=c"
SIMPLE = 'Digest realm="r", nonce="n", qop="auth"'
# RFC 7616 3.9.1
MUFASA = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
MUFASA_CNONCE = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
# RFC 7616 3.9.2
JASON = (
    'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
    'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", '
    "charset=UTF-8, userhash={}"
)
JASON_CNONCE = b"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
HASHES = {"MD5": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512-256": "sha512_256", "SHA-512": "sha512"}
ALGORITHMS = [f"{name}{suffix}" for name, suffix in product(HASHES, ["", "-sess"])]
CONTENT = b"content"


def challenge(*headers: str | bytes, request: Request | None = None, status: int = 401, cookies: tuple[str, ...] = ()):
    """A response that asks."""
    fields = [("WWW-Authenticate", header) for header in headers] + [("Set-Cookie", cookie) for cookie in cookies]
    return Response(status, headers=fields, request=request)


class Call:
    """A call, answered by hand."""

    def __init__(
        self, auth, url: str = URL_TEXT, method: str = "GET", *, library=(Request, Response), **options
    ) -> None:
        self.request, self.response = library
        self.steps = auth.sync_auth_flow(self.request(method, url, **options))
        # The request to be answered, or None at the end.
        self.sent = next(self.steps)

    @property
    def header(self) -> str | None:
        assert self.sent is not None
        return self.sent.headers.get("Authorization")

    @property
    def params(self) -> dict[str, str]:
        """The parameters of the answer, read by another parser."""
        return read_answer(self.header)

    def receive(self, *headers: str | bytes, status: int = 401, cookies: tuple[str, ...] = ()):
        """Hand in a response to what was sent; return the call."""
        fields = [("WWW-Authenticate", header) for header in headers] + [("Set-Cookie", cookie) for cookie in cookies]
        return self.hand_in(self.response(status, headers=fields, request=self.sent))

    def hand_in(self, response):
        try:
            self.sent = self.steps.send(response)
        except StopIteration:
            self.sent = None
        return self

    @property
    def is_over(self) -> bool:
        return self.sent is None


def read_answer(header: str | None) -> dict[str, str]:
    assert header is not None
    scheme, _, rest = header.partition(" ")
    assert scheme == "Digest"
    return parse_keqv_list(parse_http_list(rest))


def ask(*headers: str | bytes, username="user", password="pass", cnonce: bytes | None = None, **options) -> Call:
    """A call that has been asked once."""
    auth = DigestAuth(username, password)
    if cnonce is not None:
        auth._get_client_nonce = lambda nonce_count, nonce: cnonce
    return Call(auth, **options).receive(*headers)


def expected_response(answer: dict[str, str], *, method: str = "GET", user: str = "user", content: bytes = b"") -> str:
    """What `response` has to be by RFC 7616 3.4.1 to 3.4.3, written down once more."""
    algorithm = answer["algorithm"]

    def h(*parts: str) -> str:
        name = HASHES[algorithm.removesuffix("-sess")]
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    key = h(user, answer["realm"], "pass")
    if algorithm.endswith("-sess"):
        key = h(key, answer["nonce"], answer["cnonce"])
    parts = [method, answer["uri"]]
    if answer.get("qop") == "auth-int":
        parts.append(hashlib.new(HASHES[algorithm.removesuffix("-sess")], content).hexdigest())
    if "qop" not in answer:
        return h(key, answer["nonce"], h(*parts))
    return h(key, answer["nonce"], answer["nc"], answer["cnonce"], answer["qop"], h(*parts))


class TestAnswer:
    @pytest.mark.parametrize(
        ("algorithm", "response"),
        [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ],
    )
    def test_it_is_that_of_the_rfc(self, algorithm, response):
        call = ask(
            MUFASA.format(algorithm),
            username="Mufasa",
            password="Circle of Life",
            cnonce=MUFASA_CNONCE,
            url="http://www.example.org/dir/index.html",
        )
        assert call.params["response"] == response
        assert call.header == (
            'Digest username="Mufasa", realm="http-auth@example.org", '
            'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", '
            f'response="{response}", algorithm={algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", '
            f'qop=auth, nc=00000001, cnonce="{MUFASA_CNONCE.decode()}"'
        )

    @pytest.mark.parametrize(
        ("userhash", "name"),
        [
            ("true", 'username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"'),
            ("false", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"),
        ],
    )
    def test_it_is_that_of_the_rfc_for_a_name_beyond_ascii(self, userhash, name):
        # With erratum 4897: the RFC's own was computed by something else than SHA-512/256.
        call = ask(
            JASON.format(userhash),
            username="J\u00e4s\u00f8n Doe",
            password="Secret, or not?",
            cnonce=JASON_CNONCE,
            url="http://api.example.org/doe.json",
        )
        assert call.params["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
        assert call.header.startswith(f"Digest {name}, realm=")
        assert call.header.endswith(", userhash=true") is (userhash == "true")

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("qop", [None, "auth", "auth-int", "auth-int,auth", "auth , auth-int", "other, AUTH"])
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_it_is_right(self, algorithm, qop, method):
        asked = f'Digest realm="r s", nonce="n", algorithm={algorithm}' + (f', qop="{qop}"' if qop else "")
        call = ask(asked, method=method, content=CONTENT)
        answer = call.params
        assert answer["response"] == expected_response(answer, method=method, content=CONTENT)
        assert answer["uri"] == "/a?b=c"
        assert answer["algorithm"] == algorithm
        assert answer.get("qop") == (None if qop is None else "auth-int" if qop == "auth-int" else "auth")
        assert ("nc" in answer) is (qop is not None)
        assert ("cnonce" in answer) is (qop is not None or algorithm.endswith("-sess"))

    @pytest.mark.parametrize(
        "extra", ["", ", opaque=x", ', opaque=""', ", algorithm=md5", ', qop=""', ', domain="/ /b", foo="bar"']
    )
    def test_what_is_optional_is_optional(self, extra):
        answer = ask(f'Digest realm="r", nonce="n"{extra}').params
        assert answer.get("opaque") == {", opaque=x": "x", ', opaque=""': ""}.get(extra)
        assert answer["algorithm"] == ("md5" if "md5" in extra else "MD5")
        assert "qop" not in answer

    def test_values_are_unquoted_and_quoted_again(self):
        call = ask('Digest realm="a \\"b\\" \\\\ \\c", nonce=n==, qop=auth', username='u"\\')
        assert 'username="u\\"\\\\", realm="a \\"b\\" \\\\ c", nonce="n=="' in call.header
        assert call.params["response"] == expected_response(call.params, user='u"\\')

    def test_bytes_beyond_ascii_go_back_as_they_came(self):
        for realm in ("caf\u00e9".encode(), b"caf\xe9"):
            call = ask(b'Digest realm="' + realm + b'", nonce=n')
            assert b'realm="' + realm + b'"' in dict(call.sent.headers.raw)[b"Authorization"]

    def test_a_name_beyond_ascii_goes_as_utf_8_to_a_server_that_does_not_say(self):
        call = ask(SIMPLE, username="J\u00e4s\u00f8n")
        assert 'username="J\u00e4s\u00f8n"'.encode() in dict(call.sent.headers.raw)[b"Authorization"]

    @pytest.mark.parametrize("name", ["a\nb", "a\r\nX: y", "\x00", "\x7f"])
    def test_a_name_with_control_characters_never_gets_into_the_header_as_it_is(self, name):
        call = ask(SIMPLE, username=name)
        assert "username*=UTF-8''" in call.header
        assert not re.search(r"[\x00-\x1f\x7f]", call.header)

    def test_the_target_is_the_one_that_is_sent(self):
        call = ask(SIMPLE, method="OPTIONS", extensions={"target": b"*"})
        assert call.params["uri"] == "*"

    def test_bytes_are_taken_as_they_are(self):
        texts = ask(SIMPLE, username="\u00e9", password="\u00fc", cnonce=b"c")
        assert ask(SIMPLE, username="\u00e9".encode(), password="\u00fc".encode(), cnonce=b"c").header == texts.header

    def test_client_nonces_differ(self):
        assert len({ask(SIMPLE).params["cnonce"] for _ in range(100)}) == 100

    @pytest.mark.parametrize("credentials", [("\ud800secret", "x"), ("x", "\udfffsecret")])
    def test_credentials_that_are_no_text_are_refused_without_showing_them(self, credentials):
        with pytest.raises(LocalProtocolError) as caught:
            DigestAuth(*credentials)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("credentials", [(None, "x"), ("x", 1)])
    def test_credentials_of_a_wrong_type_are_a_type_error(self, credentials):
        with pytest.raises(TypeError):
            DigestAuth(*credentials)


class TestChoice:
    @pytest.mark.parametrize("in_one_line", [True, False])
    @pytest.mark.parametrize(
        ("algorithms", "taken"),
        [
            (["MD5", "SHA-256"], "SHA-256"),
            (["SHA-256", "MD5"], "SHA-256"),
            (["MD5", "SHA", "SHA-512", "SHA-512-256", "SHA-256"], "SHA-512"),
            (["MD5-sess", "MD5"], "MD5-sess"),
            (["MD5", "MD5-sess"], "MD5"),
            (["SHA-3", "MD5", "token"], "MD5"),
            (["SHA3-512", "MD5", "SHA-512\u00e9"], "MD5"),
        ],
    )
    def test_the_strongest_that_is_known_is_taken(self, algorithms, taken, in_one_line):
        asked = [
            f'Digest realm="{name}", nonce=n, qop="auth", algorithm={name}'.encode("latin-1") for name in algorithms
        ]
        mixed = [b'Basic realm="b, c"', *asked, b"Negotiate abc="]
        answer = ask(*([b", ".join(mixed)] if in_one_line else mixed)).params
        assert (answer["algorithm"], answer["realm"]) == (taken, taken)

    def test_one_that_this_python_lacks_is_passed_over(self, monkeypatch):
        new = hashlib.new

        def without(name, *args, **options):
            if name == "sha512_256":
                raise ValueError("unsupported hash type sha512_256")
            return new(name, *args, **options)

        monkeypatch.setattr("hashlib.new", without)
        asked = [f"Digest realm=r, nonce=n, algorithm={name}" for name in ("SHA-512-256", "MD5")]
        assert ask(*asked).params["algorithm"] == "MD5"

    def test_one_that_is_malformed_is_passed_over(self):
        asked = ['Digest realm="x"', 'Digest nonce="y", algorithm=SHA-512', "Digest realm=r, nonce=n"]
        assert ask(*asked).params["realm"] == "r"

    def test_auth_int_is_passed_over_for_content_that_is_streamed(self):
        asked = ['Digest realm=a, nonce=n, qop="auth-int", algorithm=SHA-512', 'Digest realm=b, nonce=n, qop="auth"']
        assert ask(*asked, method="POST", content=iter([CONTENT])).params["realm"] == "b"

    @pytest.mark.parametrize("headers", [[], ["Basic realm=r"], ["Digestive realm=r, nonce=n"], ["Basic Digest"], [""]])
    def test_without_digest_the_response_is_final(self, headers):
        assert ask(*headers).is_over

    @pytest.mark.parametrize("status", [200, 400, 403, 407, 500])
    def test_only_401_asks(self, status):
        assert Call(DigestAuth("user", "pass")).receive(SIMPLE, status=status).is_over

    @pytest.mark.parametrize(
        ("header", "reason"),
        [
            ('Digest realm="r", qop="auth"', "no nonce"),
            ('Digest nonce="n", qop="auth"', "no realm"),
            ("Digest", "no realm"),
            ('Digest realm="r", qop="auth,au', "no nonce"),
            ('Digest realm="r", nonce="n", qop="other"', "qop 'other'"),
            ('Digest realm="r", nonce="n", algorithm=SHA3', "algorithm 'SHA3'"),
            ('Digest realm="r", nonce="n", algorithm="SHA-256-SE\u00df"', "algorithm"),
        ],
    )
    def test_what_cannot_be_answered_is_an_error_that_says_why(self, header, reason):
        with pytest.raises(RemoteProtocolError, match=reason) as caught:
            ask("Basic realm=b", header.encode("latin-1"))
        assert str(caught.value.request.url) == URL_TEXT

    def test_auth_int_for_streamed_content_is_an_error_that_says_what_to_do(self):
        with pytest.raises(RemoteProtocolError, match=r"call request\.read\(\)"):
            ask('Digest realm=r, nonce=n, qop="auth-int"', method="POST", content=iter([CONTENT]))

    @given(st.lists(st.binary() | st.text().map(lambda text: b"Digest realm=a,nonce=" + text.encode()), max_size=3))
    def test_whatever_asks_there_is_an_answer_or_an_error_of_the_protocol(self, headers):
        call = Call(DigestAuth("user", "pass"))
        try:
            call.receive(*headers)
        except ProtocolError:
            return
        if call.sent is not None:
            assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", call.header)
            assert call.receive(*headers).sent is None or b"stale" in b"".join(headers).lower()


class TestRepetition:
    def test_wrong_credentials_are_sent_once(self):
        call = ask(SIMPLE)
        assert call.params["nc"] == "00000001"
        assert call.receive(SIMPLE).is_over

    def test_wrong_credentials_are_not_sent_unasked(self):
        auth = DigestAuth("user", "wrong")
        assert Call(auth).receive(SIMPLE).receive(SIMPLE).is_over
        assert Call(auth).header is None

    @pytest.mark.parametrize("last", ["Basic realm=r", "Digest realm=broken", ""])
    def test_a_refusal_is_final_whatever_it_asks(self, last):
        auth = DigestAuth("user", "wrong")
        assert Call(auth).receive(SIMPLE).receive(last).is_over

    def test_a_stale_nonce_is_answered_for_once_more(self):
        stale = SIMPLE.replace('"n"', '"n2"') + ", stale=TRUE"
        call = ask(SIMPLE).receive(stale)
        assert (call.params["nonce"], call.params["nc"]) == ("n2", "00000001")
        assert call.receive(stale.replace("n2", "n3")).is_over

    def test_a_nonce_that_is_only_another_is_not(self):
        assert ask(SIMPLE).receive(SIMPLE.replace('"n"', '"n2"') + ", stale=false").is_over

    def test_a_nonce_that_became_stale_between_calls_is_replaced(self):
        auth = DigestAuth("user", "pass")
        assert Call(auth).receive(SIMPLE).receive(status=200).is_over
        call = Call(auth)
        assert (call.params["nonce"], call.params["nc"]) == ("n", "00000002")
        call.receive(SIMPLE.replace('"n"', '"n2"') + ", stale=true")
        assert (call.params["nonce"], call.params["nc"]) == ("n2", "00000001")
        assert call.receive(status=200).is_over
        assert (Call(auth).params["nonce"], Call(auth).params["nc"]) == ("n2", "00000003")

    def test_a_server_that_never_has_enough_gets_three_requests(self):
        auth = DigestAuth("user", "pass")
        call, sent = Call(auth), 1
        while not call.receive(SIMPLE.replace('"n"', f'"n{sent}"') + ", stale=true").is_over:
            sent += 1
        assert sent == 3

    def test_the_next_nonce_is_taken_where_the_server_names_it(self):
        auth = DigestAuth("user", "pass")
        call = Call(auth).receive(SIMPLE)
        final = Response(200, headers={"Authentication-Info": 'rspauth="x", nextnonce="n \\"2\\""'}, request=call.sent)
        assert call.hand_in(final).is_over
        answer = Call(auth).params
        assert (answer["nonce"], answer["nc"]) == ('n "2"', "00000001")
        assert answer["response"] == expected_response(answer)

    @pytest.mark.parametrize("info", [b"", b"nextnonce=", b"\xff", b'nextnonce="', b'qop=auth, nc="1'])
    def test_any_other_information_changes_nothing(self, info):
        auth = DigestAuth("user", "pass")
        call = Call(auth).receive(SIMPLE)
        assert call.hand_in(Response(200, headers=[(b"Authentication-Info", info)], request=call.sent)).is_over
        assert Call(auth).params["nonce"] == "n"


class TestCounts:
    def test_each_use_of_a_nonce_has_a_number(self):
        auth = DigestAuth("user", "pass")
        Call(auth).receive(SIMPLE).receive(status=200)
        answers = [Call(auth).params for _ in range(20)]
        assert [answer["nc"] for answer in answers] == [f"{number:08x}" for number in range(2, 22)]
        assert all(answer["response"] == expected_response(answer) for answer in answers)

    def test_a_session_keeps_its_client_nonce_and_others_do_not(self):
        for algorithm, count in (("MD5-sess", 1), ("MD5", 3)):
            auth = DigestAuth("user", "pass")
            first = Call(auth).receive(f"{SIMPLE}, algorithm={algorithm}")
            answers = [first.params, Call(auth).params, Call(auth).params]
            assert len({answer["cnonce"] for answer in answers}) == count

    def test_calls_that_are_given_the_same_nonce_count_together(self):
        auth = DigestAuth("user", "pass")
        calls = [Call(auth) for _ in range(3)]
        assert [call.receive(SIMPLE).params["nc"] for call in calls] == ["00000001", "00000002", "00000003"]

    def test_calls_that_are_given_nonces_of_their_own_use_these(self):
        auth = DigestAuth("user", "pass")
        calls = [Call(auth) for _ in range(3)]
        answers = [call.receive(SIMPLE.replace('"n"', f'"n{i}"')).params for i, call in enumerate(calls)]
        assert [(answer["nonce"], answer["nc"]) for answer in answers] == [(f"n{i}", "00000001") for i in range(3)]

    def test_threads_get_numbers_of_their_own(self):
        auth = DigestAuth("user", "pass")

        def run(_: int) -> tuple[str, str]:
            call = Call(auth)
            if call.header is None:
                call.receive(SIMPLE)
            answer = call.params
            call.receive(status=200)
            return answer["nc"], answer["response"]

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(run, range(2000)))
        assert sorted(number for number, _ in answers) == [f"{number:08x}" for number in range(1, 2001)]

    def test_what_is_remembered_is_bounded(self, monkeypatch):
        monkeypatch.setattr(digest, "max_sessions", 3)
        auth = DigestAuth("user", "pass")
        for number in range(10):
            call = Call(auth, f"https://h{number}.example/").receive(SIMPLE.replace('"n"', f'"n{number}"'))
            assert call.receive(status=200).is_over
        assert (len(auth._latest), len(auth._sessions)) == (3, 3)
        assert Call(auth, "https://h9.example/").params["nonce"] == "n9"
        assert Call(auth, "https://h0.example/").header is None

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda auth: pickle.loads(pickle.dumps(auth))])
    def test_a_copy_begins_anew(self, copied):
        auth = DigestAuth("user", "pass")
        Call(auth).receive(SIMPLE).receive(status=200)
        other = copied(auth)
        call = Call(other)
        assert call.header is None
        assert call.receive(SIMPLE).params["nc"] == "00000001"
        assert Call(auth).params["nc"] == "00000002"


class TestOrigin:
    @pytest.mark.parametrize(
        "url", ["https://example.com/", "http://example.org/", "https://example.org:444/", "https://www.example.org/"]
    )
    def test_nothing_is_sent_unasked_to_another_origin(self, url):
        auth = DigestAuth("user", "pass")
        assert Call(auth).receive(SIMPLE).receive(status=200).is_over
        assert Call(auth, url).header is None
        assert Call(auth, "https://other@EXAMPLE.org:443/elsewhere").header is not None

    def test_each_origin_has_its_own_nonce(self):
        auth = DigestAuth("user", "pass")
        urls = ["https://a.example/", "https://b.example/"]
        for url in urls:
            Call(auth, url).receive(SIMPLE.replace('"n"', f'"{url}"')).receive(status=200)
        assert [Call(auth, url).params["nonce"] for url in urls] == urls

    @pytest.mark.parametrize("url", ["https://evil.example/", "http://example.org/", "https://example.org:444/"])
    def test_where_a_redirect_leads_away_nobody_is_answered(self, url):
        call = Call(DigestAuth("user", "pass"))
        first = Response(302, headers={"Location": url}, request=call.sent)
        final = challenge(SIMPLE, request=Request("GET", url))
        final.history = [first]
        assert call.hand_in(final).is_over
        assert "Authorization" not in final.request.headers

    def test_nor_is_this_origin_when_it_leads_back(self):
        call = Call(DigestAuth("user", "pass"))
        evil = Response(302, request=Request("GET", "https://evil.example/"))
        final = challenge(SIMPLE, request=Request("GET", "https://example.org/back"))
        final.history = [Response(302, request=call.sent), evil]
        assert call.hand_in(final).is_over

    def test_another_origin_does_not_name_the_next_nonce(self):
        auth = DigestAuth("user", "pass")
        call = Call(auth).receive(SIMPLE)
        final = Response(
            200, headers={"Authentication-Info": "nextnonce=evil"}, request=Request("GET", "https://evil.example/")
        )
        assert call.hand_in(final).is_over
        assert Call(auth).params["nonce"] == "n"

    def test_a_redirect_within_the_origin_is_answered_where_it_leads(self):
        call = Call(DigestAuth("user", "pass"), method="POST", content=CONTENT)
        final = challenge(SIMPLE, request=Request("GET", "https://example.org/there"))
        final.history = [Response(303, request=call.sent)]
        call.hand_in(final)
        assert (call.sent.method, str(call.sent.url)) == ("GET", "https://example.org/there")
        assert call.params["uri"] == "/there"
        assert call.receive(SIMPLE).is_over

    def test_a_redirect_after_an_answer_is_answered_too(self):
        call = ask(SIMPLE)
        final = challenge(SIMPLE, request=Request("GET", "https://example.org/there"))
        final.history = [Response(302, request=call.sent)]
        call.hand_in(final)
        assert (call.params["uri"], call.params["nc"]) == ("/there", "00000002")

    def test_a_response_without_a_request_is_to_the_one_that_was_sent(self):
        call = Call(DigestAuth("user", "pass"))
        call.hand_in(challenge(SIMPLE, cookies=("a=b",)))
        assert call.params["uri"] == "/a?b=c"


class TestRequest:
    def test_another_authorization_is_replaced(self):
        call = ask(SIMPLE, headers=[("authorization", "Bearer x"), ("Authorization", "Basic y")])
        assert call.sent.headers.get_list("authorization") == [call.header]
        assert call.header.startswith("Digest ")

    def test_what_needs_content_that_is_not_there_goes_out_unasked_without(self):
        auth = DigestAuth("user", "pass")
        call = Call(auth, method="POST", content=CONTENT).receive(SIMPLE.replace('"auth"', '"auth-int"'))
        assert call.receive(status=200).is_over
        assert Call(auth, method="POST", content=iter([CONTENT])).header is None
        assert Call(auth).params["qop"] == "auth-int"

    @pytest.mark.parametrize(
        ("before", "set_cookies", "after"),
        [
            (None, ("a=1", "b=2; Path=/"), "a=1; b=2"),
            ("c=3", ("a=1",), "c=3; a=1"),
            ("a=0; c=3", ("a=1",), "c=3; a=1"),
            ("a=0", ("a=1; Domain=evil.example",), "a=0"),
            ("a=0", (), "a=0"),
            (None, (), None),
            (None, ("a=1; Path=/other",), None),
        ],
    )
    def test_the_cookies_of_the_challenge_go_with_the_answer(self, before, set_cookies, after):
        headers = {} if before is None else {"Cookie": before}
        call = Call(DigestAuth("user", "pass"), headers=headers).receive(SIMPLE, cookies=set_cookies)
        assert call.sent.headers.get("Cookie") == after


class TestAgainstHttpx:
    """Where httpx answers, it is the same answer."""

    @pytest.mark.parametrize(
        "header",
        [
            *(
                f'Digest realm="r, s", nonce="n", qop="auth", algorithm={name}'
                for name in ALGORITHMS
                if "512-256" not in name
            ),
            MUFASA.format("SHA-256"),
            'Digest realm="r", nonce="n"',
            'Digest realm="r",nonce="n",opaque="o",qop="auth"',
            'DIGEST realm="r", nonce="n", qop="auth-int,auth"',
            "digest realm=r, nonce=n, stale=false, unknown=x",
        ],
    )
    @pytest.mark.parametrize(
        "url", ["https://example.org", "https://example.org/%20%22?q=a b#f", "http://user:pass@example.org:80/\u00e4"]
    )
    def test_it_is_the_same_answer(self, header, url):
        ours, theirs = DigestAuth("user", "pass"), httpx.DigestAuth("user", "pass")
        ours._get_client_nonce = theirs._get_client_nonce = lambda nonce_count, nonce: b"%d" % nonce_count  # type: ignore[method-assign]
        for _ in range(3):
            asked = [
                Call(auth, url, library=library)
                for auth, library in ((ours, (Request, Response)), (theirs, (httpx.Request, httpx.Response)))
            ]
            # `-sess`: ours counts on with the client nonce of the first answer, by RFC 7616 3.4.2.
            if asked[0].header is None or "-sess" not in header:
                assert asked[0].header == asked[1].header
            if asked[0].header is None:
                answers = [call.receive(header).header for call in asked]
                assert answers[0] == answers[1]

    @pytest.mark.parametrize(
        "header",
        ['Digest realm="r", qop="auth"', 'Digest realm="r", nonce="n", qop="other"', 'Digest realm="r", qop="auth,au'],
    )
    def test_it_is_an_error_of_the_same_kind(self, header):
        with pytest.raises(httpx.ProtocolError):
            Call(httpx.DigestAuth("user", "pass"), library=(httpx.Request, httpx.Response)).receive(header)
        with pytest.raises(ProtocolError):
            ask(header)

    @pytest.mark.parametrize("headers", [["Basic realm=r"], []])
    def test_it_ends_alike(self, headers):
        assert Call(httpx.DigestAuth("user", "pass"), library=(httpx.Request, httpx.Response)).receive(*headers).is_over
        assert ask(*headers).is_over

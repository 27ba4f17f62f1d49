"""The grammar of WWW-Authenticate: what is read, what is passed over, and that nothing is raised."""

from __future__ import annotations

from time import perf_counter
from urllib.request import parse_http_list

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._policy.challenges import parse_challenges, parse_params, quote

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8).map(str.encode)
VALUES = st.binary(max_size=12).map(lambda raw: bytes(byte for byte in raw if byte == 9 or 32 <= byte != 127))
SCRAPS = st.sampled_from(
    [b'"', b"\\", b",", b"=", b" ", b"\t", b"Digest", b"a", b"realm", b"\x00", b"\xff", b"@", b"=="]
)


class TestReading:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ([b'Digest realm="a", nonce=b'], [(b"digest", {b"realm": b"a", b"nonce": b"b"})]),
            ([b"DIGEST REALM=a,NONCE=b"], [(b"digest", {b"realm": b"a", b"nonce": b"b"})]),
            ([b'Digest realm = "a" ,\tnonce\t=\tb'], [(b"digest", {b"realm": b"a", b"nonce": b"b"})]),
            ([b",, Digest ,, realm=a,,"], [(b"digest", {b"realm": b"a"})]),
            ([b'Digest realm="a, Basic b=c"'], [(b"digest", {b"realm": b"a, Basic b=c"})]),
            ([b'Digest realm="a \\"b\\" \\\\ c"'], [(b"digest", {b"realm": b'a "b" \\ c'})]),
            ([b'Digest realm=""'], [(b"digest", {b"realm": b""})]),
            ([b'Digest realm="caf\xc3\xa9"'], [(b"digest", {b"realm": b"caf\xc3\xa9"})]),
            ([b"Digest"], [(b"digest", {})]),
            ([b""], []),
            # RFC 9110 11.6.1
            (
                [b'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
                [
                    (b"basic", {b"realm": b"simple"}),
                    (b"newauth", {b"realm": b"apps", b"type": b"1", b"title": b'Login to "apps"'}),
                ],
            ),
            ([b"Negotiate, Digest realm=a"], [(b"negotiate", {}), (b"digest", {b"realm": b"a"})]),
            ([b"Negotiate abc/+, Digest realm=a"], [(b"negotiate", {}), (b"digest", {b"realm": b"a"})]),
            ([b"Basic realm=a", b"Digest realm=b"], [(b"basic", {b"realm": b"a"}), (b"digest", {b"realm": b"b"})]),
            # Not by the grammar, and sent all the same.
            ([b"Digest nonce=dGVzdA==, domain=/a:b"], [(b"digest", {b"nonce": b"dGVzdA==", b"domain": b"/a:b"})]),
            ([b'Digest realm="a" nonce="b"'], [(b"digest", {b"realm": b"a", b"nonce": b"b"})]),
        ],
    )
    def test_challenges_are_told_apart(self, lines, expected):
        assert parse_challenges(lines) == expected

    @pytest.mark.parametrize("rest", [b'qop="auth,au', b'x="a\x01b"', b"@", b'x="a\\\x00"'])
    def test_what_stood_before_something_broken_holds(self, rest):
        assert parse_challenges([b"Digest realm=a, " + rest, b"Basic realm=b"])[0] == (b"digest", {b"realm": b"a"})

    def test_a_value_has_no_control_character(self):
        assert parse_challenges([b'Digest realm="a\r\nX: y", nonce=b\x00c']) == [(b"digest", {})]

    @given(st.lists(st.tuples(WORDS, st.dictionaries(WORDS.map(bytes.lower), VALUES)), max_size=4))
    def test_what_is_written_is_read(self, challenges):
        texts = [
            b"%b %b" % (scheme, b", ".join(b"%b=%b" % (name, quote(value)) for name, value in params.items()))
            for scheme, params in challenges
        ]
        expected = [(scheme.lower(), params) for scheme, params in challenges]
        assert parse_challenges([b", ".join(texts)]) == expected
        assert parse_challenges(texts) == expected

    @given(st.dictionaries(WORDS.map(bytes.lower), VALUES))
    def test_parameters_alone(self, params):
        assert parse_params(b", ".join(b"%b=%b" % (name, quote(value)) for name, value in params.items())) == params

    @given(VALUES)
    def test_what_is_quoted_is_one_member_of_a_list(self, value):
        assert len(parse_http_list(f"{quote(value).decode('latin-1')},b")) == 2

    @given(st.lists(st.binary(), max_size=3) | st.lists(st.lists(SCRAPS, max_size=30).map(b"".join), max_size=3))
    def test_any_bytes_are_read_without_an_error(self, lines):
        for scheme, params in parse_challenges(lines):
            assert scheme
            assert all(byte >= 32 or byte == 9 for value in params.values() for byte in value)


@pytest.mark.parametrize(
    "scrap", [b"a ", b"a,", b'a="', b'a="\\', b'"\\', b" ", b",", b"a=", b"\\", b'a="b",', b'="\\",a', b"a\t", b"aa"]
)
def test_it_is_read_in_linear_time(scrap):
    def seconds(size: int) -> float:
        line = b"Digest " + scrap * (size // len(scrap))
        started = perf_counter()
        parse_challenges([line])
        return perf_counter() - started

    # Milliseconds; minutes if it were quadratic. So no machine is too slow for this bound.
    assert seconds(200_000) < 5

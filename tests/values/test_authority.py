import pytest

from arke._values.authority import decode_idna, dialled_host, normal_host, normal_port, split_authority
from arke._values.refusals import Refusal


@pytest.mark.parametrize(
    ("authority", "pieces"),
    [
        ("h", ("", "h", None)),
        ("h:80", ("", "h", "80")),
        ("h:", ("", "h", None)),
        ("u:p@h:80", ("u:p", "h", "80")),
        ("a@b@h", ("a@b", "h", None)),
        ("[::1]@h", ("[::1]", "h", None)),
        ("u@[::1]:80", ("u", "[::1]", "80")),
        ("[::1", ("", "[::1", None)),
        ("h:80:80", ("", "h", "80:80")),
        ("", ("", "", None)),
    ],
)
def test_an_authority_is_split_at_its_last_at_sign(authority, pieces):
    assert split_authority(authority) == pieces


@pytest.mark.parametrize("authority", ["[::1]80", "[::1]x", "[::1].example.com"])
def test_nothing_stands_between_a_bracket_and_the_port(authority):
    with pytest.raises(Refusal):
        split_authority(authority)


@pytest.mark.parametrize(
    ("port", "scheme", "number"),
    [
        (None, "http", None),
        ("", "http", None),
        ("80", "http", None),
        ("443", "https", None),
        ("80", "ws", None),
        ("443", "wss", None),
        ("21", "ftp", None),
        ("80", "https", 80),
        ("80", "", 80),
        ("0", "http", 0),
        ("65535", "http", 65535),
        ("000000080", "https", 80),
    ],
)
def test_a_port_is_a_number_and_the_default_one_is_none(port, scheme, number):
    assert normal_port(port, scheme) == number


@pytest.mark.parametrize("port", ["65536", "99999", "9" * 5000, "000065536"])
def test_a_port_out_of_range_is_refused(port):
    with pytest.raises(Refusal, match="is not between 0 and 65535"):
        normal_port(port, "http")


@pytest.mark.parametrize("port", ["-1", "+80", " 80", "8_0", "80 ", "0x50", "８０", "80:80", "abc"])
def test_a_port_that_is_no_number_is_refused(port):
    with pytest.raises(Refusal, match="is not a number"):
        normal_port(port, "http")


@pytest.mark.parametrize(
    ("host", "normal"),
    [
        ("", ""),
        ("EXAMPLE.com", "example.com"),
        ("a_b-c.d", "a_b-c.d"),
        ("server1", "server1"),
        ("example.com.", "example.com."),
        ("1.2.3.4", "1.2.3.4"),
        ("255.255.255.255", "255.255.255.255"),
        ("127.1", "127.1"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("[::1]", "::1"),
        ("[2001:DB8::1]", "2001:DB8::1"),
        ("[::ffff:192.168.0.1]", "::ffff:192.168.0.1"),
        ("[fe80::1%25eth0]", "fe80::1%25eth0"),
        ("müller.de", "xn--mller-kva.de"),
        ("MÜLLER.de", "xn--mller-kva.de"),
        ("faß.de", "xn--fa-hia.de"),
        ("中国.icom.museum", "xn--fiqs8s.icom.museum"),
        ("1。2。3。4", "1.2.3.4"),
        ("{region}.example.com", "{region}.example.com"),
    ],
)
def test_a_host_has_one_spelling(host, normal):
    assert normal_host(host, "http") == normal


@pytest.mark.parametrize(
    "host",
    [
        *(f"good{each}evil" for each in " \t\n\x00\x7f#/:<>?@[\\]^|%"),
        "256.1.1.1",
        "1.2.3.04",
        "999。1.1.1",
        "[::1",
        "[]",
        "[:::]",
        "[1.2.3.4]",
        "[v1.x]",
        "[::1%eth0]",
        "[::1%25]",
        "[::1%25a%00]",
        "[::１]",
        "[::1]]",
        "☃.com",
        "a b.de€",
        "ü\\.evil.com",
        "é" * 300,
    ],
)
def test_a_host_that_could_be_read_otherwise_is_refused(host):
    with pytest.raises(Refusal):
        normal_host(host, "http")


def test_other_schemes_may_escape_what_is_in_their_hosts():
    assert normal_host("%2Frun%2Fdocker.sock", "http+unix") == "%2frun%2fdocker.sock"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("xn--mller-kva.de", "müller.de"),
        ("www.xn--fiqs8s.museum", "www.中国.museum"),
        ("xn--", "xn--"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("xn--a.xn--mller-kva.de", "xn--a.müller.de"),
    ],
)
def test_a_host_is_shown_as_people_write_it_where_that_is_valid(host, shown):
    assert decode_idna(host) == shown


def test_an_address_is_connected_to_in_one_spelling():
    assert dialled_host("2001:DB8:0:0::1") == "2001:db8::1"
    assert dialled_host("fe80::1%25eth0") == "fe80::1%eth0"
    assert dialled_host("example.com") == "example.com"

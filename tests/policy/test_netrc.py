"""Credentials from a netrc file: which file, which host, and what is wrong with it."""

from __future__ import annotations

import copy
import netrc
import pickle
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.request import Request
from arke._message.response import Response
from arke._policy.netrc import NetRCAuth

FILE = """
machine example.org
login user
password pa:ss
machine login-only.example
login user
"""
SCRAPS = st.sampled_from(
    ["machine", "default", "login", "password", "account", "macdef", "#", '"', "\\", " ", "\n", "a", "b.c"]
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home, and no NETRC."""
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


def write(path, text: str = FILE) -> str:
    """Write a file that only its owner may read."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def credentials(auth, url: str, request_type=Request) -> str | None:
    """What is sent to a URL, and that nothing more is sent after a 401."""
    request = request_type("GET", url)
    steps = auth.auth_flow(request)
    assert next(steps) is request
    with pytest.raises(StopIteration):
        steps.send(Response(401, headers={"WWW-Authenticate": "Basic"}))
    header = request.headers.get("Authorization")
    return None if header is None else b64decode(header.removeprefix("Basic ")).decode()


class TestHost:
    def test_a_host_in_the_file_is_sent_its_credentials(self, home):
        assert credentials(NetRCAuth(write(home / "f")), "https://example.org/") == "user:pa:ss"

    @pytest.mark.parametrize(
        "url",
        [
            "https://www.example.org/",
            "https://badexample.org/",
            "https://example.org.evil.example/",
            "https://example.or/",
            "https://example.org@evil.example/",
            "https://example.org:x@evil.example/",
            "https://evil.example/example.org",
            "https://evil.example/#@example.org",
            "https://evil.example/?@example.org",
            "https://login-only.example/",
        ],
    )
    def test_another_host_is_sent_nothing(self, home, url):
        assert credentials(NetRCAuth(write(home / "f")), url) is None

    @pytest.mark.parametrize(
        "url", ["http://example.org/", "https://example.org:8443/", "https://EXAMPLE.org/", "https://a:b@example.org/"]
    )
    def test_scheme_port_case_and_userinfo_are_no_part_of_a_host(self, home, url):
        assert credentials(NetRCAuth(write(home / "f")), url) == "user:pa:ss"

    @pytest.mark.parametrize("name", ["b\u00fccher.example", "xn--bcher-kva.example", "B\u00dcCHER.example"])
    def test_an_international_host_is_found_as_either_is_written(self, home, name):
        auth = NetRCAuth(write(home / "f", f"machine {name} login u password p"))
        assert credentials(auth, "https://b\u00fccher.example/") == "u:p"

    def test_an_address_is_found(self, home):
        auth = NetRCAuth(write(home / "f", "machine ::1 login u password p\nmachine 127.0.0.1 login v password q"))
        assert credentials(auth, "http://[::1]:80/") == "u:p"
        assert credentials(auth, "http://127.0.0.1/") == "v:q"

    def test_the_default_is_for_all_others(self, home):
        auth = NetRCAuth(write(home / "f", FILE + "default login anyone password any"))
        assert credentials(auth, "https://other.example/") == "anyone:any"
        assert credentials(auth, "https://example.org/") == "user:pa:ss"
        assert credentials(auth, "https://login-only.example/") is None

    @pytest.mark.parametrize(
        "url",
        [
            "https://example.org/",
            "https://www.example.org/",
            "https://login-only.example/",
            "https://other.example:81/",
        ],
    )
    @pytest.mark.parametrize("default", ["", "default login anyone password any", "default login anyone"])
    def test_it_is_as_in_httpx(self, home, url, default):
        path = write(home / "f", FILE + default)
        assert credentials(NetRCAuth(path), url) == credentials(httpx.NetRCAuth(path), url, httpx.Request)


class TestFile:
    def test_it_is_read_once(self, home):
        path = write(home / "f")
        auth = NetRCAuth(path)
        Path(path).unlink()
        assert credentials(auth, "https://example.org/") == "user:pa:ss"

    @pytest.mark.parametrize("names", [[".netrc"], ["_netrc"], [".netrc", "_netrc"]])
    def test_without_a_path_it_is_the_users(self, home, names):
        for name in names:
            write(home / name, FILE.replace("pa:ss", name))
        assert credentials(NetRCAuth(), "https://example.org/") == f"user:{names[0]}"

    @pytest.mark.parametrize("path", ["{home}/own", "~/own"])
    def test_netrc_in_the_environment_comes_first(self, home, monkeypatch, path):
        write(home / ".netrc", "machine example.org login other password other")
        write(home / "own")
        monkeypatch.setenv("NETRC", path.format(home=home))
        assert credentials(NetRCAuth(), "https://example.org/") == "user:pa:ss"

    def test_a_path_given_comes_before_that(self, home, monkeypatch):
        monkeypatch.setenv("NETRC", write(home / "own", "machine example.org login other password other"))
        assert credentials(NetRCAuth(write(home / "f")), "https://example.org/") == "user:pa:ss"

    @pytest.mark.parametrize("path", [None, "missing", ""])
    def test_one_that_is_missing_is_named(self, home, monkeypatch, path):
        monkeypatch.chdir(home)
        with pytest.raises(FileNotFoundError) as caught:
            NetRCAuth(path)
        assert caught.value.filename == (str(home / ".netrc") if path is None else path)

    def test_one_that_the_environment_names_and_is_missing_is_no_reason_for_another(self, home, monkeypatch):
        write(home / ".netrc")
        monkeypatch.setenv("NETRC", str(home / "missing"))
        with pytest.raises(FileNotFoundError, match="missing"):
            NetRCAuth()

    @pytest.mark.skipif(sys.platform == "win32", reason="there are no such permissions")
    def test_the_users_own_must_be_nobody_elses_to_read(self, home):
        write(home / ".netrc")
        (home / ".netrc").chmod(0o644)
        with pytest.raises(netrc.NetrcParseError, match="permissive"):
            NetRCAuth()

    @pytest.mark.parametrize(
        "text",
        ["hunter2", "machine example.org hunter2", "machine example.org login u hunter2", "machine", "macdef hunter2"],
    )
    def test_one_that_is_malformed_is_named_and_not_shown(self, home, text):
        path = write(home / "f", f"\n{text}")
        with pytest.raises(netrc.NetrcParseError) as caught:
            NetRCAuth(path)
        assert caught.value.filename == path
        assert caught.value.lineno == 2
        assert "hunter2" not in str(caught.value)
        assert caught.value.__context__ is None

    def test_one_that_is_no_text_is_malformed(self, home, monkeypatch):
        def read(path):
            b"hunter2 \xff".decode("ascii")

        # In place of the original, which tries the encoding of the locale as well, and most of these read anything.
        monkeypatch.setattr("netrc.netrc", read)
        with pytest.raises(netrc.NetrcParseError) as caught:
            NetRCAuth(str(home / "f"))
        assert caught.value.__context__ is None

    def test_a_path_that_cannot_be_one_is_malformed(self):
        with pytest.raises(netrc.NetrcParseError):
            NetRCAuth("a\0b")

    def test_a_folder_is_an_os_error(self, home):
        with pytest.raises(OSError, match="Errno"):
            NetRCAuth(str(home))

    @given(st.lists(SCRAPS, max_size=30).map("".join) | st.text(max_size=30))
    def test_any_file_is_read_or_malformed(self, text):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="replace", suffix=".netrc") as file:
            file.write(text)
            file.flush()
            try:
                auth = NetRCAuth(file.name)
            except netrc.NetrcParseError:
                return
            credentials(auth, "https://example.org/")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda auth: pickle.loads(pickle.dumps(auth))])
def test_it_can_be_copied(home, copied):
    assert credentials(copied(NetRCAuth(write(home / "f"))), "https://example.org/") == "user:pa:ss"

"""What both clients share: merging settings into requests, the templates of headers, the clock, the log."""

from __future__ import annotations

import logging
import time

import pytest

import arke
from arke._values.headers import Fields


def seen(**options):
    """A client, and the requests that it sends."""
    requests = []

    def handler(request):
        requests.append(request)
        return arke.Response(200, extensions={"reason_phrase": b"Fine"})

    return arke.Client(transport=arke.MockTransport(handler), **options), requests


class TestURL:
    @pytest.mark.parametrize(
        ("base", "given", "expected"),
        [
            ("", "http://a.example/x", "http://a.example/x"),
            ("http://a.example", "/x", "http://a.example/x"),
            ("http://a.example", "x", "http://a.example/x"),
            ("http://a.example/api", "x", "http://a.example/api/x"),
            ("http://a.example/api", "/x", "http://a.example/api/x"),
            ("http://a.example/api/", "/x?y=1", "http://a.example/api/x?y=1"),
            ("http://a.example/api", "", "http://a.example/api/"),
            ("http://a.example/api", "http://b.example/", "http://b.example/"),
            ("http://user:secret@a.example/api", "x", "http://user:secret@a.example/api/x"),
        ],
    )
    def test_it_is_behind_the_base_url_when_relative(self, base, given, expected):
        client = arke.Client(base_url=base)
        assert str(client.build_request("GET", given).url) == expected
        assert str(client.build_request("GET", arke.URL(given)).url) == expected

    def test_the_base_url_gets_its_slash_when_it_is_set(self):
        client = arke.Client()
        assert client.base_url == ""
        client.base_url = "http://a.example/api"
        assert client.base_url == "http://a.example/api/"

    def test_a_relative_one_without_a_base_is_refused_when_sent(self):
        client, requests = seen()
        with arke.Client() as real, pytest.raises(arke.UnsupportedProtocol):
            real.get("/x")
        assert client.get("/x").url == "/x"  # a transport of the caller's may know what to do
        assert len(requests) == 1


class TestParams:
    @pytest.mark.parametrize(
        ("clients", "calls", "url", "expected"),
        [
            (None, None, "http://a/?x=1", "x=1"),
            (None, {"y": "2"}, "http://a/?x=1", "y=2"),
            ({"c": "1"}, None, "http://a/", "c=1"),
            ({"c": "1", "d": "2"}, {"c": "3"}, "http://a/", "c=3&d=2"),
            ({"c": "1"}, {}, "http://a/", "c=1"),
            (None, {}, "http://a/?x=1", ""),
        ],
    )
    def test_those_of_the_call_are_on_top_of_the_clients(self, clients, calls, url, expected):
        request = arke.Client(params=clients).build_request("GET", url, params=calls)
        assert request.url.query.decode() == expected

    def test_they_can_be_replaced(self):
        client = arke.Client(params={"a": "1"})
        client.params = {"b": "2"}
        assert client.build_request("GET", "http://a/").url.query == b"b=2"


class TestHeaders:
    def test_every_request_has_the_defaults_and_its_host_first(self):
        headers = arke.Client().build_request("GET", "http://a.example:81/").headers
        assert list(headers) == ["host", "accept", "accept-encoding", "connection", "user-agent"]
        assert headers["host"] == "a.example:81"

    def test_those_of_the_call_replace_the_clients_whatever_their_case(self):
        client = arke.Client(headers={"X-A": "client", "X-B": "client"})
        headers = client.build_request("GET", "http://a/", headers={"x-a": "call"}).headers
        assert headers.get_list("X-A") == ["call"]
        assert headers["X-B"] == "client"

    def test_a_change_in_place_holds_for_the_next_request_to_every_origin(self):
        client = arke.Client()
        for url in ("http://a/", "http://b/", "http://a/"):
            client.build_request("GET", url)
        client.headers["Authorization"] = "new"
        assert [client.build_request("GET", url).headers["Authorization"] for url in ("http://a/", "http://b/")] == [
            "new",
            "new",
        ]
        del client.headers["Authorization"]
        assert "Authorization" not in client.build_request("GET", "http://a/").headers

    def test_a_change_while_another_thread_builds_a_request_is_not_lost(self, monkeypatch):
        """Else that thread's old fields, an old token among them, would go out from then on."""
        client = arke.Client(headers={"X-Token": "old"})
        real = Fields.prepended

        def prepended(fields, extra):
            monkeypatch.setattr(Fields, "prepended", real)
            client.headers["X-Token"] = "new"
            client.build_request("GET", "http://b.example/")
            return real(fields, extra)

        monkeypatch.setattr(Fields, "prepended", prepended)
        client.build_request("GET", "http://a.example/")
        assert client.build_request("GET", "http://a.example/").headers["X-Token"] == "new"

    def test_each_origin_has_its_host(self):
        client = arke.Client()
        urls = ["http://a/", "https://a/", "http://a:81/", "https://a:443/", "http://[::1]:80/", "http://b/"] * 2
        hosts = [client.build_request("GET", url).headers["Host"] for url in urls]
        assert hosts == ["a", "a", "a:81", "a", "[::1]", "b"] * 2

    def test_a_host_of_the_callers_stays(self):
        client = arke.Client(headers={"Host": "given"})
        assert client.build_request("GET", "http://a/").headers.get_list("Host") == ["given"]
        request = arke.Client().build_request("GET", "http://a/", headers={"Host": "given"})
        assert request.headers.get_list("Host") == ["given"]

    def test_many_origins_do_not_take_ever_more_memory(self):
        client = arke.Client()
        for number in range(2000):
            client.build_request("GET", f"http://host{number}/")
        assert len(client._templates[1]) < 1000

    def test_a_change_of_one_request_does_not_reach_another(self):
        client = arke.Client()
        first, second = (client.build_request("GET", "http://a/") for _ in range(2))
        first.headers["X-Mine"] = "1"
        assert "X-Mine" not in second.headers
        assert "X-Mine" not in client.headers
        assert "X-Mine" not in client.build_request("GET", "http://a/").headers

    @pytest.mark.parametrize(("method", "length"), [("GET", None), ("DELETE", None), ("POST", "0"), ("PATCH", "0")])
    def test_no_content_is_announced_where_there_usually_is_some(self, method, length):
        assert arke.Client().build_request(method, "http://a/").headers.get("Content-Length") == length


class TestCookies:
    def test_those_of_the_call_are_on_top_of_the_clients_and_do_not_stay(self):
        client = arke.Client(cookies={"a": "1", "b": "2"})
        assert client.build_request("GET", "http://a/", cookies={"b": "3"}).headers["Cookie"] == "a=1; b=3"
        assert client.build_request("GET", "http://a/").headers["Cookie"] == "a=1; b=2"

    def test_a_cookie_header_of_the_callers_stays(self):
        client = arke.Client(cookies={"a": "1"})
        request = client.build_request("GET", "http://a/", headers={"Cookie": "mine=1"})
        assert request.headers.get_list("Cookie") == ["mine=1"]


class TestTimeout:
    def test_the_clients_holds_unless_the_call_has_its_own(self):
        client = arke.Client(timeout=3.0)
        phases = dict.fromkeys(("connect", "read", "write", "pool"), 3.0)
        assert client.build_request("GET", "http://a/").extensions == {"timeout": phases}
        none = client.build_request("GET", "http://a/", timeout=None).extensions["timeout"]
        assert none == dict.fromkeys(phases)
        one = client.build_request("GET", "http://a/", timeout=1).extensions["timeout"]
        assert one == dict.fromkeys(phases, 1)

    def test_extensions_are_kept_and_may_have_it(self):
        request = arke.Client().build_request("GET", "http://a/", extensions={"timeout": {"read": 9}, "x": 1})
        assert request.extensions == {"timeout": {"read": 9}, "x": 1}

    def test_a_request_that_was_built_elsewhere_gets_the_clients(self):
        client, requests = seen(timeout=3.0)
        client.send(arke.Request("GET", "http://a/"))
        assert requests[0].extensions["timeout"]["read"] == 3.0

    def test_the_clock_of_the_whole_call_starts_anew_with_each_sending(self):
        client, requests = seen()
        request = client.build_request("GET", "http://a/", timeout=arke.Timeout(1.0, total=50.0))
        for _ in range(2):
            before = time.monotonic()
            client.send(request)
            assert before + 50 <= requests[-1].extensions["deadline"] <= time.monotonic() + 50

    def test_the_deadline_of_one_sending_does_not_hold_for_another_without(self):
        client, requests = seen()
        request = client.build_request("GET", "http://a/", timeout=arke.Timeout(1.0, total=50.0))
        client.send(request)
        request.extensions = {**request.extensions, "timeout": arke.Timeout(1.0).as_dict()}
        client.send(request)
        assert "deadline" not in requests[-1].extensions

    def test_the_callers_extensions_are_not_changed(self):
        client, _ = seen()
        extensions = {"timeout": {"total": 5.0}}
        client.get("http://a/", extensions=extensions)
        assert extensions == {"timeout": {"total": 5.0}}


class TestLog:
    def test_one_line_tells_of_each_response(self, caplog):
        client, _ = seen()
        with caplog.at_level(logging.INFO, logger="arke"):
            client.get("http://a.example/x?y=1")
        assert [record.getMessage() for record in caplog.records] == [
            'HTTP Request: GET http://a.example/x?y=1 "HTTP/1.1 200 Fine"'
        ]

    @pytest.mark.parametrize("userinfo", ["user:secret", "secret", ":secret", "secret:", "a%40secret:x"])
    def test_without_credentials(self, caplog, userinfo):
        client, _ = seen()
        with caplog.at_level(logging.DEBUG):
            client.get(f"http://{userinfo}@a.example/x")
        assert "secret" not in caplog.text
        assert "a.example/x" in caplog.text

    def test_and_not_at_all_unless_somebody_listens(self, caplog):
        client, _ = seen()
        with caplog.at_level(logging.WARNING):
            client.get("http://a.example/")
        assert caplog.records == []


class TestState:
    def test_a_client_is_unopened_then_opened_then_closed(self):
        client, _ = seen()
        assert not client.is_closed
        client.get("http://a/")
        assert not client.is_closed
        client.close()
        assert client.is_closed

    def test_a_request_that_began_before_the_end_does_not_open_a_closed_client(self):
        def handler(request):
            client.close()
            return arke.Response(200)

        client = arke.Client(transport=arke.MockTransport(handler))
        client.get("http://a/")
        assert client.is_closed
        with pytest.raises(RuntimeError, match="closed"):
            client.get("http://a/")

    def test_settings_are_copies(self):
        headers, params = {"X": "1"}, {"a": "1"}
        hooks: dict[str, list[object]] = {"request": []}
        client = arke.Client(headers=headers, params=params, event_hooks=hooks)
        headers["X"] = params["a"] = "2"
        hooks["request"].append(print)
        assert client.headers["X"] == "1"
        assert client.params["a"] == "1"
        assert client.event_hooks == {"request": [], "response": []}

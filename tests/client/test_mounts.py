"""Transports mounted for some URLs: which one answers, and that all are opened and closed with the client."""

from __future__ import annotations

import asyncio

import pytest
import trio

import arke
from support.scripted import ScriptedServer, reply
from support.wire import ok

PATTERNS = ("all://", "http://", "http://example.org", "all://*.example.org", "all://10.0.0.0/8", "all://*:8080")


def answering(name: str) -> arke.MockTransport:
    """A transport that answers with its name."""
    return arke.MockTransport(lambda request: arke.Response(200, text=name))


class Recorder(arke.BaseTransport, arke.AsyncBaseTransport):
    """A transport for both doors that writes down what is done to it, and fails where told to."""

    def __init__(self, name: str, log: list[tuple[str, str]], fails: str = "") -> None:
        self.name = name
        self.log = log
        self.fails = fails

    def record(self, event: str) -> None:
        self.log.append((event, self.name))
        if event == self.fails:
            raise LookupError(self.name)

    def __enter__(self):
        self.record("enter")
        return self

    def __exit__(self, exc_type=None, exc_value=None, traceback=None):
        self.record(f"exit {exc_type.__name__}" if exc_type else "exit")

    def close(self):
        self.record("close")

    async def __aenter__(self):
        return self.__enter__()

    async def __aexit__(self, exc_type=None, exc_value=None, traceback=None):
        self.__exit__(exc_type)

    async def aclose(self):
        self.close()


class Sync:
    """`Client`, as a test for both doors needs it."""

    make = arke.Client

    @staticmethod
    def get(client, url, **options):
        return client.get(url, **options)

    @staticmethod
    def close(client):
        client.close()

    @staticmethod
    def get_all(client, urls):
        with client:
            return [client.get(url).text for url in urls]

    @staticmethod
    def enter(client, body):
        with client:
            body()


class Async:
    """`AsyncClient`, the same; `run` is asyncio's or trio's."""

    make = arke.AsyncClient

    def __init__(self, run):
        self.run = run

    def get(self, client, url, **options):
        async def main():
            return await client.get(url, **options)

        return self.run(main)

    def get_all(self, client, urls):
        async def main():
            async with client:
                return [(await client.get(url)).text for url in urls]

        return self.run(main)

    def close(self, client):
        self.run(client.aclose)

    def enter(self, client, body):
        async def main():
            async with client:
                body()

        self.run(main)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def door(request):
    """Each door; the asynchronous one in both worlds."""
    if request.param == "sync":
        return Sync()
    return Async(trio.run if request.param == "trio" else lambda main: asyncio.run(main()))


class TestChoice:
    @pytest.mark.parametrize(
        ("url", "pattern"),
        [
            ("https://example.com", "all://"),
            ("http://example.com", "http://"),
            ("http://example.org", "http://example.org"),
            ("https://example.org", "all://"),
            ("https://www.example.org", "all://*.example.org"),
            ("https://10.1.2.3", "all://10.0.0.0/8"),
            ("https://example.com:8080", "all://*:8080"),
            ("http://example.org:8080", "all://*:8080"),
        ],
    )
    def test_the_most_specific_pattern_answers(self, door, url, pattern):
        client = door.make(mounts={each: answering(each) for each in PATTERNS}, transport=answering("default"))
        assert door.get(client, url).text == pattern

    def test_without_a_match_the_client_s_own_answers(self, door):
        client = door.make(mounts={"https://": answering("mounted")}, transport=answering("default"))
        assert door.get(client, "http://example.org").text == "default"

    def test_none_is_the_client_s_own(self, door):
        mounts = {"all://": answering("mounted"), "all://example.org": None}
        client = door.make(mounts=mounts, transport=answering("default"))
        assert door.get(client, "http://example.org").text == "default"
        assert door.get(client, "http://example.com").text == "mounted"

    @pytest.mark.parametrize("mounts", [None, {}])
    def test_without_mounts_the_client_s_own_answers(self, door, mounts):
        assert door.get(door.make(mounts=mounts, transport=answering("default")), "http://x.org").text == "default"

    def test_each_step_of_a_redirect_chooses_anew(self, door):
        def redirect(request):
            return arke.Response(302, headers={"Location": "https://example.org/there"})

        client = door.make(
            mounts={"http://": arke.MockTransport(redirect), "https://": answering("there")},
            transport=answering("default"),
            follow_redirects=True,
        )
        response = door.get(client, "http://example.org")
        assert (response.text, response.url) == ("there", "https://example.org/there")

    def test_a_base_url_is_merged_before(self, door):
        client = door.make(mounts={"all://example.org": answering("mounted")}, base_url="https://example.org/api")
        assert door.get(client, "users").text == "mounted"
        door.close(client)

    def test_a_mounted_transport_of_ours_reaches_its_server(self, door):
        transport = arke.HTTPTransport() if door.make is arke.Client else arke.AsyncHTTPTransport()
        with ScriptedServer([[reply(ok(b"over the wire"))]]) as server:
            client = door.make(mounts={server.url: transport}, transport=answering("default"))
            urls = (server.url, "http://example.org")
            texts = door.get_all(client, urls)
        assert texts == ["over the wire", "default"]


class TestSeams:
    """What tools that wrap a client's transports look at."""

    def test_mounts_are_in_order_by_pattern(self):
        mounts = {pattern: answering(pattern) for pattern in PATTERNS}
        client = arke.Client(mounts=mounts)
        assert [pattern.pattern for pattern in client._mounts] == [
            *("all://*:8080", "all://*.example.org", "http://example.org", "all://10.0.0.0/8", "http://", "all://"),
        ]
        assert {pattern.pattern: transport for pattern, transport in client._mounts.items()} == mounts
        assert arke.Client()._mounts == {}

    @pytest.mark.parametrize("make", [arke.Client, arke.AsyncClient])
    def test_the_transport_for_a_url(self, make):
        mounted, default = answering("mounted"), answering("default")
        client = make(mounts={"https://": mounted, "https://example.org": None}, transport=default)
        found = [
            client._transport_for_url(arke.URL(url)) for url in ("https://x.org", "https://example.org", "http://x")
        ]
        assert found == [mounted, default, default]

    def test_a_transport_that_is_replaced_later_answers(self):
        client = arke.Client(mounts={"http://": answering("before")}, transport=answering("default"))
        client._mounts[next(iter(client._mounts))] = answering("after")
        assert client.get("http://example.org").text == "after"


class TestRefusals:
    @pytest.mark.parametrize("make", [arke.Client, arke.AsyncClient])
    def test_a_pattern_is_checked_when_the_client_is_made(self, make):
        with pytest.raises(ValueError, match="is no URL"):
            make(mounts={"http": answering("x")})
        with pytest.raises(arke.InvalidURL):
            make(mounts={"http://example.org:x": answering("x")})
        with pytest.raises(arke.InvalidURL, match="network"):
            make(mounts={"all://10.0.0.0/33": answering("x")})
        with pytest.raises(TypeError, match="must be a str"):
            make(mounts={b"http://": answering("x")})


class TestLifetime:
    @pytest.fixture
    def log(self):
        return []

    def make(self, door, log, **fails):
        """A client with its own transport, one mounted twice, and one more."""
        own, twice, once = (Recorder(name, log, fails.get(name, "")) for name in ("own", "twice", "once"))
        mounts = {"http://": twice, "https://": twice, "all://": once, "all://example.org": None}
        return door.make(transport=own, mounts=mounts)

    def test_all_are_entered_and_left_once_with_the_client(self, door, log):
        door.enter(self.make(door, log), lambda: log.append(("body", "")))
        # In the order of the patterns: "https://" is longer than "http://", and both than "all://".
        names = ["own", "twice", "once"]
        assert log == [*(("enter", name) for name in names), ("body", ""), *(("exit", name) for name in names)]

    def test_all_are_told_of_an_error(self, door, log):
        def fail():
            raise KeyError("body")

        with pytest.raises(KeyError, match="body"):
            door.enter(self.make(door, log), fail)
        assert {event for event, _ in log[3:]} == {"exit KeyError"}
        assert len(log) == 6

    def test_all_are_closed_once(self, door, log):
        client = self.make(door, log)
        door.close(client)
        door.close(client)
        assert sorted(log) == [("close", "once"), ("close", "own"), ("close", "twice")]

    @pytest.mark.parametrize("name", ["own", "twice", "once"])
    def test_one_that_fails_to_close_keeps_none_open(self, door, log, name):
        client = self.make(door, log, **{name: "close"})
        with pytest.raises(LookupError, match=name):
            door.close(client)
        assert sorted(log) == [("close", "once"), ("close", "own"), ("close", "twice")]
        assert client.is_closed

    @pytest.mark.parametrize("name", ["own", "twice", "once"])
    def test_one_that_fails_to_leave_keeps_none_open(self, door, log, name):
        with pytest.raises(LookupError, match=name):
            door.enter(self.make(door, log, **{name: "exit"}), lambda: None)
        assert sorted(log[3:]) == [("exit", "once"), ("exit", "own"), ("exit", "twice")]

    @pytest.mark.parametrize("name", ["own", "twice", "once"])
    def test_one_that_fails_to_enter_closes_all(self, door, log, name):
        client = self.make(door, log, **{name: "enter"})
        with pytest.raises(LookupError, match=name):
            door.enter(client, lambda: log.append(("body", "")))
        assert ("body", "") not in log
        assert sorted(each for each in log if each[0] == "close") == [
            *(("close", "once"), ("close", "own"), ("close", "twice")),
        ]
        assert client.is_closed

    def test_a_cancelled_close_closes_the_others(self, log):
        class Waiting(Recorder):
            async def aclose(self):
                self.close()
                await trio.sleep_forever()

        client = arke.AsyncClient(transport=Waiting("own", log), mounts={"all://": Recorder("mounted", log)})

        async def main():
            with trio.move_on_after(0):
                await client.aclose()

        trio.run(main)
        assert log == [("close", "own"), ("close", "mounted")]

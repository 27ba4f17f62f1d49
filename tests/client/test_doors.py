"""Both doors, held to the same: hooks, authentication, closing, overriding, and whatever a transport may return."""

from __future__ import annotations

import contextlib

import pytest

import arke
from arke._client.base import BaseClient


class Tracked(arke.SyncByteStream, arke.AsyncByteStream):
    """Content that knows whether it was closed."""

    def __init__(self, pieces=(b"content",), error=None):
        self.pieces = pieces
        self.error = error
        self.closed = 0

    def __iter__(self):
        yield from self.pieces
        if self.error:
            raise self.error

    async def __aiter__(self):
        for piece in self:
            yield piece

    def close(self):
        self.closed += 1

    async def aclose(self):
        self.closed += 1


class Server:
    """Answers by a function, or with 200 and tracked content; remembers both sides."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.deadlines = []
        self.streams = []
        self.transport = arke.MockTransport(self.handle)

    def handle(self, request):
        self.requests.append(request)
        self.deadlines.append(request.extensions.get("deadline"))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, arke.Response):
            self.streams.append(answer.stream)
            return answer
        status, headers = (answer, {}) if isinstance(answer, int) else answer
        self.streams.append(Tracked())
        return arke.Response(status, headers=headers, stream=self.streams[-1])

    @property
    def open_streams(self):
        return [each for each in self.streams if not each.closed]


class HookError(Exception):
    """What a hook, or a scheme of authentication, raises."""


def hook_of(world, function):
    """The function as a hook: a coroutine function in an async world."""
    if not world.is_async:
        return function

    async def hook(message):
        function(message)

    return hook


class TestHooks:
    async def test_they_see_each_request_and_each_response(self, world):
        server = Server((302, {"Location": "/next"}))
        calls: list[object] = []
        hooks = {
            "request": [hook_of(world, lambda request: calls.append(request.url.path))],
            "response": [hook_of(world, lambda response: calls.append(response.status_code))],
        }
        async with world.open(transport=server.transport, event_hooks=hooks, follow_redirects=True) as door:
            await door.get("http://a/first")
        assert calls == ["/first", 302, "/next", 200]

    async def test_they_can_be_added_later(self, world):
        server = Server()
        calls: list[object] = []
        async with world.open(transport=server.transport) as door:
            door.client.event_hooks["request"].append(hook_of(world, calls.append))
            await door.get("http://a/")
        assert calls == server.requests

    async def test_plain_functions_serve_everywhere(self, world):
        server = Server()
        calls: list[object] = []
        async with world.open(transport=server.transport, event_hooks={"request": [calls.append]}) as door:
            await door.get("http://a/")
        assert calls == server.requests

    async def test_a_request_may_be_changed(self, world):
        def sign(request):
            request.headers["X-Signed"] = "yes"

        server = Server()
        async with world.open(transport=server.transport, event_hooks={"request": [hook_of(world, sign)]}) as door:
            await door.get("http://a/")
        assert server.requests[0].headers["X-Signed"] == "yes"

    @pytest.mark.parametrize("stream", [False, True])
    async def test_an_error_of_one_closes_the_response(self, world, stream):
        def complain(response):
            raise HookError

        server = Server()
        async with world.open(transport=server.transport, event_hooks={"response": [hook_of(world, complain)]}) as door:
            with pytest.raises(HookError):
                await door.send(door.client.build_request("GET", "http://a/"), stream=stream)
        assert server.open_streams == []

    async def test_raise_for_status_in_one_has_the_request_and_leaves_nothing_open(self, world):
        server = Server((500, {}))
        hooks = {"response": [hook_of(world, lambda response: response.raise_for_status())]}
        async with world.open(transport=server.transport, event_hooks=hooks) as door:
            with pytest.raises(arke.HTTPStatusError) as caught:
                await door.get("http://a/")
        assert caught.value.response.status_code == 500
        assert server.open_streams == []

    async def test_an_error_before_the_request_sends_nothing(self, world):
        def complain(request):
            raise HookError

        server = Server()
        async with world.open(transport=server.transport, event_hooks={"request": [hook_of(world, complain)]}) as door:
            with pytest.raises(HookError):
                await door.get("http://a/")
        assert server.requests == []


class Recording(arke.Auth):
    """Sends as often as it is told; notes when it is over."""

    def __init__(self, times=1, error_at=None):
        self.times = times
        self.error_at = error_at
        self.log = []

    def auth_flow(self, request):
        try:
            for number in range(self.times):
                if number == self.error_at:
                    raise HookError
                response = yield request
                self.log.append(response.status_code)
        finally:
            self.log.append("closed")


class TestAuth:
    async def test_each_step_is_sent_and_is_in_the_history(self, world):
        server, auth = Server((401, {}), (402, {})), Recording(3)
        async with world.open(transport=server.transport) as door:
            response = await door.get("http://a/", auth=auth)
        assert auth.log == [401, 402, 200, "closed"]
        assert [each.status_code for each in response.history] == [401, 402]
        assert server.open_streams == []

    async def test_redirects_are_followed_within_a_step(self, world):
        server, auth = Server((302, {"Location": "/x"}), (401, {})), Recording(2)
        async with world.open(transport=server.transport, follow_redirects=True) as door:
            response = await door.get("http://a/", auth=auth)
        assert auth.log == [401, 200, "closed"]
        assert [each.status_code for each in response.history] == [302, 401]

    @pytest.mark.parametrize("error_at", [0, 1, 2])
    async def test_an_error_of_the_scheme_closes_the_response(self, world, error_at):
        server, auth = Server(), Recording(3, error_at)
        async with world.open(transport=server.transport) as door:
            with pytest.raises(HookError):
                await door.get("http://a/", auth=auth)
        assert len(server.requests) == error_at
        assert server.open_streams == []

    @pytest.mark.parametrize("number", [0, 1])
    async def test_an_error_of_the_transport_ends_the_scheme_at_once(self, world, number):
        server, auth = Server(*[401] * number, arke.ReadError("no")), Recording(3)
        async with world.open(transport=server.transport) as door:
            # Looked at while the error, and with it the frames that it went through, still lives.
            with pytest.raises(arke.ReadError) as caught:
                await door.get("http://a/", auth=auth)
            assert auth.log == [*[401] * number, "closed"]
        assert caught.value.request.url == "http://a/"
        assert server.open_streams == []

    async def test_a_request_that_the_scheme_makes_is_under_the_limits_of_the_call(self, world):
        class Token(arke.Auth):
            def auth_flow(self, request):
                yield token_request
                yield request

        token_request = arke.Request("POST", "http://a/token")
        server = Server()
        async with world.open(transport=server.transport, timeout=arke.Timeout(3.0, total=50.0)) as door:
            for _ in range(2):
                await door.get("http://a/", auth=Token())
        first, second, third, fourth = server.deadlines
        assert first == second < third == fourth
        assert token_request.extensions["timeout"]["read"] == 3.0

    async def test_a_limit_of_its_own_making_stays(self, world):
        class Token(arke.Auth):
            def auth_flow(self, request):
                yield arke.Request("POST", "http://a/token", extensions={"timeout": {"read": 1.0}})
                yield request

        server = Server()
        async with world.open(transport=server.transport, timeout=3.0) as door:
            await door.get("http://a/", auth=Token())
        assert [each.extensions["timeout"]["read"] for each in server.requests] == [1.0, 3.0]

    async def test_a_scheme_may_need_the_content(self, world):
        class Signing(arke.Auth):
            requires_request_body = True
            requires_response_body = True

            def auth_flow(self, request):
                request.headers["X-Length"] = str(len(request.content))
                response = yield request
                assert response.content == b"content"
                yield request

        server = Server()
        async with world.open(transport=server.transport) as door:
            await door.post("http://a/", content=world.body([b"ab", b"c"]), auth=Signing())
        assert [each.headers["X-Length"] for each in server.requests] == ["3", "3"]

    async def test_a_scheme_without_end_is_ended(self, world):
        server = Server()
        async with world.open(transport=server.transport, max_redirects=5) as door:
            with pytest.raises(arke.TooManyRedirects):
                await door.get("http://a/", auth=Recording(10**9))
        assert len(server.requests) == 6
        assert server.open_streams == []

    @pytest.mark.parametrize("auth", [("user", "secret"), (b"user", b"secret")])
    async def test_a_pair_is_basic_authentication(self, world, auth):
        server = Server()
        async with world.open(transport=server.transport, auth=auth) as door:
            await door.get("http://a/")
            await door.get("http://a/", auth=None)
        assert server.requests[0].headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
        assert "Authorization" not in server.requests[1].headers

    async def test_a_function_changes_the_request(self, world):
        def sign(request):
            request.headers["X-Signed"] = "yes"
            return request

        server = Server()
        async with world.open(transport=server.transport, auth=sign) as door:
            await door.get("http://a/")
        assert server.requests[0].headers["X-Signed"] == "yes"

    async def test_what_is_no_authentication_is_refused(self, world):
        async with world.open(transport=Server().transport) as door:
            with pytest.raises(TypeError):
                await door.get("http://a/", auth=5)


class TestResponses:
    async def test_a_response_is_read_and_closed(self, world):
        server = Server()
        async with world.open(transport=server.transport) as door:
            response = await door.get("http://a/")
        assert response.content == b"content"
        assert response.is_closed
        assert server.open_streams == []

    async def test_a_streamed_one_is_neither_until_the_end_of_the_block(self, world):
        server = Server()
        async with world.open(transport=server.transport) as door:
            async with door.stream("GET", "http://a/") as response:
                assert not response.is_closed
                with pytest.raises(arke.ResponseNotRead):
                    _ = response.content
                assert len(server.open_streams) == 1
            assert response.is_closed
        assert server.open_streams == []

    async def test_an_error_in_the_block_closes_it(self, world):
        server = Server()
        async with world.open(transport=server.transport) as door:
            with pytest.raises(HookError):
                async with door.stream("GET", "http://a/"):
                    raise HookError
        assert server.open_streams == []

    async def test_send_leaves_it_to_the_caller_to_close(self, world):
        server = Server()
        async with world.open(transport=server.transport) as door:
            response = await door.send(door.client.build_request("GET", "http://a/"), stream=True)
            assert len(server.open_streams) == 1
            await door.close(response)
        assert server.open_streams == []

    @pytest.mark.parametrize("error", [arke.ReadError("cut"), HookError(), OSError("theirs")], ids=repr)
    async def test_an_error_in_the_content_closes_it(self, world, error):
        stream = Tracked(error=error)
        server = Server(arke.Response(200, stream=stream))
        async with world.open(transport=server.transport) as door:
            with pytest.raises(type(error)) as caught:
                await door.get("http://a/")
        assert stream.closed
        if isinstance(error, arke.RequestError):
            assert caught.value.request.url == "http://a/"

    async def test_content_that_does_not_decode_closes_it(self, world):
        stream = Tracked([b"not gzip"])
        server = Server(arke.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream))
        async with world.open(transport=server.transport) as door:
            with pytest.raises(arke.DecodingError) as caught:
                await door.get("http://a/")
        assert stream.closed
        assert caught.value.request.url == "http://a/"

    async def test_the_content_of_a_redirect_may_break(self, world):
        stream = Tracked(error=arke.ReadError("cut"))
        server = Server(arke.Response(302, headers={"Location": "/x"}, stream=stream))
        async with world.open(transport=server.transport, follow_redirects=True) as door:
            assert (await door.get("http://a/")).status_code == 200
        assert stream.closed

    async def test_too_many_redirects_leave_nothing_open(self, world):
        server = Server(*[(302, {"Location": "/again"})] * 10)
        async with world.open(transport=server.transport, follow_redirects=True, max_redirects=3) as door:
            with pytest.raises(arke.TooManyRedirects):
                await door.get("http://a/")
        assert len(server.requests) == 4
        assert server.open_streams == []

    async def test_a_redirect_to_nowhere_leaves_nothing_open(self, world):
        server = Server((302, {"Location": "http://[/"}))
        async with world.open(transport=server.transport, follow_redirects=True) as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get("http://a/")
        assert server.open_streams == []

    async def test_a_stream_of_the_other_world_is_refused(self, world):
        class Sync(arke.SyncByteStream):
            def __iter__(self):
                yield b""

        class Async(arke.AsyncByteStream):
            async def __aiter__(self):
                yield b""

        server = Server(arke.Response(200, stream=Sync() if world.is_async else Async()))
        async with world.open(transport=server.transport) as door:
            with pytest.raises(TypeError, match="MockTransport"):
                await door.get("http://a/")

    async def test_content_of_the_other_world_is_not_sent(self, world):
        async def agenerate():
            yield b""

        content = iter([b""]) if world.is_async else agenerate()
        server = Server()
        async with world.open(transport=server.transport) as door:
            with pytest.raises(RuntimeError, match="Client"):
                await door.post("http://a/", content=content)
        assert server.requests == []
        if not world.is_async:
            with contextlib.suppress(StopIteration):
                content.aclose().send(None)


class TestState:
    async def test_a_closed_client_sends_nothing(self, world):
        server = Server()
        async with world.open(transport=server.transport) as door:
            client = door.client
        assert client.is_closed
        with pytest.raises(RuntimeError, match="closed"):
            await (client.get("http://a/") if world.is_async else door.get("http://a/"))
        assert server.requests == []

    async def test_it_is_opened_once(self, world):
        async with world.open(transport=Server().transport) as door:
            client = door.client
            with pytest.raises(RuntimeError, match="opened"):
                await enter(world, client)
        with pytest.raises(RuntimeError, match="closed"):
            await enter(world, client)

    async def test_the_transport_is_entered_and_left_with_it(self, world):
        calls = []

        class Transport(arke.MockTransport):
            def __enter__(self):
                calls.append("enter")
                return self

            async def __aenter__(self):
                calls.append("enter")
                return self

            def __exit__(self, *error):
                calls.append(error[0])

            async def __aexit__(self, *error):
                calls.append(error[0])

        with pytest.raises(HookError):
            async with world.open(transport=Transport(lambda request: arke.Response(200))):
                raise HookError
        assert calls == ["enter", HookError]


async def enter(world, client):
    if world.is_async:
        await client.__aenter__()
    else:
        client.__enter__()


class TestSubclasses:
    """What others override: `send`, `_send_single_request`, `_transport_for_url`."""

    async def test_send_sees_every_call(self, world):
        calls = []

        class Sync(arke.Client):
            def send(self, request, **options):
                calls.append((request.url.path, options.get("stream", False)))
                return super().send(request, **options)

        class Async(arke.AsyncClient):
            async def send(self, request, **options):
                calls.append((request.url.path, options.get("stream", False)))
                return await super().send(request, **options)

        server = Server()
        async with opened(world, Sync, Async, transport=server.transport) as door:
            await door.get("http://a/x")
            async with door.stream("GET", "http://a/y"):
                pass
        assert calls == [("/x", False), ("/y", True)]

    async def test_send_single_request_sees_every_request(self, world):
        calls = []

        class Sync(arke.Client):
            def _send_single_request(self, request):
                calls.append(request.url.path)
                return super()._send_single_request(request)

        class Async(arke.AsyncClient):
            async def _send_single_request(self, request):
                calls.append(request.url.path)
                return await super()._send_single_request(request)

        server = Server((302, {"Location": "/y"}))
        async with opened(world, Sync, Async, transport=server.transport, follow_redirects=True) as door:
            await door.get("http://a/x")
        assert calls == ["/x", "/y"]

    async def test_transport_for_url_chooses_for_every_request(self, world):
        other = Server()

        class Sync(arke.Client):
            def _transport_for_url(self, url):
                return other.transport if url.path == "/other" else super()._transport_for_url(url)

        class Async(arke.AsyncClient):
            def _transport_for_url(self, url):
                return other.transport if url.path == "/other" else super()._transport_for_url(url)

        server = Server((302, {"Location": "/other"}))
        async with opened(world, Sync, Async, transport=server.transport, follow_redirects=True) as door:
            await door.get("http://a/x")
        assert [each.url.path for each in server.requests] == ["/x"]
        assert [each.url.path for each in other.requests] == ["/other"]

    async def test_a_verb_may_be_called_by_another_name_and_with_more(self, world):
        class Mixin(BaseClient):
            def build_request(self, method, url, **options):
                options["headers"] = {"X-Added": "1", **(options.get("headers") or {})}
                return super().build_request(method, url, **options)

        class Sync(Mixin, arke.Client):
            pass

        class Async(Mixin, arke.AsyncClient):
            pass

        server = Server()
        async with opened(world, Sync, Async, transport=server.transport) as door:
            await door.put("http://a/x", json={})
        assert server.requests[0].headers["X-Added"] == "1"


@contextlib.asynccontextmanager
async def opened(world, sync, asynchronous, **options):
    """A door of the given class."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arke, "Client", sync)
        patch.setattr(arke, "AsyncClient", asynchronous)
        async with world.open(**options) as door:
            yield door

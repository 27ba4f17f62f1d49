"""Authentication: how a scheme is driven, and the schemes."""

from __future__ import annotations

import asyncio
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.request import Request
from arke._message.response import Response
from arke._policy.auth import Auth, BasicAuth, BearerAuth, FunctionAuth, build_auth
from arke._values.errors import LocalProtocolError, RequestNotRead, ResponseNotRead

URL_TEXT = "https://example.org/"


def post(*pieces: bytes) -> Request:
    """A request whose content is not at hand."""
    return Request("POST", URL_TEXT, content=iter(pieces))


def drive(auth: Auth, request: Request, *responses: Response) -> list[Request]:
    """Run the flow for blocking code over these responses; return what it sends."""
    steps = auth.sync_auth_flow(request)
    sent = [next(steps)]
    for response in responses:
        try:
            sent.append(steps.send(response))
        except StopIteration:
            break
    return sent


async def drive_async(auth: Auth, request: Request, *responses: Response) -> list[Request]:
    """Run the flow for asynchronous code over these responses; return what it sends."""
    steps = auth.async_auth_flow(request)
    sent = [await anext(steps)]
    for response in responses:
        try:
            sent.append(await steps.asend(response))
        except StopAsyncIteration:
            break
    return sent


class Challenged(Auth):
    """Answers each 401 until it has no answer left."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.seen: list[int] = []

    def auth_flow(self, request):
        response = yield request
        self.seen.append(response.status_code)
        while response.status_code == 401 and self.tokens:
            request.headers["X-Token"] = self.tokens.pop(0)
            response = yield request
            self.seen.append(response.status_code)


class ReadsContent(Auth):
    requires_request_body = True

    def auth_flow(self, request):
        request.headers["X-Size"] = str(len(request.content))
        yield request


class ReadsAnswers(Auth):
    requires_response_body = True

    def auth_flow(self, request):
        response = yield request
        request.headers["X-Token"] = response.text
        yield request


class TestFlow:
    def test_the_base_sends_the_request_as_it_is(self):
        request = Request("GET", URL_TEXT)
        before = request.headers.raw
        assert drive(Auth(), request, Response(401)) == [request]
        assert request.headers.raw == before

    @pytest.mark.parametrize("driver", [drive, lambda *args: asyncio.run(drive_async(*args))], ids=["sync", "async"])
    def test_goes_on_as_long_as_it_yields(self, driver):
        auth = Challenged("one", "two")
        sent = driver(auth, Request("GET", URL_TEXT), Response(401), Response(401), Response(200), Response(200))
        assert len(sent) == 3
        assert sent[-1].headers["X-Token"] == "two"
        assert auth.seen == [401, 401, 200]

    def test_reads_the_request_where_it_must(self):
        (sent,) = drive(ReadsContent(), post(b"ab", b"c"))
        assert sent.headers["X-Size"] == "3"
        assert sent.content == b"abc"

    def test_reads_the_request_where_it_must_asynchronously(self):
        async def content():
            yield b"abc"

        request = Request("POST", URL_TEXT, content=content())
        (sent,) = asyncio.run(drive_async(ReadsContent(), request))
        assert sent.headers["X-Size"] == "3"

    def test_leaves_the_request_unread_otherwise(self):
        (sent,) = drive(Auth(), post(b"abc"))
        with pytest.raises(RequestNotRead):
            _ = sent.content

    def test_reads_responses_where_it_must(self):
        answer = Response(401, content=iter([b"se", b"cret"]))
        sent = drive(ReadsAnswers(), Request("GET", URL_TEXT), answer)
        assert sent[-1].headers["X-Token"] == "secret"

    def test_reads_responses_where_it_must_asynchronously(self):
        async def content():
            yield b"secret"

        answer = Response(401, content=content())
        sent = asyncio.run(drive_async(ReadsAnswers(), Request("GET", URL_TEXT), answer))
        assert sent[-1].headers["X-Token"] == "secret"

    def test_leaves_responses_unread_otherwise(self):
        answer = Response(401, content=iter([b"secret"]))
        drive(Challenged("one"), Request("GET", URL_TEXT), answer)
        with pytest.raises(ResponseNotRead):
            _ = answer.content


class TestBasic:
    @pytest.mark.parametrize(
        ("username", "password", "header"),
        [
            # RFC 7617, 2 and 2.1
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test", "123\u00a3", "Basic dGVzdDoxMjPCow=="),
            (b"Aladdin", b"open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("", "", "Basic Og=="),
        ],
    )
    def test_sends_the_credentials_with_the_request(self, username, password, header):
        (sent,) = drive(BasicAuth(username, password), Request("GET", URL_TEXT), Response(401))
        assert sent.headers["Authorization"] == header

    def test_takes_the_place_of_another_authorization(self):
        request = Request("GET", URL_TEXT, headers={"authorization": "Bearer x"})
        (sent,) = drive(BasicAuth("a", "b"), request)
        assert sent.headers.get_list("Authorization") == ["Basic YTpi"]

    @given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_text_makes_a_header_that_says_it(self, username, password):
        (sent,) = drive(BasicAuth(username, password), Request("GET", URL_TEXT))
        scheme, _, token = sent.headers["Authorization"].partition(" ")
        assert scheme == "Basic"
        assert b64decode(token).decode() == f"{username}:{password}"

    @pytest.mark.parametrize("credentials", [("\ud800", "x"), ("x", "\udfff")])
    def test_text_that_cannot_be_encoded_is_refused_without_showing_it(self, credentials):
        with pytest.raises(LocalProtocolError) as caught:
            BasicAuth(*(f"secret{each}" for each in credentials))
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("credentials", [(None, "x"), ("x", 1)])
    def test_what_is_no_text_is_a_type_error(self, credentials):
        with pytest.raises(TypeError):
            BasicAuth(*credentials)


class TestBearer:
    @pytest.mark.parametrize("token", ["mF_9.B5f-4.1JqM", b"mF_9.B5f-4.1JqM", "abc+/==", "a:b|c"])
    def test_sends_the_token_with_the_request(self, token):
        request = Request("GET", URL_TEXT, headers={"authorization": "Basic x"})
        (sent,) = drive(BearerAuth(token), request, Response(401))
        text = token if isinstance(token, str) else token.decode()
        assert sent.headers.get_list("Authorization") == [f"Bearer {text}"]

    @pytest.mark.parametrize(
        "token",
        ["secret\n", "secret\r\nX-Other: 1", "\x00secret", "secret\x7f", " secret", "secret secret", "s\u00e9cret"],
    )
    def test_what_no_header_may_carry_is_refused_without_showing_it(self, token):
        with pytest.raises(LocalProtocolError, match="position") as caught:
            BearerAuth(token)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("token", ["", b"", "\ud800secret"])
    def test_what_is_no_token_is_refused(self, token):
        with pytest.raises(LocalProtocolError) as caught:
            BearerAuth(token)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("token", [None, 1, ["x"]])
    def test_what_is_no_text_is_a_type_error(self, token):
        with pytest.raises(TypeError):
            BearerAuth(token)


class TestFunction:
    def test_sends_what_the_function_makes(self):
        other = Request("GET", "https://example.org/other")
        assert drive(FunctionAuth(lambda request: other), Request("GET", URL_TEXT), Response(401)) == [other]


class TestChoice:
    def test_nothing_is_none(self):
        assert build_auth(None) is None

    def test_an_auth_is_itself(self):
        auth = Challenged()
        assert build_auth(auth) is auth

    def test_a_pair_is_basic(self):
        auth = build_auth(("Aladdin", "open sesame"))
        assert isinstance(auth, BasicAuth)
        (sent,) = drive(auth, Request("GET", URL_TEXT))
        assert sent.headers["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="

    def test_a_callable_is_a_function(self):
        assert isinstance(build_auth(lambda request: request), FunctionAuth)

    @pytest.mark.parametrize("auth", ["user:password", b"x", 1, ["user", "password"], {"user": "password"}, ("one",)])
    def test_anything_else_is_a_type_error(self, auth):
        with pytest.raises(TypeError):
            build_auth(auth)

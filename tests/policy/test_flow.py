"""What is sent, after which response, until there is a final one. The tests are the door: they answer by hand."""

from __future__ import annotations

import pytest

from arke._message.request import Request
from arke._message.response import Response
from arke._policy.auth import Auth
from arke._policy.flow import Redirects, flow
from arke._values.errors import RemoteProtocolError, StreamConsumed, TooManyRedirects

HERE = "https://example.org/"


def moved(to: str = "/next", status: int = 302) -> Response:
    return Response(status, headers={"Location": to})


def build(request: Request, response: Response) -> Request:
    """Make the next request, as a door does, but simpler."""
    return Request(request.method, request.url.join(response.headers["Location"]))


def start(request: Request, *, auth: Auth | None = None, limit: int = 20, follows: bool = True, build=build):
    """Begin a call; return the flow, and how it treats redirects."""
    redirects = Redirects(build, limit, follows=follows)
    auth_flow = None if auth is None else auth.sync_auth_flow(request)
    return flow(request, auth_flow, redirects), redirects


def finish(steps, response: Response) -> Response:
    """Hand in the final response; return what the flow makes of it."""
    with pytest.raises(StopIteration) as end:
        steps.send(response)
    return end.value.value


class Challenged(Auth):
    """Goes on after each 401; notes when it is over."""

    def __init__(self) -> None:
        self.seen: list[Response] = []
        self.is_over = False

    def auth_flow(self, request):
        try:
            response = yield request
            self.seen.append(response)
            while response.status_code == 401:
                request.headers["X-Attempt"] = str(len(self.seen))
                response = yield request
                self.seen.append(response)
        finally:
            self.is_over = True


class TestPlain:
    def test_one_request_one_response(self):
        request = Request("GET", HERE)
        steps, _ = start(request)
        assert next(steps) is request
        response = Response(200)
        assert finish(steps, response) is response
        assert response.history == []
        assert response.next_request is None

    @pytest.mark.parametrize("status", [300, 304, 305, 399, 201])
    def test_a_location_of_what_is_no_redirect_leads_nowhere(self, status):
        steps, _ = start(Request("GET", HERE))
        next(steps)
        response = moved(status=status)
        assert finish(steps, response) is response

    def test_a_redirect_without_a_location_is_final(self):
        steps, _ = start(Request("GET", HERE))
        next(steps)
        response = Response(302)
        assert finish(steps, response) is response


class TestRedirects:
    def test_are_followed_to_the_end(self):
        steps, _ = start(Request("GET", HERE))
        next(steps)
        first, second, last = moved("/1"), moved("/2"), Response(200)
        assert str(steps.send(first).url) == "https://example.org/1"
        assert str(steps.send(second).url) == "https://example.org/2"
        assert finish(steps, last) is last
        assert last.history == [first, second]
        assert second.history == [first]
        assert first.history == []

    def test_histories_do_not_share_a_list(self):
        steps, redirects = start(Request("GET", HERE))
        next(steps)
        first = moved()
        steps.send(first)
        last = finish(steps, Response(200))
        last.history.append(last)
        assert redirects.history == [first]

    def test_as_many_as_allowed(self):
        steps, _ = start(Request("GET", HERE), limit=2)
        next(steps)
        steps.send(moved("/1"))
        steps.send(moved("/2"))
        assert finish(steps, Response(200)).status_code == 200

    def test_more_than_allowed(self):
        steps, _ = start(Request("GET", HERE), limit=2)
        next(steps)
        steps.send(moved("/1"))
        steps.send(moved("/2"))
        with pytest.raises(TooManyRedirects, match=r"more than 2 redirects \(max_redirects\)") as caught:
            steps.send(moved("/3"))
        assert caught.value.request.url.path == "/3"

    def test_none_allowed(self):
        steps, _ = start(Request("GET", HERE), limit=0)
        assert next(steps).url == HERE
        with pytest.raises(TooManyRedirects):
            steps.send(moved())

    @pytest.mark.parametrize("exc", [RemoteProtocolError("no URL"), StreamConsumed()])
    def test_what_is_wrong_with_one_is_raised(self, exc):
        def fail(request, response):
            raise exc

        steps, _ = start(Request("GET", HERE), build=fail)
        next(steps)
        with pytest.raises(type(exc)):
            steps.send(moved())


class TestUnfollowed:
    def test_the_redirect_is_final_and_says_what_would_follow(self):
        steps, _ = start(Request("GET", HERE), follows=False)
        next(steps)
        response = moved()
        assert finish(steps, response) is response
        assert str(response.next_request.url) == "https://example.org/next"
        assert response.history == []

    @pytest.mark.parametrize("exc", [RemoteProtocolError("no URL"), StreamConsumed(), ValueError()])
    def test_what_is_wrong_with_it_does_no_harm(self, exc):
        def fail(request, response):
            raise exc

        steps, _ = start(Request("GET", HERE), follows=False, build=fail)
        next(steps)
        assert finish(steps, moved()).next_request is None

    def test_a_limit_does_not_matter(self):
        steps, _ = start(Request("GET", HERE), follows=False, limit=0)
        next(steps)
        assert finish(steps, moved()).status_code == 302


class TestAuthentication:
    def test_sees_the_response_and_may_let_it_be(self):
        auth = Challenged()
        steps, _ = start(Request("GET", HERE), auth=auth)
        next(steps)
        response = Response(200)
        assert finish(steps, response) is response
        assert auth.seen == [response]
        assert auth.is_over

    def test_may_go_on(self):
        auth = Challenged()
        steps, _ = start(Request("GET", HERE), auth=auth)
        next(steps)
        challenge, last = Response(401), Response(200)
        assert steps.send(challenge).headers["X-Attempt"] == "1"
        assert finish(steps, last) is last
        assert last.history == [challenge]

    def test_sees_where_redirects_end_and_not_the_redirects(self):
        auth = Challenged()
        steps, _ = start(Request("GET", HERE), auth=auth)
        next(steps)
        first, challenge, second, last = moved("/1"), Response(401), moved("/2"), Response(200)
        steps.send(first)
        again = steps.send(challenge)
        assert str(again.url) == HERE
        steps.send(second)
        assert finish(steps, last) is last
        assert auth.seen == [challenge, last]
        assert last.history == [first, challenge, second]

    def test_that_never_ends_is_ended(self):
        steps, _ = start(Request("GET", HERE), auth=Challenged(), limit=3)
        next(steps)
        for _ in range(3):
            steps.send(Response(401))
        with pytest.raises(TooManyRedirects):
            steps.send(Response(401))

    def test_is_closed_with_the_flow(self):
        auth = Challenged()
        steps, _ = start(Request("GET", HERE), auth=auth)
        next(steps)
        assert not auth.is_over
        steps.close()
        assert auth.is_over

    def test_is_closed_when_a_redirect_goes_wrong(self):
        auth = Challenged()
        steps, _ = start(Request("GET", HERE), auth=auth, limit=0)
        next(steps)
        with pytest.raises(TooManyRedirects):
            steps.send(moved())
        assert auth.is_over

    def test_that_fails_is_raised(self):
        class Fails(Auth):
            def auth_flow(self, request):
                yield request
                raise KeyError("token")

        steps, _ = start(Request("GET", HERE), auth=Fails())
        next(steps)
        with pytest.raises(KeyError):
            steps.send(Response(200))

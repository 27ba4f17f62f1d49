from __future__ import annotations

import copy
import inspect
import pickle

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import arke
from arke._values import errors
from arke._values.errors import request_context

REQUEST_ERRORS = [
    "RequestError",
    "TransportError",
    "TimeoutException",
    "ConnectTimeout",
    "ReadTimeout",
    "WriteTimeout",
    "PoolTimeout",
    "NetworkError",
    "ConnectError",
    "ReadError",
    "WriteError",
    "CloseError",
    "ProtocolError",
    "LocalProtocolError",
    "RemoteProtocolError",
    "ProxyError",
    "UnsupportedProtocol",
    "DecodingError",
    "TooManyRedirects",
]
STREAM_ERRORS = ["StreamConsumed", "StreamClosed", "ResponseNotRead", "RequestNotRead"]
ALL = ["HTTPError", *REQUEST_ERRORS, "HTTPStatusError", "InvalidURL", "CookieConflict", "StreamError", *STREAM_ERRORS]

copies = pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        *(
            pytest.param(
                lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol)), id=f"pickle{protocol}"
            )
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
    ],
)


def make(name, module=arke):
    """One of each class, as its constructor wants it."""
    kind = getattr(module, name)
    if name in STREAM_ERRORS:
        return kind()
    if name == "HTTPStatusError":
        request = module.Request("GET", "http://a.test/")
        return kind("gone", request=request, response=module.Response(410, request=request))
    return kind("it broke")


def public_line(kind):
    """The names of a class and its bases, in order, without those that are private."""
    return [base.__name__ for base in kind.__mro__ if not base.__name__.startswith("_")]


class OddStatus(arke.HTTPStatusError, ValueError):
    """A subclass that takes other arguments than its base."""

    def __init__(self, response, *, code):
        super().__init__(f"refused with {code}", request=response.request, response=response)
        self.code = code


class OddTimeout(arke.ReadTimeout, TimeoutError):
    def __init__(self, seconds):
        super().__init__(f"waited {seconds} s", phase="read", limit="timeout.read")
        self.seconds = seconds


class Refused(arke.ConnectError, ConnectionRefusedError):
    def __init__(self, code, *, host):
        super().__init__(f"{host} refused")
        ConnectionRefusedError.__init__(self, code, f"{host} refused")
        self.host = host


class Made(arke.ConnectError):
    """One that is made by other arguments already."""

    def __new__(cls, *, host):
        return super().__new__(cls, host)

    def __init__(self, *, host):
        super().__init__(f"no way to {host}")


class BadLink(arke.InvalidURL):
    def __init__(self, *, link):
        super().__init__(f"{link} is no link")
        self.link = link


class TwoCookies(arke.CookieConflict):
    def __init__(self, *, name):
        super().__init__(f"two cookies {name}")


class NeverRead(arke.ResponseNotRead, LookupError):
    def __init__(self, name):
        super().__init__()
        self.name = name


class Silent(arke.ReadTimeout):
    """A subclass that forgets to call its base."""

    def __init__(self, code):
        self.code = code


class SilentStatus(arke.HTTPStatusError):
    def __init__(self):
        pass


@pytest.mark.parametrize("name", ALL)
def test_each_exception_has_the_bases_it_has_in_httpx(name):
    assert public_line(getattr(arke, name)) == public_line(getattr(httpx, name))


def test_no_exception_of_httpx_is_missing():
    names = {
        name for name in httpx.__all__ if inspect.isclass(kind := getattr(httpx, name)) and issubclass(kind, Exception)
    }
    assert names == set(ALL)
    assert names <= set(arke.__all__)


@pytest.mark.parametrize("name", ALL)
def test_constructors_take_what_those_of_httpx_take(name):
    ours = inspect.signature(getattr(arke, name)).parameters
    for theirs in inspect.signature(getattr(httpx, name)).parameters.values():
        assert ours[theirs.name].kind == theirs.kind
        assert ours[theirs.name].default == theirs.default
    extra = set(ours) - set(inspect.signature(getattr(httpx, name)).parameters)
    assert extra == ({"phase", "limit"} if name in REQUEST_ERRORS else set())


@pytest.mark.parametrize("name", ALL)
def test_what_httpx_refuses_to_construct_is_refused(name):
    for args in [(), ("a", "b")]:
        for module in (httpx, arke):
            if name in STREAM_ERRORS and not args:
                continue
            with pytest.raises(TypeError):
                getattr(module, name)(*args)


@pytest.mark.parametrize("name", ALL)
def test_the_message_is_the_only_argument_and_the_text(name):
    error = make(name)
    assert error.args == (str(error),)
    assert str(error).strip()


@pytest.mark.parametrize("name", STREAM_ERRORS)
def test_errors_of_streams_always_say_what_happened(name):
    assert "body" in str(make(name)) or "read()" in str(make(name))
    assert isinstance(make(name), RuntimeError)
    assert not isinstance(make(name), arke.HTTPError)


@pytest.mark.parametrize("name", ["HTTPError", *REQUEST_ERRORS])
def test_a_request_that_is_not_known_is_a_runtime_error(name):
    with pytest.raises(RuntimeError, match="no request"):
        _ = make(name).request
    with pytest.raises(RuntimeError):
        _ = make(name, httpx).request


@pytest.mark.parametrize("name", ["HTTPError", *REQUEST_ERRORS, "HTTPStatusError"])
def test_the_request_can_be_set(name):
    error, request = make(name), arke.Request("GET", "http://b.test/")
    error.request = request
    assert error.request is request


@pytest.mark.parametrize("name", REQUEST_ERRORS)
def test_facts_are_attributes(name):
    request = arke.Request("GET", "http://a.test/")
    error = getattr(arke, name)("it broke", request=request, phase="read", limit="timeout.read")
    assert (error.request, error.phase, error.limit) == (request, "read", "timeout.read")
    assert (make(name).phase, make(name).limit) == (None, None)


def test_facts_are_given_by_name_only():
    with pytest.raises(TypeError):
        arke.ReadTimeout(*["it broke", None])


def test_a_status_error_has_its_request_and_response():
    request = arke.Request("GET", "http://a.test/")
    response = arke.Response(500, request=request)
    error = arke.HTTPStatusError("it broke", request=request, response=response)
    assert error.request is request
    assert error.response is response


def test_a_status_error_without_a_request_says_so():
    error = arke.HTTPStatusError("it broke", request=None, response=None)
    with pytest.raises(RuntimeError, match="no request"):
        _ = error.request


@pytest.mark.parametrize("name", ALL)
@copies
def test_every_exception_can_be_copied(name, duplicate):
    error = make(name)
    error.free = ["anything"]
    error.add_note("seen in passing")
    twin = duplicate(error)
    assert type(twin) is type(error)
    assert twin is not error
    assert (twin.args, str(twin), twin.free, twin.__notes__) == (
        error.args,
        str(error),
        ["anything"],
        ["seen in passing"],
    )


@pytest.mark.parametrize("name", REQUEST_ERRORS)
@copies
def test_copies_know_the_facts(name, duplicate):
    request = arke.Request("POST", "http://a.test/", content=b"abc")
    twin = duplicate(getattr(arke, name)("it broke", request=request, phase="pool", limit="timeout.pool"))
    assert (twin.phase, twin.limit) == ("pool", "timeout.pool")
    assert (twin.request.method, twin.request.url) == ("POST", "http://a.test/")


@pytest.mark.parametrize("name", ["HTTPError", *REQUEST_ERRORS])
@copies
def test_copies_still_lack_the_request_that_was_not_known(name, duplicate):
    with pytest.raises(RuntimeError, match="no request"):
        _ = duplicate(make(name)).request


@copies
def test_a_copied_status_error_has_its_request_and_response(duplicate):
    response = arke.Response(
        404, headers={"X-A": "b"}, content=b"nothing", request=arke.Request("GET", "http://a.test/")
    )
    with pytest.raises(arke.HTTPStatusError) as caught:
        response.raise_for_status()
    twin = duplicate(caught.value)
    assert str(twin) == str(caught.value)
    assert (twin.request.method, twin.request.url) == ("GET", "http://a.test/")
    assert (twin.response.status_code, twin.response.content, twin.response.headers["x-a"]) == (404, b"nothing", "b")
    assert twin.response.request.url == "http://a.test/"


@copies
def test_subclasses_that_take_other_arguments_can_be_copied(duplicate):
    response = arke.Response(400, request=arke.Request("GET", "http://a.test/"))
    status, timeout = duplicate(OddStatus(response, code=7)), duplicate(OddTimeout(3))
    assert (str(status), status.code, status.response.status_code) == ("refused with 7", 7, 400)
    assert isinstance(status, ValueError)
    assert (str(timeout), timeout.seconds, timeout.phase, timeout.limit) == ("waited 3 s", 3, "read", "timeout.read")
    assert isinstance(timeout, TimeoutError)
    assert str(duplicate(Made(host="a.test"))) == "no way to a.test"
    assert (str(duplicate(BadLink(link="x"))), duplicate(BadLink(link="x")).link) == ("x is no link", "x")
    assert str(duplicate(TwoCookies(name="n"))) == "two cookies n"
    assert (str(duplicate(NeverRead("n"))), duplicate(NeverRead("n")).name) == (str(arke.ResponseNotRead()), "n")


@copies
def test_what_a_builtin_base_keeps_is_copied(duplicate):
    error = Refused(111, host="a.test")
    twin = duplicate(error)
    assert (twin.errno, twin.strerror, str(twin)) == (111, "a.test refused", str(error))
    assert twin.host == "a.test"


@pytest.mark.parametrize("name", ALL)
@copies
def test_an_exception_that_holds_itself_can_be_copied(name, duplicate):
    error = make(name)
    error.free = [error]
    twin = duplicate(error)
    assert twin.free[0] is (error if duplicate is copy.copy else twin)


def test_a_subclass_decides_what_of_it_is_restored():
    twin = pickle.loads(pickle.dumps(Counted("it broke")))
    assert (str(twin), twin.restored) == ("it broke", True)


class Counted(arke.ReadError):
    restored = False

    def __setstate__(self, state):
        super().__setstate__({**state, "restored": True})


@pytest.mark.parametrize("error", [Silent(7), SilentStatus()])
def test_a_subclass_that_does_not_call_its_base_has_no_facts(error):
    with pytest.raises(RuntimeError, match="no request"):
        _ = error.request
    error.request = arke.Request("GET", "http://a.test/")
    assert error.request.url == "http://a.test/"


def test_facts_of_a_subclass_that_does_not_call_its_base_are_unknown():
    assert (Silent(7).phase, Silent(7).limit, Silent(7).code) == (None, None, 7)


@pytest.mark.parametrize("other", [ValueError, LookupError, OSError, RuntimeError, ConnectionError, arke.StreamError])
@pytest.mark.parametrize("name", [name for name in ALL if name != "HTTPStatusError"])
def test_exceptions_can_have_a_second_base(name, other):
    if issubclass(getattr(arke, name), other):
        return
    kind = type("Both", (getattr(arke, name), other), {})
    error = kind() if name in STREAM_ERRORS else kind("it broke")
    assert isinstance(error, other)
    assert str(error) == str(make(name))


def test_request_context_attaches_the_request_and_keeps_the_error():
    request, error = arke.Request("GET", "http://a.test/"), arke.ReadError("it broke")
    with pytest.raises(arke.ReadError) as caught, request_context(request=request):
        raise error
    assert caught.value is error
    assert error.request is request


def test_request_context_replaces_the_request():
    first, second = arke.Request("GET", "http://a.test/"), arke.Request("GET", "http://b.test/")
    for new, known in [(second, second), (None, first)]:
        with pytest.raises(arke.ReadError) as caught, request_context(request=new):
            raise arke.ReadError("it broke", request=first)
        assert caught.value.request is known


@pytest.mark.parametrize("error", [ValueError("x"), arke.InvalidURL("x"), arke.StreamClosed(), arke.HTTPError("x")])
def test_request_context_leaves_other_errors_alone(error):
    with pytest.raises(type(error)) as caught, request_context(request=arke.Request("GET", "http://a.test/")):
        raise error
    assert caught.value is error
    assert vars(error).get("_request") is None


def test_request_context_lets_what_succeeds_be():
    with request_context() as nothing:
        assert nothing is None


@given(st.text(), st.text() | st.none(), st.text() | st.none())
def test_any_message_survives_pickling(message, phase, limit):
    twin = pickle.loads(pickle.dumps(arke.ReadTimeout(message, phase=phase, limit=limit)))
    assert (str(twin), twin.phase, twin.limit) == (message, phase, limit)


def test_the_tree_is_drawn_whole():
    for name in ALL:
        assert name in errors.__doc__

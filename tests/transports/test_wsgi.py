"""A WSGI application as a transport: what it is told, what the caller gets, and what it does wrong."""

from __future__ import annotations

import copy
import io
import pickle
import sys
import wsgiref.validate

import pytest

import arke


def client_of(app, **options):
    return arke.Client(transport=arke.WSGITransport(app, **options), base_url="http://testserver")


class Result:
    """A result that yields pieces, the exceptions among them raised, and counts how often it was closed."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.taken = 0
        self.closed = 0

    def __iter__(self):
        for each in self.pieces:
            self.taken += 1
            if isinstance(each, Exception):
                raise each
            yield each

    def close(self):
        self.closed += 1


def answering(result, status="200 OK", headers=(("Content-Type", "text/plain"),)):
    def app(environ, start_response):
        start_response(status, list(headers))
        return result

    return app


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


class Recorder:
    """An application that remembers what it was told."""

    def __init__(self):
        self.environ = {}

    def __call__(self, environ, start_response):
        self.environ = environ
        return hello(environ, start_response)


def environ_of(url, method="GET", *, options=None, **request):
    app = Recorder()
    with client_of(app, **(options or {})) as client:
        assert client.request(method, url, **request).content == b"hello"
    return app.environ


def test_the_environ_describes_the_request():
    environ = environ_of("https://Example.org:81/a%20b?q=%20x", options={"script_name": "/s", "remote_addr": "1.2.3.4"})
    told = {key: value for key, value in environ.items() if not key.startswith("HTTP_")}
    assert isinstance(told.pop("wsgi.input"), io.BytesIO)
    assert told == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/s",
        "PATH_INFO": "/a b",
        "QUERY_STRING": "q=%20x",
        "SERVER_NAME": "example.org",
        "SERVER_PORT": "81",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "1.2.3.4",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    assert environ["HTTP_HOST"] == "example.org:81"


@pytest.mark.parametrize(("url", "port"), [("http://a", "80"), ("https://a", "443"), ("http://[::1]:8/", "8")])
def test_the_port_is_that_of_the_scheme_or_the_url(url, port):
    assert environ_of(url)["SERVER_PORT"] == port


@pytest.mark.parametrize(("path", "info"), [("/é", b"/\xc3\xa9"), ("/%E9", b"/\xe9"), ("/a%2Fb", b"/a/b"), ("", b"/")])
def test_the_path_is_bytes_as_latin_1(path, info):
    assert environ_of(f"http://a{path}")["PATH_INFO"] == info.decode("latin-1")


def test_header_fields_are_variables():
    headers = [
        ("X-One", "1"),
        ("x-one", "2"),
        ("Cookie", "a=1"),
        ("Cookie", "b=2"),
        ("Content-Type", "text/x"),
        (b"X-Odd", b"\xe9"),
    ]
    environ = environ_of("http://a/", headers=headers)
    assert environ["HTTP_X_ONE"] == "1, 2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_TYPE"] == "text/x"
    assert environ["HTTP_X_ODD"] == "é"
    assert "HTTP_CONTENT_TYPE" not in environ


@pytest.mark.parametrize("pieces", [[], [b"abc"], [b"a", b"bc"]])
def test_content_comes_with_its_length(pieces):
    with client_of(echo) as client:
        assert client.post("/", content=b"".join(pieces)).content == b"".join(pieces)
        assert client.post("/", content=iter(pieces)).content == b"".join(pieces)


def test_chunked_content_is_read_by_a_framework():
    flask = pytest.importorskip("flask")
    app = flask.Flask("app")
    app.add_url_rule("/é", view_func=lambda: flask.request.get_data() + flask.request.path.encode(), methods=["POST"])
    with client_of(app) as client:
        response = client.post("/é", content=iter([b"one", b"two"]))
    assert response.content == b"onetwo/\xc3\xa9"


def test_errors_go_where_they_are_wanted():
    errors = io.StringIO()
    assert environ_of("http://a/", options={"wsgi_errors": errors})["wsgi.errors"] is errors


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_transport_keeps_to_the_specification(method):
    checked = wsgiref.validate.validator(hello)
    with client_of(checked) as client:
        assert client.request(method, "/a?b=c").status_code == 200


@pytest.mark.parametrize("url", ["http://a", "https://a/b?c=d", "http://a:80/?", "http://[::1]:8/%20"])
def test_the_environ_is_that_of_httpx(url):
    httpx = pytest.importorskip("httpx")
    environs = []
    for library in (httpx, arke):
        app = Recorder()
        request = library.Request("POST", url, headers=[("X-One", "1")], content=b"abc")
        library.WSGITransport(app, script_name="/r").handle_request(request).read()
        environs.append(app.environ)
    theirs, ours = environs
    assert theirs.pop("wsgi.input").getvalue() == ours.pop("wsgi.input").getvalue()
    assert ours.pop("wsgi.input_terminated") is True
    assert ours == theirs


def test_a_response_is_given():
    headers = [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Odd", "é")]
    with client_of(answering([b"not ", b"", b"found"], "404 NOWHERE", headers)) as client:
        response = client.get("/")
        assert (response.status_code, response.text) == (404, "not found")
        assert dict(client.cookies) == {"a": "1", "b": "2"}
        assert response.headers.raw[3] == (b"X-Odd", b"\xe9")


def test_the_result_is_iterated_as_it_is_read_and_closed():
    result = Result(b"", b"a", b"b", b"c")
    with client_of(answering(result)) as client:
        with client.stream("GET", "/") as response:
            assert result.taken == 2
            pieces = response.iter_raw()
            assert [next(pieces), next(pieces)] == [b"a", b"b"]
            assert (result.taken, result.closed) == (3, 0)
        assert result.closed == 1


def test_the_answer_to_head_has_no_content():
    result = Result(b"content")
    with client_of(answering(result)) as client:
        assert client.head("/").content == b""
    assert result.closed == 1


@pytest.mark.parametrize("pieces", [(), (b"",), (b"", b"")])
def test_there_may_be_no_content(pieces):
    result = Result(*pieces)
    with client_of(answering(result)) as client:
        assert client.get("/").content == b""
    assert result.closed == 1


def test_a_generator_may_start_the_response_late():
    def app(environ, start_response):
        yield b""
        start_response("201 Created", [])
        yield b"made"

    with client_of(app) as client:
        response = client.get("/")
    assert (response.status_code, response.content) == (201, b"made")


def test_what_is_written_comes_first():
    def app(environ, start_response):
        write = start_response("200 OK", [])
        write(b"one ")
        write(b"")

        def rest():
            yield b"two "
            write(b"three ")
            yield b"four"
            write(b" five")

        return rest()

    with client_of(app) as client:
        assert client.get("/").content == b"one two three four five"


def test_a_written_response_needs_no_result():
    def app(environ, start_response):
        start_response("200 OK", [])(b"written")
        return []

    with client_of(app) as client:
        assert client.get("/").content == b"written"


def explain(start_response, status="500 Oops"):
    try:
        raise ZeroDivisionError("mine")
    except ZeroDivisionError:
        start_response(status, [], sys.exc_info())


def test_an_exception_given_to_start_response_reaches_the_caller():
    result = Result(b"sorry")

    def app(environ, start_response):
        start_response("200 OK", [("X-A", "1")])
        explain(start_response)
        return result

    with client_of(app) as client, pytest.raises(ZeroDivisionError, match="mine"):
        client.get("/")
    assert result.closed == 1


def test_an_exception_given_to_start_response_may_be_kept_from_the_caller():
    def app(environ, start_response):
        start_response("200 OK", [("X-A", "1")])
        explain(start_response)
        return [b"sorry"]

    with client_of(app, raise_app_exceptions=False) as client:
        response = client.get("/")
    assert (response.status_code, response.content, response.headers.raw) == (500, b"sorry", [])


def test_no_exception_may_be_given_to_start_response():
    def app(environ, start_response):
        start_response("200 OK", [], exc_info=None)
        start_response("201 OK", [], (None, None, None))
        return [b"fine"]

    with client_of(app) as client:
        assert client.get("/").status_code == 201


@pytest.mark.parametrize("raises", [True, False])
def test_it_is_too_late_for_another_response_once_it_is_given(raises):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"one"
        explain(start_response)
        yield b"two"

    with client_of(app, raise_app_exceptions=raises) as client, pytest.raises(ZeroDivisionError, match="mine"):
        client.get("/")


@pytest.mark.parametrize("raises", [True, False])
def test_an_exception_that_leaves_the_application_reaches_the_caller(raises):
    def app(environ, start_response):
        raise ZeroDivisionError("mine")

    with client_of(app, raise_app_exceptions=raises) as client, pytest.raises(ZeroDivisionError, match="mine"):
        client.get("/")


@pytest.mark.parametrize("pieces", [(), (b"some",)])
def test_the_result_is_closed_when_it_fails(pieces):
    result = Result(*pieces, ZeroDivisionError("mine"))
    with client_of(answering(result)) as client:
        with pytest.raises(ZeroDivisionError, match="mine"):
            client.get("/")
        assert result.closed == 1


def start_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def write_text(environ, start_response):
    start_response("200 OK", [])("text")
    return []


MISTAKES = [
    pytest.param(lambda environ, start_response: [b"a"], "did not call start_response", id="no start"),
    pytest.param(start_twice, "start_response twice", id="start twice"),
    pytest.param(write_text, "wrote str, not bytes", id="text written"),
    pytest.param(answering(None), "returned NoneType, not an iterable", id="nothing"),
    pytest.param(answering(b"abc"), "yielded int, not bytes", id="bytes"),
    pytest.param(answering(["text"]), "yielded str, not bytes", id="text"),
    pytest.param(answering([b"a", "text"]), "yielded str, not bytes", id="text later"),
    pytest.param(answering([], status=200), "with status 200", id="status type"),
    pytest.param(answering([], status="OK"), "with status 'OK'", id="status text"),
    pytest.param(answering([], headers=[(b"a", b"b")]), "headers that are not pairs", id="header bytes"),
    pytest.param(answering([], headers=["abc"]), "headers that are not pairs", id="header shape"),
    pytest.param(answering([], headers=[("a", "\u20ac")]), "headers that are not pairs", id="header text"),
]


@pytest.mark.parametrize(("app", "message"), MISTAKES)
def test_a_mistake_of_the_application_is_said(app, message):
    expected = pytest.raises(arke.RemoteProtocolError, match=f"^the WSGI application .*{message}")
    with client_of(app) as client, expected as caught:
        client.get("/")
    assert caught.value.request.url == "http://testserver/"
    assert caught.value.phase == "read"


def test_the_result_of_a_wrong_start_is_closed():
    result = Result(b"a")
    with client_of(answering(result, status="what")) as client, pytest.raises(arke.RemoteProtocolError):
        client.get("/")
    assert result.closed == 1


def test_a_transport_can_be_copied_and_pickled():
    transport = arke.WSGITransport(hello, False, "/root", "1.2.3.4")
    transport.free = "attribute"
    for twin in (copy.deepcopy(transport), pickle.loads(pickle.dumps(transport))):
        assert vars(twin) == vars(transport)

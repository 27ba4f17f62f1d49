"""Responses that break the grammar are refused, and the connection with them."""

from __future__ import annotations

import pytest

import arke
from support.scripted import ScriptedServer, flood, reply, send
from support.wire import CHUNKED_HEAD, CONTINUE, ok

HEAD = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 2\r\n\r\nok"

MALFORMED = {
    # status lines
    "not HTTP": b"220 mail.example.org ESMTP\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>\r\n\r\n",
    "another protocol": b"HTCPCP/1.0 418 I'm a teapot\r\n" + END,
    "lower case": b"http/1.1 200 OK\r\n" + END,
    "a major version of its own": b"HTTP/3.0 200 OK\r\n" + END,
    "no minor version": b"HTTP/1 200 OK\r\n" + END,
    "two digits in the version": b"HTTP/1.10 200 OK\r\n" + END,
    "two digits in the status": b"HTTP/1.1 20 OK\r\n" + END,
    "four digits in the status": b"HTTP/1.1 2000 OK\r\n" + END,
    "a signed status": b"HTTP/1.1 +20 OK\r\n" + END,
    "a status with letters": b"HTTP/1.1 2OO OK\r\n" + END,
    "a status of 000": b"HTTP/1.1 000 OK\r\n" + END,
    "two spaces": b"HTTP/1.1  200 OK\r\n" + END,
    "a tab": b"HTTP/1.1\t200 OK\r\n" + END,
    "a space in front": b" HTTP/1.1 200 OK\r\n" + END,
    "an empty line in front": b"\r\n\r\nHTTP/1.1 200 OK\r\n" + END,
    "NUL in the reason": b"HTTP/1.1 200 O\x00K\r\n" + END,
    "CR in the reason": b"HTTP/1.1 200 O\rK\r\n" + END,
    "bare LF behind the status line": b"HTTP/1.1 200 OK\n" + END,
    # fields
    "no colon": HEAD + b"X-Nothing\r\n" + END,
    "a space before the colon": HEAD + b"X-Space : 1\r\n" + END,
    "a space in the name": HEAD + b"X Space: 1\r\n" + END,
    "no name": HEAD + b": 1\r\n" + END,
    "a name outside ASCII": HEAD + b"X-Caf\xc3\xa9: 1\r\n" + END,
    "a control character in the name": HEAD + b"X-\x01: 1\r\n" + END,
    "NUL in the value": HEAD + b"X-Nul: a\x00b\r\n" + END,
    "CR in the value": HEAD + b"X-Cr: a\rb\r\n" + END,
    "a control character in the value": HEAD + b"X-Ctl: a\x01b\r\n" + END,
    "bare LF behind a field": HEAD + b"X-One: 1\nX-Two: 2\r\n" + END,
    "bare LF that hides a length": HEAD + b"X-One: 1\nContent-Length: 40\r\n" + END,
    "fold at the first field": HEAD + b" X-One: 1\r\n" + END,
    # Content-Length
    "a signed length": HEAD + b"Content-Length: +2\r\n\r\nok",
    "a negative length": HEAD + b"Content-Length: -2\r\n\r\nok",
    "a length with letters": HEAD + b"Content-Length: 2a\r\n\r\nok",
    "a hexadecimal length": HEAD + b"Content-Length: 0x2\r\n\r\nok",
    "a length with an underscore": HEAD + b"Content-Length: 1_0\r\n\r\n0123456789",
    "a length in other digits": HEAD + b"Content-Length: \xd9\xa2\r\n\r\nok",
    "a fractional length": HEAD + b"Content-Length: 2.0\r\n\r\nok",
    "an empty length": HEAD + b"Content-Length: \r\n\r\nok",
    "an enormous length": HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\nok",
    # chunks
    "an empty chunk size": CHUNKED_HEAD + b"\r\nok\r\n0\r\n\r\n",
    "a signed chunk size": CHUNKED_HEAD + b"+2\r\nok\r\n0\r\n\r\n",
    "a prefixed chunk size": CHUNKED_HEAD + b"0x2\r\nok\r\n0\r\n\r\n",
    "a chunk size with an underscore": CHUNKED_HEAD + b"0_2\r\nok\r\n0\r\n\r\n",
    "a chunk size with a space in front": CHUNKED_HEAD + b" 2\r\nok\r\n0\r\n\r\n",
    "no hexadecimal chunk size": CHUNKED_HEAD + b"2g\r\nok\r\n0\r\n\r\n",
    "an enormous chunk size": CHUNKED_HEAD + b"f" * 40 + b"\r\nok\r\n0\r\n\r\n",
    "bare LF behind a chunk size": CHUNKED_HEAD + b"2\nok\r\n0\r\n\r\n",
    "bare LF behind a chunk": CHUNKED_HEAD + b"2\r\nok\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED_HEAD + b"2\r\nokay\r\n0\r\n\r\n",
    "bare LF in a chunk extension": CHUNKED_HEAD + b"2;a\nb\r\nok\r\n0\r\n\r\n",
    "CR in a chunk extension": CHUNKED_HEAD + b"2;a\rb\r\nok\r\n0\r\n\r\n",
    "a malformed trailer": CHUNKED_HEAD + b"2\r\nok\r\n0\r\nno colon\r\n\r\n",
    # 1xx
    "101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + ok(b"x"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_response_is_refused_and_the_next_request_is_clean(world, name):
    with ScriptedServer([[reply(MALFORMED[name])], [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"
    assert len(server.connections) == 2


async def test_a_malformed_response_over_tls_is_refused(world, origin):
    with origin.server([[reply(MALFORMED["no colon"])], [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"


MEBIBYTE = 1024 * 1024
FILLER = b"x" * 8192

# What stands at the front, and what follows without end.
ENDLESS = {
    "a status line": (b"HTTP/1.1 200 ", FILLER),
    "no line at all": (b"HTTP/1.", FILLER),
    "a field": (HEAD + b"X-Long: ", FILLER),
    "a field name": (HEAD + b"X-", FILLER),
    "fields": (HEAD, b"X-Field: " + FILLER + b"\r\n"),
    "small fields": (HEAD, b"a:\r\n" * 2048),
    "folds": (HEAD + b"X-Fold: a\r\n", b" " + FILLER + b"\r\n"),
    "100s": (b"", CONTINUE * 300),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </" + FILLER + b">\r\n\r\n"),
    "a chunk size": (CHUNKED_HEAD, b"0" * 8192),
    "a chunk extension": (CHUNKED_HEAD + b"2;", FILLER),
    "chunk extensions": (CHUNKED_HEAD, (b"1;" + b"x" * 1000 + b"\r\nx\r\n") * 8),
    "a trailer": (CHUNKED_HEAD + b"0\r\nX-Long: ", FILLER),
    "trailers": (CHUNKED_HEAD + b"0\r\n", b"X-Field: " + FILLER + b"\r\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_refused_after_a_bounded_number_of_bytes(world, name):
    front, filler = ENDLESS[name]
    with ScriptedServer([[reply(front), flood(filler, 8 * MEBIBYTE)], [reply(ok(b"next"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url)
            assert (await door.get(server.url)).content == b"next"
    # The limit, and what the kernel's buffers held on top of it.
    assert server.connections[0].bytes_sent < 4 * MEBIBYTE


async def test_informational_heads_count_against_one_limit_together(world):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"x" * 60_000 + b">\r\n\r\n"
    with ScriptedServer([[reply(hints * 20 + ok(b"late"))]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError):
                await door.get(server.url)


async def test_large_but_reasonable_heads_are_taken(world):
    fields = [f"X-Field-{number}: {'x' * 100}" for number in range(300)]
    with ScriptedServer([[reply(ok(b"ok", *fields, "X-Long: " + "y" * 60_000))]]) as server:
        async with world.open() as door:
            got = await door.get(server.url)
    assert len(got.headers["x-long"]) == 60_000
    assert got.headers["x-field-299"] == "x" * 100


async def test_an_error_message_does_not_repeat_everything_the_server_sent(world):
    with ScriptedServer([[reply(HEAD), send(b"no colon " + b"x" * 50_000 + b"\r\n\r\n")]]) as server:
        async with world.open() as door:
            with pytest.raises(arke.RemoteProtocolError) as caught:
                await door.get(server.url)
    assert len(str(caught.value)) < 500

"""Content in every form it can be given in: its header fields, its bytes, and whether it can be sent again."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import pickle
import tempfile
import threading
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from arke._message.content import (
    AsyncIteratorByteStream,
    ByteStream,
    IteratorByteStream,
    UnattachedStream,
    encode_request,
    encode_response,
    is_replayable,
)
from arke._message.multipart import MultipartStream
from arke._values.errors import LocalProtocolError, StreamClosed, StreamConsumed
from arke._values.types import AsyncByteStream, SyncByteStream

FORM = "application/x-www-form-urlencoded"

both_worlds = pytest.mark.parametrize("run", [lambda call: asyncio.run(call()), trio.run], ids=["asyncio", "trio"])


def generated():
    yield b"ab"
    yield b"c"


async def agenerated():
    yield b"ab"
    yield b"c"


class Iterable:
    def __iter__(self):
        return generated()


class AsyncIterable:
    def __aiter__(self):
        return agenerated()


class Pipe:
    """Can be read and nothing else."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


def taken(stream, run=None):
    """Return what the stream gives in one world or the other."""
    if run is None:
        return b"".join(stream)

    async def take():
        return b"".join([piece async for piece in stream])

    return run(take)


def test_nothing_is_an_empty_body_without_fields():
    headers, stream = encode_request()
    assert headers == {}
    assert type(stream) is ByteStream
    assert taken(stream) == b""


@pytest.mark.parametrize(
    ("content", "body"),
    [(b"abc", b"abc"), ("é", b"\xc3\xa9"), (bytearray(b"ab"), b"ab"), (memoryview(b"ab"), b"ab")],
)
def test_bytes_and_text_are_sent_with_their_length(content, body):
    headers, stream = encode_request(content=content)
    assert headers == {"Content-Length": str(len(body))}
    assert type(stream) is ByteStream
    assert stream._stream == body
    assert type(stream._stream) is bytes


@pytest.mark.parametrize("content", [b"", ""])
def test_empty_content_brings_no_fields(content):
    assert encode_request(content=content)[0] == {}


@both_worlds
def test_a_byte_stream_serves_both_worlds_and_again(run):
    stream = ByteStream(b"abc")
    assert taken(stream) == taken(stream, run) == taken(stream) == b"abc"
    assert isinstance(stream, SyncByteStream)
    assert isinstance(stream, AsyncByteStream)
    assert taken(pickle.loads(pickle.dumps(stream))) == b"abc"


@pytest.mark.parametrize("content", [generated(), Iterable(), [b"ab", b"c"], iter([b"ab", b"c"])], ids=repr)
def test_iterables_are_chunked(content):
    headers, stream = encode_request(content=content)
    assert headers == {"Transfer-Encoding": "chunked"}
    assert isinstance(stream, IteratorByteStream)
    assert not isinstance(stream, AsyncByteStream)
    assert taken(stream) == b"abc"


@both_worlds
def test_async_iterables_are_chunked(run):
    for content in (agenerated(), AsyncIterable()):
        headers, stream = encode_request(content=content)
        assert headers == {"Transfer-Encoding": "chunked"}
        assert isinstance(stream, AsyncIteratorByteStream)
        assert not isinstance(stream, SyncByteStream)
        assert taken(stream, run) == b"abc"


@pytest.mark.parametrize("content", [generated, lambda: iter([b"ab", b"c"]), lambda: map(bytes, [b"abc"])])
def test_an_iterator_serves_once(content):
    stream = encode_request(content=content())[1]
    assert not is_replayable(stream)
    assert taken(stream) == b"abc"
    with pytest.raises(StreamConsumed):
        taken(stream)


@both_worlds
def test_an_async_iterator_serves_once(run):
    stream = encode_request(content=agenerated())[1]
    assert not is_replayable(stream)
    assert taken(stream, run) == b"abc"
    with pytest.raises(StreamConsumed):
        taken(stream, run)


@both_worlds
def test_iterables_serve_again(run):
    stream = encode_request(content=Iterable())[1]
    assert is_replayable(stream)
    assert taken(stream) == taken(stream) == b"abc"
    stream = encode_request(content=AsyncIterable())[1]
    assert is_replayable(stream)
    assert taken(stream, run) == taken(stream, run) == b"abc"


def test_one_class_can_inherit_from_both_iterator_streams():
    class Both(AsyncIteratorByteStream, IteratorByteStream):
        def __init__(self, pieces):
            class Source:
                def __iter__(self):
                    yield from pieces

                async def __aiter__(self):
                    for piece in pieces:
                        yield piece

            AsyncIteratorByteStream.__init__(self, stream=Source())
            IteratorByteStream.__init__(self, stream=Source())

    stream = Both([b"ab", b"c"])
    assert taken(stream) == taken(stream, lambda call: asyncio.run(call())) == taken(stream) == b"abc"


@both_worlds
def test_a_file_is_sent_from_where_it_stands_as_often_as_asked(run):
    with tempfile.TemporaryFile() as on_disk:
        on_disk.write(b"0123456789" * 20_000)
        for file in (on_disk, io.BytesIO(b"0123456789" * 20_000)):
            file.seek(4)
            headers, stream = encode_request(content=file)
            assert headers == {"Content-Length": "199996"}
            assert is_replayable(stream)
            assert taken(stream) == taken(stream, run) == taken(stream) == (b"0123456789" * 20_000)[4:]


def test_a_file_is_read_in_pieces():
    stream = encode_request(content=io.BytesIO(bytes(150_000)))[1]
    assert [len(piece) for piece in stream] == [65_536, 65_536, 18_928]


@both_worlds
def test_a_file_on_disk_is_read_in_a_worker_thread(run):
    readers = []

    class File(io.FileIO):
        def read(self, size=-1):
            readers.append(threading.current_thread())
            return super().read(size)

    with tempfile.NamedTemporaryFile() as named:
        named.write(b"abc")
        named.flush()
        with File(named.name) as file:
            stream = encode_request(content=file)[1]
            readers.clear()
            assert taken(stream, run) == b"abc"
    assert readers
    assert threading.main_thread() not in readers


def test_an_empty_file_has_a_length():
    with tempfile.TemporaryFile() as file:
        headers, stream = encode_request(content=file)
        assert headers == {"Content-Length": "0"}
        assert taken(stream) == b""


def test_a_file_at_or_beyond_its_end_is_empty():
    for position in (3, 10):
        file = io.BytesIO(b"abc")
        file.seek(position)
        headers, stream = encode_request(content=file)
        assert headers == {"Content-Length": "0"}
        assert taken(stream) == b""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no files here that hide their size")
def test_a_file_that_hides_its_size_is_chunked():
    with Path("/proc/self/status").open("rb") as file:
        headers, stream = encode_request(content=file)
        assert headers == {"Transfer-Encoding": "chunked"}
        assert taken(stream).startswith(b"Name:")


def test_the_length_is_of_what_is_read_and_not_of_what_is_on_disk():
    with tempfile.NamedTemporaryFile() as named:
        named.write(gzip.compress(bytes(100_000)))
        named.flush()
        with gzip.open(named.name) as file:
            headers, stream = encode_request(content=file)
            assert headers in ({"Transfer-Encoding": "chunked"}, {"Content-Length": "100000"})
            assert taken(stream) == bytes(100_000)


def test_a_pipe_is_chunked_and_serves_once():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file:
        os.write(writer, b"abc")
        os.close(writer)
        headers, stream = encode_request(content=file)
        assert headers == {"Transfer-Encoding": "chunked"}
        assert not is_replayable(stream)
        assert taken(stream) == b"abc"
        with pytest.raises(StreamConsumed):
            taken(stream)


@both_worlds
def test_what_has_only_read_is_a_file(run):
    assert taken(encode_request(content=Pipe(b"abc"))[1]) == b"abc"
    assert taken(encode_request(content=Pipe(b"abc"))[1], run) == b"abc"


def test_a_file_in_text_mode_is_refused():
    with tempfile.TemporaryFile("w+") as file, pytest.raises(TypeError, match="binary mode"):
        encode_request(content=file)
    with pytest.raises(TypeError, match="BytesIO"):
        encode_request(content=io.StringIO("abc"))


def test_a_closed_file_is_refused():
    file = io.BytesIO(b"abc")
    file.close()
    with pytest.raises(ValueError, match="closed"):
        encode_request(content=file)


@pytest.mark.parametrize("content", [1, {"a": 1}, object()])
def test_other_content_is_a_type_error(content):
    with pytest.raises(TypeError, match="content"):
        encode_request(content=content)
    with pytest.raises(TypeError, match="content"):
        encode_response(content=content)


def test_json_is_compact_and_readable():
    headers, stream = encode_request(json={"a": [1, 2.5, None, True], "é": "日"})
    assert taken(stream) == '{"a":[1,2.5,null,true],"é":"日"}'.encode()
    assert list(headers.items()) == [("Content-Length", "34"), ("Content-Type", "application/json")]


@pytest.mark.parametrize("value", [{}, [], 0, False, ""])
def test_falsy_json_is_sent(value):
    assert json.loads(taken(encode_request(json=value)[1])) == value


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_json_arrives_as_it_was(value):
    if value is not None:
        assert json.loads(taken(encode_request(json=value)[1])) == value


def test_a_lone_surrogate_arrives_in_json():
    body = taken(encode_request(json=["\ud800", "é", "\ud83d\ude00"])[1])
    assert body == b'["\\ud800","\xc3\xa9","\\ud83d\\ude00"]'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_numbers_that_json_lacks_are_a_value_error(value):
    with pytest.raises(ValueError, match="JSON"):
        encode_request(json=value)


@pytest.mark.parametrize("value", [object(), b"x", {1, 2}])
def test_what_json_lacks_is_a_type_error(value):
    with pytest.raises(TypeError, match="JSON"):
        encode_request(json=value)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"a": "b c", "e": None}, b"a=b+c&e="),
        ({"d": [1, 2.5, True, False, None]}, b"d=1&d=2.5&d=true&d=false&d="),
        ({"d": ("x", "y")}, b"d=x&d=y"),
        ({"é&": "=é~*-._/%20"}, b"%C3%A9%26=%3D%C3%A9~%2A-._%2F%2520"),
        ({1: "a", False: "b"}, b"1=a&False=b"),
        ({"a": b"\xff ~"}, b"a=%FF+~"),
        ([("a", "1"), ("b", "2"), ("a", "3")], b"a=1&b=2&a=3"),
        ((("a", "1"),), b"a=1"),
    ],
)
def test_forms_are_url_encoded(data, body):
    headers, stream = encode_request(data=data)
    assert taken(stream) == body
    assert list(headers.items()) == [("Content-Length", str(len(body))), ("Content-Type", FORM)]


@pytest.mark.parametrize("data", [{}, []])
def test_an_empty_form_is_no_body(data):
    headers, stream = encode_request(data=data)
    assert headers == {}
    assert taken(stream) == b""


def test_a_form_of_empty_lists_is_empty_and_still_a_form():
    headers, stream = encode_request(data={"a": []})
    assert headers == {"Content-Length": "0", "Content-Type": FORM}
    assert taken(stream) == b""


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_forms_arrive_as_they_were(pairs):
    body = taken(encode_request(data=pairs)[1])
    assert parse_qsl(body.decode("ascii"), keep_blank_values=True) == pairs


@pytest.mark.parametrize("arguments", [{"content": "\ud800"}, {"data": {"a": "\ud800"}}, {"data": {"\ud800": "a"}}])
def test_text_with_a_lone_surrogate_is_refused(arguments):
    with pytest.raises(LocalProtocolError, match="surrogate"):
        encode_request(**arguments)


@pytest.mark.parametrize("data", [b"ab", "ab", [b"a", b"b"], iter([b"ab"])])
def test_raw_data_is_content_with_a_warning(data):
    with pytest.warns(DeprecationWarning, match="content="):
        _, stream = encode_request(data=data)
    assert taken(stream) == b"ab"


def test_the_first_of_content_files_data_json_wins():
    assert taken(encode_request(content=b"x", data={"a": "b"}, files={"f": b""}, json=1)[1]) == b"x"
    assert isinstance(encode_request(data={"a": "b"}, files={"f": b""}, json=1)[1], MultipartStream)
    assert taken(encode_request(data={"a": "b"}, files={}, json=1)[1]) == b"a=b"
    assert taken(encode_request(data={}, json=1)[1]) == b"1"


@pytest.mark.parametrize(
    ("arguments", "content_type", "body"),
    [
        ({"text": "é"}, "text/plain; charset=utf-8", b"\xc3\xa9"),
        ({"text": ""}, "text/plain; charset=utf-8", b""),
        ({"html": "<p>"}, "text/html; charset=utf-8", b"<p>"),
        ({"json": {"é": 1.5}}, "application/json", b'{"\xc3\xa9":1.5}'),
    ],
)
def test_response_content_names_its_type(arguments, content_type, body):
    headers, stream = encode_response(**arguments)
    assert list(headers.items()) == [("Content-Length", str(len(body))), ("Content-Type", content_type)]
    assert taken(stream) == body


def test_response_content_in_bytes_brings_only_its_length():
    assert encode_response(content=b"x")[0] == {"Content-Length": "1"}
    assert encode_response()[0] == {}
    assert encode_response(content=generated())[0] == {"Transfer-Encoding": "chunked"}


@both_worlds
def test_an_unattached_stream_is_closed(run):
    with pytest.raises(StreamClosed):
        taken(UnattachedStream())
    with pytest.raises(StreamClosed):
        taken(pickle.loads(pickle.dumps(UnattachedStream())), run)


def test_streams_of_others_are_not_taken_for_replayable():
    class Theirs(SyncByteStream):
        def __iter__(self):
            yield b""

    assert not is_replayable(Theirs())
    assert is_replayable(ByteStream(b""))

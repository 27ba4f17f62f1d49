"""Multipart forms: what an independent parser reads back, and what must never get into a part's head."""

from __future__ import annotations

import asyncio
import io
import os
import re
import tempfile
import threading
import tracemalloc
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from arke._message.content import encode_request, is_replayable
from arke._message.multipart import MultipartStream
from arke._values.errors import LocalProtocolError, StreamConsumed

both_worlds = pytest.mark.parametrize("run", [lambda call: asyncio.run(call()), trio.run], ids=["asyncio", "trio"])
OCTETS = "application/octet-stream"


class Pipe:
    """Can be read and nothing else."""

    def __init__(self, data):
        self.read = io.BytesIO(data).read


def multipart(data=None, files=None, boundary=b"BB"):
    return MultipartStream(data, files, boundary)


def body_of(data=None, files=None):
    return b"".join(multipart(data, files))


def taken(stream, run):
    async def take():
        return b"".join([piece async for piece in stream])

    return run(take)


def parsed(stream):
    """Return (disposition, other header fields, content) of each part, as the standard library reads them."""
    head = f"Content-Type: {stream.content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + b"".join(stream))
    assert message.is_multipart()
    assert not message.defects
    parts = []
    for part in message.iter_parts():
        fields = dict(part.raw_items())
        disposition = str(fields.pop("Content-Disposition")).encode("utf-8", "surrogateescape").decode()
        parts.append((disposition, fields, part.get_payload(decode=True)))
    return parts


def escaped(name):
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def test_a_field_and_a_file_make_this_body():
    assert body_of({"a": "b"}, {"f": ("a.txt", b"x")}) == (
        b'--BB\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
        b'--BB\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nx\r\n'
        b"--BB--\r\n"
    )


def test_nothing_makes_an_end():
    assert body_of() == b"--BB--\r\n"


# The standard library's parser takes a "\v", "\x85" and the like in a header for the end of a line, and undoes
# backslashes; it is asked about names without them. What the bytes of a name are is tested on its own.
names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\\")) | st.sampled_from(
    ['a"b', "a\r\nb", '"', "a; filename=b", "é"]
)


@given(
    fields=st.lists(st.tuples(names, st.text(st.characters(exclude_categories=["Cs"])))),
    files=st.lists(st.tuples(names, names.filter(bool), st.binary())),
)
def test_an_independent_parser_reads_what_was_put_in(fields, files):
    stream = MultipartStream(fields, [(name, (filename, content, OCTETS)) for name, filename, content in files])
    expected: list[tuple[str, dict[str, str], bytes]] = [
        (f'form-data; name="{escaped(name)}"', {}, value.encode()) for name, value in fields
    ]
    for name, filename, content in files:
        disposition = f'form-data; name="{escaped(name)}"; filename="{escaped(filename)}"'
        expected.append((disposition, {"Content-Type": OCTETS}, content))
    if expected:
        assert parsed(stream) == expected
    assert stream.get_content_length() == len(b"".join(stream))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_leaves_its_quotes(name):
    head, _, _ = body_of(None, {name: (name, b"", "a/b")}).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"--BB"
    assert lines[1] == f'Content-Disposition: form-data; name="{escaped(name)}"'.encode() + (
        f'; filename="{escaped(name)}"'.encode() if name else b""
    )
    assert lines[2:] == [b"Content-Type: a/b"]
    assert head.count(b'"') == (4 if name else 2)


@pytest.mark.parametrize(
    ("value", "contents"),
    [
        ("x", [b"x"]),
        (b"\xff", [b"\xff"]),
        (1, [b"1"]),
        (2.5, [b"2.5"]),
        (True, [b"true"]),
        (None, [b""]),
        (["x", 1, b"\xff"], [b"x", b"1", b"\xff"]),
        (("x", "y"), [b"x", b"y"]),
        ([], []),
    ],
)
def test_field_values_become_parts(value, contents):
    parts = parsed(multipart({"a": value}, {"f": b""}))
    assert [content for _, _, content in parts[:-1]] == contents


@pytest.mark.parametrize("value", [{"b": 1}, object(), [["x"]], {1, 2}])
def test_other_field_values_are_a_type_error(value):
    with pytest.raises(TypeError, match="form field 'a'"):
        multipart({"a": value})


@pytest.mark.parametrize("name", [1, b"a", None])
def test_names_that_are_not_str_are_a_type_error(name):
    with pytest.raises(TypeError, match="name"):
        multipart({name: "a"})
    with pytest.raises(TypeError, match="name"):
        multipart(None, {name: b"a"})


@pytest.mark.parametrize(
    ("file", "disposition", "fields", "content"),
    [
        (b"x", 'filename="upload"', {"Content-Type": OCTETS}, b"x"),
        ("é", 'filename="upload"', {"Content-Type": OCTETS}, b"\xc3\xa9"),
        (bytearray(b"x"), 'filename="upload"', {"Content-Type": OCTETS}, b"x"),
        (io.BytesIO(b"x"), 'filename="upload"', {"Content-Type": OCTETS}, b"x"),
        (("a.txt", b"x"), 'filename="a.txt"', {"Content-Type": "text/plain"}, b"x"),
        (("a.zzzz", b"x"), 'filename="a.zzzz"', {"Content-Type": OCTETS}, b"x"),
        (("a.png", b"x", None), 'filename="a.png"', {"Content-Type": "image/png"}, b"x"),
        (("a", b"x", "b/c"), 'filename="a"', {"Content-Type": "b/c"}, b"x"),
        (("a", b"x", None, {"X-A": "1"}), 'filename="a"', {"X-A": "1", "Content-Type": OCTETS}, b"x"),
        (("a", b"x", "b/c", {"content-type": "d/e"}), 'filename="a"', {"content-type": "d/e"}, b"x"),
        ((None, b"x"), None, {}, b"x"),
        ((None, "x", "b/c"), None, {"Content-Type": "b/c"}, b"x"),
        (("", b"x"), None, {}, b"x"),
    ],
)
def test_files_are_given_in_many_forms(file, disposition, fields, content):
    expected = 'form-data; name="f"' + (f"; {disposition}" if disposition else "")
    assert parsed(multipart(None, {"f": file})) == [(expected, fields, content)]


def test_files_in_a_list_may_share_a_name():
    assert [content for _, _, content in parsed(multipart(None, [("f", b"a"), ("f", b"b")]))] == [b"a", b"b"]


def test_a_disposition_of_the_users_own_stands_alone():
    stream = multipart(None, {"f": ("a", b"x", "b/c", {"Content-Disposition": "attachment"})})
    assert parsed(stream) == [("attachment", {"Content-Type": "b/c"}, b"x")]


def test_a_file_is_named_after_its_path():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "na me.png")
        path.write_bytes(b"x")
        with path.open("rb") as file:
            assert b'filename="na me.png"\r\nContent-Type: image/png' in body_of(None, {"f": file})
        with io.FileIO(os.fsencode(path)) as file:
            assert b'filename="na me.png"' in body_of(None, {"f": file})


def test_a_file_named_by_a_number_is_an_upload():
    with tempfile.TemporaryFile() as file:
        assert b'filename="upload"' in body_of(None, {"f": file})


@pytest.mark.parametrize("filename", ["data:text/x\r\nEvil: 1,foo", "http://[x/a.txt", "//[", "a\0.txt"])
def test_a_filename_that_looks_like_a_url_is_only_a_name(filename):
    head = body_of(None, {"f": (filename, b"")})
    assert b"\r\nEvil" not in head
    assert re.search(rb"\r\nContent-Type: (application/octet-stream|text/plain)\r\n\r\n", head)


@pytest.mark.parametrize("file", [1, None, object(), iter([b"a"]), ["a"], Path("a")])
def test_other_files_are_a_type_error(file):
    with pytest.raises(TypeError, match="'f'"):
        multipart(None, {"f": file})


@pytest.mark.parametrize("file", [(b"a.txt", b"x"), (Path("a"), b"x"), ("a", b"x", 1), ("a", b"x", None, [("a", "b")])])
def test_wrong_types_within_a_file_are_a_type_error(file):
    with pytest.raises(TypeError):
        multipart(None, {"f": file})


@pytest.mark.parametrize("file", [("a",), ("a", b"", None, {}, 1), ()])
def test_tuples_of_another_length_are_a_value_error(file):
    with pytest.raises(ValueError, match="tuple of"):
        multipart(None, {"f": file})


def test_a_file_in_text_mode_is_refused():
    with tempfile.TemporaryFile("w+") as file, pytest.raises(TypeError, match="binary mode"):
        multipart(None, {"f": file})
    with tempfile.NamedTemporaryFile("w+") as file, pytest.raises(TypeError, match="binary mode"):
        multipart(None, {"f": file})
    with pytest.raises(TypeError, match="BytesIO"):
        multipart(None, {"f": io.StringIO("a")})


@pytest.mark.parametrize("name", ["X A", "", "X:A", "X\r\nB", "é", "X\0"])
def test_header_names_that_are_no_tokens_are_refused(name):
    with pytest.raises(LocalProtocolError, match="token"):
        multipart(None, {"f": ("a", b"", None, {name: "1"})})


@pytest.mark.parametrize("value", ["a\r\nB: c", "a\rb", "a\nb", "a\0b", "a\x7f"])
def test_header_values_with_control_characters_are_refused(value):
    with pytest.raises(LocalProtocolError, match="control character"):
        multipart(None, {"f": ("a", b"", None, {"X": value})})
    with pytest.raises(LocalProtocolError, match="control character"):
        multipart(None, {"f": ("a", b"", value)})


@pytest.mark.parametrize(
    "arguments",
    [({"\ud800": "a"},), ({"a": "\ud800"},), (None, {"f": ("\ud800", b"")}), (None, {"f": "\ud800"})],
)
def test_text_with_a_lone_surrogate_is_refused(arguments):
    with pytest.raises(LocalProtocolError, match="surrogate"):
        multipart(*arguments)


def test_the_boundary_is_random_and_not_guessable():
    boundaries = {MultipartStream({}, {}).boundary for _ in range(50)}
    assert len(boundaries) == 50
    assert all(re.fullmatch(rb"[0-9a-f]{32}", boundary) for boundary in boundaries)


@pytest.mark.parametrize("boundary", [b"a", b"a" * 70, b"0aA'()+_,-./:=?", b"a b"])
def test_a_boundary_of_the_users_own_is_used(boundary):
    stream = multipart({"a": "b"}, None, boundary)
    assert stream.boundary == boundary
    assert [content for _, _, content in parsed(stream)] == [b"b"]


def test_a_boundary_is_quoted_where_a_content_type_needs_it():
    assert multipart(boundary=b"a-b").content_type == "multipart/form-data; boundary=a-b"
    assert multipart(boundary=b"a b").content_type == 'multipart/form-data; boundary="a b"'


@pytest.mark.parametrize("boundary", [b"", b"a" * 71, b"a ", b"a\r\nb", b'a"b', b"a\xff", b"a\n", b"a;b"])
def test_a_boundary_that_is_none_is_refused(boundary):
    with pytest.raises(LocalProtocolError, match="boundary"):
        multipart(boundary=boundary)


def test_a_boundary_of_another_type_is_a_type_error():
    with pytest.raises(TypeError, match="boundary"):
        multipart(boundary="a")


def test_fields_come_with_the_length_first():
    stream = multipart({"a": "b"})
    assert list(stream.get_headers().items()) == [
        ("Content-Length", "61"),
        ("Content-Type", "multipart/form-data; boundary=BB"),
    ]


@both_worlds
def test_files_are_sent_from_their_beginning_as_often_as_asked(run):
    with tempfile.TemporaryFile() as on_disk:
        on_disk.write(b"0123456789")
        in_memory = io.BytesIO(b"0123456789")
        in_memory.seek(4)
        stream = multipart({"a": "b"}, [("f", on_disk), ("g", in_memory), ("h", in_memory)])
        assert is_replayable(stream)
        first = b"".join(stream)
        assert first.count(b"0123456789") == 3
        assert len(first) == stream.get_content_length()
        assert taken(stream, run) == b"".join(stream) == first


@both_worlds
def test_a_file_of_unknown_length_is_chunked_and_serves_once(run):
    for take in (b"".join, lambda stream: taken(stream, run)):
        stream = multipart(None, {"f": Pipe(b"abc"), "g": b"x"})
        assert stream.get_content_length() is None
        assert stream.get_headers() == {
            "Transfer-Encoding": "chunked",
            "Content-Type": "multipart/form-data; boundary=BB",
        }
        assert not is_replayable(stream)
        assert b"\r\n\r\nabc\r\n--BB\r\n" in take(stream)
        with pytest.raises(StreamConsumed):
            take(stream)


@both_worlds
def test_files_on_disk_are_read_in_a_worker_thread_and_memory_is_not(run):
    readers: dict[str, set[threading.Thread]] = {"disk": set(), "memory": set()}

    class Disk(io.FileIO):
        def read(self, size=-1):
            readers["disk"].add(threading.current_thread())
            return super().read(size)

    class Memory(io.BytesIO):
        def read(self, size=-1):
            readers["memory"].add(threading.current_thread())
            return super().read(size)

    with tempfile.NamedTemporaryFile() as named:
        named.write(b"abc")
        named.flush()
        with Disk(named.name) as file:
            body = taken(multipart(None, {"f": file, "g": Memory(b"def")}), run)
    assert b"abc" in body
    assert b"def" in body
    assert threading.main_thread() not in readers["disk"]
    assert readers["disk"]
    assert readers["memory"] == {threading.main_thread()}


def test_small_parts_are_sent_as_one_piece():
    stream = multipart({"a": "b", "c": ["d"] * 100}, {"f": b"x"})
    assert len(list(stream)) == 1


def test_pieces_are_neither_many_nor_large():
    sizes = [len(piece) for piece in multipart({"a": ["x" * 50] * 10_000}, {"f": b"x" * 65_535, "g": b"x" * 65_536})]
    assert len(sizes) < 30
    assert max(sizes) <= 65_536


def test_files_are_never_wholly_in_memory():
    with tempfile.TemporaryFile() as file:
        file.truncate(64 << 20)
        tracemalloc.start()
        try:
            total = sum(len(piece) for piece in multipart(None, {"f": file}))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert total > 64 << 20
    assert peak < 1 << 20


def test_large_bytes_are_not_copied():
    content = bytes(1 << 20)
    assert any(piece is content for piece in multipart(None, {"f": content}))


def test_data_and_files_together_are_one_form():
    headers, stream = encode_request(data=[("a", "b")], files={"f": b"x"}, json=1, boundary=b"BB")
    assert headers == stream.get_headers()
    assert [content for _, _, content in parsed(stream)] == [b"b", b"x"]

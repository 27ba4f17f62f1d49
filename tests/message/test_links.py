"""Link fields as servers write them, well and badly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arke._message.links import parse_links


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ("<http://x>; rel=next", [{"url": "http://x", "rel": "next"}]),
        ('</a?page=2>; rel="next"', [{"url": "/a?page=2", "rel": "next"}]),
        ("<a>;rel=x,<b>;rel=y", [{"url": "a", "rel": "x"}, {"url": "b", "rel": "y"}]),
        ("<a> ; rel = x , <b> ; rel = y", [{"url": "a", "rel": "x"}, {"url": "b", "rel": "y"}]),
        ("<a>, <b>", [{"url": "a"}, {"url": "b"}]),
        ("<a,b;c>; rel=c", [{"url": "a,b;c", "rel": "c"}]),
        ('<a>; title="one; two, <three>"', [{"url": "a", "title": "one; two, <three>"}]),
        ('<a>; title="say \\"hi\\" \\\\"', [{"url": "a", "title": 'say "hi" \\'}]),
        ("<a>; title='a b'", [{"url": "a", "title": "a b"}]),
        ("<a>; title*=UTF-8''%e2%82%ac", [{"url": "a", "title*": "UTF-8''%e2%82%ac"}]),
        ("<a>; rel=prev, nonsense", [{"url": "a", "rel": "prev, nonsense"}]),
        ("<a>; REL=Next", [{"url": "a", "rel": "Next"}]),
        ("<a>; rel=first; rel=second", [{"url": "a", "rel": "first"}]),
        ("<a>; url=evil", [{"url": "a"}]),
        ("<a>; crossorigin; rel=x", [{"url": "a", "crossorigin": "", "rel": "x"}]),
        ('<a>; rel="never closed', [{"url": "a", "rel": "never closed"}]),
        ("<a>; =b; ;; c=", [{"url": "a", "c": ""}]),
        ("<>", [{"url": ""}]),
        ("", []),
        (",;", []),
        ("no link at all; rel=x", []),
        ("<never closed; rel=x", []),
    ],
)
def test_links_are_read(value, links):
    assert parse_links(value) == links


@given(st.text(alphabet="<>;,=\"\\' ab\t\u00e9\n"))
def test_any_text_gives_links_with_a_url(value):
    assert all("url" in link for link in parse_links(value))


@pytest.mark.parametrize("piece", ["<", ";", '"', ';a="', ';a="\\', "; ", "<>;", "a", ';a=\\"', "<a>;a "])
def test_long_nonsense_takes_no_more_than_linear_time(piece):
    # Quadratic time would run into the timeout of the test: some 10 ** 10 steps.
    parse_links("<a>;x=y" + piece * 150_000)

"""The snippets on HTTP versions, timeouts, errors and streams."""

from __future__ import annotations

import pytest

from support.placeholder import POSTS


@pytest.mark.http2_waits
def test_http2_support_prints_the_version_that_was_spoken(snippet):
    # HTTP/2 WAITS: the third line becomes "HTTP/2" when HTTP/2 is there (the stand-in can speak it). The first stays:
    # `get()` does not ask for HTTP/2, whatever the article says.
    assert snippet("http2_support") == [
        "HTTP Version: HTTP/1.1",
        "HTTP Version (forced 1.1): HTTP/1.1",
        "HTTP Version (with HTTP/2): HTTP/1.1",
    ]


def test_error_handling_returns_the_post_when_all_is_well(snippet):
    assert snippet("error_handling") == [f"Fetched post: {POSTS[0]['title']}"]


def test_error_handling_falls_back_after_a_timeout(snippet):
    slow = "https://httpbin.org/delay/1"
    changes = {"https://jsonplaceholder.typicode.com/posts/1": slow, "timeout=5.0": "timeout=0.2"}
    assert snippet("error_handling", changes) == [
        f"Timeout on {slow}, trying fallback",
        f"Fetched post: {POSTS[1]['title']}",
    ]


def test_error_handling_reports_a_status(snippet):
    first, second, *_ = snippet("error_handling", {"/posts/1": "/posts/1000"})
    assert first == "HTTP error: 404"
    assert second.startswith("All attempts failed: ")
    assert "404 Not Found" in second
    assert "https://jsonplaceholder.typicode.com/posts/1000" in second


def test_error_handling_reports_a_network_error(snippet):
    first, second = snippet("error_handling", {"jsonplaceholder.typicode.com": "unknown.example"})
    assert first.startswith("Request error: ")
    assert second == first.replace("Request error", "All attempts failed")


def test_advanced_timeouts_lets_the_request_override_the_client(snippet):
    # Only for speed, two seconds become a fifth of one; the server still takes longer than that.
    scaled = {"timeout=2.0": "timeout=0.2", "/delay/2": "/delay/1"}
    assert snippet("advanced_timeouts", scaled) == ["Custom timeout exceeded"]


def test_advanced_timeouts_gets_a_response_within_its_timeout(snippet):
    assert snippet("advanced_timeouts", {"/delay/2": "/delay/0"}) == ["Response: 200"]


def test_streaming_responses_come_in_the_chunks_asked_for(snippet):
    lines = snippet("streaming_responses")
    assert lines[:6] == ["Status: 200", "Content-Length: 1024", *["Received 256 bytes"] * 4]
    assert lines[-4:] == ["Async received 128 bytes"] * 4
    assert lines[6] == "Line: {..."
    assert lines[-5] == "Line: }..."
    assert '"title": "Sample Slide Show"' in "".join(lines)

"""The snippets on async, and the aggregator that closes the article."""

from __future__ import annotations

import datetime as dt

import pytest

from support.placeholder import POSTS


def test_async_requests_fetches_for_five_users_at_once(snippet):
    assert snippet("async_requests") == [f"User {number}: 10 posts" for number in range(1, 6)]


def test_async_with_timeout_succeeds_within_its_timeout(snippet):
    assert snippet("async_with_timeout") == ["Success: 200"]


def test_async_with_timeout_runs_under_trio_too(snippet):
    pytest.importorskip("trio")
    under_trio = {
        "import asyncio": "import trio",
        "asyncio.run(fetch_with_timeout())": "trio.run(fetch_with_timeout)",
    }
    assert snippet("async_with_timeout", under_trio) == ["Success: 200"]


def test_async_with_timeout_reports_a_host_that_is_not_known(snippet):
    (line,) = snippet("async_with_timeout", {"jsonplaceholder.typicode.com": "unknown.example"})
    assert line.startswith("Network error: ")
    assert "unknown.example" in line


def test_api_aggregator_gathers_posts_and_comments(snippet):
    when, posts, comments, title = snippet("api_aggregator")
    dt.datetime.fromisoformat(when.removeprefix("Aggregation completed at "))
    assert posts == "Posts fetched: 5"
    assert comments == "Total comments: 0"  # no address in the table is `*@1.com`
    assert title == f"First post title: {POSTS[0]['title']}"

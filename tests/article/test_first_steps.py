"""The snippets on GET and POST, and the answers on authentication and cookies."""

from __future__ import annotations

import ast

from support.placeholder import POSTS, USERS


def test_quick_get_prints_the_status_and_the_post(snippet):
    status, document = snippet("quick_get")
    assert status == "200"
    assert ast.literal_eval(document) == POSTS[0]


def test_get_requests_sends_parameters_and_headers(snippet):
    status, content_type, user, posts, headers = snippet("get_requests")
    assert status == "Status: 200"
    assert content_type == "Content-Type: application/json; charset=utf-8"
    assert user == f"First user: {USERS[0]['name']}"
    assert posts == "Posts for user 1: 10"
    seen = ast.literal_eval(headers)["headers"]
    assert seen["User-Agent"] == "MyApp/1.0"
    assert seen["Host"] == "httpbin.org"


def test_post_requests_sends_json_and_a_form_and_times_out(snippet):
    # Only for speed, five seconds become a fifth of one; the server still takes longer than that.
    scaled = {"timeout=5.0": "timeout=0.2", "/delay/10": "/delay/1"}
    assert snippet("post_requests", scaled) == [
        "Created post with ID: 101",
        "Form post status: 200",
        "Request timed out after 5 seconds",
    ]


def test_authentication_by_pair_by_header_and_by_a_class_of_ones_own(snippet):
    assert snippet("faq_auth") == ["Basic: 200 user", "Bearer: 200 token", "Custom: 200 my own"]


def test_a_client_keeps_the_cookies_of_a_session(snippet):
    assert snippet("faq_cookies") == ["{'cookies': {'session': 'abc123'}}"]

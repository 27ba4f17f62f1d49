import pytest

from arke._values.errors import InvalidURL
from arke._values.refusals import Refusal, invalid_url, redact, shorten


def test_the_message_says_what_was_attempted_and_why():
    error = invalid_url("http://h:99999/", Refusal("port", "is not between 0 and 65535", "99999"))
    assert isinstance(error, InvalidURL)
    assert str(error) == "invalid URL 'http://h:99999/': port '99999' is not between 0 and 65535"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:hunter2@h/", "http://[secure]@h/"),
        ("http://user:hunt/er2@h/", "http://[secure]@h/"),
        ("http://user:hunt@er2@h/", "http://[secure]@h/"),
        ("http:user:hunter2@h/", "http:[secure]@h/"),
        ("//user:hunter2@h/", "//[secure]@h/"),
        ("\\\\user:hunter2@h/", "[secure]@h/"),
        ("http://h/", "http://h/"),
    ],
)
def test_whatever_may_be_userinfo_is_hidden(url, shown):
    assert redact(url) == shown


def test_a_value_that_may_be_a_piece_of_the_password_is_not_shown():
    error = invalid_url("http://user:hunt/er2@h/", Refusal("port", "is not a number", "hunt"))
    assert str(error) == "invalid URL 'http://[secure]@h/': port is not a number"


def test_a_long_text_loses_its_middle():
    text = shorten("http://h/" + "x" * 1000 + "/end")
    assert len(text) == 101
    assert text.startswith("http://h/x")
    assert "…" in text
    assert text.endswith("/end")

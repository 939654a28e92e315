import pytest

from utils.token_estimate import METHOD, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("中文", 2), ("\ud800", 1)]
)
def test_four_bytes_make_a_token_rounded_up(text, tokens):
    assert estimate_tokens(text) == tokens


def test_the_method_can_be_told():
    assert METHOD == "UTF-8 bytes / 4, rounded up"

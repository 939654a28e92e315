import pytest

from utils.html_escapes import without_escapes


def test_a_reply_that_was_escaped_as_a_whole_is_read_back():
    assert without_escapes("if a &lt; b &amp;&amp; c -&gt; &quot;d&#39;") == "if a < b && c -> \"d'"
    assert without_escapes("a &lt; '&amp;lt;'") == "a < '&lt;'"


@pytest.mark.parametrize(
    "reply",
    [
        "text.replace('<', '&lt;')",
        "a & b, &lt;",
        "print('&lt;b&gt;')",
        "Use `&lt;` for it.",
        "Tom &amp; Jerry",
        "a &lt b",
    ],
)
def test_a_reply_about_escapes_stays_as_it_is(reply):
    assert without_escapes(reply) == reply

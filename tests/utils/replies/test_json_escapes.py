import json

import pytest

from utils.errors import BadReply
from utils.replies.json_escapes import escape_backslashes
from utils.replies.json_object import find_json_object


@pytest.mark.parametrize(
    "said",
    [
        r"the \frac{1}{2} of x",
        r"\begin{aligned} a \end{aligned}",
        r"\text{mass} \times \tau",
        r"\nabla f \neq \vec{0}",
        r"\left( x \right) \rho",
        r"\alpha \upsilon \varepsilon \xi \omega \Delta \Nabla \Xi",
        r"\(x\) \[y\] \{z\} \, \; \% \_",
        r"\tfrac 1 2 \textbf{b} \theta \tilde x \tanh y \therefore z",
        r"a \notin B, \not c, \newline \nmid",
        r"\bmod \binom \beta \bar \boxed{2}",
        r"\bword\b and \d+\s*\w \1 \0",
        r"\forall x \phi \flat",
        r"\rightarrow \rangle \rfloor",
    ],
)
def test_a_backslash_that_no_escape_is_meant_by_stays(said: str) -> None:
    assert find_json_object(f'{{"target": "{said}", "n": 1}}') == {"target": said, "n": 1}
    assert find_json_object(f"{{'target': '{said}', 'n': True}}") == {"target": said, "n": True}


@pytest.mark.parametrize(
    "said",
    [
        "\\frac{1}{2} right",
        "first\nThen\tend\r\nlast",
        "def f():\n\tto = 1\n\ttop = 2\n\tif to:\n\t\treturn to\nnu = f()\ne = 2",
        "for x in y:\ni = 0\nne = x != y",
        'a "quoted" word, a / and a \\ too, \u00e9 \U0001f600',
        "x = re.sub(r'\\d+\\b', '', y)\nnext(y)\tand",
        "\f\npage",
    ],
)
def test_escapes_as_a_serialiser_writes_them_are_read_as_such(said: str) -> None:
    assert find_json_object(json.dumps({"code": said})) == {"code": said}


@pytest.mark.parametrize(
    "said", [r"x \to 0", r"\alpha, \nu", r"$\nu$", r"3 \ne 4", r"\frac{a}{b}\neg c", r"p \top q"]
)
def test_where_both_may_be_meant_the_answer_is_asked_for_again(said: str) -> None:
    for text in (f'{{"target": "{said}"}}', f"{{'target': '{said}', 'n': None}}"):
        with pytest.raises(BadReply, match="unclear_escape"):
            find_json_object(text)


def test_a_python_literal_keeps_its_own_escapes() -> None:
    assert find_json_object(r"{'a': 'it\'s \x41 \u00e9 \\alpha'}") == {"a": "it's A é \\alpha"}
    assert find_json_object(r"""{"a": "it\'s \\'so\\'"}""") == {"a": r"it's \'so\'"}


def test_a_text_without_backslashes_is_left_alone() -> None:
    assert escape_backslashes('{"a": 1}') == '{"a": 1}'
    assert escape_backslashes("\\", is_python=True) == "\\"


def test_a_megabyte_of_backslashes_is_read_in_linear_time() -> None:
    for unit in ("\\", "\\\\", "\\n", '\\"', "\\frac"):
        escape_backslashes(unit * (300_000 // len(unit)))

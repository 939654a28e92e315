"""Words: free choices, lists, signatures in prose."""

import ast
import random

from offline_model.wording import describe_signature, lazy, listed, quoted, spell_out


def test_choices_are_spelled_out() -> None:
    texts = {
        spell_out("{Add|Write} {a {short |}test|tests}{ now|}", random.Random(i)) for i in range(99)
    }
    assert texts == {
        f"{verb} {noun}{end}"
        for verb in ("Add", "Write")
        for noun in ("a test", "a short test", "tests")
        for end in (" now", "")
    }


def test_lists_read_as_prose() -> None:
    assert listed(["a"]) == "a"
    assert quoted(["a", "b", "c"]) == "`a`, `b` and `c`"


def test_lazy_instructions_never_grow_a_second_full_stop() -> None:
    for seed in range(200):
        words = lazy("fix `total`", random.Random(seed))
        assert ".." not in words and words.strip() == words


def test_signatures_are_described() -> None:
    function = ast.parse("def f(a: int, b: str | None) -> list[str]: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert describe_signature("f", function) == (
        "`f` takes `a` as `int` and `b` as `str | None` and returns `list[str]`"
    )

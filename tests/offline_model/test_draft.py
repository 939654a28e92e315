"""Drafts: a program's layers and names put together, and the exercise they become."""

import ast
import random
from dataclasses import replace

import pytest

from offline_model.draft import Draft
from offline_model.programs import LayeredCode, Program, Spelling

CODE = """\
       | def total($items«: list[int]»)« -> int»:
 +docs |     \"\"\"Add up all %items.\"\"\"
       |     return sum($items)
       |
       | def main()« -> None»:
       |     $items = [1, 2]
       |
       |     print(total($items))
       |
       | if __name__ == "__main__":
       |     main()
"""
PROGRAM = Program(
    "adder", "", ("item",), LayeredCode(CODE), (), LayeredCode("      | pass"), (), {}, ()
)
SPELLING = Spelling({"$items": "prices", "%items": "prices"}, {"total": "add_up"})


def draft(*layers: str, flat: bool = False, seed: int = 1) -> Draft:
    return Draft(PROGRAM, frozenset(layers), SPELLING, flat, random.Random(seed))


def test_code_has_the_drafts_layers_and_names() -> None:
    assert (
        draft("docs")
        .code()
        .startswith('def add_up(prices):\n    """Add up all prices."""\n    return sum(prices)\n')
    )
    assert "def add_up(prices: list[int]) -> int:" in draft("types").code()


def test_other_layers_can_be_asked_for_and_none_is_not_the_same_as_its_own() -> None:
    assert draft("docs").code(frozenset()) == draft().code() != draft("docs").code()


@pytest.mark.parametrize("layers", [(), ("types",), ("docs", "types")])
def test_a_flat_draft_has_the_body_of_main_at_the_top_level(layers: tuple[str, ...]) -> None:
    code = draft(*layers, flat=True).code()
    assert "main()" not in code
    assert code.endswith(
        '\n\n\nif __name__ == "__main__":\n    prices = [1, 2]\n\n    print(add_up(prices))\n'
    )
    ast.parse(code)


def test_flat_code_does_what_the_code_did(capsys: pytest.CaptureFixture) -> None:
    for flat in (False, True):
        exec(draft(flat=flat).code(), {"__name__": "__main__"})
    assert capsys.readouterr().out == "3\n3\n"


def test_a_program_without_main_stays_as_it_is_when_flat() -> None:
    program = replace(PROGRAM, code=LayeredCode("     | x = 1\n     | print(x)\n"))
    assert replace(draft(flat=True), program=program).code() == "x = 1\nprint(x)\n"


def test_a_text_is_spelled_with_the_drafts_names_and_braces_stay() -> None:
    assert draft().fill("total($items) of {%items}") == "add_up(prices) of {prices}"


def finished(same_output: bool, seed: int = 1) -> object:
    words = ("{Change|Alter} `f` {a|b}.", "{change|alter} it")
    return draft(seed=seed).triplet(
        "an_edit", "feature", ("1", "2"), words, same_output, "assert 1"
    )


def test_a_finished_exercise_carries_everything_over() -> None:
    triplet = finished(same_output=False)
    assert (triplet.program, triplet.edit, triplet.kind) == ("adder", "an_edit", "feature")
    assert (triplet.code_before, triplet.code_after) == ("1", "2")
    assert (triplet.same_output, triplet.check) == (False, "assert 1")


@pytest.mark.parametrize("seed", range(20))
def test_the_requests_are_spelled_out_whatever_is_drawn(seed: int) -> None:
    triplet = finished(same_output=True, seed=seed)
    assert triplet == finished(same_output=True, seed=seed)
    for text in (triplet.instruct_descriptive, triplet.instruct_lazy):
        assert not set(text) & set("{|}")
    assert triplet.instruct_descriptive.startswith(("Change `f` ", "Alter `f` "))
    assert triplet.instruct_lazy.lower().startswith(("change it", "alter it"))


def test_only_the_detailed_request_says_that_the_output_stays() -> None:
    detailed = {finished(True, seed).instruct_descriptive for seed in range(20)}
    assert all("print" in text or "output" in text for text in detailed)

import pytest

from data_v5.tokens.token_layout import (
    example_blocks,
    prompt_text,
    response_text,
    without_last_example,
)


def test_a_row_with_input_is_laid_out_as_alpaca_does() -> None:
    row = {"instruction": "Add.", "input": "Q: 1 + 1\nA:", "output": "2"}
    assert prompt_text(row) == (
        "Below is an instruction that describes a task, paired with an input that provides "
        "further context. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\nAdd.\n\n### Input:\nQ: 1 + 1\nA:\n\n### Response:\n"
    )
    assert response_text(row) == "2"


def test_a_row_without_input_has_no_heading_for_it() -> None:
    assert prompt_text({"instruction": "Sing.", "input": "", "output": "La"}) == (
        "Below is an instruction that describes a task. Write a response that appropriately "
        "completes the request.\n\n### Instruction:\nSing.\n\n### Response:\n"
    )


def test_a_chat_has_its_marks_already() -> None:
    row = {"Input": "<|user|>Hi {x}<|bot|>", "Output": "Ho"}
    assert (prompt_text(row), response_text(row)) == ("<|user|>Hi {x}<|bot|>", "Ho")


def test_a_question_with_its_answer_is_worded_as_it_stands_as_an_example() -> None:
    row = {"instruction": "Add.", "input": "Q: One?\nA: 1\n\nIt is.\n\nQ: Two?\nA:", "output": "2"}
    assert example_blocks(row) == (["Q: One?\nA: 1\n\nIt is."], "Q: Two?\nA: 2")
    first = {"instruction": "Add.", "input": "Q: One?\nA:", "output": "1\n\nIt is."}
    assert example_blocks(first) == ([], "Q: One?\nA: 1\n\nIt is.")


def test_a_question_that_looks_like_examples_is_kept_whole_where_their_lengths_are_told() -> None:
    asked = "Q: Interview:\n\nQ: Who are you?\nA: Bob 7.\n\nQ: Which number?\nA:"
    examples = ["Q: One?\nA: 1", "Q: Two?\nA: 2\n\nIt is."]
    row = {
        "instruction": "Read.",
        "input": "\n\n".join([*examples, asked]),
        "output": "7",
        "example_lengths": list(map(len, examples)),
    }
    assert example_blocks(row) == (examples, f"{asked} 7")
    shorter = without_last_example(row)
    assert shorter is not None and example_blocks(shorter) == (examples[:1], f"{asked} 7")
    alone = without_last_example(shorter)
    assert alone is not None and alone["input"] == asked and without_last_example(alone) is None


@pytest.mark.parametrize("lengths", [[3], [0], [10_000], ["x"], [True], None, 5])
def test_lengths_that_are_none_are_not_gone_by(lengths: object) -> None:
    row = {"input": "Q: One?\nA: 1\n\nQ: Two?\nA:", "output": "2", "example_lengths": lengths}
    assert example_blocks(row) == (["Q: One?\nA: 1"], "Q: Two?\nA: 2")


def test_rows_that_ask_otherwise_have_no_examples() -> None:
    assert example_blocks({"instruction": "Sing.", "input": "", "output": "La"}) == ([], "")
    assert example_blocks({"Input": "Q: One?\nA:", "Output": "1"}) == ([], "")


def test_the_last_example_goes_first_and_the_question_stays_as_it_is() -> None:
    question = "Q: Here is a text.\n\nQ: is its first letter?\nA:"
    row = {"instruction": "Read.", "input": f"Q: One?\nA: 1\n\nQ: Two?\nA: 2\n\n{question}"}
    fewer = without_last_example(row)
    assert fewer == row | {"input": f"Q: One?\nA: 1\n\n{question}"}
    alone = without_last_example(fewer)
    assert alone == row | {"input": question}
    assert without_last_example(alone) is None
    assert without_last_example({"Input": "Q: One?\nA: 1\n\nQ: Two?\nA:", "Output": "2"}) is None

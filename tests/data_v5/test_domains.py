"""Each source of the six domains, on a row of its published schema."""

import random
from typing import Any

import pytest

from data_v5.reading.columns import look_up
from data_v5.reading.domain import Domain, QuestionSource, load_domain
from data_v5.reading.formats import Item, Unusable, format_item

NAMES = ["math", "science", "complexqa", "complexqa1", "bigbench", "cnn"]


def record_of(source: QuestionSource, row: dict[str, Any]) -> dict[str, Any]:
    """Make the record that is kept of a row: the columns that the format reads, and no others."""
    return {
        "question": look_up(row, source.question),
        "answer": look_up(row, source.answer),
        "source": source.title,
        "fields": {column: row[column] for column in source.format.columns()},
    }


def worded(domain: str, title: str, row: dict[str, Any], seed: int = 1) -> Item:
    source = load_domain(domain).source(title)
    return format_item(record_of(source, row), source.format, random.Random(seed))


@pytest.fixture(params=NAMES)
def domain(request: pytest.FixtureRequest) -> Domain:
    return load_domain(request.param)


def test_each_domain_says_what_to_do_and_reads_the_hub(domain: Domain) -> None:
    assert domain.instruction.strip()
    for source in domain.sources:
        assert source.path is None
        assert source.name and source.name.count("/") == 1
        assert source.split not in ("test", "validation"), "these are for measuring"


def test_no_source_is_named_twice_with_the_same_config_and_split(domain: Domain) -> None:
    places = [(s.name, s.config, s.split, s.data_dir) for s in domain.sources]
    assert len(set(places)) == len(places)


def test_the_sources_of_one_title_are_worded_by_one_format(domain: Domain) -> None:
    formats = {source.title: source.format for source in domain.sources}
    assert all(source.format == formats[source.title] for source in domain.sources)


def test_gsm8k_loses_its_calculator_notes_and_its_marker() -> None:
    row = {
        "question": "Tom has 3 bags of 4 apples and eats 2. How many are left?",
        "answer": "Tom has 3*4=<<3*4=12>>12 apples.\nThen 12-2=<<12-2=10>>10 are left.\n#### 10",
    }
    assert worded("math", "openai/gsm8k", row) == (
        "Tom has 3 bags of 4 apples and eats 2. How many are left?",
        "Tom has 3*4=12 apples.\nThen 12-2=10 are left.\nThe answer is 10.",
        "",
    )


MATH_QA = {
    "Problem": "a train runs 60 km in 2 hours . what is its speed ?",
    "Rationale": '"explanation : 60 / 2 = 30 km / h . answer : b"',
    "options": "a ) 20 km / h , b ) 30 km / h , c ) 1 , 200 km / h , d ) ( a - b ) , e ) none",
    "correct": "b",
    "annotated_formula": "divide(60, 2)",
    "linear_formula": "divide(n0,n1)|",
    "category": "physics",
}


def test_mathqa_has_its_options_split_and_its_rationale_before_the_answer() -> None:
    assert worded("math", "allenai/math_qa", MATH_QA) == (
        "a train runs 60 km in 2 hours . what is its speed ?\n(A) 20 km / h\n(B) 30 km / h\n"
        "(C) 1 , 200 km / h\n(D) ( a - b )\n(E) none",
        "explanation : 60 / 2 = 30 km / h . answer : b\nThe answer is (B) 30 km / h",
        "B",
    )


def test_the_letters_that_a_rationale_names_stay_true() -> None:
    answers = {worded("math", "allenai/math_qa", MATH_QA, seed).label for seed in range(30)}
    assert answers == {"B"}


TAL = {
    "dataset_name": "prime_math_competition_en_single_choice_8K_dev",
    "qid": "1",
    "problem": "What is $$3+4$$?",
    "answer_option_list": [
        [{"aoVal": "A", "content": "$$6$$ "}],
        [{"aoVal": "B", "content": "$$7$$ "}],
        [{"aoVal": "C", "content": "$$8$$ "}],
    ],
    "answer_analysis": ["$$3+4=7$$, so choose $$\\text{B}$$. "],
    "answer_value": "B",
}


def test_tal_scq5k_has_its_nested_options_read() -> None:
    assert worded("math", "math-eval/TAL-SCQ5K", TAL) == (
        "What is $$3+4$$?\n(A) $$6$$\n(B) $$7$$\n(C) $$8$$",
        "$$3+4=7$$, so choose $$\\text{B}$$.\nThe answer is (B) $$7$$",
        "B",
    )


def test_tal_scq5k_may_lack_the_analysis() -> None:
    row = TAL | {"answer_analysis": []}
    assert worded("math", "math-eval/TAL-SCQ5K", row).answer == "The answer is (B) $$7$$"


def test_metamath_says_the_final_answer_once() -> None:
    row = {
        "type": "GSM_Rephrased",
        "query": "What is half of 84?",
        "original_question": "Halve 84.",
        "response": "Half of 84 is 84 / 2 = 42.\n#### 42\nThe answer is: 42",
    }
    assert worded("math", "meta-math/MetaMathQA", row) == (
        "What is half of 84?",
        "Half of 84 is 84 / 2 = 42.\nThe answer is 42.",
        "",
    )


def test_mathinstruct_stays_as_it_is() -> None:
    row = {
        "source": "data/CoT/aqua_rat.json",
        "instruction": "What is 2 + 2?\nAnswer Choices: (A) 3 (B) 4",
        "output": "2 + 2 = 4.\nThe answer is B",
    }
    expected = (row["instruction"], row["output"], "")
    assert worded("math", "TIGER-Lab/MathInstruct", row) == expected


def test_mmlu_counts_its_answers_from_zero() -> None:
    row = {
        "question": "Which gas do plants take in?",
        "subject": "",
        "choices": ["oxygen", "carbon dioxide", "neon", "helium"],
        "answer": 1,
    }
    assert worded("science", "cais/mmlu", row) == (
        "Which gas do plants take in?\n(A) oxygen\n(B) carbon dioxide\n(C) neon\n(D) helium",
        "(B) carbon dioxide",
        "B",
    )


def test_bbq_puts_the_context_first() -> None:
    row = {
        "category": "Age",
        "example_id": 0,
        "context_condition": "ambig",
        "context": "A man and his grandson waited for a cab.",
        "question": "Who was not at ease with the phone?",
        "ans0": "The man",
        "ans1": "The grandson",
        "ans2": "Can't be determined",
        "answer_label": 2,
    }
    assert worded("science", "Elfsong/BBQ", row) == (
        "A man and his grandson waited for a cab.\nWho was not at ease with the phone?\n"
        "(A) The man\n(B) The grandson\n(C) Can't be determined",
        "(C) Can't be determined",
        "C",
    )


def test_openbookqa_has_labels_beside_its_options() -> None:
    row = {
        "id": "7-980",
        "question_stem": "The sun is",
        "choices": {"text": ["a planet", "a moon", "a star"], "label": ["A", "B", "C"]},
        "answerKey": "C",
    }
    assert worded("science", "allenai/openbookqa", row) == (
        "The sun is\n(A) a planet\n(B) a moon\n(C) a star",
        "(C) a star",
        "C",
    )


@pytest.mark.parametrize(("labels", "key"), [("ABC", "B"), ("123", "2")])
def test_arc_calls_its_options_by_letters_or_numbers(labels: str, key: str) -> None:
    row = {
        "id": "x",
        "question": "Which is a solid?",
        "choices": {"text": ["steam", "ice", "water"], "label": list(labels)},
        "answerKey": key,
    }
    assert worded("complexqa", "allenai/ai2_arc", row) == (
        "Which is a solid?\n(A) steam\n(B) ice\n(C) water",
        "(B) ice",
        "B",
    )


PIQA = {"goal": "Dry wet shoes.", "sol1": "Stuff paper in.", "sol2": "Freeze them.", "label": 0}


def test_piqa_has_two_solutions() -> None:
    assert worded("complexqa", "ybisk/piqa", PIQA) == (
        "Dry wet shoes.\n(A) Stuff paper in.\n(B) Freeze them.",
        "(A) Stuff paper in.",
        "A",
    )


def test_a_row_of_a_test_split_without_answer_is_unusable() -> None:
    with pytest.raises(Unusable, match="^answer_out_of_range$"):
        worded("complexqa", "ybisk/piqa", PIQA | {"label": -1})


def test_siqa_counts_its_answers_from_one() -> None:
    row = {
        "context": "Kim lent Bo a coat.",
        "question": "How would Bo feel?",
        "answerA": "cold",
        "answerB": "grateful",
        "answerC": "angry",
        "label": "2",
    }
    assert worded("complexqa", "allenai/social_i_qa", row) == (
        "Kim lent Bo a coat.\nHow would Bo feel?\n(A) cold\n(B) grateful\n(C) angry",
        "(B) grateful",
        "B",
    )


@pytest.mark.parametrize(
    "passage",
    ["Mary went to the hall.\nJohn sat.\n", ["Mary went to the hall.", "John sat."]],
    ids=["text", "list"],
)
def test_babi_tells_its_story_first(passage: object) -> None:
    row = {"passage": passage, "question": "Where is Mary?", "answer": "hall", "task": 1}
    assert worded("complexqa", "Muennighoff/babi", row) == (
        "Mary went to the hall.\nJohn sat.\nWhere is Mary?",
        "hall",
        "",
    )


HELLASWAG = {
    "ind": 4,
    "activity_label": "Cooking",
    "ctx_a": "A man cracks an egg into a pan.",
    "ctx_b": "He",
    "ctx": "A man cracks an egg into a pan. He",
    "endings": ["paints the wall.", "stirs the egg.", "swims away.", "reads the egg."],
    "source_id": "a",
    "split": "train",
    "split_type": "indomain",
    "label": "1",
}


def test_hellaswag_asks_how_it_goes_on() -> None:
    assert worded("complexqa", "Rowan/hellaswag", HELLASWAG) == (
        "A man cracks an egg into a pan. He ...\nHow does it go on?\n(A) paints the wall.\n"
        "(B) stirs the egg.\n(C) swims away.\n(D) reads the egg.",
        "(B) stirs the egg.",
        "B",
    )


def test_hellaswag_without_label_is_unusable() -> None:
    with pytest.raises(Unusable, match="^empty_answer$"):
        worded("complexqa", "Rowan/hellaswag", HELLASWAG | {"label": ""})


MEDMCQA = {
    "id": "e",
    "question": "Which vitamin cures scurvy?",
    "opa": "retinol",
    "opb": "thiamine",
    "opc": "ascorbic acid",
    "opd": "calciferol",
    "cop": 2,
    "choice_type": "single",
    "exp": "Ans. is 'c' i.e., ascorbic acid",
    "subject_name": "Biochemistry",
    "topic_name": None,
}


def test_medmcqa_explains_its_answer() -> None:
    assert worded("complexqa1", "openlifescienceai/medmcqa", MEDMCQA) == (
        "Which vitamin cures scurvy?\n(A) retinol\n(B) thiamine\n(C) ascorbic acid\n(D) calciferol",
        "Ans. is 'c' i.e., ascorbic acid\nThe answer is (C) ascorbic acid",
        "C",
    )


def test_medmcqa_may_lack_the_explanation() -> None:
    item = worded("complexqa1", "openlifescienceai/medmcqa", MEDMCQA | {"exp": None})
    assert item.answer == "The answer is (C) ascorbic acid"


def test_winogrande_asks_what_belongs_in_the_gap() -> None:
    row = {
        "sentence": "The cup did not fit in the box because the _ was too big.",
        "option1": "cup",
        "option2": "box",
        "answer": "1",
    }
    assert worded("complexqa1", "allenai/winogrande", row) == (
        "What belongs in the place of _?\n"
        "The cup did not fit in the box because the _ was too big.\n(A) cup\n(B) box",
        "(A) cup",
        "A",
    )


@pytest.mark.parametrize(("answer", "said"), [(True, "yes"), (False, "no"), ("true", "yes")])
def test_boolq_answers_yes_or_no(answer: object, said: str) -> None:
    row = {"question": "is the sun a star", "answer": answer, "passage": "The Sun is a star."}
    assert worded("complexqa1", "google/boolq", row) == (
        "The Sun is a star.\nis the sun a star?",
        said,
        "",
    )


SCIQ = {
    "question": "What force pulls things down?",
    "distractor3": "friction",
    "distractor1": "magnetism",
    "distractor2": "tension",
    "correct_answer": "gravity",
    "support": "Gravity pulls things towards the Earth.",
}


def test_sciq_puts_the_right_answer_in_all_places_by_seed() -> None:
    items = [worded("complexqa1", "allenai/sciq", SCIQ, seed) for seed in range(200)]
    places = [item.label for item in items]
    assert all(places.count(letter) > 25 for letter in "ABCD")
    for item in items:
        assert item.answer == f"({item.label}) gravity"
        passage, question, *options = item.question.split("\n")
        assert passage == "Gravity pulls things towards the Earth."
        assert question == "What force pulls things down?"
        assert item.answer in options
        assert sorted(option[4:] for option in options) == [
            "friction",
            "gravity",
            "magnetism",
            "tension",
        ]
    assert items[7] == worded("complexqa1", "allenai/sciq", SCIQ, 7)


def test_sciq_may_lack_the_passage() -> None:
    item = worded("complexqa1", "allenai/sciq", SCIQ | {"support": ""})
    assert item.question.startswith("What force pulls things down?\n(A) ")


BIG_BENCH = {
    "idx": 3,
    "inputs": "Q: What film do the emojis stand for? \N{CROWN}\n  choice: the crown\n"
    ". choice: jaws\n. choice: up\nA:",
    "targets": ["the crown"],
    "multiple_choice_targets": ["the crown", "jaws", "up"],
    "multiple_choice_scores": [1, 0, 0],
}


def test_big_bench_shows_its_options_once_and_shuffled() -> None:
    items = [worded("bigbench", "tasksource/bigbench", BIG_BENCH, seed) for seed in range(100)]
    assert {item.label for item in items} == {"A", "B", "C"}
    for item in items:
        question, *options = item.question.split("\n")
        assert question == "What film do the emojis stand for? \N{CROWN}"
        assert len(options) == 3
        assert item.answer == f"({item.label}) the crown"
        assert item.answer in options


def test_big_bench_may_ask_for_free_text() -> None:
    row = {
        "idx": 0,
        "inputs": "Q: I have two pears and a plum. How many fruits do I have?\nA:",
        "targets": ["three", "3"],
        "multiple_choice_targets": [],
        "multiple_choice_scores": [],
    }
    assert worded("bigbench", "tasksource/bigbench", row) == (
        "I have two pears and a plum. How many fruits do I have?",
        "three",
        "",
    )


def test_big_bench_options_that_are_mere_letters_are_not_listed_again() -> None:
    row = {
        "idx": 0,
        "inputs": "Which is sarcastic? (a) What a day (b) What luck to be robbed",
        "targets": ["(b)"],
        "multiple_choice_targets": ["(a)", "(b)"],
        "multiple_choice_scores": [0, 1],
    }
    assert worded("bigbench", "tasksource/bigbench", row) == (row["inputs"], "(b)", "")


def test_cnn_gives_the_highlights() -> None:
    row = {
        "article": "(CNN) A bridge opened on Monday. It cost little.",
        "highlights": "Bridge opens Monday .\nIt was cheap .",
        "id": "f",
    }
    assert worded("cnn", "abisee/cnn_dailymail", row) == (row["article"], row["highlights"], "")


def test_strategyqa_keeps_the_reason_of_its_answer() -> None:
    source = load_domain("bigbench").source("tasksource/bigbench strategyqa")
    row = {
        "inputs": "Q: Is ice warm?\nA:",
        "targets": ["No. Ice is frozen water."],
        "multiple_choice_targets": ["Yes", "No"],
        "multiple_choice_scores": [0, 1],
    }
    item = format_item(record_of(source, row), source.format, random.Random(1))
    assert (item.question, item.answer) == ("Is ice warm?", "No. Ice is frozen water.")

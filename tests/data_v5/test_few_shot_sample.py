import json

import pytest

from data_v5.few_shot_sample import main
from data_v5.select_data import main as select
from tests.stage2 import log_lines
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

APPLES = [f"{name} picks red apples in the old orchard. How many?" for name in "ABCDEFG"]
TRAINS = [f"The express train of {name} leaves the station at noon. When?" for name in "HIJKLMN"]


def record(question, answer="1", source="ann/sums", fields=None):
    return {"question": question, "answer": answer, "source": source, "fields": fields or {}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources = [
        {"name": "ann/sums", "question": "q", "answer": "a"},
        {"name": "ann/tales", "question": "q", "answer": "a", "format": {"passage": "p"}},
        {"name": "ann/exams", "question": "q", "answer": "a", "format": {"options": "list"}},
    ]
    with open("sums.yaml", "w") as file:
        json.dump({"instruction": "Solve.", "sources": sources}, file)
    return tmp_path


def sample(rows, *flags):
    write_rows("data/sums_question.jsonl", rows)
    main(["--domain", "sums.yaml", *flags])
    return list(read_rows("data/few-shot/sums_fewshot.jsonl"))


def questions(records):
    return [record["question"] for record in records]


def test_each_question_gets_the_five_nearest_others(folder):
    mixed = [question for pair in zip(APPLES, TRAINS, strict=True) for question in pair]
    rows = sample([record(question, answer=str(n)) for n, question in enumerate(mixed)])
    assert questions(row["origin"] for row in rows) == mixed
    for row in rows:
        assert row.keys() == {"origin", "shot"}
        shots = questions(row["shot"])
        assert len(set(shots)) == 5 and row["origin"]["question"] not in shots
        theme = APPLES if row["origin"]["question"] in APPLES else TRAINS
        assert set(shots) <= set(theme)
        assert all(shot["answer"] == str(mixed.index(shot["question"])) for shot in row["shot"])


def test_equally_near_ones_come_in_the_order_of_the_file(folder):
    # A lone surrogate is embedded as a question mark, so these differ in the file alone.
    alike = [f"How many apples {chr(0xD800 + number)}" for number in range(6)]
    rows = sample(
        [record(text) for text in [*alike[:3], TRAINS[0], *alike[3:]]], "--num_shots", "3"
    )
    assert questions(rows[0]["shot"]) == alike[1:4]
    assert questions(rows[1]["shot"]) == [alike[0], *alike[2:4]]
    assert questions(rows[6]["shot"]) == alike[:3]


def test_a_duplicate_is_neither_shot_nor_origin(folder):
    rows = sample([*map(record, APPLES[:6]), record(APPLES[0].upper().replace(" ", "  "))])
    assert questions(row["origin"] for row in rows) == APPLES[:6]
    assert all(set(questions(row["shot"])) <= set(APPLES) for row in rows)
    (rejected,) = read_rows("data/few-shot/sums_fewshot.rejected.jsonl")
    assert rejected["reject_reason"] == "duplicate_question"


def test_one_question_of_several_passages_is_several(folder):
    tales = [record("Who?", source="ann/tales", fields={"p": text}) for text in APPLES]
    rows = sample(tales)
    assert [row["origin"]["fields"]["p"] for row in rows] == APPLES
    assert all(row["origin"] not in row["shot"] for row in rows)


def with_corpus(sampled, others, *flags):
    write_rows("data/sums_question.corpus.jsonl", [*map(record, [*others, *sampled])])
    return sample(list(map(record, sampled)), *flags)


def test_shots_come_from_all_questions_that_the_sample_was_drawn_from(folder):
    rows = with_corpus([APPLES[0], TRAINS[0]], [*APPLES[1:], *TRAINS[1:]])
    assert questions(row["origin"] for row in rows) == [APPLES[0], TRAINS[0]]
    for row, theme in zip(rows, (APPLES, TRAINS), strict=True):
        shots = questions(row["shot"])
        assert len(set(shots)) == 5 and set(shots) <= set(theme[1:])
    with open("data/few-shot/sums_fewshot.summary.json") as file:
        figures = json.load(file)
    assert figures["questions_to_choose_from"] == 14 and 0 < figures["mean_cosine"] <= 1
    assert figures["settings"]["shots_from"] == "data/sums_question.corpus.jsonl"


def test_shots_of_the_sample_alone_can_be_asked_for(folder):
    rows = with_corpus(APPLES[:3], APPLES[3:], "--num_shots", "2", "--shots_from", "sample")
    assert all(set(questions(row["shot"])) <= set(APPLES[:3]) for row in rows)


def test_without_the_corpus_the_sample_is_used_and_that_is_said(folder):
    with log_lines() as lines:
        sample(list(map(record, APPLES)))
    assert any("corpus.jsonl: no such file; examples are looked for in the" in one for one in lines)


def test_a_sample_of_another_corpus_is_refused(folder):
    write_rows("data/sums_question.corpus.jsonl", [*map(record, TRAINS)])
    with pytest.raises(PipelineError, match="corpus.jsonl: lacks 7 of the sampled questions"):
        sample(list(map(record, APPLES)))


def test_the_embeddings_of_step_1_serve_step_2(folder):
    rows = [{"q": text, "a": "1"} for text in [*APPLES, *TRAINS]]
    write_rows("own.jsonl", rows)
    with open("own.yaml", "w") as file:
        source = {"path": "own.jsonl", "question": "q", "answer": "a"}
        json.dump({"instruction": "Solve.", "sources": [source]}, file)
    select(["--domain", "own.yaml", "-n", "4", "--threshold", "0.6", "--min_community_size", "3"])
    with log_lines() as lines:
        main(["--domain", "own.yaml"])
    assert any("embeddings: reusing" in line for line in lines)
    assert len(list((folder / "cache/own").glob("embeddings_*.npy"))) == 1
    found = list(read_rows("data/few-shot/own_fewshot.jsonl"))
    assert len(found) == 4 and all(len(row["shot"]) == 5 for row in found)


def exam(question, right, wrong):
    return record(question, "A", "ann/exams", {"list": [right, wrong]})


def test_the_same_question_with_other_wrong_options_is_no_shot_of_itself(folder):
    twins = [exam("What is the capital of Peru?", "Lima", wrong) for wrong in ("Quito", "La Paz")]
    others = [exam(f"What is the capital of {n}?", n * 2, "Lima") for n in ("Peru A", "B", "C")]
    rows = sample([*twins, *others], "--num_shots", "3")
    assert [row["origin"] for row in rows] == [*twins, *others], "none is rejected"
    for row in rows[:2]:
        assert questions(row["shot"]).count("What is the capital of Peru?") == 0
    for row in rows[2:]:
        assert questions(row["shot"]).count("What is the capital of Peru?") == 1
    assert all(len(row["shot"]) == 3 for row in rows)


def test_the_same_words_asked_of_other_options_are_other_questions(folder):
    rows = sample([exam("Which of these is true?", text, "No.") for text in APPLES[:3]],
                  "--num_shots", "2")  # fmt: skip
    assert all(len(row["shot"]) == 2 and row["origin"] not in row["shot"] for row in rows)


def test_copies_of_a_question_do_not_count_as_others(folder):
    copies = [exam("Which?", "this", wrong) for wrong in APPLES]
    with pytest.raises(PipelineError, match="holds 2 different usable questions"):
        sample([*copies, record(TRAINS[0])], "--num_shots", "2")
    rows = sample([*copies, record(TRAINS[0])], "--num_shots", "1")
    assert {text for row in rows[:-1] for text in questions(row["shot"])} == {TRAINS[0]}


def test_unusable_records_are_rejected(folder):
    bad = [record(" "), record("x?", answer=None), {**record("y?"), "fields": None}]
    assert len(sample([*bad, *map(record, APPLES)])) == 7
    rejected = read_rows("data/few-shot/sums_fewshot.rejected.jsonl")
    reasons = ["empty_question", "empty_answer", "unreadable_fields"]
    assert [row["reject_reason"] for row in rejected] == reasons


def test_too_few_questions_are_an_error(folder):
    with pytest.raises(PipelineError, match="holds 5 different usable questions, .* at least 6"):
        sample([*map(record, APPLES[:5]), record(APPLES[0])])
    assert not (folder / "data/few-shot/sums_fewshot.jsonl").exists()
    assert len(sample([*map(record, APPLES[:6])])) == 6


def test_the_embeddings_are_kept_and_found_again(folder):
    first = sample(list(map(record, APPLES)))
    (kept,) = (folder / "cache/sums").glob("embeddings_*.npy")
    written = kept.stat().st_mtime_ns
    assert sample(list(map(record, APPLES))) == first
    assert kept.stat().st_mtime_ns == written
    assert sample(list(map(record, APPLES)), "--force_rebuild", "embeddings") == first
    assert kept.stat().st_mtime_ns > written


def test_a_source_that_the_domain_has_not_is_named(folder):
    with pytest.raises(
        PipelineError, match=r"'ann/other', .*\(has: ann/sums, ann/tales, ann/exams\)"
    ):
        sample([*map(record, APPLES), record("x?", source="ann/other")])


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--num_shots", "0"], "--num_shots must be above 0, not 0"),
        (["--force_rebuild", "clusters"], "--force_rebuild must be 'embeddings', not 'clusters'"),
        (["--sample_question_path", "none.jsonl"], "none.jsonl: no such file"),
        (["--sample_question_path", "sums.yaml"], "sums.yaml, line 1: field 'question' is missing"),
        (["--domain", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_a_mistaken_flag_is_named(folder, flags, complaint):
    with pytest.raises(PipelineError, match=complaint):
        sample(list(map(record, APPLES)), *flags)

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.jsonl import write_rows
from utils.report.review import Review, ReviewMark, agreement, read_review, reviews_data, sample_id

SAMPLE = ("a = 1\n", "a = 2\n", "Make it two.")


def mark(verdict, *texts, **more):
    return {"sample_id": sample_id(*texts), "verdict": verdict, **more}


@given(*[st.text(min_size=1)] * 3)
def test_white_space_around_the_texts_does_not_count(before, after, instruction):
    padded = sample_id(f"\n{before}\n", after + "\n", f" {instruction} ")
    assert padded == sample_id(before, after, instruction)


def test_every_text_counts():
    ids = {sample_id(*(SAMPLE[:n] + ("other",) + SAMPLE[n + 1 :])) for n in range(3)}
    assert len(ids | {sample_id(*SAMPLE)}) == 4


def test_the_last_of_several_marks_counts(tmp_path):
    path = tmp_path / "review.jsonl"
    write_rows(path, [mark("reject", *SAMPLE), mark("accept", *SAMPLE, note="after all")])
    assert read_review(path) == {sample_id(*SAMPLE): "accept"}


def test_an_unknown_verdict_is_named(tmp_path):
    path = tmp_path / "review.jsonl"
    write_rows(path, [mark("accept", *SAMPLE), mark("perhaps", *SAMPLE)])
    with pytest.raises(PipelineError, match="mark 2: field 'verdict' is 'perhaps'"):
        read_review(path)


def test_a_file_that_is_no_review_is_named(tmp_path):
    write_rows(tmp_path / "mix.jsonl", [{"commit": "c"}])
    with pytest.raises(PipelineError, match="field 'sample_id' is missing"):
        read_review(tmp_path / "mix.jsonl")


def test_a_review_says_how_many_of_its_marks_were_met(tmp_path):
    path = tmp_path / "review.jsonl"
    other = ("b", "c", "d")
    write_rows(
        path, [mark("reject", *SAMPLE), mark("accept", *other), mark("reject", "x", "y", "z")]
    )
    review = Review(path)
    assert review.rejects(*SAMPLE) and not review.rejects(*other)
    assert not review.rejects("never", "marked", "at all")
    assert review.counts() == {
        "marks": {"accept": 1, "reject": 2},
        "met": {"accept": 1, "reject": 1},
    }


def test_a_review_of_other_data_is_warned_of(tmp_path, caplog, monkeypatch):
    path = tmp_path / "review.jsonl"
    write_rows(path, [mark("reject", *SAMPLE)])
    monkeypatch.setattr(logging.getLogger("editloom"), "propagate", True)
    with caplog.at_level(logging.WARNING, "editloom"):
        Review(path).report()
    assert "is it of other data?" in caplog.text


def test_without_a_file_nothing_is_rejected():
    assert not Review().rejects(*SAMPLE)


def said(verdicts):
    return {str(number): ReviewMark(verdict) for number, verdict in enumerate(verdicts.split())}


def test_agreement_is_counted_over_the_samples_that_both_marked():
    one, other = said("accept accept reject reject accept"), said("accept reject reject reject")
    # By hand: 3 of 4 alike; accepted 2/4 and 1/4, so 1/8 + 3/8 by chance; (3/4 - 1/2) / (1/2).
    assert agreement(one, other) == {"both": 4, "same": 3, "kappa": 0.5}


def test_agreement_beyond_chance_is_unknown_where_all_said_the_same_or_nothing_is_shared():
    assert agreement(said("accept accept"), said("accept accept"))["kappa"] is None
    assert agreement(said("accept"), {}) == {"both": 0, "same": 0, "kappa": None}


def test_marks_of_several_people_are_gathered_by_sample():
    data = reviews_data({"anna": said("accept"), "ben": said("reject accept")})
    assert data["people"] == [["anna", 1], ["ben", 2]]
    assert data["marks"]["0"] == [["anna", "accept", ""], ["ben", "reject", ""]]
    assert [pair["names"] for pair in data["pairs"]] == [["anna", "ben"]]
    assert reviews_data({}) == {"people": [], "pairs": [], "marks": {}}

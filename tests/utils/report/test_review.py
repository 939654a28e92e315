import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.jsonl import write_rows
from utils.report.review import Review, read_review, sample_id

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

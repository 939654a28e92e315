import pytest

from data_v5.reading.columns import Unusable
from data_v5.reading.domain import QuestionSource
from data_v5.reading.formats import Format
from data_v5.reading.questions import (
    Opened,
    QuestionStore,
    collect_questions,
    question_record,
    text_digest,
)
from utils.errors import PipelineError
from utils.jsonl import read_rows
from utils.stage_output import StageOutput

PLAIN = QuestionSource(name="ann/sums", question="q", answer="a")
PASSAGES = QuestionSource(name="ann/tales", question="q", answer="a", format=Format(passage="p"))


def test_a_record_holds_the_worded_question_and_answer_and_the_columns_of_the_format():
    row = {"q": " Who? ", "a": 3, "p": "A tale."}
    assert question_record(row, PASSAGES) == {
        "question": "Who?",
        "answer": "3",
        "source": "ann/tales",
        "fields": {"p": "A tale."},
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"q": None, "a": "1"}, "empty_question"),
        ({"q": " \n", "a": "1"}, "empty_question"),
        ({"q": "1?", "a": []}, "empty_answer"),
        ({"q": {"text": "1?"}, "a": "1"}, "unreadable_question"),
        ({"q": "1?", "a": {}}, "unreadable_answer"),
        ({"q": "1?", "a": float("nan")}, "unreadable_answer"),
        ({"q": "1?", "a": "\u200b\u2800\u3164"}, "empty_answer"),
        ({"q": "\u200b", "a": "1"}, "empty_question"),
    ],
)
def test_a_row_without_a_question_or_an_answer_is_unusable(row, reason):
    with pytest.raises(Unusable, match=f"^{reason}$"):
        question_record(row, PLAIN)


def test_a_question_is_the_same_in_other_spacing_and_capitals():
    assert text_digest("What is\n 1 + 1 ?") == text_digest("what is 1 +  1 ? ")
    assert text_digest("caf\u00e9") == text_digest("cafe\u0301")
    assert text_digest("x\u00b2") != text_digest("x2")
    assert text_digest("1 + 1?") != text_digest("1 - 1?")
    assert len(text_digest("\ud800")) == 16


def test_a_store_keeps_the_first_of_equal_questions_and_reads_records_back():
    with QuestionStore() as store:
        first, again, other = (
            question_record({"q": q, "a": a}, PLAIN)
            for q, a in (("1 \ud800\u2028?", "1"), ("1 \ud800 ?", "2"), ("2?", "x"))
        )
        assert [store.add(record, PLAIN) for record in (first, again, other)] == [True, False, True]
        assert (len(store), store.read(1), store.read(0)) == (2, other, first)
        assert store.texts == ["1 \ud800\u2028?", "2?"]


def test_one_question_of_two_passages_is_two():
    with QuestionStore() as store:
        for passage in ("Tim is in.", "Tom is in."):
            record = question_record({"q": "Who?", "a": "x", "p": passage}, PASSAGES)
            assert store.add(record, PASSAGES)


def test_the_fingerprint_hangs_on_the_texts_and_their_order():
    def fingerprint(*questions):
        with QuestionStore() as store:
            for question in questions:
                store.add(question_record({"q": question, "a": "1"}, PLAIN), PLAIN)
            return store.fingerprint()

    assert fingerprint("ab", "c") == fingerprint("ab", "c")
    different = [fingerprint("ab", "c"), fingerprint("c", "ab"), fingerprint("a", "bc")]
    assert len({*different, fingerprint("ab", "c", "d")}) == 4


ROWS = [
    {"q": "1?", "a": "1", "level": 1},
    {"q": "", "a": "1", "level": 1},
    {"q": "1 ?", "a": "1", "level": 1},
    {"q": "1?", "a": "9", "level": 1},
    {"q": "2?", "a": "2", "level": 2},
]


def collect(tmp_path, *sources, max_rows=None):
    opened = [Opened(source, lambda: iter(ROWS)) for source in sources]
    with QuestionStore() as store, StageOutput(tmp_path / "out.jsonl") as output:
        counts = collect_questions(opened, store, output, max_rows)
        return counts, store.texts, output


def test_what_became_of_the_rows_is_counted_by_source(tmp_path):
    filtered = QuestionSource(name="ann/easy", question="q", answer="a", where={"level": 2})
    counts, texts, output = collect(tmp_path, PLAIN, filtered)
    assert texts == ["1?", "1 ?", "2?"]
    assert counts == {
        "ann/sums": {"rows": 5, "questions": 3, "rejected": 2},
        "ann/easy": {"rows": 5, "left_out_by_where": 4, "duplicate": 1},
    }
    assert dict(output.passed_over) == {"duplicate_question": 1}
    assert output.reasons["same_question_other_answer"] == 1
    empty, other = read_rows(tmp_path / "out.rejected.jsonl")
    assert empty == {"source": "ann/sums", **ROWS[1], "reject_reason": "empty_question"}
    assert (other["a"], other["reject_reason"]) == ("9", "same_question_other_answer")


def test_at_most_so_many_rows_of_each_source_are_read(tmp_path):
    assert collect(tmp_path, PLAIN, max_rows=1)[1] == ["1?"]


def test_a_source_of_which_nothing_is_left_is_named(tmp_path):
    nothing = QuestionSource(name="ann/none", question="q", answer="a", where={"level": 3})
    with pytest.raises(PipelineError, match="source 'ann/none': key 'where' leaves no row of 5"):
        collect(tmp_path, nothing)


@pytest.mark.parametrize("source", [PASSAGES, PLAIN])
def test_values_that_json_has_no_form_for_are_named(tmp_path, source):
    row = {"q": "1?", "a": "1", "p": b"x"} if source is PASSAGES else {"q": "1?", "a": b"x"}
    with (
        QuestionStore() as store,
        pytest.raises(PipelineError, match=f"'{source.title}': a column .* bytes"),
        StageOutput(tmp_path / "out.jsonl") as output,
    ):
        collect_questions([Opened(source, lambda: iter([row]))], store, output)

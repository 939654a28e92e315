import io
import json
import logging

import pyarrow
import pyarrow.parquet
import pytest

from data_v5.reading.domain import QuestionSource
from data_v5.reading.formats import Format
from data_v5.reading.question_sources import open_questions
from data_v5.reading.questions import Opened, QuestionStore, collect_questions
from tests.hub_server import serving
from utils.errors import PipelineError
from utils.jsonl import read_rows
from utils.stage_output import StageOutput

ROWS = [
    {"q": "1 + 1?", "a": "2", "steps": ["one", "two"], "more": 0},
    {"q": "2 + 2?", "a": 4, "steps": None, "more": 0},
]
WANTED = [{key: row[key] for key in ("q", "a", "steps")} for row in ROWS]
FORMAT = Format(rationale="steps", optional=["rationale"])


def source(**keys):
    return QuestionSource(question="q", answer="a", **({"format": FORMAT} | keys))


def lines(*rows):
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def parquet(*rows):
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
    return file.getvalue()


TEXT_ROWS = [row | {"a": str(row["a"])} for row in ROWS]
CONTENTS = {
    "x.jsonl": lines(*TEXT_ROWS),
    "x.json": json.dumps(TEXT_ROWS, indent=1).encode(),
    "x.parquet": parquet(*TEXT_ROWS),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_local_file_of_each_kind_gives_the_columns_that_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(CONTENTS[name])
    read = open_questions(source(path=str(tmp_path / name)))
    assert list(read()) == [row | {"a": str(row["a"])} for row in WANTED]
    assert next(read()) == WANTED[0], "it can be read again"


@pytest.mark.parametrize("name", CONTENTS)
def test_a_missing_column_is_named_with_the_source_and_its_columns(tmp_path, name):
    (tmp_path / name).write_bytes(CONTENTS[name])
    bad = QuestionSource(
        question="q", answer="solution", name="ann/sums", path=str(tmp_path / name)
    )
    complaint = (
        r"source 'ann/sums', .*column 'solution' is missing \(has: q, a, steps, more\); mend"
    )
    with pytest.raises(PipelineError, match=complaint):
        list(open_questions(bad)())


def test_later_rows_of_json_may_leave_out_any_column(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(ROWS[0], {"q": "3?", "a": "3"}, {"a": "3", "steps": []}))
    rows = list(open_questions(source(path=str(path)))())
    assert rows[1:] == [
        {"q": "3?", "a": "3", "steps": None},
        {"q": None, "a": "3", "steps": []},
    ]


def test_a_later_row_without_a_question_or_an_answer_is_rejected_and_counted(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(ROWS[0], {"a": "3"}, {"q": "3?"}, ROWS[1]))
    wanted = source(path=str(path))
    with QuestionStore() as store, StageOutput(tmp_path / "out.jsonl", [path]) as output:
        counts = collect_questions([Opened(wanted, open_questions(wanted))], store, output)
    assert counts == {str(path): {"rows": 4, "questions": 2, "rejected": 2}}
    rejected = read_rows(tmp_path / "out.rejected.jsonl")
    assert [row["reject_reason"] for row in rejected] == ["empty_question", "empty_answer"]


@pytest.mark.parametrize("column", ["q", "a"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_the_first_row_must_have_the_question_and_the_answer(tmp_path, name, column):
    row = {key: value for key, value in TEXT_ROWS[0].items() if key != column}
    (tmp_path / name).write_bytes(lines(row) if name == "x.jsonl" else parquet(row))
    with pytest.raises(PipelineError, match=f"column '{column}' is missing"):
        list(open_questions(source(path=str(tmp_path / name)))())


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_an_optional_column_is_never_required_but_missed_everywhere_it_is_told(
    tmp_path, caplog, name
):
    bare = {"q": "3?", "a": "3"}
    path = tmp_path / name
    path.write_bytes(lines(bare) if name == "x.jsonl" else parquet(bare))
    with caplog.at_level(logging.WARNING):
        assert list(open_questions(source(path=str(path)))()) == [bare | {"steps": None}]
    assert "no row has the column 'steps'" in caplog.text
    with pytest.raises(PipelineError, match="column 'steps' is missing"):
        list(open_questions(source(path=str(path), format=Format(rationale="steps")))())


def test_the_first_row_of_json_may_lack_an_optional_column(tmp_path, caplog):
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines({"q": "3?", "a": "3"}, ROWS[0]))
    rows = list(open_questions(source(path=str(path)))())
    assert [row["steps"] for row in rows] == [None, ["one", "two"]]
    assert not caplog.text


def test_a_record_that_is_no_object_is_named(tmp_path):
    (tmp_path / "x.jsonl").write_bytes(b'["q", "a"]\n')
    with pytest.raises(PipelineError, match="x.jsonl, record 1: a list; each record must be"):
        list(open_questions(source(path=str(tmp_path / "x.jsonl")))())


@pytest.mark.parametrize(
    ("name", "complaint"), [("x.csv", "must end in .json, .jsonl, .parquet"), ("y.json", "no such")]
)
def test_a_file_that_can_not_be_read_is_named_before_any_row_is(tmp_path, name, complaint):
    (tmp_path / "x.csv").write_text("q,a\n")
    with pytest.raises(PipelineError, match=complaint):
        open_questions(source(path=str(tmp_path / name)))


DATASETS = {
    "ann/sums": {
        "main": {"sums.py": b"raise SystemExit('a loading script was run')"},
        "refs/convert/parquet": {
            "easy/train/0000.parquet": parquet(TEXT_ROWS[0]),
            "easy/train/0001.parquet": parquet(TEXT_ROWS[1]),
            "easy/test/0000.parquet": parquet({"q": "secret", "a": "x", "steps": None}),
            "hard/train/0000.parquet": parquet({"q": "hard", "a": "x", "steps": None}),
        },
    },
    "ann/lists": {"main": {"README.md": b"#", "Lists-395K.json": json.dumps(ROWS).encode()}},
    "ann/folders": {"main": {"en/train.jsonl": lines(ROWS[0]), "cn/train.jsonl": lines(ROWS[1])}},
}


@pytest.mark.parametrize(
    ("keys", "questions"),
    [
        ({"name": "ann/sums", "config": "easy"}, ["1 + 1?", "2 + 2?"]),
        ({"name": "ann/sums", "config": "easy", "split": "test"}, ["secret"]),
        ({"name": "ann/lists"}, ["1 + 1?", "2 + 2?"]),
        ({"name": "ann/folders", "data_dir": "cn"}, ["2 + 2?"]),
    ],
)
def test_a_data_set_of_the_hub_is_read_from_files_and_no_script_is_run(
    monkeypatch, tmp_path, keys, questions
):
    with serving(DATASETS) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        rows = list(open_questions(source(**keys), str(tmp_path))())
    assert [row["q"] for row in rows] == questions
    assert not [request for request in server.requests if request.endswith(".py")]


def test_a_data_set_that_is_not_there_is_named_before_any_row_is_read(monkeypatch, tmp_path):
    with serving(DATASETS) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        with pytest.raises(PipelineError, match="configuration 'odd'.*easy/test, easy/train"):
            open_questions(source(name="ann/sums", config="odd"), str(tmp_path))

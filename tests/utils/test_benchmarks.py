import json

import pyarrow
import pyarrow.parquet
import pytest

from utils.benchmarks import PRESETS, Benchmark, BenchmarkFields, read_texts
from utils.errors import PipelineError

CODE = "def total(numbers):\n    return sum(numbers)\n"
OTHER = "def words(text):\n    return text.split()\n"
TASK = "Let the total begin at 1."


def texts(benchmark):
    return [(kind, text) for kind, _, text in read_texts(benchmark)]


def file_of(rows, path):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_texts_come_with_their_kind_and_place(tmp_path):
    rows = [{"code": CODE, "task": ""}, {"code": OTHER, "task": TASK}]
    file = file_of(rows, tmp_path / "b.jsonl")
    benchmark = Benchmark("bench", file=file, fields=BenchmarkFields(("code",), ("task",)))
    assert list(read_texts(benchmark)) == [
        ("code", "bench row 1", CODE),
        ("code", "bench row 2", OTHER),
        ("instruction", "bench row 2", TASK),
    ]


def test_texts_are_read_by_dotted_paths_and_put_together(tmp_path):
    head, body = CODE.split("\n", 1)
    rows = [{"now": {"head": head + "\n"}, "body": body, "past": [{"code": "x"}, {"code": OTHER}]}]
    file = file_of(rows, tmp_path / "b.jsonl")
    fields = BenchmarkFields((("now.head", "body"), "past[].code"))
    assert texts(Benchmark(file=file, fields=fields)) == [
        ("code", CODE),
        ("code", "x"),
        ("code", OTHER),
    ]


@pytest.mark.parametrize("form", ["array", "splits", "parquet"])
def test_json_arrays_and_parquet_files_are_read_too(tmp_path, form):
    rows = [{"code": CODE, "task": TASK}]
    path = tmp_path / ("b.parquet" if form == "parquet" else "b.json")
    if form == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows if form == "array" else {"test": rows}))
    benchmark = Benchmark(file=str(path), fields=BenchmarkFields(("code",)))
    assert list(read_texts(benchmark)) == [("code", "b row 1", CODE)]


def test_a_folder_is_read_by_patterns(tmp_path):
    exercise = tmp_path / "python/exercises/practice/totals"
    (exercise / ".meta").mkdir(parents=True)
    (exercise / ".docs").mkdir()
    (exercise / ".meta/example.py").write_text(CODE)
    (exercise / "totals.py").write_text("def total():\n    pass\n")
    (exercise / ".docs/instructions.md").write_text(TASK)
    assert texts(Benchmark(preset="aider_polyglot", file=str(tmp_path))) == [
        ("code", CODE),
        ("code", "def total():\n    pass\n"),
        ("instruction", TASK),
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_that_is_not_there_says_where_to_get_it(preset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError, match="no such file; get the benchmark .* from https://"):
        texts(Benchmark(preset=preset))


def test_presets_read_the_published_fields(tmp_path):
    row = {"declaration": "def f(a):\n", "prompt": "def f(a):\n    'Doc.'\n"}
    row |= {"canonical_solution": "    return a + 1\n", "buggy_solution": "    return a\n"}
    row |= {"docstring": "Doc.", "instruction": TASK}
    file = file_of([row], tmp_path / "humanevalpack.jsonl")
    found = texts(Benchmark(preset="humanevalfix", file=file))
    assert ("code", "def f(a):\n    return a + 1\n") in found
    assert ("code", "def f(a):\n    'Doc.'\n    return a\n") in found
    assert ("instruction", TASK) in found
    history = {"history": [{"code": "x = y(1)"}], "current": {"code": CODE}, "user": ""}
    path = tmp_path / "apeval.json"
    path.write_text(json.dumps([history]))
    assert texts(Benchmark(preset="apeval", file=str(path))) == [
        ("code", CODE),
        ("code", "x = y(1)"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.json", '[{"code": 1}]', "no text in 'code'"),
        ("b.jsonl", '{"before": "x"}', "no text in 'code'"),
        ("b.json", '["x"]', "must hold a list of objects"),
        ("b.json", "[", "not valid JSON"),
        ("b.parquet", "PAR1", "no readable Parquet file"),
    ],
)
def test_a_file_that_does_not_hold_the_texts_is_an_error(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(PipelineError, match=message):
        texts(Benchmark(file=str(tmp_path / name), fields=BenchmarkFields(("code",))))


@pytest.mark.parametrize(
    "entry",
    [
        {"preset": "humaneval"},
        {"file": "x.jsonl"},
        {"file": "x.jsonl", "fields": BenchmarkFields()},
    ],
)
def test_an_entry_must_say_what_to_read(entry):
    with pytest.raises(ValueError, match="preset|fields"):
        Benchmark(**entry)

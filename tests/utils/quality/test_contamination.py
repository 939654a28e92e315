import json

import pyarrow
import pyarrow.parquet
import pytest

from utils.code.lexing import code_tokens
from utils.errors import PipelineError
from utils.quality.contamination import (
    PRESETS,
    Benchmark,
    BenchmarkFields,
    ContaminationIndex,
    read_benchmark_texts,
)
from utils.quality.settings import ContaminationSettings

BENCHMARK_CODE = "def total(numbers):\n    return sum(numbers)\n"
OTHER_CODE = "def words(text):\n    return text.split()\n"
BENCHMARK_TASK = "Let the total begin at 1."


def texts(benchmark):
    return [(kind, text) for kind, _, text in read_benchmark_texts(benchmark)]


def file_of(rows, path):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_texts_come_with_their_kind_and_place(tmp_path):
    rows = [{"code": BENCHMARK_CODE, "task": ""}, {"code": OTHER_CODE, "task": BENCHMARK_TASK}]
    file = file_of(rows, tmp_path / "b.jsonl")
    benchmark = Benchmark("bench", file=file, fields=BenchmarkFields(("code",), ("task",)))
    assert list(read_benchmark_texts(benchmark)) == [
        ("code", "bench row 1", BENCHMARK_CODE),
        ("code", "bench row 2", OTHER_CODE),
        ("instruction", "bench row 2", BENCHMARK_TASK),
    ]


def test_texts_are_read_by_dotted_paths_and_put_together(tmp_path):
    head, body = BENCHMARK_CODE.split("\n", 1)
    rows = [
        {"now": {"head": head + "\n"}, "body": body, "past": [{"code": "x"}, {"code": OTHER_CODE}]}
    ]
    file = file_of(rows, tmp_path / "b.jsonl")
    fields = BenchmarkFields((("now.head", "body"), "past[].code"))
    assert texts(Benchmark(file=file, fields=fields)) == [
        ("code", BENCHMARK_CODE),
        ("code", "x"),
        ("code", OTHER_CODE),
    ]


@pytest.mark.parametrize("form", ["array", "splits", "parquet"])
def test_json_arrays_and_parquet_files_are_read_too(tmp_path, form):
    rows = [{"code": BENCHMARK_CODE, "task": BENCHMARK_TASK}]
    path = tmp_path / ("b.parquet" if form == "parquet" else "b.json")
    if form == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows if form == "array" else {"test": rows}))
    benchmark = Benchmark(file=str(path), fields=BenchmarkFields(("code",)))
    assert list(read_benchmark_texts(benchmark)) == [("code", "b row 1", BENCHMARK_CODE)]


def test_a_folder_is_read_by_patterns(tmp_path):
    exercise = tmp_path / "python/exercises/practice/totals"
    (exercise / ".meta").mkdir(parents=True)
    (exercise / ".docs").mkdir()
    (exercise / ".meta/example.py").write_text(BENCHMARK_CODE)
    (exercise / "totals.py").write_text("def total():\n    pass\n")
    (exercise / ".docs/instructions.md").write_text(BENCHMARK_TASK)
    assert texts(Benchmark(preset="aider_polyglot", file=str(tmp_path))) == [
        ("code", BENCHMARK_CODE),
        ("code", "def total():\n    pass\n"),
        ("instruction", BENCHMARK_TASK),
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_that_is_not_there_says_where_to_get_it(preset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError, match="no such file; get the benchmark .* from https://"):
        texts(Benchmark(preset=preset))


def test_presets_read_the_published_fields(tmp_path):
    row = {"declaration": "def f(a):\n", "prompt": "def f(a):\n    'Doc.'\n"}
    row |= {"canonical_solution": "    return a + 1\n", "buggy_solution": "    return a\n"}
    row |= {"docstring": "Doc.", "instruction": BENCHMARK_TASK}
    file = file_of([row], tmp_path / "humanevalpack.jsonl")
    found = texts(Benchmark(preset="humanevalfix", file=file))
    assert ("code", "def f(a):\n    return a + 1\n") in found
    assert ("code", "def f(a):\n    'Doc.'\n    return a\n") in found
    assert ("instruction", BENCHMARK_TASK) in found
    history = {"history": [{"code": "x = y(1)"}], "current": {"code": BENCHMARK_CODE}, "user": ""}
    path = tmp_path / "apeval.json"
    path.write_text(json.dumps([history]))
    assert texts(Benchmark(preset="apeval", file=str(path))) == [
        ("code", BENCHMARK_CODE),
        ("code", "x = y(1)"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.json", '[{"code": 1}]', "no text in 'code'"),
        ("b.jsonl", '{"before": "x"}', "no text in 'code'"),
        ("b.json", '["x"]', "must hold a list of objects"),
        ("b.json", "[", "not valid JSON"),
        ("b.parquet", "PAR1", "not a readable Parquet file"),
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


CODE = '''def running_totals(numbers, start=0):
    """Sum up as we go."""
    total, totals = start, []
    for number in numbers:
        total += number  # so far
        totals.append(total)
    return totals
'''
TASK = "Let the running totals begin at the value of start and not at zero in all cases."
OTHER = (
    "def words(text):\n    found = text.lower().split()\n    return sorted(set(found), key=len)\n"
)


def index_of(rows, path, fields=None):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read(Benchmark("bench", file=str(path), fields=fields or simple("code", "task")))


def simple(code, task=None):
    return BenchmarkFields((code,), (task,) if task else ())


def read(*benchmarks):
    return ContaminationIndex(benchmarks, ContaminationSettings(), "python")


def find(index, code=OTHER, instruction="Count the words."):
    return index.find([code_tokens(code)], [instruction])


@pytest.fixture
def index(tmp_path):
    return index_of(
        [{"code": OTHER.upper(), "task": ""}, {"code": CODE, "task": TASK}], tmp_path / "b.jsonl"
    )


def test_the_same_code_is_found_with_its_place(index):
    assert find(index, CODE) == "code of bench row 2"


def test_comments_formatting_and_quotes_hide_nothing(index):
    changed = CODE.replace("  # so far", "").replace('"""', "'").replace("    ", "\t")
    assert find(index, "import os\n\n" + changed) == "code of bench row 2"


@pytest.mark.parametrize(("length", "is_found"), [(20, True), (19, False)])
def test_a_run_of_twenty_tokens_is_enough(tmp_path, length, is_found):
    tokens = [f"t{number}" for number in range(200)]
    index = index_of([{"code": " ".join(tokens), "task": ""}], tmp_path / "b.jsonl")
    part = ["x", *tokens[50 : 50 + length], "y"]
    assert bool(find(index, " ".join(part))) == is_found


def test_a_fifth_of_the_shorter_runs_is_enough(tmp_path):
    tokens = [f"t{number}" for number in range(112)]
    index = index_of([{"code": " ".join(tokens), "task": ""}], tmp_path / "b.jsonl")
    runs_of_19 = [*tokens[:19], "x", *tokens[30:49], "y", *tokens[60:79]]
    assert find(index, " ".join(runs_of_19)) is not None  # 3 x 7 of 100
    assert find(index, " ".join(runs_of_19[:39])) is None  # 2 x 7 of 100


def test_short_code_is_found_as_a_whole_only(tmp_path):
    index = index_of([{"code": "def add(x, y):\n    return x\n", "task": ""}], tmp_path / "b.jsonl")
    assert find(index, "def add(x, y): return x")
    assert find(index, "def add(x, y): return x\nadd(1, 2)") is None
    assert find(index, "def add(x, y): return y") is None


def test_an_instruction_is_found_by_thirteen_words_in_a_row(index):
    assert find(index, instruction="please " + TASK.lower().replace(" at", ", at"))
    assert find(index, instruction=" ".join(TASK.split()[:12])) is None


def test_short_instructions_are_no_ones(tmp_path):
    index = index_of([{"code": CODE, "task": "Fix the bug."}], tmp_path / "b.jsonl")
    assert find(index, instruction="Fix the bug.") is None

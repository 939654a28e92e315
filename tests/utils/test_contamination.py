import json

import pytest

from utils.benchmarks import Benchmark, BenchmarkFields
from utils.contamination import ContaminationIndex
from utils.lexing import code_tokens
from utils.quality.settings import ContaminationSettings

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

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from programming_instruct.snippet_source import main
from tests.git_repository import Repository
from utils.errors import PipelineError
from utils.row_files import read_records

SECRET = "AKIA" + "Q3EGRZ7KPLM2VXWT"
MODULE = '''import functools

LIMIT = 3


@functools.cache
def first(n):
    """Double n."""

    # by ann@corp.com
    text = "a
b"
    return n * 2


class Second:
    def method(self):
        return {"x": 1}


async def third(): return 1
'''.replace('"a\nb"', '"a\\nb"')
FIRST = '''@functools.cache
def first(n):
    """Double n."""

    # by email@example.com
    text = "a\\nb"
    return n * 2
'''


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out" / "snippets.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "scripts"
    place.mkdir()
    (place / "a.py").write_text(MODULE)
    (place / "b.py").write_text("".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(20)))
    (place / "broken.py").write_text("def f(:\n    pass\n")
    (place / "leak.py").write_text(f"KEY = '{SECRET}'\n\n\ndef g():\n    return KEY\n")
    return place


def cut(output: Path, source: str, *flags: str) -> list[Any]:
    main([source, "--output_path", str(output), *flags])
    return list(read_records(output))


def test_functions_and_classes_are_cut_out_with_decorators(folder: Path, output: Path) -> None:
    rows = cut(output, str(folder), "--min_lines", "3")
    assert {row["code"] for row in rows} == {
        FIRST,
        'class Second:\n    def method(self):\n        return {"x": 1}\n',
    }
    assert rows[0].keys() == {"code", "lang", "license", "repos", "path"}
    assert {(row["lang"], row["path"], row["repos"]) for row in rows} == {
        ("python", "a.py", "scripts")
    }


def test_limits_count_code_lines_below_and_all_lines_above(folder: Path, output: Path) -> None:
    at_least_six = cut(output, str(folder), "--min_lines", "6")
    assert [row["code"] for row in at_least_six] == [FIRST]
    short = cut(output, str(folder), "--min_lines", "1", "--max_lines", "1")
    assert [row["code"] for row in short] == ["async def third(): return 1\n"]


def test_a_larger_sample_begins_with_the_smaller_one(folder: Path, output: Path) -> None:
    flags = ["--min_lines", "2", "--max_samples"]
    few = cut(output, str(folder), *flags, "5")
    many = cut(output, str(folder), *flags, "12")
    assert len(few) == 5 and many[:5] == few
    assert cut(output, str(folder), *flags, "5", "--random_seed", "1") != few
    summary = json.loads(output.with_name("snippets.summary.json").read_text())
    assert summary["passed_over"] == {"not_drawn": 17}


def test_equal_snippets_are_drawn_once(folder: Path, output: Path) -> None:
    (folder / "copy.py").write_text(MODULE)
    assert len(cut(output, str(folder), "--min_lines", "3")) == 2
    summary = json.loads(output.with_name("snippets.summary.json").read_text())
    assert summary["passed_over"] == {"repeated": 2}


def test_bad_files_are_named_and_no_secret_gets_out(folder: Path, output: Path) -> None:
    cut(output, str(folder))
    rejected = list(read_records(output.with_name("snippets.rejected.jsonl")))
    assert {row["old_file"]: row["reject_reason"] for row in rejected} == {
        "broken.py": "does_not_parse",
        "leak.py": "holds_secret",
    }
    written = "".join(file.read_text(encoding="utf-8") for file in output.parent.iterdir())
    assert SECRET not in written and "ann@corp.com" not in written


def test_the_files_checked_out_in_a_repository_are_read(tmp_path: Path, output: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Start", {"a.py": MODULE, "b.js": "function f() {}\n", "c.py": "x = 1\n"})
    repository.commit("Drop", {"c.py": None})
    (row,) = cut(output, f"git:{repository.path}")
    assert (row["code"], row["path"], row["repos"]) == (FIRST, "a.py", "shapes")


def test_plain_snippets_are_a_list_of_strings(folder: Path, output: Path) -> None:
    assert cut(output, str(folder), "--plain") == [FIRST]
    assert json.loads(output.read_text()) == [FIRST]


def test_the_standard_library_gives_snippets_that_parse(
    output: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sysconfig.get_paths", lambda: {"stdlib": str(Path(ast.__file__).parent / "json")}
    )
    rows = cut(output, "stdlib", "--max_samples", "4")
    assert len(rows) == 4
    for row in rows:
        (node,) = ast.parse(row["code"]).body
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        assert row["license"] == "psf-2.0"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere: not a source; write stdlib, a folder or git:PATH"),
        (["git:nowhere"], "git:nowhere: no such folder"),
        (["stdlib", "--max_samples", "0"], "--max_samples must be above 0, not 0"),
        (["stdlib", "--min_lines", "9", "--max_lines", "8"], "--min_lines 9: above --max_lines 8"),
    ],
)
def test_a_mistake_gets_one_line_and_writes_nothing(
    arguments: list[str], complaint: str, output: Path
) -> None:
    with pytest.raises(PipelineError, match=complaint):
        main([*arguments, "--output_path", str(output)])
    assert not output.exists()


def test_a_source_without_fitting_snippets_is_named(folder: Path, output: Path) -> None:
    with pytest.raises(PipelineError, match="no function or class of 50 to 60 lines found"):
        cut(output, str(folder), "--min_lines", "50")
    assert not output.exists()

from pathlib import Path
from typing import Any

import pytest

from programming_instruct.submit_source import main
from utils.errors import PipelineError
from utils.row_files import read_records

ROOT = Path(__file__).resolve().parents[2]
SECRET = "AKIA" + "Q3EGRZ7KPLM2VXWT"
FIRST = "n = int(input())\nprint(n * 2)\n"
UNLIKE = "class Q:\n    def z(s):\n        go\n"
SECOND = "n = int(input())\nprint(n * 3)\n"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out" / "submit.json"


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, contents in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = contents if isinstance(contents, bytes) else contents.encode()
        (folder / name).write_bytes(data)


def collect(output: Path, files: dict[str, str | bytes], *flags: str) -> list[dict[str, Any]]:
    folder = output.parent.parent / "problems"
    write(folder, files)
    main([str(folder), "--output_path", str(output), *flags])
    return list(read_records(output))


def reason(output: Path, files: dict[str, str | bytes], *flags: str) -> str:
    """Give the reason why these attempts, beside good ones, make no row."""
    good = {"good/statement.md": "Triple n.", "good/1.py": FIRST, "good/2.py": SECOND}
    whole = {"p/statement.md": "Print thrice n.", **{f"p/{name}": files[name] for name in files}}
    kept = collect(output, {**good, **whole}, *flags)
    assert [row["problem_id"] for row in kept] == ["good"]
    (row,) = read_records(output.with_name("submit.rejected.jsonl"))
    return str(row["reject_reason"])


def test_attempts_follow_each_other_by_number_and_not_by_letter(output: Path) -> None:
    attempts = {f"double/{n}.py": FIRST + f"# {n}\n" for n in range(1, 12)}
    (row,) = collect(output, {"double/statement.md": "# Double\n\nPrint 2n.\n", **attempts})
    assert row == {
        "submissions": [FIRST + f"# {n}\n" for n in range(1, 12)],
        "language": "python",
        "problems_contexts": "# Double\n\nPrint 2n.",
        "problem_id": "double",
    }


def test_names_may_end_in_the_number_and_other_files_are_passed_over(output: Path) -> None:
    files: dict[str, str | bytes] = {
        "p/statement.txt": "Add.",
        "p/attempt_02.cpp": "int main() {\n  return 1;\n}\n",
        "p/attempt_01.cpp": "int main() {\n  return 0;\n}\n",
        "p/notes_1.md": "x",
        "p/helper.cpp": "x",
        ".git/1.py": FIRST,
        "empty/readme": "x",
    }
    (row,) = collect(output, files)
    assert (row["language"], len(row["submissions"])) == ("cpp", 2)
    assert "return 0" in row["submissions"][0]


def test_each_user_of_a_problem_gives_a_row(output: Path) -> None:
    files: dict[str, str | bytes] = {"p/statement.md": "Triple n."}
    for user in ("tom", "mira"):
        files |= {f"p/{user}/1.py": FIRST, f"p/{user}/2.py": SECOND}
    rows = collect(output, files)
    assert [(row["problem_id"], row["user"]) for row in rows] == [("p", "mira"), ("p", "tom")]


def test_neighbours_that_are_equal_count_once(output: Path) -> None:
    files: dict[str, str | bytes] = {"p/statement.md": "x", "p/1.py": FIRST, "p/2.py": FIRST}
    files |= {"p/3.py": SECOND, "p/4.py": FIRST}
    (row,) = collect(output, files)
    assert row["submissions"] == [FIRST, SECOND, FIRST]


def test_line_ends_are_brought_to_one_form_and_addresses_masked(output: Path) -> None:
    files: dict[str, str | bytes] = {
        "p/statement.md": "Ask bob@corp.com.",
        "p/1.js": b"\xef\xbb\xbf// ann@corp.com\r\nlet a = 1;\r\n",
        "p/2.js": "// ann@corp.com\nlet a = 2;\n",
    }
    (row,) = collect(output, files)
    assert row["submissions"][0] == "// email@example.com\nlet a = 1;\n"
    assert row["problems_contexts"] == "Ask email@example.com."


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"1.py": FIRST}, "fewer_than_two_attempts"),
        ({"1.py": FIRST, "2.py": FIRST}, "fewer_than_two_attempts"),
        ({"readme.md": "no attempt"}, "fewer_than_two_attempts"),
        ({"1.py": FIRST, "2.py": "print(3 * int(input()))\n"}, "last_attempt_single_line"),
        ({"1.py": FIRST, "2.py": UNLIKE}, "last_attempt_unlike_others"),
        ({"1.py": FIRST, "2.js": "let a;\nlet b;\n"}, "mixed_languages"),
        ({"1.py": FIRST, "01.py": SECOND}, "repeated_number"),
        ({"1.py": " \n", "2.py": SECOND}, "empty_attempt"),
        ({"1.py": b"# caf\xe9\n" + FIRST.encode(), "2.py": SECOND}, "not_utf8"),
        ({"1.py": FIRST * 60, "2.py": SECOND}, "too_many_chars"),
        ({"1.py": FIRST, "2.py": SECOND + f"key = '{SECRET}'\n"}, "holds_secret"),
        ({"statement.md": " \n", "1.py": FIRST, "2.py": SECOND}, "missing_statement"),
    ],
)
def test_a_series_that_shows_no_way_is_put_aside(
    files: dict[str, str | bytes], expected: str, output: Path
) -> None:
    assert reason(output, files, "--max_chars", "1000") == expected
    written = "".join(file.read_text(encoding="utf-8") for file in output.parent.iterdir())
    assert SECRET not in written


def test_attempts_without_a_statement_are_put_aside(output: Path) -> None:
    good = {"good/statement.md": "Triple n.", "good/1.py": FIRST, "good/2.py": SECOND}
    collect(output, {**good, "p/1.py": FIRST, "p/2.py": SECOND})
    (row,) = read_records(output.with_name("submit.rejected.jsonl"))
    assert (row["problem_id"], row["reject_reason"]) == ("p", "missing_statement")


def test_the_least_likeness_can_be_set(output: Path) -> None:
    files: dict[str, str | bytes] = {"1.py": FIRST, "2.py": SECOND}
    assert reason(output, files | {"3.py": "def f():\n    pass\n"}, "--min_similarity", "0.9") == (
        "last_attempt_unlike_others"
    )


def test_the_examples_all_pass(output: Path) -> None:
    examples = ROOT / "programming_instruct" / "submissions"
    main([str(examples), "--output_path", str(output)])
    rows = list(read_records(output))
    assert {row["problem_id"] for row in rows} == {
        folder.name for folder in examples.iterdir() if folder.is_dir()
    }
    assert {row["language"] for row in rows} == {"python", "javascript", "cpp"}
    assert not output.with_name("submit.rejected.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nowhere"], "nowhere: no such folder"),
        ([str(ROOT / "utils")], "holds no attempts; name them <problem>/1.py"),
        ([".", "--min_similarity", "30"], "--min_similarity must be at most 1, not 30"),
        ([".", "--max_chars", "0"], "--max_chars must be above 0, not 0"),
    ],
)
def test_a_mistake_gets_one_line_and_writes_nothing(
    arguments: list[str], complaint: str, output: Path
) -> None:
    with pytest.raises(PipelineError, match=complaint):
        main([*arguments, "--output_path", str(output)])
    assert not output.exists()

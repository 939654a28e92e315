import json
from pathlib import Path
from typing import Any

import pytest

from programming_instruct.commit_source import main, without_trailers
from tests.git_repository import CODE, Repository
from utils.errors import PipelineError
from utils.row_files import read_records

SECRET = "AKIA" + "Q3EGRZ7KPLM2VXWT"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Holds an edit in each of three languages, and commits that no row is made of."""
    made = Repository(tmp_path / "shapes")
    made.commit("Start", {"a.py": CODE, "b.js": "let a = 1;\n", "c.c": "int a;\n", "n.md": "x"})
    made.commit("Say where", {"a.py": CODE + "print(here())\n"})
    made.commit("Count\n\nBy two.\n\nSigned-off-by: Ann <ann@corp.com>", {"b.js": "let a = 2;\n"})
    made.commit("Note", {"n.md": "y"})
    made.commit("Declare b", {"c.c": "// ann@corp.com\r\nint a, b;\r\n"})
    made.commit("Two files", {"a.py": CODE, "b.js": "let a = 3;\n"})
    made.commit("Add a file", {"d.go": "package main\n"})
    return made


def mine(repository: Repository, *flags: str) -> list[dict[str, Any]]:
    output = repository.path.parent / "out" / "commit.json"
    main([f"git:{repository.path}", "--output_path", str(output), *flags])
    return list(read_records(output))


def test_each_single_file_commit_of_any_code_language_gives_a_row(repository: Repository) -> None:
    newest, *_, oldest = rows = mine(repository)
    assert [(row["git"], row["lang"]) for row in rows] == [
        ("Declare b", "c"),
        ("Count\n\nBy two.", "javascript"),
        ("Say where", "python"),
    ]
    commit = repository.git("log", "--format=%H", "--grep=Say where")
    assert oldest == {
        "code1": CODE,
        "code2": CODE + "print(here())\n",
        "git": "Say where",
        "lang": "python",
        "commit": commit,
        "license": "unknown",
        "repos": "shapes",
        "path": "a.py",
    }
    assert newest["code2"] == "// email@example.com\nint a, b;\n"


def test_languages_are_chosen_by_name(repository: Repository) -> None:
    assert [row["lang"] for row in mine(repository, "--languages", "py,c")] == ["c", "python"]


def test_a_commit_that_adds_a_file_begins_with_nothing_on_request(repository: Repository) -> None:
    row = mine(repository, "--new_files")[0]
    assert (row["code1"], row["code2"], row["git"]) == ("", "package main\n", "Add a file")


def test_commits_of_several_files_give_a_row_for_each_on_request(repository: Repository) -> None:
    rows = mine(repository, "--max_files", "2")
    assert [row["path"] for row in rows if row["git"] == "Two files"] == ["a.py", "b.js"]


def test_the_newest_so_many_are_kept(repository: Repository) -> None:
    assert [row["git"] for row in mine(repository, "--max_samples", "1")] == ["Declare b"]


def test_bad_edits_are_put_aside_with_their_reasons(repository: Repository) -> None:
    good = CODE + "print(here())\n"
    repository.commit("Vendored", {"vendor/a.py": CODE})
    repository.commit("Edit vendored", {"vendor/a.py": good})
    repository.commit("", {"a.py": CODE + "x = 1\n"})
    repository.commit("Signed-off-by: Ann <ann@corp.com>", {"a.py": CODE + "x = 2\n"})
    repository.commit("Latin", {"a.py": b"x = 'caf\xe9'\n"})
    repository.commit("Back", {"a.py": CODE})
    repository.commit("Long", {"a.py": "x = 1\n" * 40})
    repository.commit("Empty", {"a.py": ""})
    mine(repository, "--max_chars", "150")
    rejected = read_records(repository.path.parent / "out" / "commit.rejected.jsonl")
    assert [(row.get("git"), row["reject_reason"]) for row in rejected] == [
        ("Empty", "empty_after_edit"),
        ("Long", "too_many_chars"),
        # The versions before and after a commit of other bytes than UTF-8.
        (None, "not_utf8"),
        (None, "not_utf8"),
        ("", "no_message"),
        ("", "no_message"),
        ("Edit vendored", "vendored_path"),
    ]


def test_of_equal_edits_the_newest_is_kept(repository: Repository) -> None:
    repository.commit("Go back", {"c.c": "int a;\n"})
    repository.commit("Declare b again", {"c.c": "// ann@corp.com\nint a, b;\n"})
    rows = mine(repository, "--languages", "c")
    assert [row["git"] for row in rows] == ["Declare b again", "Go back"]
    summary = json.loads((repository.path.parent / "out" / "commit.summary.json").read_text())
    assert summary["reject_reasons"] == {"duplicate": 1}


def test_no_file_holds_the_secret_or_the_address(repository: Repository) -> None:
    repository.commit("Add the key for ann@corp.com", {"b.js": f'const key = "{SECRET}";\n'})
    repository.commit("Take it out", {"b.js": "let a = 4;\n"})
    repository.commit(f"Speak of {SECRET}", {"b.js": "let a = 5;\n"})
    mine(repository)
    folder = repository.path.parent / "out"
    written = "".join(file.read_text(encoding="utf-8") for file in folder.iterdir())
    assert SECRET not in written and "ann@corp.com" not in written
    summary = json.loads((folder / "commit.summary.json").read_text())
    assert summary["reject_reasons"] == {"holds_secret": 3}


def test_equal_runs_give_equal_bytes_and_repositories_join(repository: Repository) -> None:
    output = repository.path.parent / "out" / "commit.json"
    mine(repository)
    before = output.read_bytes()
    assert mine(repository) and output.read_bytes() == before
    other = Repository(repository.path.parent / "other")
    other.commit("Start", {"a.py": "a = 1\n"})
    other.commit("Raise", {"a.py": "a = 2\n"})
    main([f"git:{other.path}", f"git:{repository.path}", "--output_path", str(output)])
    assert [row["repos"] for row in read_records(output)] == ["other"] + ["shapes"] * 3


def test_trailers_are_no_part_of_what_was_said() -> None:
    message = "Fix it\n\nNote: by hand\n\nCo-authored-by: B <b@x.org>\nChange-Id: I1\nCc: c@x.org\n"
    assert without_trailers(message) == "Fix it\n\nNote: by hand"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["shapes"], "shapes: not a source; write git:PATH"),
        (["git:"], "git:: not a source"),
        (["git:nowhere"], "git:nowhere: no such folder"),
        (["git:.", "--languages", "klingon"], "--languages: no language 'klingon'"),
        (["git:.", "--max_samples", "0"], "--max_samples must be above 0, not 0"),
    ],
)
def test_a_mistake_gets_one_line_and_writes_nothing(
    arguments: list[str], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(PipelineError, match=complaint):
        main([*arguments, "--output_path", str(tmp_path / "out" / "commit.json")])
    assert list(tmp_path.iterdir()) == []


def test_a_history_without_edits_says_what_is_looked_for(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Start", {"a.py": CODE})
    with pytest.raises(PipelineError, match="no edit found; commits are taken that change at most"):
        mine(repository)
    assert not (tmp_path / "out" / "commit.json").exists()

from pathlib import Path

import pytest

from tests.git_repository import CODE, Repository
from utils.errors import PipelineError
from utils.seeds.sources import SEED_FIELDS, open_source


def write(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name}\n")


def test_a_folder_gives_its_python_files_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "a/z.py", "a/b/c.py", "notes.md", ".hidden.py")
    rows = list(open_source(f"dir:{tmp_path}", "python")())
    assert [row["old_file"] for row in rows] == [".hidden.py", "b.py", "a/z.py", "a/b/c.py"]
    assert [tuple(row) for row in rows] == [SEED_FIELDS] * 4
    assert rows[1] == {
        "commit": rows[1]["commit"],
        "old_file": "b.py",
        "new_file": "b.py",
        "old_contents": "# b.py\n",
        "new_contents": "",
        "subject": "",
        "message": "",
        "lang": "Python",
        "license": "unknown",
        "repos": tmp_path.name,
    }


def test_hidden_vendored_and_installed_code_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, "a.py", ".git/x.py", "vendor/x.py", "node_modules/p/x.py", "mine/lib/x.py")
    write(tmp_path, "mine/pyvenv.cfg")
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    rows = list(open_source(f"dir:{tmp_path}", "python")())
    assert [row["old_file"] for row in rows] == ["a.py"]


def test_a_files_id_hangs_on_its_place_and_contents_alone(tmp_path: Path) -> None:
    for root in ("one", "two"):
        write(tmp_path / root, "a.py", "b.py")
    (tmp_path / "two/b.py").write_text("# changed\n")
    first, second = (
        [row["commit"] for row in open_source(f"dir:{tmp_path / root}", "python")()]
        for root in ("one", "two")
    )
    assert first[0] == second[0]
    assert len({*first, *second}) == 3


def test_the_standard_library_gives_hundreds_of_files_and_no_tests() -> None:
    rows = list(open_source("stdlib", "python")())
    names = {row["old_file"] for row in rows}
    assert len(names) > 400
    assert {"textwrap.py", "json/decoder.py", "venv/__init__.py"} <= names
    assert not [name for name in names if "test" in name.split("/") or "site-packages" in name]
    assert {(row["license"], row["repos"]) for row in rows} == {("psf-2.0", "python/cpython")}


def test_a_repository_gives_a_row_per_edit(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Start", {"a.py": CODE})
    commit = repository.commit("Edit it\n\nAt last.", {"a.py": CODE + "#\n"})
    (row,) = open_source(f"git:{repository.path}", "python")()
    assert row == {
        "commit": commit,
        "old_file": "a.py",
        "new_file": "a.py",
        "old_contents": CODE,
        "new_contents": CODE + "#\n",
        "subject": "Edit it",
        "message": "Edit it\n\nAt last.",
        "lang": "Python",
        "license": "unknown",
        "repos": "shapes",
    }
    assert tuple(row) == SEED_FIELDS


@pytest.mark.parametrize("source", ["foo", "zip:x", "git:", "dir:", "stdlib:", ""])
def test_an_unknown_source_is_named_with_those_there_are(source: str) -> None:
    with pytest.raises(PipelineError, match="write git:PATH, dir:PATH, stdlib or hf:OWNER/NAME"):
        open_source(source, "python")


def test_folders_that_give_nothing_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no such folder"):
        open_source(f"dir:{tmp_path / 'nowhere'}", "python")
    with pytest.raises(PipelineError, match="holds no Python files"):
        open_source(f"dir:{tmp_path}", "python")
    with pytest.raises(PipelineError, match="not a git repository"):
        open_source(f"git:{tmp_path}", "python")

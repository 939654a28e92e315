import shutil
from pathlib import Path

import pytest

from tests.git_repository import CODE, Repository
from utils.errors import PipelineError
from utils.seeds.git_history import (
    check_repository,
    head_commit,
    mine_edits,
    read_head_files,
    repository_name,
)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "shapes")


def subjects(path: Path) -> list[str]:
    return [edit.message.partition("\n")[0] for edit in mine_edits(str(path))]


def test_a_commit_that_modifies_one_python_file_is_an_edit(repository: Repository) -> None:
    repository.commit("Start", {"a b/é.py": CODE})
    commit = repository.commit("Say where\n\nWith a reason.", {"a b/é.py": CODE + "x = 1\n"})
    (edit,) = mine_edits(str(repository.path))
    assert (edit.commit, edit.path) == (commit, "a b/é.py")
    assert edit.message == "Say where\n\nWith a reason."
    assert (edit.old_contents, edit.new_contents) == (CODE, CODE + "x = 1\n")


def test_all_other_commits_are_left_out(repository: Repository) -> None:
    repository.commit("Add", {"a.py": CODE, "b.py": CODE, "notes.txt": "x"})
    repository.commit("Two files", {"a.py": CODE + "#1\n", "b.py": CODE + "#1\n"})
    repository.commit("Edit and add", {"a.py": CODE + "#2\n", "new.txt": "x"})
    repository.commit("Not Python", {"notes.txt": "y"})
    repository.commit("Delete", {"b.py": None})
    repository.commit("Rename", {"a.py": None, "c.py": CODE + "#2\n"})
    (repository.path / "c.py").chmod(0o755)
    repository.commit("Mode", {})
    (repository.path / "c.py").unlink()
    (repository.path / "c.py").symlink_to("notes.txt")
    repository.commit("Link", {})
    repository.commit("Empty", {}, "--allow-empty")
    assert subjects(repository.path) == []


def test_merges_are_left_out_and_what_they_merge_is_not(repository: Repository) -> None:
    repository.commit("Start", {"a.py": CODE, "b.py": CODE})
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("Side", {"b.py": CODE + "#side\n"})
    repository.git("checkout", "-q", "main")
    repository.commit("Main", {"a.py": CODE + "#main\n"})
    repository.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    assert sorted(subjects(repository.path)) == ["Main", "Side"]


def test_messages_of_any_form_are_read(repository: Repository) -> None:
    repository.commit("Start", {"a.py": CODE})
    for number, message in enumerate(["", ":100644 looks like git's own", "a" * 40]):
        repository.commit(message, {"a.py": CODE + f"# {number}\n"})
    repository.git("config", "i18n.commitEncoding", "ISO-8859-1")
    repository.git("config", "log.showSignature", "true")
    (repository.path / "message").write_bytes("Café".encode("latin-1"))
    (repository.path / "a.py").write_text(CODE)
    repository.git("commit", "-q", "-a", "-F", "message")
    assert subjects(repository.path) == ["Café", "a" * 40, ":100644 looks like git's own", ""]


def test_contents_that_are_not_utf8_keep_their_bytes(repository: Repository) -> None:
    repository.commit("Start", {"a.py": CODE})
    repository.commit("Latin", {"a.py": b"x = 'caf\xe9'\n"})
    (edit,) = mine_edits(str(repository.path))
    assert edit.new_contents == "x = 'caf\udce9'\n"


def test_a_bare_repository_works(repository: Repository, tmp_path: Path) -> None:
    repository.commit("Start", {"a.py": CODE})
    repository.commit("Edit", {"a.py": CODE + "#\n"})
    bare = tmp_path / "shapes.git"
    repository.git("clone", "-q", "--bare", str(repository.path), str(bare))
    check_repository(str(bare))
    assert subjects(bare) == ["Edit"]


def test_a_reader_may_stop_early(repository: Repository) -> None:
    repository.commit("Start", {"a.py": CODE})
    for number in range(5):
        repository.commit(f"Edit {number}", {"a.py": CODE + f"# {number}\n"})
    edits = mine_edits(str(repository.path))
    assert next(edits).message == "Edit 4"
    edits.close()  # type: ignore[attr-defined]


def test_two_git_processes_serve_a_long_history(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.import_edits(2000)
    real_git, calls = shutil.which("git"), tmp_path / "calls"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\necho >> {calls}\nexec {real_git} "$@"\n')
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    edits = list(mine_edits(str(repository.path)))
    assert len(edits) == 2000
    assert edits[0].new_contents == f"{CODE}# 2000\n"
    assert edits[0].old_contents == edits[1].new_contents
    assert calls.read_text().count("\n") == 2


def test_a_folder_that_is_no_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="not a git repository"):
        check_repository(str(tmp_path))
    with pytest.raises(PipelineError, match="no such folder"):
        check_repository(str(tmp_path / "nowhere"))


def test_a_repository_without_commits_is_named(repository: Repository) -> None:
    with pytest.raises(PipelineError, match="has no commits"):
        check_repository(str(repository.path))


def test_a_damaged_repository_is_named(repository: Repository) -> None:
    repository.commit("Start", {"a.py": CODE})
    repository.commit("Edit", {"a.py": CODE + "#\n"})
    parent = repository.git("rev-parse", "HEAD^")
    (repository.path / ".git/objects" / parent[:2] / parent[2:]).unlink()
    with pytest.raises(PipelineError, match="git log failed"):
        list(mine_edits(str(repository.path)))


def test_the_repository_named_is_mined_even_inside_a_git_hook(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("Start", {"a.py": CODE})
    repository.commit("Edit", {"a.py": CODE + "#\n"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another/.git"))
    check_repository(str(repository.path))
    assert subjects(repository.path) == ["Edit"]


def test_a_missing_git_command_is_named(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PipelineError, match="install git"):
        check_repository(str(repository.path))


@pytest.mark.parametrize(
    ("remote", "name"),
    [
        ("https://ann:s3cret@host.example/ann/shapes.git", "ann/shapes"),
        ("git@host.example:ann/shapes.git", "ann/shapes"),
        ("ssh://git@host.example:22/ann/shapes", "ann/shapes"),
        ("https://host.example/shapes.git", "shapes"),
        ("/srv/git/shapes.git", "shapes"),
        ("/srv/mirror/shapes/repo", "shapes"),
        ("/srv/shapes/.git", "shapes"),
        ("", "shapes"),
        ("https:/ann:s3cret@host.example/ann/shapes.git", "ann/shapes"),
        ("https:ann:s3cret@host.example", "shapes"),
        ("https://ann:s3cret@host.example", "shapes"),
        ("https://ann:s3/cret@host.example/ann/shapes.git", "ann/shapes"),
        ("ann:s3cret@host.example", "shapes"),
        ("https:/ann:s3cret@shapes.git", "shapes"),
        ("https://host.example/ann/shapes.git?token=s3cret", "ann/shapes"),
        ("https://host.example/sk-a1b2c3d4e5f6g7h8i9", "shapes"),
    ],
)
def test_a_repository_is_named_after_its_remote_without_credentials(
    repository: Repository, remote: str, name: str
) -> None:
    if remote:
        repository.git("remote", "add", "origin", remote)
    found = repository_name(str(repository.path))
    assert "s3" not in found and "sk-" not in found
    assert found.endswith(name.rpartition("/")[2])
    assert found == name or remote.startswith("https:/ann")


def test_other_changes_than_those_of_python_are_mined_on_request(repository: Repository) -> None:
    repository.commit("Add", {"a.js": "1\n", "b.py": CODE})
    repository.commit("Edit", {"a.js": "2\n"})
    edits = mine_edits(str(repository.path), lambda change: change.path.endswith(".js"))
    assert [(edit.message, edit.old_contents, edit.new_contents) for edit in edits] == [
        ("Edit", "1\n", "2\n")
    ]


def test_a_file_that_a_commit_adds_has_no_contents_before_it(repository: Repository) -> None:
    repository.commit("Add", {"a.py": CODE})
    (edit,) = mine_edits(str(repository.path), lambda change: change.status == "A")
    assert (edit.old_contents, edit.new_contents) == ("", CODE)


def test_a_commit_of_several_files_gives_an_edit_for_each_wanted_one(
    repository: Repository,
) -> None:
    repository.commit("Add", {"a.py": CODE, "b.py": CODE, "n.txt": "x"})
    repository.commit("Edit", {"a.py": CODE + "#\n", "b.py": CODE + "#\n", "n.txt": "y"})
    path = str(repository.path)
    assert [edit.path for edit in mine_edits(path, max_files=3)] == ["a.py", "b.py"]
    assert list(mine_edits(path, max_files=2)) == []


def test_the_files_of_head_are_read_in_order(repository: Repository) -> None:
    files = {"b é.py": CODE, "a/c.py": b"\xe9\n", "notes.txt": "x"}
    commit = repository.commit("Add", files)
    (repository.path / "link.py").symlink_to("notes.txt")
    (repository.path / "b é.py").write_text("not committed")
    repository.git("add", "link.py")
    repository.git("commit", "-q", "-m", "Link")
    found = read_head_files(str(repository.path), lambda path: path.endswith(".py"))
    assert list(found) == [("a/c.py", "\udce9\n"), ("b é.py", CODE)]
    assert head_commit(str(repository.path)) != commit

import json
import subprocess
import sys
from pathlib import Path

import pytest

from create_prompt import main
from tests.toy_tokenizer import save
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

ROOT = Path(__file__).parents[1]
KINDS = "kinds:\n  rename: {sentence: Give better names., weight: 1}\n  tests: {sentence: Test.}\n"


def seed(number, **fields):
    old = "\n".join(f"value_{number}_{line} = {line}" for line in range(20)) + "\n"
    row = {
        "commit": f"commit{number}",
        "old_contents": old,
        "new_contents": old + f"done_{number} = True\n",
        "message": f"Finish {number}",
        "license": "mit",
        "repos": f"owner/{number}",
    }
    return row | fields


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with 40 seeds and two examples."""
    monkeypatch.chdir(tmp_path)
    write_rows("seeds.jsonl", map(seed, range(40)))
    examples = [
        {"code_before": f"x = {i}\n", "instruct_descriptive": "Add y.", "instruct_lazy": "y"}
        for i in range(2)
    ]
    write_rows("few.jsonl", examples)
    Path("kinds.yaml").write_text(KINDS)
    return tmp_path


def make(*flags, output="out.jsonl"):
    main(
        ["--seed_file=seeds.jsonl", "--few_shot_file=few.jsonl", f"--output_file={output}", *flags]
    )
    return list(read_rows(output))


def refusal(*flags):
    with pytest.raises(PipelineError) as caught:
        make(*flags)
    assert not Path("out.jsonl").exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_prompt_carries_two_snippets_and_where_they_come_from(folder):
    rows = make("--sample_num=30")
    seeds = {row["commit"]: row for row in read_rows("seeds.jsonl")}
    assert list(rows[0]) == [
        *["prompt_id", "commit", "system", "user", "code_snippet", "commit_message"],
        *["license", "repos"],
    ]
    for row in rows:
        first, second = (seeds[commit] for commit in row["commit"])
        assert first != second and len(row["user"]) == 2
        assert row["repos"] == [first["repos"], second["repos"]]
        assert row["commit_message"] == [first["message"], second["message"]]
        for number, origin in enumerate((first, second)):
            snippet = row["code_snippet"][number]
            assert "\n" + snippet + "\n" in "\n" + origin["old_contents"]
            assert 5 <= snippet.count("\n") + 1 <= 15
            assert f"## Snippet {number + 1}\n```python\n{snippet}\n```\n" in row["user"][0]


def test_the_one_shot_example_varies(folder):
    rows = make("--sample_num=20")
    assert {f"x = {i}\n" in row["user"][0] for row in rows for i in (0, 1)} == {True, False}


def test_snippet_bounds_are_kept(folder):
    rows = make("--sample_num=20", "--min_snippet_lines=2", "--max_snippet_lines=3")
    lengths = {snippet.count("\n") + 1 for row in rows for snippet in row["code_snippet"]}
    assert lengths == {2, 3}


@pytest.mark.parametrize("flags", [[], ["--val_ratio=0.3", "--edit_kinds=kinds.yaml"]])
def test_more_samples_begin_with_the_same_prompts(folder, flags):
    few = make("--sample_num=15", *flags)
    many = make("--sample_num=60", *flags)
    assert many[:15] == few
    assert len({row["prompt_id"] for row in many}) == 60


def test_equal_runs_give_equal_bytes_and_another_seed_gives_others(folder):
    make("--sample_num=10", output="a.jsonl")
    make("--sample_num=10", output="b.jsonl")
    make("--sample_num=10", "--random_seed=7", output="c.jsonl")
    files = [Path(f"{name}.jsonl").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]


def test_a_prompt_drawn_twice_keeps_an_id_of_its_own(folder):
    write_rows("seeds.jsonl", map(seed, range(2)))
    flags = ["--min_snippet_lines=20", "--max_snippet_lines=20"]
    rows = make("--sample_num=30", *flags)
    assert len({json.dumps(row["user"]) for row in rows}) == 4
    assert len({row["prompt_id"] for row in rows}) == 30
    assert make("--sample_num=9", *flags) == rows[:9]
    assert json.loads(Path("out.summary.json").read_text())["repeated_prompts"] == 5


def test_an_edit_kind_is_asked_for_and_recorded(folder):
    rows = make("--sample_num=30", "--edit_kinds=kinds.yaml")
    sentences = {"rename": "Give better names.", "tests": "Test."}
    assert {row["edit_kind"] for row in rows} == set(sentences)
    for row in rows:
        kind = row["edit_kind"]
        assert f"Edit kind: {kind}: {sentences[kind]}" in row["user"][0].split("\n")
    assert [row["code_snippet"] for row in rows] == [
        row["code_snippet"] for row in make("--sample_num=30")
    ]


def test_no_seed_serves_both_train_and_val(folder):
    rows = make("--sample_num=50", "--val_ratio=0.3")
    commits = {
        side: {commit for row in rows if row["split"] == side for commit in row["commit"]}
        for side in ("train", "val")
    }
    assert commits["train"] and commits["val"]
    assert not commits["train"] & commits["val"]
    assert sum(row["split"] == "val" for row in rows) == 15
    assert sum(row["split"] == "val" for row in rows[:10]) == 3


def test_both_prompt_types_put_a_seed_on_the_same_side(folder):
    pairs = make("--sample_num=200", "--val_ratio=0.3")
    sides = {commit: row["split"] for row in pairs for commit in row["commit"]}
    rewritten = make("--prompt_type=rewrite_commit", "--val_ratio=0.3")
    assert len(sides) == 40
    assert sides == {row["commit"][0]: row["split"] for row in rewritten}


def test_rewriting_asks_once_for_each_commit(folder):
    rows = make("--prompt_type=rewrite_commit")
    assert list(rows[0]) == [
        *["prompt_id", "commit", "system", "user", "old_code", "new_code", "commit_message"],
        *["license", "repos"],
    ]
    assert len({commit for row in rows for commit in row["commit"]}) == len(rows) == 40
    for row in rows:
        (text,) = row["user"]
        assert f"## Code Before\n```python\n{row['old_code']}```\n" in text
        assert f"\n+done_{row['commit'][0].removeprefix('commit')} = True\n```\n" in text
        assert f"## Commit Message\n```text\n{row['commit_message']}\n```\n" in text


def test_fewer_rewrites_are_the_first_of_a_seeded_order(folder):
    everything = make("--prompt_type=rewrite_commit")
    assert make("--prompt_type=rewrite_commit", "--sample_num=7") == everything[:7]
    numbers = [int(row["commit"][0].removeprefix("commit")) for row in everything]
    assert numbers != sorted(numbers)


def test_a_rewrite_names_the_files_in_its_diff(folder):
    write_rows("seeds.jsonl", [seed(1, old_file="old.py", new_file="new.py", repos=None)])
    (row,) = make("--prompt_type=rewrite_commit")
    assert "--- a/old.py\n+++ b/new.py\n@@" in row["user"][0]


def near_function(number, value):
    return f"def near_{number}():\n" + "    pass\n" * 4 + f"    return {value}\n"


def two_functions(number, changed=False):
    near = near_function(number, number + 1000 * changed)
    return f"def far_{number}():\n" + f"    print({number})\n" * 50 + "\n\n" + near


def write_long_seeds():
    sides = [(two_functions(i), two_functions(i, changed=True)) for i in range(9)]
    write_rows(
        "seeds.jsonl",
        [seed(i, old_contents=old, new_contents=new) for i, (old, new) in enumerate(sides)],
    )


def test_edits_that_nothing_is_asked_of_are_counted_so_that_the_last_line_adds_up(folder):
    same = {"old_file": "a.py", "repos": "owner/one"}
    rows = [seed(number, **same) for number in range(4)]
    again = [row | {"commit": "again", "old_contents": "\n" + row["old_contents"]} for row in rows]
    write_rows("seeds.jsonl", [*rows, again[0] | {"new_contents": "\n" + rows[0]["new_contents"]}])
    assert len(make("--prompt_type=rewrite_commit", "--max_per_file=3")) == 3
    summary = json.loads(Path("out.summary.json").read_text())
    assert summary["kept"] == 3 and summary["rows_in"] == summary["usable_seeds"]
    assert summary["passed_over"] == {"near_duplicate_edit": 1, "max_per_file": 1}


def test_a_rewrite_shows_what_is_around_the_edit_when_asked_to(folder):
    write_long_seeds()
    whole = make("--prompt_type=rewrite_commit")
    cut = make("--prompt_type=rewrite_commit", "--context_lines=1")
    summary = json.loads(Path("out.summary.json").read_text())
    assert summary["context_lines"] == {"lines": 1, "cut": 9}
    for one, other in zip(whole, cut, strict=True):
        assert "far_" in one["old_code"] and "far_" in one["new_code"]
        number = one["commit"][0].removeprefix("commit")
        assert other["old_code"] == near_function(number, number)
        assert other["new_code"] == near_function(number, int(number) + 1000)
        assert other["old_code"] in other["user"][0] and "far_" not in other["user"][0]


def test_files_of_other_languages_and_broken_ones_stay_whole_and_are_counted(folder):
    rows = [seed(1, old_file="a.js"), seed(2, old_contents="def (\n" * 9), seed(3)]
    write_rows("seeds.jsonl", rows)
    made = make("--prompt_type=rewrite_commit", "--context_lines=1")
    assert {row["old_code"] for row in made} >= {row["old_contents"] for row in rows[:2]}
    counts = json.loads(Path("out.summary.json").read_text())["context_lines"]
    assert counts == {"lines": 1, "whole: not_python": 1, "whole: does_not_parse": 1, "cut": 1}


def test_commits_whose_code_before_is_too_long_are_left_out_unless_the_cut_helps(folder):
    write_long_seeds()
    flags = ["--prompt_type=rewrite_commit", "--max_tokens_before=30"]
    assert "too many tokens before 9" in refusal(*flags)
    assert len(make(*flags, "--context_lines=1")) == 9
    write_rows("seeds.jsonl", [seed(1), seed(2, old_contents="x = 1\n" * 7)])
    assert [row["commit"] for row in make(*flags)] == [["commit2"]]
    summary = json.loads(Path("out.summary.json").read_text())
    assert summary["unusable_seeds"] == {"too_many_tokens_before": 1}
    assert summary["tokens_before"]["limit"] == 30


def test_snippets_that_are_too_long_together_are_drawn_again_and_the_others_stay(folder):
    def length(row):
        return len("".join(row["code_snippet"]))

    all_rows = make("--sample_num=30")
    save(folder)
    limit = sorted(map(length, all_rows))[14]
    rows = make("--sample_num=30", f"--max_tokens_before={limit}", f"--tokenizer={folder}")
    assert len(rows) == 30 and max(map(length, rows)) <= limit
    pairs = zip(rows, all_rows, strict=True)
    assert all(row == first for row, first in pairs if length(first) <= limit)
    assert json.loads(Path("out.summary.json").read_text())["rows_in"] == 30


def test_prompts_whose_snippets_are_too_long_however_often_drawn_are_put_aside(folder):
    save(folder)
    flags = ["--sample_num=30", "--max_tokens_before=1", f"--tokenizer={folder}"]
    main(
        ["--seed_file=seeds.jsonl", "--few_shot_file=few.jsonl", "--output_file=out.jsonl", *flags]
    )
    summary = json.loads(Path("out.summary.json").read_text())
    assert summary["kept"] == 0 and summary["rows_in"] == 30
    assert summary["reject_reasons"] == {"too_many_tokens_before": 30}


def test_seeds_without_an_edit_serve_no_rewriting(folder):
    write_rows("seeds.jsonl", [seed(number, new_contents="") for number in range(3)])
    assert "none of its 3 rows carries an edit" in refusal("--prompt_type=rewrite_commit")
    assert len(make("--sample_num=3")) == 3


def test_unusable_seeds_are_counted_and_left_out(folder):
    bad = [seed(50, old_contents=None), seed(51, old_contents="x\n"), seed(1)]
    write_rows("seeds.jsonl", [*map(seed, range(3)), *bad])
    rows = make("--sample_num=40")
    assert {commit for row in rows for commit in row["commit"]} == {f"commit{i}" for i in range(3)}
    summary = json.loads(Path("out.summary.json").read_text())
    assert summary["usable_seeds"] == 3
    assert summary["unusable_seeds"] == {"not_text": 1, "too_short": 1, "repeated": 1}


def test_a_seed_file_with_a_byte_order_mark_and_odd_characters_is_read_by_offset(folder):
    lines = [json.dumps(seed(i) | {"message": "é\ud800\u2028"}) for i in range(2)]
    Path("seeds.jsonl").write_bytes(b"\xef\xbb\xbf" + "\n\n".join(lines).encode())
    rows = make("--sample_num=5")
    assert {commit for row in rows for commit in row["commit"]} == {"commit0", "commit1"}
    assert rows[0]["commit_message"] == ["é\ud800\u2028"] * 2


def test_too_few_seeds_fail_at_once_with_the_counts(folder):
    write_rows("seeds.jsonl", [seed(0), seed(1, old_contents="x = 1\n")])
    message = refusal()
    assert "1 of 2 seeds usable; too short 1" in message and "--min_snippet_lines" in message
    assert "0 of 2 seeds usable; too short 2" in refusal(
        "--min_snippet_lines=21", "--max_snippet_lines=30"
    )


def test_a_side_without_two_seeds_fails_with_the_counts(folder):
    write_rows("seeds.jsonl", map(seed, range(3)))
    message = refusal("--val_ratio=0.001")
    assert "3 usable seeds to train and 0 to val" in message


@pytest.mark.parametrize("prompt_type", ["code_extend", "rewrite_commit"])
def test_a_missing_seed_file_names_the_commands_that_make_one(folder, prompt_type):
    Path("seeds.jsonl").unlink()
    message = refusal(f"--prompt_type={prompt_type}")
    assert "python collect_seeds.py --source hf:bigcode/commitpackft" in message
    assert ("--source stdlib --output_file seeds.jsonl" in message) == (
        prompt_type == "code_extend"
    )


@pytest.mark.parametrize("field", ["commit", "old_contents", "message"])
def test_a_seed_without_a_field_is_named_by_file_and_line(folder, field):
    row = seed(2)
    del row[field]
    write_rows("seeds.jsonl", [seed(0), seed(1), row])
    assert f"seeds.jsonl, line 3: field '{field}' is missing" in refusal()


def test_rewriting_needs_the_new_contents(folder):
    write_rows("seeds.jsonl", [{k: v for k, v in seed(0).items() if k != "new_contents"}])
    assert "field 'new_contents' is missing" in refusal("--prompt_type=rewrite_commit")


@pytest.mark.parametrize("name", ["seeds.jsonl", "few.jsonl"])
@pytest.mark.parametrize(("text", "message"), [("", "no rows"), ("{oops\n", "line 1: not valid")])
def test_an_empty_or_broken_file_is_refused(folder, name, text, message):
    Path(name).write_text(text)
    error = refusal()
    assert error.startswith(name) and message in error


def test_an_example_with_an_empty_field_is_refused(folder):
    example = {"code_before": "x = 1\n", "instruct_descriptive": "Add y.", "instruct_lazy": ""}
    write_rows("few.jsonl", [example])
    assert "few.jsonl, example 1: 'instruct_lazy'" in refusal()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--sample_num=0"], "--sample_num must be above 0, not 0"),
        (["--max_per_file=0"], "--max_per_file must be above 0, not 0"),
        (["--max_per_file=1"], "serves rewrite_commit only"),
        (["--min_snippet_lines=0"], "--min_snippet_lines must be above 0, not 0"),
        (["--min_snippet_lines=9", "--max_snippet_lines=8"], "above --max_snippet_lines 8"),
        (["--context_lines=3"], "--context_lines: serves rewrite_commit only"),
        (["--prompt_type=rewrite_commit", "--context_lines=0"], "--context_lines must be above 0"),
        (["--max_tokens_before=0"], "--max_tokens_before must be above 0"),
        (["--tokenizer=toy"], "--tokenizer: counts for --max_tokens_before"),
        (["--max_tokens_before=9", "--tokenizer=none"], "--tokenizer none: no such folder"),
        (["--val_ratio=1"], "--val_ratio must be below 1, not 1"),
        (["--val_ratio=-0.1"], "--val_ratio must not be negative, not -0.1"),
        (["--val_ratio=nan"], "--val_ratio must be a finite number, not nan"),
        (["--edit_kinds=none.yaml"], "none.yaml: no such file"),
        (["--prompt_type=rewrite_commit", "--edit_kinds=kinds.yaml"], "code_extend only"),
        (["--few_shot_file=none.jsonl"], "none.jsonl: no such file"),
    ],
)
def test_a_wrong_flag_is_refused_in_one_line(folder, flags, message):
    assert message in refusal(*flags)


@pytest.mark.parametrize("name", ["seeds.jsonl", "few.jsonl", "kinds.yaml"])
def test_an_input_is_not_overwritten(folder, name):
    before = Path(name).read_bytes()
    with pytest.raises(PipelineError, match="would be overwritten"):
        make("--edit_kinds=kinds.yaml", output=name)
    assert Path(name).read_bytes() == before


def test_the_command_works_as_typed(folder):
    Path("data").mkdir()
    Path("seeds.jsonl").rename("data/commitpackft_python_cleaned.jsonl")
    Path("few.jsonl").rename("data/few_shot.jsonl")
    command = [sys.executable, str(ROOT / "create_prompt.py"), "--sample_num=4"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("kept 4 of 4 -> data/prompt_for_syn.jsonl\n")
    done = subprocess.run([*command, "--prompt_type=rewrite_commit"], capture_output=True)
    assert done.returncode == 0
    assert len(list(read_rows("data/prompt_rewrite_commit.jsonl"))) == 4


def test_a_user_error_ends_with_code_2_and_one_line(folder):
    command = [sys.executable, str(ROOT / "create_prompt.py"), "--seed_file=none.jsonl"]
    done = subprocess.run([*command, "--few_shot_file=few.jsonl"], capture_output=True, text=True)
    assert done.returncode == 2
    assert (
        done.stderr.startswith("error: none.jsonl: no such file") and done.stderr.count("\n") == 1
    )

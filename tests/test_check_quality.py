import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from check_quality import main
from utils.config import load_config
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows
from utils.quality.settings import Limits, QualityConfig
from utils.topics.settings import FilterSettings

ROOT = Path(__file__).resolve().parents[1]
FIELDS = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")
NAMES = "abcdefg"
SUBJECTS = ("price", "stock", "order", "parcel", "voucher", "refund")


def triplet(number, subject="price", after=None, **more):
    """Make a sound triplet; another subject gives it another code."""
    body = "".join(
        f"\n\ndef {subject}_{name}(values, {name}_limit):\n"
        f"    return [{subject} - {position} for {subject} in values if {subject} > {name}_limit]\n"
        for position, name in enumerate(("low", "high", "mean"))
    )
    before = f'"""Every {subject}."""\n\nLIMIT = 5\n{body}'
    texts = (
        before,
        after or before.replace("LIMIT = 5", "LIMIT = 7"),
        f"Raise the constant `LIMIT` to 7, since every {subject} became dearer this year.",
        f"raise the {subject} limit",
    )
    row = {"commit": f"c{number}", "code_snippet": ["a", "b"], "prompt_id": f"p{number}"}
    for field, text in zip(FIELDS, texts, strict=True):
        row |= {field: text, f"{field}_purify": text}
    return row | more


def check(tmp_path, rows, *flags, config=None):
    """Run the stage; gives the kept rows, the rejected ones and the summary."""
    write_rows(tmp_path / "in.jsonl", rows)
    settings = yaml.safe_load((ROOT / "quality_config.yaml").read_text()) | (config or {})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    files = [str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl")]
    main([*files, "--config", str(tmp_path / "config.yaml"), "--num_workers", "1", *flags])
    results = []
    for name in ("out.jsonl", "out.rejected.jsonl"):
        path = tmp_path / name
        has_rows = path.exists() and path.stat().st_size
        results.append(list(read_rows(path)) if has_rows else [])
    return *results, json.loads((tmp_path / "out.summary.json").read_text())


def test_sound_triplets_pass_as_they_are_and_others_are_kept_with_all_reasons(tmp_path):
    broken = triplet(2, "stock")
    broken |= {"code_after_purify": "def f(:\n", "instruct_lazy_purify": "Mend the `nothing_here`."}
    empty = triplet(3) | {"code_before_purify": None}
    rows = [triplet(1), broken, empty, triplet(4, "order", license=["mit", None])]
    kept, rejected, summary = check(tmp_path, rows)
    assert kept == [rows[0], rows[3]]
    reasons = ["single_line_code", "after_does_not_parse", "ungrounded_instruction"]
    assert rejected[0]["reject_reason"] == reasons[0]
    assert rejected[0]["reject_reasons"] == reasons
    assert rejected[0]["reject_evidence"]["ungrounded_instruction"] == "nothing_here"
    assert rejected[1]["reject_evidence"] == {"empty_field": "code_before_purify"}
    assert rejected[1]["prompt_id"] == "p3"
    assert rejected[1]["reject_reasons"] == ["empty_field"]
    assert summary["reject_reasons"] == {"single_line_code": 1, "empty_field": 1}
    assert (summary["kept"], summary["rejected"]) == (2, 2)


def test_the_first_of_equal_triplets_stays_and_is_named(tmp_path):
    first, other = triplet(1, sample_index=3), triplet(2, "stock")
    spaced = triplet(3)
    spaced["code_after_purify"] = spaced["code_after_purify"].replace("\n\n\n", "\n\n") + "\n\n"
    spaced["instruct_lazy_purify"] = "Raise  the price limit"
    kept, rejected, _ = check(tmp_path, [first, other, spaced])
    assert kept == [first, other]
    assert rejected[0]["reject_reason"] == "duplicate"
    assert rejected[0]["duplicate_of"] == "p1#3"


def test_nearly_equal_code_is_a_near_duplicate_whatever_the_edit(tmp_path):
    first = triplet(1)
    other_edit = triplet(2, after=first["code_before"].replace("return [", "return sorted["))
    other_edit["code_after_purify"] = first["code_before"] + "\n\nprint(LIMIT, 'is the most')\n"
    same_edit = triplet(3, after=first["code_after"].replace("price_mean", "price_average"))
    same_edit["instruct_lazy_purify"] = "limit 7 and price_average"
    _, rejected, summary = check(tmp_path, [first, other_edit, same_edit])
    assert [row["reject_reason"] for row in rejected] == ["near_duplicate"] * 2
    assert [row["duplicate_of"] for row in rejected] == ["p1", "p1"]
    assert all(row["similarity"] >= 0.7 for row in rejected)
    assert rejected[0]["edit_similarity"] < 0.3
    assert summary["near_duplicates"]["another_edit"] >= 1


def test_a_rejected_triplet_takes_no_sound_one_with_it(tmp_path):
    bad = triplet(1)
    bad["instruct_lazy_purify"] = "# Lazy\nraise it"
    row = triplet(2)
    del row["prompt_id"]
    again = triplet(3)
    again["instruct_lazy_purify"] = "raise it to 7"
    kept, rejected, _ = check(tmp_path, [bad, row, again])
    assert kept == [row]
    assert rejected[0]["reject_reason"] == "style_contract"
    assert rejected[1]["duplicate_of"] == "row 2"


def test_what_overlaps_with_a_benchmark_is_rejected(tmp_path):
    rows = [triplet(number, subject) for number, subject in enumerate(SUBJECTS)]
    task = {"before": rows[2]["code_before"], "after": rows[2]["code_after"]}
    write_rows(tmp_path / "bench.jsonl", [{"input": "x = 1\n"}, {"input": task["before"]}])
    listed = [{"name": "b", "file": str(tmp_path / "bench.jsonl"), "fields": {"code": ["input"]}}]
    kept, rejected, summary = check(tmp_path, rows, config={"benchmarks": listed})
    assert kept == [row for row in rows if row != rows[2]]
    assert rejected[0]["reject_evidence"] == {"contaminated": "code of b row 2"}
    assert summary["benchmarks"] == ["b"]
    (tmp_path / "list.yaml").write_text(yaml.safe_dump(listed))
    flags = ("--benchmarks", str(tmp_path / "list.yaml"))
    assert check(tmp_path, rows, *flags)[0] == kept


def test_hostile_triplets_are_rejected_and_the_others_pass(tmp_path):
    texts = {
        "nul": "x = 1\0\ny = 2\n",
        "surrogate": "x = '\ud800'\ny = 2\n",
        "line": f"x = '{'a' * 10_000_000}'\ny = 2\n",
        "parentheses": "x = " + "(" * 100_000 + ")" * 100_000 + "\ny = 2\n",
        "brackets": "x = " + "[\n" * 100_000 + "]\n" * 100_000,
        "minus": "x = " + "-" * 19_000 + "1\ny = 2\n",
        "minus_lines": "x = (" + "-\n" * 200_000 + "1)\n",
        "not": "x = (" + "not\n" * 100_000 + "1)\n",
        "chain": "x = (a" + "\n.b" * 150_000 + ")\n",
        "sum": "x = (1" + "\n+ 1" * 120_000 + ")\n",
        "branches": "if 1:\n    x = 1\n" + "elif 1:\n    x = 1\n" * 900,
        "digits": "x = " + "9" * 15_000 + "\ny = 2\n",
        "string": 'x = """' + '\\"""\n' * 80_000,
        "strings": "f'{" * 3000 + "\n1\n",
    }
    rows = [triplet(1)]
    for number, (name, text) in enumerate(texts.items(), 2):
        rows.append(triplet(number, "stock") | {"code_after_purify": text, "prompt_id": name})
    for name in ("nul", "line", "minus_lines", "string"):
        rows.append(triplet(50, "order") | {"code_before_purify": texts[name]})
        rows.append(triplet(51, "order") | {"instruct_lazy_purify": texts[name]})
    rows.append(triplet(99, "voucher"))
    kept, rejected, _ = check(tmp_path, rows)
    assert kept == [rows[0], rows[-1]]
    assert len(rejected) == len(rows) - 2


def test_a_triplet_over_its_time_is_rejected(tmp_path):
    lines = [f"a{number} = [{'(1, 2), ' * 29}]\n" for number in range(1900)]
    slow = triplet(2) | {"code_before_purify": "".join(lines)}
    slow |= {"code_after_purify": "".join(lines) + "b = 1\n"}
    limits = {"limits": {"max_row_seconds": 0.15}}
    kept, rejected, _ = check(tmp_path, [triplet(1), slow, triplet(3, "stock")], config=limits)
    assert [row["prompt_id"] for row in kept] == ["p1", "p3"]
    assert rejected[0]["reject_reason"] == "time_limit"


def test_the_output_is_the_same_with_one_worker_and_several(tmp_path):
    rows = [triplet(number, SUBJECTS[number % 6]) for number in range(200)]
    for row in rows[::7]:
        row["code_after_purify"] = "print(undefined)\nprint(2)\n"
    outputs = []
    for workers in ("1", "2"):
        check(tmp_path, rows, "--num_workers", workers)
        outputs.append([file.read_bytes() for file in sorted(tmp_path.glob("out*"))])
    assert outputs[0] == outputs[1]


def test_programs_of_another_language_are_judged_without_a_parser(tmp_path):
    before = "function area(r) {\n  return 3 * r * r;\n}\n"
    row = triplet(1) | {"code_before_purify": before}
    row |= {"code_after_purify": before.replace("3 *", "Math.PI *")}
    row |= {
        "instruct_descriptive_purify": "Use the exact pi in `area`.",
        "instruct_lazy_purify": "use pi instead",
    }
    assert check(tmp_path, [row], "--language", "javascript")[0] == [row]
    assert check(tmp_path, [row])[1][0]["reject_reason"] == "before_does_not_parse"


def test_a_file_of_another_language_is_refused_with_its_name(tmp_path):
    code = "function area(r) {\n  return 3 * r * r;\n}\n"
    fields = {"code_before_purify": code, "code_after_purify": code.replace("3 *", "4 *")}
    rows = [triplet(number) | fields for number in range(120)]
    with pytest.raises(PipelineError) as caught:
        check(tmp_path, rows)
    assert str(caught.value).endswith(
        "of the first 100 rows 100 of 100 do not parse as python; 100 parse as javascript: "
        "--language javascript"
    )


@pytest.mark.parametrize("style", ["descriptive", "lazy"])
def test_an_instruction_of_one_style_is_enough(tmp_path, style):
    row = triplet(1)
    del row[f"instruct_{style}_purify"]
    assert check(tmp_path, [row, row])[0] == [row]


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (["code_before_purify"], "'code_before_purify'"),
        (["code_after_purify"], "'code_after_purify'"),
        (
            ["instruct_descriptive_purify", "instruct_lazy_purify"],
            "'instruct_descriptive_purify' or 'instruct_lazy_purify'",
        ),
    ],
)
def test_a_file_without_a_needed_field_is_the_wrong_file(tmp_path, missing, named):
    row = {name: value for name, value in triplet(1).items() if name not in missing}
    with pytest.raises(PipelineError, match=f"line 1: field {named} is missing"):
        check(tmp_path, [row])
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rule": {}}, "unknown key 'rule'"),
        ({"rules": {"no_changes": True}}, "unknown key 'rules.no_changes'"),
        ({"limits": {"max_lazy_words": 0}}, "max_lazy_words"),
        ({"dedup": {"threshold": 1.5}}, "threshold"),
        ({"benchmarks": [{"preset": "mbpp"}]}, "no preset 'mbpp'"),
        ({"benchmarks": [{"preset": "editeval"}]}, "get the benchmark 'editeval' from https"),
    ],
)
def test_a_mistake_in_the_settings_is_named_before_anything_is_written(
    tmp_path, monkeypatch, config, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError, match=message):
        check(tmp_path, [triplet(1)], config=config)
    assert not (tmp_path / "out.jsonl").exists()


def test_the_shipped_config_spells_out_the_defaults():
    assert load_config(ROOT / "quality_config.yaml", QualityConfig) == QualityConfig()


def test_the_limits_of_a_diff_are_those_of_the_diff_filter():
    written = yaml.safe_load((ROOT / "filter_config.yaml").read_text())["filter_settings"]
    names = ("max_modify_lines", "max_hunk_num", "max_code_lines")
    ours = [getattr(Limits(), name) for name in names]
    assert ours == [written[name] for name in names]
    later = FilterSettings()
    assert ours == [later.lines_limit, later.max_hunk_num, later.max_code_lines]


def test_the_stage_runs_as_a_command(tmp_path):
    write_rows(tmp_path / "in.jsonl", [triplet(1), triplet(2) | {"code_after_purify": ""}])
    command = [sys.executable, str(ROOT / "check_quality.py"), "in.jsonl", "out.jsonl"]
    command += ["--config", str(ROOT / "quality_config.yaml")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "kept 1 of 2; empty field 1 -> out.jsonl" in done.stderr
    assert not done.stdout


def edits_of_one_file(count):
    """Make rewritten commits: other edits of nearly the same code, all of one file."""
    code = "".join(
        f"def {name}(one, two):\n    return one + two * {i}\n\n\n" for i, name in enumerate(NAMES)
    )
    for number in range(count):
        place = f"two * {number}\n"
        row = triplet(number) | {"commit": f"c{number}", "code_snippet": [], "old_file": "x.py"}
        after = code.replace(place, f"two * {number} + {number**3 + 100} - one // {number + 7}\n")
        row |= {"code_before_purify": code, "code_after_purify": after}
        row["instruct_lazy_purify"] = f"return somewhat more in number {number}"
        yield row | {
            "instruct_descriptive_purify": f"Let function number {number} return more by 100."
        }


def test_edits_of_a_repositorys_file_are_told_apart_by_the_edit(tmp_path):
    rows = list(edits_of_one_file(4))
    assert check(tmp_path, rows)[0] == rows
    by_code = {"near_duplicate": {"by": "code"}}
    assert check(tmp_path, rows, config=by_code)[0] == rows[:1]
    made_up = [row | {"code_snippet": ["a", "b"]} for row in rows]
    assert check(tmp_path, made_up)[0] == made_up[:1]
    assert check(tmp_path, made_up, config={"near_duplicate": {"by": "edit"}})[0] == made_up


def test_the_same_edit_of_a_repositorys_file_is_a_near_duplicate(tmp_path):
    first, other = edits_of_one_file(2)
    again = first | {"instruct_lazy_purify": "let the first function return more"}
    kept, rejected, summary = check(tmp_path, [first, other, again])
    assert kept == [first, other]
    assert rejected[0]["reject_reasons"] == ["near_duplicate"]
    assert summary["near_duplicates"] == {"same_edit": 1}


def test_a_file_of_a_repository_gives_so_many_rows_and_no_more(tmp_path):
    rows = [*edits_of_one_file(4), triplet(9)]
    config = {"near_duplicate": {"max_per_file": 2}}
    kept, rejected, summary = check(tmp_path, rows, config=config)
    assert kept == [*rows[:2], rows[4]]
    assert [row["reject_reason"] for row in rejected] == ["max_per_file"] * 2
    assert summary["reject_reasons"] == {"max_per_file": 2}


def check_files(tmp_path, *flags, **files):
    """Run the stage over several files; gives the kept and the rejected rows of each."""
    for name, rows in files.items():
        write_rows(tmp_path / f"{name}.jsonl", rows)
    inputs = [str(tmp_path / f"{name}.jsonl") for name in files if not name.startswith("used")]
    config = ("--config", str(ROOT / "quality_config.yaml"), "--num_workers", "1")
    main([*inputs, "--output_dir", str(tmp_path / "out"), *config, *flags])
    return {
        path.name: list(read_rows(path)) if path.stat().st_size else []
        for path in sorted((tmp_path / "out").glob("*.jsonl"))
    }


def test_duplicates_are_looked_for_across_all_files(tmp_path):
    one = [triplet(1), triplet(2, "stock")]
    again = triplet(3) | {"instruct_lazy_purify": "make the limit a 7"}
    two = [triplet(4, "stock"), again, triplet(5, "order")]
    found = check_files(tmp_path, a=one, b=two)
    assert found["a.jsonl"] == one
    assert found["b.jsonl"] == [two[2]]
    marks = [(row["reject_reason"], row["duplicate_of"]) for row in found["b.rejected.jsonl"]]
    assert marks == [("duplicate", "p2"), ("near_duplicate", "p1")]
    assert {row["duplicate_in"] for row in found["b.rejected.jsonl"]} == {str(tmp_path / "a.jsonl")}


def test_nothing_repeats_what_is_in_use_already(tmp_path):
    mixed = {name: triplet(1)[f"{name}_purify"] for name in ("code_before", "code_after")}
    mixed = {f"{name}_purify": text for name, text in mixed.items()} | {"instruct_purify": "x"}
    trained = {"old_code": triplet(2, "stock")["code_before"], "instruction": "x"}
    trained["new_code"] = triplet(2, "stock")["code_after"]
    rows = [triplet(3), triplet(4, "stock"), triplet(5, "order")]
    used = [str(tmp_path / f"{name}.jsonl") for name in ("used_mix", "used_trained")]
    files = {"a": rows, "used_mix": [mixed, mixed], "used_trained": [trained]}
    found = check_files(tmp_path, "--against", *used, **files)
    assert found["a.jsonl"] == [rows[2]]
    assert [row["duplicate_in"] for row in found["a.rejected.jsonl"]] == used
    assert sorted(found) == ["a.jsonl", "a.rejected.jsonl"]


@pytest.mark.parametrize(
    ("names", "flags", "message"),
    [
        (["a.jsonl"], [], "1 files: name one input and one output"),
        (["a.jsonl", "b.jsonl", "c.jsonl"], [], "3 files"),
        (["a.jsonl", "x/a.jsonl"], ["--output_dir", "out"], "two inputs have this name"),
    ],
)
def test_a_mistake_in_the_files_is_named(names, flags, message):
    config = ["--config", str(ROOT / "quality_config.yaml")]
    with pytest.raises(PipelineError, match=message):
        main([*names, *flags, *config])

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
    broken |= {"code_after_purify": "def f(:\n", "instruct_lazy_purify": "Fix `nothing_here`."}
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
    assert summary["reject_reasons"] == dict.fromkeys([*reasons, "empty_field"], 1)
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
    # Each run of equal lines is looked for in each: no parser, but quadratic work for the diff.
    lines = [f"a = {number % 3}\n" for number in range(1900)]
    slow = triplet(2) | {"code_before_purify": "".join(lines)}
    slow |= {"code_after_purify": "".join(reversed(lines)) + "b = 1\n"}
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
        "instruct_lazy_purify": "pi",
    }
    assert check(tmp_path, [row], "--language", "javascript")[0] == [row]
    assert check(tmp_path, [row])[1][0]["reject_reason"] == "before_does_not_parse"


@pytest.mark.parametrize("field", [f"{field}_purify" for field in FIELDS])
def test_a_file_without_a_needed_field_is_the_wrong_file(tmp_path, field):
    row = triplet(1)
    del row[field]
    with pytest.raises(PipelineError, match=f"line 1: field '{field}' is missing"):
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

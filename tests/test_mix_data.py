import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
import yaml

from mix_data import MixConfig, MixSource, main
from utils.config import load_config
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows
from utils.report.review import sample_id

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = {
    "ocedata_mix": 60000,
    "ocedata_mix_descriptive": 60000,
    "ocedata_mix_lazy": 60000,
    "quickstart": None,
}


def make_triplet(name: str, **changes) -> dict:
    texts = {
        "code_before": f"x = '{name}'\n",
        "code_after": f"y = '{name}'\n",
        "instruct_descriptive": f"Rename x in {name}.",
        "instruct_lazy": f"rename {name}",
    }
    purified = {f"{field}_purify": text for field, text in texts.items()}
    seeds = {"commit": [name, "c2"], "code_snippet": ["a", "b"]}
    return seeds | texts | purified | {"prompt_id": name, "sample_index": 1} | changes


def write_triplets(path: Path, count: int, prefix: str = "row", **changes) -> Path:
    write_rows(path, [make_triplet(f"{prefix}{i}", **changes) for i in range(count)])
    return path


def write_config(folder: Path, entries: list[tuple], **changes) -> str:
    """Write a mix file of (file, ratio, type, model) entries."""
    files, ratios, types, models = (list(column) for column in zip(*entries, strict=True))
    config = {
        "input_files": [str(folder / name) for name in files],
        "ratios": ratios,
        "instr_types": types,
        "model_names": models,
        "output_file": str(folder / "mix.jsonl"),
        "total_samples": 10,
        "random_seed": 42,
    }
    path = folder / "mix.yaml"
    path.write_text(yaml.safe_dump(config | changes))
    return str(path)


def read_mix(folder: Path) -> list[dict]:
    return list(read_rows(folder / "mix.jsonl"))


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


BOTH_STYLES = [("a.jsonl", 0.5, "descriptive", "m"), ("a.jsonl", 0.5, "lazy", "m")]


def test_each_entry_gives_its_share_and_the_total_is_exact(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 30, "a")
    write_triplets(tmp_path / "b.jsonl", 30, "b")
    entries = [
        ("a.jsonl", 0.25, "descriptive", "qwen3"),
        ("b.jsonl", 0.25, "descriptive", "ds"),
        ("a.jsonl", 0.25, "lazy", "qwen3"),
        ("b.jsonl", 0.25, "lazy", "ds"),
    ]
    main(["--config", write_config(tmp_path, entries, total_samples=42)])
    counts = Counter(row["instr_type"] for row in read_mix(tmp_path))
    assert counts == {
        "qwen3_descriptive": 11,
        "ds_descriptive": 11,
        "qwen3_lazy": 10,
        "ds_lazy": 10,
    }


def test_a_row_of_the_mix_has_the_published_fields_and_keeps_its_trace(tmp_path):
    trace = {"model": "ds", "license": ["mit", "bsd"], "edit_kind": "bug_fix", "split": "val"}
    row = make_triplet("one", **trace, code_before="raw", extra="left behind")
    write_rows(tmp_path / "a.jsonl", [row])
    main(["--config", write_config(tmp_path, [("a.jsonl", 1, "lazy", "ds")], total_samples=1)])
    assert read_mix(tmp_path) == [
        {
            "commit": ["one", "c2"],
            "code_snippet": ["a", "b"],
            "code_before_purify": "x = 'one'\n",
            "code_after_purify": "y = 'one'\n",
            "instruct_purify": "rename one",
            "instr_type": "ds_lazy",
            "prompt_id": "one",
            "sample_index": 1,
            **trace,
        }
    ]


def test_rows_of_opencodeedit_without_a_trace_pass_as_they_are(tmp_path):
    row = make_triplet("one", commit="c1,c2")
    del row["prompt_id"], row["sample_index"]
    write_rows(tmp_path / "a.jsonl", [row])
    main(["--config", write_config(tmp_path, [("a.jsonl", 1, "lazy", "ds")], total_samples=1)])
    [mixed] = read_mix(tmp_path)
    assert mixed["commit"] == "c1,c2" and len(mixed) == 6


def test_no_entry_repeats_a_row_and_entries_draw_independently(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 40)
    main(["--config", write_config(tmp_path, BOTH_STYLES, total_samples=40)])
    by_style = {"m_descriptive": set(), "m_lazy": set()}
    for row in read_mix(tmp_path):
        by_style[row["instr_type"]].add(row["prompt_id"])
    assert [len(names) for names in by_style.values()] == [20, 20]
    assert by_style["m_descriptive"] != by_style["m_lazy"]


def test_the_entries_are_shuffled_together(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 40)
    main(
        ["--config", write_config(tmp_path, BOTH_STYLES, total_samples=80, allow_both_styles=True)]
    )
    first_half = Counter(row["instr_type"] for row in read_mix(tmp_path)[:40])
    assert min(first_half.values()) > 5 and len(first_half) == 2


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_mix(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 40)
    contents = []
    for seed in (1, 1, 2):
        main(["--config", write_config(tmp_path, BOTH_STYLES, random_seed=seed)])
        contents.append((tmp_path / "mix.jsonl").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_rows_with_an_empty_text_are_not_drawn_and_are_named_with_a_reason(tmp_path):
    rows = [make_triplet(f"good{i}") for i in range(5)]
    rows += [
        make_triplet("bad1", code_before_purify=""),
        make_triplet("bad2", code_after_purify=None),
        make_triplet("bad3", instruct_lazy_purify=" \n"),
        make_triplet("bad4", instruct_lazy_purify=["not", "text"]),
        make_triplet("fine", instruct_descriptive_purify=""),
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    main(["--config", write_config(tmp_path, [("a.jsonl", 1, "lazy", "m")], total_samples=6)])
    assert {row["prompt_id"] for row in read_mix(tmp_path)} == {f"good{i}" for i in range(5)} | {
        "fine"
    }
    rejected = list(read_rows(tmp_path / "mix.rejected.jsonl"))
    assert [(row["prompt_id"], row["reject_reason"]) for row in rejected] == [
        ("bad1", "empty_code_before"),
        ("bad2", "empty_code_after"),
        ("bad3", "empty_instruct_lazy"),
        ("bad4", "empty_instruct_lazy"),
    ]


def test_the_summary_counts_what_each_entry_had_and_gave(tmp_path):
    rows = [make_triplet(f"r{i}") for i in range(9)] + [make_triplet("bad", code_before_purify="")]
    write_rows(tmp_path / "a.jsonl", rows)
    main(["--config", write_config(tmp_path, BOTH_STYLES, allow_both_styles=True)])
    summary = json.loads((tmp_path / "mix.summary.json").read_text())
    assert summary["kept"] == 10 and summary["rejected"] == 2
    drawn = {row["prompt_id"] for row in read_mix(tmp_path)}
    assert summary["distinct_edits"] == len(drawn) < 10
    assert summary["passed_over"] == {"not_sampled": 8}
    assert summary["rows_in"] == 20
    assert summary["entries"][1] == {
        "input_file": str(tmp_path / "a.jsonl"),
        "instr_type": "m_lazy",
        "rows": 10,
        "eligible": 9,
        "sampled": 5,
        "not_eligible": {"empty_code_before": 1},
    }


def test_no_edit_comes_twice_in_whichever_style_or_file(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 12)
    write_rows(tmp_path / "b.jsonl", [make_triplet(f"row{i}") for i in range(9, 21)] * 2)
    entries = [
        ("a.jsonl", 0.4, "descriptive", "m"),
        ("a.jsonl", 0.2, "lazy", "m"),
        ("b.jsonl", 0.4, "lazy", "n"),
    ]
    main(["--config", write_config(tmp_path, entries, total_samples=15)])
    drawn = [row["code_before_purify"] for row in read_mix(tmp_path)]
    assert len(set(drawn)) == len(drawn) == 15
    assert json.loads((tmp_path / "mix.summary.json").read_text())["distinct_edits"] == 15


def test_an_edit_may_come_once_with_each_style_where_the_yaml_says_so(tmp_path):
    write_rows(tmp_path / "a.jsonl", [make_triplet(f"row{i}") for i in range(6)] * 2)
    changes = {"total_samples": 12, "allow_both_styles": True}
    main(["--config", write_config(tmp_path, BOTH_STYLES, **changes)])
    drawn = Counter((row["prompt_id"], row["instr_type"]) for row in read_mix(tmp_path))
    assert len(drawn) == 12 and set(drawn.values()) == {1}


def test_an_entry_with_rows_to_spare_leaves_the_others_theirs(tmp_path):
    rows = [make_triplet(f"row{i}", instruct_lazy_purify="" if i > 3 else "do") for i in range(8)]
    write_rows(tmp_path / "a.jsonl", rows)
    for seed in range(5):
        config = write_config(tmp_path, BOTH_STYLES, total_samples=8, random_seed=seed)
        main(["--config", config])
        assert {row["prompt_id"] for row in read_mix(tmp_path)} == {f"row{i}" for i in range(8)}


def test_too_few_distinct_edits_are_told_before_anything_is_written(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 7)
    config = write_config(tmp_path, BOTH_STYLES, allow_both_styles=False)
    before = files_in(tmp_path)
    expected = (
        r"a\.jsonl: 2 edits that no other row has are left for m_lazy, 5 are needed; .* allow_both_"
    )
    with pytest.raises(PipelineError, match=expected):
        main(["--config", config])
    assert files_in(tmp_path) == before


def test_a_published_mix_without_the_key_repeats_as_few_edits_as_it_can_and_says_so(
    tmp_path, caplog
):
    write_triplets(tmp_path / "a.jsonl", 7)
    main(["--config", write_config(tmp_path, BOTH_STYLES)])
    drawn = read_mix(tmp_path)
    assert len({(row["prompt_id"], row["instr_type"]) for row in drawn}) == 10
    assert json.loads((tmp_path / "mix.summary.json").read_text())["distinct_edits"] == 7
    assert "m_lazy: 3 rows are of edits drawn in the other style too" in caplog.text


def test_no_mix_draws_an_edit_twice_in_one_style(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 4)
    write_triplets(tmp_path / "b.jsonl", 4)
    entries = [("a.jsonl", 0.5, "lazy", "m"), ("b.jsonl", 0.5, "lazy", "n")]
    with pytest.raises(PipelineError, match="edits that no other row has"):
        main(["--config", write_config(tmp_path, entries, total_samples=6)])


def test_each_row_is_judged_once_by_each_entry(tmp_path, monkeypatch):
    judged = Counter()
    judge = MixSource.why_refused

    def counted(source, row):
        judged[source.label, row["prompt_id"]] += 1
        return judge(source, row)

    monkeypatch.setattr(MixSource, "why_refused", counted)
    rows = [make_triplet(f"r{i}", code_before_purify="" if i < 2 else "a") for i in range(12)]
    write_rows(tmp_path / "a.jsonl", rows)
    main(["--config", write_config(tmp_path, BOTH_STYLES)])
    assert len(judged) == 24 and set(judged.values()) == {1}


def test_too_few_rows_are_told_with_both_counts_before_anything_is_written(tmp_path):
    rows = [make_triplet(f"r{i}") for i in range(6)] + [make_triplet("b", code_after_purify="")]
    write_rows(tmp_path / "a.jsonl", rows)
    config = write_config(tmp_path, BOTH_STYLES, total_samples=14)
    before = files_in(tmp_path)
    with pytest.raises(
        PipelineError, match=r"a\.jsonl has 6 eligible rows for m_descriptive, 7 are needed"
    ):
        main(["--config", config])
    assert files_in(tmp_path) == before


def test_an_edit_kind_quota_is_met_exactly_and_other_kinds_stay_out(tmp_path):
    kinds = ["bug_fix", "feature", "typing"]
    rows = [make_triplet(f"r{i}", edit_kind=kinds[i % 3]) for i in range(90)]
    write_rows(tmp_path / "a.jsonl", [*rows, make_triplet("none", edit_kind=None)])
    quota = {"feature": 0.7, "bug_fix": 0.3}
    config = write_config(tmp_path, BOTH_STYLES, total_samples=33, edit_kind_quota=quota)
    main(["--config", config])
    mixed = read_mix(tmp_path)
    assert Counter(row["edit_kind"] for row in mixed) == {"feature": 23, "bug_fix": 10}
    assert Counter(row["instr_type"] for row in mixed) == {"m_descriptive": 17, "m_lazy": 16}
    summary = json.loads((tmp_path / "mix.summary.json").read_text())
    assert summary["reject_reasons"] == {"edit_kind_without_quota": 62}
    assert summary["entries"][0]["edit_kinds"]["feature"] == {"eligible": 30, "sampled": 12}


def test_a_kind_with_too_few_rows_is_named(tmp_path):
    rows = [make_triplet(f"r{i}", edit_kind="bug_fix" if i < 2 else "feature") for i in range(30)]
    write_rows(tmp_path / "a.jsonl", rows)
    quota = {"bug_fix": 0.5, "feature": 0.5}
    entries = [("a.jsonl", 1, "lazy", "m")]
    with pytest.raises(
        PipelineError, match="has 2 eligible rows of edit kind 'bug_fix' for m_lazy, 5 are needed"
    ):
        main(["--config", write_config(tmp_path, entries, edit_kind_quota=quota)])


def test_rows_without_an_edit_kind_do_not_serve_a_quota(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 5)
    config = write_config(tmp_path, BOTH_STYLES, edit_kind_quota={"bug_fix": 1})
    with pytest.raises(PipelineError, match=r"a\.jsonl, line 1: field 'edit_kind' is missing"):
        main(["--config", config])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ratios": [1.0]}, "lists differ in length .*input_files has 2, ratios has 1"),
        ({"model_names": ["m", "m", "m"]}, "lists differ in length"),
        ({"ratios": [0.5, 0.4]}, "ratios: shares sum to 0.9; make them sum to 1"),
        ({"ratios": [1.5, -0.5]}, "key 'ratios.1'"),
        ({"ratios": ["half", 0.5]}, "key 'ratios.0'"),
        ({"instr_types": ["lazy", "terse"]}, "key 'instr_types.1': .*'descriptive' or 'lazy'"),
        ({"instr_types": ["lazy", "lazy"]}, "a.jsonl with lazy stands 2 times"),
        ({"total_samples": 0}, "key 'total_samples'"),
        ({"total_samples": "all"}, "key 'total_samples'"),
        ({"total_samples": True}, "key 'total_samples'"),
        ({"random_seed": None}, "key 'random_seed'"),
        ({"edit_kind_quota": {"bug_fix": 0.5}}, "edit_kind_quota: shares sum to 0.5"),
        ({"output": "x.jsonl"}, "unknown key 'output'"),
        ({"input_files": []}, "key 'input_files'"),
        ({"input_files": "a.jsonl"}, "key 'input_files'"),
    ],
)
def test_a_mistake_in_the_config_is_named_and_nothing_is_written(tmp_path, changes, problem):
    write_triplets(tmp_path / "a.jsonl", 20)
    config = write_config(tmp_path, BOTH_STYLES, **changes)
    with pytest.raises(PipelineError, match=rf"mix\.yaml: .*{problem}"):
        main(["--config", config])
    assert files_in(tmp_path) == ["a.jsonl", "mix.yaml"]


def test_a_config_without_a_key_names_it(tmp_path):
    config = tmp_path / "mix.yaml"
    config.write_text("input_files: [a.jsonl]\n")
    with pytest.raises(PipelineError, match="key 'ratios' is missing"):
        main(["--config", str(config)])


def test_ratios_are_read_as_decimals_and_thirds_may_be_rounded(tmp_path):
    for name in "abc":
        write_triplets(tmp_path / f"{name}.jsonl", 10, name)
    entries = [(f"{name}.jsonl", 0.333, "lazy", name) for name in "abc"]
    main(["--config", write_config(tmp_path, entries, total_samples=30)])
    counts = Counter(row["instr_type"] for row in read_mix(tmp_path))
    assert counts == {"a_lazy": 10, "b_lazy": 10, "c_lazy": 10}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"a\.jsonl: no such file"),
        ("", r"a\.jsonl: holds no rows"),
        ("{oops\n", r"a\.jsonl, line 1: not valid JSON"),
        ("[1]\n", r"a\.jsonl, line 1: a list"),
        (
            '{"commit": 1, "code_snippet": 1, "code_before": ""}\n',
            r"a\.jsonl, line 1: field 'code_before_purify' is missing",
        ),
    ],
)
def test_a_bad_input_file_is_named_and_nothing_is_written(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "a.jsonl").write_text(content)
    config = write_config(tmp_path, BOTH_STYLES)
    before = files_in(tmp_path)
    with pytest.raises(PipelineError, match=problem):
        main(["--config", config])
    assert files_in(tmp_path) == before


def test_an_input_is_never_overwritten(tmp_path):
    path = write_triplets(tmp_path / "a.jsonl", 20)
    content = path.read_bytes()
    config = write_config(tmp_path, BOTH_STYLES, output_file=str(path))
    with pytest.raises(PipelineError, match="would be overwritten"):
        main(["--config", config])
    assert path.read_bytes() == content


def test_memory_does_not_grow_with_the_rows(tmp_path):
    padding = "# " + "x" * 20_000
    write_triplets(tmp_path / "a.jsonl", 500, code_before_purify=padding)
    config = write_config(tmp_path, BOTH_STYLES, total_samples=400)
    tracemalloc.start()
    try:
        main(["--config", config])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "a.jsonl").stat().st_size > 10_000_000
    assert peak < 2_000_000


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_mixes_are_valid(name):
    config = load_config(ROOT / "mix_config" / f"{name}.yaml", MixConfig)
    assert config.random_seed == 42
    assert config.output_file == f"data/{name if SHIPPED[name] else 'ocedata_mix_quickstart'}.jsonl"
    assert config.total_samples == (SHIPPED[name] or config.total_samples)


def test_a_person_runs_the_stage_and_reads_one_line_about_a_mistake(tmp_path):
    (tmp_path / "data").mkdir()
    write_triplets(tmp_path / "data" / "triplets_qwen3_checked.jsonl", 60)
    shipped = (ROOT / "mix_config" / "ocedata_mix_lazy.yaml").read_text()
    (tmp_path / "small.yaml").write_text(shipped.replace("60000", "100"))

    def run_stage() -> subprocess.CompletedProcess:
        command = [sys.executable, str(ROOT / "mix_data.py"), "--config", "small.yaml"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    failed = run_stage()
    assert failed.returncode == 2
    missing = "error: data/triplets_ds_checked.jsonl: no such file"
    assert failed.stderr == f"{missing}; check the path\n"
    write_triplets(tmp_path / "data" / "triplets_ds.jsonl", 60, "other")
    assert run_stage().stderr == (
        f"{missing}, only data/triplets_ds.jsonl; run `python check_quality.py "
        "data/triplets_ds.jsonl data/triplets_ds_checked.jsonl`, or name the unchecked in "
        "input_files\n"
    )
    (tmp_path / "data/triplets_ds.jsonl").rename(tmp_path / "data/triplets_ds_checked.jsonl")
    done = run_stage()
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == (
        "kept 100 of 120; not sampled 20 -> data/ocedata_mix_lazy.jsonl"
    )


def write_review(folder: Path, verdicts: dict[int, str], style: str = "descriptive") -> str:
    """Write marks of the rows that `write_triplets` numbers so."""
    marks = []
    for number, verdict in verdicts.items():
        row = make_triplet(f"row{number}")
        texts = (row["code_before"], row["code_after"], row[f"instruct_{style}"])
        marks.append({"sample_id": sample_id(*texts), "verdict": verdict, "note": ""})
    write_rows(folder / "review.jsonl", marks)
    return str(folder / "review.jsonl")


def test_samples_that_a_person_rejected_are_not_eligible(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 12)
    review = write_review(tmp_path, {3: "reject", 7: "reject", 5: "accept"})
    entries = [("a.jsonl", 1, "descriptive", "m")]
    main(["--config", write_config(tmp_path, entries, review_file=review)])
    assert sorted(row["prompt_id"] for row in read_mix(tmp_path)) == sorted(
        f"row{number}" for number in range(12) if number not in (3, 7)
    )
    rejected = list(read_rows(tmp_path / "mix.rejected.jsonl"))
    assert [row["reject_reason"] for row in rejected] == ["rejected_by_review"] * 2
    summary = json.loads((tmp_path / "mix.summary.json").read_text())
    assert summary["review"] == {
        "marks": {"accept": 1, "reject": 2},
        "met": {"accept": 1, "reject": 2},
    }


def test_a_mark_of_one_style_leaves_the_other_style_of_the_triplet(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 6)
    review = write_review(tmp_path, {2: "reject"}, "lazy")
    config = write_config(
        tmp_path, BOTH_STYLES, review_file=review, total_samples=10, allow_both_styles=True
    )
    main(["--config", config])
    drawn = {(row["prompt_id"], row["instr_type"]) for row in read_mix(tmp_path)}
    assert ("row2", "m_lazy") not in drawn and len(drawn) == 10


def test_too_few_rows_after_the_review_are_told_before_anything_is_written(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 10)
    review = write_review(tmp_path, {3: "reject"})
    entries = [("a.jsonl", 1, "descriptive", "m")]
    with pytest.raises(PipelineError, match="9 eligible rows"):
        main(["--config", write_config(tmp_path, entries, review_file=review)])
    assert not (tmp_path / "mix.jsonl").exists()


def test_a_review_that_is_missing_or_is_the_output_is_named(tmp_path):
    write_triplets(tmp_path / "a.jsonl", 12)
    entries = [("a.jsonl", 1, "descriptive", "m")]
    with pytest.raises(PipelineError, match="none.jsonl: no such file"):
        main(
            ["--config", write_config(tmp_path, entries, review_file=str(tmp_path / "none.jsonl"))]
        )
    with pytest.raises(PipelineError, match="would be overwritten"):
        main(["--config", write_config(tmp_path, entries, review_file=str(tmp_path / "mix.jsonl"))])

import json
import re
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest

from dataset_report import main
from tests import report_rows as rows
from utils.errors import PipelineError
from utils.jsonl import write_json, write_rows
from utils.report import page as samples
from utils.report.review import sample_id

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def report(files, *flags):
    """Make the report and give back the data that its page embeds."""
    main([*map(str, files), "--output_file", "report.html", *flags])
    page = Path("report.html").read_text(encoding="utf-8")
    [data] = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)
    return json.loads(data)


def test_all_stages_together_fill_every_section(tmp_path):
    data = report(rows.write_production(tmp_path))
    assert {name for name, figures in data["figures"].items() if figures} == {
        *("overview", "size", "nature", "topics", "instructions", "yield")
    }
    assert [file["kind"] for file in data["files"]] == [
        *("seeds", "prompts", "replies", "triplets", "mix", "filtered")
    ]
    assert data["focus"] == ["filtered"]
    assert data["yield"]["tables"]["all"][0]["counts"] == [20, 20, 16, 28, 24]


def test_a_sample_tells_its_whole_way(tmp_path):
    data = report(rows.write_production(tmp_path))
    sample = next(s for s in data["samples"] if "reason" not in s)
    stages = [event["stage"] for event in sample["lineage"]]
    assert stages == ["seeds", "seeds", "prompts", "replies", "triplets", "mix", "filtered"] or (
        stages == ["seeds", "prompts", "replies", "triplets", "mix", "filtered"]
    )
    reply = next(e["said"] for e in sample["lineage"] if e["stage"] == "replies")
    assert "temperature 0.8" in reply and "m1" in reply


def test_rejected_rows_can_be_browsed_with_their_reasons(tmp_path):
    data = report(rows.write_production(tmp_path))
    reasons = {sample["reason"] for sample in data["samples"] if "reason" in sample}
    assert reasons == {"truncated", "over_topic_quota"}


@pytest.mark.parametrize("number", range(6))
def test_the_file_of_each_stage_can_be_looked_at_alone(tmp_path, number):
    path = rows.write_production(tmp_path)[number]
    data = report([path])
    assert data["files"][0]["kind"] == Path(path).stem
    assert data["samples"] and data["yield"] is None


def test_files_of_one_stage_stand_side_by_side(tmp_path):
    write_rows("one.jsonl", [rows.mixed(n) for n in range(5)])
    write_rows("two.jsonl", [rows.mixed(n) for n in range(3, 9)])
    data = report(["one.jsonl", "two.jsonl"])
    assert data["focus"] == ["one", "two"]
    [tokens] = [f for f in data["figures"]["size"] if f["key"] == "tokens"]
    assert {name: sum(counts) for name, counts in tokens["series"].items()} == {"one": 5, "two": 6}


def test_rows_of_another_system_are_shown_as_they_are(tmp_path):
    write_rows("chat.jsonl", [{"messages": [{"role": "user", "content": "hi"}]}])
    data = report(["chat.jsonl"])
    assert data["samples"][0]["texts"] == [["messages", "user: hi"]]


def test_coding_histories_are_shown_from_their_sources_to_the_samples(tmp_path):
    write_json("versions.json", [rows.versions(n) for n in range(4)])
    write_rows("commits.jsonl", [rows.commit(n) for n in range(4)])
    made = [rows.history_sample(n) for n in range(4)]
    made.append(rows.history_sample(9, data_type="commit", commit="c3", prompt_id="h-1"))
    write_json("samples.json", made)
    data = report(["samples.json", "versions.json", "commits.jsonl"], "--figure_dir", "figures")
    kinds = [file["kind"] for file in data["files"]]
    assert (kinds, data["focus"]) == (["versions", "commits", "samples"], ["samples"])
    assert {figure["key"] for figure in data["figures"]["histories"]} == {
        *("sample_parts", "history_lengths", "version_counts", "data_types")
    }
    assert data["yield"] is None
    by_prompt = {sample["prompt_id"]: sample for sample in data["samples"]}
    lineage = {
        name: [(event["stage"], event["said"]) for event in sample["lineage"]]
        for name, sample in by_prompt.items()
    }
    assert lineage["v1-1"][0] == ("versions", "v1 · 3 versions · novice · m1")
    assert lineage["h-1"][0] == ("commits", "c3 · a.go · a/b · mit")
    assert "diff" in by_prompt["v1-1"]


def test_the_figures_are_written_as_pdf_too(tmp_path):
    data = report(rows.write_production(tmp_path), "--figure_dir", "figures")
    keys = {figure["key"] for figures in data["figures"].values() for figure in figures}
    assert {path.stem for path in Path("figures").iterdir()} == keys
    assert {"modified_lines", "hunks", "topics_filtered", "map_filtered", "verbs_filtered"} <= keys


def test_equal_runs_give_equal_bytes(tmp_path):
    files = rows.write_production(tmp_path)
    pages = []
    for _ in range(2):
        report(files)
        pages.append(Path("report.html").read_bytes())
    assert pages[0] == pages[1]


def test_another_seed_draws_other_samples(tmp_path):
    files = rows.write_production(tmp_path)
    drawn = [report(files, "--samples", "5", "--random_seed", seed)["samples"] for seed in "12"]
    assert [s["id"] for s in drawn[0]] != [s["id"] for s in drawn[1]]


def test_the_page_stays_small_whatever_the_samples_weigh(tmp_path, monkeypatch):
    # A tenth of what is allowed, so that the test is quick; "<" takes six bytes on the page.
    monkeypatch.setattr(samples, "MOST_BYTES", samples.MOST_BYTES // 10)
    code = "".join(f"value_{n} = {'<' * 300!r}\n" for n in range(40))
    made = [rows.mixed(n) for n in range(20)]
    for number, row in enumerate(made):
        row["code_before_purify"] = f"{code}x = {number}\n"
        row["code_after_purify"] = f"{code}x = {number}\ny = 1\n"
    write_rows("mix.jsonl", made)
    data = report(["mix.jsonl"])
    assert 500_000 < Path("report.html").stat().st_size < 1_000_000
    assert "more did not fit on the page" in data["samples_note"]


def test_the_limits_and_prices_come_from_the_settings_files(tmp_path):
    files = rows.write_production(tmp_path)
    Path("limits.yaml").write_text("filter_settings: {max_modify_lines: 12, max_hunk_num: 3}\n")
    Path("prices.yaml").write_text("m1: {base: embedded, prices: {input: 1.0, output: 2.0}}\n")
    flags = ["--filter_config", "limits.yaml", "--model_map", "prices.yaml", "--cutoff_len", "50"]
    data = report(files, *flags)
    assert [figure["limit"] for figure in data["figures"]["size"]] == [50, 12, 3]
    assert data["yield"]["tables"]["all"][0]["cost"] == pytest.approx(20 * 0.004)
    whole = [line for line in data["tokens"] if line["part"] == "whole example"]
    assert whole[-1]["over"] > 0


def test_marked_samples_are_on_the_page_whatever_is_drawn(tmp_path):
    write_rows("mix.jsonl", [rows.mixed(n) for n in range(60)])
    text = rows.texts(57)
    marked = sample_id(text["code_before"], text["code_after"], text["instruct_descriptive"])
    lines = [{"sample_id": name, "verdict": "accept"} for name in (marked, "0" * 16)]
    write_rows("anna.jsonl", lines)
    data = report(["mix.jsonl"], "--samples", "3", "--marks", "anna.jsonl")
    assert data["samples"][0]["id"] == marked and len(data["samples"]) in (3, 4)
    assert "1 of the 2 samples marked in --marks are in the data" in data["samples_note"]
    with pytest.raises(PipelineError, match="field 'sample_id' is missing"):
        report(["mix.jsonl"], "--marks", "mix.jsonl")


def test_the_page_is_opened_on_request(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    report(rows.write_production(tmp_path)[-1:], "--open")
    assert opened == [(tmp_path / "report.html").as_uri()]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["missing.jsonl"], "missing.jsonl: no such file"),
        (["mix.jsonl", "mix.jsonl"], "is named 2 times"),
        (["mix.jsonl", "--output_file", "mix.jsonl"], "is an input"),
        (["mix.jsonl", "--cutoff_len", "0"], "--cutoff_len must be above 0, not 0"),
        (["mix.jsonl", "--samples", "-1"], "--samples must not be negative, not -1"),
        (["mix.jsonl", "--model_map", "missing.yaml"], "missing.yaml: no such file"),
        (["broken.jsonl"], "broken.jsonl, line 2: not valid JSON"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(tmp_path, flags, message):
    write_rows("mix.jsonl", [rows.reply(1)])
    Path("broken.jsonl").write_text('{"a": 1}\n{\n')
    before = sorted(Path().iterdir())
    with pytest.raises(PipelineError, match=re.escape(message)):
        main(flags)
    assert sorted(Path().iterdir()) == before


def test_it_runs_as_people_run_it(tmp_path):
    rows.write_production(tmp_path)
    command = [sys.executable, str(ROOT / "dataset_report.py"), "filtered.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert re.search(r"0\.\d MB -> report\.html", done.stderr)
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def write_pairs(folder, name="pairs.jsonl"):
    words = ["blood pressure", "sorted lists", "rye bread", "old bicycles"]
    pairs = [
        {
            "conversations": [{"from": "human", "value": f"What is to know of {word}?"}],
            "chosen": {"from": "gpt", "value": f"This of {word}."},
            "rejected": {"from": "gpt", "value": "Nothing."},
            **{"prompt_id": f"p{n}", "chosen_model": "m1", "rejected_model": "m2"},
            **{"chosen_score": 0.9, "rejected_score": 0.1 * n, "margin": 0.9 - 0.1 * n},
        }
        for n, word in enumerate(words)
    ]
    write_rows(folder / name, pairs)
    return folder / name


def test_preference_pairs_are_recognised_and_drawn(tmp_path):
    data = report([write_pairs(tmp_path)])
    assert [file["kind"] for file in data["files"]] == ["pairs"]
    assert {figure["key"] for figure in data["figures"]["synthesis"]} == {
        *("margins_pairs", "chosen_pairs")
    }
    labels = [label for label, _ in data["samples"][0]["texts"]]
    assert labels[0] == "turn 1: human" and labels[1].startswith("chosen (m1, score 0.9, margin")
    assert data["diversity"] is None and data["figures"]["diversity"] == []


def test_diversity_is_measured_on_demand_or_read_from_a_file(tmp_path):
    files = [write_pairs(tmp_path), write_pairs(tmp_path, "others.jsonl")]
    data = report(files, "--diversity")
    assert data["diversity"]["files"] == ["pairs", "others"]
    rows = {row[0]: row[1:] for row in data["diversity"]["rows"]}
    assert rows["rows"] == ["4", "4"] and rows["Vendi score"][0] == rows["Vendi score"][1]
    assert "diversity_vendi" in {figure["key"] for figure in data["figures"]["diversity"]}
    Path("none.json").write_text("[]")
    with pytest.raises(PipelineError, match=r"none\.json: holds no measures"):
        report(files, "--diversity", "none.json")


def test_files_of_rejected_rows_that_a_pattern_names_are_no_step_of_their_own(tmp_path, caplog):
    caplog.set_level("INFO")
    named = rows.write_production(tmp_path)
    alone = report(named)
    caplog.clear()
    data = report([*named, *tmp_path.glob("*.rejected.jsonl")])
    assert data["files"] == alone["files"] and data["yield"] == alone["yield"]
    assert "2 files of rejected rows are read with the others" in caplog.messages
    [only] = report([tmp_path / "filtered.rejected.jsonl"])["files"]
    assert only["rows"] == 1


def test_rows_that_a_stage_put_into_another_file_count_among_those_it_judged(tmp_path):
    write_rows(tmp_path / "ft.jsonl", [rows.triplet(n) for n in range(6)])
    counts = {"rows_in": 12, "kept": 8, "rejected": 4}
    write_json(tmp_path / "ft.summary.json", counts)
    [file] = report([tmp_path / "ft.jsonl"])["files"]
    assert (file["rows"], file["rejected"], file["judged"]) == (6, 4, 12)


def test_a_sample_comes_from_the_files_of_its_own_model(tmp_path):
    for model in ("one", "two"):
        write_rows(tmp_path / f"{model}.jsonl", [rows.triplet(1) | {"model": model}])
    write_rows(tmp_path / "mix.jsonl", [rows.mixed(1, "lazy") | {"model": "two"}])
    data = report([tmp_path / f"{name}.jsonl" for name in ("one", "two", "mix")])
    assert [event["file"] for event in data["samples"][0]["lineage"]] == ["two", "mix"]

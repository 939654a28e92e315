import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson
import pytest
import yaml

import dt_filtering
from dt_filtering import main
from tests.toy_tokenizer import save
from utils.cli import log
from utils.config import load_config
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows
from utils.sampling import level_quotas
from utils.topics.settings import FilterConfig, FilterSettings

ROOT = Path(__file__).resolve().parents[1]
KITCHEN = "oven recipe flour sugar butter whisk bake dough yeast salt"
SEA = "wave harbour anchor sail tide vessel reef coral captain deck"
LAW = "court judge verdict appeal clause witness statute plea bail jury"
SUBJECTS = {"kitchen": KITCHEN.split(), "sea": SEA.split(), "law": LAW.split()}
SMALL_MODEL = {"T": 12, "K": 4, "tau": 4.0, "chunksize": 16, "no_below": 2}


def make_row(name: str, code_before: str, code_after: str, instruction: str = "Do it.") -> dict:
    return {
        "commit": [name],
        "code_snippet": ["a"],
        "code_before_purify": code_before,
        "code_after_purify": code_after,
        "instruct_purify": instruction,
        "instr_type": "m_lazy",
        "prompt_id": name,
    }


def make_edits(count: int, **changes) -> list[dict]:
    """Make good rows, half of them on the first subject, a third on the second."""
    rng = random.Random(3)
    rows = []
    for number in range(count):
        words = SUBJECTS[("kitchen", "kitchen", "kitchen", "sea", "sea", "law")[number % 6]]
        names = rng.choices(words, k=12)
        before = "\n".join(f"{name} = {name}_total" for name in names) + "\n"
        instruction = f"Round the {names[0]}."
        rows.append(make_row(f"r{number}", before, before + f"x = {number}\n", instruction))
    return [row | changes for row in rows]


def make_conversation(triplet: dict, key: str, role: str, text: str, user: str) -> dict:
    """Lay a triplet out as a row of the fine-tuning file."""
    before, after = triplet["code_before_purify"], triplet["code_after_purify"]
    said = f"## Code Before:\n```python\n{before}```\n## Instruction:\n"
    said += triplet["instruct_purify"] + "\n## Code After:"
    turns = [("system", "You edit code."), (user, said), ("gpt", f"```python\n{after}```")]
    conversation = [{role: who, text: what} for who, what in turns]
    return {key: conversation, "old_code": before, "new_code": after}


def write_config(folder: Path, rows: list[dict] | None = None, **changes) -> str:
    if rows is not None:
        write_rows(folder / "mix.jsonl", rows)
    config = {
        "jsonl_path": str(folder / "mix.jsonl"),
        "output_dir": str(folder / "filtered"),
        "cache_dir": str(folder / "cache"),
        "topic_settings": SMALL_MODEL,
        "num_workers": 1,
    }
    path = folder / "filter.yaml"
    path.write_text(yaml.safe_dump(config | changes))
    return str(path)


def read_kept(folder: Path) -> list[dict]:
    return list(read_rows(folder / "filtered" / "mix_dt_filtered.jsonl"))


def read_rejected(folder: Path) -> list[dict]:
    return list(read_rows(folder / "filtered" / "mix_dt_filtered.rejected.jsonl"))


def read_summary(folder: Path) -> dict:
    return json.loads((folder / "filtered" / "mix_dt_filtered.summary.json").read_text())


def lines(start: int, end: int) -> str:
    return "".join(f"x{number}\n" for number in range(start, end))


def change_every(step: int, times: int) -> tuple[str, str]:
    before = [f"x{number}\n" for number in range(step * times + 1)]
    after = ["y\n" if n % step == 0 and n < step * times else line for n, line in enumerate(before)]
    return "".join(before), "".join(after)


@pytest.fixture
def heard(caplog, monkeypatch):
    """Give the log lines since the last call."""
    monkeypatch.setattr(log, "propagate", True)
    caplog.set_level("INFO", logger=log.name)

    def take() -> str:
        text = "\n".join(record.getMessage() for record in caplog.records)
        caplog.clear()
        return text

    return take


def test_the_diff_filter_keeps_what_is_at_a_limit_and_names_what_is_over_it(tmp_path):
    rows = [
        make_row("same", "a\n", "a\n"),
        make_row("70 lines", "a\n", "a\n" + lines(0, 70)),
        make_row("71 lines", "a\n", "a\n" + lines(0, 71)),
        make_row("70 replace 3", lines(0, 3), lines(100, 170)),
        make_row("7 hunks", *change_every(10, 7)),
        make_row("8 hunks", *change_every(10, 8)),
        make_row("no code", " \n", "a\n"),
        make_row("no after", "a\n", ""),
        make_row("no instruction", "a\n", "b\n", instruction=None),
        make_row("long", lines(0, 2001), lines(0, 2000)),
    ]
    main(["--config", write_config(tmp_path, rows)])
    assert [
        (row["prompt_id"], row["modified_lines"], row["hunks"]) for row in read_kept(tmp_path)
    ] == [
        ("70 lines", 70, 1),
        ("70 replace 3", 70, 1),
        ("7 hunks", 7, 7),
    ]
    rejected = {row["prompt_id"]: row for row in read_rejected(tmp_path)}
    assert {name: row["reject_reason"] for name, row in rejected.items()} == {
        "same": "no_change",
        "71 lines": "too_many_modified_lines",
        "8 hunks": "too_many_hunks",
        "no code": "empty_code_before",
        "no after": "empty_code_after",
        "no instruction": "empty_instruct",
        "long": "too_many_code_lines",
    }
    assert rejected["71 lines"]["modified_lines"] == 71 and rejected["8 hunks"]["hunks"] == 8
    assert "modified_lines" not in rejected["long"] and "topic" not in rejected["same"]


def test_the_limits_come_from_the_config(tmp_path):
    rows = [make_row("2 lines", "a\n", "b\nc\n"), make_row("2 hunks", *change_every(10, 2))]
    settings = {"max_modify_lines": 2, "max_hunk_num": 1}
    main(["--config", write_config(tmp_path, rows, filter_settings=settings)])
    assert [row["prompt_id"] for row in read_kept(tmp_path)] == ["2 lines"]


def test_code_before_of_more_tokens_than_allowed_is_left_out_before_topics_are_levelled(tmp_path):
    rows = [make_row(str(size), "x" * size + "\n", "y\n") for size in (39, 40, 400)]
    main(["--config", write_config(tmp_path, rows, filter_settings={"max_tokens_before": 10})])
    assert [row["prompt_id"] for row in read_kept(tmp_path)] == ["39"]
    reasons = [row["reject_reason"] for row in read_rejected(tmp_path)]
    assert reasons == ["too_many_tokens_before"] * 2
    figures = read_summary(tmp_path)["tokens_before"]
    assert figures["limit"] == 10 and figures["50"] == 11 and figures["100"] == 101
    assert figures["method"].startswith("estimated")
    assert sum(topic["before"] for topic in read_summary(tmp_path)["topics"]) == 1


def test_a_tokenizer_counts_the_code_before(tmp_path):
    folder = save(tmp_path / "toy")
    rows = [make_row(str(size), "x" * size + "\n", "y\n") for size in (9, 10)]
    settings = {"max_tokens_before": 10, "tokenizer": str(folder)}
    main(["--config", write_config(tmp_path, rows, filter_settings=settings)])
    assert [row["prompt_id"] for row in read_kept(tmp_path)] == ["9"]
    assert read_summary(tmp_path)["tokens_before"]["method"] == "tokenizer toy"


def test_topics_are_levelled_to_exactly_the_total_in_input_order(tmp_path):
    rows = make_edits(120)
    main(["--config", write_config(tmp_path, rows, filter_settings={"max_samples_total": 50})])
    kept = read_kept(tmp_path)
    assert len(kept) == 50
    names = [row["prompt_id"] for row in rows]
    assert [row["prompt_id"] for row in kept] == [
        name for name in names if name in {row["prompt_id"] for row in kept}
    ]
    table = read_summary(tmp_path)["topics"]
    assert [topic["topic"] for topic in table] == sorted(topic["topic"] for topic in table)
    assert sum(topic["before"] for topic in table) == 120
    quotas = level_quotas(50, [topic["before"] for topic in table])
    assert [topic["after"] for topic in table] == quotas
    assert Counter(row["topic"] for row in kept) == {
        topic["topic"]: topic["after"] for topic in table
    }


def test_rows_over_a_quota_are_rejected_with_their_topic_and_sizes(tmp_path):
    rows = make_edits(60)
    main(["--config", write_config(tmp_path, rows, filter_settings={"max_samples_total": 20})])
    rejected = read_rejected(tmp_path)
    assert {row["reject_reason"] for row in rejected} == {"over_topic_quota"}
    assert all({"topic", "modified_lines", "hunks"} <= row.keys() for row in rejected)
    assert len(rejected) + len(read_kept(tmp_path)) == 60
    assert read_summary(tmp_path)["reject_reasons"] == {"over_topic_quota": 40}


def test_rows_on_one_subject_share_a_topic_whose_words_name_it(tmp_path):
    main(["--config", write_config(tmp_path, make_edits(120))])
    largest = max(read_summary(tmp_path)["topics"], key=lambda topic: topic["before"])
    assert len(largest["words"]) == 10
    assert max(len(set(largest["words"]) & set(words)) for words in SUBJECTS.values()) >= 8


def test_all_rows_come_out_when_there_are_fewer_than_asked_for(tmp_path):
    main(["--config", write_config(tmp_path, make_edits(30))])
    assert len(read_kept(tmp_path)) == 30
    assert not (tmp_path / "filtered" / "mix_dt_filtered.rejected.jsonl").exists()


def test_rows_without_tokens_form_topic_minus_one(tmp_path):
    rows = [*make_edits(30), make_row("wordless", "1\n", "2\n", instruction="42!")]
    main(["--config", write_config(tmp_path, rows)])
    assert [row["prompt_id"] for row in read_kept(tmp_path) if row["topic"] == -1] == ["wordless"]
    first = read_summary(tmp_path)["topics"][0]
    assert first == {"topic": -1, "before": 1, "after": 1, "words": []}


def test_a_file_of_which_nothing_passes_gives_an_empty_output(tmp_path):
    main(["--config", write_config(tmp_path, [make_row("same", "a\n", "a\n")])])
    assert (tmp_path / "filtered" / "mix_dt_filtered.jsonl").read_bytes() == b""
    assert read_summary(tmp_path)["topics"] == []


def test_a_cached_fit_is_reused_and_changes_nothing(tmp_path, heard):
    config = write_config(tmp_path, make_edits(60), filter_settings={"max_samples_total": 20})
    outputs = [tmp_path / "filtered" / f"mix_dt_filtered{e}" for e in (".jsonl", ".summary.json")]
    main(["--config", config])
    first, log_first = [path.read_bytes() for path in outputs], heard()
    main(["--config", config])
    log_second = heard()
    assert [path.read_bytes() for path in outputs] == first
    assert "topics: fitting 60 documents" in log_first and "topics: built and kept" in log_first
    assert "topics: reusing" in log_second and "fitting" not in log_second


def test_a_cached_fit_serves_other_limits_of_the_same_rows(tmp_path, heard):
    rows = make_edits(60)
    main(["--config", write_config(tmp_path, rows, filter_settings={"max_samples_total": 20})])
    heard()
    main(["--config", write_config(tmp_path, rows, filter_settings={"max_samples_total": 30})])
    assert "topics: reusing" in heard()
    assert len(read_kept(tmp_path)) == 30


@pytest.mark.parametrize(
    "changes",
    [
        {"filter_settings": {"refit": True}},
        {"random_seed": 7},
        {"topic_settings": SMALL_MODEL | {"T": 9}},
        {"field_name": "other"},
    ],
)
def test_refit_another_seed_setting_or_text_fits_again(tmp_path, heard, changes):
    rows = make_edits(60, other="Another instruction.")
    main(["--config", write_config(tmp_path, rows)])
    heard()
    main(["--config", write_config(tmp_path, rows, **changes)])
    assert "topics: fitting" in heard()


def test_a_damaged_cache_file_is_built_again(tmp_path, heard):
    config = write_config(tmp_path, make_edits(60), filter_settings={"max_samples_total": 20})
    main(["--config", config])
    first = read_kept(tmp_path)
    [cached] = (tmp_path / "cache").glob("mix_topics_*.joblib")
    cached.write_bytes(cached.read_bytes()[:-50])
    heard()
    main(["--config", config])
    said = heard()
    assert "can't be used (damaged" in said and "topics: fitting" in said
    assert read_kept(tmp_path) == first


def test_the_draw_goes_by_the_seed(tmp_path):
    rows = make_edits(60)
    settings = {"max_samples_total": 20}
    drawn = []
    for seed in (1, 1, 2):
        main(["--config", write_config(tmp_path, rows, filter_settings=settings, random_seed=seed)])
        drawn.append([row["prompt_id"] for row in read_kept(tmp_path)])
    assert drawn[0] == drawn[1] != drawn[2]


def test_two_processes_give_the_bytes_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr(dt_filtering, "MANY_ROWS", 10)
    rows = make_edits(150)
    contents = []
    for workers in (1, 2):
        settings = {"max_samples_total": 50, "refit": True}
        config = write_config(tmp_path, rows, filter_settings=settings, num_workers=workers)
        main(["--config", config])
        contents.append((tmp_path / "filtered" / "mix_dt_filtered.jsonl").read_bytes())
    assert contents[0] == contents[1]


def test_no_row_is_parsed_more_than_twice(tmp_path, monkeypatch):
    parsed = Counter()
    loads = orjson.loads

    def counted(line):
        parsed[bytes(line).strip()] += 1
        return loads(line)

    monkeypatch.setattr(orjson, "loads", counted)
    config = write_config(tmp_path, [*make_edits(30), make_row("same", "a = 1\n", "a = 1\n")])
    main(["--config", config])
    lines = (tmp_path / "mix.jsonl").read_bytes().splitlines()
    assert [parsed[line] for line in lines] == [2] * 31


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    config = write_config(tmp_path, make_edits(6))
    path = tmp_path / "mix.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    main(["--config", config])
    assert len(read_kept(tmp_path)) == 6


def test_an_edit_kind_quota_is_met_and_topics_are_levelled_within_each_kind(tmp_path):
    kinds = ("bug_fix", "feature", "typing", None)
    rows = [row | {"edit_kind": kinds[i % 4]} for i, row in enumerate(make_edits(160))]
    settings = {"max_samples_total": 30, "edit_kind_quota": {"feature": 0.8, "bug_fix": 0.2}}
    main(["--config", write_config(tmp_path, rows, filter_settings=settings)])
    kept = read_kept(tmp_path)
    assert Counter(row["edit_kind"] for row in kept) == {"feature": 24, "bug_fix": 6}
    rejected = read_rejected(tmp_path)
    assert Counter(row["reject_reason"] for row in rejected) == {
        "edit_kind_without_quota": 80,
        "over_topic_quota": 50,
    }
    for kind, total in (("feature", 24), ("bug_fix", 6)):
        after = Counter(row["topic"] for row in kept if row["edit_kind"] == kind)
        passed = [row for row in kept + rejected if "topic" in row and row["edit_kind"] == kind]
        before = Counter(row["topic"] for row in passed)
        sizes = [before[topic] for topic in sorted(before)]
        assert [after[topic] for topic in sorted(before)] == level_quotas(total, sizes)


def test_each_topic_may_be_given_the_same_limit_instead_of_a_total(tmp_path):
    rows = make_edits(120)
    main(["--config", write_config(tmp_path, rows, filter_settings={"max_samples_per_topic": 7})])
    table = read_summary(tmp_path)["topics"]
    assert max(topic["before"] for topic in table) > 7
    assert [topic["after"] for topic in table] == [min(topic["before"], 7) for topic in table]
    assert len(read_kept(tmp_path)) == sum(topic["after"] for topic in table)


def test_the_limit_of_lines_may_be_a_percentile_of_the_files_own_edits(tmp_path):
    rows = [make_row(f"{count} lines", "a\n", "a\n" + lines(0, count)) for count in range(1, 101)]
    rows += [make_row("same", "a\n", "a\n")] * 50
    main(["--config", write_config(tmp_path, rows, filter_settings={"keep_percentile": 90})])
    assert [row["modified_lines"] for row in read_kept(tmp_path)] == list(range(1, 91))
    summary = read_summary(tmp_path)
    assert summary["limits"] == {"modified_lines": 90, "hunks": 7}
    assert summary["reject_reasons"] == {"no_change": 50, "too_many_modified_lines": 10}
    assert summary["sizes"]["modified_lines"]["95"] == 95
    assert summary["sizes"]["hunks"]["100"] == 1


def test_an_analysis_writes_the_same_summary_and_no_rows(tmp_path, heard):
    rows, settings = make_edits(60), {"max_samples_total": 20}
    config = write_config(tmp_path, rows, filter_settings=settings, run_mode="analyze_only")
    main(["--config", config])
    written = tmp_path / "filtered" / "mix_dt_analysis.summary.json"
    assert list((tmp_path / "filtered").iterdir()) == [written]
    assert "would have kept 20 of 60; over topic quota 40 -> " in heard()
    main(["--config", write_config(tmp_path, filter_settings=settings)])
    assert "topics: reusing" in heard()
    filtered = read_summary(tmp_path)
    assert "mix_dt_filtered.jsonl" in filtered.pop("files")  # the files, of which it has none
    analysed = json.loads(written.read_text())
    assert not analysed.pop("files", {}) and analysed == filtered


def test_several_inputs_are_filtered_each_for_itself(tmp_path):
    paths = [tmp_path / "mix.jsonl", tmp_path / "other.jsonl"]
    write_rows(paths[1], make_edits(30))
    settings = {"max_samples_total": 20}
    changes = {"jsonl_path": list(map(str, paths)), "filter_settings": settings}
    main(["--config", write_config(tmp_path, make_edits(60), **changes)])
    both = read_kept(tmp_path)
    others = list(read_rows(tmp_path / "filtered" / "other_dt_filtered.jsonl"))
    assert (len(both), len(others)) == (20, 20)
    main(["--config", write_config(tmp_path, filter_settings=settings | {"refit": True})])
    assert read_kept(tmp_path) == both


def test_a_missing_one_of_several_inputs_is_found_before_any_work(tmp_path):
    paths = [str(tmp_path / "mix.jsonl"), str(tmp_path / "gone.jsonl")]
    with pytest.raises(PipelineError, match=r"gone\.jsonl: no such file"):
        main(["--config", write_config(tmp_path, make_edits(5), jsonl_path=paths)])
    assert not (tmp_path / "filtered").exists()


def test_inputs_that_would_share_an_output_are_refused(tmp_path):
    paths = [str(tmp_path / "mix.jsonl"), str(tmp_path / "more" / "mix.jsonl")]
    with pytest.raises(PipelineError, match="several inputs are called 'mix'"):
        main(["--config", write_config(tmp_path, make_edits(5), jsonl_path=paths)])


@pytest.mark.parametrize(
    ("key", "role", "text", "user"),
    [("messages", "role", "content", "user"), ("conversations", "from", "value", "human")],
)
def test_fine_tuning_conversations_get_the_topics_of_the_triplets_they_were_made_of(
    tmp_path, key, role, text, user
):
    triplets = make_edits(60)
    main(["--config", write_config(tmp_path, triplets)])
    expected = [(row["topic"], row["modified_lines"], row["hunks"]) for row in read_kept(tmp_path)]
    rows = [make_conversation(row, key, role, text, user) for row in triplets]
    main(["--config", write_config(tmp_path, rows, data_format="sharegpt")])
    kept = read_kept(tmp_path)
    assert [(row["topic"], row["modified_lines"], row["hunks"]) for row in kept] == expected
    assert [row["old_code"] for row in kept] == [row["code_before_purify"] for row in triplets]


def test_conversations_that_hold_no_edit_are_rejected_with_a_reason(tmp_path):
    turns = [{"role": "user", "content": "Do it."}]
    rows = [
        {"old_code": "a\n", "new_code": "b\n", "messages": turns},
        {"old_code": "", "new_code": "b\n", "messages": turns},
        {"old_code": "a\n", "new_code": None, "messages": turns},
        {"old_code": "a\n", "new_code": "b\n", "messages": [{"role": "user"}, None, "x"]},
        {"old_code": "a\n", "new_code": "b\n", "messages": "Do it."},
    ]
    main(["--config", write_config(tmp_path, rows, data_format="sharegpt")])
    assert [row["reject_reason"] for row in read_rejected(tmp_path)] == (
        ["empty_code_before", "empty_code_after", "empty_instruct", "empty_instruct"]
    )


def test_a_conversation_file_without_the_codes_is_named(tmp_path):
    config = write_config(tmp_path, [{"messages": []}], data_format="sharegpt")
    with pytest.raises(PipelineError, match=r"mix\.jsonl, line 1: field 'old_code' is missing"):
        main(["--config", config])


def test_an_unknown_language_is_found_before_any_work(tmp_path):
    with pytest.raises(PipelineError, match="language 'pyton' is unknown to Pygments"):
        main(["--config", write_config(tmp_path, make_edits(5), language="pyton")])
    assert not (tmp_path / "filtered").exists()


def test_a_kind_with_too_few_rows_is_told_with_the_total_that_would_do(tmp_path):
    rows = [
        row | {"edit_kind": "feature" if i % 6 else "bug_fix"}
        for i, row in enumerate(make_edits(60))
    ]
    settings = {"max_samples_total": 40, "edit_kind_quota": {"bug_fix": 0.3, "feature": 0.7}}
    with pytest.raises(PipelineError) as caught:
        main(["--config", write_config(tmp_path, rows, filter_settings=settings)])
    assert "10 rows of edit kind 'bug_fix' pass the diff filter, 12 are needed" in str(caught.value)
    assert "lower max_samples_total to 33 or" in str(caught.value)
    assert not list((tmp_path / "filtered").iterdir())
    settings["max_samples_total"] = 33
    main(["--config", write_config(tmp_path, rows, filter_settings=settings)])
    assert len(read_kept(tmp_path)) == 33


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"filter_settings": {"max_modify_lines": 0}}, "key 'filter_settings.max_modify_lines'"),
        ({"filter_settings": {"max_lines": 5}}, "unknown key 'filter_settings.max_lines'"),
        ({"filter_settings": {"max_samples_total": "all"}}, "filter_settings.max_samples_total"),
        ({"filter_settings": {"edit_kind_quota": {"a": 0.5}}}, "edit_kind_quota: shares sum to"),
        ({"filter_settings": {"max_tokens_before": 0}}, "key 'filter_settings.max_tokens_before'"),
        ({"filter_settings": {"tokenizer": "toy"}}, "tokenizer: counts for max_tokens_before"),
        ({"topic_settings": {"T": 1}}, "key 'topic_settings.T'"),
        ({"data_format": "parquet"}, "key 'data_format'"),
        ({"jsonl_path": None}, "key 'jsonl_path'"),
        ({"output_file": "x.jsonl"}, "unknown key 'output_file'"),
        ({"num_workers": -1}, "key 'num_workers'"),
        ({"jsonl_path": []}, "key 'jsonl_path"),
        ({"run_mode": "look"}, "key 'run_mode'"),
        ({"topic_settings": {"max_fit_documents": 20001}}, "topic_settings.max_fit_documents'"),
        ({"filter_settings": {"keep_percentile": 0}}, "key 'filter_settings.keep_percentile'"),
        (
            {"filter_settings": {"max_modify_lines": 70, "keep_percentile": 90}},
            "max_modify_lines and keep_percentile can't be combined",
        ),
        (
            {"filter_settings": {"max_samples_total": 9, "max_samples_per_topic": 9}},
            "max_samples_total and max_samples_per_topic can't be combined",
        ),
        (
            {"filter_settings": {"edit_kind_quota": {"a": 1}, "max_samples_per_topic": 9}},
            "edit_kind_quota and max_samples_per_topic can't be combined",
        ),
    ],
)
def test_a_mistake_in_the_config_is_found_before_any_work(tmp_path, changes, problem):
    config = write_config(tmp_path, make_edits(5), **changes)
    with pytest.raises(PipelineError, match=rf"filter\.yaml: .*{problem}"):
        main(["--config", config])
    assert not (tmp_path / "filtered").exists() and not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, r"mix\.jsonl: no such file"),
        ("", r"mix\.jsonl: holds no rows"),
        ("{oops\n", r"mix\.jsonl, line 1: not valid JSON"),
        ('{"code_before": "x"}\n', r"mix\.jsonl, line 1: field 'code_before_purify' is missing"),
    ],
)
def test_a_bad_input_file_is_named_and_no_output_is_left(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "mix.jsonl").write_text(content)
    with pytest.raises(PipelineError, match=problem):
        main(["--config", write_config(tmp_path)])
    assert not list(tmp_path.glob("filtered/*"))


def test_a_field_name_that_no_row_has_is_named(tmp_path):
    config = write_config(tmp_path, make_edits(5), field_name="instruct")
    with pytest.raises(PipelineError, match=r"line 1: field 'instruct' is missing"):
        main(["--config", config])


def test_the_shipped_config_holds_the_published_limits():
    config = load_config(ROOT / "filter_config.yaml", FilterConfig)
    limits = config.filter_settings
    assert (limits.max_modify_lines, limits.max_hunk_num, limits.refit) == (70, 7, False)
    expected = "data/filtered/ocedata_mix_descriptive_dt_filtered.jsonl"
    [source] = config.inputs
    assert config.output_file(source).as_posix() == expected
    defaults = FilterConfig(config.jsonl_path)
    assert config.topic_settings == defaults.topic_settings
    assert limits == FilterSettings(max_modify_lines=70, max_samples_total=20000)
    assert (FilterSettings().lines_limit, FilterSettings().total) == (70, 20000)


def test_a_person_runs_the_stage_and_reads_what_it_kept(tmp_path):
    config = write_config(tmp_path, make_edits(40))
    shown = yaml.safe_load(Path(config).read_text()) | {
        "jsonl_path": "mix.jsonl",
        "output_dir": "data/filtered",
        "cache_dir": "cache",
    }
    (tmp_path / "filter_config.yaml").write_text(yaml.safe_dump(shown))

    def run_stage() -> subprocess.CompletedProcess:
        command = [sys.executable, str(ROOT / "dt_filtering.py")]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    done = run_stage()
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1] == "kept 40 of 40 -> data/filtered/mix_dt_filtered.jsonl"
    (tmp_path / "mix.jsonl").unlink()
    failed = run_stage()
    assert failed.returncode == 2
    assert failed.stderr == "error: mix.jsonl: no such file; check the path\n"

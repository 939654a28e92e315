import json

import pytest
import yaml

from utils.finetune.dataset_card import (
    MARK,
    hub_license,
    make_card,
    read_history,
    size_category,
    write_card,
)


def summary(name="ft", **changes):
    return {
        "rows_in": 12,
        "kept": 10,
        "reject_reasons": {"empty_instruction": 2},
        "settings": {
            "prompt_format": "share_gpt",
            "edit_format": "whole",
            "language": "python",
            "random_seed": 42,
            "system_prompt": "Be brief.",
            "tokenizer": "/home/ann/qwen",
        },
        "rows": {"train": 9, "validation": 1},
        "preflight": {
            "method": "estimated",
            "tokens": 9000,
            "lengths": {"min": 1, "p50": 900, "p90": 1000, "p99": 1200, "max": 1300},
            "sources": {"ds_lazy": {"rows": 9, "trainable_tokens": 4000}},
        },
        "card": {
            "name": name,
            "files": {"train": f"{name}.jsonl", "validation": f"{name}_val.jsonl"},
            "licenses": {"mit": 7, "apache-2.0": 3, "unknown": 1},
            "models": {"ds": 10},
            "history": [
                {
                    "file": "data/mix.jsonl",
                    "rows_in": 20,
                    "kept": 12,
                    "reject_reasons": {"no|change": 8},
                    "settings": {"max_hunk_num": 7},
                }
            ],
        },
        **changes,
    }


def lay_out(folder, *summaries):
    for one in summaries:
        for file in one["card"]["files"].values():
            (folder / file).write_text("{}\n")
        (folder / f"{one['card']['name']}.summary.json").write_text(json.dumps(one))


def read_card(folder):
    _, header, body = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(header), body


def test_the_front_matter_is_what_the_hub_reads(tmp_path):
    lay_out(tmp_path, summary())
    write_card(tmp_path)
    header, _ = read_card(tmp_path)
    assert header["license"] == ["apache-2.0", "mit", "other"]
    assert header["size_categories"] == ["n<1K"]
    assert "python" in header["tags"]
    files = [
        {"split": "train", "path": "ft.jsonl"},
        {"split": "validation", "path": "ft_val.jsonl"},
    ]
    assert header["configs"] == [{"config_name": "ft", "data_files": files}]


def test_the_page_tells_sizes_models_licences_filters_and_how_to_cite(tmp_path):
    lay_out(tmp_path, summary())
    write_card(tmp_path)
    _, body = read_card(tmp_path)
    for line in (
        "| train | `ft.jsonl` | 9 |",
        "| ds | 10 |",
        "| apache-2.0 | 3 |",
        "| ds_lazy | 9 | 4,000 |",
        '| `data/mix.jsonl` | 20 | 12 | no/change 8 | `{"max_hunk_num": 7}` |',
        "System prompt: Be brief.",
        "@article{zhang2025opencodeedit,",
    ):
        assert line in body


def test_the_page_names_no_folders_of_the_machine(tmp_path):
    one = summary()
    one["card"]["history"][0]["file"] = "/home/ann/data/mix.jsonl"
    lay_out(tmp_path, one)
    write_card(tmp_path)
    _, body = read_card(tmp_path)
    assert "| `mix.jsonl` | 20 |" in body
    assert "/home" not in body


def test_the_page_does_not_name_the_tokenizer_of_a_stage_before(tmp_path):
    one = summary()
    settings = {"filter_settings": {"max_tokens_before": 9, "tokenizer": "/home/ann/qwen"}}
    one["card"]["history"][0]["settings"] = settings
    lay_out(tmp_path, one)
    write_card(tmp_path)
    body = read_card(tmp_path)[1]
    assert '{"filter_settings": {"max_tokens_before": 9}}' in body and "/home/ann" not in body


def test_every_data_set_of_the_folder_that_is_still_there_is_described(tmp_path):
    lay_out(tmp_path, summary("a"), summary("b"), summary("gone"))
    (tmp_path / "gone.jsonl").unlink()
    (tmp_path / "other.summary.json").write_text('{"rows_in": 1}')
    write_card(tmp_path)
    header, body = read_card(tmp_path)
    assert [config["config_name"] for config in header["configs"]] == ["a", "b"]
    assert "## a\n" in body and "## b\n" in body and "gone" not in body


@pytest.mark.parametrize(("count", "has_configs"), [(40, True), (700, False)])
def test_the_page_of_many_data_sets_is_short_and_the_file_beside_it_tells_all(
    tmp_path, count, has_configs
):
    lay_out(tmp_path, *(summary(f"set_{number}") for number in range(count)))
    write_card(tmp_path)
    assert (tmp_path / "README.md").stat().st_size < 20_000
    header, body = read_card(tmp_path)
    assert ("configs" in header) == has_configs
    assert "| set_0 | 9 | 1 | 9,000 |" in body and "[data_sets.md](data_sets.md)" in body
    assert "@article{zhang2025opencodeedit," in body
    details = (tmp_path / "data_sets.md").read_text()
    assert details.count('`{"max_hunk_num": 7}`') == count
    listed = body.count("\n| set_")
    assert listed == count or f"{count - listed:,} more data sets are described there" in body


def test_the_file_beside_the_page_goes_when_the_page_has_room_again(tmp_path):
    lay_out(tmp_path, *(summary(f"set_{number}") for number in range(40)))
    write_card(tmp_path)
    for number in range(2, 40):
        (tmp_path / f"set_{number}.jsonl").unlink()
    write_card(tmp_path)
    assert not (tmp_path / "data_sets.md").exists() and "max_hunk_num" in read_card(tmp_path)[1]


def test_a_page_that_people_wrote_stays(tmp_path):
    lay_out(tmp_path, summary())
    (tmp_path / "README.md").write_text("# Mine\n")
    write_card(tmp_path)
    assert (tmp_path / "README.md").read_text() == "# Mine\n"


def test_a_page_of_our_own_is_written_again(tmp_path):
    lay_out(tmp_path, summary("a"))
    write_card(tmp_path)
    lay_out(tmp_path, summary("b"))
    write_card(tmp_path)
    assert MARK in (tmp_path / "README.md").read_text()
    assert len(read_card(tmp_path)[0]["configs"]) == 2


def test_a_single_licence_is_no_list(tmp_path):
    one = summary()
    one["card"]["licenses"] = {"MIT": 3}
    lay_out(tmp_path, one)
    write_card(tmp_path)
    assert read_card(tmp_path)[0]["license"] == "mit"


@pytest.mark.parametrize(("rows", "name"), [(999, "n<1K"), (1000, "1K<n<10K"), (10**7, "n>10M")])
def test_sizes_have_the_names_of_the_hub(rows, name):
    assert size_category(rows) == name


def test_a_licence_that_the_hub_does_not_know_is_another():
    assert (hub_license("Apache-2.0"), hub_license("WTF-9")) == ("apache-2.0", "other")


def test_the_history_follows_the_summaries_back_to_the_first(tmp_path):
    def note(name, *inputs):
        content = {"inputs": [str(tmp_path / i) for i in inputs], "rows_in": 2, "kept": 1}
        (tmp_path / f"{name}.summary.json").write_text(json.dumps(content | {"reject_reasons": {}}))

    note("seeds")
    note("a", "seeds.jsonl")
    note("b", "seeds.jsonl", "foreign.jsonl")
    note("mix", "a.jsonl", "b.jsonl", "mix.jsonl")
    history = read_history([tmp_path / "mix.jsonl"])
    assert [stage["file"].rpartition("/")[2] for stage in history] == [
        "seeds.jsonl",
        "a.jsonl",
        "b.jsonl",
        "mix.jsonl",
    ]


@pytest.mark.parametrize("said", ["a\n# Title", "a | b\n|---|", "<script>", "[x](http://h)", "a`b"])
def test_what_others_say_is_no_structure_of_the_page(tmp_path, said):
    card = summary()["card"] | {"models": {said: 3}, "licenses": {said: 2}}
    lay_out(tmp_path, summary(card=card))
    write_card(tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "\n# Title" not in page and "<script>" not in page and "a`b" not in page
    assert page.count("|---|") == 0 and " [x](" not in page
    headings = [line for line in page.split("\n") if line.startswith("#")]
    assert "Title" not in " ".join(headings)


def test_a_name_that_is_not_utf_8_does_not_break_the_page(tmp_path):
    odd = summary("odd")
    lay_out(tmp_path, odd)
    odd["inputs"] = ["data/x\udcff.jsonl"]
    odd["card"]["name"] = "x\udcff"
    (tmp_path / "odd.summary.json").write_text(json.dumps(odd))
    write_card(tmp_path)
    assert "## x?" in (tmp_path / "README.md").read_text()


RAN = {
    "file": "run.jsonl",
    "rows_in": 2000,
    "kept": 1990,
    "reject_reasons": {"after_crashes": 10},
    "sandbox": "bubblewrap",
    "environment": "3.12.1 (main)",
    "limits": {"cpu_seconds": 10.0, "memory_mb": 1024},
}


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (
            {"rows_run": 2000, "deterministic": 1900, "not_runnable": {"package": 60, "input": 5}},
            "2,000 of 2,000 rows run, the code before and the code after twice each, in "
            "bubblewrap, Python 3.12.1, at most 10.0 s of processors and 1024 MB each; 1,900 did "
            "the same both times; 65 not runnable (package 60, input 5).",
        ),
        (
            {
                "rows_tested": 500,
                "rows_without_suite": 1500,
                "verdicts": {"verified": 400, "untestable": 1600},
            },
            "500 rows tested of 2,000, by tests that a model wrote, each run once before and three "
            "times after, in bubblewrap, Python 3.12.1, at most 10.0 s of processors and 1024 MB "
            "each (verified 400, untestable 100).",
        ),
        ({"sandbox": None, "rows_run": 0}, "none of 2,000 rows was run, for want of a sandbox."),
    ],
)
def test_the_page_says_how_many_rows_were_run_and_how(tmp_path, figures, said):
    path = tmp_path / "run.summary.json"
    path.write_text(json.dumps(RAN | figures))
    one = summary("one")
    one["card"]["history"] = read_history([tmp_path / "run.jsonl"])
    page = make_card([one])
    assert "### What was run" in page and f"- `run.jsonl`: {said}" in page
    one["card"]["history"] = []
    assert "### What was run" not in make_card([one])

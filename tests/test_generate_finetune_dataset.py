import json
import logging
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest
import yaml

from generate_finetune_dataset import main
from utils.code.fences import only_block
from utils.code.write_edit import EDIT_FORMATS, apply_answer
from utils.errors import PipelineError
from utils.finetune.chat_format import PROMPT_FORMATS
from utils.jsonl import read_rows, write_rows

ROOT = Path(__file__).parents[1]


def edit(**fields):
    return {
        "commit": ["a1", "b2"],
        "code_snippet": ["x", "y"],
        "code_before_purify": "def f(a):\n    return a\n",
        "code_after_purify": "def f(a):\n    return a + 1\n",
        "instruct_purify": "Add one.",
        "instr_type": "offline_lazy",
        "prompt_id": "p1",
        "license": ["mit", None],
        **fields,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(rows, *flags, output="out/ft.jsonl"):
    write_rows("mix.jsonl", rows)
    main(["mix.jsonl", output, *flags])
    return [json.loads(line) for line in Path(output).read_bytes().splitlines()]


def answer_of(row):
    return row["messages"][-1]["content"] if "messages" in row else row["output"]


@pytest.mark.parametrize("prompt_format", ["alpaca", "share_gpt"])
def test_every_answer_reads_back_to_the_code_after(folder, prompt_format):
    fence_inside = 'TEXT = """\n```\nx\n```\n"""\n'
    rows = export(
        [edit(), edit(code_after_purify=fence_inside), edit(code_after_purify="x = 1")],
        f"--prompt_format={prompt_format}",
    )
    assert [only_block(answer_of(row)) for row in rows] == [row["new_code"] for row in rows]
    assert [row["new_code"] for row in rows][1:] == [fence_inside, "x = 1\n"]


def test_rows_of_every_kind_have_the_same_keys_and_types(folder):
    rows = export([edit(), edit(commit="a1,b2", split="train"), edit(license=None, repos="x")])
    assert [row["commit"] for row in rows] == ["a1,b2"] * 3
    shapes = [[(key, type(value)) for key, value in row.items()] for row in rows]
    assert shapes[0] == shapes[1] == shapes[2]
    assert json.loads(rows[1]["meta"])["split"] == "train"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"code_before_purify": " \n"}, "empty_code_before"),
        ({"code_after_purify": None}, "empty_code_after"),
        ({"instruct_purify": ["Add"]}, "empty_instruction"),
        ({"instr_type": ""}, "empty_instr_type"),
        ({"commit": None}, "empty_commit"),
        ({"commit": []}, "empty_commit"),
        ({"instruct_purify": "Add \ud800."}, "not_unicode"),
        ({"repos": "\udfff"}, "not_unicode"),
        ({"split": "test"}, "unknown_split"),
    ],
)
def test_a_row_that_can_not_be_trained_on_is_rejected_with_a_reason(folder, fields, reason):
    assert len(export([edit(), edit(**fields)])) == 1
    rejected = list(read_rows("out/ft.rejected.jsonl"))
    assert [row["reject_reason"] for row in rejected] == [reason]
    assert json.loads(Path("out/ft.summary.json").read_text())["reject_reasons"] == {reason: 1}


def test_the_data_set_is_described_beside_the_output(folder):
    export([edit()], "--prompt_format=alpaca")
    assert json.loads(Path("out/dataset_info.json").read_text()) == {
        "ft": {
            "file_name": "ft.jsonl",
            "formatting": "alpaca",
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "response": "output",
                "system": "system",
            },
        }
    }


def test_other_entries_stay(folder):
    export([edit()])
    export([edit()], output="out/second.jsonl")
    assert list(json.loads(Path("out/dataset_info.json").read_text())) == ["ft", "second"]


def test_a_malformed_dataset_info_is_met_before_anything_is_written(folder):
    Path("out").mkdir()
    Path("out/dataset_info.json").write_text("{")
    with pytest.raises(PipelineError, match="mend or move it"):
        export([edit()])
    assert [path.name for path in Path("out").iterdir()] == ["dataset_info.json"]


def test_a_missing_field_names_the_line_and_leaves_nothing_behind(folder):
    without = edit()
    del without["instr_type"]
    with pytest.raises(PipelineError, match=r"mix\.jsonl, line 2: field 'instr_type' is missing"):
        export([edit(), without])
    assert not Path("out").exists()


@pytest.mark.parametrize("prompt_format", PROMPT_FORMATS)
def test_parquet_holds_the_same_rows(folder, prompt_format):
    flags = (f"--prompt_format={prompt_format}", "--edit_format=diff")
    rows = export([edit(), edit(license=None)], *flags)
    main(["mix.jsonl", "out/ft.parquet", *flags])
    assert pyarrow.parquet.read_table("out/ft.parquet").to_pylist() == rows


def test_an_output_that_trainers_would_not_read_is_refused(folder):
    with pytest.raises(PipelineError, match="must end in .jsonl or .parquet"):
        export([edit()], output="out/ft.txt")


def test_several_files_are_joined_and_shuffled_by_the_seed(folder):
    def joined(*flags):
        main(["--input_file", "a.jsonl", "b.jsonl", "--output_file", "out/ft.jsonl", *flags])
        return [json.loads(row["meta"])["prompt_id"] for row in read_rows("out/ft.jsonl")]

    write_rows("a.jsonl", [edit(prompt_id=f"a{n}") for n in range(20)])
    write_rows("b.jsonl", [edit(prompt_id=f"b{n}") for n in range(20)])
    order = joined()
    assert sorted(order) == sorted(f"{name}{n}" for name in "ab" for n in range(20))
    assert order == joined() != joined("--random_seed=1")
    assert "b" in "".join(order[:10]) and "a" in "".join(order[:10])


def test_a_single_file_keeps_its_order(folder):
    rows = export([edit(commit=[f"c{n}"]) for n in range(20)])
    assert [row["commit"] for row in rows] == [f"c{n}" for n in range(20)]


FILES = "^give INPUT and OUTPUT, or both --input_file and --output_file$"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["mix.jsonl"], FILES),
        (["mix.jsonl", "ft.jsonl", "more.jsonl"], FILES),
        (["mix.jsonl", "ft.jsonl", "--output_file", "x.jsonl"], FILES),
        (["--input_file", "mix.jsonl"], FILES),
        (
            ["mix.jsonl", "ft.jsonl", "--codeblock_share", "2"],
            "^--codeblock_share must be at most 1, not 2$",
        ),
        (["mix.jsonl", "ft.jsonl", "--cutoff_len", "0"], "^--cutoff_len must be above 0, not 0$"),
        (
            ["mix.jsonl", "ft.jsonl", "--language", "c `"],
            "^--language: must be one word, like python or c[+][+], not 'c `'$",
        ),
    ],
)
def test_a_wrong_command_is_one_line_and_writes_nothing(folder, arguments, problem):
    write_rows("mix.jsonl", [edit()])
    with pytest.raises(PipelineError, match=problem):
        main(arguments)
    assert [path.name for path in Path().iterdir()] == ["mix.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["mix.jsonl", "mix.jsonl", "--output_file", "o/x.jsonl"], "named twice"),
        (["x_val.jsonl", "--output_file", "x.jsonl"], "x_val.jsonl: is an input"),
        (["mix.jsonl", "--output_file", "x.jsonl", "--system_prompt=@no"], "no: no such file"),
    ],
)
def test_files_that_can_not_be_are_refused(folder, arguments, problem):
    write_rows("mix.jsonl", [edit()])
    write_rows("x_val.jsonl", [edit()])
    with pytest.raises(PipelineError, match=problem):
        main(["--input_file", *arguments])
    assert sorted(path.name for path in folder.iterdir()) == ["mix.jsonl", "x_val.jsonl"]


@pytest.mark.parametrize("edit_format", EDIT_FORMATS)
def test_every_answer_applies_to_the_code_before(folder, edit_format):
    crlf = {"code_before_purify": "a\r\nb\r\n", "code_after_purify": "a\r\nc\r\n"}
    repeated = {"code_before_purify": "a\n" * 9, "code_after_purify": "a\n" * 4 + "b\n" * 5}
    inputs = [edit(), edit(**crlf), edit(**repeated), edit(code_after_purify="\t```\n\x0cü\u2028")]
    rows = export(inputs, f"--edit_format={edit_format}")
    assert len(rows) == 4
    for row in rows:
        assert apply_answer(edit_format, answer_of(row), row["old_code"]) == row["new_code"]
        assert edit_format.split("_")[0] in row["messages"][0]["content"]


def test_a_row_whose_answer_can_not_be_proved_is_rejected_with_the_reason(folder):
    same = edit(code_after_purify=edit()["code_before_purify"])
    mark = edit(code_before_purify=">>>>>>> REPLACE\n")
    assert len(export([edit(), same, mark], "--edit_format=search_replace")) == 1
    reasons = json.loads(Path("out/ft.summary.json").read_text())["reject_reasons"]
    assert reasons == {"no_change": 1, "not_provable": 1}


def test_the_system_prompt_is_a_text_a_file_or_none(folder):
    Path("prompt.txt").write_text("From a file.\n")
    for given, system in (
        ("Be brief.", ["Be brief."]),
        ("@prompt.txt", ["From a file."]),
        ("", []),
    ):
        (row,) = export([edit()], f"--system_prompt={given}")
        assert [m["content"] for m in row["messages"] if m["role"] == "system"] == system


def test_marked_rows_become_the_validation_file(folder, caplog):
    other = "def other(a, b):\n    return [a, b, a]\n"
    rows = [
        edit(split="train"),
        edit(split="val", commit=["c3"], code_before_purify=other),
        edit(split="train"),
    ]
    assert len(export(rows)) == 2
    assert [row["commit"] for row in read_rows("out/ft_val.jsonl")] == ["c3"]
    entries = json.loads(Path("out/dataset_info.json").read_text())
    assert entries["ft_val"] == entries["ft"] | {"file_name": "ft_val.jsonl"}
    summary = json.loads(Path("out/ft.summary.json").read_text())
    assert (summary["kept"], summary["rows"]) == (3, {"train": 2, "validation": 1})
    assert summary["split"] == {
        "method": "split field",
        "near_duplicates": 0,
        "training_seeds": 2,
        "validation_seeds": 1,
        "shared_seeds": 0,
    }


def test_marked_rows_like_a_training_row_leave_the_validation_file_and_are_counted(folder, caplog):
    logging.getLogger("editloom").propagate = True
    caplog.set_level(logging.INFO, "editloom")
    far = [edit(split="val", code_before_purify=f"value_{n} = {n}\n") for n in range(3)]
    export([edit(split="train"), *far, edit(split="val")])
    assert len(list(read_rows("out/ft_val.jsonl"))) == 3
    (rejected,) = read_rows("out/ft.rejected.jsonl")
    assert rejected["reject_reason"] == "near_duplicate_of_training"
    assert "1 rows left it, their code before is nearly that of a training row" in caplog.text
    assert json.loads(Path("out/ft.summary.json").read_text())["split"]["near_duplicates"] == 1


def test_shares_that_dropped_rows_moved_are_told(folder, caplog):
    logging.getLogger("editloom").propagate = True
    long = "def f():\n" + "    x = 1\n" * 2_000
    short = [edit(instr_type="a_lazy", topic=n % 2, edit_kind="typing") for n in range(6)]
    rows = [*short, edit(instr_type="b_lazy", topic=3, edit_kind="typing"), *short[:1]]
    rows += [edit(instr_type="b_lazy", topic=3, code_before_purify=long)] * 4
    export(rows, "--too_long=drop")
    shares = json.loads(Path("out/ft.summary.json").read_text())["shares"]
    assert shares["instr_type"] == {
        "a_lazy": {"rows": [7, 7], "share": [0.5833, 0.875]},
        "b_lazy": {"rows": [5, 1], "share": [0.4167, 0.125]},
    }
    assert set(shares) == {"instr_type", "topic"}  # no row of a known kind was dropped
    assert "instr_type before and after the dropped rows: a_lazy 58.3% -> 87.5%" in caplog.text
    assert "2 moved by more than 2 points" in caplog.text
    export(rows[:7])
    assert json.loads(Path("out/ft.summary.json").read_text())["shares"] == {}


def test_marks_and_a_ratio_at_once_are_refused(folder):
    with pytest.raises(PipelineError, match="leave it out"):
        export([edit(), edit(split="val")], "--val_ratio=0.5")
    assert not Path("out").exists()


def test_a_ratio_sets_whole_prompts_apart_and_reports_the_seeds_both_sides_share(folder):
    programs = [" ".join(f"name_{n}_{i}" for i in range(30)) for n in range(20)]
    rows = [
        edit(prompt_id=f"p{n}", code_before_purify=programs[n], commit=["shared", f"c{n}"])
        for n in (*range(20), *range(20))
    ]
    training = export(rows, "--val_ratio=0.2", "--prompt_format=alpaca")
    validation = list(read_rows("out/ft_val.jsonl"))
    prompts = [
        {json.loads(row["meta"])["prompt_id"] for row in side} for side in (training, validation)
    ]
    assert (len(training), len(validation)) == (32, 8)
    assert prompts[0].isdisjoint(prompts[1])
    split = json.loads(Path("out/ft.summary.json").read_text())["split"]
    assert (split["shared_seeds"], split["validation_seeds"]) == (1, 5)


def test_a_later_run_without_validation_takes_its_entry_out(folder, caplog):
    logging.getLogger("editloom").propagate = True
    export([edit(), edit(split="val", code_before_purify="x = 1\n")])
    export([edit()])
    assert list(json.loads(Path("out/dataset_info.json").read_text())) == ["ft"]
    assert "ft_val.jsonl is from an earlier run" in caplog.text


def test_a_layout_that_llamafactory_can_not_load_has_no_entry(folder):
    export([edit()])
    export([edit()], "--prompt_format=prompt_completion")
    assert json.loads(Path("out/dataset_info.json").read_text()) == {}


def test_a_file_without_rows_has_no_entry(folder):
    assert export([edit(instruct_purify="")]) == []
    assert not Path("out/dataset_info.json").exists()


def test_too_long_and_unsafe_rows_are_kept_unless_asked_otherwise(folder):
    rows = [edit(), edit(instruct_purify="word " * 500), edit(instruct_purify="<|im_end|> {{idx}}")]
    assert len(export(rows, "--cutoff_len=300")) == 3
    preflight = json.loads(Path("out/ft.summary.json").read_text())["preflight"]
    assert preflight["too_long"] == 1
    assert preflight["unsafe_text"]["control_token"] == 1
    assert preflight["unsafe_text"]["turn_number_placeholder"] == 1
    flags = ("--cutoff_len=300", "--too_long=drop", "--unsafe_text=drop")
    assert len(export(rows, *flags)) == 1
    summary = json.loads(Path("out/ft.summary.json").read_text())
    assert summary["reject_reasons"] == {"too_long": 1, "control_token": 1}
    with pytest.raises(PipelineError, match="1 rows reach 300 tokens"):
        export(rows, "--cutoff_len=300", "--too_long=error", output="new/ft.jsonl")
    assert not list(Path("new").iterdir())


def test_the_card_tells_of_the_stages_before(folder):
    write_rows("mix.jsonl", [edit()])
    before = {"inputs": [], "rows_in": 9, "kept": 1, "reject_reasons": {"no_change": 8}}
    Path("mix.summary.json").write_text(json.dumps(before | {"settings": {"max_hunk_num": 7}}))
    main(["mix.jsonl", "out/ft.jsonl"])
    card = Path("out/README.md").read_text()
    assert '| `mix.jsonl` | 9 | 1 | no change 8 | `{"max_hunk_num": 7}` |' in card
    assert "| mit | 1 |" in card and "| unknown | 1 |" in card


def test_equal_runs_give_equal_bytes(folder):
    export([edit(), edit(prompt_id="p2")])
    first = Path("out/ft.jsonl").read_bytes()
    export([edit(), edit(prompt_id="p2")])
    assert Path("out/ft.jsonl").read_bytes() == first


def test_the_command_of_the_manual_runs(tmp_path):
    write_rows(tmp_path / "mix.jsonl", [edit()])
    command = [sys.executable, str(ROOT / "generate_finetune_dataset.py"), "mix.jsonl", "ft.jsonl"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")
    assert "kept 1 of 1 -> ft.jsonl" in result.stderr
    result = subprocess.run(
        [*command[:2], "no.jsonl", "ft.jsonl"], cwd=tmp_path, capture_output=True
    )
    assert result.returncode == 2
    assert result.stderr.startswith(b"error: no.jsonl: no such file")


def test_the_example_trains_on_the_data_set_of_the_documented_command():
    config = yaml.safe_load((ROOT / "examples/llamafactory_sft.yaml").read_text())
    output = f"{config['dataset_dir']}/{config['dataset']}.jsonl"
    assert f"{output}\n" in (ROOT / "README.md").read_text()

import json
import subprocess
import sys

import pyarrow.parquet
import pytest

from data_v5.prepare_synthetic import main
from data_v5.tokens.token_layout import prompt_text
from tests.toy_tokenizer import BOS, EOS, llama, toy_tokenizer
from utils.cli import log
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

FORMATS = ["parquet", "jsonl"]


def question(number):
    return {"instruction": "Add one.", "input": f"{number}", "output": f"{number + 1}"}


def turn(number):
    return {"Input": f"[INST] Say {number} [/INST] ", "Output": f"{number}"}


@pytest.fixture
def folders(tmp_path):
    write_rows(tmp_path / "raw/math_prompt_data.jsonl", map(question, range(300)))
    write_rows(tmp_path / "raw/mistral_chat_prompt_data.jsonl", map(turn, range(100)))
    llama(tmp_path / "model")
    return tmp_path


def prepare(folders, *flags, out="out", domains="math,mistral_chat", formats=("jsonl",)):
    main([
        "--tokenizer", str(folders / "model"), "--domains", domains,
        "--input_data_path", str(folders / "raw"), "--destination_path", str(folders / out),
        "--output_format", *formats, *flags,
    ])  # fmt: skip
    return folders / out


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def decode(ids):
    return toy_tokenizer().decode(ids, skip_special_tokens=False)


def test_each_row_is_tokenised_once_and_can_be_traced(folders):
    out = prepare(folders)
    train, test = read(out / "train.jsonl"), read(out / "test.jsonl")
    assert (len(train), len(test)) == (388, 12)
    splits = {"train": train, "test": test}
    expected = {"math": question, "mistral_chat": turn}
    seen = set()
    for found in read_rows(out / "rows.jsonl"):
        seen.add((found["domain"], found["row"]))
        row = expected[found["domain"]](found["row"] - 1)
        tokens = splits[found["split"]][found["position"]]
        reply = row.get("output") or row.get("Output")
        assert decode(tokens["input_ids"]) == f"{BOS}{prompt_text(row)}{reply}{EOS}"
        assert decode(tokens["input_ids_no_response"]) == BOS + prompt_text(row)
        assert tokens["labels"] == tokens["input_ids"]
        assert found["tokens"] == len(tokens["input_ids"])
        assert found["prompt_tokens"] == len(tokens["input_ids_no_response"])
    assert len(seen) == 400


def test_masked_prompts_are_no_labels(folders):
    [*_, row] = read(prepare(folders, "--mask_inputs", "--ignore_index", "-100") / "train.jsonl")
    length = len(row["input_ids_no_response"])
    assert row["labels"] == [-100] * length + row["input_ids"][length:]


def test_litgpts_index_is_the_default(folders):
    [*_, row] = read(prepare(folders, "--mask_inputs") / "train.jsonl")
    assert row["labels"][0] == -1


def test_the_domains_are_shuffled_together(folders):
    rows = list(read_rows(prepare(folders) / "rows.jsonl"))[:100]
    assert 5 < sum(row["domain"] == "math" for row in rows) < 95


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_workers(folders):
    one = prepare(folders, out="one", formats=FORMATS)
    two = prepare(folders, "--num_workers", "2", out="two", formats=FORMATS)
    other = prepare(folders, "--seed", "7", out="other", formats=FORMATS)
    for path in sorted(one.glob("*.jsonl")) + sorted(one.glob("*.parquet")):
        assert path.read_bytes() == (two / path.name).read_bytes()
        assert path.read_bytes() != (other / path.name).read_bytes()


def test_parquet_holds_the_same_as_jsonl(folders):
    out = prepare(folders, formats=FORMATS)
    for split in ("train", "test"):
        rows = pyarrow.parquet.read_table(out / f"{split}.parquet").to_pylist()
        assert rows == read(out / f"{split}.jsonl")


def test_litgpts_file_loads(folders):
    torch = pytest.importorskip("torch")
    out = prepare(folders, "--mask_inputs", formats=["pt", "jsonl"])
    for split in ("train", "test"):
        rows = torch.load(out / f"{split}.pt", weights_only=True)
        for row in rows:
            counts = row.pop("token_counts")
            assert counts["raw_plus_prompt_template"] == len(row["input_ids"])
            # A prompt has a template beside the instruction; a chat's is all there is.
            assert 0 < counts["raw"] <= len(row["input_ids"])
        assert {tensor.dtype for row in rows for tensor in row.values()} == {torch.int64}
        plain = [{name: tensor.tolist() for name, tensor in row.items()} for row in rows]
        assert plain == read(out / f"{split}.jsonl")


def test_litgpts_file_needs_torch_before_any_work(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(PipelineError, match="pip install torch"):
        prepare(folders, formats=["pt"])
    assert not (folders / "out").exists()


def test_rows_that_can_not_be_used_are_rejected(folders):
    rows = [turn(1), turn("x" * 100), {"Input": "a", "Output": ""}, turn(2)]
    write_rows(folders / "raw/chat_prompt_data.jsonl", rows)
    out = prepare(folders, "--max_seq_length", "60", domains="chat")
    summary = json.loads((out / "rows.summary.json").read_text())
    assert summary["reject_reasons"] == {"prompt_too_long": 1, "empty_output": 1}
    assert [row["domain"] for row in read_rows(out / "rows.rejected.jsonl")] == ["chat", "chat"]
    assert summary["splits"]["train"]["rows"] == summary["splits"]["test"]["rows"] == 1
    assert [row["row"] for row in read_rows(out / "rows.jsonl")] in ([1, 4], [4, 1])


def test_responses_that_are_cut_are_counted(folders):
    out = prepare(folders, "--max_seq_length", "25", domains="mistral_chat")
    splits = json.loads((out / "rows.summary.json").read_text())["splits"]
    # 24 tokens for a number of one digit, two more for each of two.
    assert splits["train"]["truncated"] + splits["test"]["truncated"] == 90
    assert max(len(row["input_ids"]) for row in read(out / "train.jsonl")) == 25


def test_rows_of_one_tree_are_on_one_side(folders):
    rows = [{**turn(number), "tree_id": str(number % 10)} for number in range(100)]
    write_rows(folders / "raw/chat_prompt_data.jsonl", rows)
    out = prepare(folders, "--test_split_fraction", "0.2", domains="chat")
    sides = [{}, {}]
    for row in read_rows(out / "rows.jsonl"):
        sides[row["split"] == "test"].setdefault((row["row"] - 1) % 10, []).append(row["row"])
    assert len(sides[1]) == 2
    assert not sides[0].keys() & sides[1].keys()


def test_without_a_share_there_is_no_test_file_not_even_an_old_one(folders):
    assert (prepare(folders) / "test.jsonl").exists()
    out = prepare(folders, "--test_split_fraction", "0")
    assert len(read(out / "train.jsonl")) == 400
    assert not (out / "test.jsonl").exists()


def test_files_of_an_earlier_run_in_other_formats_are_named(folders, caplog, monkeypatch):
    out = prepare(folders, formats=("parquet",))
    monkeypatch.setattr(log, "propagate", True)
    prepare(folders)
    assert f"{out}/train.parquet is of an earlier run" in caplog.text


KILLED_AT = """
import os, sys
from pathlib import Path
from data_v5.prepare_synthetic import main
left = int(sys.argv[1])
replace = os.replace
def count(source, target):
    global left
    if not left:
        os._exit(9)
    left -= 1
    replace(source, target)
os.replace = count
main(sys.argv[2:])
"""


@pytest.mark.parametrize("renamed", [0, 1, 2])
def test_a_run_killed_between_renames_leaves_no_files_of_two_runs(folders, renamed):
    out = prepare(folders, "--test_split_fraction", "0.3")
    flags = ["--tokenizer", f"{folders}/model", "--domains", "math,mistral_chat",
             "--input_data_path", f"{folders}/raw", "--destination_path", f"{out}",
             "--output_format", "jsonl", "--test_split_fraction", "0.3", "--seed", "7"]  # fmt: skip
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT, str(renamed), *flags], check=False, capture_output=True
    )
    assert killed.returncode == 9, killed.stderr
    other = prepare(folders, "--test_split_fraction", "0.3", "--seed", "7", out="other")
    names = [path.name for path in out.iterdir() if not path.name.startswith(".")]
    assert len(names) == renamed, "and no summary says that they belong together"
    for name in names:
        assert (out / name).read_bytes() == (other / name).read_bytes()
    # In another format, so that what was left has no successor by its name.
    prepare(folders, formats=("parquet",), out="out")
    unfinished = [path.name for path in out.iterdir() if path.name.endswith(".unfinished")]
    assert unfinished == []


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        ("math,cnn", r"cnn_prompt_data\.jsonl: no such file; .* leave cnn out"),
        ("odd", r"odd_prompt_data\.jsonl, row 1: field 'instruction' is missing"),
        ("half", r"half_prompt_data\.jsonl, row 1: field 'Output' is missing"),
        ("empty", "no row can be used .*empty_output"),
    ],
)
def test_a_wrong_input_is_named(folders, domains, message):
    write_rows(folders / "raw/odd_prompt_data.jsonl", [{"text": "a"}])
    write_rows(folders / "raw/half_prompt_data.jsonl", [{"Input": "a"}])
    write_rows(folders / "raw/empty_prompt_data.jsonl", [{"Input": "a", "Output": ""}])
    with pytest.raises(PipelineError, match=message):
        prepare(folders, domains=domains)
    assert not (folders / "out/rows.jsonl").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--domains", "math,math"], "^--domains: 'math,math': name domains once each"),
        (["--domains", ","], "^--domains: '': name domains once each"),
        (["--test_split_fraction", "1"], "^--test_split_fraction must be below 1, not 1$"),
        (["--max_seq_length", "1"], "^--max_seq_length must be at least 2, not 1$"),
        (["--num_workers", "-1"], "^--num_workers must not be negative, not -1$"),
    ],
)
def test_impossible_settings_are_refused(folders, flags, message):
    with pytest.raises(PipelineError, match=message):
        prepare(folders, *flags)
    assert not (folders / "out").exists()


def sum_row(number, shots=()):
    blocks = [f"Q: {shot} + 1?\nA: {shot + 1}" for shot in shots]
    asked = "\n\n".join([*blocks, f"Q: {number} + 1?\nA:"])
    return {"instruction": "Add.", "input": asked, "output": f"{number + 1}"}


@pytest.fixture
def sums(folders):
    # The first 90 questions are examples of others, the last ten are not.
    rows = [sum_row(number, [(number + 1) % 90, (number + 2) % 90]) for number in range(100)]
    write_rows(folders / "raw/sums_prompt_data.jsonl", rows)
    return folders


@pytest.mark.parametrize("masks", [False, True])
def test_test_rows_that_stand_in_train_prompts_are_counted(sums, masks, caplog, monkeypatch):
    monkeypatch.setattr(log, "propagate", True)
    caplog.set_level("INFO", log.name)
    flags = ["--test_split_fraction", "0.2", *(["--mask_inputs"] if masks else [])]
    out = prepare(sums, *flags, domains="sums")
    split = {}
    for found in read_rows(out / "rows.jsonl"):
        split[found["row"] - 1] = found["split"]
    train = [sum_row(n, [(n + 1) % 90, (n + 2) % 90]) for n in split if split[n] == "train"]
    prompts = "\n".join(row["input"] for row in train)
    seen = sum(f"Q: {n} + 1?\nA: {n + 1}\n" in prompts for n in split if split[n] == "test")
    assert 0 < seen <= 20
    summary = json.loads((out / "rows.summary.json").read_text())
    assert summary["test_rows_in_train_prompts"] == seen
    [told] = [one for one in caplog.records if "stand in a train prompt" in one.message]
    assert f"stand in a train prompt: {seen} of 20" in told.message
    assert ("--mask_inputs" in told.message) == (not masks)
    assert told.levelname == ("INFO" if masks else "WARNING")


def test_test_questions_can_be_kept_out_of_train_prompts(sums):
    flags = ["--test_split_fraction", "0.2", "--test_split_by", "question"]
    out = prepare(sums, *flags, domains="sums")
    split = {found["row"] - 1: found["split"] for found in read_rows(out / "rows.jsonl")}
    tested = {number for number in split if split[number] == "test"}
    assert len(tested) == 20
    # Those that are nobody's example come first.
    assert tested > set(range(90, 100))
    shots = {n: {(n + 1) % 90, (n + 2) % 90} for n in range(100)}
    readers = {n for n in range(100) if shots[n] & tested} - tested
    assert readers
    rejected = list(read_rows(out / "rows.rejected.jsonl"))
    assert {row["row"] - 1 for row in rejected} == readers == set(range(100)) - set(split)
    assert {row["reject_reason"] for row in rejected} == {"test_question_in_shots"}
    summary = json.loads((out / "rows.summary.json").read_text())
    assert summary["test_rows_in_train_prompts"] == 0
    assert summary["rows_in"] == 100
    assert summary["settings"]["test_split_by"] == "question"


def test_the_seed_has_two_names(folders):
    one = prepare(folders, "--seed", "7", out="one")
    two = prepare(folders, "--random_seed", "7", out="two")
    assert (one / "rows.jsonl").read_bytes() == (two / "rows.jsonl").read_bytes()
    assert json.loads((two / "rows.summary.json").read_text())["settings"]["seed"] == 7


def test_the_path_of_a_yaml_names_its_domain(sums):
    by_name = prepare(sums, domains="sums", out="one")
    by_path = prepare(sums, domains="own/sums.yaml", out="two")
    assert read(by_name / "train.jsonl") == read(by_path / "train.jsonl")


def test_prompts_can_be_raw_and_then_begin_without_a_mark(folders):
    out = prepare(folders, "--prompt_template", "raw", "--mask_inputs", domains="math")
    rows = list(read_rows(out / "rows.jsonl"))
    for found, tokens in zip(rows, read(out / "train.jsonl"), strict=False):
        row = question(found["row"] - 1)
        assert decode(tokens["input_ids"]) == f"Add one.{row['input']}{row['output']}{EOS}"
        assert decode(tokens["input_ids_no_response"]) == f"Add one.{row['input']}"
    marked = prepare(folders, "--prompt_template", "raw", "--bos_token", BOS, domains="math")
    assert decode(read(marked / "train.jsonl")[0]["input_ids"]).startswith(f"{BOS}Add one.")


def test_prompt_and_response_can_be_encoded_apart(folders):
    merged = toy_tokenizer([("1", "2")])
    llama(folders / "model", merged)
    write_rows(folders / "raw/chat_prompt_data.jsonl", [
        {"Input": f"{number} 1", "Output": "2"} for number in range(4)
    ])  # fmt: skip
    together = read(prepare(folders, "--mask_inputs", domains="chat") / "train.jsonl")
    apart = prepare(folders, "--mask_inputs", "--encode", "apart", domains="chat", out="apart")
    for one, other in zip(together, read(apart / "train.jsonl"), strict=True):
        text = [merged.decode(row["input_ids"], skip_special_tokens=False) for row in (one, other)]
        assert text[0] == text[1]
        assert (
            other["input_ids"][: len(other["input_ids_no_response"])]
            == (other["input_ids_no_response"])
        )
        [answer] = [label for label in other["labels"] if label >= 0][:-1]
        assert merged.decode([answer]) == "2"


def test_marks_that_sentencepiece_reads_as_letters_are_told(folders, caplog, monkeypatch):
    sentencepiece = pytest.importorskip("sentencepiece")
    (folders / "pieces").mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([f"[INST] Say {n} [/INST] </s>" for n in range(300)]),
        model_prefix=str(folders / "pieces/tokenizer"), vocab_size=300, model_type="bpe",
        byte_fallback=True, minloglevel=2,
    )  # fmt: skip
    rows = [turn(1), {"Input": "[INST] a [/INST] b</s>[INST] c [/INST] ", "Output": "d"}]
    write_rows(folders / "raw/chat_prompt_data.jsonl", rows)
    monkeypatch.setattr(log, "propagate", True)
    out = prepare(folders, "--tokenizer", str(folders / "pieces"), domains="chat")
    summary = json.loads((out / "rows.summary.json").read_text())
    assert summary["rows_with_marks_read_as_letters"] == 1
    assert "1 rows hold the name of a mark (<s>, </s>)" in caplog.text

"""The step that keeps what fits in tokens, run on files."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from data_v5 import check_length
from data_v5.check_length import length_quantiles, main
from data_v5.tokens.token_ids import token_encoder
from data_v5.tokens.token_layout import prompt_text
from tests.toy_tokenizer import BOS, llama, save, toy_tokenizer
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

CHAT = {"Input": "<user>one two<bot>", "Output": "three"}


def row(output: str) -> dict[str, Any]:
    return {"instruction": "Add.", "input": "", "output": output, "source": "sums"}


# A word a token: how many the prompt takes.
PROMPT = len(prompt_text(row("")).split())


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """A tokenizer with a token a word."""
    made = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(name: str = "math") -> list[dict[str, Any]]:
    return list(read_rows(f"data/data_v5/raw_data/{name}_prompt_data.jsonl"))


def summary(name: str = "math") -> dict[str, Any]:
    return json.loads(Path(f"data/data_v5/raw_data/{name}_prompt_data.summary.json").read_text())


@pytest.mark.parametrize("name", ["", "tokenizer.json"])
def test_rows_that_fit_are_kept_as_they_are(tokenizer: Path, name: str) -> None:
    rows = [row("one"), row("one two"), row("one two three")]
    write_rows("data/few-shot/math_fintune.jsonl", rows)
    # The prompt, two words, and the marks at both ends.
    limit = PROMPT + 2 + 2
    main(
        ["--domain", "math", "--tokenizer", str(tokenizer / name)]
        + ["--max_seq_length", str(limit)]
    )
    assert written() == rows[:2]
    rejected = list(read_rows("data/data_v5/raw_data/math_prompt_data.rejected.jsonl"))
    assert rejected == [rows[2] | {"tokens": limit + 1, "reject_reason": "too_long"}]
    tokens = summary()["tokens"]
    assert tokens["counted_by"].startswith("tokenizer ")
    assert tokens["kept"] == limit + limit - 1
    assert tokens["of_all_rows"]["min"] == limit - 1
    assert tokens["of_all_rows"]["50%"] == limit
    assert tokens["of_all_rows"]["max"] == limit + 1


def test_examples_are_dropped_from_the_end_until_the_row_fits(tokenizer: Path) -> None:
    shots = [f"Q: shot {n}\nA: yes" for n in range(5)]  # five words each
    question = row("one") | {"input": "Q: ask?\nA:"}
    full = question | {"input": "\n\n".join([*shots, question["input"]])}
    alone = len((prompt_text(question) + "one").split()) + 2
    for fitting in (0, 2, 5):
        write_rows("data/few-shot/math_fintune.jsonl", [question, full])
        limit = alone + 5 * fitting + 4
        flags = ["--tokenizer", str(tokenizer), "--max_seq_length", str(limit)]
        main(["--domain", "math", *flags])
        kept = full | {"input": "\n\n".join([*shots[:fitting], question["input"]])}
        assert written() == [question, kept]
        assert summary()["rows_by_examples_dropped"] == (
            {str(5 - fitting): 1} if fitting < 5 else {}
        )
        assert summary()["tokens"]["kept"] == alone + alone + 5 * fitting
    main(["--domain", "math", "--tokenizer", str(tokenizer), "--max_seq_length", str(alone - 1)])
    assert summary()["kept"] == 0 and summary()["reject_reasons"] == {"too_long": 2}
    rejected = list(read_rows("data/data_v5/raw_data/math_prompt_data.rejected.jsonl"))
    assert rejected[1]["input"] == full["input"] and rejected[1]["tokens"] == alone + 25


def test_a_chat_row_has_no_template_around_it(tokenizer: Path) -> None:
    # Two words in the input; the output adheres to the last mark.
    write_rows("data/data_v5/chat_seq2seq.jsonl", [CHAT])
    main(["--domain", "chat", "--tokenizer", str(tokenizer), "--max_seq_length", "4"])
    assert written("chat") == [CHAT]
    assert summary("chat")["tokens"]["max_seq_length"] == 4


@pytest.mark.parametrize(
    ("domain", "limit"), [("math", 2048), ("chat", 1024), ("mistral_chat", 1024)]
)
def test_chats_are_shorter_by_default(domain: str, limit: int) -> None:
    is_chat = domain != "math"
    write_rows(
        f"data/data_v5/{domain}_seq2seq.jsonl" if is_chat else "data/few-shot/math_fintune.jsonl",
        [CHAT if is_chat else row("one")],
    )
    main(["--domain", domain])
    assert summary(domain)["tokens"]["max_seq_length"] == limit


def test_without_a_tokenizer_the_summary_says_that_lengths_are_estimated() -> None:
    fitting = row("x" * (4 * 100))
    write_rows("in.jsonl", [fitting, row("x" * (4 * 4000))])
    main(["--domain", "math", "--input_file", "in.jsonl"])
    assert written() == [fitting]
    assert summary()["tokens"]["counted_by"].startswith("estimated")


def test_the_path_of_a_yaml_names_its_domain() -> None:
    write_rows("data/few-shot/own_fintune.jsonl", [row("one")])
    main(["--domain", "domains/own.yaml"])
    assert written("own") == [row("one")]


def test_order_stays_across_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_length, "BATCH", 3)
    rows = [row(f"number {n}" if n % 3 else "") for n in range(10)]
    write_rows("in.jsonl", rows)
    main(["--domain", "math", "--input_file", "in.jsonl"])
    assert written() == [one for one in rows if one["output"]]
    assert summary()["reject_reasons"] == {"empty_output": 4}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"output": None}, "output_is_no_text"),
        ({"input": 3}, "input_is_no_text"),
        ({"instruction": " "}, "empty_instruction"),
        ({"output": "\ud800"}, "not_unicode"),
    ],
)
def test_rows_that_no_one_can_train_on_are_put_aside(changes: Any, reason: str) -> None:
    write_rows("in.jsonl", [row("one"), row("one") | changes])
    main(["--domain", "math", "--input_file", "in.jsonl"])
    assert summary()["reject_reasons"] == {reason: 1}


def test_rows_of_another_step_are_the_users_mistake() -> None:
    write_rows("in.jsonl", [CHAT])
    with pytest.raises(PipelineError, match=r"in\.jsonl, line 1: field 'instruction' is missing"):
        main(["--domain", "math", "--input_file", "in.jsonl"])


def test_a_missing_tokenizer_is_told_before_anything_is_read() -> None:
    with pytest.raises(PipelineError, match="--tokenizer ./none: no such folder"):
        main(["--domain", "math", "--tokenizer", "./none"])


def test_a_share_of_the_rows_is_no_longer_than_its_quantile() -> None:
    lengths = list(range(1, 102))
    assert length_quantiles(lengths[::-1]) == {
        "min": 1,
        "5%": 6,
        "25%": 26,
        "50%": 51,
        "75%": 76,
        "95%": 96,
        "99%": 100,
        "max": 101,
    }
    assert length_quantiles([]) == {}


def lengths(*flags: str) -> int:
    write_rows("in.jsonl", [row("one")])
    main(["--domain", "math", "--input_file", "in.jsonl", "--tokenizer", *flags])
    assert summary()["tokens"]["counted_by"].startswith("tokenizer model")
    return int(summary()["tokens"]["kept"])


def test_only_the_marks_that_a_model_puts_are_counted(tmp_path: Path) -> None:
    # A token a byte.
    text = len(prompt_text(row("one")) + "one")
    assert lengths(str(llama(tmp_path / "model"))) == text + 2
    path = save(tmp_path / "model", eos_token=BOS, add_bos_token=False) / "tokenizer.json"
    token_encoder.cache_clear()
    assert lengths(str(path.parent)) == text + 1


def test_marks_can_be_named(tmp_path: Path) -> None:
    folder = str(llama(tmp_path / "model"))
    text = len(prompt_text(row("one")) + "one")
    assert lengths(folder, "--bos_token", "", "--eos_token", BOS) == text + 1
    with pytest.raises(PipelineError, match="no token '<none>'"):
        lengths(folder, "--eos_token", "<none>")
    with pytest.raises(PipelineError, match="--bos_token, --eos_token: need --tokenizer"):
        main(["--domain", "math", "--input_file", "in.jsonl", "--eos_token", BOS])


def test_a_folder_of_older_files_is_converted(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    folder = llama(tmp_path / "model")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": False, "unk_token": BOS}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / "vocab.json").write_text(json.dumps(toy_tokenizer().get_vocab()))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer.json").unlink()
    assert lengths(str(folder)) == len(prompt_text(row("one")) + "one") + 1


def trainer_rows(*flags: str) -> None:
    main(["--domain", "math", "--input_file", "in.jsonl", "--finetune_output", *flags])


def test_what_fits_is_written_for_a_trainer_too() -> None:
    short = row("one") | {"input": "Q: 1\nA:"}
    write_rows("in.jsonl", [short, row("x" * 9999), row("two")])
    trainer_rows("ft/math.jsonl")
    assert written() == [short, row("two")]
    turns = ["Add.\n\nQ: 1\nA:", "Add."]
    rows = list(read_rows("ft/math.jsonl"))
    assert [one["instruction"] for one in rows] == turns
    assert [(one["output"], one["source"]) for one in rows] == [("one", "sums"), ("two", "sums")]
    assert json.loads(Path("ft/dataset_info.json").read_text())["math"]["formatting"] == "alpaca"


def test_a_trainers_file_may_be_share_gpt_in_parquet() -> None:
    write_rows("in.jsonl", [row("one")])
    trainer_rows("ft/math.parquet", "--output_format", "share_gpt")
    [found] = pyarrow.parquet.read_table("ft/math.parquet").to_pylist()
    assert [turn["content"] for turn in found["messages"]] == ["Add.", "one"]
    info = json.loads(Path("ft/dataset_info.json").read_text())
    assert info["math"]["formatting"] == "sharegpt"


@pytest.mark.parametrize("name", ["ft.txt", "in.jsonl", "out.jsonl", "out.rejected.jsonl"])
def test_a_trainers_file_is_no_other_file(name: str) -> None:
    write_rows("in.jsonl", [row("one")])
    with pytest.raises(PipelineError, match=name):
        trainer_rows(name, "--output_file", "out.jsonl")
    assert not Path("out.jsonl").exists()


def test_conversations_for_a_trainer_are_another_scripts() -> None:
    with pytest.raises(PipelineError, match="prepare_chat --finetune_output"):
        main(["--domain", "chat", "--finetune_output", "ft.jsonl"])


@pytest.mark.parametrize("flags", [["--prompt_template", "raw"], ["--encode", "apart"]])
def test_lengths_are_those_of_the_layout_that_is_asked_for(
    tmp_path: Path, flags: list[str]
) -> None:
    folder = llama(tmp_path / "model", toy_tokenizer([("1", "2")]))
    row = {"instruction": "Add.", "input": "1", "output": "2"}
    write_rows(tmp_path / "in.jsonl", [row])
    files = ["--input_file", f"{tmp_path}/in.jsonl", "--output_file", f"{tmp_path}/out.jsonl"]
    main(["--domain", "math", "--tokenizer", str(folder), *files, *flags])
    kept = json.loads((tmp_path / "out.summary.json").read_text())["tokens"]["kept"]
    # "Add." and the merged "12" and the mark of the end; or two more for both marks and no merge.
    expected = 6 if "raw" in flags else len(prompt_text(row)) + 3
    assert kept == expected

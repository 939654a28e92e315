"""Every field of every input of every stage, made what it should not be: a reason, or one line."""

import json
from pathlib import Path

import pytest
import yaml

from data_v5 import toy_tokenizer
from tests.documented_commands import ROOT
from tests.mutated_rows import (
    AFTER,
    CHAT,
    EXERCISE,
    FEW_SHOT,
    INSTRUCTION,
    MIXED,
    RECORD,
    REPLY,
    SAMPLE,
    SEED,
    SHOTS,
    TRIPLET,
    Stage,
    as_line,
    assert_a_reason_or_one_line,
    assert_unreadable_is_one_line,
    trees,
    write_lines,
)
from tests.stage2 import log_lines

OTHER_SEEDS = [
    SEED | {"commit": f"s{n}", "old_contents": f"x = {n}\n" * 9, "new_contents": AFTER * 3}
    for n in range(4)
]
VERDICT = REPLY | {"response": ["PASS"], "response_1": "PASS"}
OTHER_TEXTS = [CHAT | {"instruction": text} for text in ("How are you?", "What is gout?")]
TESTED = TRIPLET | {"behaviour": {"before": "ok", "after": "ok"}}
FILES = "--input_file IN --output_file OUT"
PATHS = "--input_path IN --output_path OUT"
DOMAIN = "--domain domain.yaml"
STAGES = {
    "create_prompt": Stage(
        "create_prompt", "--seed_file IN --output_file OUT --sample_num 5", SEED, OTHER_SEEDS
    ),
    "create_prompt rewrite": Stage(
        "create_prompt",
        "--prompt_type rewrite_commit --seed_file IN --output_file OUT --context_lines 3",
        SEED,
        OTHER_SEEDS,
    ),
    "few shots": Stage(
        "create_prompt",
        "--seed_file seeds.jsonl --few_shot_file IN --output_file OUT --sample_num 5",
        FEW_SHOT,
    ),
    "get_instruct": Stage("get_instruct_from_response", "IN OUT", REPLY),
    "check_quality": Stage("check_quality", "IN OUT --num_workers 1", TRIPLET),
    "judge prompts": Stage("judge_triplets", "prompts IN OUT", TRIPLET),
    "judge collect": Stage("judge_triplets", "collect IN OUT --replies replies.jsonl", TRIPLET),
    "verdicts": Stage("judge_triplets", "collect triplets.jsonl OUT --replies IN", VERDICT),
    "test prompts": Stage("verify_triplets", "prompts IN OUT", TESTED),
    "mix_data": Stage("mix_data", "--config mix.yaml", TRIPLET),
    "dt_filtering": Stage("dt_filtering", "--config filter.yaml", MIXED),
    "finetune": Stage("generate_finetune_dataset", "IN OUT", MIXED),
    "report": Stage("dataset_report", "IN --output_file out/page.html", MIXED),
    "report of replies": Stage("dataset_report", "IN --output_file out/page.html", REPLY),
    "report of samples": Stage("dataset_report", "IN --output_file out/page.html", SAMPLE),
    "minhash": Stage("joydataforge.minhash_filter", FILES, CHAT),
    "k_center": Stage("joydataforge.k_center", f"--size 1 {FILES}", CHAT),
    "diversity": Stage(
        "joydataforge.evaluate_diversity", "--input_files IN --output_dir out", CHAT, OTHER_TEXTS
    ),
    "toy_tokenizer": Stage(
        "data_v5.toy_tokenizer", "--input_file IN --output_dir out/tokenizer", EXERCISE
    ),
    "select_data": Stage(
        "data_v5.select_data",
        f"{DOMAIN} -n 2 --cluster_path out/c.json --sample_question_path OUT --cache_dir out",
        EXERCISE,
        [EXERCISE | {"question": f"What is {n} and {n}?"} for n in range(4)],
    ),
    "few_shot_sample": Stage(
        "data_v5.few_shot_sample",
        f"{DOMAIN} --sample_question_path IN --shots_from sample --output_dir out --cache_dir out",
        RECORD,
        [RECORD | {"question": f"What is {n} and {n}?"} for n in range(7)],
    ),
    "fewshot_to_prompt": Stage(
        "data_v5.fewshot_to_prompt", f"{DOMAIN} --dir .", SHOTS, file="domain_fewshot.jsonl"
    ),
    "check_length": Stage("data_v5.check_length", f"{DOMAIN} {FILES}", INSTRUCTION),
    "prepare_synthetic": Stage(
        "data_v5.prepare_synthetic",
        "--tokenizer tokenizer --domains domain --input_data_path . --destination_path out"
        " --output_format jsonl --test_split_fraction 0",
        INSTRUCTION,
        file="domain_prompt_data.jsonl",
    ),
    "prepare_chat": Stage("data_v5.prepare_chat", FILES, trees()),
    "chat_2_seq2seq": Stage("data_v5.chat_2_seq2seq", FILES, CHAT),
    "post_collection": Stage("programming_instruct.post_collection", PATHS, SAMPLE),
    "export_conversation": Stage("programming_instruct.export_conversation", PATHS, SAMPLE),
    "show_sample": Stage("programming_instruct.show_sample", "--input_path IN", SAMPLE),
}
CONFIGS = {
    "mix.yaml": {
        "input_files": ["in.jsonl"],
        "ratios": [1],
        "instr_types": ["lazy"],
        "model_names": ["m"],
        "output_file": "out/rows.jsonl",
        "total_samples": 1,
    },
    "filter.yaml": {"jsonl_path": "in.jsonl", "output_dir": "out", "cache_dir": "fits"},
    "domain.yaml": {
        "instruction": "Solve it.",
        "cluster": {"threshold": 0.1, "min_community_size": 2},
        "sources": [
            {
                "name": "word_problems",
                "path": "in.jsonl",
                "question": "question",
                "answer": "answer",
                "format": {"strip_calculator": True, "final_marker": "####"},
            }
        ],
    },
}
LINKED = "data", "quality_config.yaml", "model_map.yaml", "filter_config.yaml", "edit_kinds.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with what the stages' commands name beside IN."""
    monkeypatch.chdir(tmp_path)
    for name, config in CONFIGS.items():
        Path(name).write_text(yaml.safe_dump(config))
    for name in LINKED:
        Path(name).symlink_to(ROOT / name)
    write_lines(Path("seeds.jsonl"), OTHER_SEEDS)
    write_lines(Path("triplets.jsonl"), [TRIPLET])
    write_lines(Path("replies.jsonl"), [VERDICT])
    return tmp_path


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("toy") / "tokenizer"
    questions = str(ROOT / "data_v5/examples/questions.jsonl")
    toy_tokenizer.main(["--input_file", questions, "--output_dir", str(place)])
    return place


@pytest.fixture
def workplace(folder: Path, tokenizer: Path) -> None:
    """Put a tokenizer into the folder that a stage is run in."""
    Path("tokenizer").symlink_to(tokenizer)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("stage", STAGES)
def test_whatever_a_field_holds_is_a_reason_or_one_line(stage: str) -> None:
    assert_a_reason_or_one_line(STAGES[stage].row, STAGES[stage].stops)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("stage", STAGES)
def test_what_could_not_be_written_again_is_one_line(stage: str) -> None:
    assert_unreadable_is_one_line(STAGES[stage].row, STAGES[stage].stops)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("stage", STAGES)
def test_an_input_that_is_another_than_its_summary_says_is_told(stage: str) -> None:
    used = STAGES[stage]
    other = {used.file: {"bytes": 1, "sha256": "0" * 64}}
    Path(used.file).with_suffix(".summary.json").write_text(json.dumps({"files": other}))
    with log_lines() as said:
        assert not used.stops([as_line(used.row)])
    assert [line for line in said if line.startswith(used.file) and "is another than" in line], said

"""Every script that pays, with an input of some rows: what is run, killed and gone on with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.documented_commands import ROOT
from tests.mutated_rows import COMMIT, PROMPT, SNIPPET, STAGED, SUBMITTED, write_lines

CONCURRENCY = 4
ROWS = 12
RESUME = ("--continue_from_error",)


@dataclass(frozen=True)
class Method:
    """A script's command line in a folder; what it writes; how often it may ask at once."""

    module: str
    words: str
    output: str = "rows.jsonl"
    resume: Sequence[str] = RESUME
    in_flight: int = CONCURRENCY
    rows: Sequence[dict[str, Any]] = ()


def _numbered(row: dict[str, Any], old: str) -> list[dict[str, Any]]:
    """Make rows that differ in a name of their programs."""
    text = json.dumps(row)
    return [json.loads(text.replace(old, f"{old}_{number}")) for number in range(ROWS)]


def _prompts(rounds: int) -> list[dict[str, Any]]:
    return [
        PROMPT | {"prompt_id": f"p{n}", "user": [f"Edit program {n}."] * rounds}
        for n in range(ROWS)
    ]


def _stage_2(rounds: int) -> Method:
    words = (
        "--input_file in.jsonl --output_file rows.jsonl --model_name offline"
        f" --model_map models.json --concurrency {CONCURRENCY} --save_every 3"
    )
    return Method("code_generation_api", words, rows=_prompts(rounds))


def _room(script: str, rows: Sequence[dict[str, Any]], more: str = "") -> Method:
    words = (
        "--input_path in.jsonl --output_path rows.jsonl --model_name offline --max_try 3"
        f" --model_map models.json --concurrency {CONCURRENCY} {more}"
    )
    return Method(f"programming_instruct.{script}", words, rows=rows)


def _joy(script: str, config: str, more: str = "", in_flight: int = CONCURRENCY) -> Method:
    words = (
        f"--config {config} --data_write_path . --data_write_file_name rows.jsonl"
        f" --max_works {CONCURRENCY} --threshold {ROWS} --task_name t {more}"
    )
    return Method(f"joydataforge.{script}", words, "rows_t.jsonl", in_flight=in_flight)


METHODS = {
    "stage 2, one round": _stage_2(1),
    "stage 2, two rounds": _stage_2(2),
    "aiprogrammer": _room("aiprogrammer", _numbered(SNIPPET, "add")),
    "collection of stages": _room(
        "data_collection", _numbered(STAGED, "add"), "--data_type aiprogrammer"
    ),
    "collection of commits": _room(
        "data_collection", _numbered(COMMIT, "add"), "--data_type commit"
    ),
    "collection of submissions": _room(
        "data_collection", _numbered(SUBMITTED, "add"), "--data_type submit"
    ),
    "single": _joy("synthesize", "joydataforge/configs/single.yaml"),
    "synthesis_directly": _joy("synthesize", "joydataforge/configs/synthesis_directly.yaml"),
    "case_rewrite": _joy("synthesize", "joydataforge/configs/case_rewrite.yaml"),
    "vote": _joy("vote", "joydataforge/configs/vote.yaml"),
    "vote_and_pipeline": _joy("vote", "joydataforge/configs/vote_and_pipeline.yaml"),
    "joint_revise": _joy("joint", "joydataforge/configs/joint_revise.yaml"),
    "joint_pick": _joy("joint", "joydataforge/configs/joint_pick.yaml"),
    "wizard": _joy("wizard", "joydataforge/configs/wizard.yaml"),
    "wizard of code": _joy("wizard", "joydataforge/configs/wizard_code_edit.yaml"),
    "magpie": _joy("magpie", "joydataforge/configs/magpie.yaml"),
    "dpo": _joy("dpo", "joydataforge/configs/dpo.yaml"),
    "dpo by rewards": _joy("dpo", "reward.yaml"),
    "embeddings": Method(
        "joydataforge.k_center",
        "--input_file joydataforge/examples/questions.jsonl --output_file rows.jsonl --size 5"
        " --embed_backend endpoint --embed_model_name e --embed_model_map models.json"
        f" --embed_batch_size 2 --embed_concurrency {CONCURRENCY} --cache_dir cache",
        resume=(),
        in_flight=2 * CONCURRENCY,
    ),
}


def lay_out(folder: Path, method: Method, url: str) -> None:
    """Put what a method reads into an empty folder."""
    models = {"offline": {"base": "embedded"}, "e": {"base": url}}
    (folder / "models.json").write_text(json.dumps(models))
    (folder / "joydataforge").symlink_to(ROOT / "joydataforge")
    shipped = (ROOT / "joydataforge/configs/dpo_reward_model.yaml").read_text()
    scores = url.removesuffix("/v1") + "/score"
    (folder / "reward.yaml").write_text(shipped.replace("http://127.0.0.1:8008/score", scores))
    write_lines(folder / "in.jsonl", list(method.rows))

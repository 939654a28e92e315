"""Every field of every input of every stage, made what it should not be: a reason, or one line."""

import copy
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documented_commands import ROOT
from utils.errors import PipelineError

BEFORE, AFTER = "def add(a, b):\n    return a\n", "def add(a, b):\n    return a + b\n"
SEED = {
    "commit": "c1",
    "old_file": "a.py",
    "new_file": "a.py",
    "old_contents": BEFORE * 3,
    "new_contents": AFTER * 3,
    "subject": "Add both numbers",
    "message": "Add both numbers",
    "lang": "Python",
    "license": "mit",
    "repos": "o/r",
}
REPLY = {
    "prompt_id": "p1",
    "commit": ["c1", "c2"],
    "code_snippet": [BEFORE, AFTER],
    "commit_message": ["Add", "Add"],
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "edit_kind": "fix",
    "split": "train",
    "response": ["one", "two"],
    "response_1": f"### Code Before\n```python\n{BEFORE}```",
    "response_2": f"### Instruction\nAdd both.\n### Code After\n```python\n{AFTER}```",
    "sample_index": 1,
    "model": "m",
    "finish_reason": ["stop", "stop"],
    "usage": [{"prompt_tokens": 1, "completion_tokens": 1, "cached_tokens": 0}] * 2,
}
TRIPLET = {
    "commit": ["c1", "c2"],
    "prompt_id": "p1",
    "code_snippet": [BEFORE, AFTER],
    "code_before": BEFORE,
    "code_after": AFTER,
    "instruct_descriptive": "Return the sum of both numbers.",
    "instruct_lazy": "Fix add.",
    "code_before_purify": BEFORE,
    "code_after_purify": AFTER,
    "instruct_descriptive_purify": "Return the sum of both numbers.",
    "instruct_lazy_purify": "Fix add.",
    "model": "m",
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "lang": "Python",
}
MIXED = {
    "commit": ["c1", "c2"],
    "prompt_id": "p1",
    "code_snippet": [BEFORE, AFTER],
    "code_before_purify": BEFORE,
    "code_after_purify": AFTER,
    "instruct_purify": "Return the sum of both numbers.",
    "instr_type": "m_lazy",
    "model": "m",
    "license": ["mit", "mit"],
    "repos": ["o/r", "o/r"],
    "split": "train",
}
CHAT = {
    "instruction": "a",
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
    "lang": "en",
}
SAMPLE = {
    "history": [{"type": "code", "lang": "python", "code": ""}],
    "current": {"type": "code", "lang": "python", "code": BEFORE},
    "user": "Add both.",
    "chat": "Added.",
    "next": {"type": "code", "lang": "python", "code": AFTER},
    "data_type": "commit",
    "prompt_id": "s1",
    "license": "mit",
    "model": "m",
    "area": [1, 2],
    "loc": [1, 2],
}


def trees() -> dict[str, Any]:
    with open(ROOT / "data_v5/examples/trees.jsonl") as file:
        row: dict[str, Any] = json.loads(file.readline())
    return row


# Each stage's command line over IN, and a row that it takes.
STAGES: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "create_prompt": (
        "create_prompt",
        ["--seed_file", "IN", "--output_file", "OUT", "--sample_num", "5"],
        SEED,
    ),
    "get_instruct": ("get_instruct_from_response", ["IN", "OUT"], REPLY),
    "check_quality": ("check_quality", ["IN", "OUT"], TRIPLET),
    "judge_triplets": ("judge_triplets", ["prompts", "IN", "OUT"], TRIPLET),
    "mix_data": ("mix_data", ["--config", "mix.yaml"], TRIPLET),
    "dt_filtering": ("dt_filtering", ["--config", "filter.yaml"], MIXED),
    "finetune": ("generate_finetune_dataset", ["IN", "OUT"], MIXED),
    "report": ("dataset_report", ["IN", "--output_file", "OUT.html"], MIXED),
    "report of replies": ("dataset_report", ["IN", "--output_file", "OUT.html"], REPLY),
    "minhash": (
        "joydataforge.minhash_filter",
        ["--input_file", "IN", "--output_file", "OUT"],
        CHAT,
    ),
    "k_center": (
        "joydataforge.k_center",
        ["--size", "1", "--input_file", "IN", "--output_file", "OUT"],
        CHAT,
    ),
    "prepare_chat": (
        "data_v5.prepare_chat",
        ["--input_file", "IN", "--output_file", "OUT"],
        trees(),
    ),
    "chat_2_seq2seq": (
        "data_v5.chat_2_seq2seq",
        ["--input_file", "IN", "--output_file", "OUT"],
        CHAT,
    ),
    "post_collection": (
        "programming_instruct.post_collection",
        ["--input_path", "IN", "--output_path", "OUT"],
        SAMPLE,
    ),
    "export_conversation": (
        "programming_instruct.export_conversation",
        ["--input_path", "IN", "--output_path", "OUT"],
        SAMPLE,
    ),
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
}
WRONG: list[Any] = [
    None,
    5,
    -1,
    1e308,
    True,
    "",
    [],
    [5],
    [None],
    {},
    {"a": [1]},
    "x" * 20_000,
    "\ud800\x00\x1b[2J",
    10**30,
    10**400,
]


def mutants(value: Any, depth: int = 0) -> Iterator[Any]:
    """Yield copies of a value with one part in it replaced, at each place down to the third."""
    yield from (wrong for wrong in WRONG if depth)
    places: Any = ()
    if isinstance(value, dict) and depth < 3:
        places = list(value)
    elif isinstance(value, list) and depth < 3:
        places = range(min(1, len(value)))
    for place in places:
        for changed in mutants(value[place], depth + 1):
            made = copy.copy(value)
            made[place] = changed
            yield made


def fails(main: Any, arguments: list[str], rows: list[dict[str, Any]]) -> bool:
    """Run a stage over rows; true if it stopped with one line, and nothing else may happen."""
    sound = [
        SEED | {"commit": f"s{n}", "old_contents": f"x = {n}\n" * 9, "new_contents": AFTER * 3}
        for n in range(4)
    ]
    rows = rows + sound * (main.__module__ == "create_prompt")  # it draws pairs
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        main(arguments)
    except PipelineError as error:
        assert "\n" not in str(error)
        return True
    return False


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_a_field_holds_is_a_reason_or_one_line(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, config in CONFIGS.items():
        Path(name).write_text(yaml.safe_dump(config))
    for name in (
        "data",
        "quality_config.yaml",
        "model_map.yaml",
        "filter_config.yaml",
        "edit_kinds.yaml",
    ):
        Path(name).symlink_to(ROOT / name)
    module, words, row = STAGES[stage]
    names = {"IN": "in.jsonl", "OUT": "out/rows.jsonl", "OUT.html": "out/page.html"}
    arguments = [names.get(word, word) for word in words]
    main = importlib.import_module(module).main
    assert not fails(main, arguments, [row])
    found = list(mutants(row))
    waiting = [found[start : start + 50] for start in range(0, len(found), 50)]
    while waiting:
        rows = waiting.pop()
        if fails(main, arguments, rows) and len(rows) > 1:
            step = max(
                1, len(rows) // 8
            )  # one of them ended the run; the others may hide behind it
            waiting += [rows[start : start + step] for start in range(0, len(rows), step)]

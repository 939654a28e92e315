import json
from collections import Counter
from pathlib import Path

import pytest

from code_generation_api import main as generate
from offline_model import written_tests
from offline_model.compose import compose
from offline_model.recognition import recognise
from tests.offline_model.prompts import SNIPPETS
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits
from utils.verify.signatures import signatures_of
from verify_triplets import main as verify

VERDICTS = ("verified", "contradicted", "vacuous", "untestable")
TEXTS = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")


def test_a_program_and_its_edit_are_recognised_by_code_and_instruction() -> None:
    counts = Counter[bool]()
    for seed in range(100):
        made = compose("\n".join(SNIPPETS), None, seed)
        for said in (made.instruct_descriptive, made.instruct_lazy):
            found = recognise(made.code_before, said, signatures_of(made.code_after))
            edit = found.edit.layer if found and found.edit else ""
            counts[edit == (made.edit if made.check else "")] += 1
    assert counts[True] >= 0.95 * counts.total()


def test_code_of_another_hand_is_not_recognised() -> None:
    assert recognise("print('hello')\n", "Say goodbye.", "") is None


def test_most_of_the_stand_ins_triplets_are_verified_by_its_own_tests(tmp_path: Path) -> None:
    try:
        open_sandbox("auto", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    made = [compose("\n".join(SNIPPETS), None, seed) for seed in range(40)]
    rows = [
        {f"{name}_purify": getattr(each, name) for name in TEXTS} | {"edit_kind": each.kind}
        for each in made
    ]
    triplets, prompts, replies, tested = (
        str(tmp_path / f"{name}.jsonl") for name in ("triplets", "prompts", "replies", "tested")
    )
    write_rows(triplets, rows)
    verify(["prompts", triplets, prompts])
    generate(
        ["--input_file", prompts, "--output_file", replies, "--model_name", "offline"]
        + ["--recovery_file", str(tmp_path / "recovery.jsonl")]
    )
    verify(["collect", triplets, tested, "--replies", replies])
    assert len(list(read_rows(tested))) >= 0.6 * len(rows)
    summary = json.loads(Path(tested).with_suffix(".summary.json").read_text())
    assert summary["test_classes"]["broken"] and summary["test_classes"]["fail_to_pass"]


@pytest.mark.parametrize(
    ("planted", "kind"), [("broken", "broken"), ("vacuous", "broken"), ("wrong", "fail_to_fail")]
)
def test_a_planted_bad_test_is_told_and_verifies_nothing(
    tmp_path: Path, planted: str, kind: str
) -> None:
    try:
        open_sandbox("auto", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    made = compose("\n".join(SNIPPETS), None, 3)
    row = {f"{name}_purify": getattr(made, name) for name in TEXTS} | {"edit_kind": made.kind}
    triplets, prompts, replies, tested = (
        str(tmp_path / f"{name}.jsonl") for name in ("triplets", "prompts", "replies", "tested")
    )
    write_rows(triplets, [row])
    verify(["prompts", triplets, prompts])
    [prompt] = read_rows(prompts)
    said = signatures_of(made.code_after)
    good = written_tests.tests_of_edit(made.code_before, made.instruct_descriptive, said)
    classes = []
    for tests in (
        [written_tests.BAD_TESTS[planted]],
        [*good, written_tests.BAD_TESTS[planted]],
        good,
    ):
        reply = "```python\n" + "\n\n".join(tests) + "\n```"
        write_rows(replies, [{"prompt_id": prompt["prompt_id"], "response": [reply]}])
        verify(["collect", triplets, tested, "--replies", replies, "--keep", *VERDICTS])
        [row] = read_rows(tested)
        classes.append(Counter(row["verification"]["classes"]))
    alone, with_good, only_good = classes
    assert +alone == {kind: 1}
    assert with_good - only_good == {kind: 1} and not only_good - with_good

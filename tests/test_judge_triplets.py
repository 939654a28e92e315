import json
from pathlib import Path

import pytest

from judge_triplets import Verdict, decide, main, read_verdict
from prompts_for_gen import JUDGE_QUESTIONS
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows, write_rows


def triplet(number: int) -> Row:
    code = f"def f(x):\n    return x + {number}\n"
    row: Row = {"commit": ["a", "b"], "code_snippet": ["s", "t"], "prompt_id": f"p{number}"}
    for field, text in {
        "code_before": code,
        "code_after": code.replace("+", "-"),
        "instruct_descriptive": "Subtract instead of adding in `f`.",
        "instruct_lazy": "subtract in f",
    }.items():
        row |= {field: text, f"{field}_purify": text}
    return row


def verdict_text(*answers: str) -> str:
    entries = zip(JUDGE_QUESTIONS, answers, strict=True)
    return json.dumps({q: {"verdict": answer, "reason": "because"} for q, answer in entries})


PASSES = verdict_text("PASS", "PASS", "PASS")
FAILS = verdict_text("PASS", "FAIL", "UNCERTAIN")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    write_rows(tmp_path / "triplets.jsonl", [triplet(n) for n in range(4)])
    main(["prompts", str(tmp_path / "triplets.jsonl"), str(tmp_path / "prompts.jsonl")])
    return tmp_path


def judge(work: Path, name: str, *texts: str) -> str:
    """Answer the prompts in order, as stage 2 would have written it."""
    prompts = read_rows(work / "prompts.jsonl")
    rows = [{**prompt, "response": [text]} for prompt, text in zip(prompts, texts, strict=False)]
    write_rows(work / name, rows)
    return str(work / name)


def collect(work: Path, *arguments: str) -> list[str]:
    main(["collect", str(work / "triplets.jsonl"), str(work / "kept.jsonl"), *arguments])
    kept = (work / "kept.jsonl").read_bytes()
    return [json.loads(line)["prompt_id"] for line in kept.split(b"\n") if line]


def reasons(work: Path) -> list[str]:
    rows = read_rows(work / "kept.rejected.jsonl")
    return [reason for row in rows for reason in row.get("reject_reasons", [row["reject_reason"]])]


def test_each_triplet_gets_one_prompt_with_an_id_of_its_own(work: Path) -> None:
    prompts = list(read_rows(work / "prompts.jsonl"))
    assert len({prompt["prompt_id"] for prompt in prompts}) == 4
    assert [prompt["judged_prompt_id"] for prompt in prompts] == ["p0", "p1", "p2", "p3"]
    assert "-    return x + 0" in prompts[0]["user"][0]


def test_equal_triplets_are_judged_apart(tmp_path: Path) -> None:
    write_rows(tmp_path / "triplets.jsonl", [triplet(1), triplet(1)])
    main(["prompts", str(tmp_path / "triplets.jsonl"), str(tmp_path / "prompts.jsonl")])
    ids = [prompt["prompt_id"] for prompt in read_rows(tmp_path / "prompts.jsonl")]
    assert ids[1] == f"{ids[0]}-2"


def test_a_triplet_is_kept_only_if_all_three_questions_pass(work: Path) -> None:
    replies = judge(work, "a.jsonl", PASSES, FAILS, PASSES, PASSES)
    assert collect(work, "--replies", replies) == ["p0", "p2", "p3"]
    assert reasons(work) == [
        "judged_fail_after_fulfills_it",
        "judged_uncertain_no_unrelated_changes",
    ]


def test_half_a_verdict_is_none_and_counted_by_the_servers_word(work: Path) -> None:
    replies = judge(work, "a.jsonl", PASSES, PASSES, PASSES, f"<think>{PASSES}")
    words = ["stop", "MAX_TOKENS", None, "stop"]
    rows = [
        {**row, "finish_reason": [word]}
        for row, word in zip(read_rows(replies), words, strict=True)
    ]
    write_rows(replies, rows)
    assert collect(work, "--replies", replies) == ["p0", "p2"]
    assert reasons(work) == ["unreadable_verdict"] * 2
    counts = json.loads((work / "kept.summary.json").read_text())["judges"][replies]
    assert (counts["readable"], counts["unreadable"], counts["unfinished_max_tokens"]) == (2, 2, 1)


def test_kept_triplets_are_left_as_they_were(work: Path) -> None:
    collect(work, "--replies", judge(work, "a.jsonl", PASSES, PASSES, PASSES, PASSES))
    assert (work / "kept.jsonl").read_bytes() == (work / "triplets.jsonl").read_bytes()


def test_several_judges_are_voted_on(work: Path) -> None:
    files = [
        judge(work, "a.jsonl", PASSES, PASSES, FAILS, FAILS),
        judge(work, "b.jsonl", PASSES, PASSES, PASSES, FAILS),
        judge(work, "c.jsonl", PASSES, FAILS, FAILS, FAILS),
    ]
    assert collect(work, "--replies", *files) == ["p0", "p1"]
    assert collect(work, "--replies", *files, "--votes", "1") == ["p0", "p1", "p2"]
    assert collect(work, "--replies", *files, "--votes", "3") == ["p0"]


def test_unreadable_and_missing_verdicts_are_counted_and_can_be_asked_again(work: Path) -> None:
    again = work / "again.jsonl"
    replies = judge(work, "a.jsonl", PASSES, "I would rather not say.", FAILS)
    assert collect(work, "--replies", replies, "--ask_again", str(again)) == ["p0"]
    summary = json.loads((work / "kept.summary.json").read_text())
    assert summary["reject_reasons"]["unreadable_verdict"] == 1
    assert summary["reject_reasons"]["not_judged"] == 1
    assert summary["judges"][replies]["unreadable"] == 1
    assert [prompt["judged_prompt_id"] for prompt in read_rows(again)] == ["p1", "p3"]
    second = [{**prompt, "response": [PASSES]} for prompt in read_rows(again)]
    write_rows(work / "b.jsonl", second)
    assert collect(work, "--replies", replies, str(work / "b.jsonl")) == ["p0", "p1", "p3"]


def test_more_votes_than_judges_is_too_few_votes() -> None:
    verdict = read_verdict(PASSES)
    assert decide([verdict], 2) == ("too_few_votes",)
    assert decide([verdict, None], 2) == ("unreadable_verdict",)


@pytest.mark.parametrize(
    "reply",
    [
        "PASS",
        json.dumps({"before_lacks_it": "PASS", "after_fulfills_it": "PASS"}),
        verdict_text("PASS", "PASS", "MAYBE"),
        "[1]",
        None,
        "",
    ],
)
def test_a_reply_that_does_not_answer_all_three_is_unreadable(reply: object) -> None:
    assert read_verdict(reply) is None


def test_verdicts_may_be_plain_words_in_any_case() -> None:
    reply = "```json\n" + json.dumps(dict.fromkeys(JUDGE_QUESTIONS, "pass")) + "\n```"
    assert read_verdict(reply) == Verdict(
        dict.fromkeys(JUDGE_QUESTIONS, "PASS"), dict.fromkeys(JUDGE_QUESTIONS, "")
    )


def test_a_triplet_with_an_empty_text_is_not_judged(tmp_path: Path) -> None:
    write_rows(tmp_path / "t.jsonl", [triplet(1) | {"instruct_lazy_purify": " "}, triplet(2)])
    main(["prompts", str(tmp_path / "t.jsonl"), str(tmp_path / "prompts.jsonl")])
    (rejected,) = read_rows(tmp_path / "prompts.rejected.jsonl")
    assert rejected["reject_reason"] == "empty_instruct_lazy"


def test_replies_of_another_stage_are_an_error_that_names_the_field(work: Path) -> None:
    with pytest.raises(PipelineError, match=r"prompts.jsonl, line 1: field 'response'"):
        collect(work, "--replies", str(work / "prompts.jsonl"))


def test_no_votes_is_an_error(work: Path) -> None:
    with pytest.raises(PipelineError, match="--votes must be above 0, not 0"):
        collect(work, "--replies", judge(work, "a.jsonl", PASSES), "--votes", "0")

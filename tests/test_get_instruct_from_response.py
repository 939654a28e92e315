import json
import subprocess
import sys
from pathlib import Path

import pytest

from get_instruct_from_response import BATCH, extract_triplet, main
from tests.key_shapes import make_key, make_password
from utils.code.fences import fenced
from utils.code.syntax import is_python_program
from utils.errors import BadReply, PipelineError
from utils.jsonl import read_rows, write_rows

ROOT = Path(__file__).parents[1]
BEFORE = "def f(a):\n    return a\n"
AFTER = "def f(a):\n    return a + 1\n"
FIRST = (
    f"[Program Before Edit]\n{fenced(BEFORE)}\n\n[Descriptive]\nAdd one to the result.\n\n"
    "[Lazy]\nadd one\n"
)
SECOND = f"[Program After Edit]\n{fenced(AFTER)}\n"
PURIFIED = {
    "code_before_purify": BEFORE,
    "code_after_purify": AFTER,
    "instruct_descriptive_purify": "Add one to the result.",
    "instruct_lazy_purify": "add one",
}


def reply(first=FIRST, second=SECOND, **fields):
    return {
        "prompt_id": "p1",
        "commit": ["a", "b"],
        "system": "s",
        "user": ["u1", "u2"],
        "code_snippet": ["x", "y"],
        "license": ["mit", None],
        "response": [first, second],
        "response_1": first,
        "response_2": second,
        "sample_index": 1,
        "model": "offline",
        "finish_reason": ["stop", "stop"],
        "usage": [{}, {}],
        **fields,
    }


def reason(row):
    with pytest.raises(BadReply) as caught:
        extract_triplet(row, is_python_program)
    return caught.value.reason


def purified_of(row):
    triplet = extract_triplet(row, is_python_program)
    return {field: triplet[field] for field in PURIFIED}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_stage(rows, *flags):
    write_rows("replies.jsonl", rows)
    main(["replies.jsonl", "triplets.jsonl", *flags])
    return [json.loads(line) for line in Path("triplets.jsonl").read_bytes().splitlines()]


def test_both_rounds_become_a_triplet_raw_and_purified(folder):
    assert run_stage([reply()]) == [
        {
            "commit": ["a", "b"],
            "code_snippet": ["x", "y"],
            "code_before": fenced(BEFORE),
            "code_after": fenced(AFTER),
            "instruct_descriptive": "Add one to the result.",
            "instruct_lazy": "add one",
            **PURIFIED,
            "prompt_id": "p1",
            "sample_index": 1,
            "model": "offline",
            "license": ["mit", None],
        }
    ]


def test_a_rewritten_commit_keeps_its_own_code(folder):
    instructions = "[Descriptive]\nAdd one to the result.\n[Lazy]\nadd one"
    row = {
        "prompt_id": "p",
        "commit": "c",
        "old_code": BEFORE,
        "new_code": AFTER,
        "response": [instructions],
        "response_1": instructions,
        "response_2": None,
        "sample_index": 1,
    }
    (triplet,) = run_stage([row])
    assert {field: triplet[field] for field in PURIFIED} == PURIFIED
    assert (triplet["code_before"], triplet["commit"]) == (BEFORE, "c")
    assert reason(row | {"new_code": " "}) == "empty_program_after_edit"
    assert reason(row | {"old_code": None}) == "empty_program_before_edit"


@pytest.mark.parametrize(
    "replies",
    [
        {"response_1": FIRST, "response_2": SECOND},
        {"response": [FIRST, SECOND]},
        {"response": FIRST + SECOND},
        {"response": "kept for show", "response_1": FIRST, "response_2": SECOND},
    ],
)
def test_replies_are_read_however_a_file_names_them(folder, replies):
    row = {"commit": "a,b", "system": "s", "user": "u", "code_snippet": "x"} | replies
    first, second = run_stage([row, row])
    assert {field: first[field] for field in PURIFIED} == PURIFIED
    assert second["prompt_id"] == first["prompt_id"] + "-2"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (reply(second="<UNREASONABLE>"), "unreasonable"),
        (reply(second="<UNREASONABLE>", finish_reason=["stop", "length"]), "unreasonable"),
        (reply(finish_reason=["length", "stop"]), "truncated"),
        (reply(second=SECOND[:-5]), "truncated"),
        (reply(finish_reason="content_filter"), "truncated"),
        (reply(finish_reason=["stop", "tool_calls"]), "tool_call"),
        (reply(f"<think>\n{FIRST}"), "truncated"),
        (reply(FIRST.replace("[Lazy]", "<|im_end|>\n[Lazy]")), "leaked_token"),
        (reply(second=SECOND.replace("a + 1", "a + 1<|im_end|>")), "leaked_token"),
        (reply(second=SECOND.replace("a + 1", "'\ud83d'")), "not_unicode"),
        (reply(second="I'm sorry, I can't."), "refusal"),
        (reply("Sorry, I can't help.", "<UNREASONABLE>"), "refusal"),
        (reply(FIRST.replace("add one\n", "I cannot help with that.")), "refusal"),
        (reply(second=None), "no_response"),
        (reply(second=" "), "no_response"),
        (reply(response_1=5), "no_response"),
        (reply(FIRST.replace("[Lazy]", "")), "missing_lazy"),
        (reply(FIRST.replace("add one\n", "---")), "empty_lazy"),
        (reply(FIRST.replace("[Descriptive]", "")), "missing_descriptive"),
        (reply(FIRST.replace(BEFORE, "")), "empty_program_before_edit"),
        (reply(FIRST.replace(BEFORE, "x = 1\n")), "single_line_code"),
        (reply(second="[Program After Edit]\nNothing to do."), "no_code_block"),
        (reply(second="```diff\n@@\n-x\n+y\n```"), "diff_not_applicable"),
        (
            reply(second=SECOND.replace("    return", "    # ... unchanged\n    return")),
            "elided_code",
        ),
    ],
)
def test_a_reply_without_a_sound_triplet_is_rejected_with_its_reason(folder, row, why):
    assert run_stage([row, reply()]) == run_stage([reply()])
    run_stage([reply(), row])
    (rejected,) = read_rows("triplets.rejected.jsonl")
    assert rejected == row | {"reject_reason": why}
    assert json.loads(Path("triplets.summary.json").read_text())["reject_reasons"] == {why: 1}


def test_half_answers_are_counted_by_the_servers_words(folder):
    reasons = [
        ["stop", "LENGTH"],
        ["abort", "abort"],
        ["stop", "eos"],
        None,
        ["stop", "tool_calls"],
    ]
    run_stage([reply(finish_reason=words, prompt_id=str(words)) for words in reasons])
    summary = json.loads(Path("triplets.summary.json").read_text())
    assert summary["kept"] == 2 and summary["reject_reasons"] == {"truncated": 2, "tool_call": 1}
    assert summary["unfinished"] == {"abort": 2, "length": 1, "tool_calls": 1}


def test_end_tokens_are_cut_and_those_of_the_code_before_stay():
    assert purified_of(reply(FIRST + "<|eot_id|>", f"{SECOND.strip()}<|im_end|>\n")) == PURIFIED
    code = 'STOP = "x" \\\n    "<|im_end|>,<|im_end|>"\n'
    first = FIRST.replace(BEFORE, code).replace("to the result", "to STOP, say <|im_end|> twice")
    triplet = purified_of(reply(first, SECOND.replace(AFTER, code.replace('"x"', '"y"'))))
    assert triplet["code_before_purify"] == code
    assert triplet["instruct_descriptive_purify"] == "Add one to STOP, say <|im_end|> twice."


def test_the_tokens_of_a_rewritten_commit_are_its_own():
    said = "[Descriptive]\nStop at <|eot|> as well.\n[Lazy]\nstop there too"
    row = {"commit": "c", "old_code": BEFORE, "new_code": AFTER, "response_1": said}
    assert reason(row) == "leaked_token"
    row["new_code"] = AFTER + "STOP = '<|eot|>'\n"
    assert purified_of(row)["instruct_lazy_purify"] == "stop there too"


def test_a_diff_in_the_second_round_is_applied():
    diff = "```diff\n@@ -1,2 +1,2 @@\n def f(a):\n-    return a\n+    return a + 1\n```"
    assert purified_of(reply(second=diff)) == PURIFIED


SECRETS = [
    f"KEY = {make_key('anthropic')!r}",
    f"KEY = {make_key('aws')!r}",
    f"db = connect('h', password={make_password()!r})",
    f"token: str = {make_key('hugging_face')!r}",
    f"KEY = {make_key('deepseek')!r}",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_program_that_holds_a_secret_is_rejected_with_masked_evidence(folder, line):
    leak = fenced(f"{AFTER}{line}\n")
    run_stage([reply(second=f"[Program After Edit]\n{leak}\n"), reply(prompt_id="p2")])
    assert [row["prompt_id"] for row in read_rows("triplets.jsonl")] == ["p2"]
    [row] = read_rows("triplets.rejected.jsonl")
    assert row["reject_reason"] == "secret"
    [found] = row["secret_evidence"]
    assert (found["field"], found["line"]) == ("code_after_purify", 3)
    assert found["masked"][4:7] == "***" or found["masked"][3:6] == "***"


def test_an_allowed_secret_is_none(folder):
    leak = fenced(f"{AFTER}{SECRETS[2]}\n")
    Path("allowed.txt").write_text(make_password(), encoding="utf-8")
    row = reply(second=f"[Program After Edit]\n{leak}\n")
    run_stage([row], "--secrets_allow_list", "allowed.txt")
    assert len([*read_rows("triplets.jsonl")]) == 1


@pytest.mark.parametrize(
    "line",
    [
        "PASSWORD = 'your-password'",
        "KEY_ENV = 'MY_SECRET1_NAME'",
        "url = 'http://user:pass%20pass@host/'",
        "connect(password='*****')",
        "HASHER = 'pbkdf2_sha256'",
    ],
)
def test_a_stand_in_for_a_secret_is_kept(folder, line):
    run_stage([reply(second="[Program After Edit]\n" + fenced(f"{AFTER}{line}\n"))])
    assert len([*read_rows("triplets.jsonl")]) == 1


def test_several_processes_give_the_same_bytes_in_the_same_order(folder):
    rows = [
        reply(second="no" if number % 3 else SECOND, prompt_id=f"p{number}")
        for number in range(2 * BATCH + 10)
    ]
    run_stage(rows, "--num_workers=1")
    files = [Path("triplets.jsonl"), Path("triplets.rejected.jsonl"), Path("triplets.summary.json")]
    alone = [file.read_bytes() for file in files]
    run_stage(rows, "--num_workers=2")
    assert [file.read_bytes() for file in files] == alone


def test_other_languages_go_by_their_fences(folder):
    rust = fenced("fn f() {\n}\n", "rust")
    row = reply(FIRST.replace(fenced(BEFORE), rust), rust)
    (triplet,) = run_stage([row], "--language=rust")
    assert triplet["code_after_purify"] == "fn f() {\n}\n"


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (("commit",), "field 'commit' is missing"),
        (("response", "response_1"), "field 'response' or 'response_1' is missing"),
        (("prompt_id", "user"), "field 'prompt_id' or 'user' is missing"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_line_and_field(folder, missing, message):
    row = {field: value for field, value in reply().items() if field not in missing}
    with pytest.raises(PipelineError, match=f"replies.jsonl, line 2: {message}"):
        run_stage([reply(), row])
    assert not Path("triplets.jsonl").exists()


def test_a_stage_does_not_overwrite_its_input(folder):
    write_rows("replies.jsonl", [reply()])
    with pytest.raises(PipelineError, match="is an input"):
        main(["replies.jsonl", "replies.jsonl"])


def test_a_negative_number_of_processes_is_refused(folder):
    with pytest.raises(PipelineError, match="--num_workers must not be negative, not -1"):
        run_stage([reply()], "--num_workers=-1")


def test_the_command_of_the_manual_runs(tmp_path):
    write_rows(tmp_path / "in.jsonl", [reply(), reply(second="<UNREASONABLE>")])
    command = [sys.executable, str(ROOT / "get_instruct_from_response.py"), "in.jsonl", "out.jsonl"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")
    foreign, kept = result.stderr.splitlines()
    assert foreign.startswith("in.jsonl: has no summary beside it")
    assert kept == "kept 1 of 2; unreasonable 1 -> out.jsonl"
    (tmp_path / "in.jsonl").write_text("{}\n{")
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("error: in.jsonl, line 1: field 'commit' is missing")


def test_what_the_model_thought_goes_into_the_triplet_where_it_was_kept():
    kept = extract_triplet(reply(reasoning=["first", "then"]), is_python_program)
    assert kept["reasoning"] == ["first", "then"]
    assert "reasoning" not in extract_triplet(reply(), is_python_program)

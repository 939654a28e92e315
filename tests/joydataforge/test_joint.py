"""Roles on one row, on real servers: order, copies, picking, what becomes the target."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.joint import main
from tests.fault_server import FaultServer
from tests.joydataforge.scripted_server import Body, ScriptedServer, Written, asked_text
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

REVISE = [
    {"name": "draft", "model": "a", "prompt": "Draft: {input}", "options": {"temperature": 0.9}},
    {"name": "critique", "model": "b", "prompt": "Criticise {draft} to {input}"},
    {"name": "final", "prompt": "Revise {draft} by {critique}"},
]
PICK = [
    {"name": "proposals", "model": ["a", "b"], "copies": 3, "prompt": "Propose: {input}"},
    {"name": "best", "picks": "proposals", "prompt": "Pick for {input}:\n{proposals}"},
]


def settings(folder: Path, base: str, **keys: Any) -> str:
    bases = keys.pop("bases", {})
    models = {name: {"base": bases.get(name, base)} for name in ("a", "b", "strong")}
    (folder / "models.yaml").write_text(json.dumps(models))
    rows = keys.pop("rows", [{"input": "What is gout?"}])
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    values = {
        "model": "strong",
        "model_map": str(folder / "models.yaml"),
        "roles": REVISE,
        "result_from": "final",
        "data_read_path": str(folder / "rows.jsonl"),
        "data_write_path": str(folder),
        "data_write_file_name": "out.jsonl",
        "max_try": 2,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(values | keys, sort_keys=False))
    return str(folder / "config.yaml")


def echo(body: Body) -> Written:
    """Answer with what was asked, in brackets, and the model's name."""
    return f"{body['model']}[{asked_text(body)}]"


def shown_texts(text: str) -> list[str]:
    return re.findall(r"^--- \d+ ---\n(.*)$", text, re.MULTILINE)


def pick_third(body: Body) -> Written:
    """Propose by the seed; pick the proposal that is third in the alphabet."""
    text = asked_text(body)
    if text.startswith("Propose"):
        return f"{body['model']} {body['seed']}"
    listed = shown_texts(text)
    return json.dumps({"choice": listed.index(sorted(listed)[2]) + 1, "reason": "it is best"})


def play(folder: Path, write: Any = echo, **keys: Any) -> list[Row]:
    with ScriptedServer(write) as server:
        assert main(["--config", settings(folder, server.url, **keys)]) == 0
    return list(read_rows(folder / "out.jsonl"))


def rejected(folder: Path) -> list[Row]:
    return list(read_rows(folder / "out.rejected.jsonl"))


def test_each_role_sees_the_row_and_the_replies_before_it_and_all_are_kept(tmp_path: Path) -> None:
    [row] = play(tmp_path, rows=[{"input": "Why?", "tag": "t", "target": "Old."}])
    draft = "a[Draft: Why?]"
    critique = f"b[Criticise {draft} to Why?]"
    final = f"strong[Revise {draft} by {critique}]"
    assert row["roles"] == {"draft": draft, "critique": critique, "final": final}
    assert row["role_models"] == {"draft": "a", "critique": "b", "final": "strong"}
    assert (row["target"], row["original_target"], row["tag"]) == (final, "Old.", "t")
    assert "picked" not in row


def test_a_role_has_its_own_options_and_system_text(tmp_path: Path) -> None:
    with ScriptedServer(echo) as server:
        roles = [REVISE[0], {**REVISE[1], "system": "You know {input}"}, REVISE[2]]
        config = settings(tmp_path, server.url, roles=roles, system="All", temperature=0.2)
        assert main(["--config", config]) == 0
        draft, critique, final = server.bodies
    assert [body["temperature"] for body in (draft, critique, final)] == [0.9, 0.2, 0.2]
    systems = [body["messages"][0]["content"] for body in (draft, critique, final)]
    assert systems == ["All", "You know What is gout?", "All"]


def test_braces_in_a_reply_are_not_taken_for_places(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        return "{critique} {input}" if body["model"] == "a" else echo(body)

    [row] = play(tmp_path, write)
    assert row["roles"]["critique"] == "b[Criticise {critique} {input} to What is gout?]"


def test_copies_come_from_the_models_in_turn_each_with_another_seed(tmp_path: Path) -> None:
    [row] = play(tmp_path, pick_third, roles=PICK, result_from="best")
    proposals = row["roles"]["proposals"]
    assert row["role_models"] == {"proposals": ["a", "b", "a"], "best": "strong"}
    assert [text.split()[0] for text in proposals] == ["a", "b", "a"]
    assert len(set(proposals)) == 3


def test_the_picked_proposal_becomes_the_target_whatever_the_order_it_was_shown_in(
    tmp_path: Path,
) -> None:
    rows = [{"input": f"Question {number}"} for number in range(12)]
    made = play(tmp_path, pick_third, roles=PICK, result_from="best", rows=rows)
    orders = Counter(tuple(row["picked"]["best"]["shown"]) for row in made)
    assert len(orders) > 1 and all(sorted(order) == [1, 2, 3] for order in orders)
    for row in made:
        picked, proposals = row["picked"]["best"], row["roles"]["proposals"]
        assert row["target"] == sorted(proposals)[2] == proposals[picked["number"] - 1]
        assert picked["shown"][row["roles"]["best"]["choice"] - 1] == picked["number"]
        assert picked["model"] == row["target"].split()[0]


@pytest.mark.parametrize("bad", ['{"choice": 4}', '{"choice": 0}', '{"choice": 1.5}', "The first."])
def test_a_choice_that_is_no_proposals_number_is_asked_for_again(tmp_path: Path, bad: str) -> None:
    picks = iter([bad, "2"])

    def write(body: Body) -> Written:
        return echo(body) if asked_text(body).startswith("Propose") else next(picks)

    [row] = play(tmp_path, write, roles=PICK, result_from="best")
    assert row["roles"]["best"] == {"choice": 2}
    assert row["picked"]["best"]["number"] == row["picked"]["best"]["shown"][1]


def test_a_picker_that_never_chooses_rejects_the_row_with_the_replies_so_far(
    tmp_path: Path,
) -> None:
    def write(body: Body) -> Written:
        return '{"choice": 9}' if body["model"] == "strong" else echo(body)

    with ScriptedServer(write) as server:
        config = settings(tmp_path, server.url, roles=PICK, result_from="best")
        assert main(["--config", config]) == 0
    [row] = rejected(tmp_path)
    assert row["reject_reason"] == "best_choice_out_of_range"
    assert len(row["roles"]["proposals"]) == 3 and "target" not in row


def test_a_copy_that_can_not_be_had_is_left_out(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        if body["model"] == "b":
            return "I'm sorry, but I can't help with that request."
        return echo(body) if body["model"] == "a" else '{"choice": 2}'

    [row] = play(tmp_path, write, roles=PICK, result_from="best")
    assert row["role_models"]["proposals"] == ["a", "a"] and len(row["roles"]["proposals"]) == 2


def test_a_refusal_is_asked_again_and_in_the_end_rejects_the_row(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        return "I cannot assist with this request." if body["model"] == "b" else echo(body)

    with ScriptedServer(write) as server:
        assert main(["--config", settings(tmp_path, server.url)]) == 0
        assert [body["model"] for body in server.bodies] == ["a", "b", "b"]
    assert rejected(tmp_path)[0]["reject_reason"] == "critique_answer_refused"


def test_replies_in_json_are_shown_whole_and_one_field_may_be_the_result(tmp_path: Path) -> None:
    fields = {"text": {"type": "text"}, "score": {"type": "number", "highest": 10}}
    roles = [
        {"name": "draft", "prompt": "Draft: {input}", "answer_fields": fields},
        {"name": "check", "prompt": "Check: {draft}"},
    ]

    def write(body: Body) -> Written:
        is_draft = asked_text(body).startswith("Draft")
        return '```json\n{"text": "Yes.", "score": 3}\n```' if is_draft else echo(body)

    [row] = play(tmp_path, write, roles=roles, result_from="draft.text")
    assert row["roles"]["draft"] == {"text": "Yes.", "score": 3} and row["target"] == "Yes."
    assert row["roles"]["check"] == 'strong[Check: {"text":"Yes.","score":3}]'


def test_rows_of_one_query_share_the_replies_unless_their_targets_differ(tmp_path: Path) -> None:
    rows = [{"input": "Why?", "target": text} for text in ("One.", "Two.", "One.")]
    with ScriptedServer(echo) as server:
        assert main(["--config", settings(tmp_path, server.url, rows=rows)]) == 0
        assert len(server.bodies) == 6
    made = list(read_rows(tmp_path / "out.jsonl"))
    assert [row["original_target"] for row in made] == ["One.", "Two.", "One."]


def test_after_a_stop_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    rows = [{"input": f"Question {number}"} for number in range(5)]
    with ScriptedServer(echo) as server:
        with FaultServer({"faults": {"401": 1.0}}) as down:
            config = settings(tmp_path, server.url, rows=rows, bases={"strong": down.url})
            assert main(["--config", config]) == 2
        asked = len(server.bodies)
        config = settings(tmp_path, server.url, rows=rows)
        assert main(["--config", config, "--continue_from_error"]) == 0
        assert asked >= 2 and len(server.bodies) == 15
        resumed = (tmp_path / "out.jsonl").read_bytes()
        assert main(["--config", config, "--overwrite"]) == 0
    assert (tmp_path / "out.jsonl").read_bytes() == resumed


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"roles": []}, "roles must list one or more"),
        ({"roles": [REVISE[0], REVISE[0]]}, "'draft' stands there twice"),
        ({"roles": [REVISE[1], REVISE[0], REVISE[2]]}, "hasn't replied by then"),
        ({"roles": [{**REVISE[0], "prompt": "{input} {draft?}"}]}, "hasn't replied by then"),
        ({"roles": [{**REVISE[0], "name": "my draft"}]}, "can't be a role's name"),
        ({"roles": [{**REVISE[0], "name": "input"}], "result_from": "input"}, "then"),
        ({"roles": [{**REVISE[0], "name": "tag", "prompt": "{input}"}], "result_from": "tag"},
         "'tag' is the name of a field"),
        ({"roles": [{**REVISE[0], "prompt": "{topic}"}], "result_from": "draft"},
         "key 'roles.draft.prompt': the prompt has a place for 'topic'"),
        ({"roles": [{**REVISE[0], "prompt": " "}]}, "the prompt is empty"),
        ({"roles": [{**REVISE[0], "model": "nobody"}], "result_from": "draft"},
         "no model 'nobody'"),
        ({"roles": [{**REVISE[0], "options": {"seed": 1}}]}, "options can't hold 'seed'"),
        ({"roles": [{**REVISE[0], "temprature": 1}]}, "temprature"),
        ({"roles": [{**REVISE[0], "copies": 0}]}, "copies': must be above 0, not 0"),
        ({"result_from": "nobody"}, "no role 'nobody' (has: draft, critique, final)"),
        ({"result_from": "final.text"}, "'final' has no field 'text'"),
        ({"roles": PICK, "result_from": "proposals"}, "add a role that picks"),
        ({"roles": [{**PICK[0], "copies": 1}, PICK[1]], "result_from": "best"}, "two or more"),
        ({"roles": [PICK[0], {**PICK[1], "prompt": "Pick."}], "result_from": "best"},
         "no place for '{proposals}'"),
        ({"roles": [{**REVISE[0], "answer_fields": {"text": {}}}], "result_from": "draft"},
         "name one: draft.text"),
        ({"roles": [PICK[0], {**PICK[1], "answer_fields": {"why": {}}}], "result_from": "best"},
         "need a number 'choice'"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_roles_is_found_before_anything_is_asked(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with ScriptedServer(echo) as server:
        rows = [{"input": "What is gout?", "tag": "medicine"}]
        with pytest.raises(PipelineError, match=re.escape(message)):
            main(["--config", settings(tmp_path, server.url, rows=rows, **keys)])
        assert server.bodies == []


@pytest.mark.parametrize("name", ["joint_revise", "joint_pick"])
def test_the_shipped_pipelines_run_offline(tmp_path: Path, name: str) -> None:
    flags = ["--data_write_path", str(tmp_path), "--data_write_file_name", "out.jsonl"]
    config = f"joydataforge/configs/{name}.yaml"
    assert main(["--config", config, *flags, "--threshold", "6"]) == 0
    rows = list(read_rows(tmp_path / "out.jsonl"))
    assert len(rows) == 6
    for row in rows:
        replies = row["roles"].get("proposals") or [row["roles"]["revise"]]
        assert row["target"] in replies

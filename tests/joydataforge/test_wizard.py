"""Lineages: evolved round by round, failed ones asked again, everything kept."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.wizard import main
from tests.joydataforge.scripted_server import Body, ScriptedServer, Written, asked_text
from utils.code.fences import fenced
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

EVOLVE = "Evolve this.\n### Given query\n{input}\n\n### Rewritten query\n"
RATE = 'Rate this.\n### Query to rate\n{input}\n\nAnswer with {"difficulty": 1}'


def settings(folder: Path, **keys: Any) -> str:
    """Write a config, and the rows it reads; returns the config's path."""
    (folder / "models.yaml").write_text(json.dumps({"m": {"base": keys.pop("base", "embedded")}}))
    rows = keys.pop("rows", [{"input": "What is gout?", "tag": "medicine"}])
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    values = {
        "method": "wizard",
        "model": "m",
        "model_map": str(folder / "models.yaml"),
        "data_read_path": str(folder / "rows.jsonl"),
        "data_write_path": str(folder),
        "data_write_file_name": "out.jsonl",
        "evolutions": {"deepen": {"prompt": EVOLVE}},
        "prompt_difficulty": RATE,
        "limits": {"residue": ["### Given query"]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(values | keys))
    return str(folder / "config.yaml")


def evolve(folder: Path, *flags: str, **keys: Any) -> list[Row]:
    assert main(["--config", settings(folder, **keys), *flags]) == 0
    return list(read_rows(folder / "out.jsonl"))


def given(body: Body) -> str:
    """Give the query that a request is about."""
    return asked_text(body).split("\n### ")[1].partition("\n")[2].partition("\n\nAnswer")[0].strip()


def longer(body: Body) -> Written:
    """Rate by length, and evolve by adding a sentence."""
    if "Rate this" in asked_text(body):
        return json.dumps({"difficulty": min(10, len(given(body)) // 20 + 1)})
    return f"{given(body)} Say so in {len(given(body))} words at most."


def test_the_whole_lineage_is_kept_and_the_last_query_takes_the_rows_place(tmp_path: Path) -> None:
    row = {"input": "What is gout?", "target": "A disease.", "tag": "medicine", "n": 3}
    with ScriptedServer(longer) as server:
        [made] = evolve(tmp_path, base=server.url, rows=[row])
    first, second = made["evolved"]
    assert first == "What is gout? Say so in 13 words at most."
    assert second == first + " Say so in 41 words at most."
    assert made["input"] == second and made["original_input"] == "What is gout?"
    # What answers the original doesn't answer this.
    assert made["target"] == "" and made["original_target"] == "A disease."
    assert made["tag"] == "medicine" and made["n"] == 3 and made["difficulty"] == 4
    assert made["lineage"] == [
        {
            "round": number,
            "kind": kind,
            "parent": parent,
            "query": query,
            "difficulty": difficulty,
            "eliminated": [],
        }
        for number, kind, parent, query, difficulty in (
            (0, "original", None, "What is gout?", 1),
            (1, "deepen", "What is gout?", first, 3),
            (2, "deepen", first, second, 4),
        )
    ]


def test_failed_evolutions_are_asked_for_again_and_kept_with_their_reasons(tmp_path: Path) -> None:
    answers = iter(
        [
            "What is gout?",
            "I'm sorry, but I can't help with that request.",
            "### Given query\nWhat is gout, and who gets it?",
            ("What is gout, and wh", "length"),
            "What is gout, who gets it, and why mostly at night?",
        ]
    )

    def write(body: Body) -> Written:
        return '{"difficulty": 5}' if "Rate this" in asked_text(body) else next(answers)

    with ScriptedServer(write) as server:
        [made] = evolve(tmp_path, base=server.url, rounds=1)
    seeds = [b["seed"] for b in server.bodies if "Evolve this" in asked_text(b)]
    assert len(set(seeds)) == 5
    step = made["lineage"][1]
    assert step["query"] == "What is gout, who gets it, and why mostly at night?"
    assert [each["reason"] for each in step["eliminated"]] == [
        "equal_to_parent",
        "refusal",
        "prompt_residue",
        "cut_off",
    ]
    assert step["eliminated"][0]["text"] == "What is gout?"
    summary = json.loads((tmp_path / "out.summary.json").read_text())
    assert summary["evolutions"] == {"deepen": 1} and summary["eliminated"]["cut_off"] == 1
    assert summary["mean_difficulty"] == {"0": 5.0, "1": 5.0}


def test_a_new_query_loses_what_was_told_of_the_original(tmp_path: Path) -> None:
    row = {"input": "What is gout?", "history": ["Hello."], "tag": "medicine", "n": 3}
    evolutions = {"new": {"prompt": EVOLVE, "direction": "breadth"}}
    with ScriptedServer(longer) as server:
        [made] = evolve(tmp_path, base=server.url, rows=[row], evolutions=evolutions)
    assert (made["history"], made["tag"], made["n"]) == ([], None, 3)
    assert (made["original_history"], made["original_tag"]) == (["Hello."], "medicine")


def test_a_lineage_stops_at_the_last_query_that_held(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        return longer(body) if "Say so" not in given(body) else given(body)

    with ScriptedServer(write) as server:
        [made] = evolve(
            tmp_path,
            base=server.url,
            rounds=3,
            max_try=2,
            prompt_difficulty="",
            rows=[{"input": "q"}],
        )
    assert made["input"] == "q Say so in 1 words at most." and len(made["lineage"]) == 3
    last = made["lineage"][2]
    assert last["query"] is None and len(last["eliminated"]) == 2 and made["difficulty"] is None


def test_a_row_of_which_no_evolution_holds_is_rejected_with_its_lineage(tmp_path: Path) -> None:
    with ScriptedServer(given) as server:
        keys = {"base": server.url, "prompt_difficulty": "", "max_try": 2}
        assert main(["--config", settings(tmp_path, **keys)]) == 0
    assert (tmp_path / "out.jsonl").read_text() == ""
    [rejected] = read_rows(tmp_path / "out.rejected.jsonl")
    assert rejected["reject_reason"] == "not_evolved" and rejected["input"] == "What is gout?"
    assert len(rejected["lineage"][1]["eliminated"]) == 2


def test_a_score_that_cant_be_read_costs_the_score_alone(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        return '{"difficulty": 11}' if "Rate this" in asked_text(body) else longer(body)

    with ScriptedServer(write) as server:
        [made] = evolve(tmp_path, base=server.url, rounds=1, max_try=2)
    assert [step["difficulty"] for step in made["lineage"]] == [None, None]
    assert len(server.bodies) == 2 * 2 + 1


def test_the_last_query_is_answered_where_asked_for_and_a_refusal_rejects(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        if not asked_text(body).startswith("Answer: "):
            return longer(body)
        is_refused = "gout" in asked_text(body)
        return "I'm sorry, but I can't help with that." if is_refused else "Because of dust."

    rows = [{"input": "What is gout?"}, {"input": "Why is the sky red?"}]
    with ScriptedServer(write) as server:
        keys = {"answer_evolved": True, "prompt": "Answer: {input}", "max_try": 2, "rows": rows}
        [made] = evolve(tmp_path, base=server.url, **keys)
    assert made["target"] == "Because of dust." and "red? Say so" in made["input"]
    asked = [asked_text(b) for b in server.bodies if asked_text(b).startswith("Answer: ")]
    assert f"Answer: {made['input']}" in asked
    [rejected] = read_rows(tmp_path / "out.rejected.jsonl")
    assert rejected["reject_reason"] == "answer_refused" and len(rejected["lineage"]) == 3


def test_code_is_shown_between_safe_fences_and_stays_byte_for_byte(tmp_path: Path) -> None:
    code = 'def help():\r\n    """```\n    {input}\n    ```"""\x0c\n    return 1'
    rows = [{"input": "Rename it.", "code": code}, {"input": "Go.", "code": " "}]
    prompt = "Evolve this.\n{code}\n### Given query\n{input}\n\n### Rewritten query\n"
    answers = iter(["Do this:\n```python\nx = 1\n```", "Rename `help` to `usage` and adapt calls."])
    with ScriptedServer(lambda body: next(answers)) as server:
        [made] = evolve(
            tmp_path,
            base=server.url,
            rows=rows,
            rounds=1,
            code_field="code",
            code_language="python",
            prompt_difficulty="",
            evolutions={"deepen": {"prompt": prompt}},
        )
    assert made["code"] == code
    assert fenced(code, "python") in asked_text(server.bodies[0])
    assert "````python" in asked_text(server.bodies[0])
    assert made["lineage"][1]["eliminated"][0]["reason"] == "code_in_query"
    [rejected] = read_rows(tmp_path / "out.rejected.jsonl")
    assert rejected["reject_reason"] == "empty_code"


def test_equal_queries_with_other_targets_stay_apart(tmp_path: Path) -> None:
    rows = [{"input": "What is gout?", "target": target} for target in ("A.", "B.", "A.")]
    with ScriptedServer(longer) as server:
        made = evolve(tmp_path, base=server.url, rows=rows)
    assert [row["original_target"] for row in made] == ["A.", "B.", "A."]
    assert [row.get("from_cache") for row in made] == [None, None, True]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"evolutions": {}}, "at least one kind"),
        ({"evolutions": {"a": {"prompt": "{input}", "weight": 0}}}, "weight above 0"),
        ({"evolutions": {"a": {"prompt": "no place"}}}, "no place for '{input}'"),
        ({"evolutions": {"a": {"prompt": "{input} {topic}"}}}, "'topic'"),
        ({"rounds": 0}, "'rounds': must be above 0, not 0"),
        ({"answer_evolved": True}, "needs a 'prompt'"),
        ({"code_field": "code"}, "no place for '{code}'"),
        ({"limits": {"growth_factor": 0.5}}, "growth_factor"),
        ({"data_read_path": ""}, "data_read_path"),
    ],
)
def test_a_mistake_in_the_settings_is_named(
    tmp_path: Path, keys: dict[str, Any], says: str
) -> None:
    with pytest.raises(PipelineError, match=says.replace("{", "\\{")):
        main(["--config", settings(tmp_path, **keys)])


def test_the_shipped_settings_run_on_the_embedded_model(tmp_path: Path) -> None:
    for name in ("wizard", "wizard_code_edit"):
        config = f"joydataforge/configs/{name}.yaml"
        flags = ["--config", config, "--threshold", "8", "--data_write_path", str(tmp_path)]
        assert main(flags) == 0
        rows = list(read_rows(tmp_path / f"{name}.jsonl"))
        assert len(rows) >= 7
        assert all(len(row["lineage"]) == 3 for row in rows if len(row["evolved"]) == 2)
        assert all(1 <= row["difficulty"] <= 10 for row in rows)

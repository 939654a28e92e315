import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from joydataforge.methods.rows import check_templates, full_query, planned_rows, query_of
from joydataforge.methods.settings import MethodConfig
from utils.errors import PipelineError


@dataclass(frozen=True, kw_only=True)
class RoleConfig(MethodConfig):
    roles: list[dict[str, str]] = field(default_factory=list)


def config_of(folder: Path, rows: list[Any], **keys: Any) -> RoleConfig:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return RoleConfig(**({"method": "trial", "data_read_path": str(path)} | keys))


def asked(number: int) -> dict[str, str]:
    return {"input": f"question {number}"}


@pytest.mark.parametrize(
    ("low", "high", "numbers"), [(0, None, [0, 1, 2, 3]), (1, 3, [1, 2]), (3, 99, [3])]
)
def test_rows_from_threshold_low_up_to_threshold_are_planned(
    tmp_path: Path, low: int, high: int | None, numbers: list[int]
) -> None:
    rows = [asked(number) for number in range(4)]
    config = config_of(tmp_path, rows, threshold_low=low, threshold=high)
    assert [row["input"] for row in planned_rows(config)] == [f"question {n}" for n in numbers]


def test_a_range_above_the_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no rows from threshold_low 4 on"):
        list(planned_rows(config_of(tmp_path, [asked(1)], threshold_low=4)))


def test_an_array_is_read_where_the_file_type_says_so(tmp_path: Path) -> None:
    config = config_of(tmp_path, [[asked(1), asked(2)]], file_type="json")
    assert [row["input"] for row in planned_rows(config)] == ["question 1", "question 2"]


def test_every_field_is_kept_and_an_id_is_added(tmp_path: Path) -> None:
    row = {"input": "q", "tag": None, "task_label": ["a"], "usage": "twice a day"}
    [planned] = planned_rows(config_of(tmp_path, [row]))
    assert planned.pop("prompt_id") and planned == row


def test_ids_depend_on_query_and_history_and_are_numbered_where_they_repeat(
    tmp_path: Path,
) -> None:
    rows = [asked(1), asked(1) | {"tag": "x"}, asked(1) | {"history": [["a", "b"]]}, asked(2)]
    ids = [row["prompt_id"] for row in planned_rows(config_of(tmp_path, rows))]
    assert ids[1] == f"{ids[0]}-2" and len(set(ids)) == 4
    assert ids[0] == next(planned_rows(config_of(tmp_path, [asked(1)])))["prompt_id"]


def test_own_ids_are_kept_and_never_collide(tmp_path: Path) -> None:
    rows = [asked(n) | {"prompt_id": each} for n, each in enumerate(["a-2", "a", "a", "a-2", 7])]
    ids = [row["prompt_id"] for row in planned_rows(config_of(tmp_path, rows))]
    assert ids == ["a-2", "a", "a-3", "a-2-2", "7"]


@pytest.mark.parametrize("value", ["", " \n", None, 3, ["q"]])
def test_a_row_without_a_question_is_put_aside(tmp_path: Path, value: Any) -> None:
    [row] = planned_rows(config_of(tmp_path, [{"input": value}]))
    assert row["reject_reason"] == "empty_input"


def test_a_row_that_lacks_what_a_prompt_needs_is_put_aside(tmp_path: Path) -> None:
    rows = [asked(1) | {"code": "x", "tag": None}, asked(2), asked(3) | {"code": None}]
    config = config_of(tmp_path, rows, prompt="{input} {code} {tag?} {history}")
    reasons = [row.get("reject_reason") for row in planned_rows(config)]
    assert reasons == [None, "missing_code", "missing_code"]


def test_what_another_run_said_of_a_row_is_forgotten(tmp_path: Path) -> None:
    row = asked(1) | {"reject_reason": "field_missing", "from_cache": True, "prompt_id": "p"}
    [planned] = planned_rows(config_of(tmp_path, [row]))
    assert planned == asked(1) | {"prompt_id": "p"}


def test_files_that_can_not_be_used_are_errors(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="'input' is missing"):
        list(planned_rows(config_of(tmp_path, [{"question": "q"}])))
    with pytest.raises(PipelineError, match="key 'data_read_path' is missing"):
        list(planned_rows(RoleConfig(method="trial")))


def test_a_query_is_known_with_its_history() -> None:
    assert query_of({"input": "q", "history": []}) == query_of({"input": "q"}) == "q"
    assert query_of({"input": "q", "history": [["a", "b"]]}) == "user: a\nassistant: b\nq"


def test_a_query_is_known_with_all_that_any_prompt_shows_of_it(tmp_path: Path) -> None:
    roles = [{"prompt": "{input} {code?}"}, {"prompt": "{draft} {tag}"}]
    rows = [asked(1) | {"tag": "t", "code": "x", "n": 1}]
    worded = full_query(config_of(tmp_path, rows, roles=roles))
    assert worded(rows[0]) == "code: x\ntag: t\nquestion 1"
    assert worded(rows[0] | {"n": 2, "target": "z"}) == worded(rows[0])
    for other in ({"code": "y"}, {"tag": "u"}, {"input": "q"}, {"history": ["a"]}):
        assert worded(rows[0] | other) != worded(rows[0])


def test_prompts_may_have_places_for_fields_histories_and_extras_alone(tmp_path: Path) -> None:
    config = config_of(tmp_path, [asked(1) | {"tag": "t"}])
    check_templates(config, ["draft"], prompt="{input} {tag} {history} {draft} {else?}")
    with pytest.raises(PipelineError, match="key 'prompt_pick'.*'gone'"):
        check_templates(config, prompt="{input}", prompt_pick="{gone}")


def test_a_later_row_without_input_is_put_aside_and_a_file_without_is_refused(
    tmp_path: Path,
) -> None:
    rows = list(planned_rows(config_of(tmp_path, [asked(1), {"x": 1}, asked(2)])))
    assert [row.get("reject_reason") for row in rows] == [None, "empty_input", None]
    with pytest.raises(PipelineError, match="field 'input' is missing"):
        list(planned_rows(config_of(tmp_path, [{"x": 1}])))
    with pytest.raises(PipelineError, match="row 2: a str"):
        list(planned_rows(config_of(tmp_path, [asked(1), "text"])))


def test_a_prompt_that_shows_nothing_of_a_row_is_refused(tmp_path: Path) -> None:
    config = config_of(tmp_path, [asked(1)])
    check_templates(config, prompt="Say {input}", prompt_post_pipline="")
    with pytest.raises(PipelineError, match="shows nothing of a row"):
        check_templates(config, prompt="Say INPUT")

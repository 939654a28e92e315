import pytest

from tests import report_rows as rows
from utils.errors import PipelineError
from utils.generation.model_map import Prices
from utils.jsonl import write_rows
from utils.report.stage_yield import find_steps, load_prices, yield_figure, yield_tables
from utils.report.survey import SurveySettings, open_survey, survey_rows

# A reply of `rows.reply` takes 2,000 tokens in and 1,000 out.
PRICES = {"m1": Prices(input=1.0, output=2.0)}
COST_OF_A_REPLY = 0.004


def survey(folder, name, made):
    path = folder / f"{name}.jsonl"
    write_rows(path, made)
    found = open_survey(path, name, SurveySettings())
    survey_rows(found)
    return found


@pytest.fixture
def surveys(tmp_path):
    return [
        survey(tmp_path, "prompts", [rows.prompt(n) for n in range(10)]),
        survey(tmp_path, "replies", [rows.reply(n) for n in range(10)]),
        survey(tmp_path, "triplets", [rows.triplet(n) for n in range(8)]),
        survey(
            tmp_path, "mix", [rows.mixed(n, s) for n in range(4) for s in ("descriptive", "lazy")]
        ),
    ]


def rows_of(tables, dimension):
    return {row["name"]: row for row in tables["tables"][dimension]}


def test_each_step_counts_its_rows_and_the_share_of_the_stage_before(surveys):
    everything = rows_of(yield_tables(surveys, PRICES), "all")["all"]
    assert everything["counts"] == [10, 10, 8, 8]
    assert everything["shares"] == [None, 1.0, 0.8, 1.0]


def test_the_cost_of_all_replies_falls_on_the_rows_that_are_left(surveys):
    everything = rows_of(yield_tables(surveys, PRICES), "all")["all"]
    assert everything["cost"] == pytest.approx(10 * COST_OF_A_REPLY)
    assert everything["cost_per_kept"] == pytest.approx(10 * COST_OF_A_REPLY / 8)
    assert everything["tokens_per_kept"] == 1250


def test_costs_by_kind_and_by_style_add_up_to_the_whole(surveys):
    tables = yield_tables(surveys, PRICES)
    for dimension in ("model", "style", "edit_kind"):
        costs = [row["cost"] for row in tables["tables"][dimension]]
        assert sum(costs) == pytest.approx(10 * COST_OF_A_REPLY), dimension
    assert rows_of(tables, "style")["lazy"]["cost"] == pytest.approx(5 * COST_OF_A_REPLY)


def test_replies_of_several_models_are_one_step(tmp_path):
    found = [
        survey(tmp_path, "one", [rows.reply(1, "m1")]),
        survey(tmp_path, "two", [rows.reply(1, "m2")]),
        survey(tmp_path, "again", [rows.reply(2, "m1")]),
    ]
    assert [len(step.files) for step in find_steps(found)] == [2, 1]


def test_a_model_without_a_price_is_named_and_costs_nothing_known(surveys):
    tables = yield_tables(surveys, {})
    assert tables["unpriced"] == ["m1"]
    assert rows_of(tables, "model")["m1"]["cost"] is None


def test_rows_that_name_no_model_style_or_kind_are_counted_in_the_whole_alone(tmp_path):
    bare = [{**rows.prompt(n), "edit_kind": ""} for n in range(3)]
    found = [survey(tmp_path, "prompts", bare), survey(tmp_path, "more", bare[:2])]
    tables = yield_tables([*found, survey(tmp_path, "mix", [rows.mixed(1, "lazy")])], {})
    assert rows_of(tables, "all")["all"]["counts"] == [3, 2, 1]
    assert rows_of(tables, "style").keys() == {"lazy"}
    assert rows_of(tables, "style")["lazy"]["counts"] == [None, None, 1]
    assert rows_of(tables, "style")["lazy"]["shares"] == [None, None, None]
    assert tables["spent"] is False and tables["unpriced"] == []


def test_one_file_alone_has_no_yield(surveys):
    assert yield_tables(surveys[:1], PRICES) is None
    assert yield_figure(None) is None


def test_prices_are_read_from_the_model_map(tmp_path, surveys):
    path = tmp_path / "map.yaml"
    path.write_text("m1: {base: embedded, prices: {input: 1.0, output: 2.0}}\n")
    assert load_prices(surveys, path) == PRICES
    path.write_text("other: {base: embedded}\n")
    assert load_prices(surveys, path) == {}
    path.write_text("m1: {base: embedded, prise: 1}\n")
    with pytest.raises(PipelineError, match="prise"):
        load_prices(surveys, path)

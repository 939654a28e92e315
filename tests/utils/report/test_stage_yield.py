import pytest

from tests import report_rows as rows
from utils.errors import PipelineError
from utils.generation.model_map import Prices
from utils.jsonl import write_json, write_rows
from utils.report.stage_yield import load_prices, yield_figure, yield_tables
from utils.report.survey import SurveySettings, open_survey, survey_rows
from utils.stage_output import sibling

# A reply of `rows.reply` takes 2,000 tokens in and 1,000 out.
PRICES = {"m1": Prices(input=1.0, output=2.0)}
COST_OF_A_REPLY = 0.004


def survey(folder, name, made, inputs=None):
    path = folder / f"{name}.jsonl"
    write_rows(path, made)
    if inputs is not None:
        write_json(sibling(path, ".summary.json"), {"inputs": [str(folder / i) for i in inputs]})
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


def test_each_file_counts_its_rows_and_the_share_of_those_it_was_made_of(surveys):
    everything = rows_of(yield_tables(surveys, PRICES), "all")["all"]
    assert everything["counts"] == [10, 10, 8, 8]
    assert everything["bases"] == [None, 10, 10, 16], "a triplet gives a row for each style"
    assert everything["shares"] == [None, 1.0, 0.8, 0.5]


def test_two_checks_of_one_stage_are_each_a_share_of_the_file_they_read(tmp_path):
    made = [rows.triplet(n) for n in range(10)]
    found = [
        survey(tmp_path, "replies", [rows.reply(n) for n in range(20)], inputs=["prompts.jsonl"]),
        survey(tmp_path, "triplets", made, inputs=["replies.jsonl"]),
        survey(tmp_path, "checked", made[:8], inputs=["triplets.jsonl"]),
        survey(tmp_path, "judged", made[:6], inputs=["checked.jsonl", "verdicts.jsonl"]),
    ]
    everything = rows_of(yield_tables(found, {}), "all")["all"]
    assert everything["shares"] == [None, 0.5, 0.8, 0.75]


def test_branches_of_several_models_meet_in_the_mix(tmp_path):
    one = [rows.triplet(n, "m1") for n in range(6)]
    two = [rows.triplet(n, "m2") for n in range(4)]
    mix = [rows.mixed(n, "lazy", "m1") for n in range(3)]
    mix += [rows.mixed(n, "lazy", "m2") for n in range(2)]
    found = [
        survey(tmp_path, "prompts", [rows.prompt(n) for n in range(8)]),
        survey(tmp_path, "one", [rows.reply(n, "m1") for n in range(8)], inputs=["prompts.jsonl"]),
        survey(tmp_path, "two", [rows.reply(n, "m2") for n in range(6)], inputs=["prompts.jsonl"]),
        survey(tmp_path, "t1", one, inputs=["one.jsonl"]),
        survey(tmp_path, "t2", two, inputs=["two.jsonl"]),
        survey(tmp_path, "mix", mix, inputs=["t1.jsonl", "t2.jsonl"]),
    ]
    tables = yield_tables(found, {})
    assert rows_of(tables, "all")["all"]["bases"] == [None, 8, 8, 8, 6, 10]
    assert rows_of(tables, "model")["m1"]["counts"] == [None, 8, None, 6, None, 3]
    assert rows_of(tables, "model")["m2"]["shares"] == [
        *(None, None, 6 / 8, None, 4 / 6, 2 / 4),
    ]
    assert rows_of(tables, "style")["lazy"]["shares"][-1] == 0.5


def test_only_the_styles_that_a_mix_was_to_take_of_a_file_count(tmp_path):
    one, two = ([rows.triplet(n, model) for n in range(4)] for model in ("m1", "m2"))
    mix = [rows.mixed(1, "lazy", "m1"), rows.mixed(2, "descriptive", "m2")]
    found = [
        survey(tmp_path, "one", one, inputs=[]),
        survey(tmp_path, "two", two, inputs=[]),
        survey(tmp_path, "mix", mix, inputs=["one.jsonl", "two.jsonl"]),
    ]
    found[-1].summary["entries"] = [
        {"input_file": "one.jsonl", "instr_type": "m1_lazy"},
        {"input_file": "two.jsonl", "instr_type": "m2_descriptive"},
    ]
    assert rows_of(yield_tables(found, {}), "all")["all"]["bases"] == [None, None, 8]


def test_several_samples_of_a_prompt_are_a_share_of_what_was_asked(tmp_path):
    made = [rows.reply(n) | {"sample_index": i} for n in range(4) for i in (1, 2, 3)]
    found = [
        survey(tmp_path, "prompts", [rows.prompt(n) for n in range(4)]),
        survey(tmp_path, "replies", made[:9], inputs=["prompts.jsonl"]),
    ]
    for by in ("all", "model"):
        assert yield_tables(found, {})["tables"][by][0]["shares"] == [None, 0.75], by


def test_a_kept_row_is_one_of_the_final_files(tmp_path, surveys):
    made = [rows.filtered(n) for n in range(2)]
    found = [*surveys, survey(tmp_path, "train", made), survey(tmp_path, "val", made[:1])]
    tables = yield_tables(found, PRICES)
    assert tables["final"] == ["train", "val"]
    assert rows_of(tables, "all")["all"]["kept"] == 3


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
    assert rows_of(tables, "style")["lazy"]["shares"] == [None, None, 1 / 5]
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

import pytest

from data_v5.reading.domain import ClusterWishes, load_domain
from utils.errors import PipelineError

SOURCE = "{name: ann/sums, question: q, answer: a}"


def domain(tmp_path, sources=f"[{SOURCE}]", more=""):
    (tmp_path / "sums.yaml").write_text(f"instruction: Add.\nsources: {sources}\n{more}")
    return load_domain(str(tmp_path / "sums.yaml"))


def test_a_domain_is_found_by_name_and_by_path(tmp_path):
    assert load_domain("math").name == "math"
    assert load_domain("math").sources[0].title == "openai/gsm8k"
    assert domain(tmp_path).name == "sums"


def test_a_source_is_read_whole_with_its_defaults(tmp_path):
    loaded = domain(tmp_path)
    (source,) = loaded.sources
    assert loaded.instruction == "Add."
    assert loaded.cluster == ClusterWishes()
    assert (source.config, source.split, source.data_dir, source.where) == (None, "train", None, {})
    assert source.columns() == ["q", "a"]


def test_columns_are_those_of_paths_filters_and_the_format_each_once(tmp_path):
    sources = (
        "[{path: x.json, question: story.text, answer: story.end, where: {level: 1},"
        " format: {passage: more, options: story.choices}}]"
    )
    (source,) = domain(tmp_path, sources).sources
    assert source.columns() == ["story", "level", "more"]
    assert source.own_columns() == ["story"]


@pytest.mark.parametrize(
    ("where", "row", "wanted"),
    [
        ("{level: 1}", {"level": 1}, True),
        ("{level: 1}", {"level": "1"}, True),
        ("{level: [1, 2]}", {"level": 2}, True),
        ("{level: [1, 2]}", {"level": 12}, False),
        ("{ok: true}", {"ok": True}, True),
        ("{ok: true}", {"ok": 1}, False),
        ("{ok: null}", {"ok": None}, True),
        ("{ok: null}", {"ok": "None"}, False),
        ("{ok: x, level: 1}", {"ok": "x", "level": 2}, False),
        ("{}", {}, True),
    ],
)
def test_a_filter_takes_rows_with_the_value_or_one_of_them(tmp_path, where, row, wanted):
    sources = f"[{{name: ann/sums, question: q, answer: a, where: {where}}}]"
    assert domain(tmp_path, sources).sources[0].selects(row) is wanted


def test_sources_of_one_name_are_found_by_it_if_their_formats_are_equal(tmp_path):
    more = "{name: ann/sums, config: b, question: q, answer: a}"
    loaded = domain(tmp_path, f"[{SOURCE}, {more}]")
    assert [source.title for source in loaded.sources] == ["ann/sums", "ann/sums"]
    other = "{name: ann/sums, label: ann/c, question: q, answer: a, format: {passage: p}}"
    assert domain(tmp_path, f"[{SOURCE}, {other}]").source("ann/c").format.passage == "p"
    with pytest.raises(PipelineError, match=r"called 'ann/d', .* \(has: ann/sums\); is it"):
        loaded.source("ann/d")


@pytest.mark.parametrize(
    ("sources", "more", "complaint"),
    [
        ("[{question: q, answer: a}]", "", "'name' and 'path' are both missing"),
        ("[{name: x/y, question: q}]", "", "key 'sources.0.answer' is missing"),
        ("[{name: x/y, question: q, answer: a, splt: b}]", "", "unknown key 'sources.0.splt'"),
        ("[{name: x/y, question: q, answer: a, format: {x: 1}}]", "", "unknown key"),
        ("[]", "", "'sources' is empty"),
        (f"[{SOURCE}]", "cluster: {threshold: 1.5}", "threshold': must be at most 1, not 1.5"),
        (f"[{SOURCE}]", "cluster: {min_community_size: 0}", "must be above 0, not 0"),
        (
            f"[{SOURCE}, {{name: ann/sums, question: q, answer: a, format: {{passage: p}}}}]",
            "",
            "two sources called 'ann/sums' differ in 'format'; give each a 'label'",
        ),
    ],
)
def test_a_mistake_in_the_yaml_is_named(tmp_path, sources, more, complaint):
    with pytest.raises(PipelineError, match=complaint) as caught:
        domain(tmp_path, sources, more)
    assert "sums.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_an_instruction_without_words_is_refused(tmp_path):
    (tmp_path / "x.yaml").write_text(f"instruction: ' '\nsources: [{SOURCE}]\n")
    with pytest.raises(PipelineError, match="'instruction' is empty"):
        load_domain(str(tmp_path / "x.yaml"))


@pytest.mark.parametrize("name", ["nowhere", "../domains/math"])
def test_an_unknown_domain_is_named_with_those_there_are(name):
    with pytest.raises(PipelineError, match=r"no such domain \(has: .*math, .*science\)"):
        load_domain(name)


def test_a_yaml_that_is_not_there_is_named():
    with pytest.raises(PipelineError, match="absent.yaml: no such file"):
        load_domain("absent.yaml")

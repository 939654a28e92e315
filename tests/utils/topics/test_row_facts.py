import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.topics.edit_texts import EditReader
from utils.topics.row_facts import RowFacts, group_quotas, judge_size, percentile
from utils.topics.settings import FilterSettings

READER = EditReader("triplet", "instruct_purify")


def make_facts(*rows: tuple[str, str, str]) -> RowFacts:
    facts = RowFacts()
    for before, after, instruction in rows:
        fields = ("code_before_purify", "code_after_purify", "instruct_purify")
        row = dict(zip(fields, (before, after, instruction), strict=True))
        facts.add(row, READER, FilterSettings())
    return facts


@pytest.mark.parametrize(
    ("lines", "hunks", "reason"),
    [
        (0, 0, "no_change"),
        (1, 1, ""),
        (70, 7, ""),
        (71, 1, "too_many_modified_lines"),
        (70, 8, "too_many_hunks"),
    ],
)
def test_an_edit_is_judged_by_its_size(lines, hunks, reason):
    assert judge_size(lines, hunks, 70, 7) == reason


def test_rows_leave_with_what_was_found_out_about_them():
    facts = make_facts(("a", "b", "c"), ("", "b", "c"), ("a", "a", "c"))
    assert facts.reasons == ["", "empty_code_before", ""]
    facts.set_sizes([0, 2], np.array([[3, 1], [0, 0]]))
    facts.judge_sizes(70, 7)
    facts.set_topics(facts.staying(), np.array([5]))
    assert [facts.marks(number) for number in range(3)] == [
        {"topic": 5, "modified_lines": 3, "hunks": 1},
        {},
        {"modified_lines": 0, "hunks": 0},
    ]
    assert facts.changed().tolist() == [[3, 1]]


def test_the_fingerprint_tells_texts_fields_and_order_apart():
    rows = [("a", "b", "c"), ("ab", "", "c"), ("a", "bc", "")]
    apart = {make_facts(row).fingerprint([0]) for row in rows}
    both = make_facts(rows[0], rows[1])
    apart |= {both.fingerprint([0, 1]), both.fingerprint([1, 0]), both.fingerprint([])}
    assert len(apart) == 6
    assert both.fingerprint([0]) == make_facts(rows[0]).fingerprint([0])


@given(st.lists(st.integers(1, 50), min_size=1), st.floats(0.5, 100))
def test_a_percentile_is_the_least_value_that_covers_the_share(values, share):
    found = percentile(np.array(values), share)
    below = [value for value in values if value < found]
    covered = sum(value <= found for value in values)
    assert found in values
    assert covered * 100 >= share * len(values) - 1e-6
    assert len(below) * 100 < share * len(values) + 1e-6


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def pour(total: int, sizes: list[int]) -> list[int]:
    """Hand out row after row, each to the first of the topics that have the fewest so far."""
    given_out = [0] * len(sizes)
    for _ in range(min(total, sum(sizes))):
        open_topics = [i for i, size in enumerate(sizes) if given_out[i] < size]
        given_out[min(open_topics, key=lambda i: (given_out[i], i))] += 1
    return given_out


@given(SIZES, st.integers(1, 300))
def test_a_total_is_poured_evenly_over_the_topics(sizes, total):
    groups = {("", topic): size for topic, size in enumerate(sizes)}
    quotas = dict(group_quotas(groups, {"": total}, None))
    assert [quotas[group] for group in groups] == pour(total, sizes)


@given(SIZES, SIZES, st.integers(0, 200), st.integers(0, 200))
def test_each_edit_kind_is_levelled_over_its_own_topics(fixes, features, fix_total, feature_total):
    groups = {("fix", topic): size for topic, size in enumerate(fixes)}
    groups |= {("feature", topic): size for topic, size in enumerate(features)}
    allotted = {"fix": fix_total, "feature": feature_total}
    quotas = dict(group_quotas(groups, allotted, None))
    assert [quotas[group] for group in groups] == (
        pour(fix_total, fixes) + pour(feature_total, features)
    )


@given(SIZES, st.integers(1, 50))
def test_every_topic_may_give_up_to_the_same_number(sizes, most):
    groups = {("", topic): size for topic, size in enumerate(sizes)}
    quotas = dict(group_quotas(groups, {"": 20_000}, most))
    assert [quotas[group] for group in groups] == [min(size, most) for size in sizes]

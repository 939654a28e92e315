from hypothesis import given
from hypothesis import strategies as st

from utils.topic_quotas import group_quotas

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

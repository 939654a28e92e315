from hypothesis import given
from hypothesis import strategies as st

from utils.report.figure_kinds import MOST_BINS, Bars, histogram, shares


def count(values, limit=7):
    return histogram("k", "t", "n", {"a": values}, "lines", ("limit", limit))


def test_each_value_falls_into_the_bin_of_its_range():
    figure = count([0, 1, 1, 7, 500])
    assert figure.edges[:3] == [0, 1, 2]
    assert figure.series["a"][:3] == [1, 2, 0] and figure.series["a"][7] == 1
    assert figure.series["a"][-1] == 1, "what lies far out is in the last bin"


@given(st.lists(st.integers(0, 10**7)), st.integers(1, 10**5))
def test_no_value_is_lost_and_the_limit_lies_inside(values, limit):
    figure = count(values, limit)
    assert sum(figure.series["a"]) == len(values)
    assert len(figure.edges) <= MOST_BINS + 2
    assert figure.edges[0] == 0 and figure.edges[-1] > limit
    assert len(figure.series["a"]) == len(figure.edges) - 1


def test_shares_are_per_cent_and_zero_of_nothing():
    assert shares({"a": 1, "b": 2}, ["b", "c"], 3) == [66.7, 0.0]
    assert shares({}, ["b"], 0) == [0.0]


def test_a_figure_as_data_names_its_kind():
    data = Bars("k", "t", "n", ["a"], {"s": [1]}).as_data()
    assert data["kind"] == "bars" and data["labels"] == ["a"]

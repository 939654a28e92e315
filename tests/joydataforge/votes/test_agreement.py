import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask

from joydataforge.votes.agreement import Agreement

# Fleiss (1971), table 1: 30 patients, each by six psychiatrists; per patient the number of
# diagnoses of depression, personality disorder, schizophrenia, neurosis, other.
PSYCHIATRISTS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031"
    " 00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)


def of_counts(rows: list[str]) -> Agreement:
    """Add up rows that are given as the count of each label."""
    labels = [str(number) for number in range(len(rows[0]))]
    raters = [f"rater {number}" for number in range(sum(map(int, rows[0])))]
    agreement = Agreement(raters, labels, is_multi=False)
    for row in rows:
        given = [label for label, count in enumerate(row) for _ in range(int(count))]
        agreement.add({rater: [str(label)] for rater, label in zip(raters, given, strict=True)})
    return agreement


def of_votes(*rows: list[list[str] | None], is_multi: bool = False) -> Agreement:
    raters = ["a", "b", "c"][: len(rows[0])]
    agreement = Agreement(raters, ["x", "y", "z"], is_multi)
    for row in rows:
        agreement.add(dict(zip(raters, row, strict=True)))
    return agreement


def test_fleiss_own_example_gives_the_values_of_his_paper() -> None:
    figures = of_counts(PSYCHIATRISTS.split(" ")).figures()
    assert round(figures["fleiss_kappa"], 3) == 0.430
    kappas = [round(each["fleiss_kappa"], 3) for each in figures["by_label"].values()]
    assert kappas == [0.245, 0.245, 0.520, 0.471, 0.566]
    shares = [round(each["share_of_votes"], 3) for each in figures["by_label"].values()]
    assert shares == [0.144, 0.144, 0.167, 0.306, 0.239]
    assert figures["share_unanimous"] == round(5 / 30, 6)


@given(
    st.integers(2, 4).flatmap(
        lambda raters: st.lists(
            st.lists(st.sampled_from("xyz"), min_size=raters, max_size=raters),
            min_size=1,
            max_size=20,
        )
    )
)
def test_kappa_equals_nltks_multi_pi_wherever_it_is_defined(rows: list[list[str]]) -> None:
    raters = [f"rater {number}" for number in range(len(rows[0]))]
    agreement = Agreement(raters, list("xyz"), is_multi=False)
    for row in rows:
        agreement.add({rater: [label] for rater, label in zip(raters, row, strict=True)})
    for label, ours in [
        ("", agreement.kappa()),
        *((name, agreement.kappa_of(name)) for name in "xyz"),
    ]:
        task = AnnotationTask(
            [
                (rater, number, given == label if label else given)
                for number, row in enumerate(rows)
                for rater, given in zip(raters, row, strict=True)
            ]
        )
        assert ours == pytest.approx(task.pi(), abs=1e-6) if ours is not None else task.pi() == 1


def test_kappa_equals_the_one_computed_by_hand() -> None:
    # Three raters, two rows: xxy and yyy. P of the rows: 1/3 and 1, so 2/3 on the mean; shares of
    # x and y are 1/3 and 2/3, so 5/9 by chance; (2/3 - 5/9) / (1 - 5/9) = 1/4.
    agreement = of_votes([["x"], ["x"], ["y"]], [["y"], ["y"], ["y"]])
    assert agreement.kappa() == 0.25
    assert agreement.kappa_of("x") == agreement.kappa_of("y") == 0.25


def test_raters_who_always_agree_have_a_kappa_of_one() -> None:
    agreement = of_votes([["x"], ["x"]], [["y"], ["y"]])
    assert agreement.kappa() == 1.0
    assert agreement.figures()["share_unanimous"] == 1.0


def test_raters_who_always_disagree_have_a_kappa_below_zero() -> None:
    assert of_votes([["x"], ["y"]], [["y"], ["x"]]).kappa() == -1.0


def test_where_only_one_label_was_ever_given_kappa_is_undefined() -> None:
    agreement = of_votes([["x"], ["x"]], [["x"], ["x"]])
    assert agreement.kappa() is None and agreement.kappa_of("x") is None
    assert agreement.kappa_of("y") is None
    assert agreement.figures()["share_unanimous"] == 1.0


def test_without_rows_or_with_one_rater_all_is_undefined() -> None:
    nothing = Agreement(["a", "b"], ["x", "y"], is_multi=False).figures()
    assert nothing["fleiss_kappa"] is None and nothing["share_unanimous"] is None
    assert nothing["by_label"]["x"] == {"share_of_votes": None, "fleiss_kappa": None}
    assert nothing["agrees_with_majority"] == {"a": None, "b": None}
    assert of_votes([["x"]], [["y"]]).kappa() is None


def test_a_row_that_a_rater_said_nothing_of_does_not_count() -> None:
    complete = of_votes([["x"], ["x"], ["y"]], [["y"], ["y"], ["y"]])
    holed = of_votes([["x"], ["x"], ["y"]], [["x"], None, ["y"]], [["y"], ["y"], ["y"]])
    assert holed.kappa() == complete.kappa()
    figures = holed.figures()
    assert (figures["rows_with_all_votes"], figures["rows_with_votes_missing"]) == (2, 1)


def test_of_several_labels_each_is_a_judgement_of_its_own() -> None:
    # x: yes-yes, no-no. y: yes-no, no-no: share 1/4, one of two rows disagreed on, so
    # 1 - (1/2) / (2 * 1/4 * 3/4) = -1/3. Overall, weighted by p(1-p): (1/4 - 3/48) / (7/16) = 3/7.
    agreement = of_votes([["x", "y"], ["x"]], [["z"], ["z"]], is_multi=True)
    assert agreement.kappa_of("x") == 1.0
    assert agreement.kappa_of("y") == -0.333333
    two = Agreement(["a", "b"], ["x", "y"], is_multi=True)
    two.add({"a": ["x", "y"], "b": ["x"]})
    two.add({"a": [], "b": []})
    assert two.kappa() == 0.428571


def test_the_order_of_the_rows_and_of_a_raters_labels_does_not_matter() -> None:
    one = of_votes([["x", "y"], ["y", "x"]], [["z"], ["x"]], is_multi=True).figures()
    other = of_votes([["z"], ["x"]], [["y", "x"], ["x", "y"]], is_multi=True).figures()
    assert one == other and one["share_unanimous"] == 0.5


def test_a_rater_agrees_with_the_majority_by_all_of_its_labels_or_the_one_it_gave() -> None:
    several = Agreement(["a", "b", "c"], ["x", "y", "z"], is_multi=True)
    several.add_majority({"a": ["x", "y"], "b": ["x"], "c": None}, ["x", "y"])
    assert several.figures()["agrees_with_majority"] == {"a": 1.0, "b": 0.0, "c": None}
    one_each = Agreement(["a", "b", "c"], ["x", "y", "z"], is_multi=False)
    one_each.add_majority({"a": ["x"], "b": ["y"], "c": ["z"]}, ["x", "y"])
    assert one_each.figures()["agrees_with_majority"] == {"a": 1.0, "b": 1.0, "c": 0.0}

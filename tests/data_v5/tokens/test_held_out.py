from hypothesis import given
from hypothesis import strategies as st

from data_v5.tokens.held_out import ExampleUse, draw_split, draw_test_rows


def test_the_share_comes_out_exactly():
    assert len(draw_test_rows(range(1000), 0.03, 42)) == 30


def test_the_seed_chooses():
    assert draw_test_rows(range(1000), 0.03, 1) != draw_test_rows(range(1000), 0.03, 2)


def test_the_draw_hangs_on_content_and_not_on_order():
    groups = [n * 7919 % 1009 for n in range(1009)]
    drawn = {groups[number] for number in draw_test_rows(groups, 0.1, 42)}
    again = {groups[::-1][number] for number in draw_test_rows(groups[::-1], 0.1, 42)}
    assert drawn == again


@given(st.lists(st.integers(0, 9), max_size=40), st.floats(0, 0.9), st.integers(0, 5))
def test_groups_are_never_parted_and_training_rows_are_left(groups, fraction, seed):
    drawn = draw_test_rows(groups, fraction, seed)
    inside = {groups[number] for number in drawn}
    assert drawn == {number for number, group in enumerate(groups) if group in inside}
    assert len(drawn) < max(1, len(groups))
    assert bool(drawn) == (fraction > 0 and len(set(groups)) > 1)


def test_where_no_group_fits_the_smallest_is_taken():
    assert draw_test_rows([1, 1, 1, 2, 2], 0.03, 42) == {3, 4}


def test_rows_that_are_examples_of_others_are_found():
    examples = ExampleUse()
    # The second row's question is an example of the first; the third has no question.
    for question, shots in [(11, [12, 99]), (12, []), (0, []), (13, [11])]:
        examples.add(question, shots)
    assert examples.times_shown() == [1, 1, 0, 0]
    assert examples.shown_in({0}) == {1}
    assert examples.shown_in({1, 2}) == set()
    assert examples.shown_in({0, 3}) == {0, 1}
    assert examples.readers_of({0, 1}) == {0, 3}
    assert examples.readers_of({2, 3}) == set()


def test_no_rows_show_nothing():
    assert ExampleUse().times_shown() == []
    assert ExampleUse().shown_in(set()) == ExampleUse().readers_of(set()) == set()


def test_rows_that_are_shown_more_often_are_drawn_later():
    times = [2] * 70 + [1] * 10 + [0] * 20
    assert draw_test_rows(range(100), 0.2, 42, times) == set(range(80, 100))
    assert draw_test_rows(range(100), 0.3, 42, times) == set(range(70, 100))


def test_by_question_no_row_shows_a_question_that_is_tested_on():
    examples = ExampleUse()
    # Each row shows the next two questions, in a circle.
    for number in range(100):
        examples.add(number + 1, [(number + step) % 100 + 1 for step in (1, 2)])
    split = draw_split(range(100), examples, 0.3, 42, by_question=True)
    kept = set(range(100)) - split.left_out
    assert split.test and split.test <= kept and split.seen == 0
    assert not examples.shown_in(kept) & split.test

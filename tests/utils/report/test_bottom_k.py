from collections import Counter

from utils.report.bottom_k import BottomK


def draw(names, size=10, seed=1):
    sample = BottomK(size, seed)
    for name in names:
        sample.add(name, name)
    return sample.items()


NAMES = [f"row{number}" for number in range(100)]


def test_the_sample_does_not_depend_on_the_order():
    assert draw(NAMES) == draw(reversed(NAMES))


def test_what_is_drawn_from_all_is_drawn_from_a_part_that_has_it():
    part = NAMES[::2]
    assert set(draw(NAMES)) & set(part) <= set(draw(part))


def test_the_beginning_of_a_sample_is_the_smaller_sample():
    assert draw(NAMES, 20)[:5] == draw(NAMES, 5)


def test_another_seed_draws_another_sample():
    assert draw(NAMES, seed=1) != draw(NAMES, seed=2)


def test_fewer_items_than_asked_for_are_all_kept():
    assert sorted(draw(["a", "b"])) == ["a", "b"]
    assert draw(["a"], size=0) == []


def test_every_item_has_about_the_same_chance():
    drawn = Counter(name for seed in range(400) for name in draw(NAMES, 10, seed))
    assert len(drawn) == 100 and max(drawn.values()) < 4 * min(drawn.values())

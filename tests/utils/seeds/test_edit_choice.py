from collections import Counter

from utils.seeds.edit_choice import choose_edits

CODE = "".join(f"value_{number} = {number}\n" for number in range(20))


def seed(number, wish=None, file="a.py", repos="one/one"):
    line = f"value_{number} = compute_{wish or number}({number}, scale={number + 3})\n"
    new = CODE.replace(f"value_{number} = {number}\n", line)
    return {"old_contents": CODE, "new_contents": new, "old_file": file, "repos": repos}


def choose(seeds, order=None, max_per_file=None):
    left_out = Counter()
    chosen = choose_edits(order or range(len(seeds)), seeds.__getitem__, max_per_file, 42, left_out)
    return list(chosen), dict(left_out)


def test_other_edits_of_the_same_file_all_stay():
    assert choose([seed(number) for number in range(6)]) == ([0, 1, 2, 3, 4, 5], {})


def test_an_edit_that_nearly_repeats_an_earlier_one_is_left_out():
    seeds = [seed(1), seed(2), {**seed(1), "old_contents": CODE + "more = 1\n"}]
    seeds[2]["new_contents"] += "more = 1\n"
    assert choose(seeds) == ([0, 1], {"near_duplicate_edit": 1})
    assert choose(seeds, [2, 1, 0]) == ([2, 1], {"near_duplicate_edit": 1})


def test_a_file_gives_so_many_edits_in_the_order_they_come():
    seeds = [seed(1), seed(2), seed(3), seed(4, file="b.py"), seed(5, repos="two/two")]
    assert choose(seeds, max_per_file=2) == ([0, 1, 3, 4], {"max_per_file": 1})
    assert choose(seeds, [2, 1, 0, 3, 4], max_per_file=1) == ([2, 3, 4], {"max_per_file": 2})


def test_edits_without_a_known_file_are_not_limited():
    seeds = [{**seed(number), "old_file": None} for number in range(1, 4)]
    assert choose(seeds, max_per_file=1) == ([0, 1, 2], {})

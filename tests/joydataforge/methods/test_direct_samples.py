from joydataforge.methods.direct_samples import as_compared, direct_samples, reject_repeats
from joydataforge.methods.settings import MethodConfig
from utils.jsonl import Row

VARY = {"topic": ["a", "b", "c"], "level": [1, 2]}


def samples(**keys: int) -> list[Row]:
    return list(direct_samples(MethodConfig(method="x", **keys), VARY))


def test_each_sample_draws_a_value_of_each_list() -> None:
    made = samples(threshold=200)
    assert len({row["prompt_id"] for row in made}) == 200
    for name, values in VARY.items():
        drawn = [row[name] for row in made]
        assert all(abs(drawn.count(value) - 200 / len(values)) < 40 for value in values)
    assert len({(row["topic"], row["level"]) for row in made}) == 6


def test_what_is_drawn_depends_on_number_and_seed_alone() -> None:
    assert samples(threshold=9)[4:] == samples(threshold=9, threshold_low=4)
    assert samples(threshold=9) == samples(threshold=20)[:9]
    assert samples(threshold=20, random_seed=1) != samples(threshold=20)


def test_a_sample_that_says_what_an_earlier_one_says_is_rejected() -> None:
    rows: list[Row] = [
        {"input": "What is gout?", "n": 1},
        {"input": "lost", "n": 2, "reject_reason": "no_json"},
        {"input": "what is  GOUT", "n": 3},
        {"input": "Lost", "n": 4},
    ]
    reasons = [row.get("reject_reason") for row in reject_repeats(iter(rows), "input")]
    assert reasons == [None, "no_json", "duplicate_of_earlier_sample", None]


def test_texts_are_compared_without_case_space_and_the_last_full_stop() -> None:
    assert as_compared("Who?\n Me. ") == as_compared("who? me")
    assert as_compared("2 + 3") != as_compared("2 - 3")
    assert as_compared(["a"]) == as_compared(["A"])

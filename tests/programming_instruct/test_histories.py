import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programming_instruct.edit_blocks import apply_blocks, edit_blocks, history_diffs
from programming_instruct.histories import (
    MAX_SERIES_CHARACTERS,
    PlanSettings,
    drawn_positions,
    plan_samples,
    remaining_changes,
)
from utils.cli import parse_flags
from utils.errors import PipelineError

VERSIONS = ["a\n", "a\nb\n", "a\nb\nc\n", "a\nb\nc\nd\n"]
COMMIT = {
    "code1": "one\nkeep\ntwo\nkeep\nthree\n",
    "code2": "ONE\nkeep\nTWO\nkeep\nTHREE\n",
    "git": "Shout\n",
    "lang": "python",
}
SUBMIT = {
    "submissions": ["print(1)\n", "print(2)\n"],
    "language": "Python3",
    "problems_contexts": "Print two.\n",
}


def generated(versions=VERSIONS, **fields):
    return {"output": versions, "lang": "python", "content": versions[-1], **fields}


def plan(row, data_type="aiprogrammer", row_id="row", **chances):
    return plan_samples(row, row_id, PlanSettings(data_type=data_type, **chances))


def planned(row, count, data_type="aiprogrammer", **chances):
    """Plan the row under many ids; each must give one sample."""
    plans = [plan(row, data_type, f"row {number}", **chances) for number in range(count)]
    assert all(len(samples) == 1 for samples in plans)
    return [samples[0] for samples in plans]


def current(sample):
    return sample["current"]["code"]


def reason(row, data_type="aiprogrammer", **chances):
    (rejected,) = plan(row, data_type, **chances)
    assert rejected == {**row, "prompt_id": "row", "reject_reason": rejected["reject_reason"]}
    return rejected["reject_reason"]


def test_a_sample_holds_what_was_on_the_screen_and_where_it_leads():
    row = COMMIT | {"commit": "5f", "license": "mit", "repos": "a/b", "old_file": "x.py"}
    (sample,) = plan(row, "commit", limit_one_block_prob=0, use_user_prob=1)
    assert sample == {
        "prompt_id": "row-1",
        "data_type": "commit",
        "history": [],
        "current": {"type": "code", "lang": "python", "code": COMMIT["code1"]},
        "final": COMMIT["code2"],
        "use_user": True,
        "user": "Shout",
        "context": {"git": "Shout\n"},
        "commit": "5f",
        "license": "mit",
        "repos": "a/b",
    }


def test_the_history_is_all_versions_before_the_current_one_oldest_first():
    (sample,) = (
        sample
        for sample in plan(
            generated(), limit_one_block_prob=0, use_history_prob=1, max_per_sample=9
        )
        if current(sample) == VERSIONS[2]
    )
    assert sample["history"] == [
        {"type": "code", "lang": "python", "code": version} for version in VERSIONS[:2]
    ]


def test_single_block_versions_lead_through_a_commit():
    samples = planned(COMMIT, 60, "commit", limit_one_block_prob=1, use_history_prob=1)
    assert {len(sample["history"]) for sample in samples} == {0, 1, 2}
    for sample in samples:
        shown = [version["code"] for version in sample["history"]] + [current(sample)]
        assert shown[0] == COMMIT["code1"]
        for one, other in pairwise(shown):
            assert len(edit_blocks(one, other)) == 1
        assert len(remaining_changes(sample)[0]) == 4 - len(shown)


def test_without_single_blocks_the_versions_are_those_of_the_row():
    samples = planned(COMMIT, 20, "commit", limit_one_block_prob=0)
    assert {current(sample) for sample in samples} == {COMMIT["code1"]}


def test_each_pair_of_versions_is_split_or_not_for_itself():
    versions = ["a\nk\nb\n", "A\nk\nB\n", "1\nk\n2\n"]
    chances = {"limit_one_block_prob": 0.5, "max_per_sample": 9}
    counts = Counter(
        len(plan(generated(versions), row_id=f"{number}", **chances)) for number in range(400)
    )
    # No pair split, one of both, both: 1/4, 1/2, 1/4.
    assert counts.keys() == {2, 3, 4}
    assert 160 < counts[3] < 240
    assert min(counts[2], counts[4]) > 70


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_the_current_version_is_drawn_with_weight_alpha_to_its_position(alpha):
    samples = planned(generated(), 1500, limit_one_block_prob=0, alpha=alpha)
    counts = Counter(VERSIONS.index(current(sample)) for sample in samples)
    total = sum(alpha**i for i in range(3))
    assert counts.keys() == {0, 1, 2}
    for position, count in counts.items():
        assert count / 1500 == pytest.approx(alpha**position / total, abs=0.05)


def test_versions_are_drawn_without_replacement_by_weight():
    sequences = Counter()
    for number in range(2000):
        drawn = drawn_positions(3, f"{number}", PlanSettings(data_type="commit", alpha=2.0))
        sequences[tuple(drawn)] += 1
    # 4/7 for position 2, then 2/3 for position 1; 1/7 for position 0, then 1/3 for position 1.
    assert sequences[2, 1, 0] / 2000 == pytest.approx(8 / 21, abs=0.04)
    assert sequences[0, 1, 2] / 2000 == pytest.approx(1 / 21, abs=0.02)


@pytest.mark.parametrize("alpha", [5e-324, 0.001, 1.0, 1000, 1.7e308])
def test_a_long_history_is_drawn_from_with_any_weight(alpha):
    drawn = list(drawn_positions(5000, "row", PlanSettings(data_type="commit", alpha=alpha)))
    assert sorted(drawn) == list(range(5000))
    assert drawn[0] == 0 if alpha < 0.01 else drawn[0] > 4990 or alpha == 1.0


def test_alpha_zero_draws_the_first_version_alone():
    (sample,) = plan(generated(), limit_one_block_prob=0, alpha=0, max_per_sample=5)
    assert current(sample) == VERSIONS[0]


def test_a_row_gives_up_to_max_per_sample_different_samples():
    samples = plan(generated(), limit_one_block_prob=0, max_per_sample=2)
    assert [sample["prompt_id"] for sample in samples] == ["row-1", "row-2"]
    assert current(samples[0]) != current(samples[1])
    assert len(plan(generated(), limit_one_block_prob=0, max_per_sample=9)) == 3


def test_the_chances_of_history_and_words_are_kept_and_independent():
    chances = {"limit_one_block_prob": 0, "use_history_prob": 0.6, "use_user_prob": 0.5}
    samples = planned(generated(), 3000, **chances)
    later = [sample for sample in samples if current(sample) != VERSIONS[0]]
    shares = Counter((bool(sample["history"]), sample["use_user"]) for sample in later)
    for with_history, share in ((True, 0.3), (False, 0.2)):
        for use_user in (True, False):
            assert shares[with_history, use_user] / len(later) == pytest.approx(share, abs=0.04)


def test_a_history_drawn_for_the_very_first_version_is_empty():
    (sample,) = plan(generated(VERSIONS[:2]), limit_one_block_prob=0, use_history_prob=1)
    assert (sample["history"], current(sample)) == ([], VERSIONS[0])


def test_the_commit_message_belongs_to_the_first_edit_only():
    samples = planned(COMMIT, 60, "commit", limit_one_block_prob=1, use_user_prob=1)
    for sample in samples:
        is_first = current(sample) == COMMIT["code1"]
        assert sample["user"] == ("Shout" if is_first else None)
        assert sample["use_user"]
    assert {sample["user"] for sample in samples} == {"Shout", None}


def test_without_user_words_there_are_none():
    for sample in planned(COMMIT, 20, "commit", use_user_prob=0):
        assert (sample["use_user"], sample["user"]) == (False, None)


@pytest.mark.parametrize("message", ["", " \n"])
def test_a_blank_commit_message_leaves_the_words_to_a_model(message):
    row = COMMIT | {"git": message}
    (sample,) = plan(row, "commit", limit_one_block_prob=0, use_user_prob=1)
    assert (sample["use_user"], sample["user"]) == (True, None)


def test_the_words_of_a_first_submission_ask_for_a_program_that_solves_the_problem():
    (sample,) = plan(SUBMIT | {"problem_id": "p2"}, "submit", use_user_prob=1)
    assert sample["user"] == ("Write a correct program in Python3 for this problem:\n\nPrint two.")
    assert sample["current"]["lang"] == "python3"
    assert sample["context"] == {"problem": "Print two.\n"}
    assert sample["problem_id"] == "p2"


def test_a_blank_problem_statement_leaves_the_words_to_a_model():
    (sample,) = plan(SUBMIT | {"problems_contexts": " "}, "submit", use_user_prob=1)
    assert (sample["use_user"], sample["user"]) == (True, None)


def test_rows_that_name_no_language_are_planned():
    (sample,) = plan({"output": VERSIONS})
    assert sample["current"]["lang"] == ""
    assert sample["context"] == {}


def test_an_empty_first_version_without_words_is_passed_over():
    row = COMMIT | {"code1": " \n"}
    chances = {"limit_one_block_prob": 0, "use_history_prob": 1}
    assert reason(row, "commit", use_user_prob=0, **chances) == "no_usable_current"
    (sample,) = plan(row, "commit", use_user_prob=1, **chances)
    assert sample["user"] == "Shout"
    versions = ["", *VERSIONS]
    samples = plan(generated(versions), use_user_prob=0, max_per_sample=9, **chances)
    assert sorted(map(current, samples)) == VERSIONS[:3]
    assert all(sample["history"][0]["code"] == "" for sample in samples)


def test_an_emptied_file_is_current_only_below_a_history_or_with_words():
    row = generated(["a\n", "", "b\n"])
    chances = {"limit_one_block_prob": 0, "use_user_prob": 0, "max_per_sample": 9}
    assert sorted(map(current, plan(row, use_history_prob=1, **chances))) == ["", "a\n"]
    assert sorted(map(current, plan(row, use_history_prob=0, **chances))) == ["a\n"]


def test_the_samples_of_a_row_draw_their_history_and_words_each_for_itself():
    plans = [plan(generated(), row_id=f"{n}", max_per_sample=2) for n in range(60)]
    assert any(one["use_user"] != other["use_user"] for one, other in plans)


def test_a_version_equal_to_the_final_code_is_never_current():
    versions = ["final\n", "draft\n", "final", "other\n", "final\n"]
    samples = plan(generated(versions), limit_one_block_prob=0, max_per_sample=9)
    assert sorted(map(current, samples)) == ["draft\n", "other\n"]
    assert reason(generated(versions), limit_one_block_prob=0, alpha=0) == "no_usable_current"


def test_neighbours_that_are_equal_but_for_a_final_newline_are_one_version():
    versions = ["a\n", "a\n", "a", "a\nb\n", "a\nb"]
    chances = {"limit_one_block_prob": 0, "use_history_prob": 1, "max_per_sample": 9}
    (sample,) = plan(generated(versions), **chances)
    assert (current(sample), sample["final"], sample["history"]) == ("a", "a\nb", [])


@pytest.mark.parametrize(
    ("row", "data_type", "expected"),
    [
        ({"output": []}, "aiprogrammer", "empty_final_code"),
        ({"output": ["a", " \n"]}, "aiprogrammer", "empty_final_code"),
        ({"output": ["a"]}, "aiprogrammer", "no_change"),
        ({"output": ["a", "a\n", "a"]}, "aiprogrammer", "no_change"),
        ({"output": "a"}, "aiprogrammer", "output_not_a_list_of_texts"),
        ({"output": ["a", None]}, "aiprogrammer", "output_not_a_list_of_texts"),
        ({"output": ["a", "b"], "lang": None}, "aiprogrammer", "lang_not_text"),
        (COMMIT | {"code1": None}, "commit", "code1_not_text"),
        (COMMIT | {"code2": ["x"]}, "commit", "code2_not_text"),
        (COMMIT | {"code2": ""}, "commit", "empty_final_code"),
        (COMMIT | {"code2": COMMIT["code1"]}, "commit", "no_change"),
        (COMMIT | {"git": None}, "commit", "git_not_text"),
        (SUBMIT | {"submissions": None}, "submit", "submissions_not_a_list_of_texts"),
        (SUBMIT | {"language": 3}, "submit", "language_not_text"),
        (SUBMIT | {"problems_contexts": []}, "submit", "problems_contexts_not_text"),
    ],
)
def test_a_row_of_which_nothing_can_be_planned_says_why(row, data_type, expected):
    assert reason(row, data_type) == expected


def test_a_rejected_row_is_known_by_the_given_id():
    (rejected,) = plan({"prompt_id": "other", "output": []}, row_id="row 7")
    assert rejected["prompt_id"] == "row 7"


def test_a_series_too_large_for_memory_is_refused():
    before = "".join(f"line {number}\nkeep {number}\n" for number in range(1900))
    after = before.replace("line", "changed")
    row = COMMIT | {"code1": before, "code2": after}
    assert 1900 * len(after) > MAX_SERIES_CHARACTERS
    assert reason(row, "commit", limit_one_block_prob=1) == "history_too_large"
    assert "reject_reason" not in plan(row, "commit", limit_one_block_prob=0)[0]


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("limit_one_block_prob", 1.5),
        ("use_history_prob", -0.1),
        ("use_user_prob", math.nan),
        ("alpha", -1),
        ("alpha", math.inf),
        ("alpha", math.nan),
        ("max_per_sample", 0),
        ("data_type", "commits"),
    ],
)
def test_a_wrong_setting_is_named_by_its_flag(flag, value):
    words = [f"--{name}={said}" for name, said in ({"data_type": "commit"} | {flag: value}).items()]
    with pytest.raises(PipelineError, match=f"^--{flag} must .*, not '?{value}'?$"):
        parse_flags(PlanSettings, words)


def test_the_same_row_and_seed_give_the_same_samples_and_another_seed_others():
    rows = [generated([f"{n}\n", *VERSIONS]) for n in range(40)]
    plans = [
        [plan(row, row_id=f"{n}", random_seed=seed) for n, row in enumerate(rows)]
        for seed in (1, 1, 2)
    ]
    assert plans[0] == plans[1] != plans[2]


def test_asking_for_more_samples_only_adds_to_them():
    one = plan(generated(), limit_one_block_prob=0)
    assert plan(generated(), limit_one_block_prob=0, max_per_sample=3)[:1] == one


def test_the_chance_of_words_changes_no_other_draw():
    plans = [planned(generated(), 30, use_user_prob=chance) for chance in (0, 1)]
    for without, with_words in zip(*plans, strict=True):
        assert with_words | {"use_user": False} == without


codes = st.lists(st.sampled_from(["a", "b", "", "c\r", "\x0c", "d\u2028e", "\ud800"]), max_size=9)
versions = st.lists(
    st.builds(lambda lines, end: "\n".join(lines) + end, codes, st.sampled_from(["", "\n"])),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(versions, st.floats(0, 1), st.floats(0, 3), st.integers())
def test_every_sample_leads_to_the_final_code_to_the_byte(versions, chance, alpha, seed):
    chances = dict.fromkeys(["limit_one_block_prob", "use_history_prob", "use_user_prob"], chance)
    settings = PlanSettings(
        data_type="aiprogrammer", **chances, alpha=alpha, max_per_sample=3, random_seed=seed
    )
    for sample in plan_samples({"output": versions}, "row", settings):
        if "reject_reason" in sample:
            continue
        assert sample["final"] == versions[-1] != current(sample)
        blocks, diffs = remaining_changes(sample)
        assert apply_blocks(current(sample), blocks, range(len(blocks))) == versions[-1]
        assert len(diffs) == len(blocks) > 0
        shown = [version["code"] for version in sample["history"]] + [current(sample)]
        assert all(one != other for one, other in pairwise(shown))
        assert len(history_diffs(shown)) == len(shown) - 1


def test_a_history_is_told_as_one_diff_per_edit():
    assert history_diffs(VERSIONS[:3]) == [
        "--- a/code\n+++ b/code\n@@ -1 +1,2 @@\n a\n+b\n",
        "--- a/code\n+++ b/code\n@@ -1,2 +1,3 @@\n a\n b\n+c\n",
    ]
    assert history_diffs(["a", "a"]) == history_diffs(["a"]) == []


def test_texts_that_no_file_can_hold_are_put_aside():
    (row,) = plan({**COMMIT, "code1": "x = '\ud800'\n"}, "commit")
    assert row["reject_reason"] == "not_unicode"


def test_what_is_left_to_do_is_told_block_by_block():
    (sample,) = plan(COMMIT, "commit", limit_one_block_prob=0)
    blocks, diffs = remaining_changes(sample)
    assert [block.lines for block in blocks] == [("ONE",), ("TWO",), ("THREE",)]
    assert diffs[1] == (
        "--- a/code\n+++ b/code\n@@ -1,5 +1,5 @@\n one\n keep\n-two\n+TWO\n keep\n three\n"
    )

"""Where a target area may lie, and that it is found in long codes too."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programming_instruct.target_area import (
    MAX_COMPARED,
    Area,
    AreaSettings,
    changed_characters,
    draw_area,
)
from tests.linear_time import grows_linearly
from utils.cli import parse_flags
from utils.errors import PipelineError

BEFORE = "def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a + a + a\n"
AFTER = "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a + a\n"
MINUS = BEFORE.index("-")
codes = st.text(alphabet="ab\n\r é😀\u2028", max_size=30)


def draw_many(settings: AreaSettings, before: str = BEFORE, after: str = AFTER) -> list[Area]:
    return [draw_area(before, after, settings, random.Random(seed)) for seed in range(300)]


def always(**given: float | int) -> AreaSettings:
    """Settings that draw an area every time, exactly at the change unless told otherwise."""
    exact = {"use_loc_prob": 1.0, "loc_noisy_prob": 0.0, "loc_all_noisy_prob": 0.0}
    return AreaSettings(**{**exact, **given})  # type: ignore[arg-type]


def test_the_changed_spans_are_offsets_of_the_code_before() -> None:
    first, *rest = changed_characters(BEFORE, AFTER)
    assert first == (MINUS, MINUS + 1)
    assert sum(end - start for start, end in rest) == len(" + a")


def test_an_insertion_is_an_empty_span() -> None:
    assert changed_characters("ac", "abc") == [(1, 1)]


def test_offsets_count_code_points() -> None:
    assert changed_characters("😀é = 1", "😀é = 2") == [(5, 6)]


def test_neighbouring_edits_are_one_span() -> None:
    assert changed_characters("x = abc\n", "x = 12345\n") == [(4, 7)]


def test_equal_codes_have_no_changed_span() -> None:
    assert changed_characters(BEFORE, BEFORE) == []


@given(codes, codes)
def test_spans_are_apart_in_order_and_leave_only_what_both_codes_hold(
    before: str, after: str
) -> None:
    spans = changed_characters(before, after)
    assert bool(spans) == (before != after)
    assert all(0 <= start <= end <= len(before) for start, end in spans)
    assert all(one[1] < two[0] for one, two in pairwise(spans))
    place = 0
    ends, starts = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(before)]
    for end, start in zip(ends, starts, strict=True):
        found = after.find(before[end:start], place)
        assert found >= 0, "what is left stands in the code after, in the same order"
        place = found + start - end


def test_no_area_is_drawn_as_often_as_asked() -> None:
    assert set(draw_many(AreaSettings(use_loc_prob=0.0))) == {None}
    kinds = Counter(type(area) for area in draw_many(AreaSettings()))
    assert 50 <= kinds[type(None)] <= 100
    assert abs(kinds[int] - kinds[list]) < 70


def test_an_exact_cursor_is_at_an_end_of_a_changed_span() -> None:
    ends = {offset for span in changed_characters(BEFORE, AFTER) for offset in span}
    assert set(draw_many(always(loc_cursor_prob=1.0))) == ends


def test_a_noisy_cursor_is_within_a_changed_span() -> None:
    drawn = draw_many(always(loc_cursor_prob=1.0, loc_noisy_prob=1.0), "x = 12345\n", "x = y\n")
    assert set(drawn) == {4, 5, 6, 7, 8, 9}


def test_an_exact_range_goes_from_the_first_change_to_the_last() -> None:
    spans = changed_characters(BEFORE, AFTER)
    wanted = [spans[0][0], spans[-1][1]]
    assert all(area == wanted for area in draw_many(always(loc_cursor_prob=0.0)))


def test_a_noisy_range_is_wider_by_up_to_the_noise_and_stays_in_the_code() -> None:
    settings = always(loc_cursor_prob=0.0, loc_noisy_prob=1.0, loc_noisy_length=8)
    spans = changed_characters(BEFORE, AFTER)
    drawn = [area for area in draw_many(settings) if isinstance(area, list)]
    assert len(drawn) == 300
    assert {left for left, _ in drawn} == set(range(MINUS - 8, MINUS + 1))
    end = spans[-1][1]
    assert {right for _, right in drawn} == set(range(end, min(end + 8, len(BEFORE)) + 1))


def test_an_area_may_lie_anywhere() -> None:
    cursors = draw_many(always(loc_cursor_prob=1.0, loc_all_noisy_prob=1.0), "abcd", "abcx")
    assert set(cursors) == {0, 1, 2, 3, 4}
    ranges = draw_many(always(loc_cursor_prob=0.0, loc_all_noisy_prob=1.0), "abcd", "abcx")
    assert {tuple(area) for area in ranges if isinstance(area, list)} == {
        (left, right) for left in range(5) for right in range(left, 5)
    }


def test_in_code_that_stays_some_lines_are_pointed_at_and_hardly_ever_all() -> None:
    lines = [f"    value = {number}" for number in range(30)]
    code = "\n\n".join(lines) + "\n"
    drawn = draw_many(always(loc_cursor_prob=0.0), code, code)
    chosen = [code[area[0] : area[1]] for area in drawn if isinstance(area, list)]
    assert len(chosen) == 300 and len(set(chosen)) > 60
    assert all(text.startswith("value") and text[-1].isdigit() for text in chosen)
    assert {text.count("value") for text in chosen} == {1, 2, 3, 4, 5}
    cursors = draw_many(always(loc_cursor_prob=1.0), code, code)
    assert len(set(cursors)) > 50 and cursors.count(0) + cursors.count(len(code)) < 10


def test_in_code_that_stays_the_last_edit_is_pointed_at_half_the_time() -> None:
    code = "".join(f"value_{number} = {number}\n" for number in range(30))
    earlier = code.replace("value_7 = 7", "value_7 = 8")
    settings, place = always(loc_cursor_prob=0.0), code.index("7 = 7") + 4
    areas = [draw_area(code, code, settings, random.Random(seed), earlier) for seed in range(300)]
    assert 110 < areas.count([place, place + 1]) < 190


def test_blank_code_that_stays_is_one_span() -> None:
    assert draw_many(always(loc_cursor_prob=0.0), " \n", " \n")[0] == [0, 2]


def test_empty_code_has_its_one_offset() -> None:
    assert draw_many(always(loc_cursor_prob=1.0), "", "x = 1\n")[0] == 0
    assert draw_many(always(loc_cursor_prob=0.0), "", "x = 1\n")[0] == [0, 0]


@given(codes, codes, st.integers(0, 2**32))
def test_every_area_fits_the_code(before: str, after: str, seed: int) -> None:
    area = draw_area(before, after, AreaSettings(use_loc_prob=1.0), random.Random(seed))
    left, right = area if isinstance(area, list) else (area, area)
    assert left is not None and right is not None
    assert 0 <= left <= right <= len(before)


def test_long_codes_are_compared_by_lines_and_then_by_characters() -> None:
    lines = [f"value_{number} = {number}\n" for number in range(8000)]
    changed = [
        line.replace("value", "VALUE") if number % 500 == 0 else line
        for number, line in enumerate(lines)
    ]
    before, after = "".join(lines), "".join(changed)
    assert len(before) * len(after) > MAX_COMPARED
    spans = changed_characters(before, after)
    assert spans == [(before.index(line), before.index(line) + 5) for line in lines[::500]]


@pytest.mark.parametrize(
    ("unit", "other", "size"),
    [("ab", "ba", 400_000), ("a\n", "b\n", 1_000_000)],
    ids=["one long line", "half a million short lines"],
)
def test_hopeless_codes_are_one_span_at_once(unit: str, other: str, size: int) -> None:
    def compare(before: str) -> None:
        after = before.replace(unit, other) + "c"
        assert len(changed_characters(before, after)) == 1

    assert grows_linearly(compare, unit, size)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("use_loc_prob", 1.5),
        ("loc_cursor_prob", -0.1),
        ("loc_noisy_prob", float("nan")),
        ("loc_noisy_length", -1),
    ],
)
def test_a_setting_that_is_no_chance_is_refused(name: str, value: float) -> None:
    with pytest.raises(PipelineError, match=f"^--{name} must "):
        parse_flags(AreaSettings, [f"--{name}={value}"])

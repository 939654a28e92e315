"""Spoiled answers: their share, and what each looks like."""

import random
from collections import Counter

from offline_model.exercises import join_sections
from offline_model.misbehaviour import (
    FIRST_ROUND,
    SECOND_ROUND,
    Answer,
    bold_headings,
    draw_spoiler,
    elided_code,
    empty_section,
    hash_headings,
    missing_section,
    truncated,
)
from utils.code.fences import fenced
from utils.sampling import derive_seed

CODE = "\n".join(f"line_{i} = {i}" for i in range(20)) + "\n"
ANSWER = Answer(
    join_sections({"Program Before Edit": fenced(CODE), "Descriptive": "Do.", "Lazy": "do"})
)


def test_the_share_is_kept() -> None:
    drawn = [draw_spoiler(derive_seed("share", i), 0.08, 2) for i in range(4000)]
    assert 0.065 < sum(spoiled is not None for spoiled in drawn) / len(drawn) < 0.095


def test_every_way_to_misbehave_occurs() -> None:
    drawn = Counter(draw_spoiler(derive_seed("kinds", i), 1.0, 2) for i in range(2000))
    ways = {(1, spoiler) for spoiler in FIRST_ROUND} | {(2, spoiler) for spoiler in SECOND_ROUND}
    assert set(drawn) == ways


def test_conversations_of_one_round_are_spoiled_in_it() -> None:
    drawn = [draw_spoiler(derive_seed("one", i), 1.0, 1) for i in range(100)]
    assert all(spoiled is not None and spoiled[0] == 1 for spoiled in drawn)


def test_headings_are_dressed_up() -> None:
    assert "**[Lazy]**" in bold_headings(ANSWER, random.Random(1)).text
    assert "# Lazy\n" in hash_headings(ANSWER, random.Random(1)).text


def test_one_section_is_missing_or_empty() -> None:
    for seed in range(10):
        assert missing_section(ANSWER, random.Random(seed)).text.count("[") == 2
        text = empty_section(ANSWER, random.Random(seed)).text
        assert text.count("[") == 3 and len(text) < len(ANSWER.text)


def test_a_truncated_answer_stops_inside_the_code() -> None:
    for seed in range(10):
        cut = truncated(ANSWER, random.Random(seed))
        assert cut.finish_reason == "length"
        assert cut.text.count("```") == 1 and ANSWER.text.startswith(cut.text)


def test_elided_code_has_a_comment_in_place_of_lines() -> None:
    text = elided_code(ANSWER, random.Random(1)).text
    assert text.count("line_") == 14 and "\n# " in text
    assert text.endswith("[Lazy]\ndo\n")

"""The work of every parser of foreign text grows with the text, whatever is repeated in it."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from pygments.lexers import get_lexer_by_name

from joydataforge.queries.evolved_text import read_query
from joydataforge.queries.instruction_filter import InstructionLimits, check_instruction
from tests.documented_commands import ROOT
from tests.linear_time import MEASURABLE, TRIES, processor_time
from utils.code.fences import fence_lines, read_blocks
from utils.code.highlighting import lexed
from utils.code.lexing import code_tokens
from utils.code.lines import compare_lines, unified_diff
from utils.code.syntax import grammar_parser, is_python_program
from utils.code.topic_words import identifiers
from utils.errors import BadReply
from utils.replies.json_object import find_json_object
from utils.replies.leaked_tokens import without_end_tokens
from utils.replies.thoughts import split_thoughts
from utils.replies.vague import why_vague
from utils.seeds.emails import mask_emails
from utils.seeds.secrets import locate_secrets, secrets_in_line

TOKENS = (
    "/", "//", "<!--", "a.", "a ", "a@", "->", "://", "sk-", "{", "}", "[", "(", '"', "'", "\\",
    "```\n", "@@ ", "### ", "<think>", "<|", "key=", "-", "\n", "0",
)  # fmt: skip


def refused_or(read: Callable[[str], object]) -> Callable[[str], object]:
    """Take a refusal for an answer: a thought that does not end, say, is no reply."""

    def reading(text: str) -> object:
        with suppress(BadReply):
            return read(text)
        return None

    return reading


PARSERS: dict[str, Callable[[str], object]] = {
    "secrets": lambda text: list(locate_secrets([text])),
    "fences": lambda text: read_blocks(fence_lines(text)),
    "objects": refused_or(find_json_object),
    "thoughts": refused_or(split_thoughts),
    "leaked tokens": without_end_tokens,
    "vague": why_vague,
    "e-mails": mask_emails,
    "evolved queries": refused_or(lambda text: read_query(f"x {text} x", "x")),
    "made-up instructions": refused_or(
        lambda text: check_instruction(f"x {text} x", InstructionLimits(max_chars=100_000), [])
    ),
    "tokens": code_tokens,
    "Python": is_python_program,
    "grammar": grammar_parser("python") or is_python_program,
    "names": identifiers,
    "lexer": lambda text: list(lexed(get_lexer_by_name("javascript"), text)),
    "lexer of short lines": lambda text: list(
        lexed(get_lexer_by_name("java"), re.sub(r"(.{1,4})", r"\1\n", text))
    ),
    "equal lines": lambda text: unified_diff(
        re.sub(r"(.)", r"\1\n", text[::8]), re.sub(r"(.)", r"\1\nx\n", text[::8]), "a", "b"
    ),
}

# Names of nodes thousands deep: tree-sitter's queries go by the square of a tree's depth.
KNOWN = {"names": ["{", "[", "(", "-"]}


def keeps_pace(work: Callable[[str], object], token: str) -> bool:
    """Whether twice the text takes at most three times as long; the least of some runs counts."""
    small, large = (token * (size // len(token)) for size in (8_000, 16_000))
    return any(
        processor_time(work, large) <= 3 * max(processor_time(work, small), MEASURABLE)
        for _ in range(TRIES)
    )


@pytest.mark.parametrize("name", PARSERS)
def test_twice_the_text_is_at_most_three_times_the_work(name: str) -> None:
    tokens = [token for token in TOKENS if token not in KNOWN.get(name, [])]
    assert [token for token in tokens if not keeps_pace(PARSERS[name], token)] == []


def test_a_grammar_gives_up_noise_and_goes_on_with_the_next_text() -> None:
    parses = grammar_parser("python")
    assert parses is not None
    assert not parses("<!--" * 5_000)
    assert parses("print(1)\n" * 5_000)
    assert identifiers("<!--" * 5_000 + "name") == ["name"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x\n" * 4_000, "x\nq\n" * 2_000),
        ("x\ny\n" * 2_000, "y\nz\nx\n" * 1_300),
        ("a\n" + "x\n" * 9_000 + "b\n", "a\n" + "x\ny\n" * 9_000 + "b\n"),
    ],
)
def test_programs_of_equal_lines_are_replaced_where_comparing_them_would_take_for_ever(
    old: str, new: str
) -> None:
    opcodes = compare_lines(old.splitlines(), new.splitlines()).get_opcodes()
    assert [tag for tag, *_ in opcodes if tag != "equal"] == ["replace"]
    for tag, start, end, new_start, new_end in opcodes:
        equal = old.splitlines()[start:end] == new.splitlines()[new_start:new_end]
        assert equal == (tag == "equal")


def test_parts_of_a_long_program_have_the_tokens_of_the_whole() -> None:
    code = (ROOT / "utils/cli.py").read_text()
    whole = get_lexer_by_name("python").get_tokens_unprocessed(code)
    parts = list(lexed(get_lexer_by_name("python"), code))
    assert len(code) > 10_000 and parts == [(kind, text) for _, kind, text in whole]


def test_pieces_of_a_long_line_are_the_text() -> None:
    code = "let a = 1;\n" + "a.b(c); " * 400
    tokens = lexed(get_lexer_by_name("javascript"), code)
    assert "".join(text for _, text in tokens) == code


@pytest.mark.parametrize("place", [0, 2_950, 2_990, 3_000, 6_970, 9_900])
def test_a_key_is_found_wherever_it_stands_in_a_long_line(place: int) -> None:
    key = "gh" + "p_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
    assert secrets_in_line(key)
    line = " " * place + key + " " * 4_000
    assert [secret.value for secret in locate_secrets([line])] == [key]

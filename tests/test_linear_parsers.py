"""The work of every parser of foreign text grows with the text, whatever is repeated in it."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from pygments.lexers import get_lexer_by_name

from tests.linear_time import MEASURABLE, TRIES, processor_time
from utils.code.fences import fence_lines, read_blocks
from utils.code.highlighting import lexed
from utils.code.lexing import code_tokens
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
    "tokens": code_tokens,
    "Python": is_python_program,
    "grammar": grammar_parser("python") or is_python_program,
    "names": identifiers,
    "lexer": lambda text: list(lexed(get_lexer_by_name("javascript"), text)),
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

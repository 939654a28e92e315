"""The stages of a coding history in a model's reply, and what makes them a history.

A reply holds one fenced block a stage, the whole code each time, the finished code last. The last
block may differ from the snippet in what a fenced block shows badly: CRLF or LF at the ends of
lines, white space at the ends of lines, and the blank lines and the newline at the very end. The
stored last version is the snippet itself, byte for byte, and the earlier ones get its line ends,
its white space on the lines they share with it, and its ending.

A stage is a mere slice if it is a contiguous cut of the finished code, indentation, blank lines,
and trailing lines of closing brackets or placeholders (`}`, `end`, `pass`) aside. That is what
typing from top to bottom shows. A history needs one stage at least that is none: one that holds
text that was later changed or removed, or that lacks something in its midst.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from utils.code.elision import elision_comments
from utils.code.fences import Block, block_text, fence_lines, read_blocks
from utils.code.languages import PLAIN_LABELS, is_other_language, label_of
from utils.errors import BadReply
from utils.replies.answer import read_answer
from utils.replies.sections import is_declined_instruction, is_refusal

_LINE_TAIL = " \t\r"
_CLOSING_LINE = re.compile(
    r"[\])}>;,]+|end(?:if|for|while|function|class|module|sub|def)?;?|fi|done|esac"
    r"|pass|\.\.\.|raise NotImplementedError(?:\(\))?"
)


def read_stages(reply: str, snippet: str, lang: str = "") -> list[str]:
    """Give the versions in a reply, oldest first, the snippet itself last.

    Raises BadReply as `read_answer` does, or `refusal`, `no_code_block`, `truncated`,
    `last_block_differs`, `empty_stage`, `single_stage`, `equal_neighbours`, `elided_code`,
    `only_slices`.
    """
    shown = _without_repeated_end(_read_versions(reply, snippet, lang), snippet)
    check_history([*shown[:-1], snippet])
    restoration = _Restoration(shown[-1], snippet)
    return [*(restoration.apply(version) for version in shown[:-1]), snippet]


def check_history(versions: Sequence[str]) -> None:
    """Raise BadReply unless the versions, the finished code last, make a history."""
    if not all(version.strip() for version in versions):
        raise BadReply("empty_stage")
    if len(versions) < 2:
        raise BadReply("single_stage")
    if any(_is_same(*pair) for pair in zip(versions, versions[1:], strict=False)):
        raise BadReply("equal_neighbours")
    *earlier, finished = versions
    if any(_elisions(version) - elision_comments(finished) for version in earlier):
        raise BadReply("elided_code")
    if all(is_slice(version, finished) for version in earlier):
        raise BadReply("only_slices")


def is_slice(version: str, finished: str) -> bool:
    """Tell whether a version is a contiguous cut of the finished code."""
    lines = list(_told_lines(version))
    while lines and _CLOSING_LINE.fullmatch(lines[-1]):
        lines.pop()
    return "\n".join(lines) in "\n".join(_told_lines(finished))


def _read_versions(reply: str, snippet: str, lang: str) -> list[str]:
    """List what the blocks of a reply hold; the last one is there."""
    text = read_answer(reply, snippet).text
    reading = read_blocks(fence_lines(text))
    if reading.unclosed and text[reading.unclosed.end :].strip():
        raise BadReply("truncated")
    if not reading.blocks:
        raise BadReply("refusal" if is_refusal(text) else "no_code_block")
    # A novice may open with "I can't tell yet ..."; with code below, it takes more to be a refusal.
    if is_declined_instruction(text):
        raise BadReply("refusal")
    versions = [block_text(text, block) for block in _blocks_of_code(reading.blocks, lang)]
    # An empty file is where all code begins; it tells nothing.
    return versions if versions[0].strip() else versions[1:]


def _blocks_of_code(blocks: Sequence[Block], lang: str) -> list[Block]:
    """Leave out blocks labelled as something else: shell commands, outputs.

    Without a language of a known name, the last block's label tells it. One block at least is left.
    """
    is_known = is_other_language(lang, "")
    language = lang if is_known else label_of(blocks[-1].info)
    is_code = language.lower() not in PLAIN_LABELS | {""}
    kept = [
        block
        for block in blocks
        if not (is_code and label_of(block.info) in PLAIN_LABELS)
        and not (is_code and is_other_language(block.info, language))
    ]
    return kept or list(blocks)


def _without_repeated_end(versions: list[str], snippet: str) -> list[str]:
    """Check that the last version is the snippet, and drop its repeats before it."""
    if not versions or not _is_same(versions[-1], snippet):
        raise BadReply("last_block_differs")
    while len(versions) > 1 and _is_same(versions[-2], snippet):
        versions = [*versions[:-2], versions[-1]]
    return versions


class _Restoration:
    """What a fenced block could not show of a snippet, to be put back into its earlier versions."""

    def __init__(self, shown: str, snippet: str) -> None:
        true_lines = _split_body(snippet)
        body = "\n".join(true_lines)
        last = true_lines[-1].removesuffix("\r")
        self.ending = snippet[len(body) - len(true_lines[-1]) + len(last) :]
        pairs = zip(_split_body(shown), true_lines, strict=True)
        self.texts = _most_common((a.removesuffix("\r"), b.removesuffix("\r")) for a, b in pairs)
        ends = [
            (line.removesuffix("\r"), "\r\n" if line.endswith("\r") else "\n")
            for line in true_lines[:-1]
        ]
        self.line_ends = _most_common(ends)
        # A single line has no end but the snippet's.
        usual = ends or [("", "\r\n" if self.ending.startswith("\r\n") else "\n")]
        self.usual_end = _most_common(("", end) for _, end in usual)[""]

    def apply(self, version: str) -> str:
        lines = [line.removesuffix("\r") for line in _split_body(version)]
        lines = [self.texts.get(line, line) for line in lines]
        ended = [line + self.line_ends.get(line, self.usual_end) for line in lines[:-1]]
        return "".join(ended) + lines[-1] + self.ending


def _most_common(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map each key to the value it most often has; of equally frequent ones to the first."""
    counts: dict[str, Counter[str]] = {}
    for key, value in pairs:
        counts.setdefault(key, Counter())[value] += 1
    return {key: found.most_common(1)[0][0] for key, found in counts.items()}


def _split_body(code: str) -> list[str]:
    """Split code into lines up to its last one that is not blank; a `\\r` stays on its line."""
    lines = code.split("\n")
    while len(lines) > 1 and not lines[-1].strip(_LINE_TAIL):
        lines.pop()
    return lines


def _is_same(code: str, other: str) -> bool:
    """Tell whether two codes are the same to one who sees them in fenced blocks."""
    if code == other:
        return True
    return [line.rstrip(_LINE_TAIL) for line in _split_body(code)] == [
        line.rstrip(_LINE_TAIL) for line in _split_body(other)
    ]


def _told_lines(code: str) -> Iterable[str]:
    return filter(None, map(str.strip, code.split("\n")))


def _elisions(code: str) -> set[str]:
    # Dots alone may mark what is still to be written.
    return {comment for comment in elision_comments(code) if comment.strip(".…[] ")}

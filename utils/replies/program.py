"""The program in a section of a reply: which fenced block, or which edit of the code before.

Among several blocks of code, what is said about them tells which is the program.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate

from utils.code.apply_edit import NotApplicable, apply_edit, looks_like_edit
from utils.code.elision import elision_comments
from utils.code.fences import (
    DIFF_INFOS,
    Block,
    FenceLine,
    Reading,
    block_text,
    fence_lines,
    possible_blocks,
    read_blocks,
)
from utils.code.languages import PLAIN_LABELS, is_other_language, label_of
from utils.errors import BadReply

_LONGEST_LABEL = 80
_ASIDE = re.compile(
    r"\b(?:usages?|used?|examples?|tests?|testing|outputs?|prints?|run|call|demo|try)\b",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"\b(?:program|code|script|file|module|version|edited|revised|updated|modified|complete|full"
    r"|after|before|implementation|solution)\b",
    re.IGNORECASE,
)
_LOOKS_LIKE_LABEL = re.compile(r"[#*_]|.*[:：]\W*$", re.DOTALL)
# Blocks are tried from the longest; the true one is never far down a real reply's list.
MAX_TRIED = 24
# The characters parsed for one section; parsing this much takes about a second.
MAX_PARSED = 400_000
# The characters of blocks looked at for one section.
MAX_COMPARED = 2_000_000
# A program that keeps this share of the lines before the edit is their edited form.
KEPT_BY_AN_EDIT = 0.5

Parser = Callable[[str], bool]


def is_about_program(text: str, block: Block) -> bool:
    """Tell whether the line above a block calls it an example of use, a test or an output."""
    above = text[max(0, block.opener.start - 4 * _LONGEST_LABEL) : block.opener.start].rstrip()
    label = above.rpartition("\n")[2].strip()
    if len(label) > _LONGEST_LABEL or not _LOOKS_LIKE_LABEL.match(label):
        return False
    return bool(_ASIDE.search(label)) and not _PROGRAM.search(label)


def is_transcript(code: str) -> bool:
    """Tell whether a block shows an interactive session."""
    return code.lstrip().startswith(">>> ")


def same_program(code: str, other: str) -> bool:
    """Tell whether two programs are equal, blank lines and trailing spaces aside."""
    return code == other or _told_lines(code) == _told_lines(other)


def kinship(code: str, code_before: str) -> float:
    """Give the share of the different lines of the code before that a program still holds."""
    before = set(map(str.strip, _told_lines(code_before)))
    kept = before.intersection(map(str.strip, _told_lines(code)))
    return len(kept) / max(1, len(before))


def _told_lines(code: str) -> list[str]:
    return [line for line in map(str.rstrip, code.split("\n")) if line]


@dataclass(frozen=True)
class ProgramSection:
    """The part of a reply that holds a program.

    Without a parser for the language, programs are known by their fences alone. With
    `code_before`, the section may also be an edit of it: a unified diff or search/replace blocks.
    """

    name: str
    text: str
    parses: Parser | None
    code_before: str | None = None
    language: str = "python"

    def program(self) -> str:
        """Give the program, the bytes between its fences, or raise BadReply."""
        if not self.text.strip():
            raise BadReply(f"empty_{self.name}")
        code = self._find()
        if not code.strip():
            raise BadReply(f"empty_{self.name}")
        if "\n" not in code.strip():
            raise BadReply("single_line_code")
        self._refuse_elisions(code)
        return code

    def _refuse_elisions(self, code: str) -> None:
        comments = elision_comments(code)
        if self.code_before is None:
            # In a program before the edit, dots alone may well mark what the edit is to fill in.
            comments = {comment for comment in comments if comment.strip(".…[] ")}
        elif comments:
            comments -= elision_comments(self.code_before)
        if comments:
            raise BadReply("elided_code")

    def _find(self) -> str:
        lines = fence_lines(self.text)
        reading = read_blocks(lines)
        unfenced = self._unfenced_program(lines)
        if unfenced is not None:
            return unfenced
        blocks = self._candidates(lines, reading)
        edit = self._edit(lines, reading)
        is_usual = len(blocks) == 1 and not self._is_plain_text(blocks[0])
        if is_usual and edit is None and not reading.unclosed:
            # The usual reply: one block, taken as it is; whether it parses is another stage's.
            return self._content(blocks[0])
        programs = self._sound_programs(lines, blocks)
        if edit is not None and self.code_before is not None:
            with suppress(NotApplicable):
                return self._edited_program(edit, programs)
        if programs:
            return self._content(programs[0])
        return self._without_sound_program(reading, blocks, edit)

    def _unfenced_program(self, lines: list[FenceLine]) -> str | None:
        """Give all of the section if it is one program; its strings may hold fences."""
        above = self.text[: lines[0].start] if lines else self.text
        if not above.strip() or self.parses is None:
            return None
        # The end of a fence around the whole reply.
        is_closed_above = len(lines) == 1 and not self.text[lines[0].end :].strip()
        text = above if is_closed_above else self.text
        return text.strip("\r\n") + "\n" if self._parses_in_time(text) else None

    def _parses_in_time(self, text: str) -> bool:
        return self.parses is not None and len(text) <= MAX_PARSED and self.parses(text)

    def _candidates(self, lines: list[FenceLine], reading: Reading) -> list[Block]:
        """List the blocks worth a look, the longest first.

        Blocks of other languages are none; repeats of the code before are only where there is
        nothing else.
        """
        blocks = possible_blocks(lines) if self.parses else _by_size(reading.blocks)
        plain = _by_size(_plain(blocks, reading))
        tried = blocks if len(blocks) == 1 else list(dict.fromkeys([*blocks[:MAX_TRIED], *plain]))
        tried = [block for block in _affordable(tried) if self._may_be_program(block)]
        if len(tried) < 2 or self.code_before is None:
            return tried
        news = [block for block in tried if not self._repeats_code_before(block)]
        return news or tried

    def _may_be_program(self, block: Block) -> bool:
        if is_other_language(block.info, self.language):
            return False
        return not is_transcript(self._content(block))

    def _is_plain_text(self, block: Block) -> bool:
        """Tell whether a block is labelled as text; it is a program only if it parses as one."""
        return self.parses is not None and label_of(block.info) in PLAIN_LABELS

    def _edit(self, lines: list[FenceLine], reading: Reading) -> str | None:
        """Give the edit that the section is: its blocks that look like one, or all of its text."""
        if self.code_before is None:
            return None
        blocks = ((block_text(self.text, block), block.info) for block in reading.blocks)
        # Several blocks make one edit; any of them alone would be half of it.
        edits = [text for text, info in blocks if self._is_edit(text, info)]
        if edits:
            return None if self._is_cut_off(reading) else "\n".join(edits)
        # Fences below the edit's beginning are its text.
        above = self.text[: lines[0].start] if lines else self.text
        return self.text if looks_like_edit(above) else None

    def _is_edit(self, text: str, info: str) -> bool:
        if not looks_like_edit(text, info):
            return False
        # A program may hold a diff in one of its strings.
        return info in DIFF_INFOS or self.parses is None or not self._parses_in_time(text)

    def _edited_program(self, edit: str, programs: list[Block]) -> str:
        """Apply an edit, unless the edited program is there as well.

        Raises NotApplicable.
        """
        code_before = self.code_before or ""
        for block in programs:
            if kinship(self._content(block), code_before) >= KEPT_BY_AN_EDIT:
                return self._content(block)
        return apply_edit(edit, code_before)

    def _sound_programs(self, lines: list[FenceLine], blocks: list[Block]) -> list[Block]:
        """List the blocks that parse, the one that is meant first.

        That is the longest one, apart from examples of its use, tests and digressions.
        """
        parsing = list(self._parsing(lines, blocks))
        if len(parsing) > 1 and self.code_before is not None:
            shares = [kinship(self._content(block), self.code_before) for block in parsing]
            parsing = [
                block
                for block, share in zip(parsing, shares, strict=True)
                if share >= max(shares) / 2
            ]
        if len(parsing) > 1:
            parsing = [
                block for block in parsing if not is_about_program(self.text, block)
            ] or parsing
        return parsing

    def _parsing(self, lines: list[FenceLine], blocks: list[Block]) -> Iterator[Block]:
        left = MAX_PARSED
        for block in blocks:
            left -= block.size
            if left < 0 or self.parses is None:
                return
            code = self._content(block)
            if self.parses(code) and not self._is_cut_off(_below(lines, block)):
                yield block

    def _without_sound_program(
        self, reading: Reading, blocks: list[Block], edit: str | None
    ) -> str:
        """Give the longest block of the plain reading, or say what is wrong with the section."""
        if self._is_cut_off(reading) or (reading.unclosed and not reading.blocks):
            raise BadReply("truncated")
        if edit is not None:
            raise BadReply("diff_not_applicable")
        blocks = [block for block in blocks if not self._is_plain_text(block)]
        if not blocks:
            raise BadReply("no_code_block")
        plain = _plain(blocks, reading) or blocks
        return self._content(max(plain, key=lambda block: block.size))

    def _content(self, block: Block) -> str:
        return block_text(self.text, block)

    def _is_cut_off(self, reading: Reading) -> bool:
        """Tell whether a block is still open; a stray fence with nothing below it is no block."""
        return reading.unclosed is not None and bool(self.text[reading.unclosed.end :].strip())

    def _repeats_code_before(self, block: Block) -> bool:
        return same_program(self._content(block), self.code_before or "")


def _below(lines: list[FenceLine], block: Block) -> Reading:
    return read_blocks([line for line in lines if line.start > block.closer.start])


def _affordable(blocks: list[Block]) -> list[Block]:
    """Drop what comes after so much text that no real reply holds it."""
    sizes = accumulate(block.size for block in blocks)
    return [block for block, size in zip(blocks, sizes, strict=True) if size <= MAX_COMPARED]


def _plain(blocks: list[Block], reading: Reading) -> list[Block]:
    read = set(reading.blocks)
    return [block for block in blocks if block in read]


def _by_size(blocks: list[Block]) -> list[Block]:
    return sorted(reversed(blocks), key=lambda block: block.size, reverse=True)

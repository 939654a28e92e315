"""The program in a section of a reply: which fenced block, or which edit of the code before."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from utils.edit_formats import NotApplicable, apply_edit, looks_like_edit
from utils.elision import elision_comments
from utils.fences import (
    DIFF_INFOS,
    Block,
    FenceLine,
    Reading,
    block_text,
    fence_lines,
    possible_blocks,
    read_blocks,
)

# Blocks are tried from the longest; the true one is never far down a real reply's list.
MAX_TRIED = 24

Parser = Callable[[str], bool]


class BadReply(Exception):
    """A reply that gives no sound triplet; `reason` is the row's reject reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
        if self._is_unfenced_program(lines):
            return self.text.strip("\r\n") + "\n"
        blocks = self._candidates(lines, reading)
        edit = self._edit(lines, reading)
        if len(blocks) == 1 and edit is None and not reading.unclosed:
            # The usual reply: one block, taken as it is; whether it parses is another stage's.
            return block_text(self.text, blocks[0])
        for code in self._sound_programs(lines, blocks, edit):
            return code
        return self._without_sound_program(reading, blocks, edit)

    def _is_unfenced_program(self, lines: list[FenceLine]) -> bool:
        """Tell whether all of the section is one program; its strings may hold fences."""
        above = self.text[: lines[0].start] if lines else self.text
        return bool(above.strip()) and self.parses is not None and self.parses(self.text)

    def _candidates(self, lines: list[FenceLine], reading: Reading) -> list[Block]:
        """List the blocks worth a look, the longest first, without repeats of the code before."""
        blocks = possible_blocks(lines)
        if not self.parses:
            blocks = _plain(blocks, reading)
        news = [block for block in blocks if not self._repeats_code_before(block)]
        return news or blocks

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
        return info in DIFF_INFOS or self.parses is None or not self.parses(text)

    def _sound_programs(
        self, lines: list[FenceLine], blocks: list[Block], edit: str | None
    ) -> Iterator[str]:
        """Yield programs that are sure to be meant: by an edit that applies, or by parsing."""
        if edit is not None and self.code_before is not None:
            with suppress(NotApplicable):
                yield apply_edit(edit, self.code_before)
        if self.parses is None:
            return
        for block in blocks[:MAX_TRIED]:
            code = block_text(self.text, block)
            if self.parses(code) and not self._is_cut_off(_below(lines, block)):
                yield code

    def _without_sound_program(
        self, reading: Reading, blocks: list[Block], edit: str | None
    ) -> str:
        """Give the longest block of the plain reading, or say what is wrong with the section."""
        if self._is_cut_off(reading) or (reading.unclosed and not reading.blocks):
            raise BadReply("truncated")
        if edit is not None:
            raise BadReply("diff_not_applicable")
        if not reading.blocks:
            raise BadReply("no_code_block")
        plain = _plain(blocks, reading) or reading.blocks
        return block_text(self.text, max(plain, key=lambda block: block.size))

    def _is_cut_off(self, reading: Reading) -> bool:
        """Tell whether a block is still open; a stray fence with nothing below it is no block."""
        return reading.unclosed is not None and bool(self.text[reading.unclosed.end :].strip())

    def _repeats_code_before(self, block: Block) -> bool:
        same_length = block.opener.margin or block.size == len(self.code_before or "")
        return bool(same_length) and block_text(self.text, block) == self.code_before


def _below(lines: list[FenceLine], block: Block) -> Reading:
    return read_blocks([line for line in lines if line.start > block.closer.start])


def _plain(blocks: list[Block], reading: Reading) -> list[Block]:
    read = set(reading.blocks)
    return [block for block in blocks if block in read]

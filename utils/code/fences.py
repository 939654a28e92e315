"""Fenced code blocks: written so that they read back to the byte, and read as models write them."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

# A hostile text can hold a million fence lines; no reply worth reading has this many.
MAX_FENCE_LINES = 64
DIFF_INFOS = ("diff", "patch", "udiff")
# Characters without width that stray into replies: joiners, byte order marks.
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_BACKTICKS = re.compile("`+")
_PLAIN_LABEL = re.compile(r"[A-Za-z][\w+#.-]*")
# A line is found by the newline before it, ten times as fast as by `^`.
_FENCE_LINE = re.compile(rf"\n([ \t{INVISIBLE}]*+)(`{{3,}}+|~{{3,}}+)([^\n]*+)")


class FenceLine(NamedTuple):
    """A line that opens or closes a block; `start` and `end` are offsets, newline left out."""

    start: int
    end: int
    margin: str
    fence: str
    info: str

    def closes(self, opener: "FenceLine") -> bool:
        """Tell whether this line can end a block; its indentation is not looked at."""
        return self.fence.startswith(opener.fence) and not self.info

    def is_inside(self, opener: "FenceLine") -> bool:
        """Tell whether this line is plain text of an open block: too short, or too deep in it."""
        # A diff's context is one space deeper than the diff.
        depth = 1 if opener.info in DIFF_INFOS else 4
        return not self.fence.startswith(opener.fence) or _width(self) >= _width(opener) + depth


class Block(NamedTuple):
    """A fenced block as its two fence lines."""

    opener: FenceLine
    closer: FenceLine

    @property
    def size(self) -> int:
        """Count the characters of the content."""
        return max(0, self.closer.start - self.opener.end - 1)

    @property
    def info(self) -> str:
        """What stands behind the opening fence: most often a language."""
        return self.opener.info


class Reading(NamedTuple):
    """The blocks of a text in order, and the fence that is still open at its end."""

    blocks: list[Block]
    unclosed: FenceLine | None

    def is_code(self, position: int) -> bool:
        """Tell whether an offset of the text lies in a block or on its fences."""
        if self.unclosed and position >= self.unclosed.start:
            return True
        number = bisect_right(self.blocks, position, key=lambda block: block.opener.start)
        return number > 0 and position <= self.blocks[number - 1].closer.end


def fenced(text: str, info: str = "python") -> str:
    """Put text between fences longer than any run of backticks inside.

    `block_text` gives it back to the byte; only a missing final newline is added.
    """
    # Looked for first: most code has none, and going through it takes longer than all the rest.
    longest = max(map(len, _BACKTICKS.findall(text))) if "```" in text else 0
    fence = "`" * max(3, longest + 1)
    ending = "\n" if text and not text.endswith("\n") else ""
    return f"{fence}{info}\n{text}{ending}{fence}"


def plain_label(language: str) -> str:
    """Turn a language's name into the label of a block: one plain word in lower case, or none."""
    return language.lower() if _PLAIN_LABEL.fullmatch(language) else ""


def fence_lines(text: str) -> list[FenceLine]:
    """List the lines that may open or close a block, at any indentation."""
    if "```" not in text and "~~~" not in text:
        return []
    found = []
    for match in _FENCE_LINE.finditer("\n" + text):
        margin, fence, info = match.groups()
        # Three backticks with more of them on the line are inline code, as in Markdown.
        if fence[0] == "~" or "`" not in info:
            margin = margin.strip(INVISIBLE)
            found.append(FenceLine(match.start(), match.end() - 1, margin, fence, info.strip()))
    return found


def read_blocks(lines: Sequence[FenceLine]) -> Reading:
    """Pair fence lines from the top; a fence with an info string inside a block opens another.

    Only outermost blocks are listed. The nesting departs from CommonMark, where a docstring's
    example would end the program around it.
    """
    blocks: list[Block] = []
    nesting: list[FenceLine] = []
    for line in lines:
        if not nesting:
            nesting.append(line)
        elif line.is_inside(nesting[-1]):
            continue
        elif line.info:
            nesting.append(line)
        else:
            opener = nesting.pop()
            if not nesting:
                blocks.append(Block(opener, line))
    return Reading(blocks, nesting[0] if nesting else None)


def possible_blocks(lines: Sequence[FenceLine]) -> list[Block]:
    """List every block that some pairing of the fence lines gives, the longest first.

    Among equally long ones the last comes first.
    """
    lines = lines[:MAX_FENCE_LINES]
    found = []
    may_open = {0}
    for number, opener in enumerate(lines):
        if number not in may_open:
            continue
        for later in range(number + 1, len(lines)):
            if lines[later].closes(opener):
                found.append(Block(opener, lines[later]))
                may_open.add(later + 1)
    return sorted(reversed(found), key=lambda block: block.size, reverse=True)


def block_text(text: str, block: Block) -> str:
    """Cut a block's content out of its text, final newline included.

    The opener's indentation is taken off when all lines share it, as in a list item.
    """
    content = text[block.opener.end + 1 : block.closer.start]
    margin = block.opener.margin
    if not margin:
        return content
    lines = content.split("\n")
    if not all(line.startswith(margin) or not line.strip() for line in lines):
        return content
    return "\n".join(line.removeprefix(margin) for line in lines)


def only_block(text: str) -> str | None:
    """Give the content of a text that is one fenced block and nothing else, or None."""
    lines = fence_lines(text)
    blocks = read_blocks(lines).blocks
    if len(blocks) != 1:
        return None
    opener, closer = blocks[0]
    outside = text[: opener.start] + text[closer.end :]
    return None if outside.strip() else block_text(text, blocks[0])


def _width(line: FenceLine) -> int:
    return len(line.margin.expandtabs(4))

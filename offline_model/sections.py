"""Reads Markdown sections, code fences respected, and writes the pipeline's own replies."""

import re

_HEADING = re.compile(r"#{1,6} +(.*\S)")
_FENCE = re.compile(r"(`{3,}|~{3,})([^`]*)$")


def split_sections(text: str) -> dict[str, str]:
    """Map each heading outside of fences to what stands below it; of equal headings the last wins.

    A section's outer fence is taken off.
    """
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    fence = ""
    for line in text.split("\n"):
        if fence:
            if line.rstrip() == fence:
                fence = ""
        elif line[:1] in ("`", "~") and (match := _FENCE.match(line)):
            fence = match[1]
        elif line[:1] == "#" and (match := _HEADING.fullmatch(line.rstrip())):
            current = sections[match[1]] = []
            continue
        current.append(line)
    return {heading: _unfenced(lines) for heading, lines in sections.items()}


def _unfenced(lines: list[str]) -> str:
    """Return what the first fenced block holds, or all lines where there is none."""
    for start, line in enumerate(lines):
        if line[:1] in ("`", "~") and (match := _FENCE.match(line)):
            rest = lines[start + 1 :]
            ends = [i for i, end in enumerate(rest) if end.rstrip() == match[1]]
            return "\n".join(rest[: ends[0]] if ends else rest)
    return "\n".join(lines).strip("\n")


def fenced(code: str) -> str:
    return f"```python\n{code}```" if code.endswith("\n") else f"```python\n{code}\n```"


def join_sections(sections: dict[str, str]) -> str:
    return "\n\n".join(f"[{name}]\n{text}" for name, text in sections.items()) + "\n"

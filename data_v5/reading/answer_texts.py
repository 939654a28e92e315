"""Answers and questions of public data sets freed of what belongs to their files."""

import re
from collections.abc import Sequence

from data_v5.reading.columns import Unusable

_CALCULATION = re.compile(r"<<[^<>\n]*>>")


def cut_at_lines(text: str, beginnings: Sequence[str]) -> str:
    """End a text before the first line that begins so, blanks and full stops aside.

    BIG-bench writes a question's options into its text, as lines `choice: ...`.
    """
    kept = []
    for line in text.split("\n"):
        if line.lstrip(" .").startswith(tuple(beginnings)):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def drop_lines(text: str, beginnings: Sequence[str]) -> str:
    """Leave out the lines that begin so."""
    lines = text.split("\n")
    return "\n".join(line for line in lines if not line.startswith(tuple(beginnings))).strip()


def strip_calculator(text: str) -> str:
    """Take out GSM8K's notes for a calculator, `<<6*7=42>>`."""
    return _CALCULATION.sub("", text)


def split_final(text: str, marker: str) -> tuple[str, str]:
    """Part the steps from the final answer, which stands behind the last marker."""
    steps, found, final = text.rpartition(marker)
    if not found or not final.strip():
        raise Unusable("no_final_answer")
    return steps.strip(), final.strip().removesuffix(".")


def unquoted(text: str) -> str:
    """Take away the quotation marks that MathQA puts around a whole rationale."""
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]
    return text[1:-1].strip() if is_quoted else text

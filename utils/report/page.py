"""The report's page: samples drawn and made into data, then put into one HTML file.

The data holds the samples that a person browses. Code is coloured by Pygments, as data: the text of
each line and the lengths of its spans; an edit is blocks of such lines, to be shown side by side.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

from utils.code.highlighting import lexed
from utils.code.lines import compare_lines
from utils.report.edit_facts import EditComparer
from utils.report.lineage import Lineage, RepeatedRows
from utils.report.row_views import RowView
from utils.report.survey import FileSurvey
from utils.sampling import level_quotas
from utils.token_counts import estimate_tokens

# The page's style sheet colours the classes `code-0`, `code-1`, ... in this order.
CLASSES = ("", "keyword", "string", "comment", "number", "definition", "builtin", "operator")
TOKEN_CLASSES = {
    Keyword: 1,
    Operator.Word: 1,
    String: 2,
    Comment: 3,
    Number: 4,
    Name.Function: 5,
    Name.Class: 5,
    Name.Decorator: 5,
    Name.Builtin: 6,
    Name.Exception: 6,
    Operator: 7,
}
LONGEST_LINE = 400
# [text, [class, length, class, length, ...]]; a line of one plain span is its text alone.
PageLine = str | list[Any]
MOST_LINES_COMPARED = 1000
LONGEST_TEXT = 6000
# What the samples of a page may weigh, so that the page stays below 10 MB.
MOST_BYTES = 7_000_000
Drawn = Sequence[tuple[FileSurvey, RowView]]
HERE = Path(__file__).parent
SCRIPTS = ("dom.js", "charts.js", "tables.js", "review.js", "browser.js", "page.js")
# What could end the script element, open a comment in it, or has no UTF-8 form.
UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def highlight_lines(lines: Sequence[str], language: str = "python") -> list[PageLine]:
    """Colour the lines of a program, each into its spans.

    No markup is made: the page sets each span as text, so nothing in the code can be more than
    text. A line that is very long is cut.
    """
    coloured: list[list[tuple[int, str]]] = [[]]
    for kind, text in lexed(_lexer(language), "\n".join(lines)):
        number = _class_of(kind)
        first, *rest = text.split("\n")
        coloured[-1].append((number, first))
        coloured.extend([(number, part)] for part in rest)
    return [_as_line(spans) for spans in coloured[: len(lines)]]


def _as_line(spans: list[tuple[int, str]]) -> PageLine:
    text = "".join(part for _, part in spans)
    if len(text) > LONGEST_LINE:
        return text[:LONGEST_LINE] + f" … {len(text) - LONGEST_LINE:,} more characters"
    packed: list[int] = []
    for number, part in spans:
        if packed and packed[-2] == number:
            packed[-1] += _width(part)
        elif part:
            packed += [number, _width(part)]
    return text if not any(packed[::2]) else [text, packed]


def _width(text: str) -> int:
    """Count UTF-16 units, which is how the page's script counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@cache
def _class_of(kind: _TokenType) -> int:
    while kind is not None:
        if kind in TOKEN_CLASSES:
            return TOKEN_CLASSES[kind]
        kind = kind.parent
    return 0


@cache
def _lexer(language: str) -> Lexer:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return TextLexer()


def diff_blocks(code_before: str, code_after: str, language: str = "python") -> list[Any]:
    """Cut an edit into blocks: `[lines]` where both sides are equal, else `[old, new]`.

    Programs are cut after `MOST_LINES` lines, and a last block says so.
    """
    before, before_cut = _first_lines(code_before)
    after, after_cut = _first_lines(code_after)
    old, new = (highlight_lines(lines, language) for lines in (before, after))
    matcher = compare_lines(before, after)
    blocks: list[Any] = []
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            blocks.append([old[start:end]])
        else:
            blocks.append([old[start:end], new[new_start:new_end]])
    if before_cut or after_cut:
        blocks.append([[f"… {before_cut:,} more lines"], [f"… {after_cut:,} more lines"]])
    return [block for block in blocks if any(block)]


def _first_lines(code: str) -> tuple[list[str], int]:
    lines = code.removesuffix("\n").split("\n") if code else []
    return lines[:MOST_LINES_COMPARED], max(0, len(lines) - MOST_LINES_COMPARED)


def draw_samples(surveys: Sequence[FileSurvey], count: int, marked: Drawn = ()) -> Drawn:
    """Draw so many samples from the files under review, evenly, after those that are marked."""
    quotas = level_quotas(count, [len(survey.sample.items()) for survey in surveys])
    known = {view.identity for _, view in marked}
    return [
        *marked,
        *(
            (survey, view)
            for survey, quota in zip(surveys, quotas, strict=True)
            for view in survey.sample.items()[:quota]
            if view.identity not in known
        ),
    ]


def draw_rejected(surveys: Sequence[FileSurvey], count: int) -> Drawn:
    """Draw so many rejected rows, evenly over the stages and reasons."""
    pools = [
        (survey, survey.rejected[reason].items())
        for survey in surveys
        for reason in sorted(survey.rejected)
    ]
    quotas = level_quotas(count, [len(pool) for _, pool in pools])
    return [
        (survey, view)
        for (survey, pool), quota in zip(pools, quotas, strict=True)
        for view in pool[:quota]
    ]


def as_page_data(
    drawn: Drawn, lineage: Lineage, comparer: EditComparer, repeated: RepeatedRows
) -> tuple[list[dict[str, Any]], int]:
    """Make samples into JSON values until the page is full; says how many were left out."""
    found: list[dict[str, Any]] = []
    size = 0
    for survey, view in drawn:
        sample = sample_data(survey, view, lineage, comparer)
        sample |= evidence_data(view, repeated.of(survey, view))
        size += len(safe_json(sample).encode())
        if size > MOST_BYTES and found:
            return found, len(drawn) - len(found)
        found.append(sample)
    return found, 0


def sample_data(
    survey: FileSurvey, view: RowView, lineage: Lineage, comparer: EditComparer
) -> dict[str, Any]:
    """Make one sample into JSON values: what it is, its texts or its diff, and its lineage."""
    view = lineage.with_marks(view)
    facts = comparer.facts(view) if view.modified_lines is None else None
    data: dict[str, Any] = {
        "id": view.identity,
        "file": survey.label,
        "kind": view.kind,
        "model": view.model,
        "style": view.style,
        "edit_kind": view.edit_kind,
        "reason": view.reason,
        "topic": view.topic,
        "modified_lines": facts.modified_lines if facts else view.modified_lines,
        "hunks": facts.hunks if facts else view.hunks,
        "tokens": sum(map(estimate_tokens, filter(None, view.all_texts))),
        "prompt_id": view.prompt_id,
        "sample_index": view.sample_index,
        "commits": list(view.commits),
        "licenses": sorted(set(view.licenses)),
        "reviewable": view.is_edit,
        "lineage": lineage.of(view),
    }
    if view.instruction:
        data["instruction"] = clip(view.instruction)
    if view.code_before or view.code_after:
        data["diff"] = diff_blocks(view.code_before or "", view.code_after or "", view.language)
    data["texts"] = [[label, clip(text)] for label, text in view.texts.items()]
    return {name: value for name, value in data.items() if value not in (None, "", [])}


def evidence_data(view: RowView, repeated: RowView | None) -> dict[str, Any]:
    """Make what was found against a sample into JSON values, with the row that it repeats."""
    evidence = view.evidence
    data: dict[str, Any] = {
        "evidence": [[name, clip(text)] for name, text in evidence.findings],
        "tested": evidence.tested,
        "tests": [[name, went, clip(code)] for name, went, code in evidence.tests],
        "similarity": evidence.similarity,
        "edit_similarity": evidence.edit_similarity,
    }
    if evidence.repeats:
        data["repeats"] = {"name": evidence.repeats, "file": evidence.repeats_in}
    if repeated is not None:
        data["repeats"] |= {
            "id": repeated.identity,
            "instruction": clip(repeated.instruction or ""),
        }
        edit = repeated.code_before or "", repeated.code_after or ""
        data["repeats"]["diff"] = diff_blocks(*edit, repeated.language)
    return {name: value for name, value in data.items() if value not in (None, "", [])}


def clip(text: str) -> str:
    """Cut a text that is too long to be read in a browser of samples."""
    cut = len(text) - LONGEST_TEXT
    return text if cut <= 0 else f"{text[:LONGEST_TEXT]}\n… {cut:,} more characters"


def data_set_id(surveys: Iterable[FileSurvey]) -> str:
    """Name the data under review by what is in it, so that marks of other data stay apart."""
    return hashlib.sha256(b"".join(survey.contents() for survey in surveys)).hexdigest()[:16]


def build_page(title: str, data: dict[str, Any]) -> str:
    """Fill the template: one HTML document that needs nothing else and runs nothing but its own.

    The policy in its head allows this one script and style sheet by their hashes and nothing from
    elsewhere; all that comes from the data is JSON, which the script shows as text.
    """
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    policy = (
        f"default-src 'none'; script-src '{_source_hash(script)}'; "
        f"style-src '{_source_hash(style)}'; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": policy,
        "TITLE": html.escape(title.encode("utf-8", "replace").decode("utf-8")),
        "STYLE": style,
        "DATA": safe_json(data),
        "SCRIPT": script,
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    # One pass over the template: what is put in is never searched for places again.
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda place: parts[place[1]], template)


def safe_json(value: Any) -> str:
    """Write JSON that may stand inside a script element whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _source_hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

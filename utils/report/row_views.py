"""One view of a row whatever stage wrote it: its texts, where it came from, what was said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from utils.jsonl import Row, load_row
from utils.records import HEADINGS, INSTRUCTION_TYPES, purified, text_id
from utils.report.evidence import EVIDENCE_FIELDS, Evidence, read_evidence
from utils.report.review import sample_id
from utils.report.room_views import (
    HISTORY_KINDS,
    HISTORY_SIGNS,
    SYNTHESIS_KINDS,
    SYNTHESIS_SIGNS,
    answering_model,
    history_fields,
    synthesis_texts,
    uncovered,
)

# Kinds that only a summary tells: their rows are shown by whatever texts they have.
NAMED_KINDS = ("questions", "shots", "answers", "chats", "exchanges", "tokens")
# The kinds of file in the order of the stages; "rows" is anything else.
FILE_KINDS = (
    *("seeds", "prompts", "replies", "triplets", "mix", "filtered"),
    *HISTORY_KINDS,
    *("fine-tune", "rows"),
    *SYNTHESIS_KINDS,
    *NAMED_KINDS,
)
# What names the triplet that a prompt asks about, to be judged or tested.
PROMPTS_ABOUT_TRIPLETS = ("judged_prompt_id", "tested_prompt_id")
EDIT_KINDS = ("triplets", "mix", "filtered", "fine-tune", "commits", "samples")
# Fields that `RowView` has a place for, and forms of other fields, aren't shown as further texts.
PLACED = (
    "prompt_id sample_index prompt_hash model license repos commit split edit_kind usage "
    "finish_reason reject_reason reject_reasons response_1 response_2 instr_type meta topic "
    "modified_lines hunks lang language"
)
SEEN = frozenset(PLACED.split()) | EVIDENCE_FIELDS
CODE_HEADING, INSTRUCTION_HEADING = (f"{name}\n" for name in HEADINGS[:2])
ANSWER_HEADING = "\n" + HEADINGS[2]
ANSWER_FIELDS = ("messages", "conversations", "output", "completion")


@dataclass(frozen=True)
class RowView:
    """One sample: an edit with one instruction, or a row of another kind as labelled texts."""

    kind: str
    code_before: str | None = None
    code_after: str | None = None
    instruction: str | None = None
    style: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    model: str = ""
    edit_kind: str = ""
    split: str = ""
    reason: str = ""
    topic: int | None = None
    modified_lines: int | None = None
    hunks: int | None = None
    prompt_id: str = ""
    sample_index: int | None = None
    commits: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    finish_reasons: tuple[str, ...] = ()
    usage: tuple[Row, ...] = ()
    language: str = "python"
    # Of a coding history: how many versions it has, and what a sample made of it holds.
    versions: int | None = None
    parts: tuple[str, ...] = ()
    evidence: Evidence = Evidence()
    # Of the samples of one row, the one that the row's edit is counted by.
    is_first: bool = True

    @property
    def is_edit(self) -> bool:
        """Whether the row shows a whole edit, which a person can accept or reject."""
        return bool(self.code_before and self.code_after and self.instruction)

    @property
    def is_complete(self) -> bool:
        """Tell whether no text is missing; a sample may go without words and begin with nothing."""
        if self.kind == "samples":
            return self.code_before is not None and self.code_after is not None
        if self.kind == "commits":
            return bool(self.code_after and self.instruction) and self.code_before is not None
        return self.is_edit

    @property
    def identity(self) -> str:
        """The sample's id; of a row that is no whole edit, the hash of all its texts."""
        if self.is_edit:
            return sample_id(self.code_before or "", self.code_after or "", self.instruction or "")
        known = (self.code_before, self.code_after, self.instruction)
        origin = (*self.commits, self.prompt_id, str(self.sample_index), self.model)
        return text_id(*(text or "" for text in known), *self.texts.values(), *origin)

    @property
    def all_texts(self) -> tuple[str | None, ...]:
        """The texts of the row, those of an edit and any others."""
        return self.code_before, self.code_after, self.instruction, *self.texts.values()

    @property
    def origin(self) -> tuple[str, int | None, str]:
        """What all rows that came from one reply share."""
        return self.prompt_id, self.sample_index, self.model


# By which fields each kind of row is shown; a row that fits several is of the first.
SIGNS: dict[str, Callable[[Row], bool]] = {
    **HISTORY_SIGNS,
    "seeds": lambda row: "old_contents" in row and "new_contents" in row,
    "replies": lambda row: "response" in row or "response_1" in row,
    "fine-tune": lambda row: (
        "old_code" in row and "new_code" in row and any(name in row for name in ANSWER_FIELDS)
    ),
    "filtered": lambda row: _is_mixed(row) and "topic" in row,
    "mix": lambda row: _is_mixed(row),
    "triplets": lambda row: (
        any(f"instruct_{style}" in row for style in INSTRUCTION_TYPES) and "code_after" in row
    ),
    "prompts": lambda row: (
        "user" in row and any(name in row for name in ("commit", *PROMPTS_ABOUT_TRIPLETS))
    ),
    **SYNTHESIS_SIGNS,
}


def _is_mixed(row: Row) -> bool:
    return "instruct_purify" in row and "code_before_purify" in row


def kind_of(row: Row, stage: str = "rows") -> str:
    """Tell a row's kind: the stage that its summary names, or else the one its fields fit.

    A row without the fields by which that stage's rows are shown goes by its fields too; "rows"
    is one that fits none.
    """
    if stage in NAMED_KINDS or (stage in SIGNS and SIGNS[stage](row)):
        return stage
    return next((kind for kind, fits in SIGNS.items() if fits(row)), "rows")


def views(row: Row, stage: str = "rows") -> Iterator[RowView]:
    """Yield a row's samples: one for each instruction, at least one."""
    match kind_of(row, stage):
        case "triplets":
            yield from _triplet_views(row)
        case "mix" | "filtered" as kind:
            yield replace(
                _origin_view(row, kind),
                code_before=_text(row.get("code_before_purify")),
                code_after=_text(row.get("code_after_purify")),
                instruction=_text(row.get("instruct_purify")),
            )
        case "fine-tune" as kind:
            yield _training_view(row, kind)
        case kind if kind in HISTORY_KINDS:
            yield replace(_origin_view(row, kind), **history_fields(row, kind))
        case kind if kind in SYNTHESIS_KINDS:
            texts = synthesis_texts(row, kind) | _other_texts(uncovered(row, kind))
            yield replace(_origin_view(answering_model(row), kind), texts=texts)
        case kind:
            yield replace(_origin_view(row, kind), texts=_other_texts(row))


def _triplet_views(row: Row) -> Iterator[RowView]:
    base = replace(
        _origin_view(row, "triplets"),
        code_before=_best_text(row, "code_before"),
        code_after=_best_text(row, "code_after"),
    )
    present = [style for style in INSTRUCTION_TYPES if f"instruct_{style}" in row]
    for style in present:
        instruction = _best_text(row, f"instruct_{style}")
        is_first = style == present[0]
        yield replace(base, instruction=instruction, style=style, is_first=is_first)


def _training_view(row: Row, kind: str) -> RowView:
    meta = row.get("meta")
    try:
        trace = load_row(meta) if isinstance(meta, str) else {}
    except ValueError:
        trace = {}
    origin = _origin_view({**(trace if isinstance(trace, dict) else {}), **row}, kind)
    code_before = _text(row["old_code"])
    return replace(
        origin,
        code_before=code_before,
        code_after=_text(row["new_code"]),
        instruction=_instruction_of(user_turns_text(row), code_before or ""),
    )


def user_turns_text(row: Row) -> str:
    """Join the user turns of a training row, whichever its layout."""
    for name in ("messages", "conversations", "prompt"):
        if isinstance(row.get(name), list):
            turns = [turn for turn in row[name] if isinstance(turn, dict)]
            return "\n".join(filter(None, map(_user_turn, turns)))
    return _text(row.get("instruction")) or _text(row.get("prompt")) or ""


def _user_turn(turn: Row) -> str | None:
    role, text = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    return _text(text) if role in ("user", "human") else None


def _instruction_of(user: str, code_before: str) -> str:
    """Cut the instruction out of a training row's user turn; the whole turn where it has none.

    The code stands in front and may hold the heading too; the search starts behind it.
    """
    code_at = user.find(code_before, len(CODE_HEADING))
    start = user.find(INSTRUCTION_HEADING, code_at + len(code_before) if code_at >= 0 else 0)
    if start < 0:
        return user
    asked = user[start + len(INSTRUCTION_HEADING) :]
    return (asked.rpartition(ANSWER_HEADING)[0] or asked).strip()


def _origin_view(row: Row, kind: str) -> RowView:
    model, style = _model_and_style(row)
    return RowView(
        kind=kind,
        style=style,
        model=model,
        edit_kind=_name(row.get("edit_kind")),
        split=_text(row.get("split")) or "",
        reason=_text(row.get("reject_reason")) or "",
        topic=_whole(row.get("topic")),
        modified_lines=_whole(row.get("modified_lines")),
        hunks=_whole(row.get("hunks")),
        prompt_id=_text(row.get("prompt_id")) or "",
        sample_index=_whole(row.get("sample_index")),
        commits=_strings(row.get("commit")),
        repos=_strings(row.get("repos")),
        licenses=_strings(row.get("license")),
        finish_reasons=_strings(row.get("finish_reason")),
        usage=tuple(part for part in _items(row.get("usage")) if isinstance(part, dict)),
        evidence=read_evidence(row),
        language=(_text(row.get("lang")) or _text(row.get("language")) or "python").lower(),
    )


def _model_and_style(row: Row) -> tuple[str, str]:
    """Read both from `instr_type` (`qwen3_descriptive`); a `model` field goes before it."""
    label = _name(row.get("instr_type"))
    model, _, style = label.rpartition("_")
    if style not in INSTRUCTION_TYPES:
        model, style = "", label
    return _name(row.get("model")) or model, style


def _other_texts(row: Row) -> dict[str, str]:
    """Label all texts of a row that have no place of their own; turns are numbered."""
    texts: dict[str, str] = {}
    for name, value in row.items():
        if name in SEEN or (name == "response" and isinstance(value, str) and "response_1" in row):
            continue
        parts = value if isinstance(value, list) else [value]
        for number, part in enumerate(parts, 1):
            label = f"{name} {number}" if len(parts) > 1 else name
            if text := _readable(part):
                texts[label] = text
    if "response" not in row:
        texts |= {name: row[name] for name in ("response_1", "response_2") if _text(row.get(name))}
    return texts


def _readable(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("content"), str):
        return f"{value.get('role', '')}: {value['content']}"
    if isinstance(value, str) or value is None:
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _best_text(row: Row, name: str) -> str | None:
    """Take the cleaned form of a triplet's field where there is one."""
    return _text(row.get(purified(name))) or _text(row.get(name))


def _text(value: Any) -> str | None:
    """Give back a text that says something; None for anything else."""
    return value if isinstance(value, str) and value.strip() else None


def _name(value: Any) -> str:
    """Take a name to count by, with no lone surrogates, which tables can't hold."""
    return (_text(value) or "").encode("utf-8", "replace").decode("utf-8")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _strings(value: Any) -> tuple[str, ...]:
    """List the strings of a field that holds one, several, or several joined by commas."""
    found = (part for part in _items(value) if isinstance(part, str))
    return tuple(text for part in found for text in part.split(",") if text)

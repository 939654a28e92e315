"""What the report shows of the rooms' rows.

Of coding histories: commits, lists of versions, samples. Of synthesised rows: pairs, candidates,
lineages, votes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from utils.jsonl import Row

HISTORY_KINDS = ("snippets", "versions", "commits", "samples")
SNIPPET_FIELDS = {"code", "lang", "license", "repos", "path", "commit"}
# Words for what a sample has, in the order they are shown.
HISTORY, USER, CURSOR, SELECTION, EDIT = SAMPLE_PARTS = (
    "history",
    "user words",
    "area: cursor",
    "area: selection",
    "edit in next",
)
SYNTHESIS_KINDS = ("votes", "lineages", "candidates", "pairs")
# Fields that the texts below hold already.
COVERED = {
    "votes": {"input", "votes", "label_vote", "reason_vote"},
    "lineages": {"input", "original_input", "lineage", "evolved"},
    "candidates": {"input", "candidates", "verdicts"},
    "pairs": {"conversations", "instruction", "input", "chosen", "rejected"}
    | {"chosen_model", "rejected_model", "chosen_score", "rejected_score", "margin"},
}


# By which fields each kind of row is shown.
HISTORY_SIGNS: dict[str, Callable[[Row], bool]] = {
    "samples": lambda row: "history" in row and "current" in row,
    "commits": lambda row: {"code1", "code2", "git"} <= row.keys(),
    "versions": lambda row: "submissions" in row or _is_list_of_texts(row.get("output")),
    "snippets": lambda row: "code" in row and row.keys() <= SNIPPET_FIELDS,
}


def history_fields(row: Row, kind: str) -> dict[str, Any]:
    """Give the fields of a row's view: texts, edit and what else its kind has."""
    return {
        "snippets": _snippet_fields,
        "versions": _version_fields,
        "commits": _commit_fields,
        "samples": _sample_fields,
    }[kind](row)


def _snippet_fields(row: Row) -> dict[str, Any]:
    return {"texts": _texts({"code": row["code"], "path": row.get("path")})}


def _version_fields(row: Row) -> dict[str, Any]:
    versions = _listed(row.get("submissions", row.get("output")))
    named = {f"version {n}": text for n, text in enumerate(versions, 1)}
    origin = {"problem": row.get("problems_contexts"), "problem_id": row.get("problem_id")}
    persona = row.get("persona")
    return {
        "texts": _texts({**origin, "user": row.get("user"), **named}),
        "style": persona if isinstance(persona, str) else "",
        "versions": len(versions),
    }


def _commit_fields(row: Row) -> dict[str, Any]:
    return {
        "code_before": _string(row["code1"]),
        "code_after": _string(row["code2"]),
        "instruction": _string(row.get("git")),
        "texts": _texts({"path": row.get("path")}),
    }


def _sample_fields(row: Row) -> dict[str, Any]:
    """Read a sample; what was going to be its next code stands in the `final` of a plan."""
    before = _code(row["current"])
    after = _code(row["next"]) if "next" in row else _string(row.get("final"))
    history = row["history"] if isinstance(row["history"], list) else []
    area = row.get("area", row.get("loc"))
    fields: dict[str, Any] = {
        "code_before": before,
        "code_after": after,
        "instruction": _string(row.get("user")),
        "style": _string(row.get("data_type")) or "",
        "versions": len(history),
        "texts": _texts(
            {
                "chat": row.get("chat"),
                "area": _area_text(area, before or ""),
                **{f"history {n}": _code(part) for n, part in enumerate(history, 1)},
            }
        ),
    }
    fields["parts"] = _sample_parts(fields, area)
    language = row["current"].get("lang") if isinstance(row["current"], dict) else None
    if isinstance(language, str):
        fields["language"] = language.lower()
    return fields


def _sample_parts(fields: dict[str, Any], area: Any) -> tuple[str, ...]:
    instruction = fields["instruction"]
    found = {
        HISTORY: bool(fields["versions"]),
        USER: bool(instruction and instruction.strip()),
        CURSOR: isinstance(area, int),
        SELECTION: isinstance(area, list),
        EDIT: fields["code_after"] is not None and fields["code_before"] != fields["code_after"],
    }
    return tuple(part for part in SAMPLE_PARTS if found[part])


def _area_text(area: Any, code: str) -> str | None:
    if isinstance(area, int):
        return f"cursor at character {area:,}, line {code.count(chr(10), 0, area) + 1:,}"
    if isinstance(area, list) and len(area) == 2 and all(isinstance(end, int) for end in area):
        left, right = area
        return f"characters {left:,} to {right:,}:\n{code[left:right]}"
    return None


def _texts(named: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, text in named.items() if isinstance(text, str) and text.strip()}


def _code(value: Any) -> str | None:
    return _string(value.get("code")) if isinstance(value, dict) else None


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


SYNTHESIS_SIGNS: dict[str, Callable[[Row], bool]] = {
    "pairs": lambda row: {"chosen", "rejected"} <= row.keys(),
    "candidates": lambda row: _has_dicts(row, "candidates", "text"),
    "lineages": lambda row: _has_dicts(row, "lineage", "query"),
    "votes": lambda row: isinstance(row.get("votes"), (list, dict)),
}


def _has_dicts(row: Row, name: str, key: str) -> bool:
    found = row.get(name)
    return isinstance(found, list) and any(isinstance(e, dict) and key in e for e in found)


def synthesis_texts(row: Row, kind: str) -> dict[str, str]:
    """Label the texts that a row of this kind is about, in the order they are read in."""
    texts = {
        "votes": _votes,
        "lineages": _lineage,
        "candidates": _candidates,
        "pairs": _preference,
    }[kind](row)
    return {label: text for label, text in texts if isinstance(text, str) and text.strip()}


def uncovered(row: Row, kind: str) -> Row:
    """Leave out what `synthesis_texts` has shown."""
    return {name: value for name, value in row.items() if name not in COVERED[kind]}


def answering_model(row: Row) -> Row:
    """Name the model of a pair's chosen answer as the row's own."""
    return {"model": row["chosen_model"], **row} if "chosen_model" in row else row


def _preference(row: Row) -> Iterator[tuple[str, Any]]:
    turns = row.get("conversations") or row.get("messages") or []
    for number, turn in enumerate(turn for turn in turns if isinstance(turn, dict)):
        role = turn.get("from", turn.get("role", ""))
        yield f"turn {number + 1}: {role}", turn.get("value", turn.get("content"))
    yield "question", row.get("instruction")
    yield "input", row.get("input")
    for name in ("chosen", "rejected"):
        value = row[name]
        said = [row.get(f"{name}_model"), _number("score", row.get(f"{name}_score"))]
        if name == "chosen":
            said.append(_number("margin", row.get("margin")))
        text = value.get("value", value.get("content")) if isinstance(value, dict) else value
        yield _labelled(name, said), text


def _candidates(row: Row) -> Iterator[tuple[str, Any]]:
    yield "question", row.get("input")
    for number, candidate in enumerate(row["candidates"], 1):
        if isinstance(candidate, dict):
            said = [candidate.get("model"), _number("score", candidate.get("score"))]
            yield _labelled(f"candidate {number}", said), candidate.get("text")
    verdicts = row.get("verdicts")
    found = [v for v in verdicts if isinstance(v, dict)] if isinstance(verdicts, list) else []
    yield "verdicts", "\n".join(map(_verdict, found))


def _verdict(verdict: Row) -> str:
    """Word a verdict in one line; candidates count from 1, as they do on the page."""
    judge, reason = verdict.get("judge", ""), verdict.get("reason", "")
    if isinstance(verdict.get("winners"), dict) and isinstance(verdict.get("shown"), list):
        shown = " before ".join(_counted(number) for number in verdict["shown"])
        given = {n: "tie" if w is None else _counted(w) for n, w in verdict["winners"].items()}
    else:
        shown = _counted(verdict.get("candidate"))
        given = verdict["points"] if isinstance(verdict.get("points"), dict) else {}
    named = ", ".join(f"{name} {value}" for name, value in given.items())
    return f"{judge}, {shown} shown: {named}. {reason}".strip()


def _counted(number: Any) -> str:
    return str(number + 1) if isinstance(number, int) else "?"


def _lineage(row: Row) -> Iterator[tuple[str, Any]]:
    for step in row["lineage"]:
        if not isinstance(step, dict):
            continue
        number = step.get("round")
        name = f"round {number}" if number else "original"
        kind = step.get("kind") if number else ""
        said = [kind, _number("difficulty", step.get("difficulty"))]
        yield _labelled(name, said), step.get("query") or "(no evolution held)"
        gone = step.get("eliminated")
        for place, failed in enumerate(gone if isinstance(gone, list) else [], 1):
            if isinstance(failed, dict):
                label = _labelled(f"{name}, eliminated {place}", [failed.get("reason")])
                yield label, failed.get("text")


def _votes(row: Row) -> Iterator[tuple[str, Any]]:
    yield "question", row.get("input")
    votes = row["votes"]
    named = votes.items() if isinstance(votes, dict) else enumerate(votes, 1)
    given = row.get("reason_vote")
    reasons = given if isinstance(given, dict) else {}
    lines = []
    for name, vote in named:
        reason = f" ({reasons[name]})" if reasons.get(name) else ""
        lines.append(f"{name}: {'no vote' if vote is None else _said(vote)}{reason}")
    yield "votes", "\n".join(lines)
    yield "outcome", _said(row.get("label_vote") or "")


def _said(vote: Any) -> str:
    if isinstance(vote, dict):
        return ", ".join(f"{name} {_said(value)}" for name, value in vote.items())
    return ", ".join(map(_said, vote)) if isinstance(vote, list) else str(vote)


def _labelled(name: str, said: list[Any]) -> str:
    told = ", ".join(str(each).replace("_", " ") for each in said if each)
    return f"{name} ({told})" if told else name


def _number(name: str, value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{name} {value:.4g}" if is_number else ""

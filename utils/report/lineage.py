"""The way of single samples through the stages: seeds, prompt, reply and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from utils.jsonl import LONGEST_LINE, load_row, open_input
from utils.report.row_views import EDIT_KINDS, FILE_KINDS, RowView
from utils.report.survey import FileSurvey

Event = dict[str, str]


class Lineage:
    """Gathers what earlier files say of a few chosen samples while these files are read."""

    def __init__(self, samples: Iterable[RowView]) -> None:
        self._events: dict[str, list[tuple[int, Event]]] = defaultdict(list)
        self._by_identity: dict[str, list[RowView]] = defaultdict(list)
        self._filtered: dict[str, RowView] = {}
        self._by_prompt: dict[str, list[RowView]] = defaultdict(list)
        self._by_commit: dict[str, list[RowView]] = defaultdict(list)
        for view in samples:
            self._by_identity[view.identity].append(view)
            if view.prompt_id:
                self._by_prompt[planned_of(view)].append(view)
            for commit in view.commits:
                self._by_commit[commit].append(view)

    def watcher(self, file: str, settings: str = "") -> Callable[[RowView, int], None]:
        """Give the function that is to be shown each row of a file."""

        def watch(view: RowView, _: int = 0) -> None:
            said = ""
            for identity in self._concerned(view):
                said = said or "; ".join(filter(None, (describe_view(view), settings)))
                event = {"stage": view.kind, "file": file, "said": said}
                self._events[identity].append((FILE_KINDS.index(view.kind), event))
                if view.topic is not None:
                    self._filtered[identity] = view

        return watch

    def _concerned(self, view: RowView) -> list[str]:
        """List the chosen samples that a row is part of."""
        if view.kind in ("seeds", "commits") and view.identity not in self._by_identity:
            found = [s for commit in view.commits for s in self._by_commit.get(commit, [])]
        elif view.kind in ("prompts", "versions"):
            found = self._by_prompt.get(view.prompt_id, [])
        elif view.kind == "replies":
            found = [s for s in self._by_prompt.get(view.prompt_id, []) if _same_reply(s, view)]
        elif view.kind in EDIT_KINDS and view.identity in self._by_identity:
            found = [s for s in self._by_identity[view.identity] if _same_reply(s, view)]
        else:
            return []
        return list(dict.fromkeys(sample.identity for sample in found))

    def with_marks(self, view: RowView) -> RowView:
        """Give a sample of a later file the topic and size that the filter found."""
        found = self._filtered.get(view.identity)
        if found is None or view.topic is not None:
            return view
        return replace(
            view, topic=found.topic, modified_lines=found.modified_lines, hunks=found.hunks
        )

    def of(self, view: RowView) -> list[Event]:
        """List what was said of a sample, in the order of the stages."""
        events = sorted(self._events[view.identity], key=lambda event: event[0])
        return [event for _, event in events]


def planned_of(view: RowView) -> str:
    """Name the row that a sample was planned from: a sample of a history adds its own number."""
    is_numbered = view.kind == "samples" and "-" in view.prompt_id
    return view.prompt_id.rpartition("-")[0] if is_numbered else view.prompt_id


def _same_reply(sample: RowView, reply: RowView) -> bool:
    same_model = sample.model == reply.model or not sample.model or not reply.model
    same_place = None in (sample.sample_index, reply.sample_index) or (
        sample.sample_index == reply.sample_index
    )
    return same_place and same_model


def describe_view(view: RowView) -> str:
    """Put into words what a stage noted with a row."""
    parts = {
        "seeds": _seed_facts,
        "commits": _seed_facts,
        "versions": _version_facts,
        "prompts": lambda view: [view.edit_kind, view.split, view.prompt_id],
        "replies": _reply_facts,
    }.get(view.kind, _edit_facts)(view)
    return " · ".join(part for part in parts if part)


def _seed_facts(view: RowView) -> list[str]:
    named = [view.texts.get(name, "") for name in ("old_file", "path", "subject")]
    return [*view.commits, *named, *view.repos[:2], *view.licenses[:1]]


def _version_facts(view: RowView) -> list[str]:
    number = "" if view.versions is None else _plural(view.versions, "version")
    return [view.prompt_id, number, view.style, view.model]


def _reply_facts(view: RowView) -> list[str]:
    tokens = {
        name: sum(part[name] for part in view.usage if isinstance(part.get(name), int))
        for name in ("prompt_tokens", "completion_tokens")
    }
    return [
        view.model,
        f"sample {view.sample_index}" if view.sample_index is not None else "",
        f"finished: {', '.join(view.finish_reasons)}" if view.finish_reasons else "",
        f"{tokens['prompt_tokens']:,} tokens in, {tokens['completion_tokens']:,} out"
        if view.usage
        else "",
        f"rejected later: {view.reason}" if view.reason else "",
    ]


def _edit_facts(view: RowView) -> list[str]:
    return [
        f"rejected: {view.reason.replace('_', ' ')}" if view.reason else "kept",
        view.style,
        "" if view.topic is None else f"topic {view.topic}",
        "" if view.modified_lines is None else _plural(view.modified_lines, "modified line"),
        "" if view.hunks is None else _plural(view.hunks, "hunk"),
    ]


def _plural(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def worded_sampling(survey: FileSurvey) -> str:
    """Word the settings that the journal beside a replies file was begun with."""
    path = Path(survey.path).with_name(f"{survey.path.stem}_recovery.jsonl")
    if survey.kind != "replies" or not path.exists():
        return ""
    with open_input(path) as file:
        try:
            header: Any = load_row(file.readline(LONGEST_LINE))
        except ValueError:
            return ""
    settings = header.get("fingerprint") if isinstance(header, dict) else None
    if not isinstance(settings, dict):
        return ""
    shown = ("temperature", "top_p", "max_tokens", "random_seed")
    return ", ".join(f"{name} {settings[name]}" for name in shown if name in settings)


class RepeatedRows:
    """Finds the rows that some rejected ones repeat, while the files that may hold them are read.

    A row is named by its prompt and sample, or by its place in the file its stage read.
    """

    def __init__(self, rejected: Iterable[tuple[FileSurvey, RowView]]) -> None:
        self._wanted = {_key(survey, view) for survey, view in rejected if view.evidence.repeats}
        self._found: dict[tuple[str, str], list[RowView]] = {}

    def watcher(self, survey: FileSurvey) -> Callable[[RowView, int], None]:
        """Give the function that is to be shown each sample of a file, and its row's number."""
        path = str(survey.path.resolve())

        def watch(view: RowView, number: int) -> None:
            sample = "" if view.sample_index is None else f"#{view.sample_index}"
            names = [("", f"{view.prompt_id}{sample}"), ("", view.prompt_id)]
            for key in [*names, (path, f"row {number}")]:
                if key in self._wanted and view.is_first:
                    self._found.setdefault(key, []).append(view)

        return watch

    def of(self, survey: FileSurvey, view: RowView) -> RowView | None:
        """Give the row that a rejected one repeats, of the same model where several fit."""
        if not view.evidence.repeats:
            return None
        found = self._found.get(_key(survey, view), [])
        ordered = sorted(found, key=lambda other: other.model != view.model)
        return ordered[0] if ordered else None


def _key(survey: FileSurvey, view: RowView) -> tuple[str, str]:
    name = view.evidence.repeats
    if not name.startswith("row "):
        return "", name
    inputs = survey.summary.get("inputs")
    source = view.evidence.repeats_in or (inputs[0] if isinstance(inputs, list) and inputs else "")
    return str(Path(str(source)).resolve()), name

"""How a source's questions and answers are worded, as its domain's YAML declares it."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from pydantic import ConfigDict, with_config

from data_v5.reading.answer_texts import (
    cut_at_lines,
    drop_lines,
    split_final,
    strip_calculator,
    unquoted,
)
from data_v5.reading.columns import Unusable, cell_text, look_up, top_column
from data_v5.reading.option_lists import (
    Option,
    best_option,
    letters,
    lists_letters,
    names_a_letter,
    option_at,
    option_named,
    option_of_text,
    options_of,
    shuffled,
    split_lettered,
    stand_for_a_list,
)
from data_v5.reading.question_templates import fill_template, template_places
from utils.jsonl import Row

__all__ = ["Format", "Item", "Unusable", "format_item", "identity_text", "solved_text"]

QUESTION_PARTS = ("passage", "question", "options")
ANSWER_TEMPLATE = "{rationale}\n{option}"
ANSWER_PARTS = ("rationale", "text", "label", "option")


class Item(NamedTuple):
    """A question and its answer, worded; with options, the letter of the right one."""

    question: str
    answer: str
    label: str = ""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class Format:
    """The keys under `format:`; a column may be a dotted path such as `choices.text`.

    passage: column put before the question.
    options: the column that lists the options, or one column for each option.
    option_labels: column of what the source calls the options (default: A, B, C...).
    option_split: how options in one string come apart: `lettered` (`a ) 3 , b ) 4`) or `lines`.
    option_scores: column of one number for each option, the highest for the right one.
    option_template: how an option is shown; labels are always A, B, C...
    shuffle_options: draw the order anew, for a source that puts the right one in a fixed place.
    answer: column of the answer, typed as the source has it (default: the record's answer).
    answer_map: what the source's answers stand for; they are compared as text.
    answer_is: what the answer gives: the `text` (default without options), a `label` (default with
        options), an `index` from 0, a `number` from 1, or the name of an option's `column`.
    rationale: column of the steps that lead to the answer.
    optional: parts that a row may lack; options that may be lacking are also passed over where they
        are mere letters for what the question lists.
    template, answer_template: how the parts are put together; a line whose places are all empty
        is left out.
    cut_at_lines: the question ends before a line that begins so.
    drop_prefix, drop_suffix: what is taken off the question's start and end.
    drop_lines: lines of the answer or rationale that begin so are left out.
    strip_calculator: take GSM8K's `<<6*7=42>>` out of the answer.
    final_marker, final_template: what follows the last such mark is the final answer.
    """

    passage: str | None = None
    options: str | list[str] | None = None
    option_labels: str | None = None
    option_split: Literal["lettered", "lines"] | None = None
    option_scores: str | None = None
    option_template: str = "({label}) {text}"
    shuffle_options: bool = False
    answer: str | None = None
    answer_map: dict[str, str] = field(default_factory=dict)
    answer_is: Literal["text", "label", "index", "number", "column"] | None = None
    rationale: str | None = None
    optional: list[Literal["passage", "rationale", "options"]] = field(default_factory=list)
    template: str = "{passage}\n{question}\n{options}"
    answer_template: str | None = None
    cut_at_lines: list[str] = field(default_factory=list)
    drop_prefix: str = ""
    drop_suffix: str = ""
    drop_lines: list[str] = field(default_factory=list)
    strip_calculator: bool = False
    final_marker: str | None = None
    final_template: str = "The answer is {text}."

    def __post_init__(self) -> None:
        of_options = {
            "option_labels": self.option_labels,
            "option_split": self.option_split,
            "option_scores": self.option_scores,
            "shuffle_options": self.shuffle_options,
            "answer_is": self.answer_is not in (None, "text"),
        }
        idle = [key for key, is_set in of_options.items() if is_set]
        if idle and not self.options:
            raise ValueError(f"{idle[0]} says something of options, but 'options' names none")
        if isinstance(self.options, str) and self.answer_is == "column":
            raise ValueError("answer_is: column needs one column for each option")
        if isinstance(self.options, list) and (self.option_labels or self.option_split):
            raise ValueError("option_labels and option_split are for options in one column")
        known = {"option_template": ("label", "text"), "final_template": ("text",)}
        for key, names in {**known, "answer_template": ANSWER_PARTS}.items():
            for place in template_places(getattr(self, key) or ""):
                if place not in names:
                    raise ValueError(f"{key}: no place {{{place}}}; it has {', '.join(names)}")

    def with_letter_answers(self) -> "Format":
        """Show options as `A. x` behind a tab, and answer with the letter."""
        worded = (self.answer_template or ANSWER_TEMPLATE).replace("{option}", "{label}")
        return replace(self, option_template="\t{label}. {text}", answer_template=worded)

    def columns(self) -> list[str]:
        """List the raw columns that the format reads, to be kept in a record's `fields`."""
        parts = self._paths()
        paths = [*parts["passage"], *parts["options"], *parts["answer"], *parts["rationale"]]
        return list(dict.fromkeys(top_column(path) for path in [*paths, *parts["template"]]))

    def optional_columns(self) -> list[str]:
        """List the columns that only optional parts need, so that a row may lack them."""
        parts = self._paths()
        needed = {top_column(p) for key in parts if key not in self.optional for p in parts[key]}
        return [column for column in self.columns() if column not in needed]

    def _paths(self) -> dict[str, list[str]]:
        """List what each part is read from."""
        options = self.options if isinstance(self.options, list) else [self.options]
        paths = {
            "passage": [self.passage],
            "options": [*options, self.option_labels, self.option_scores],
            "answer": [self.answer],
            "rationale": [self.rationale],
            "template": [
                name for name in template_places(self.template) if name not in QUESTION_PARTS
            ],
        }
        return {key: [path for path in part if path] for key, part in paths.items()}


def format_item(record: Row, rules: Format, rng: random.Random) -> Item:
    """Word a record's question and answer; raises Unusable with the reason if it can't be done.

    A record of a source without options gives the answer's text. With options the right one is
    found first and then the order drawn, so that it stays the right one.
    """
    question = _question(record, rules)
    options = _options(record["fields"], rules, question)
    rationale = _rationale(record["fields"], rules)
    right = _right_option(record, rules, options) if options else None
    if options and rules.shuffle_options:
        texts = [question, rationale, *(option.text for option in options)]
        if lists_letters(question) or names_a_letter(texts):
            raise Unusable("names_an_option_by_letter")
        options = shuffled(options, rng)
    if right is None:
        text = _clean_answer(cell_text(_answer_value(record, rules)), rules)
        # Where a row has no options its answer stands in the place of one, and of its letter.
        parts = {"rationale": rationale, "text": text, "option": text, "label": text}
    else:
        label = letters(len(options))[options.index(right)]
        option = _shown(right, label, rules)
        parts = {"rationale": rationale, "text": right.text, "option": option, "label": label}
    template = rules.answer_template or ANSWER_TEMPLATE
    return Item(
        _worded_question(record["fields"], rules, question, options),
        fill_template(template, parts.__getitem__),
        parts["label"] if right else "",
    )


def identity_text(record: Row, rules: Format) -> str:
    """Give all that tells a question from others: its passage, its text and its options.

    BBQ, bAbI and MMLU ask the same words of different passages or options. The order of the
    options does not count.
    """
    texts = [cell_text(record["question"])]
    if rules.passage:
        texts.insert(0, cell_text(look_up(record["fields"], rules.passage)))
    columns = [rules.options] if isinstance(rules.options, str) else rules.options or []
    listed = "\n".join(cell_text(look_up(record["fields"], column)) for column in columns)
    return "\n".join(text for text in [*texts, *sorted(listed.split("\n"))] if text)


def solved_text(record: Row, rules: Format) -> str:
    """Give what a question teaches as an example: its passage, its text and the right answer.

    Of two rows that differ in wrong options alone, it is the same. Where the words of a question
    mean nothing without its options ("Which of these is true?"), the right answers differ. A
    record that can't be worded is known by its `identity_text`.
    """
    try:
        options = _options(record["fields"], rules, cell_text(record["question"]))
        if not options:
            return identity_text(record, rules)
        right = _right_option(record, rules, options).text
    except Unusable:
        return identity_text(record, rules)
    passage = cell_text(look_up(record["fields"], rules.passage)) if rules.passage else ""
    return "\n".join(text for text in (passage, cell_text(record["question"]), right) if text)


def final_answer(record: Row, rules: Format) -> str:
    """Give what a record says the answer is: the right option, or what follows the last mark.

    Of two answers that come to the same by other steps, it is the same. Where it can't be read, it
    is the answer as the source has it.
    """
    raw = cell_text(record["answer"])
    try:
        options = _options(record["fields"], rules, cell_text(record["question"]))
        if options:
            return _right_option(record, rules, options).text
        text = _answer_value(record, rules)
        return split_final(text, rules.final_marker)[1] if rules.final_marker else text
    except Unusable:
        return raw


def _question(record: Row, rules: Format) -> str:
    text = cell_text(record["question"]).removeprefix(rules.drop_prefix)
    text = cut_at_lines(text, rules.cut_at_lines) if rules.cut_at_lines else text.strip()
    text = text.removesuffix(rules.drop_suffix).strip()
    if not text:
        raise Unusable("empty_question")
    return text


def _worded_question(fields: Row, rules: Format, question: str, options: Sequence[Option]) -> str:
    labelled = zip(options, letters(len(options)), strict=True)
    parts = {
        "question": question,
        "passage": _passage(fields, rules),
        "options": "\n".join(_shown(option, label, rules) for option, label in labelled),
    }

    def value(place: str) -> str:
        return parts[place] if place in parts else cell_text(look_up(fields, place))

    return fill_template(rules.template, value)


def _shown(option: Option, label: str, rules: Format) -> str:
    return fill_template(rules.option_template, {"label": label, "text": option.text}.__getitem__)


def _passage(fields: Row, rules: Format) -> str:
    if not rules.passage:
        return ""
    text = cell_text(look_up(fields, rules.passage))
    if not text and "passage" not in rules.optional:
        raise Unusable("empty_passage")
    return text


def _rationale(fields: Row, rules: Format) -> str:
    if not rules.rationale:
        return ""
    text = drop_lines(unquoted(cell_text(look_up(fields, rules.rationale))), rules.drop_lines)
    if not text and "rationale" not in rules.optional:
        raise Unusable("empty_rationale")
    return text


def _options(fields: Row, rules: Format, question: str) -> list[Option]:
    if not rules.options:
        return []
    if isinstance(rules.options, list):
        return options_of([look_up(fields, column) for column in rules.options], rules.options)
    listed = look_up(fields, rules.options)
    if not listed and "options" in rules.optional:
        return []
    if isinstance(listed, str) and rules.option_split:
        listed = (
            split_lettered(listed)
            if rules.option_split == "lettered"
            else [line for line in listed.split("\n") if line.strip()]
        )
    if not isinstance(listed, list):
        raise Unusable("unreadable_options")
    if "options" in rules.optional and stand_for_a_list(listed, question):
        return []
    labels = look_up(fields, rules.option_labels) if rules.option_labels else letters(len(listed))
    return options_of(listed, labels if isinstance(labels, list) else [])


def _answer_value(record: Row, rules: Format) -> str:
    """Word the answer as the source gives it, or what the map makes of it."""
    value = look_up(record["fields"], rules.answer) if rules.answer else record["answer"]
    # Of several answers that are all good, the first is taught.
    text = cell_text(value[0] if isinstance(value, list) and value else value)
    if not text:
        raise Unusable("empty_answer")
    if not rules.answer_map:
        return text
    if text in rules.answer_map:
        return rules.answer_map[text]
    folded = {key.casefold(): worded for key, worded in rules.answer_map.items()}
    if text.casefold() not in folded:
        raise Unusable("unknown_label")
    return folded[text.casefold()]


def _right_option(record: Row, rules: Format, options: Sequence[Option]) -> Option:
    if rules.option_scores:
        return best_option(look_up(record["fields"], rules.option_scores), options)
    answer = _answer_value(record, rules)
    if rules.answer_is == "text":
        return option_of_text(answer, options)
    if rules.answer_is in ("index", "number"):
        return option_at(answer, options, first=0 if rules.answer_is == "index" else 1)
    return option_named(answer, options)


def _clean_answer(text: str, rules: Format) -> str:
    if rules.strip_calculator:
        text = strip_calculator(text)
    text = drop_lines(text, rules.drop_lines)
    if rules.final_marker:
        steps, final = split_final(text, rules.final_marker)
        worded = fill_template(rules.final_template, {"text": final}.__getitem__)
        text = f"{steps}\n{worded}" if steps else worded
    if not text:
        raise Unusable("empty_answer")
    return text

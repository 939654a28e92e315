"""Vote: several models label each row, and the majority decides.

Every model of `model_list` gives its label (or labels) and a reason. A label wins with the most
votes, if these reach the quorum; with `multi_label` each label has a majority of its own. A model
that gives no usable answer, or whose server refuses the question for good, has not voted, and the
quorum decides whether the others are enough. Where a server fails for the time being the row waits
for --retry_failed instead, so that no vote is lost to an outage.

With method vote_and_pipeline the rows whose label is in `need_post_pipeline_label_list` are
labelled again by the stronger `model`. The summary says how far the models agree.
    python -m joydataforge.vote --config joydataforge/configs/vote.yaml
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from joydataforge.methods.answers import answer_schema, parse_answer
from joydataforge.methods.rows import check_templates, planned_rows
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import read_settings
from joydataforge.methods.templates import fill
from joydataforge.votes.agreement import Agreement
from joydataforge.votes.vote_settings import REASON, VoteConfig
from joydataforge.votes.voting import break_tie, count_each, count_one, count_votes, needed_votes
from utils.cli import run
from utils.errors import BadReply
from utils.generation.conversation import Conversation, Job, Messages, SampleFailed, ask_for
from utils.jsonl import Row

# The prompts' places besides the rows' fields.
ALLOWED, MAJORITY, REASONS = "allowed_labels", "majority_label", "vote_reasons"


def main(argv: list[str] | None = None) -> int:
    config, settings = read_settings(
        argv, __doc__ or "", VoteConfig, "joydataforge/configs/vote.yaml"
    )
    check_templates(config, [ALLOWED], prompt=config.prompt, system=config.system)
    extra = [ALLOWED, MAJORITY, REASONS]
    check_templates(config, extra, prompt_post_pipline=config.prompt_post_pipline)

    async def converse(job: Job, conversation: Conversation) -> Row:
        return await label_row(config, job.row, conversation)

    tally = VoteTally(config)
    return run_method(
        config,
        settings,
        lambda: planned_rows(config),
        converse,
        finish=tally.watch,
        figures=tally.figures,
        stage="votes",
    )


@dataclass
class Ballots:
    """The votes on one row, by model; who has not voted stands in `missing` with the reason."""

    labels: dict[str, list[str]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def reasons_for(self, labels: list[str]) -> dict[str, str]:
        """Pick the reasons of those who voted for one of the labels."""
        return {
            model: self.reasons[model]
            for model, given in self.labels.items()
            if set(given) & set(labels)
        }


async def label_row(config: VoteConfig, row: Row, conversation: Conversation) -> Row:
    """Have a row labelled; returns it with all votes, and the label or a `reject_reason`."""
    asked = vote_messages(config, row)
    ballots = Ballots()
    for model in config.model_list:
        await cast(config, asked, model, ballots, conversation)
    labels, label_vote, reason = await decide_label(config, asked, ballots, conversation)
    votes = {
        model: config.as_voted(ballots.labels[model]) if model in ballots.labels else None
        for model in config.model_list
    }
    made = {**row, "votes": votes, "label_vote": label_vote}
    made["reason_vote"] = ballots.reasons_for(labels)
    if reason:
        return made | {"reject_reason": reason}
    made["label"] = label_vote["label"]
    return await label_again(config, made, labels, conversation) if config.posts else made


def vote_messages(config: VoteConfig, row: Row, **further: Any) -> Messages:
    """Word the question of the vote; with a majority's label, that of the labelling after it."""
    prompt = config.prompt_post_pipline if further else config.prompt
    values = {**row, ALLOWED: "\n".join(f"- {label}" for label in config.labels), **further}
    turns = [("system", config.system), ("user", prompt)]
    return [{"role": role, "content": fill(text, values)} for role, text in turns if text]


async def cast(
    config: VoteConfig,
    messages: Messages,
    model: str,
    ballots: Ballots,
    conversation: Conversation,
) -> None:
    """Note a model's vote, or why it has none."""
    try:
        answer = await ask_for(
            conversation,
            messages,
            lambda text: parse_answer(text, config.answer_fields()),
            config.max_try,
            model=model,
            prompt_kind="vote",
            schema=answer_schema(config.answer_fields()),
        )
    except BadReply as error:
        ballots.missing[model] = error.reason
    except SampleFailed as failure:
        if failure.passing:
            raise
        ballots.missing[model] = failure.cause
    else:
        given = answer["labels"] if config.multi_label else [answer["label"]]
        ballots.labels[model] = [label for label in config.labels if label in given]
        ballots.reasons[model] = answer[REASON]


async def decide_label(
    config: VoteConfig, messages: Messages, ballots: Ballots, conversation: Conversation
) -> tuple[list[str], Row, str | None]:
    """Count the votes; returns the labels that won, how it came to that, and why none did."""
    needed = needed_votes(config.quorum, len(config.model_list))
    count = (count_each if config.multi_label else count_one)(ballots.labels, config.labels, needed)
    outcome: Row = {
        "label": None,
        "counts": count_votes(ballots.labels, config.labels),
        "voted": len(ballots.labels),
        "needed": needed,
        "tied": count.tied,
        "missing": ballots.missing,
    }
    labels = count.won
    if count.tied:
        casting: list[str] = []
        if config.tie_rule == "strongest":
            casting, outcome["casting_vote"] = await casting_vote(
                config, messages, ballots, conversation
            )
        rule, is_multi = config.tie_rule, config.multi_label
        labels = break_tie(rule, count, ballots.labels, casting, is_multi)
    if not labels:
        return [], outcome, "tie" if count.tied else "no_quorum"
    labels = [label for label in config.labels if label in labels]
    outcome["label"] = config.as_written(labels)
    return labels, outcome, None


async def casting_vote(
    config: VoteConfig, messages: Messages, ballots: Ballots, conversation: Conversation
) -> tuple[list[str], Row]:
    """Give the stronger model's labels: those it voted for already, or those it is asked for."""
    own = ballots
    if config.model not in config.model_list:
        own = Ballots()
        await cast(config, messages, config.model, own, conversation)
    labels = own.labels.get(config.model)
    if labels is None:
        return [], {"model": config.model, "missing": own.missing[config.model]}
    said = {"label": config.as_voted(labels), "reason": own.reasons[config.model]}
    return labels, {"model": config.model, **said}


async def label_again(
    config: VoteConfig, row: Row, labels: list[str], conversation: Conversation
) -> Row:
    """Have the stronger model label a row whose label wants it; both labels are kept.

    A row that it gives no usable label is rejected: it is one of those that need it.
    """
    row |= {"label_post": None, "reason_post": None}
    if not set(labels) & set(config.need_post_pipeline_label_list):
        return row
    voters = row["reason_vote"].items()
    words = {
        MAJORITY: ", ".join(labels),
        REASONS: "\n".join(f"- {' '.join(reason.split())}" for _, reason in voters),
    }
    again = Ballots()
    asked = vote_messages(config, row, **words)
    await cast(config, asked, config.model, again, conversation)
    if again.missing:
        return row | {"reject_reason": f"post_{again.missing[config.model]}"}
    label = config.as_written(again.labels[config.model])
    return row | {
        "label": label,
        "label_post": label,
        "reason_post": again.reasons[config.model],
    }


class VoteTally:
    """Counts over all rows of a run, as they go to the output."""

    def __init__(self, config: VoteConfig) -> None:
        self._config = config
        self._agreement = Agreement(config.model_list, config.labels, config.multi_label)
        self._missing: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()
        self._broken_ties = self._labelled_again = self._changed = 0

    def watch(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Let the rows through and count those that were voted on, the rejected ones too."""
        for row in rows:
            if isinstance(row.get("label_vote"), dict) and isinstance(row.get("votes"), dict):
                self._add(row)
            yield row

    def _add(self, row: Row) -> None:
        votes = {model: listed_labels(vote) for model, vote in row["votes"].items()}
        self._agreement.add(votes)
        self._missing.update(row["label_vote"]["missing"].keys())
        majority = listed_labels(row["label_vote"]["label"])
        if majority is not None:
            self._agreement.add_majority(votes, majority)
            self._broken_ties += bool(row["label_vote"]["tied"])
        if "reject_reason" not in row:
            self._labels.update(listed_labels(row["label"]) or [])
            self._labelled_again += row.get("label_post") is not None
            self._changed += row.get("label_post") not in (None, row["label_vote"]["label"])

    def figures(self) -> Row:
        config = self._config
        figures: Row = {
            "agreement": self._agreement.figures(),
            "votes_missing": {model: self._missing[model] for model in config.model_list},
            "ties_broken": self._broken_ties,
            "labels": {label: self._labels[label] for label in config.labels},
        }
        if config.posts:
            figures |= {"labelled_again": self._labelled_again, "label_changed": self._changed}
        return figures


def listed_labels(labels: Any) -> list[str] | None:
    return [labels] if isinstance(labels, str) else labels


if __name__ == "__main__":
    run(main)

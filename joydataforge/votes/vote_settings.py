"""The keys of vote.yaml."""

from dataclasses import dataclass, field
from typing import Literal

from joydataforge.methods.answers import AnswerField
from joydataforge.methods.settings import MethodConfig
from joydataforge.votes.voting import TieRule, check_quorum

REASON = "reason"


@dataclass(frozen=True, kw_only=True)
class VoteConfig(MethodConfig):
    """The keys of vote.yaml and vote_and_pipeline.yaml.

    `quorum` is how many votes a label needs: a whole number of them, or a share of `model_list`.
    """

    method: Literal["vote", "vote_and_pipeline"] = "vote"
    labels: list[str] = field(default_factory=list)
    multi_label: bool = False
    quorum: int | float = 0.5
    tie_rule: TieRule = "reject"
    need_post_pipeline_label_list: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_labels()
        repeated = len(set(self.model_list)) < len(self.model_list)
        if len(self.model_list) < 2 or repeated:
            raise ValueError("model_list must name two or more models, each of them once")
        check_quorum(self.quorum, len(self.model_list))
        if not self.prompt.strip():
            raise ValueError("key 'prompt' is missing; write what the models are asked")
        self._check_post_labelling()

    def _check_labels(self) -> None:
        if len(self.labels) < 2 or not all(label.strip() for label in self.labels):
            raise ValueError("labels must list the two or more labels that may be given")
        seen: dict[str, str] = {}
        for label in self.labels:
            if label != label.strip():
                raise ValueError(f"labels: {label!r} has space around it; remove it")
            if label.casefold() in seen:
                raise ValueError(
                    f"labels: '{label}' stands there as '{seen[label.casefold()]}'; remove one"
                )
            seen[label.casefold()] = label

    def _check_post_labelling(self) -> None:
        wanted = self.need_post_pipeline_label_list
        unknown = [label for label in wanted if label not in self.labels]
        if unknown:
            raise ValueError(
                f"need_post_pipeline_label_list: '{unknown[0]}' is none of the labels; mend it"
            )
        if not self.posts and (wanted or self.prompt_post_pipline):
            raise ValueError(
                "method vote labels once; set method: vote_and_pipeline, or remove "
                "need_post_pipeline_label_list and prompt_post_pipline"
            )
        if self.posts and not (wanted and self.prompt_post_pipline.strip()):
            raise ValueError(
                "method vote_and_pipeline needs need_post_pipeline_label_list and "
                "prompt_post_pipline"
            )

    @property
    def posts(self) -> bool:
        """Tell whether some rows are labelled again after the vote."""
        return self.method == "vote_and_pipeline"

    def model_names(self) -> list[str]:
        """The models that a run asks: those that vote, and one that settles or labels again."""
        asks_model = self.posts or self.tie_rule == "strongest"
        return list(dict.fromkeys([*self.model_list, *([self.model] if asks_model else [])]))

    def written_fields(self) -> list[str]:
        voted = ["votes", "label_vote", "reason_vote", "label"]
        return [*voted, "label_post", "reason_post"] if self.posts else voted

    def answer_fields(self) -> dict[str, AnswerField]:
        """Say what a vote must hold."""
        if self.multi_label:
            asked = {"labels": AnswerField("list", choices=self.labels)}
        else:
            asked = {"label": AnswerField("text", choices=self.labels)}
        return {**asked, REASON: AnswerField("text")}

    def as_voted(self, labels: list[str]) -> str | list[str]:
        """Give one model's labels as the rows hold them."""
        return labels if self.multi_label else labels[0]

    def as_written(self, labels: list[str]) -> str | list[str]:
        """Give the labels of a row as it holds them: a list only where there may be several."""
        is_list = self.multi_label or self.tie_rule == "all"
        return labels if is_list else labels[0]

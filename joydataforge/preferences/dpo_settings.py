"""The keys of dpo.yaml."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from joydataforge.methods.settings import MethodConfig
from joydataforge.methods.templates import places
from joydataforge.preferences.judging import Criterion
from joydataforge.preferences.reward_settings import RewardSettings
from utils.stage_output import sibling

JUDGED_PLACES = {"pointwise": ("answer",), "pairwise": ("answer_a", "answer_b")}


@dataclass(frozen=True, kw_only=True)
class DpoConfig(MethodConfig):
    """The keys of dpo.yaml; `prompt` asks for an answer, the judge's prompts for verdicts."""

    method: str = "dpo"
    prompt: str = "{input}"
    candidates: PositiveInt = 4
    use_target: bool = False
    judge: Literal["llm", "reward_model"] = "llm"
    judging: Literal["pairwise", "pointwise"] = "pairwise"
    judge_list: list[str] = field(default_factory=list)
    judge_temperature: float = 0.0
    criteria: dict[str, Criterion] = field(default_factory=dict)
    prompt_pairwise: str = ""
    prompt_pointwise: str = ""
    reward: RewardSettings = field(default_factory=RewardSettings)
    min_margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.2
    max_pairs: PositiveInt = 1
    prompt_in_pairs: str = "{input}"
    layouts: list[Literal["sharegpt", "alpaca"]] = field(default_factory=lambda: ["sharegpt"])

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.candidates + self.use_target < 2:
            raise ValueError("candidates must be 2 or more, or 1 beside use_target")
        if not self.layouts:
            raise ValueError("layouts must hold sharegpt, alpaca or both")
        if self.judge == "llm" and not self.criteria:
            raise ValueError("criteria must hold one or more where the judge is a model")
        missing = set(self.judged_places()) - set(places(self.prompt_judge))
        if self.judge == "llm" and missing:
            raise ValueError(
                f"prompt_{self.judging} has no place for '{sorted(missing)[0]}'; add it"
            )

    @property
    def output_file(self) -> Path:
        """The file of all candidates, beside that of the pairs."""
        return sibling(self.pairs_file, f"_candidates{self.pairs_file.suffix}")

    @property
    def pairs_file(self) -> Path:
        return super().output_file

    @property
    def prompt_judge(self) -> str:
        return self.prompt_pairwise if self.judging == "pairwise" else self.prompt_pointwise

    def judged_places(self) -> tuple[str, ...]:
        return JUDGED_PLACES[self.judging]

    def answering_models(self) -> list[str]:
        return self.model_list or [self.model]

    def judges(self) -> list[str]:
        return (self.judge_list or [self.model]) if self.judge == "llm" else []

    def model_names(self) -> list[str]:
        return list(dict.fromkeys([*self.answering_models(), *self.judges()]))

    def written_fields(self) -> list[str]:
        return ["candidates", "verdicts"]

    def shape(self) -> dict[str, Any]:
        """Leave out what is decided when all answers are there."""
        later = ("reward", "min_margin", "max_pairs", "prompt_in_pairs", "layouts")
        return {name: value for name, value in super().shape().items() if name not in later}

    def path_of(self, layout: str) -> Path:
        """Name the file of a layout: the first one has the plain name."""
        path = self.pairs_file
        return path if layout == self.layouts[0] else sibling(path, f"_{layout}{path.suffix}")

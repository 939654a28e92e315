"""What a script that asks a model is told: flags, most of which are the settings of its run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from utils.cli import Flag, part_of
from utils.errors import PipelineError
from utils.generation.model_map import only_model
from utils.generation.traffic import LONGEST_WAIT
from utils.records import text_id
from utils.stage_output import sibling, written_files

Temperature = Annotated[float, Field(ge=0, allow_inf_nan=False, description="of the sampling")]
TopP = Annotated[float, Field(ge=0, allow_inf_nan=False, description="of the sampling")]
MaxTokens = Annotated[int, Field(gt=0, description="longest reply of a round")]


@dataclass(frozen=True)
class Sampling:
    """What is asked of the model for each answer."""

    temperature: Temperature = 0.8
    top_p: TopP = 0.95
    max_tokens: MaxTokens = 2048


@dataclass(frozen=True)
class Persistence:
    """How long a run tries, and at what cost."""

    max_retries: Annotated[int, Field(ge=0, description="of one request")] = 8
    max_wait: Annotated[
        float,
        Field(gt=0, allow_inf_nan=False, description="seconds a server may have a request wait"),
    ] = LONGEST_WAIT
    max_response_bytes: Annotated[
        int | None,
        Field(gt=0, description="of an answer, unpacked (default: by the tokens asked for)"),
    ] = None
    length_retry_factor: Annotated[
        float | None,
        Field(
            gt=1, allow_inf_nan=False, description="ask once more, with so many times the tokens"
        ),
    ] = None
    max_consecutive_failures: Annotated[
        int, Field(ge=0, description="stop when more samples than this fail in a row")
    ] = 50
    max_cost: Annotated[
        float | None,
        Field(
            gt=0, allow_inf_nan=False, description="stop before the output has cost more than this"
        ),
    ] = None
    keep_reasoning: Annotated[
        bool, Field(description="keep what the model thought beside each reply, as 'reasoning'")
    ] = False
    save_every: Annotated[int, Field(gt=0, description="rows between syncs to disk")] = 20


@dataclass(frozen=True)
class BatchSettings(Persistence):
    """How a batch is run; of all this, the seed and the asking for longer replies shape answers."""

    concurrency: Annotated[
        int,
        Flag("--concurrency", "--num_proc"),
        Field(gt=0, description="most requests in flight"),
    ] = 64
    random_seed: Annotated[int, Field(description="of all that is drawn")] = 42


@dataclass(frozen=True)
class RunSettings:
    """One run: which models, which files, how many answers, and how they are asked for.

    `shaping` holds the script's own settings that shape the answers.
    """

    model_names: tuple[str, ...]
    model_map: str
    output_file: str
    recovery_file: str
    completions: int
    timeout: float
    sampling: Sampling
    batch: BatchSettings
    continue_from_error: bool = False
    overwrite: bool = False
    retry_failed: bool = False
    start_server: str | None = None
    shaping: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RunFlags(Persistence):
    """The flags that say how a run is carried out, not what it asks."""

    timeout: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="seconds a request may take")
    ] = 300.0
    recovery_file: Annotated[
        str | None,
        Field(description="journal of unfinished samples; beside the output if not named"),
    ] = None
    continue_from_error: Annotated[bool, Field(description="go on with what was saved")] = False
    retry_failed: Annotated[bool, Field(description="ask again what was refused or rejected")] = (
        False
    )
    start_server: Annotated[
        str | None,
        Field(description="command of a server of the first model, with {port}, for this run"),
    ] = None
    overwrite: Annotated[bool, Field(description="throw away what was saved")] = False


@dataclass(frozen=True, kw_only=True)
class EngineFlags(Sampling, BatchSettings, RunFlags):
    """The flags of a script that has no other place for the settings of its run."""

    model_map: Annotated[str, Field(description="YAML or JSON file of models")] = "model_map.yaml"


@dataclass(frozen=True, kw_only=True)
class GenerationFlags(EngineFlags):
    """The flags of stage 2."""

    model_name: Annotated[str, Field(description="a name of the model map")] = "offline"
    num_completion: Annotated[PositiveInt, Field(description="samples per prompt")] = 1


@dataclass(frozen=True, kw_only=True)
class SampleFlags(EngineFlags):
    """The flags of a room's script that asks a model, with Programming-Instruct's defaults."""

    model_name: Annotated[
        tuple[str, ...],
        Field(
            description="names of the model map, of which one is drawn per request "
            "(default: its only one)"
        ),
    ] = ()
    max_try: Annotated[
        PositiveInt, Field(description="times a question is asked until its reply is good")
    ] = 5
    temperature: Temperature = 0.2
    top_p: TopP = 0.95
    max_tokens: MaxTokens = 3072


def generation_settings(flags: GenerationFlags, output_file: str) -> RunSettings:
    """Turn the flags of stage 2 into settings; PipelineError if the files clash."""
    return run_settings(
        flags,
        part_of(flags, Sampling),
        part_of(flags, BatchSettings),
        model_names=[flags.model_name],
        model_map=flags.model_map,
        output_file=output_file,
        completions=flags.num_completion,
    )


def sample_settings(flags: SampleFlags, output_path: str | Path, prompts: object) -> RunSettings:
    """Turn a room's flags into settings; the answers are kept in a file beside its output.

    `prompts` is an example of the messages it asks: a run goes on only with the same wording.
    """
    return run_settings(
        flags,
        part_of(flags, Sampling),
        part_of(flags, BatchSettings),
        model_names=flags.model_name or [only_model(flags.model_map)],
        model_map=flags.model_map,
        output_file=answers_file(output_path),
        shaping={"prompts": text_id(repr(prompts))},
    )


def answers_file(output_path: str | Path) -> str:
    """Name the append log of a script that writes its output when all answers are there."""
    return str(sibling(output_path, ".answers.jsonl"))


def run_settings(
    flags: RunFlags,
    sampling: Sampling,
    batch: BatchSettings,
    *,
    model_names: Sequence[str],
    model_map: str,
    output_file: str,
    completions: int = 1,
    shaping: dict[str, Any] | None = None,
) -> RunSettings:
    """Gather the settings of a run; PipelineError if its journal is one of its other files."""
    recovery_file = flags.recovery_file or str(sibling(output_file, "_recovery.jsonl"))
    taken = [*written_files(output_file), sibling(output_file, ".failed.jsonl")]
    if Path(recovery_file).resolve() in [path.resolve() for path in taken]:
        raise PipelineError(
            f"--recovery_file {recovery_file}: --output_file and what is written beside it are "
            "other files; name one of its own"
        )
    return RunSettings(
        model_names=tuple(dict.fromkeys(model_names)),
        model_map=model_map,
        output_file=output_file,
        recovery_file=recovery_file,
        completions=completions,
        timeout=flags.timeout,
        sampling=sampling,
        batch=batch,
        continue_from_error=flags.continue_from_error,
        overwrite=flags.overwrite,
        retry_failed=flags.retry_failed,
        start_server=flags.start_server,
        shaping=shaping or {},
    )

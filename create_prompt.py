"""Stage 1: make prompts for the model out of seed code.

Reads a seed file and data/few_shot.jsonl; writes data/prompt_for_syn.jsonl, or
data/prompt_rewrite_commit.jsonl with --prompt_type rewrite_commit.
    python create_prompt.py
    python create_prompt.py --prompt_type rewrite_commit
    python create_prompt.py --prompt_type rewrite_commit --context_lines 20 --max_tokens_before 1500
    python create_prompt.py --edit_kinds edit_kinds.yaml --val_ratio 0.02
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from tqdm import tqdm

from prompts_for_gen import (
    CODE_EXTEND_SYSTEM,
    REWRITE_COMMIT_SYSTEM,
    code_extend_rounds,
    edit_kind_line,
    rewrite_commit_rounds,
)
from utils.cli import Flag, log, parse_flags, run
from utils.code.fences import fenced
from utils.code.lines import cut_snippet, unified_diff
from utils.config import load_config
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex, read_rows
from utils.records import with_prompt_ids
from utils.sampling import derive_seed
from utils.seeds.edit_choice import choose_edits
from utils.seeds.edit_kinds import EditKinds
from utils.seeds.lengths import SeedCut, TokenLimit
from utils.seeds.pool import SEED_FIELDS, CommitCheck, SeedPool, SnippetCheck, fill_pool
from utils.stage_output import StageOutput
from utils.token_counts import TOO_LONG_BEFORE, token_counter

DEFAULT_OUTPUTS = {
    "code_extend": "data/prompt_for_syn.jsonl",
    "rewrite_commit": "data/prompt_rewrite_commit.jsonl",
}
# The sources to name when there is no seed file; rewrite_commit needs seeds with an edit.
SOURCES = {
    "code_extend": ("stdlib", "hf:bigcode/commitpackft"),
    "rewrite_commit": ("git:PATH", "hf:bigcode/commitpackft"),
}
# How often snippets that are too long together are drawn again for a prompt.
DRAWS = 20
SeedCheck = Callable[[Row], str | None]
FEW_SHOT_FIELDS = ("code_before", "instruct_descriptive", "instruct_lazy")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Make prompts for the model out of seed code."""

    prompt_type: Annotated[
        Literal["code_extend", "rewrite_commit"],
        Field(description="new programs from two snippets, or instructions to real commits"),
    ] = "code_extend"
    seed_file: Annotated[str, Field(description="seed commits")] = (
        "data/commitpackft_python_cleaned.jsonl"
    )
    few_shot_file: Annotated[str, Field(description="one-shot examples (code_extend)")] = (
        "data/few_shot.jsonl"
    )
    output_file: Annotated[
        str | None, Field(description="default: " + " or ".join(DEFAULT_OUTPUTS.values()))
    ] = None
    sample_num: Annotated[PositiveInt, Field(description="how many prompts")] = 100000
    random_seed: Annotated[int, Field(description="of all that is drawn")] = 42
    min_snippet_lines: Annotated[PositiveInt, Field(description="of a snippet, at least")] = 5
    max_snippet_lines: Annotated[int, Field(description="of a snippet, at most")] = 15
    edit_kinds: Annotated[
        str | None,
        Field(description="YAML of edit kinds to draw from (code_extend): edit_kinds.yaml"),
    ] = None
    max_per_file: Annotated[
        PositiveInt | None,
        Field(description="edits of one file of a repository, at most (rewrite_commit)"),
    ] = None
    context_lines: Annotated[
        PositiveInt | None,
        Field(
            description="cut both files to the whole definitions within so many lines of a change "
            "(rewrite_commit; default: files are whole)"
        ),
    ] = None
    max_tokens_before: Annotated[
        PositiveInt | None,
        Field(description="of the code before, or of both snippets, at most"),
    ] = None
    tokenizer: Annotated[
        str | None,
        Flag(metavar="DIR_OR_NAME"),
        Field(description="counts tokens for --max_tokens_before (default: an estimate)"),
    ] = None
    val_ratio: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            allow_inf_nan=False,
            description="share of the seeds set aside as split: val",
        ),
    ] = 0.0

    def __post_init__(self) -> None:
        if self.min_snippet_lines > self.max_snippet_lines:
            raise ValueError(
                f"--min_snippet_lines {self.min_snippet_lines} is above "
                f"--max_snippet_lines {self.max_snippet_lines}; lower the one or raise the other"
            )
        if self.prompt_type == "rewrite_commit" and self.edit_kinds:
            raise ValueError("--edit_kinds: serves code_extend only; leave it out")
        if self.prompt_type == "code_extend" and self.max_per_file is not None:
            raise ValueError("--max_per_file: serves rewrite_commit only; leave it out")
        if self.prompt_type == "code_extend" and self.context_lines is not None:
            raise ValueError("--context_lines: serves rewrite_commit only; leave it out")
        if self.tokenizer and self.max_tokens_before is None:
            raise ValueError("--tokenizer: counts for --max_tokens_before; give that as well")


def code_extend_prompts(
    pool: SeedPool,
    examples: list[Row],
    kinds: EditKinds | None,
    settings: Settings,
    limit: TokenLimit,
) -> Iterator[Row]:
    """Yield `sample_num` prompts; prompt i depends on the seeds, the settings and i alone.

    Snippets that are too long together are drawn again, some times.
    """
    sides = {is_val: pool.side(is_val) for is_val in (False, True)}
    val_ratio = Fraction(str(settings.val_ratio))
    for i in range(settings.sample_num):
        rng = random.Random(derive_seed(settings.random_seed, "code_extend", i))
        # Evenly spread, so that every beginning of the file holds its share.
        is_val = int((i + 1) * val_ratio) > int(i * val_ratio)
        for _ in range(DRAWS):
            seeds = [pool.index.read(number) for number in draw_pair(sides[is_val], rng)]
            prompt = code_extend_prompt(seeds, examples, kinds, settings, rng)
            if not limit(*prompt["code_snippet"]):
                break
        yield prompt | _split(is_val, settings)


def draw_pair(numbers: Sequence[int], rng: random.Random) -> list[int]:
    """Draw two different rows."""
    return [numbers[i] for i in rng.sample(range(len(numbers)), 2)]


def code_extend_prompt(
    seeds: list[Row],
    examples: list[Row],
    kinds: EditKinds | None,
    settings: Settings,
    rng: random.Random,
) -> Row:
    """Cut a snippet from each seed, draw an example and perhaps a kind, and fill the template."""
    bounds = settings.min_snippet_lines, settings.max_snippet_lines
    snippets = [cut_snippet(seed["old_contents"], rng, *bounds) for seed in seeds]
    example = rng.choice(examples)
    # Drawn last: asking for kinds leaves the pairs, snippets and examples as they were.
    kind = kinds.draw(rng) if kinds else None
    code_before, *instructions = (example[field] for field in FEW_SHOT_FIELDS)
    blocks = [fenced(snippet) for snippet in snippets]
    kind_line = edit_kind_line(*kind) if kind else ""
    prompt = {
        "commit": [seed["commit"] for seed in seeds],
        "system": CODE_EXTEND_SYSTEM,
        "user": code_extend_rounds(fenced(code_before), *instructions, blocks, kind_line),
        "code_snippet": snippets,
        "commit_message": [seed["message"] for seed in seeds],
        "license": [seed.get("license") for seed in seeds],
        "repos": [seed.get("repos") for seed in seeds],
    }
    return prompt | ({"edit_kind": kind[0]} if kind else {})


def rewrite_commit_prompts(
    pool: SeedPool, settings: Settings, cut: SeedCut, passed_over: Counter[str]
) -> Iterator[Row]:
    """Yield one prompt for each of the first `sample_num` commits of a seeded permutation.

    Commits whose edit nearly repeats an earlier one's, and those of files that have enough, are
    `passed_over`.
    """
    order = list(range(len(pool)))
    random.Random(derive_seed(settings.random_seed, "rewrite_commit")).shuffle(order)
    chosen = choose_edits(
        order,
        lambda i: pool.index.read(pool.numbers[i]),
        settings.max_per_file,
        settings.random_seed,
        passed_over,
    )
    for i in islice(chosen, settings.sample_num):
        prompt = rewrite_commit_prompt(cut(pool.index.read(pool.numbers[i])))
        yield prompt | _split(bool(pool.val_marks[i]), settings)


def rewrite_commit_prompt(seed: Row) -> Row:
    """Fill the template with a commit's code before, its diff and its message."""
    old_code, new_code = seed["old_contents"], seed["new_contents"]
    old_file = seed.get("old_file") or "program.py"
    diff = unified_diff(old_code, new_code, old_file, seed.get("new_file") or old_file)
    blocks = fenced(old_code), fenced(diff, "diff"), fenced(seed["message"], "text")
    prompt = {
        "commit": [seed["commit"]],
        "system": REWRITE_COMMIT_SYSTEM,
        "user": rewrite_commit_rounds(*blocks),
        "old_code": old_code,
        "new_code": new_code,
        "commit_message": seed["message"],
    }
    # As in prompts of two seeds, these are lists; the file is the one that is edited.
    origin = {field: [seed[field]] for field in ("license", "repos") if field in seed}
    return prompt | origin | {name: seed[name] for name in ("old_file",) if name in seed}


def _split(is_val: bool, settings: Settings) -> Row:
    return {"split": "val" if is_val else "train"} if settings.val_ratio else {}


def load_examples(path: str) -> list[Row]:
    """Read the one-shot examples, each of three texts."""
    examples = list(read_rows(path, required=FEW_SHOT_FIELDS))
    for number, example in enumerate(examples, 1):
        for field in FEW_SHOT_FIELDS:
            if not isinstance(example[field], str) or not example[field].strip():
                raise PipelineError(f"{path}, example {number}: '{field}' must be text; fill it in")
    return examples


def load_pool(path: str, settings: Settings, limit: TokenLimit) -> SeedPool:
    """Find the usable seeds; PipelineError gives the counts when they don't suffice."""
    kind = settings.prompt_type
    if not Path(path).exists():
        commands = " or ".join(
            f"`python collect_seeds.py --source {source} --output_file {path}`"
            for source in SOURCES[kind]
        )
        raise PipelineError(f"{path}: no such file; make one with {commands}")
    if kind == "code_extend":
        check: SeedCheck = SnippetCheck(settings.min_snippet_lines)
    else:
        check = check_commits(settings, limit)
    index = RowIndex(path, SEED_FIELDS[kind])
    pool = fill_pool(index, check, settings.random_seed, settings.val_ratio)
    _refuse_too_few(pool, path, settings)
    return pool


def check_commits(settings: Settings, limit: TokenLimit) -> SeedCheck:
    """Find what is wrong with a commit, or with the length of its code before, cut if need be."""
    check, cut = CommitCheck(), SeedCut(settings.context_lines)

    def problem_of(seed: Row) -> str | None:
        problem = check(seed)
        if problem or not settings.max_tokens_before:
            return problem
        # Most files are short enough as they are, and need no cutting to be let through.
        return limit(seed["old_contents"]) and limit(cut(seed)["old_contents"])

    return problem_of


def _refuse_too_few(pool: SeedPool, path: str, settings: Settings) -> None:
    if pool.unusable["no_edit"] == len(pool.index):
        raise PipelineError(
            f"{path}: none of its {len(pool.index):,} rows carries an edit (rows of dir: and "
            "stdlib never do); collect seeds with --source git:PATH or hf:bigcode/commitpackft"
        )
    needed = 2 if settings.prompt_type == "code_extend" else 1
    if len(pool) < needed:
        raise PipelineError(
            f"{path}: {pool.describe()}; at least {needed} needed: collect more seeds"
            + (" or lower --min_snippet_lines" if pool.unusable["too_short"] else "")
            + (" or raise --max_tokens_before" if pool.unusable[TOO_LONG_BEFORE] else "")
        )
    val = sum(pool.val_marks)
    train = len(pool) - val
    if settings.val_ratio and min(val, train) < needed:
        raise PipelineError(
            f"{path}: --val_ratio {settings.val_ratio} leaves {train:,} usable seeds to train "
            f"and {val:,} to val, each needs {needed}: change it or collect more seeds"
        )


def write_seed_prompts(prompts: Iterable[Row], output: StageOutput, limit: TokenLimit) -> None:
    """Write prompts with their ids; count kinds, splits and repeated prompts in the summary.

    Those whose snippets are too long, however drawn, are put aside; long commits were never drawn.
    """
    counts: dict[str, Counter[str]] = {"edit_kind": Counter(), "split": Counter()}
    repeated = 0
    for prompt in with_prompt_ids(prompts):
        if problem := limit(*prompt.get("code_snippet", ())):
            output.reject(prompt, problem)
            continue
        output.keep(prompt)
        repeated += "-" in prompt["prompt_id"]
        for field, counter in counts.items():
            if field in prompt:
                counter[prompt[field]] += 1
    output.summary |= {field: dict(counter.most_common()) for field, counter in counts.items()}
    output.summary["repeated_prompts"] = repeated
    if repeated:
        log.warning("%s prompts repeat an earlier one; collect more seeds", f"{repeated:,}")


def main(argv: list[str] | None = None) -> None:
    settings = parse_flags(Settings, argv)
    seed_file, few_shot_file = settings.seed_file, settings.few_shot_file
    output_file = settings.output_file or DEFAULT_OUTPUTS[settings.prompt_type]
    limit = TokenLimit(settings.max_tokens_before, token_counter(settings.tokenizer))
    cut = SeedCut(settings.context_lines)
    if settings.prompt_type == "rewrite_commit":
        output = StageOutput(output_file, [seed_file], stage="prompts")
        pool = load_pool(seed_file, settings, limit)
        total = min(settings.sample_num, len(pool))
        prompts = rewrite_commit_prompts(pool, settings, cut, output.passed_over)
    else:
        kinds = load_config(settings.edit_kinds, EditKinds) if settings.edit_kinds else None
        examples = load_examples(few_shot_file)
        output = StageOutput(
            output_file,
            list(filter(None, [seed_file, few_shot_file, settings.edit_kinds])),
            stage="prompts",
        )
        pool = load_pool(seed_file, settings, limit)
        total = settings.sample_num
        prompts = code_extend_prompts(pool, examples, kinds, settings, limit)
    log.info("%s: %s", seed_file, pool.describe())
    with pool.index, output:
        write_seed_prompts(tqdm(prompts, total=total, unit="prompt", disable=None), output, limit)
        output.summary |= {
            "seeds": len(pool.index),
            "usable_seeds": len(pool),
            "unusable_seeds": dict(pool.unusable.most_common()),
            "val_seeds": sum(pool.val_marks),
        }
        if figures := limit.figures():
            output.summary["tokens_before"] = figures
        if settings.context_lines:
            output.summary["context_lines"] = {"lines": settings.context_lines, **cut.files}
            log.info("%s", cut.describe())


if __name__ == "__main__":
    run(main)

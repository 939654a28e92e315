"""DPO: candidate answers, scored by a judge or a reward model, as pairs of chosen and rejected.

Each row is answered `candidates` times, by one model or several in turn. All answers and verdicts
go to `<name>_candidates.jsonl`; the pairs, as LLaMA-Factory's preference data, to `<name>.jsonl`,
with their entries in `dataset_info.json`.
    python -m joydataforge.dpo --config joydataforge/configs/dpo.yaml

Which pairs are made, and how they are laid out, can be changed after the answers were paid for:
run again with --continue_from_error.
"""

from itertools import permutations
from pathlib import Path

from joydataforge.methods.answers import plain_answer
from joydataforge.methods.rows import check_templates, full_query, planned_rows
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import read_settings
from joydataforge.methods.templates import fill, places
from joydataforge.preferences.dpo_pairs import write_pairs
from joydataforge.preferences.dpo_settings import DpoConfig
from joydataforge.preferences.judging import (
    judging_schema,
    read_comparison,
    read_points,
    word_criteria,
)
from joydataforge.preferences.preference import NoPair, distinct, history_turns
from utils.cli import run
from utils.errors import BadReply, PipelineError
from utils.finetune.trainer_files import TrainerFile
from utils.generation.conversation import Conversation, Job, Messages, ask_for
from utils.jsonl import Row

TARGET = "target"


def main(argv: list[str] | None = None) -> int:
    config, settings = read_settings(
        argv, __doc__ or "", DpoConfig, "joydataforge/configs/dpo.yaml"
    )
    check(config)

    async def converse(job: Job, conversation: Conversation) -> Row:
        made = {**job.row, "candidates": await answer(config, job.row, conversation)}
        if config.judge == "llm":
            try:
                made["verdicts"] = await judge(config, made, conversation)
            except BadReply as error:
                return made | {"reject_reason": f"judge_{error.reason}"}
        return made

    shown = full_query(config)

    def query(row: Row) -> str:
        # A row's own target is a candidate, so equal queries with other targets stay apart.
        return f"{row.get('target')!r}\n{shown(row)}" if config.use_target else shown(row)

    exit_code = run_method(
        config, settings, lambda: planned_rows(config), converse, query, stage="candidates"
    )
    # 1 says that some rows failed; anything higher that the run was stopped.
    if exit_code <= 1:
        write_pairs(config)
    return exit_code


def check(config: DpoConfig) -> None:
    """Check all that can be checked before anything is paid."""
    extra = (*config.judged_places(), "criteria")
    check_templates(config, prompt=config.prompt, prompt_in_pairs=config.prompt_in_pairs)
    if config.judge == "llm":
        check_templates(config, extra, **{f"prompt_{config.judging}": config.prompt_judge})
    else:
        config.reward.check_url()
        check_templates(
            config, ["output"], reward=" ".join(f"{{{n}}}" for n in config.reward.places())
        )
    TrainerFile(config.pairs_file, None).check_info()
    if config.data_read_path and Path(config.data_read_path).resolve() in (
        config.path_of(layout).resolve() for layout in config.layouts
    ):
        raise PipelineError(f"{config.data_read_path}: is the input; name another output")


async def answer(config: DpoConfig, row: Row, conversation: Conversation) -> list[Row]:
    """Get the candidates of a row: the models' in turn, then the row's own target.

    An answer that can't be had, empty or cut off however often it is asked for, is left out.
    """
    models = config.answering_models()
    messages = question(config, row)
    found: list[Row] = []
    for number in range(config.candidates):
        model = models[number % len(models)]
        try:
            text = await ask_for(
                conversation,
                messages,
                plain_answer,
                config.max_try,
                model=model,
                first_attempt=number * config.max_try,
                prompt_kind="answer",
            )
        except BadReply:
            continue
        found.append({"model": model, "text": text})
    target = row.get(TARGET)
    if config.use_target and isinstance(target, str) and target.strip():
        found.append({"model": TARGET, "text": target})
    return found


def question(config: DpoConfig, row: Row) -> Messages:
    """Word the question; a history that the prompt has no place for stands before it as turns."""
    messages = [{"role": "system", "content": config.system}] if config.system else []
    if "history" not in places(config.prompt):
        try:
            turns = history_turns(row.get("history"))
        except NoPair as error:
            raise BadReply(str(error)) from None
        for asked, answered in turns:
            messages += [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": answered},
            ]
    return [*messages, {"role": "user", "content": fill(config.prompt, row)}]


async def judge(config: DpoConfig, row: Row, conversation: Conversation) -> list[Row]:
    """Get the verdicts of all judges on a row's different answers."""
    texts = [candidate["text"] for candidate in row["candidates"]]
    numbers = distinct(texts)
    if len(numbers) < 2:
        return []
    is_pairwise = config.judging == "pairwise"
    # Both orders of each pair.
    shown_lists = list(permutations(numbers, 2)) if is_pairwise else [(n,) for n in numbers]
    verdicts = []
    for name in config.judges():
        for shown in shown_lists:
            values = dict(zip(config.judged_places(), (texts[n] for n in shown), strict=True))

            def read(text: str, shown: tuple[int, ...] = shown) -> Row:
                if is_pairwise:
                    return read_comparison(text, config.criteria, (shown[0], shown[1]))
                return read_points(text, config.criteria)

            verdict = await ask_for(
                conversation,
                judging_messages(config, row, values),
                read,
                config.max_try,
                model=name,
                options={"temperature": config.judge_temperature},
                prompt_kind="compare" if is_pairwise else "rate",
                schema=judging_schema(config.criteria, is_pairwise),
            )
            place: Row = {"shown": list(shown)} if is_pairwise else {"candidate": shown[0]}
            verdicts.append({"judge": name, **place, **verdict})
    return verdicts


def judging_messages(config: DpoConfig, row: Row, answers: dict[str, str]) -> Messages:
    values = {"history": [], **row, **answers, "criteria": word_criteria(config.criteria)}
    return [{"role": "user", "content": fill(config.prompt_judge, values)}]


if __name__ == "__main__":
    run(main)

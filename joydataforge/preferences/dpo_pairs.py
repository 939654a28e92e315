"""The last part of DPO: candidates and verdicts made into pairs, and these into training files."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from joydataforge.methods.templates import fill
from joydataforge.preferences.dpo_settings import DpoConfig
from joydataforge.preferences.judging import OrderCount, points_scores, preferences, win_shares
from joydataforge.preferences.preference import (
    LAYOUTS,
    NoPair,
    Pair,
    PairFigures,
    PreferenceTexts,
    choose_pairs,
    distinct,
    history_turns,
    ranking_info,
    same_as,
)
from joydataforge.preferences.reward_model import Answered, RewardModel
from utils.cli import log
from utils.finetune.trainer_files import TrainerFile
from utils.jsonl import Row
from utils.processes import batched
from utils.row_files import read_records
from utils.stage_output import StageOutput, sibling

# Rows whose answers a reward model is asked for together.
ROWS_AT_ONCE = 256


def write_pairs(config: DpoConfig) -> None:
    """Make the pairs of all candidates, and their entries for LLaMA-Factory."""
    first = config.layouts[0]
    files = {
        layout: TrainerFile(config.path_of(layout), ranking_info(layout))
        for layout in config.layouts
    }
    figures, orders = PairFigures(), OrderCount()
    with ExitStack() as stack:
        reward = _open_reward(config, stack)
        output = stack.enter_context(
            StageOutput(config.pairs_file, [config.output_file], stage="pairs")
        )
        for file in files.values():
            file.open(output)
        for row in scored_rows(config, reward):
            try:
                pairs = pairs_of(config, row)
                written = [preference_rows(config, row, pair) for pair in pairs]
            except NoPair as error:
                output.reject(row, str(error))
                continue
            finally:
                if config.judge == "llm" and config.judging == "pairwise":
                    orders.add(row["verdicts"])
            for pair, layouts in zip(pairs, written, strict=True):
                output.keep(layouts.pop(first), files[first].write)
                for layout, laid_out in layouts.items():
                    files[layout].write(laid_out)
                figures.add(pair, row["candidates"])
        output.summary |= {"preferences": figures.as_data() | _judging_figures(config, orders)}
    for file in files.values():
        file.enter()
    if output.kept:
        named = "', '".join(file.path.stem for file in files.values() if file.rows)
        log.info("preference data '%s' in %s", named, files[first].dataset_info)
        figures.warn_of_length()


def _open_reward(config: DpoConfig, stack: ExitStack) -> RewardModel | None:
    if config.judge == "llm":
        return None
    path = sibling(config.pairs_file, ".scores.jsonl")
    return stack.enter_context(RewardModel(config.reward, path, config.max_works))


def _judging_figures(config: DpoConfig, orders: OrderCount) -> Row:
    if config.judge == "reward_model":
        return {"judge": config.reward.url.partition("?")[0]}
    figures: Row = {"judge": ", ".join(config.judges()), "judging": config.judging}
    return figures | ({"orders": orders.figures()} if config.judging == "pairwise" else {})


def scored_rows(config: DpoConfig, reward: RewardModel | None) -> Iterator[Row]:
    """Yield the rows of the candidates' file; each candidate has a `score`, or null for none."""
    for rows in batched(read_records(config.output_file, ["candidates"]), ROWS_AT_ONCE):
        found = iter(_reward_scores(reward, rows) if reward else [])
        for row in rows:
            scores = next(found) if reward else judged_scores(config, row)
            first = same_as([candidate["text"] for candidate in row["candidates"]])
            candidates = [
                {**candidate, "score": scores.get(number)}
                for candidate, number in zip(row["candidates"], first, strict=True)
            ]
            yield {**row, "candidates": candidates}


def _reward_scores(reward: RewardModel, rows: Iterable[Row]) -> Iterator[dict[int, float | None]]:
    """Score the different answers of rows together."""
    rows = list(rows)
    numbers = [distinct([c["text"] for c in row["candidates"]]) for row in rows]
    asked = [
        Answered(row, row["candidates"][number]["text"])
        for row, own in zip(rows, numbers, strict=True)
        for number in own
    ]
    scores = iter(reward.score(asked))
    for own in numbers:
        yield {number: next(scores) for number in own}


def judged_scores(config: DpoConfig, row: Row) -> dict[int, float | None]:
    if config.judging == "pointwise":
        return {**points_scores(row["verdicts"], config.criteria)}
    return {**win_shares(preferences(row["verdicts"], config.criteria))}


def pairs_of(config: DpoConfig, row: Row) -> list[Pair]:
    """Choose a row's pairs; raises NoPair."""
    texts = [candidate["text"] for candidate in row["candidates"]]
    scores = {n: row["candidates"][n]["score"] for n in distinct(texts)}
    if len(scores) > 1 and None in scores.values():
        raise NoPair("not_scored")
    is_compared = config.judge == "llm" and config.judging == "pairwise"
    preferred = preferences(row["verdicts"], config.criteria) if is_compared else None
    return choose_pairs(texts, scores, config.min_margin, config.max_pairs, preferred)


def preference_rows(config: DpoConfig, row: Row, pair: Pair) -> dict[str, Row]:
    """Lay a pair out in all layouts that can hold it; raises NoPair if the first one can't.

    What it was made of stands beside it, in every row alike.
    """
    chosen, rejected = row["candidates"][pair.chosen], row["candidates"][pair.rejected]
    texts = PreferenceTexts(
        config.system,
        history_turns(row.get("history")),
        fill(config.prompt_in_pairs, row, none="").strip(),
        chosen["text"],
        rejected["text"],
    )
    origin = {
        "prompt_id": row["prompt_id"],
        "chosen_model": chosen["model"],
        "rejected_model": rejected["model"],
        "chosen_score": round(float(chosen["score"]), 6),
        "rejected_score": round(float(rejected["score"]), 6),
        "margin": round(float(pair.margin), 6),
    }
    made: dict[str, Row] = {}
    for layout in config.layouts:
        try:
            made[layout] = LAYOUTS[layout](texts) | origin
        except NoPair:
            if layout == config.layouts[0]:
                raise
    return made

"""Runs a method over its rows: on the shared engine, with the cache of answered queries."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from joydataforge.methods.asked_queries import AskedQueries
from joydataforge.methods.query_cache import QueryCache, check_cache_path
from joydataforge.methods.rows import full_query, input_paths
from joydataforge.methods.settings import MethodConfig
from utils.errors import PipelineError
from utils.generation.batch import Converse
from utils.generation.conversation import Conversation, Job
from utils.generation.jobs import Figures, Finish, engine_free, generate_samples
from utils.generation.model_map import load_models
from utils.generation.settings import RunSettings
from utils.jsonl import Row, RowIndex
from utils.records import text_id
from utils.stage_output import sibling, written_files

Plan = Callable[[], Iterator[Row]]
# Fields of a finished row that are no part of its answer.
_NO_ANSWER = ("prompt_id", "model", "from_where", "from_cache")


def run_method(
    config: MethodConfig,
    settings: RunSettings,
    plan: Plan,
    converse: Converse,
    query: Callable[[Row], str] | None = None,
    finish: Finish = iter,
    figures: Figures = dict,
) -> int:
    """Make all samples; returns the exit code.

    `converse` returns the row with what the method adds. A query that the cache answers, or an
    earlier row of the run, is not asked for, and its row says so in `from_cache`. `query(row)` is
    what a row is known by: without it, its history, its input and all else that the prompts show of
    it. `finish` sees all rows in the order of the plan before they are written; it may reject some,
    or make several of one. `figures` gives what the summary gets besides, once they are written.
    """
    query = query or full_query(config)
    _check_files(config, settings)
    cache = QueryCache(cache_task(config), _cache_paths(config))
    origin = {"from_where": config.from_where} if config.from_where else {}

    def answers(made: Iterable[tuple[Row, Row]]) -> Iterator[tuple[Row, Row]]:
        return ((before, added_fields(before, after, config)) for before, after in made)

    def earlier(ids: set[str]) -> dict[str, Row]:
        found = answers(_answered(plan, settings.output_file))
        return {row["prompt_id"]: answer for row, answer in found if row["prompt_id"] in ids}

    asked = AskedQueries(earlier)

    def noted_plan() -> Iterator[Row]:
        for row in plan():
            if "reject_reason" not in row:
                asked.note(query(row), row["prompt_id"])
            yield row

    async def ask_unless_known(job: Job, conversation: Conversation) -> Row:
        row, row_id, worded = job.row, job.key.prompt_id, query(job.row)
        known = cache.find(worded) or await asked.find(worded, row_id, conversation)
        if known is not None:
            return {**row, **known, "from_cache": True} | origin
        answer = None
        asked.begin(row_id)
        try:
            made = await converse(job, conversation)
            if "reject_reason" not in made:
                answer = added_fields(row, made, config)
        finally:
            asked.end(row_id, answer)
        return made | origin

    from_cache: Counter[bool] = Counter()

    def counted(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            from_cache[bool(row.get("from_cache"))] += 1
            yield row

    exit_code = generate_samples(
        input_paths(config),
        noted_plan,
        config.output_file,
        settings,
        ask_unless_known,
        lambda rows: finish(counted(rows)),
        lambda: {"from_cache": from_cache[True]} | figures(),
    )
    if config.is_save_caches:
        for row, answer in answers(_answered(plan, settings.output_file)):
            cache.add(query(row), answer)
        cache.save(config.save_cache_path)
    return exit_code


def _check_files(config: MethodConfig, settings: RunSettings) -> None:
    """Refuse a place of the cache that can't be had, before anything is paid for."""
    if not config.is_save_caches:
        return
    check_cache_path(config.save_cache_path)
    taken = [*written_files(config.output_file), *written_files(settings.output_file)]
    taken += [*input_paths(config), Path(config.model_map), Path(settings.recovery_file)]
    taken.append(sibling(settings.output_file, ".failed.jsonl"))
    if Path(config.save_cache_path).resolve() in [path.resolve() for path in taken]:
        raise PipelineError(
            f"save_cache_path {config.save_cache_path}: the run reads or writes it for something "
            "else; name another file"
        )


def _cache_paths(config: MethodConfig) -> list[str]:
    """List the caches to read; one that this run is to write first may still be missing."""
    own = Path(config.save_cache_path).resolve() if config.is_save_caches else None
    return [
        path
        for path in config.data_cache_path
        if Path(path).resolve() != own or Path(path).exists()
    ]


def cache_task(config: MethodConfig) -> str:
    """Hash what shapes the answers, the models behind the names included.

    Their servers are not: one that has moved is still the same model. So a name must mean one.
    """
    models = load_models(config.model_map, config.model_names())
    known_as = [(name, model.model, model.extra_body) for name, model in models.items()]
    return text_id(config.task_id(), repr(known_as))


def _answered(plan: Plan, answers: str) -> Iterator[tuple[Row, Row]]:
    """Pair the planned rows with what they became, also in runs before this one.

    What was rejected, or was answered by another row or the cache, is left out.
    """
    if not Path(answers).exists() or not Path(answers).stat().st_size:
        return
    with RowIndex(answers) as index:
        places = {
            row["prompt_id"]: number
            for number, row in index.scan()
            if "reject_reason" not in row and not row.get("from_cache")
        }
        for row in plan():
            if row["prompt_id"] in places:
                yield row, engine_free(index.read(places[row["prompt_id"]]))


def added_fields(before: Row, after: Row, config: MethodConfig) -> Row:
    """Pick the fields that a method writes, and others that it added or changed."""
    written = config.written_fields()
    return {
        name: value
        for name, value in after.items()
        if name not in _NO_ANSWER and (name in written or before.get(name, ...) != value)
    }

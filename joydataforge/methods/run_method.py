"""Runs a method over its rows: on the shared engine, with the cache of answered queries."""

from collections.abc import Callable, Iterator
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
from utils.stage_output import Stage, sibling, written_files

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
    *,
    stage: Stage = "answers",
) -> int:
    """Make all samples; returns the exit code.

    `converse` returns the row with what the method adds. A query that the cache answers, or an
    earlier row of the run, is not asked for, and its row says so in `from_cache`. `query(row)` is
    what a row is known by: without it, its history, its input and all else that the prompts show of
    it. `finish` sees all rows in the order of the plan before they are written; it may reject some,
    or make several of one. `figures` gives what the summary gets besides, once they are written.
    """
    _check_files(config, settings)
    run = MethodRun(config, settings.output_file, plan, converse, query or full_query(config))
    exit_code = generate_samples(
        input_paths(config),
        run.plan,
        config.output_file,
        settings,
        run.answer,
        lambda rows: finish(run.rows(rows)),
        lambda: {"from_cache": run.from_cache} | figures(),
        stage=stage,
    )
    if config.is_save_caches:
        run.save()
    return exit_code


class MethodRun:
    """The rows of one run, from the plan to the cache of their answers."""

    def __init__(
        self,
        config: MethodConfig,
        answers_file: str,
        plan: Plan,
        converse: Converse,
        query: Callable[[Row], str],
    ) -> None:
        self._config = config
        self._answers_file = answers_file
        self._plan = plan
        self._converse = converse
        self._query = query
        self._cache = QueryCache(cache_task(config), _cache_paths(config))
        self._asked = AskedQueries(self._answered_before)
        self._origin = {"from_where": config.from_where} if config.from_where else {}
        self.from_cache = 0

    def plan(self) -> Iterator[Row]:
        """Yield the planned rows; the first of those with one query is to ask for all of them."""
        for row in self._plan():
            if "reject_reason" not in row:
                self._asked.note(self._query(row), row["prompt_id"])
            yield row

    async def answer(self, job: Job, conversation: Conversation) -> Row:
        """Make a row whole: from the cache, from another row's answer, or by asking."""
        row_id, query = job.key.prompt_id, self._query(job.row)
        known = self._cache.find(query) or await self._asked.find(query, row_id, conversation)
        if known is not None:
            return {**job.row, **known, "from_cache": True} | self._origin
        answer = None
        self._asked.begin(row_id)
        try:
            made = await self._converse(job, conversation)
            if "reject_reason" not in made:
                answer = added_fields(job.row, made, self._config)
        finally:
            self._asked.end(row_id, answer)
        return made | self._origin

    def rows(self, made: Iterator[Row]) -> Iterator[Row]:
        """Pass the finished rows on, and count those that were not asked for."""
        for row in made:
            self.from_cache += bool(row.get("from_cache"))
            yield row

    def save(self) -> None:
        """Add what was answered, in this run or before it, to the cache on disk."""
        for row, answer in self._answers():
            self._cache.add(self._query(row), answer)
        self._cache.save(self._config.save_cache_path)

    def _answers(self) -> Iterator[tuple[Row, Row]]:
        """Pair each answered row of the plan with what the method added to it."""
        for before, after in _answered(self._plan, self._answers_file):
            yield before, added_fields(before, after, self._config)

    def _answered_before(self, ids: set[str]) -> dict[str, Row]:
        return {
            row["prompt_id"]: added for row, added in self._answers() if row["prompt_id"] in ids
        }


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

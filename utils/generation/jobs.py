"""What a run asks for: the prompts of a file, or the samples that a script has planned.

A file of prompts is checked whole before the first request, then read row by row. Of a script that
plans samples, `generate_samples` is the whole run: the answers go to an append log beside the
output, so that nothing is paid twice; the output is written from it in one step, in the order of
the plan, when all are there.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from utils.cli import log
from utils.errors import BadReply, PipelineError
from utils.generation.batch import Converse
from utils.generation.conversation import Conversation, Job, Messages, SampleRejected
from utils.generation.recovery import SampleKey, is_plain_id
from utils.generation.run import run_jobs
from utils.generation.run_report import RunEnd
from utils.generation.settings import RunSettings
from utils.jsonl import Row, RowIndex, dump_row
from utils.providers.openai_form import guess_prompt_tokens
from utils.records import round_texts, text_id, with_prompt_ids
from utils.stage_output import Stage, StageOutput, written_files

Finish = Callable[[Iterator[Row]], Iterator[Row]]
# What a script adds to the summary; asked for when all rows have gone through its `Finish`.
Figures = Callable[[], Row]

# What the engine puts before a sample in the log and the output doesn't need.
_BOOKKEEPING = ("sample_index", "prompt_hash", "finish_reason", "usage")
_FAILURE_MARKS = ("sample_index", "passing", "rejected")
# Where the log keeps a sample's own fields of those names.
_OWN_FIELDS = "own_fields"


class PromptFile:
    """The first `max_samples` prompts of a JSONL file; holds their ids and hashes, not their texts.

    Raises PipelineError on a bad line, a prompt without text, or two prompts of one id.
    """

    def __init__(self, path: str | Path, max_samples: int | None = None) -> None:
        self.path = Path(path)
        self.inputs = [self.path]
        self.hashes: dict[str, str] = {}
        self._index = RowIndex(path, required=["user"])
        rows = (row for _, row in self._index.scan())
        for number, row in enumerate(with_prompt_ids(rows), 1):
            self._add(number, row)
        self.ids = list(self.hashes)[:max_samples]

    def _add(self, number: int, row: Row) -> None:
        problem = prompt_problem(row)
        if problem:
            raise PipelineError(f"{self.path}, row {number}: {problem}")
        if row["prompt_id"] in self.hashes:
            raise PipelineError(
                f"{self.path}, row {number}: field 'prompt_id': {row['prompt_id']!r} stands twice; "
                "give each prompt an id of its own"
            )
        texts = round_texts(row)
        self.hashes[row["prompt_id"]] = text_id(row.get("system") or "", *texts)

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, number: int) -> Row:
        return {**self._index.read(number), "prompt_id": self.ids[number]}

    def keys(self, completions: int) -> Iterator[SampleKey]:
        """Yield the keys of all samples, prompt by prompt."""
        for prompt_id in self.ids:
            for sample_index in range(1, completions + 1):
                yield SampleKey(prompt_id, sample_index)

    def jobs(self, completions: int, skip: set[SampleKey]) -> Iterator[Job]:
        """Yield a job for every sample that is not to be skipped, in order."""
        for number, prompt_id in enumerate(self.ids):
            keys = [SampleKey(prompt_id, index) for index in range(1, completions + 1)]
            wanted = [key for key in keys if key not in skip]
            if wanted:
                row = self.row(number)
                for key in wanted:
                    yield Job(key, self.hashes[prompt_id], row)


def prompt_problem(row: Row) -> str | None:
    """Say what is wrong with a prompt's fields, naming the field, or None."""
    prompt_id, system, user = row["prompt_id"], row.get("system"), row["user"]
    if not is_plain_id(prompt_id):
        return "field 'prompt_id' must be a plain text without quotes; mend it or leave it out"
    if not prompt_id:
        return "field 'prompt_id' is empty; fill it in or leave it out"
    if system is not None and not isinstance(system, str):
        return "field 'system' must be a text"
    rounds = [user] if isinstance(user, str) else user
    if not isinstance(rounds, list) or not rounds:
        return "field 'user' must be a text or a list of texts, one a round"
    if not all(isinstance(text, str) and text.strip() for text in rounds):
        return "field 'user' has an empty round; remove the row"
    return None


def opening_messages(row: Row) -> Messages:
    """Build the messages of a prompt up to its first user turn."""
    system = row.get("system")
    opening = [{"role": "system", "content": system}] if system else []
    return [*opening, {"role": "user", "content": round_texts(row)[0]}]


def estimate_run(prompts: PromptFile, completions: int, reply_tokens: int) -> tuple[int, int, int]:
    """Estimate (requests, prompt tokens, completion tokens) of a whole run.

    Each round sends the conversation so far again, with replies of `reply_tokens`.
    """
    requests = prompt_tokens = 0
    for number in range(len(prompts)):
        row = prompts.row(number)
        history = guess_prompt_tokens(opening_messages(row))
        rounds = round_texts(row)
        for text in [*rounds[1:], ""]:
            prompt_tokens += history
            history += reply_tokens + guess_prompt_tokens([{"content": text}])
        requests += len(rounds)
    return (
        requests * completions,
        prompt_tokens * completions,
        requests * completions * reply_tokens,
    )


class SamplePlan:
    """The samples a script has planned: what they are is computed anew at every pass.

    Rows that the plan rejects are not asked for.
    """

    def __init__(self, inputs: Sequence[Path], plan: Callable[[], Iterator[Row]]) -> None:
        self.inputs = inputs
        self.rows = plan
        self.hashes: dict[str, str] = {}
        for row in self._accepted():
            prompt_id = row["prompt_id"]
            if not is_plain_id(prompt_id) or not prompt_id:
                raise PipelineError(
                    f"{inputs[0]}: 'prompt_id' {prompt_id!r} must be a plain text without quotes; "
                    "mend it or leave it out"
                )
            if prompt_id in self.hashes:
                raise PipelineError(
                    f"{inputs[0]}: 'prompt_id' {prompt_id!r} stands twice; "
                    "give each row an id of its own"
                )
            self.hashes[prompt_id] = _hash(row)

    def keys(self, completions: int) -> Iterator[SampleKey]:
        for prompt_id in self.hashes:
            yield SampleKey(prompt_id, 1)

    def jobs(self, completions: int, skip: set[SampleKey]) -> Iterator[Job]:
        for row in self._accepted():
            key = SampleKey(row["prompt_id"], 1)
            if self.hashes.get(row["prompt_id"]) != _hash(row):
                raise self.changed()
            if key not in skip:
                yield Job(key, self.hashes[row["prompt_id"]], row)

    def changed(self) -> PipelineError:
        """Name the error that the plan is no longer what it was at first."""
        source = self.inputs[0] if self.inputs else "the plan"
        return PipelineError(f"{source}: changed while it was read; run the script again")

    def _accepted(self) -> Iterator[Row]:
        return (row for row in self.rows() if "reject_reason" not in row)


def _hash(row: Row) -> str:
    return text_id(dump_row(row).decode())


def generate_samples(
    inputs: Iterable[str | Path],
    plan: Callable[[], Iterator[Row]],
    output_path: str | Path,
    settings: RunSettings,
    converse: Converse,
    finish: Finish = iter,
    figures: Figures = dict,
    *,
    stage: Stage,
) -> int:
    """Make the planned samples; returns the exit code.

    `plan()` yields rows with a `prompt_id` of their own, the same at every call; those with a
    `reject_reason` are put aside. `converse` returns a sample's fields, or a row with a
    `reject_reason`; a BadReply that it lets through rejects the planned row. `finish` sees all
    rows in the order of the plan before they are written, and may reject further ones or make
    several of one; then `figures` says what the summary gets besides
    the name of the `stage`.
    """
    paths = [Path(path) for path in inputs]
    _check_paths(paths, output_path, settings)
    planned = SamplePlan(paths, plan)

    async def see_through(job: Job, conversation: Conversation) -> Row:
        try:
            made = await converse(job, conversation)
        except BadReply as error:
            made = {**job.row, "reject_reason": error.reason}
        if "reject_reason" in made:
            made = {"prompt_id": job.key.prompt_id, "model": conversation.head()["model"], **made}
            raise SampleRejected(made)
        return _logged(conversation.head(), made)

    end = run_jobs(planned, settings, see_through)
    end.say_why_it_stopped()
    if end.stopped:
        log.info("answered %s of %s; %s", f"{end.kept:,}", f"{end.wanted:,}", end.spent())
    else:
        output = StageOutput(output_path, planned.inputs, stage=stage)
        _write(output, planned, settings.output_file, end, finish, figures)
        log.info("%s", end.spent())
    end.say_how_to_go_on()
    return end.exit_code


def _check_paths(inputs: list[Path], output_path: str | Path, settings: RunSettings) -> None:
    """Refuse what would go wrong when the output is written, before anything is asked."""
    StageOutput(output_path, [*inputs, settings.model_map])
    taken = [path.resolve() for path in written_files(output_path)]
    for file in (settings.recovery_file, settings.output_file):
        if Path(file).resolve() in taken:
            raise PipelineError(
                f"--recovery_file {file}: is what the output is written to; name a file of its own"
            )
    for source in inputs:
        if source.exists() and not source.is_file() and not source.is_dir():
            raise PipelineError(
                f"{source}: is a pipe or a device, and this script reads its input several times; "
                "write it to a file first"
            )


def _write(
    output: StageOutput,
    planned: SamplePlan,
    answers: str,
    end: RunEnd,
    finish: Finish,
    figures: Figures,
) -> None:
    """Write the samples in the order of the plan; the log may hold others, and in any order."""
    with output, RowIndex(answers) as index:
        for row in finish(_outcomes(planned, index, end)):
            if "reject_reason" in row:
                output.reject(without_reason(row), row["reject_reason"])
            else:
                output.keep(row)
        output.summary |= end.figures() | figures()


def _outcomes(planned: SamplePlan, index: RowIndex, end: RunEnd) -> Iterator[Row]:
    """Yield what became of each planned row; those that failed have a `reject_reason`."""
    failed = {row["prompt_id"]: row for row in end.failures}
    places = {row["prompt_id"]: n for n, row in index.scan()} if end.kept else {}
    for row in planned.rows():
        if "reject_reason" in row:
            yield row
        elif row["prompt_id"] in places:
            yield engine_free(index.read(places[row["prompt_id"]]))
        elif row["prompt_id"] in failed:
            yield _rejected(row, failed[row["prompt_id"]])
        else:
            raise planned.changed()


def _rejected(planned: Row, failed: Row) -> Row:
    """Give a rejected row as far as it got, and a failed one as it was planned."""
    if failed.get("rejected"):
        return {field: value for field, value in failed.items() if field not in _FAILURE_MARKS}
    return {**planned, "reject_reason": failed["reject_reason"]}


def _logged(head: Row, made: Row) -> Row:
    """Put the engine's fields before a sample's; the sample's `usage` and the like are kept too."""
    own = {field: made[field] for field in _BOOKKEEPING if field in made}
    others = {field: value for field, value in made.items() if field not in head}
    return {**head, **others, **({_OWN_FIELDS: own} if own else {})}


def engine_free(answered: Row) -> Row:
    """Take what the engine put before a sample out of a row of its log."""
    row = {field: value for field, value in answered.items() if field not in _BOOKKEEPING}
    return row | row.pop(_OWN_FIELDS, {})


def without_reason(row: Row) -> Row:
    return {field: value for field, value in row.items() if field != "reject_reason"}

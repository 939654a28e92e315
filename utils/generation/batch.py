"""Holds many conversations at once: as many as there are slots for, with an orderly stop.

A caller gives jobs and a coroutine `converse(job, conversation)` that asks its questions in turn
through `conversation.ask(messages)` and returns the finished row. Every reply is journaled as it
arrives; after a crash `ask` gives back what was answered before without sending it again.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from utils.cli import EXIT_USER_ERROR
from utils.generation.conversation import Conversation, Job, SampleFailed, SampleRejected
from utils.generation.run_report import Progress
from utils.generation.run_state import RunState
from utils.generation.servers import BudgetSpent
from utils.generation.traffic import GRACE_SECONDS, Stopped
from utils.jsonl import Row
from utils.providers.replies import RunRefused

# Conversations that wait for a retry hold no slot; this many for each slot may be alive.
ALIVE_PER_SLOT = 4
SYNC_SECONDS = 5.0
GARBAGE_BEFORE_COLLECTION = 100_000  # objects

Converse = Callable[[Job, Conversation], Awaitable[Row]]


class Batch:
    """The loop of one run over its shared state."""

    def __init__(self, run: RunState, converse: Converse, progress: Progress) -> None:
        self._run = run
        self._converse = converse
        self._progress = progress
        self._failures_in_a_row = 0
        self._bug: BaseException | None = None
        self._alive: dict[asyncio.Task[None], Conversation | None] = {}
        self._freed = asyncio.Event()

    async def run(self, jobs: Iterable[Job]) -> None:
        """Hold a conversation for each job, and return when all have ended.

        When something asks to stop, none is begun any more, and what is in flight comes in.
        """
        with _rare_collections():
            async with self._attended():
                try:
                    async with self._until_stop():
                        await self._hold_all(iter(jobs))
                finally:
                    await self._wind_down()
                    await self._run.until_room()
        if self._bug is not None:
            raise self._bug

    async def _hold_all(self, left: Iterator[Job]) -> None:
        limiter = self._run.limiter
        while True:
            await limiter.acquire()
            if (job := next(left, None)) is None:
                limiter.release()
                break
            task = asyncio.create_task(self._hold_in_turn(job, left))
            self._alive[task] = None
            task.add_done_callback(self._bury)
            while len(self._alive) >= ALIVE_PER_SLOT * self._run.settings.concurrency:
                await self._until_freed()
        while self._alive:
            await self._until_freed()

    @asynccontextmanager
    async def _attended(self) -> AsyncIterator[None]:
        """Heed signals, show progress and sync to disk while the block lasts; then let all go."""
        beside = [
            asyncio.create_task(self._sync_now_and_then()),
            asyncio.create_task(self._progress.show()),
        ]
        with self._run.heeded_signals():
            try:
                yield
            finally:
                for task in (*beside, *self._alive):
                    task.cancel()
                await asyncio.gather(*beside, *self._alive, return_exceptions=True)
                for channel in self._run.channels.values():
                    await channel.endpoints.close()

    @asynccontextmanager
    async def _until_stop(self) -> AsyncIterator[None]:
        """Leave the block, wherever it waits, when something asks to stop."""
        block = asyncio.timeout(None)

        async def end_block() -> None:
            await self._run.stop.event.wait()
            block.reschedule(0)

        watching = asyncio.create_task(end_block())
        try:
            async with block:
                yield
        except TimeoutError:
            if not block.expired():
                raise  # the disk's, that the prompts are on
        finally:
            watching.cancel()

    async def _until_freed(self) -> None:
        self._freed.clear()
        await self._freed.wait()

    def _bury(self, task: asyncio.Task[None]) -> None:
        del self._alive[task]
        self._freed.set()
        if not task.cancelled() and (error := task.exception()):
            self._bug = error  # ours, not the server's: save what is in flight, then show it
            self._run.stop.request(f"a fault in the program: {error!r}", 1)

    async def _wind_down(self) -> None:
        """Let what is in flight come in, for a while; end everything that merely waits."""
        if _was_interrupted_again():
            return
        for task, conversation in list(self._alive.items()):
            if conversation is None or not conversation.sender.is_sending:
                task.cancel()
        if self._alive:
            await asyncio.wait(set(self._alive), timeout=GRACE_SECONDS)

    async def _hold_in_turn(self, job: Job, left: Iterator[Job]) -> None:
        """Hold one conversation after the other in the same slot, while it may be kept.

        The next request follows a reply at once: were all that came together handled step by step,
        they would go on to come together, and the server would wait for the last of them.
        """
        task = asyncio.current_task()
        assert task is not None
        following: Job | None = job
        while following is not None:
            conversation = self._alive[task] = Conversation(self._run, following)
            try:
                await self._hold(following, conversation)
                if self._run.stop.event.is_set() or not conversation.sender.may_keep_slot():
                    return
                following = next(left, None)
                if following is not None:
                    conversation.sender.pass_slot_on()
            finally:
                conversation.sender.release_slot()
            if not conversation.sender.has_sent:
                await asyncio.sleep(0)

    async def _hold(self, job: Job, conversation: Conversation) -> None:
        """Hold one conversation to its end and put the outcome where it belongs."""
        try:
            row = await self._converse(job, conversation)
            self._run.journal.add_finished(job.key, row)
            self._run.statistics.finished += 1
            self._failures_in_a_row = 0
            self._run.note_write()
        except SampleRejected as rejection:
            self._note_rejection(job, rejection)
        except SampleFailed as failure:
            self._note_failure(job, failure)
        except RunRefused as error:
            self._run.stop.request(str(error), EXIT_USER_ERROR)
        except BudgetSpent:
            self._run.stop.request(
                f"the next request could pass --max_cost {self._run.settings.max_cost:g} "
                f"(spent {self._run.budget.spent:.4f}); raise it to go on",
                1,
                limit="--max_cost",
            )
        except Stopped:
            pass
        except OSError as error:
            self._stop_for_disk(error)

    def _note_rejection(self, job: Job, rejection: SampleRejected) -> None:
        """Keep what a sample became; its answers stay with it, should it be gone on with."""
        self._run.statistics.finished += 1
        self._failures_in_a_row = 0
        marks = {**job.key._asdict(), "passing": False, "rejected": True}
        self._run.journal.add_failed(job.key, {**rejection.row, **marks})
        self._run.note_write()

    def _note_failure(self, job: Job, failure: SampleFailed) -> None:
        self._run.statistics.failed += 1
        self._failures_in_a_row += 1
        self._run.journal.add_failed(
            job.key,
            {
                **job.row,
                **job.key._asdict(),
                "reject_reason": failure.cause,
                "error": str(failure),
                "passing": failure.passing,
            },
        )
        self._run.note_write()
        limit = self._run.settings.max_consecutive_failures
        if self._failures_in_a_row > limit:
            self._run.stop.request(f"more than {limit} failures in a row, the last: {failure}", 1)

    def _stop_for_disk(self, error: OSError) -> None:
        self._run.stop.request(
            f"{error.filename or 'disk'}: {error.strerror or error}; free some space, then go on",
            EXIT_USER_ERROR,
        )

    async def _sync_now_and_then(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SYNC_SECONDS):
                    await self._run.work_to_sync.wait()
            except TimeoutError:
                pass
            self._run.work_to_sync.clear()
            try:
                await asyncio.to_thread(self._run.journal.sync)
            except OSError as error:
                self._stop_for_disk(error)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for unreachable objects seldom, and not among those that stand before the block.

    A run allocates much, little of it in cycles: looking took a tenth of the time, in long pauses.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(GARBAGE_BEFORE_COLLECTION, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _was_interrupted_again() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

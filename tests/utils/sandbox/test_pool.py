"""Many programs at once: in order, a few ahead, and gone when nobody asks for more."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from utils.errors import PipelineError
from utils.sandbox.choose import Kind, Sandbox, open_sandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.pool import SandboxJob, run_many
from utils.sandbox.result import RunResult


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    try:
        return open_sandbox("auto", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))


def job(key: int, code: str) -> SandboxJob:
    return SandboxJob(key, {"main.py": code}, ["{python}", "main.py"])


def test_results_come_in_the_order_of_the_jobs(sandbox: Sandbox) -> None:
    slow_first = [
        job(n, f"import time; time.sleep({0.2 if n == 0 else 0}); print({n})") for n in range(6)
    ]
    found = [(one.key, result.stdout) for one, result in run_many(sandbox, slow_first, 3)]
    assert found == [(n, f"{n}\n") for n in range(6)]


@pytest.mark.parametrize("kind", ["bubblewrap", "sandlock"])
def test_of_many_programs_at_once_each_is_started(kind: Kind) -> None:
    try:
        backend = open_sandbox(kind, None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    done = run_many(backend, [job(n, "") for n in range(100)], 8)
    assert {result.status for _, result in done} == {"finished"}


class Refusing:
    """Refuses each program so often, then runs it."""

    name = "refusing"

    def __init__(self, sandbox: Sandbox, times: int) -> None:
        self.environment, self.limits = sandbox.environment, sandbox.limits
        self.stopped = sandbox.stopped
        self._sandbox, self._left = sandbox, times

    def run(self, files: Mapping[str, str], command: Sequence[str]) -> RunResult:
        self._left -= 1
        if self._left >= 0:
            return RunResult("refused", None, "", "busy", 0.0, None)
        return self._sandbox.run(files, command)


@pytest.mark.parametrize(("times", "status"), [(2, "finished"), (3, "refused")])
def test_a_program_that_was_refused_is_tried_again(
    sandbox: Sandbox, times: int, status: str
) -> None:
    [(_, result)] = run_many(Refusing(sandbox, times), [job(0, "")], 1)
    assert result.status == status


def test_jobs_are_taken_only_a_few_ahead(sandbox: Sandbox) -> None:
    taken = []

    def jobs() -> Iterator[SandboxJob]:
        for n in range(1000):
            taken.append(n)
            yield job(n, "")

    results = run_many(sandbox, jobs(), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(taken) < 20


def test_programs_end_when_nobody_asks_for_more(sandbox: Sandbox) -> None:
    jobs = [job(0, ""), *(job(n, "import time; time.sleep(19)") for n in range(1, 5))]
    results = run_many(sandbox, jobs, 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    [(_, result)] = run_many(sandbox, [job(9, "print('again')")])
    assert result.stdout == "again\n"

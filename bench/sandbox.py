"""How many trivial programs a second run in the sandbox, and as bare processes, as many at a time.

python -m bench.sandbox [NUMBER [BACKEND]]
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from utils.processes import worker_count
from utils.sandbox.choose import Sandbox, open_sandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.pool import SandboxJob, run_many

CODE = "print('hello')\n"


def bare_rate(number: int) -> float:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(worker_count(0)) as threads:
        file = Path(folder, "main.py")
        file.write_text(CODE)
        start = time.perf_counter()
        command = [sys.executable, "-I", str(file)]
        for done in threads.map(
            lambda _: subprocess.run(command, capture_output=True), range(number)
        ):
            assert done.stdout == b"hello\n"
        return number / (time.perf_counter() - start)


def sandboxed_rate(sandbox: Sandbox, number: int) -> float:
    jobs = (SandboxJob(n, {"main.py": CODE}, ["{python}", "-I", "main.py"]) for n in range(number))
    start = time.perf_counter()
    for _, result in run_many(sandbox, jobs):
        assert result.stdout == "hello\n", result
    return number / (time.perf_counter() - start)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    opened = open_sandbox(sys.argv[2] if len(sys.argv) > 2 else "auto", None, RunLimits())  # type: ignore[arg-type]
    for _ in range(3):
        bare, sandboxed = bare_rate(count), sandboxed_rate(opened, count)
        share = sandboxed / bare
        sys.stdout.write(f"bare {bare:.0f}/s, in {opened.name} {sandboxed:.0f}/s: {share:.2f}\n")

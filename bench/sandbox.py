"""How many trivial programs a second run in the sandbox, and as bare processes, as many at a time.

python -m bench.sandbox [NUMBER]
"""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from utils.processes import worker_count
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.pool import ProgramRun, run_many

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


def sandboxed_rate(number: int) -> float:
    sandbox = open_sandbox("auto", None, RunLimits())
    jobs = (ProgramRun(n, {"main.py": CODE}, ["{python}", "-I", "main.py"]) for n in range(number))
    start = time.perf_counter()
    for _, result in run_many(sandbox, jobs):
        assert result.stdout == "hello\n", result
    return number / (time.perf_counter() - start)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    for _ in range(3):
        bare, sandboxed = bare_rate(count), sandboxed_rate(count)
        share = sandboxed / bare
        sys.stdout.write(f"bare {bare:.0f}/s, in the sandbox {sandboxed:.0f}/s: {share:.2f}\n")

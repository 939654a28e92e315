"""What is known of a program that ran in a sandbox."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["finished", "timed_out", "out_of_memory", "killed", "refused"]


@dataclass(frozen=True)
class RunResult:
    """How a program ended, what it wrote, and what it used.

    `status` is one of:
        finished       it ended by itself; `exit_code` says how (0 is well)
        timed_out      it was ended at its limit of the processors' time or of the clock's
        out_of_memory  it was ended at its limit of memory, or its last words are a MemoryError
        killed         by a signal (`exit_code` is negative), or for too many processes or files
        refused        the sandbox could not start it; `stderr` says why
    `exit_code` is None where none was left: the program was ended at a limit, or never started.
    `stdout` and `stderr` are the first bytes of each, up to the limit, decoded as UTF-8 with
    replacements. `seconds` are the clock's. `peak_memory` is in bytes, of all its processes
    together as often as they were looked at; None for a program that ended before the first look.
    """

    status: Status
    exit_code: int | None
    stdout: str
    stderr: str
    seconds: float
    peak_memory: int | None

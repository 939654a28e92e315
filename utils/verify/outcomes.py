"""How one run of a program ended, as it is kept, and what it lacked where it could not run."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any

from utils.sandbox.result import RunResult

LONGEST_ERROR = 300  # characters
CAUSES = ("package", "input", "display", "network", "files", "endless", "sandbox")
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_LAST_ERROR = re.compile(r"^([A-Za-z_][\w.]*)(?::\s*(.*))?$")
_FRAME = re.compile(r'^  File "([^"]*)", line \d+')
# What the last line of an error or the lines above it say, by what the program lacked.
_SIGNS = {
    "input": re.compile(
        r"EOF when reading a line|^EOFError|termios\.error|Inappropriate ioctl"
        r"|^usage: |the following arguments are required|\bsys\.argv\b",
        re.IGNORECASE | re.MULTILINE,
    ),
    "display": re.compile(
        r"\bTclError\b|no display name|\$DISPLAY"
        r"|connect to (?:display|X server)|No available video device"
        r"|\bqt\.qpa\.|DisplayConnectionError|_curses\.error|could not find terminal",
        re.IGNORECASE,
    ),
    "network": re.compile(
        r"socket\.gaierror|name resolution|Name or service not known|Network is unreachable"
        r"|Connection ?Refused|urlopen error|URLError|Max retries exceeded|ConnectError"
        r"|requests\.exceptions\.ConnectionError|/socket\.py\"",
        re.IGNORECASE,
    ),
    # A call that is denied to all programs, and no fault of this one (utils/sandbox/README.md).
    "sandbox": re.compile(
        r"^PermissionError: \[Errno 1\]|_multiprocessing\.SemLock"
        r"|not allowed to raise maximum limit",
        re.MULTILINE,
    ),
    "files": re.compile(
        r"^(?:FileNotFoundError|NotADirectoryError|IsADirectoryError)\b|Read-only file system"
        r"|^PermissionError|unable to open database file|No such file or directory",
        re.MULTILINE,
    ),
}


@dataclass(frozen=True)
class ProgramEnd:
    """How a run ended.

    `status` is `finished`, `crashed` (`error` says how), `timed_out`, `out_of_memory`, `killed` or
    `refused`. `cause` is what it lacked where it could not run here, '' elsewhere; `missing` the
    module, where that was one. `output` is a hash of what it wrote, not kept itself.
    """

    status: str
    error: str
    output: str
    seconds: float
    cause: str = ""
    missing: str = ""

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def error_name(self) -> str:
        """The class of the exception, without its module."""
        return self.error.partition(":")[0].rpartition(".")[2] if self.status == "crashed" else ""

    def ends_like(self, other: ProgramEnd) -> bool:
        return (self.status, self.error) == (other.status, other.error)


def outcome_of(result: RunResult) -> ProgramEnd:
    """Tell how a program ended from what the sandbox saw of it."""
    status, error = str(result.status), ""
    if status == "finished" and result.exit_code:
        status, error = "crashed", last_error(result.stderr, result.exit_code)
    cause, missing = obstacle(result.stderr, error) if status == "crashed" else ("", "")
    digest = hashlib.sha256(result.stdout.encode("utf-8", "replace")).hexdigest()[:16]
    return ProgramEnd(status, error, digest, round(result.seconds, 2), cause, missing)


def unreadable_program(error: str) -> ProgramEnd:
    """Give the outcome of a program that has no form as a file, and so was never run."""
    return ProgramEnd("crashed", error, "", 0.0)


def last_error(stderr: str, exit_code: int) -> str:
    """Quote the exception a program ended with; else its exit code, and the last line it wrote."""
    lines = [line for line in stderr.rstrip().split("\n") if line.strip()]
    is_traceback = any(line.startswith("Traceback (most recent call last)") for line in lines)
    for line in reversed(lines if is_traceback or "Error" in stderr else []):
        if _LAST_ERROR.match(line) and not line.startswith(("File", "Traceback")):
            return line[:LONGEST_ERROR]
    said = f": {lines[-1].strip()}" if lines else ""
    return f"exit code {exit_code}{said}"[:LONGEST_ERROR]


def obstacle(stderr: str, error: str) -> tuple[str, str]:
    """Say what a crashed program lacked, and the module if it was one; ('', '') if nothing."""
    if found := _MISSING.match(error):
        return "package", found[1].partition(".")[0]
    lines = stderr.rstrip().split("\n")
    # The innermost frame and the error: what stands further up may be of an error that was caught.
    frames = [number for number, line in enumerate(lines) if _FRAME.match(line)]
    inner = "\n".join(lines[frames[-1] :] if frames else lines[-8:])
    looked_at = f"{inner}\n{error}"
    if re.search(r"^\s+raise AssertionError|^AssertionError", looked_at, re.MULTILINE):
        return "", ""
    # A socket's own frame stands above that of what it was opened for.
    if '/socket.py"' in stderr and error.startswith("PermissionError"):
        return "network", ""
    return next((cause for cause, signs in _SIGNS.items() if signs.search(looked_at)), ""), ""

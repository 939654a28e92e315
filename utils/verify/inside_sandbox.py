"""Runs one test against one program, inside a sandbox; what is printed last is how it went.

It needs the standard library alone, and is never imported: it runs as a file beside `program.py`,
`test.py` and `nonce`. The test runs in a child process that has neither this one's output nor the
nonce. It is over when the test function has returned: what is printed, registered for the exit or
left running then changes nothing. Failed asserts are noted before they are raised
(`one_test.noting_asserts`), so that none is swallowed. No code in the child can be kept from
lying on purpose to this file about itself; what models do by habit can't.
"""

import json
import os
import sys
import types

_LONGEST = 300
# Taken now: a test may replace what others call.
_exit, _write, _dumps = os._exit, os.write, json.dumps


def run_test(name: str) -> dict[str, str]:
    """Load the program, then the test file, and call the test; returns how it went."""
    import threading

    failures: list[str] = []

    def failed(message: object = "") -> None:
        failures.append(f"AssertionError: {message}"[:_LONGEST])
        raise AssertionError(message)

    threading.excepthook = lambda seen: failures.append(_said(seen.exc_value))
    program = types.ModuleType("program")
    program.__file__ = "program.py"
    sys.modules["program"] = program
    try:
        _load("program.py", program.__dict__)
    except SystemExit as ended:
        if ended.code:
            return {"outcome": "failed", "error": f"the program ends with {ended.code}"[:_LONGEST]}
    except BaseException as error:  # noqa: BLE001 - whatever a program does
        return {"outcome": "failed", "error": f"{_said(error)}", "in": "import", "trace": _trace()}
    own = {key: one for key, one in program.__dict__.items() if not key.startswith("__")}
    names = {"__name__": "test", "__file__": "test.py", "program": program, **own}
    names["_failed_assert"] = failed
    kept = {key: (one, getattr(one, "__code__", None)) for key, one in own.items() if callable(one)}
    try:
        _load("test.py", names)
        names[name]()
    except BaseException as error:  # noqa: BLE001 - whatever a test does, sys.exit among it
        outcome = "broken" if _is_own_fault(error, program) else "failed"
        return {"outcome": outcome, "error": failures[0] if failures else _said(error)}
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    if failures:
        return {"outcome": "failed", "error": failures[0]}
    for key, (one, code) in kept.items():
        now = [program.__dict__.get(key), names.get(key)]
        if any(each is not one for each in now) or getattr(one, "__code__", None) is not code:
            return {"outcome": "broken", "error": f"the test replaces `{key}` of the program"}
    return {"outcome": "passed", "error": ""}


def _load(path: str, names: dict[str, object]) -> None:
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), names)


def _said(error: "BaseException | None") -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST]


def _trace() -> str:
    import traceback

    return traceback.format_exc()[-2000:]


def _is_own_fault(error: BaseException, program: types.ModuleType) -> bool:
    """Whether a test failed by itself: a name, an import or a syntax error of the test's text."""
    trace, path = error.__traceback__, ""
    while trace:
        path, trace = trace.tb_frame.f_code.co_filename, trace.tb_next
    if isinstance(error, AttributeError):
        return error.obj is program
    if isinstance(error, SyntaxError):
        return error.filename == "test.py"
    if isinstance(error, ImportError):
        return path == "test.py" or "importlib" in path
    return isinstance(error, NameError) and path == "test.py"


def _be_the_child(name: str, report: int, go: int) -> None:
    """Run the test with no output that anybody reads, report, and end without ado."""
    os.read(go, 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    token = os.urandom(8).hex()
    _write(report, token.encode())
    found = run_test(name)
    _write(report, (token + _dumps(found) + "\n").encode())
    _exit(0)


def main() -> None:
    come, report = os.pipe()
    go_by, go = os.pipe()
    child = os.fork()
    if not child:
        os.close(come)
        os.close(go)
        _be_the_child(sys.argv[1], report, go_by)
    os.close(report)
    with open("nonce") as file:
        nonce = file.read()
    os.unlink("nonce")
    os.write(go, b"1")
    said = b""
    # To its line's end: what the test leaves running may hold the pipe open for longer.
    while not said.endswith(b"\n") and (piece := os.read(come, 1 << 16)):
        said += piece
    token, line = said[:16], said[16:]
    if not token:
        found = {"outcome": "broken", "error": "no test could be started here"}
    elif line.startswith(token) and line.endswith(b"\n"):
        found = json.loads(line[16:])
    else:
        found = {"outcome": "failed", "error": "ended before the test had returned"}
    sys.stdout.write(f"\n{nonce} {json.dumps(found)}\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

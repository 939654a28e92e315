"""Runs composed programs in a process of their own: cases as JSON in, results as JSON out.

A case is {"code", "check", "run_tests"}; a result {"output", "error", "check_error", "tests"}.
Checks may use `raised(kind, call)`, which returns the message, and `logged(call)`, which returns
the (level, message) pairs that the program's logger wrote.
"""

import contextlib
import io
import json
import logging
import sys
import traceback
import unittest
from collections.abc import Callable
from typing import Any


def raised(kind: type[Exception], call: Callable[[], Any]) -> str:
    try:
        call()
    except kind as error:
        return str(error.args[0])
    raise AssertionError(f"{kind.__name__} was not raised")


class Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.messages: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append((record.levelname, record.getMessage()))


def logged(call: Callable[[], Any]) -> list[tuple[str, str]]:
    recorder = Recorder()
    logger = logging.getLogger("program")
    logger.handlers[:] = [recorder]
    logger.setLevel(logging.DEBUG)
    call()
    return recorder.messages


def execute(code: str, name: str, after: str = "", **lent: Any) -> tuple[str, str, dict[str, Any]]:
    """Run code as the module `name`, then `after` in it; returns output, error and names."""
    output = io.StringIO()
    names = {"__name__": name, **lent}
    try:
        with contextlib.redirect_stdout(output):
            exec(compile(code, "<program>", "exec"), names)
            exec(compile(after, "<check>", "exec"), names)
    except BaseException as error:  # noqa: BLE001 - whatever a program does is the result
        return output.getvalue(), "".join(traceback.format_exception_only(error)), names
    return output.getvalue(), "", names


def run_all_tests(names: dict[str, Any]) -> int:
    """Run test functions and test cases; returns how many passed, raises when one fails."""
    functions = [value for name, value in names.items() if name.startswith("test_")]
    for function in functions:
        function()
    passed = len(functions)
    for value in list(names.values()):
        if isinstance(value, type) and issubclass(value, unittest.TestCase):
            result = unittest.TestResult()
            unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
            assert result.wasSuccessful(), result.failures or result.errors
            passed += result.testsRun
    return passed


def run_case(case: dict[str, Any]) -> dict[str, Any]:
    logging.getLogger().handlers[:] = [logging.NullHandler()]
    output, error, _ = execute(case["code"], "__main__")
    result: dict[str, Any] = {"output": output, "error": error}
    if case.get("check") is not None:
        _, result["check_error"], _ = execute(
            case["code"], "program", case["check"], raised=raised, logged=logged
        )
    if case.get("run_tests"):
        result["tests"] = run_all_tests(execute(case["code"], "program")[2])
    return result


if __name__ == "__main__":
    json.dump([run_case(case) for case in json.load(sys.stdin)], sys.stdout)

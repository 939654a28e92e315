"""One test made a program that a sandbox can run, and what came of the run."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import NamedTuple

from utils.sandbox.result import RunResult
from utils.verify.outcomes import obstacle
from utils.verify.suites import SuiteTest

_HARNESS = Path(__file__).with_name("inside_sandbox.py").read_text(encoding="utf-8")
_NOTE = "_failed_assert"


class OneEnd(NamedTuple):
    """How a test went against a program: `passed`, `failed`, or `broken` by its own fault."""

    outcome: str
    error: str
    seconds: float


def files_of_test(test: SuiteTest, program: str, nonce: str) -> dict[str, str]:
    """Give the files of a run; the nonce is what its last line must begin with."""
    return {
        "harness.py": _HARNESS,
        "program.py": program,
        "test.py": noting_asserts(test.code),
        "nonce": nonce,
    }


def command_of_test(test: SuiteTest) -> tuple[str, ...]:
    return ("{python}", "-I", "harness.py", test.name)


def noting_asserts(code: str) -> str:
    """Rewrite a test so that a failed assert is noted before it is raised."""
    return ast.unparse(ast.fix_missing_locations(_Noting().visit(ast.parse(code))))


class _Noting(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> ast.AST:  # noqa: N802 - ast's name
        said = node.msg or ast.Constant(ast.unparse(node.test)[:120])
        call = ast.Expr(ast.Call(ast.Name(_NOTE, ast.Load()), [said], []))
        return ast.If(ast.UnaryOp(ast.Not(), node.test), [call], [])


def read_test_run(result: RunResult, nonce: str) -> OneEnd:
    """Read how a test went; what the harness did not vouch for is a failure."""
    seconds = round(result.seconds, 2)
    last = result.stdout.rstrip("\n").rpartition("\n")[2]
    if result.status != "finished" or not last.startswith(nonce + " "):
        return OneEnd("failed", result.status.replace("_", " "), seconds)
    found = json.loads(last.removeprefix(nonce + " "))
    outcome, error = str(found["outcome"]), str(found["error"])
    lacks = obstacle(str(found.get("trace") or ""), error)[0] if outcome == "failed" else ""
    if lacks and (found.get("in") == "import" or lacks == "sandbox"):
        outcome = "broken"  # the program lacks something here, which no test can tell from a fault
    return OneEnd(outcome, error, seconds)

"""Answers the prompts for tests: of a program as it stands, and of an edit to one."""

import ast
import random
import re

from offline_model.conversation import Conversation
from offline_model.judging import defined_names, parsed
from offline_model.misbehaviour import Answer, spoiled_text
from offline_model.recognition import Recognised, recognise
from utils.code.fences import fenced
from utils.records import KEEPING_KINDS

_MOST_NAMES = 4
_HELPERS = {
    "raised": """
def raised(kind, call):
    try:
        call()
    except kind as error:
        return str(error.args[0])
    raise AssertionError(f"{kind.__name__} was not raised")
""",
    "logged": """
import logging
import program


class Recorder(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.messages = []

    def emit(self, record):
        self.messages.append((record.levelname, record.getMessage()))


def logged(call):
    recorder = Recorder()
    logger = logging.getLogger(program.__name__)
    logger.handlers[:] = [recorder]
    logger.setLevel(logging.DEBUG)
    call()
    return recorder.messages
""",
}


def answer_tests(conversation: Conversation, share: float) -> Answer:
    """Write tests of the program in the last block or, where an instruction is shown, of its edit.

    A share of the suites is spoiled, and a share of the others has one test that is no good.
    """
    blocks = conversation.blocks
    if len(blocks) < 3 or not blocks[-2].is_prose:
        return Answer(fenced(answers_tests(blocks[-1].text if blocks else "")))
    before, instruction, signatures = (block.text for block in blocks[-3:])
    rng = random.Random(conversation.own_seed)
    tests = tests_of_edit(before, instruction, signatures)
    if rng.random() < share:
        tests.insert(rng.randint(0, len(tests)), rng.choice([*BAD_TESTS.values()]))
    return spoiled_text(Answer(fenced(_with_helpers(tests))), share, rng)


def answers_tests(program: str) -> str:
    """Write tests that hold of any program: what it defines at its top level is there."""
    tree = parsed(program)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = [node.name for node in tree.body if isinstance(node, kinds)] if tree else []
    return "\n\n".join(_is_there(name) for name in _apart(defined))


def tests_of_edit(before: str, instruction: str, signatures: str) -> list[str]:
    """Write the tests of an edit: what it brings, and what stays."""
    new = [name for name in defined_names(signatures) if name not in defined_names(before)]
    kept = [name for name in defined_names(signatures) if name in defined_names(before)]
    tests = [_is_there(name) for name in _apart([*new[:_MOST_NAMES], *kept[:_MOST_NAMES]])]
    found = recognise(before, instruction, signatures)
    return [*tests_of_catalogue(found), *tests] if found else tests


def tests_of_catalogue(found: Recognised) -> list[str]:
    """Give the catalogue's own tests of a program, and its check of the edit."""
    tests = []
    check = found.edit and found.edit.kind not in KEEPING_KINDS and found.fill(found.edit.check)
    if check:
        body = "\n".join(f"    {line}" for line in check.strip().split("\n"))
        tests.append(f"def test_the_edit():\n{body}\n")
    for test in re.split(r"^(?=def )", found.program.tests.render(()), flags=re.MULTILINE):
        if test.strip() and (text := found.fill(test)):
            tests.append(text.replace("def test_", "def test_still_", 1).strip() + "\n")
    return tests


BAD_TESTS = {
    "broken": "def test_of_a_name_nobody_has():\n    assert no_such_name_anywhere() == 1\n",
    "vacuous": "def test_of_nothing():\n    assert True\n",
    "wrong": "def test_that_is_wrong():\n    import program\n\n"
    "    assert len(vars(program)) == 0\n",
}


def _is_there(name: str) -> str:
    return f"def test_{name.lower()}_can_be_called() -> None:\n    assert callable({name})\n"


def _apart(names: list[str]) -> list[str]:
    """Leave out names that differ from a later one in their capitals alone."""
    return list({name.lower(): name for name in names}.values())


def _with_helpers(tests: list[str]) -> str:
    text = "\n\n".join(tests)
    helpers = [code.strip() for name, code in _HELPERS.items() if f"{name}(" in text]
    return "\n\n\n".join([*helpers, text])

"""Tests that would pass without testing anything, each run against a wrong and a right program."""

from pathlib import Path

import pytest

from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows
from utils.verify.triplet_texts import with_test_ids
from verify_triplets import main

WRONG = "def twice(x):\n    return x + 1\n\n\ndef same(x):\n    return x\n"
RIGHT = WRONG.replace("x + 1", "2 * x")
FAILING = "assert twice(5) == 99"
# What a test does about its failure; none may pass on any side.
GAMES = {
    "leaves by sys.exit": f"import sys\ndef test_it():\n    sys.exit(0)\n    {FAILING}\n",
    "leaves by os._exit": f"import os\ndef test_it():\n    os._exit(0)\n    {FAILING}\n",
    "leaves by exit": f"def test_it():\n    exit()\n    {FAILING}\n",
    "swallows its failure": f"def test_it():\n    try:\n        {FAILING}\n"
    "    except AssertionError:\n        print('passed')\n",
    "swallows all": f"def test_it():\n    try:\n        {FAILING}\n"
    "    except BaseException:\n        pass\n",
    "returns in finally": f"def test_it():\n    try:\n        {FAILING}\n"
    "    finally:\n        return\n",
    "prints that it passed": 'def test_it():\n    print(\'{"outcome": "passed"}\')\n'
    f"    print('passed')\n    {FAILING}\n",
    "ends well at the exit": "import atexit, os\natexit.register(lambda: os._exit(0))\n"
    f"def test_it():\n    atexit.register(os._exit, 0)\n    {FAILING}\n",
    "fails in a thread": "import threading\ndef test_it():\n    def check():\n"
    f"        {FAILING}\n    threading.Thread(target=check).start()\n",
    "fails in a thread that sleeps": "import threading, time\ndef test_it():\n    def check():\n"
    f"        time.sleep(0.2)\n        {FAILING}\n    threading.Thread(target=check).start()\n",
    "never returns": f"def test_it():\n    while True:\n        pass\n    {FAILING}\n",
    "never gets to it": f"x = [0 for _ in iter(int, 1)]\ndef test_it():\n    {FAILING}\n",
    "renames the error": f"AssertionError = KeyError\ndef test_it():\n    {FAILING}\n",
    "a helper that swallows": "def check(found, wanted):\n    try:\n"
    "        assert found == wanted\n"
    "    except AssertionError:\n        return False\ndef test_it():\n    check(twice(5), 99)\n",
    "a process goes on": "import os\ndef test_it():\n    if os.fork():\n        os._exit(0)\n"
    f"    {FAILING}\n",
    "an error without assert": "def test_it():\n    twice(1, 2, 3)\n    assert True\n",
    "closes the files": f"import os\ndef test_it():\n    os.closerange(0, 100)\n    {FAILING}\n",
}
# What is no test at all, or one by its own fault.
BROKEN = {
    "an unknown name": "def test_it():\n    assert trice(1) == 3\n",
    "an unknown module": "import no_such_module\ndef test_it():\n    assert twice(1) == 2\n",
    "a parameter": "def test_it(monkeypatch):\n    assert twice(1) == 2\n",
    "a name that the program has not": "def test_it():\n    assert program.trice(1) == 3\n",
    "defines it anew inside": "def test_it():\n    def twice(x):\n        return 2\n"
    "    assert twice(1) == 2\n",
    "replaces it in the module": "def test_it():\n    program.twice = lambda x: 2\n"
    "    assert program.twice(1) == 2\n",
    "replaces it among its names": "def test_it():\n    globals()['twice'] = lambda x: 2\n"
    "    assert twice(1) == 2\n",
    "replaces its code": "def test_it():\n    twice.__code__ = (lambda x: 2).__code__\n"
    "    assert twice(1) == 2\n",
    "checks nothing": "def test_it():\n    print(twice(2), 'passed')\n",
    "is of nothing": "def test_it():\n    assert 1 + 1 == 2\n",
}
# Told truly, however they are written.
TRUE = {
    "a file that defines it anew": "def twice(x):\n    return 2 * x\ndef test_it():\n"
    "    assert twice(5) == 10\n",
    "an import of a module that is not there": "from solution import twice\ndef test_it():\n"
    "    assert twice(5) == 10\n",
    "an import of the program": "from program import twice as double\nfrom program import twice\n"
    "def test_it():\n    assert twice(5) == 10\n",
    "a daemon thread outlives it": "import threading, time\ndef test_it():\n    threading.Thread("
    "target=time.sleep, args=(99,), daemon=True).start()\n    assert twice(5) == 10\n",
    "an error at the exit": "import atexit\ndef test_it():\n    atexit.register(lambda: 1 / 0)\n"
    "    assert twice(5) == 10\n",
}


@pytest.fixture(scope="module", params=["bubblewrap", "sandlock"])
def classes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, str]]:
    """Run all suites in one go: a triplet a suite."""
    folder: Path = tmp_path_factory.mktemp("gaming")
    suites = GAMES | BROKEN | TRUE
    texts = {"code_before_purify": WRONG, "code_after_purify": RIGHT}
    rows = [texts | {"instruct_lazy_purify": name} for name in suites]
    write_rows(folder / "in.jsonl", rows)
    replies = [
        {"prompt_id": prompt_id, "response": [f"```python\n{code}```"]}
        for (prompt_id, _), code in zip(with_test_ids(rows), suites.values(), strict=True)
    ]
    write_rows(folder / "replies.jsonl", replies)
    limits = ("--cpu_seconds", "1", "--clock_seconds", "10")
    every = ("verified", "contradicted", "vacuous", "untestable")
    paths = [str(folder / name) for name in ("in.jsonl", "out.jsonl", "replies.jsonl")]
    try:
        where = ("--sandbox", request.param, *limits)
        main(["collect", *paths[:2], "--replies", paths[2], *where, "--keep", *every])
    except PipelineError as error:
        if "no sandbox" not in str(error):
            raise
        pytest.skip(str(error))
    found = {}
    for row in read_rows(folder / "out.jsonl"):
        verification = row["verification"]
        [kind] = [kind for kind, count in verification["classes"].items() if count]
        found[row["instruct_lazy_purify"]] = (kind, verification["verdict"])
    return found


@pytest.mark.parametrize("game", GAMES)
def test_what_fails_is_not_passed_by(game: str, classes: dict[str, tuple[str, str]]) -> None:
    assert classes[game] == ("fail_to_fail", "contradicted")


@pytest.mark.parametrize("game", BROKEN)
def test_what_tests_nothing_is_not_counted(game: str, classes: dict[str, tuple[str, str]]) -> None:
    assert classes[game] == ("broken", "untestable")


@pytest.mark.parametrize("game", TRUE)
def test_what_tests_the_program_is_counted(game: str, classes: dict[str, tuple[str, str]]) -> None:
    assert classes[game] == ("fail_to_pass", "verified")

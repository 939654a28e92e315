"""What a script does at its edges, in processes of its own."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, PositiveInt

from utils.cli import Flag, Share, parse_command, parse_flags
from utils.errors import PipelineError

ROOT = Path(__file__).resolve().parents[2]
# What each script below begins with; light on imports, so that many can run.
PRELUDE = """\
import errno, os, sys
from utils.cli import log, run
from utils.errors import PipelineError
"""


def command(body: str) -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return [sys.executable, "-c", f"{PRELUDE}\ndef main():\n{lines}\nrun(main)\n"]


def outcome(body: str, **more) -> tuple[int, str]:
    done = subprocess.run(command(body), cwd=ROOT, stderr=subprocess.PIPE, text=True, **more)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("log.info('kept %d', 3)", 0, "kept 3\n"),
        (r"log.info('\x1b[2J%s\r', '\u202e\ud800')", 0, "\\x1b[2J\\u202e\\ud800\\r\n"),
        (r"log.info('naïve 漢\u3000a\n\tb')", 0, "naïve 漢\u3000a\n\tb\n"),
        ("return 1", 1, ""),
        ("raise PipelineError('x.yaml: no such file')", 2, "error: x.yaml: no such file\n"),
        ("sys.exit(5)", 5, ""),
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
    ],
)
def test_the_exit_code_tells_how_it_went(body: str, code: int, said: str) -> None:
    assert outcome(body) == (code, said)


@pytest.mark.parametrize("body", ["1 / 0", "open('no such file')", "raise OSError('odd')"])
def test_our_own_bugs_show_as_tracebacks(body: str) -> None:
    code, said = outcome(body)
    assert code == 1 and said.startswith("Traceback (most recent call last):")


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EFBIG"])
def test_a_fault_of_the_disk_is_one_line(name: str) -> None:
    body = f"raise OSError(errno.{name}, os.strerror(errno.{name}), 'data/x.jsonl')"
    code, said = outcome(body)
    assert code == 2 and said.startswith("error: data/x.jsonl: ") and said.count("\n") == 1
    assert said.endswith("; free some space or name another folder\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_disk_that_is_really_full_is_one_line() -> None:
    assert outcome("with open('/dev/full', 'wb') as file: file.write(b'x')") == (
        2,
        "error: disk: No space left on device; free some space or name another folder\n",
    )


WAITING = """\
from utils.jsonl import atomic_file
with atomic_file(sys.argv[1]) as file:
    file.write(b"half")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 143, b""), (signal.SIGINT, 130, b"interrupted\n")],
)
def test_a_signal_ends_it_in_order(
    tmp_path: Path, number: signal.Signals, code: int, said: bytes
) -> None:
    with subprocess.Popen(
        [*command(WAITING), str(tmp_path / "x")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as script:
        assert script.stdout is not None and script.stderr is not None
        assert script.stdout.readline() == b"ready\n"
        assert len(os.listdir(tmp_path)) == 1
        script.send_signal(number)
        assert script.wait(10) == code
        assert script.stderr.read() == said
    assert os.listdir(tmp_path) == []


def test_a_reader_that_has_gone_is_no_news() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        body = "for _ in range(9999): sys.stdout.write('a long line of output\\n')"
        assert outcome(body, stdout=writing) == (1, "")
    finally:
        os.close(writing)


def test_log_lines_go_above_a_progress_bar_and_never_to_the_output() -> None:
    body = "from tqdm import tqdm\nfor _ in tqdm(range(2), disable=None): log.info('50% done')"
    done = subprocess.run(command(body), cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "50% done\n50% done\n")


def test_a_log_line_is_said_once_whatever_the_root_logger_does() -> None:
    body = "import logging\nlogging.basicConfig()\nlog.warning('once')\nlog.debug('never')"
    assert outcome(body) == (0, "once\n")


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What several scripts are told."""

    workers: Annotated[
        int, Flag("--workers", "--num_proc"), Field(ge=0, description="processes")
    ] = 1
    budget: Annotated[float | None, Field(gt=0, allow_inf_nan=False, description="most cost")] = (
        None
    )


@dataclass(frozen=True, kw_only=True)
class Trial(Shared):
    """Try every kind of flag.

    Only the first line is for `--help`.
    """

    files: Annotated[list[Path], Flag("FILE"), Field(description="read")]
    kind: Annotated[Literal["one", "other"], Field(description="100% of it")] = "one"
    share: Annotated[Share, Field(description="of rows (default: half)")] = 0.5
    names: Annotated[tuple[str, ...], Flag(joined=True), Field(description="kept")] = ("a", "b")
    words: Annotated[list[str] | None, Flag("-w", "--word"), Field(description="said")] = None
    lengths: Annotated[tuple[PositiveInt, ...], Field(description="tried")] = (1, 2)
    is_dry: Annotated[bool, Field(description="do nothing")] = False
    rest: Annotated[int, Field(ge=0)] = 0
    size: Annotated[PositiveInt | None, Flag(one_of=True), Field(description="rows")] = None
    part: Annotated[float | None, Flag(one_of=True), Field(description="of rows")] = None

    def __post_init__(self) -> None:
        if self.workers > 1 and self.is_dry:
            raise ValueError("--workers: do nothing at --is_dry; leave one out")


def trial(*words: str) -> Trial:
    return parse_flags(Trial, ["x.jsonl", "--size", "3", *words])


def test_what_is_not_given_is_what_the_dataclass_says() -> None:
    assert trial() == Trial(files=[Path("x.jsonl")], size=3)


def test_every_kind_of_flag_arrives_as_its_type() -> None:
    words = "y.jsonl --kind other --share 1 --names c,,d -w e f --lengths 4 --is_dry"
    shared = "--num_proc 0 --budget 2"
    assert parse_flags(Trial, [*words.split(), "--part", ".1", *shared.split()]) == Trial(
        files=[Path("y.jsonl")],
        kind="other",
        share=1.0,
        names=("c", "d"),
        words=["e", "f"],
        lengths=(4,),
        is_dry=True,
        part=0.1,
        workers=0,
        budget=2.0,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--workers -1", "--workers (also --num_proc) must not be negative, not -1"),
        ("--budget 0", "--budget must be above 0, not 0"),
        ("--budget nan", "--budget must be a finite number, not nan"),
        ("--share 1.5", "--share must be at most 1, not 1.5"),
        ("--share nan", "--share must be a finite number, not nan"),
        ("--size 0", "--size must be above 0, not 0"),
        ("--lengths 3 0", "--lengths must be above 0, not 0"),
        ("--workers 2 --is_dry", "--workers: do nothing at --is_dry; leave one out"),
    ],
)
def test_a_value_beyond_a_bound_is_one_line_that_names_the_flag(words: str, said: str) -> None:
    with pytest.raises(PipelineError) as caught:
        trial(*words.split())
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "many"], "argument --workers/--num_proc: invalid int value: 'many'"),
        (["--kind", "third"], "argument --kind: invalid choice: 'third'"),
        (["--part", ".5"], "argument --part: not allowed with argument --size"),
        (["--none"], "unrecognized arguments: --none"),
    ],
)
def test_what_is_no_value_of_a_flag_is_a_mistake_in_usage(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        trial(*words)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [["x"], ["--size", "1"]])
def test_what_has_no_default_must_be_given(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_flags(Trial, words)
    assert "required" in capsys.readouterr().err


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit, match="0"):
        parse_flags(Trial, [*words, "--help"])
    return " ".join(capsys.readouterr().out.split())


def test_help_says_what_each_is_and_its_default_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(capsys)
    assert "Try every kind of flag. positional arguments: FILE read options:" in said
    for line in (
        "--kind {one,other} 100% of it (default: one)",
        "--share SHARE of rows (default: half) --",
        "--names NAMES kept (default: a,b)",
        "--is_dry do nothing --",
        "--lengths LENGTHS [LENGTHS ...] tried (default: 1 2)",
        "processes (default: 1)",
        "--budget BUDGET most cost",
        "--rest REST (default: 0)",
    ):
        assert line in said
    assert "(--size SIZE | --part PART)" in said


def test_its_own_flags_stand_before_those_it_shares(capsys: pytest.CaptureFixture[str]) -> None:
    options = help_of(capsys).split("options:")[1]
    assert options.index("--kind") < options.index("--part") < options.index("--workers")


@dataclass(frozen=True)
class Other:
    """Do another thing."""

    number: Annotated[PositiveInt, Flag("NUMBER"), Field(description="how often")]


def test_each_command_of_a_script_has_settings_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands = {"try": Trial, "do": Other}
    assert parse_command(["do", "3"], "Try or do.", **commands) == Other(3)
    assert parse_command(["try", "x", "--size", "1"], "", **commands) == Trial(
        files=[Path("x")], size=1
    )
    with pytest.raises(PipelineError, match="^NUMBER must be above 0, not 0$"):
        parse_command(["do", "0"], "Try or do.", **commands)
    with pytest.raises(SystemExit, match="0"):
        parse_command(["--help"], "Try or do.", **commands)
    said = " ".join(capsys.readouterr().out.split())
    assert "Try or do." in said and "do Do another thing." in said

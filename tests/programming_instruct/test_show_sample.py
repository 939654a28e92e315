import io
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programming_instruct.show_sample import Painter, main, render
from utils.cli import harmless
from utils.errors import PipelineError
from utils.jsonl import write_json, write_rows

ROOT = Path(__file__).resolve().parents[2]
PLAIN = Painter(colours=False)


def code(text: str) -> dict[str, str]:
    return {"type": "code", "lang": "python", "code": text}


def sample(**changes: Any) -> dict[str, Any]:
    return {
        "history": [code("a = 1\n"), code("a = 2\n")],
        "current": code("a = 2\nb = 3\n"),
        "user": "add c",
        "chat": "I added `c`.",
        "next": code("a = 2\nb = 3\nc = 4\n"),
        "data_type": "commit",
        "prompt_id": "p-0",
        "model": "m1",
    } | changes


def shown(**changes: Any) -> str:
    return render(sample(**changes), PLAIN, 80)


def test_a_sample_is_told_from_its_first_version_to_the_chat() -> None:
    parts = shown(area=8).split("── ")
    titles = [part.split(" ─")[0] for part in parts[1:]]
    assert titles == [
        "history: version 1 of 3",
        "edit to version 2",
        "edit to version 3, the current code",
        "current code (python), cursor at 8 (▮)",
        "user",
        "next edit",
        "chat",
    ]
    bodies = [part.partition("\n")[2] for part in parts[1:]]
    assert bodies == [
        "a = 1\n",
        "@@ -1 +1 @@\n-a = 1\n+a = 2\n",
        "@@ -1 +1,2 @@\n a = 2\n+b = 3\n",
        "a = 2\nb ▮= 3\n",
        "add c\n",
        "@@ -1,2 +1,3 @@\n a = 2\n b = 3\n+c = 4\n",
        "I added `c`.\n",
    ]


def test_a_sample_without_history_words_or_edit_says_so() -> None:
    text = shown(history=[], user="", next=code("a = 2\nb = 3\n"))
    assert "version" not in text
    assert "(says nothing)\n" in text and "(no change)\n" in text


def test_a_row_of_a_benchmark_has_no_answer_to_show() -> None:
    row = {name: sample()[name] for name in ("history", "current", "user")}
    text = render(row, PLAIN, 80)
    assert "next edit" not in text and "chat" not in text


@pytest.mark.parametrize(
    ("area", "marked"),
    [
        ([0, 5], "⟦a = 2⟧\nb = 3\n"),
        ([6, 12], "a = 2\n⟦b = 3\n⟧\n"),
        (0, "▮a = 2\nb = 3\n"),
        (999, "a = 2\nb = 3\n▮\n"),
        (None, "a = 2\nb = 3\n"),
    ],
)
def test_the_area_is_marked_where_it_stands(area: Any, marked: str) -> None:
    assert f"─\n{marked}── user" in shown(area=area)
    assert f"─\n{marked}── user" in shown(loc=area)


def test_of_long_code_the_lines_around_the_area_are_shown() -> None:
    lines = [f"x{n} = {n}\n" for n in range(100)]
    current = code("".join(lines))
    row = sample(history=[], current=current, next=current, area=len("".join(lines[:50])))
    text = render(row, PLAIN, 20)
    assert "… 40 more lines\nx40 = 40\n" in text and "▮x50 = 50\n" in text
    assert "x59 = 59\n… 40 more lines\n" in text and "x60" not in text


def test_of_long_code_without_an_area_the_lines_around_the_change_are_shown() -> None:
    before = "".join(f"x{n} = {n}\n" for n in range(100))
    row = sample(history=[], current=code(before), next=code(before.replace("x50", "y")))
    text = render(row, PLAIN, 20)
    assert "… 40 more lines\nx40 = 40\n" in text


def test_escape_sequences_of_a_text_are_written_out() -> None:
    attack = "\x1b]0;title\x07\x1b[2J\x9b31m\r\u202e\u2028\ud800\x7f"
    row = sample(user=attack, chat=attack, current=code(f"# {attack}\n"), area=3)
    text = render(row | {"next": code(f"# {attack} \n")}, Painter(colours=False), 80)
    assert "\x1b" not in text and "\x9b" not in text and "\r" not in text
    assert "\\x1b]0;title\\x07\\x1b[2J\\x9b31m\\r\\u202e\\u2028\\ud800\\x7f" in text


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_no_text_steers_the_terminal(text: str) -> None:
    written = harmless(text)
    assert all(
        character in "\n\t" or character.isprintable() or character.isspace()
        for character in written
    )
    assert not any(character in written for character in "\x1b\x9b\r\x07\u202e")
    written.encode()


def test_letters_of_all_languages_and_tabs_stay_as_they_are() -> None:
    text = "\tπ = 3  # круг 円 é 🙂\n"
    assert harmless(text) == text


def write(folder: Path, *rows: Any) -> str:
    write_json(folder / "samples.json", list(rows))
    return str(folder / "samples.json")


def test_the_number_chooses_the_sample_of_an_array_or_of_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [sample(user=f"number {n}") for n in (1, 2, 3)]
    write_rows(tmp_path / "samples.jsonl", rows)
    for path in (write(tmp_path, *rows), str(tmp_path / "samples.jsonl")):
        main(["--input_path", path, "--number", "2"])
        out = capsys.readouterr().out
        assert out.startswith(f"sample 2 of {path} · commit · p-0 · m1\n")
        assert "number 2" in out and "number 1" not in out


def test_samples_of_one_type_can_be_counted_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [sample(user=f"{kind} {n}", data_type=kind) for n in (1, 2) for kind in ("commit", "s")]
    main(["--input_path", write(tmp_path, *rows), "--data_type", "s", "--number", "2"])
    assert "\ns 2\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "flags", "complaint"),
    [
        ([sample()], ["--data_type", "submit"], "holds 0 samples of type submit"),
        ([sample()], ["--number", "2"], "holds 1 samples; --number 2 is none of them"),
        ([sample()], ["--number", "0"], "--number must be above 0, not 0"),
        ([{"submissions": []}], [], "field 'history' is missing"),
        ([sample(user=None)], [], "sample 1: 'user' is no text"),
        ([sample(history={})], [], "'history' is no list"),
        ([sample(history=["a = 1"])], [], r"'history\[0\]' has no text 'code'"),
        ([sample(current={"code": 1})], [], "'current' has no text 'code'"),
        ([sample(area=[3, 1])], [], "'area' is neither an offset, nor a range"),
        ([sample(area=True)], [], "'area' is neither an offset, nor a range"),
    ],
)
def test_a_mistake_gets_one_line(
    rows: list[Any], flags: list[str], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(PipelineError, match=complaint):
        main(["--input_path", write(tmp_path, *rows), *flags])


def run_in_terminal(path: str, **variables: str) -> str:
    """Run the script with a terminal for its output, as a person does."""
    mine, theirs = pty.openpty()
    command = [sys.executable, "-m", "programming_instruct.show_sample", "--input_path", path]
    subprocess.run(command, cwd=ROOT, stdout=theirs, env=os.environ | variables, check=True)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(mine, 1 << 16):
            written += piece
    except OSError:  # Linux says so when the other end is closed.
        pass
    os.close(mine)
    return written.decode()


def test_diffs_are_coloured_on_a_terminal_alone(tmp_path: Path) -> None:
    path = write(tmp_path, sample(user="\x1b[35m"))
    coloured = run_in_terminal(path, NO_COLOR="")
    assert "\x1b[32m+b = 3\x1b[0m" in coloured and "\x1b[31m-a = 1\x1b[0m" in coloured
    assert "\x1b[35m" not in coloured
    assert "\x1b" not in run_in_terminal(path, NO_COLOR="1")


def test_a_terminal_of_few_letters_gets_the_others_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    main(["--input_path", write(tmp_path, sample(user="größer"))])
    assert b"gr\\xf6\\xdfer" in stream.buffer.getvalue()  # type: ignore[attr-defined]

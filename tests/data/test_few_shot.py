"""The examples are code and prose that ships, so they are run and checked like code."""

import ast
import builtins
import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "data" / "few_shot.jsonl"
EXAMPLES = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
# Names that an instruction asks to create.
NEW_NAMES = {
    *{"align", "cancel", "summarize", "RATES", "Progress", "Part", "NewestTest", "timeout"},
    *{"polygon_area", "perimeter", "describe_parcels", "corners", "with_hectares"},
}
RUN_ALL = """
import builtins, pathlib, runpy, socket, sys

def refuse(*arguments, **options):
    raise AssertionError("no network, no input")

builtins.input = socket.getaddrinfo = socket.socket.connect = refuse
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    sys.argv = [str(path)]
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        assert not end.code, path
"""


def names_of(example):
    tree = ast.parse(example["code_before"])
    return {node.name for node in ast.walk(tree) if hasattr(node, "name")}


def load(name):
    """Run the example that defines a name, without its demonstration, and give its globals."""
    (example,) = [example for example in EXAMPLES if name in names_of(example)]
    module = {"__name__": "example"}
    exec(example["code_before"], module)
    return module


def each_example():
    return pytest.mark.parametrize(
        "example", EXAMPLES, ids=[f"example {number}" for number in range(1, len(EXAMPLES) + 1)]
    )


def test_there_are_enough_examples_short_and_long():
    lengths = sorted(example["code_before"].count("\n") for example in EXAMPLES)
    assert len(EXAMPLES) >= 14
    assert len({example["code_before"] for example in EXAMPLES}) == len(EXAMPLES)
    assert 10 <= lengths[0] <= 25 and 60 <= lengths[-1] <= 90


def test_all_examples_run_to_the_end_without_input_network_or_files(tmp_path):
    code, scratch = tmp_path / "code", tmp_path / "scratch"
    code.mkdir()
    scratch.mkdir()
    for number, example in enumerate(EXAMPLES):
        (code / f"{number:02d}.py").write_text(example["code_before"], encoding="utf-8")
    command = [sys.executable, "-I", "-c", RUN_ALL, str(code)]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not list(scratch.iterdir())


@each_example()
def test_an_example_has_exactly_the_three_fields(example):
    assert list(example) == ["code_before", "instruct_descriptive", "instruct_lazy"]


@each_example()
def test_the_descriptive_instruction_is_detailed_prose(example):
    text = example["instruct_descriptive"]
    assert 60 <= len(text.split()) <= 160
    assert "```" not in text and "\n" not in text and text == text.strip()


@each_example()
def test_the_lazy_instruction_is_short(example):
    text = example["instruct_lazy"]
    assert len(text.split()) <= 40
    assert len(re.findall(r"[.!?](?=\s|$)", text)) <= 3
    assert len(text) < len(example["instruct_descriptive"]) / 2
    assert "`" not in text and "\n" not in text


@each_example()
def test_names_in_backticks_exist_or_are_asked_for(example):
    quoted = re.findall(r"`([^`]+)`", example["instruct_descriptive"])
    words = {word for text in quoted for word in re.findall(r"[A-Za-z_]\w*", text)}
    in_code = set(re.findall(r"[A-Za-z_]\w*", example["code_before"]))
    assert words & in_code
    assert words <= in_code | NEW_NAMES | set(dir(builtins))


@each_example()
def test_the_code_does_not_hint_at_its_edit(example):
    assert not re.search(r"TODO|FIXME|XXX|\bBUG\b", example["code_before"])
    assert example["code_before"].endswith("\n")
    assert all(len(line) <= 100 for line in example["code_before"].split("\n"))


def test_no_new_name_is_there_already():
    for example in EXAMPLES:
        quoted = " ".join(re.findall(r"`([^`]+)`", example["instruct_descriptive"]))
        for name in NEW_NAMES & set(re.findall(r"\w+", quoted)):
            assert name not in names_of(example)


def test_the_booking_example_loses_a_contained_booking():
    module = load("merge_bookings")
    assert module["merge_bookings"]([(540, 720), (570, 600)]) == [(540, 600)]
    assert module["merge_bookings"]([(590, 660), (540, 600)]) == [(540, 660)]


def test_the_settings_example_writes_into_its_defaults():
    module = load("load_settings")
    module["load_settings"]({"server": {"port": 9000}})
    assert module["load_settings"]({})["server"]["port"] == 9000


def test_the_schedule_example_answers_with_the_past():
    next_run = load("next_run")["next_run"]
    now = datetime(2024, 2, 28, 12, 0, 42)
    assert next_run(now, "06:15") < now
    assert next_run(now, "23:30").second == 42


def test_the_colour_example_takes_what_it_should_refuse():
    module = load("parse_color")
    assert module["parse_color"]("#12345") == (0x12, 0x34, 5)
    assert not re.fullmatch("#[0-9a-f]{6}", module["blend"]("#ff8000", "#0080ff", 2))
    with pytest.raises(ZeroDivisionError):
        module["gradient"]("#000000", "#ffffff", 1)


def test_the_readings_example_breaks_down_on_one_bad_line():
    module = load("hourly_averages")
    with pytest.raises(json.JSONDecodeError):
        module["hourly_averages"]([*module["SAMPLE"].splitlines(), '{"station": "da'])


def test_the_host_check_example_fails_as_a_whole():
    import asyncio

    module = load("check_all")
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(module["check_all"](list(module["HOSTS"])))

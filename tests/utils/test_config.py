from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.config import load_config, parse_config, read_yaml
from utils.errors import PipelineError


@dataclass(frozen=True)
class Range:
    low: int = 0
    high: int = 9


@dataclass(frozen=True)
class Settings:
    name: str
    share: float = 0.5
    sources: list[str] = field(default_factory=list)
    lines: Range = field(default_factory=Range)
    note: str | None = None

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError("must be at most 1")


def written(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def said_of(path: Path) -> str:
    with pytest.raises(PipelineError) as caught:
        load_config(path, Settings)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message.removeprefix(str(path))


def test_a_mapping_becomes_the_dataclass_with_its_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, "name: größer\nlines: {high: 3}\nsources: [a, b]\n")
    config = load_config(path, Settings)
    assert config == Settings("größer", 0.5, ["a", "b"], Range(0, 3))
    assert isinstance(config.lines, Range)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nshar: 1", ": unknown key 'shar'; remove it or check its spelling"),
        ("name: x\nlines: {lo: 1}", ": unknown key 'lines.lo'; remove it or check its spelling"),
        ("share: 0.1", ": key 'name' is missing; add it"),
        ("name: [x]", ": key 'name': input should be a valid string, not ['x']; mend the value"),
        ("name: 5", ": key 'name': input should be a valid string, not 5; mend the value"),
        ("name:", ": key 'name': input should be a valid string, not None; mend the value"),
        ("name: x\nsources: a", ": key 'sources': input should be a valid list, not 'a'"),
        ("name: x\nsources: [a, 1]", ": key 'sources.1': input should be a valid string, not 1"),
        ("name: x\nlines: {low: 1.5}", ": key 'lines.low': input should be a valid integer"),
        ("name: x\nshare: 2", ": must be at most 1"),
        ("", ": must be a mapping of keys to values"),
        ("- name: x", ": must be a mapping of keys to values"),
        ("just words", ": must be a mapping of keys to values"),
    ],
)
def test_a_wrong_value_is_named_by_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    assert said_of(written(tmp_path, text)).startswith(said)


@pytest.mark.parametrize("text", ["nam: x", "nam: x\nshare: much", "share: much\nnam: x"])
def test_an_unknown_key_is_named_before_the_one_it_leaves_missing(
    tmp_path: Path, text: str
) -> None:
    assert said_of(written(tmp_path, text)).startswith(": unknown key 'nam'")


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("name: x\nshare: 1\nname: y", 3, "name"),
        ("name: x\nlines:\n  low: 1\n  low: 1\n", 4, "low"),
        ("name: x\nsources:\n- {a: 1, a: 1}", 3, "a"),
        ('name: x\n"name": y', 2, "name"),
    ],
)
def test_a_key_that_stands_twice_is_an_error(
    tmp_path: Path, text: str, line: int, key: str
) -> None:
    assert said_of(written(tmp_path, text)).startswith(f", line {line}: key '{key}' stands twice")


def test_a_merged_key_may_be_overridden(tmp_path: Path) -> None:
    text = "a: &a {low: 1, high: 2}\nb: {<<: *a, low: 5}\n"
    assert read_yaml(written(tmp_path, text))["b"] == {"low": 5, "high": 2}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: x\nsources: [a", 2),
        ("name: x\n\tshare: 1", 2),
        ("name: x\nshare: *gone", 2),
        ("name: !!python/object/apply:os.getcwd []", 1),
        ("name: x\n---\nname: y", 2),
    ],
)
def test_a_syntax_error_is_named_by_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert said_of(written(tmp_path, text)).startswith(f", line {line}: ")


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"name: \xff\xfe")
    assert said_of(path) == ": not UTF-8 text; save it as UTF-8"
    path.write_bytes(b"name: \0")
    assert said_of(path).startswith(": not YAML")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, "\ufeffname: x"), Settings).name == "x"


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    assert said_of(tmp_path / "none.yaml") == ": no such file; check the path"
    assert said_of(tmp_path) == ": is a folder; name a file"


def test_a_part_of_a_file_is_checked_under_the_name_given(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="^map, entry 'm': key 'name' is missing; add it$"):
        parse_config({}, Settings, "map, entry 'm'")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_what_yaml_writes_reads_back(tmp_path_factory: pytest.TempPathFactory, value) -> None:
    path = written(tmp_path_factory.mktemp("yaml"), yaml.safe_dump(value))
    assert read_yaml(path) == value


def bomb(levels: int, width: int, line: str) -> str:
    """Write a YAML whose every level repeats the one before it so many times."""
    lines = ["l0: &l0 [x]" if line == "list" else "l0: &l0 {k0: x}"]
    for level in range(1, levels):
        aliases = ", ".join([f"*l{level - 1}"] * width)
        body = f"[{aliases}]" if line == "list" else f"{{<<: [{aliases}], k{level}: x}}"
        lines.append(f"l{level}: &l{level} {body}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        *(bomb(9, 9, "list"), bomb(30, 2, "list"), bomb(9, 9, "merge"), bomb(30, 2, "merge")),
        *("a: &a [*a]", "a: &a {b: *a}", "&a [1, &b [*a, *b]]"),
    ],
    ids=lambda text: text[:30],
)
def test_aliases_that_multiply_or_go_round_are_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "bomb.yaml").write_text(text)
    with pytest.raises(PipelineError, match="aliases make more than 100,000 values") as raised:
        read_yaml(tmp_path / "bomb.yaml")
    assert "\n" not in str(raised.value)


def test_an_alias_that_repeats_a_few_values_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(bomb(3, 3, "list"))
    assert read_yaml(tmp_path / "x.yaml")["l2"] == [[["x"]] * 3] * 3


def test_a_file_too_large_for_settings_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "x.yaml", "wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(PipelineError, match="has 3,221,225,472 bytes, no settings do"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize("text", ["a: " + "9" * 5_000, "a: 0x" + "f" * 90_000, "a: 1e400"])
def test_a_huge_number_is_no_traceback(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    try:
        read_yaml(tmp_path / "x.yaml")
    except PipelineError as error:
        assert "\n" not in str(error)

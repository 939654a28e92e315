"""Who may import what; the rules are the ones the folder layout promises."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("offline_model", "programming_instruct", "joydataforge", "data_v5")
STAGES = {path.stem for path in ROOT.glob("*.py")}
# Libraries that one place alone may use.
ONE_PLACE = {
    "openai": "utils.generation",
    "huggingface_hub": "utils.hub",
    "pandas": "utils.report",
    "spacy": "utils.similarity",
    "matplotlib": "utils.report.plotting",
    "plotly": "utils.report.plotting",
}
MOST_MODULES = 15  # in a folder of utils, its __init__ not counted
LIGHT_STAGES = ("create_prompt", "code_generation_api", "get_instruct_from_response")
HEAVY = {"pandas", "spacy", "nltk", "gensim", "matplotlib", "pyarrow"}
# These need such libraries for a part of their work, and import them when they come to it.
LATE_STAGES = ("check_quality", "dt_filtering", "dataset_report", "data_v5.select_data")


def python_files() -> list[Path]:
    folders = [ROOT / name for name in ("utils", *ROOMS)]
    inside = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    return [*sorted(ROOT.glob("*.py")), *inside]


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports(file: Path) -> frozenset[str]:
    return frozenset(_imports(ast.parse(file.read_bytes())))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_at_once(file: Path) -> set[str]:
    """Name what a module imports as soon as it is imported itself, outside of any function."""
    body = ast.parse(file.read_bytes()).body
    return {
        name
        for node in body
        for name in _imports(ast.Module([node], []))  # type: ignore[list-item]
        if isinstance(node, ast.Import | ast.ImportFrom)
    }


def top(name: str) -> str:
    return name.split(".")[0]


def test_what_is_always_imported_is_in_the_requirements() -> None:
    lines = (ROOT / "requirements.txt").read_text().split("\n")
    listed = {re.split(r"[=\[;]", line)[0].lower().replace("-", "_") for line in lines if line}
    known = packages_distributions()
    ours = {"utils", *ROOMS} | STAGES
    wanted = {top(name) for file in python_files() for name in imports_at_once(file)}
    for name in sorted(wanted - ours - sys.stdlib_module_names):
        packages = {package.lower().replace("-", "_") for package in known[name]}
        assert packages & listed, f"{name} is not in requirements.txt"


@pytest.mark.parametrize("file", python_files(), ids=module_name)
def test_each_module_imports_only_what_it_may(file: Path) -> None:
    here = module_name(file)
    ours = {top(name) for name in imports(file)} & ({"utils", *ROOMS} | STAGES)
    if top(here) in ROOMS:
        assert ours <= {"utils", top(here)}, "a room knows utils and itself"
    elif top(here) == "utils":
        assert ours <= {"utils"}, "utils knows no stage and no room"
    else:
        assert ours <= {"utils", "prompts_for_gen"}, "a stage knows utils and the templates"
    for library, place in ONE_PLACE.items():
        if library in {top(name) for name in imports(file)}:
            assert f"{here}.".startswith(f"{place}."), f"{library} belongs to {place}"


def test_the_templates_import_nothing() -> None:
    assert imports(ROOT / "prompts_for_gen.py") == frozenset()


def test_no_module_edits_the_search_path() -> None:
    edited = [file for file in python_files() if "sys.path" in file.read_text(encoding="utf-8")]
    assert edited == []


# Names that several commands may give to functions or classes of their own.
EVERY_COMMANDS = {"main", "Flags", "Settings", "parse_arguments", "read_settings"}


def public_definitions(file: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(file.read_bytes()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_")
    }


def test_no_public_function_or_class_has_the_name_of_another() -> None:
    # The stand-in is a program of its own, reached over HTTP, and submissions are data.
    others = (ROOT / "offline_model", ROOT / "programming_instruct/submissions")
    places: dict[str, list[str]] = {}
    for file in python_files():
        if not any(file.is_relative_to(other) for other in others):
            for name in public_definitions(file) - EVERY_COMMANDS:
                places.setdefault(name, []).append(module_name(file))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def folders() -> list[Path]:
    return [ROOT / "utils", *sorted(path.parent for path in (ROOT / "utils").glob("*/__init__.py"))]


def may_import(folder: Path) -> set[str]:
    """Read from a folder's docstring which other folders of `utils` its modules may import."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_bytes())) or ""
    [listed] = re.findall(r"^May import: (.*)\.$", docstring, re.MULTILINE)
    names = {"nothing but the trunk": [], "itself alone": []}.get(listed, listed.split(", "))
    assert {*names} <= {path.name for path in folders()}
    return {f"utils.{name}" for name in names}


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_a_folder_of_utils_imports_only_the_folders_it_names(folder: Path) -> None:
    here = module_name(folder / "__init__.py")
    allowed = may_import(folder) | {"utils", here}
    modules = {module_name(file): file for file in (ROOT / "utils").rglob("*.py")}
    for file in folder.glob("*.py"):
        used = {name.rpartition(".")[0] for name in imports(file) & modules.keys()} - {""}
        assert used <= allowed, f"{module_name(file)} imports {sorted(used - allowed)}"


@pytest.mark.parametrize("folder", folders(), ids=lambda path: path.name)
def test_a_folder_of_utils_holds_about_a_dozen_modules(folder: Path) -> None:
    assert 1 < len([*folder.glob("*.py")]) - 1 <= MOST_MODULES


@pytest.mark.parametrize("stage", LIGHT_STAGES)
def test_a_stage_that_starts_fast_imports_no_heavy_library(stage: str) -> None:
    assert modules_of(stage) & HEAVY == set()


@pytest.mark.parametrize("stage", LATE_STAGES)
def test_a_stage_imports_what_reads_words_and_makes_tables_when_it_does(stage: str) -> None:
    assert modules_of(stage) & {"pandas", "spacy", "nltk", "gensim", "sklearn"} == set()


def modules_of(stage: str) -> set[str]:
    """List what the import of a stage imports."""
    program = f"import sys, {stage}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {*done.stdout.split()}


def test_every_import_of_ours_names_a_module_that_is_there() -> None:
    files = [*python_files(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.ImportFrom) and top(str(node.module)) in {"utils", *ROOMS}:
                path = ROOT / str(node.module).replace(".", "/")
                is_there = path.with_suffix(".py").exists() or path.is_dir()
                assert is_there, f"{module_name(file)} imports {node.module}"


def test_utils_has_no_import_cycles() -> None:
    files = {module_name(file): file for file in sorted((ROOT / "utils").rglob("*.py"))}
    graph = {
        name: sorted(other for other in imports(file) & files.keys() if other != name)
        for name, file in files.items()
    }
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"cycle: {' -> '.join((*path, name))}"
        if name not in finished:
            for other in graph[name]:
                visit(other, (*path, name))
            finished.add(name)

    for name in graph:
        visit(name, ())


def stage_outputs(file: Path) -> Iterator[ast.Call]:
    """Yield the calls by which a script's output is opened."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "StageOutput":
            yield node


def test_every_script_says_which_stage_its_rows_are_of() -> None:
    scripts = [*ROOT.glob("*.py"), *(file for room in ROOMS for file in (ROOT / room).glob("*.py"))]
    calls = [(file.name, call) for file in scripts for call in stage_outputs(file)]
    assert len(calls) > 20
    for name, call in calls:
        assert "stage" in {word.arg for word in call.keywords}, f"{name}, line {call.lineno}"

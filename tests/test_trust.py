"""Nothing in a config or data file starts a program or imports code."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from joydataforge import synthesize
from tests.documented_commands import ROOT
from tests.test_architecture import imports, module_name, python_files
from utils.errors import PipelineError
from utils.generation.model_map import load_model

# Who may start a program, and which: the first word of the command, as it stands in the source.
STARTS = {
    "utils.generation.run": {"sys.executable"},  # the stand-in, by its module's name
    "utils.seeds.git_history": {"'git'"},
}
# Who starts the one program that a flag of the command line names, and no file can.
STARTS_A_FLAG = {"utils.generation.own_server"}
# Who starts the interpreter of the environment that a flag names, to ask it what it has, and who
# starts programs shut in a sandbox, which only `verify_triplets.py` on the command line does.
STARTS_THE_ENVIRONMENT = {"utils.sandbox.environment", "utils.verify.installed"}
STARTS_IN_A_SANDBOX = {"utils.sandbox.bubblewrap", "utils.sandbox.sandlock"}
# What is never run but in a sandbox, by a program there.
INSIDE_A_SANDBOX = {"utils.verify.inside_sandbox"}
STARTERS_KNOWN = {*STARTS, *STARTS_A_FLAG, *STARTS_THE_ENVIRONMENT, *STARTS_IN_A_SANDBOX}
# Who may import by a name that is put together: of a grammar, from a fixed list of languages.
IMPORTS = {"utils.code.syntax"}
# Who may load a pickle: what this user's key is under.
UNPICKLES = {"utils.cache"}
SAFE_LOADERS = {"_OneOfEachKey", "yaml.SafeLoader", "loader"}  # the last is one of yaml's safe two
RUNS_CODE = {"eval", "exec", "__import__"}
LOADERS = {("joblib", "load"), ("torch", "load"), ("pickle", "load"), ("pickle", "loads")}
STARTERS = {("subprocess", "run"), ("subprocess", "Popen"), ("subprocess", "check_output")}


def calls(tree: ast.AST) -> Iterator[tuple[tuple[str, str], ast.Call]]:
    """Yield each call with what is called: (module or "", name)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield ("", node.func.id), node
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                yield (node.func.value.id, node.func.attr), node


@pytest.mark.parametrize("file", python_files(), ids=module_name)
def test_no_module_runs_what_it_reads(file: Path) -> None:
    if "submissions" in file.parts:
        return  # data
    here = module_name(file)
    for (module, name), call in calls(ast.parse(file.read_bytes())):
        is_outside = here not in INSIDE_A_SANDBOX
        assert module or name not in RUNS_CODE or not is_outside, f"{here} calls {name}"
        assert (module, name) not in {("os", "system"), ("os", "popen"), ("yaml", "unsafe_load")}
        assert not name.startswith(("spawn", "execv")) or module != "os"
        if (module, name) == ("torch", "load"):
            assert "weights_only" in {keyword.arg for keyword in call.keywords}, here
        else:
            assert (module, name) not in LOADERS or here in UNPICKLES, f"{here} loads pickles"
        assert (module, name) != ("importlib", "import_module") or here in IMPORTS
        assert (module, name) not in STARTERS or here in STARTERS_KNOWN, f"{here} starts a program"
        for keyword in call.keywords:
            said = ast.unparse(keyword.value)
            assert keyword.arg != "shell" or said == "False"
            assert keyword.arg != "allow_pickle" or said == "False"
            assert keyword.arg != "trust_remote_code" or said == "False"
            assert keyword.arg != "weights_only" or said == "True"
        if (module, name) == ("yaml", "load"):
            loader = ast.unparse(call.args[1])
            assert loader in SAFE_LOADERS, f"{here}: {loader}"


@pytest.mark.parametrize("module", STARTS)
def test_programs_are_started_by_names_that_stand_in_the_source(module: str) -> None:
    tree = ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_bytes())
    first = {
        ast.unparse(node.elts[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.List)
        and node.elts
        and "git" in ast.unparse(node)
        or isinstance(node, ast.List)
        and node.elts
        and "executable" in ast.unparse(node)
    }
    assert first == STARTS[module]


def test_every_test_that_a_promise_names_is_there() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = [part for part in page.split("`") if part.startswith("tests/")]
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_promise_names_a_test() -> None:
    page = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    promises = [line for line in lines if line != "| promise | test |"]
    assert len(promises) > 20
    assert [line for line in promises if "`tests/" not in line.split("|")[2]] == []


def test_the_one_rule_stands_on_the_page() -> None:
    page = " ".join((ROOT / "docs/security.md").read_text(encoding="utf-8").split())
    rule = "nothing in a config or data file starts a program or imports code; only a flag"
    assert rule in page and "`tests/test_trust.py`" in page


COMMAND = "start_server: touch started {port}"


def test_a_model_map_that_names_a_server_to_start_is_refused(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text(f"m:\n  base: http://127.0.0.1:1/v1\n  {COMMAND}\n")
    with pytest.raises(PipelineError, match="start_server"):
        load_model(tmp_path / "models.yaml", "m")


def test_a_config_that_names_a_server_to_start_is_refused(tmp_path: Path) -> None:
    shipped = (ROOT / "joydataforge/configs/single.yaml").read_text()
    (tmp_path / "single.yaml").write_text(f"{shipped}\n{COMMAND}\n")
    with pytest.raises(PipelineError, match="start_server"):
        synthesize.main(["--config", str(tmp_path / "single.yaml")])


def test_only_the_stage_that_says_so_runs_programs_of_rows() -> None:
    users = {
        module_name(file)
        for file in python_files()
        if "utils.sandbox.pool" in imports(file)
        and not module_name(file).startswith("utils.sandbox")
    }
    assert users == {"utils.verify.run_log"}
    callers = {
        module_name(file) for file in python_files() if "utils.verify.run_log" in imports(file)
    }
    assert {name.split(".")[0] for name in callers} <= {"verify_triplets", "utils"}
    assert "verify_triplets" in callers
    assert not any("utils.verify.inside_sandbox" in imports(file) for file in python_files())

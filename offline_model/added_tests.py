"""The edit that adds tests to a program, as functions or as a `unittest.TestCase`."""

import re

from offline_model.draft import Draft, Triplet
from offline_model.naming import camel_case
from offline_model.wording import counted, listed, quoted


def add_tests(draft: Draft) -> Triplet:
    """Add test functions or a `unittest.TestCase`, or the missing cases to those there are."""
    rng = draft.rng
    cases = case_sources(draft, draft.layers)
    present = rng.choice([0, 0, 0, 1])
    layout = rng.choice([_as_functions, as_test_case])
    code = draft.code()
    before = layout(code, cases[:present], draft) if present else code
    after = layout(code, cases, draft)
    names = re.findall(r"def test_(\w+)", "".join(cases[present:]))
    topics = listed([name.replace("_", " ") for name in names])
    owner = (
        f"a `unittest.TestCase` named `{case_class(draft)}`"
        if layout is as_test_case
        else "plain test functions that pytest finds"
    )
    number = counted(len(names), "case")
    if present:
        goal = f"{{Extend the tests in the file by|Add to the existing tests}} {number}"
    else:
        goal = f"{{Add tests to the file|The file has no tests; add some}}: {owner}, with {number}"
    listed_names = quoted([f"test_{name}" for name in names])
    says = (
        f"{goal}, one for each of these: {topics}."
        " {Each test checks exact values|Every case compares with exact values}, needs no files and"
        " no network, and {stands on its own|does not depend on the others}."
        f" {{Name them after what they check|The names are}}: {listed_names}."
    )
    words = (
        "{add a few unit tests|Add the missing tests|Write tests for this|Cover this with tests}"
        f" ({topics})"
    )
    return draft.triplet("add_tests", "tests", (before, after), (says, words), True)


def case_sources(draft: Draft, layers: frozenset[str]) -> list[str]:
    text = draft.fill(draft.program.tests.render(layers))
    return [part.rstrip() for part in re.split(r"^(?=def )", text, flags=re.M) if part.strip()]


def case_class(draft: Draft) -> str:
    return camel_case(draft.program.name) + "Test"


def _before_main(code: str, addition: str) -> str:
    at = code.rindex("\n\n\ndef main()" if "\n\n\ndef main()" in code else "\n\n\nif __name__")
    return code[:at] + "\n\n\n" + addition + code[at:]


def _as_functions(code: str, cases: list[str], draft: Draft) -> str:
    return _before_main(code, "\n\n\n".join(cases))


def as_test_case(code: str, cases: list[str], draft: Draft) -> str:
    methods = "\n\n".join(_as_method(case) for case in cases)
    header = f"class {case_class(draft)}(unittest.TestCase):\n"
    return with_import(_before_main(code, header + methods), "unittest")


def _as_method(case: str) -> str:
    case = case.replace("():", "(self):", 1).replace("() -> None:", "(self) -> None:", 1)
    case = re.sub(r"\bassert not (.+)$", r"self.assertFalse(\1)", case, flags=re.M)
    case = re.sub(r"\bassert (.+) == (.+)$", r"self.assertEqual(\1, \2)", case, flags=re.M)
    case = re.sub(r"\bassert (.+) is None$", r"self.assertIsNone(\1)", case, flags=re.M)
    case = re.sub(r"\bassert (.+)$", r"self.assertTrue(\1)", case, flags=re.M)
    return re.sub(r"^(?=.)", "    ", case, flags=re.M)


def with_import(code: str, module: str) -> str:
    """Add `import module` where isort would put it."""
    lines = code.split("\n")
    plain = [i for i, line in enumerate(lines) if line.startswith("import ")]
    after = [i for i in plain if lines[i].split()[1] < module]
    others = plain or [i for i, line in enumerate(lines) if line.startswith("from ")]
    if after:
        lines.insert(after[-1] + 1, f"import {module}")
    elif others:
        lines.insert(others[0], f"import {module}")
    else:
        at = 2 if lines[0].startswith('"""') else 0
        gap = ["", ""] if lines[at].startswith(("def ", "class ", "@")) else [""]
        lines[at:at] = [f"import {module}", *gap]
    return "\n".join(lines)

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from utils.quality.python_program import Program
from utils.quality.rules import GUARDS, QUALITY_RULES, find_faults
from utils.quality.settings import Limits, QualityConfig, RuleSwitches

ROOT = Path(__file__).resolve().parents[3]
BEFORE = """import math


def area(radius):
    return math.pi * radius * radius


def describe(radius):
    size = area(radius)
    return f"circle of {size}"
"""
AFTER = BEFORE.replace("of {size}", "of {size:.2f}")
DESCRIPTIVE = "Let `describe` round the size in its text to two decimals, and leave `area` alone."
LAZY = "round the size to 2 decimals"
# Some forty tokens of code, for what instructions give away.
LONG_FUNCTION = """
def spread(values, centre, weight):
    total = sum(weight * (value - centre) ** 2 for value in values)
    return math.sqrt(total / max(1, len(values) - 1))
"""


def faults(before=BEFORE, after=AFTER, descriptive=DESCRIPTIVE, lazy=LAZY, language="python"):
    texts = (before, after, descriptive, lazy)
    names = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")
    row = {f"{name}_purify": text for name, text in zip(names, texts, strict=True)}
    return find_faults(row, QualityConfig(), language)


def asked(instruction):
    """Put one wish into both instructions, the lazy one shorter."""
    return {"descriptive": f"{instruction} Leave all other code alone.", "lazy": instruction}


def changed(old, new, instruction=None):
    assert old in BEFORE
    return {"after": BEFORE.replace(old, new)} | (asked(instruction) if instruction else {})


def test_a_sound_triplet_has_no_faults():
    assert faults() == {}


CAUGHT = [
    ("empty_field", {"after": ""}),
    ("empty_field", {"lazy": " \n"}),
    ("empty_field", {"descriptive": None}),
    ("empty_field", {"before": ["x = 1"]}),
    ("unreadable_text", {"after": AFTER + "\0"}),
    ("unreadable_text", {"lazy": "round it \ud800"}),
    ("too_large", {"after": "x = 1\n" * 100_000}),
    ("too_large", {"before": f"x = '{'a' * 30_000}'\ny = 1\n"}),
    ("too_large", {"descriptive": "word " * 5000}),
    ("single_line_code", {"after": "print('hello')\n\n"}),
    ("single_line_code", {"before": "\nx = 1\n"}),
    ("markdown_residue", {"after": f"```python\n{AFTER}```\n"}),
    ("markdown_residue", {"after": f"{AFTER}```\n"}),
    ("markdown_residue", {"before": f"~~~\n{BEFORE}"}),
    ("after_does_not_parse", {"after": AFTER + "def broken(:\n"}),
    ("after_does_not_parse", {"after": AFTER + "return 3\n"}),
    ("after_does_not_parse", {"after": AFTER + "def f(a, a):\n    return a\n"}),
    ("after_does_not_parse", {"after": AFTER + "def f():\n    nonlocal size\n    size = 1\n"}),
    ("after_does_not_parse", {"after": AFTER + "for x in y:\n    pass\nbreak\n"}),
    ("after_does_not_parse", {"after": AFTER + "def f():\n    global a\n    x = await a\n"}),
    ("after_does_not_parse", {"after": AFTER + "x = " + "-" * 15_000 + "1\n"}),
    ("before_does_not_parse", {"before": BEFORE + "def broken(:\n"}),
    ("python2_code", {"after": AFTER + "print 'done'\n"}),
    ("python2_code", {"after": AFTER + "try:\n    x = 1\nexcept ValueError, e:\n    raise\n"}),
    ("python2_code", {"after": AFTER + "mode = 0755\n"}),
    ("python2_code", {"after": AFTER + "for i in xrange(3):\n    area(i)\n"}),
    ("python2_code", {"before": BEFORE + "print 'done'\n"}),
    ("new_undefined_name", changed("{size}", "{sise}")),
    ("new_undefined_name", changed("size = area", "sizes = area")),
    ("new_undefined_name", {"after": AFTER + "def f():\n    x = 1\n\n\ndef g():\n    return x\n"}),
    ("new_missing_import", changed("import math", "import cmath")),
    ("new_missing_import", {"after": AFTER + "print(json.dumps(1))\n"}),
    ("new_missing_import", {"after": AFTER + "counts = defaultdict(int)\n"}),
    ("new_missing_import", {"after": AFTER + "grid = np.zeros(3)\n"}),
    ("removed_definition_still_used", changed("def area(", "def surface(")),
    ("removed_definition_still_used", changed("import math\n", "")),
    (
        "removed_definition_still_used",
        {
            "before": "class A:\n    def f(self):\n        return self.g()\n\n"
            "    def g(self):\n        return 1\n",
            "after": "class A:\n    def f(self):\n        return self.g()\n",
        },
    ),
    ("no_change", {"after": BEFORE}),
    ("no_change", changed("radius * radius", "radius*radius")),
    ("no_change", changed('f"circle of {size}"', "(f'circle of {size}')")),
    ("no_change", changed("    size =", "    # Round it.\n    size =")),
    ("no_change", changed("    size =", '    """Round it."""\n    size =')),
    ("no_change", changed("area(radius):", "area(radius: float) -> float:")),
    ("diff_too_large", {"after": AFTER + "".join(f"print({i})\n" for i in range(71))}),
    (
        "diff_too_large",
        {
            "before": "".join(f"a{i} = {i}\n" for i in range(90)),
            "after": "".join(f"a{i} = {i + (i % 10 == 0)}\n" for i in range(90)),
        },
    ),
    (
        "diff_too_large",
        {
            "before": "".join(f"a{i} = {i}\n" for i in range(60)),
            "after": "".join(f"a{i} = {i + (i > 5)}\n" for i in range(60)),
        },
    ),
    ("diff_too_large", {"after": AFTER + "\n" * 2001}),
    ("elided_code", changed("    size =", "    # ... rest of the function unchanged\n    size =")),
    ("elided_code", changed("    size = area(radius)\n", "    ...\n    size = 0\n")),
    ("elided_code", changed("return math.pi * radius * radius", "...")),
    ("elided_code", changed("return math.pi * radius * radius", "pass")),
    ("elided_code", changed("return math.pi * radius * radius", "raise NotImplementedError")),
    ("elided_code", {"after": AFTER + "\n\ndef scale(radius):\n    pass\n"}),
    ("elided_code", {"after": AFTER + "\n\ndef scale(radius):\n    raise NotImplementedError()\n"}),
    ("elided_code", changed("    size =", "    # Your code here\n    size =")),
    (
        "silent_deletion",
        {
            "after": "import math\n\n\ndef describe(radius):\n    return f'{math.pi} {radius}'\n",
        },
    ),
    (
        "silent_deletion",
        {"before": f"import os\nos.mkdir('out')\n{BEFORE}", "after": AFTER},
    ),
    ("silent_deletion", {"before": BEFORE + "\n\ndef unused():\n    return 1\n"}),
    ("instruction_leaks_solution", {"descriptive": f"{DESCRIPTIVE}\n```python\n{AFTER}```"}),
    (
        "instruction_leaks_solution",
        {"after": AFTER + LONG_FUNCTION, "descriptive": f"Add this: {LONG_FUNCTION}"},
    ),
    (
        "instruction_leaks_solution",
        {"after": AFTER + LONG_FUNCTION, "lazy": f"add {LONG_FUNCTION[:130]}"},
    ),
    ("ungrounded_instruction", {"descriptive": f"{DESCRIPTIVE} Use `round_half_up` for it."}),
    ("ungrounded_instruction", {"descriptive": f"{DESCRIPTIVE} Call `Circle.round_half(2)`."}),
    ("ungrounded_instruction", {"lazy": "fix `describe_circle`"}),
    ("style_contract", {"lazy": "Round it. To two. Not three. And soon."}),
    ("style_contract", {"lazy": "please " * 61, "descriptive": "please, " * 90}),
    ("style_contract", {"lazy": DESCRIPTIVE + " Thanks."}),
    ("style_contract", {"descriptive": f"[Descriptive]\n{DESCRIPTIVE}"}),
    ("style_contract", {"descriptive": f"## Instruction\n{DESCRIPTIVE}"}),
    ("style_contract", {"descriptive": f"{DESCRIPTIVE} <UNREASONABLE>"}),
    ("style_contract", {"lazy": "I'm sorry, I can't do that"}),
    ("style_contract", {"lazy": "将大小四舍五入到两位小数"}),
    (
        "style_contract",
        {"descriptive": "La función debe redondear el tamaño que se muestra en el texto a 2."},
    ),
]


@pytest.mark.parametrize(("reason", "texts"), CAUGHT)
def test_a_planted_defect_is_caught(reason, texts):
    assert reason in faults(**texts)


LET_THROUGH = [
    # Fences and rows of tildes inside of strings and comments.
    changed(
        "    size =",
        '    """Show it.\n\n    ```\n    x\n    ```\n    """\n    size =',
        "Document it well.",
    ),
    {"after": AFTER + '"""\nUsage\n~~~~~\n\n~~~\nx\n~~~\n"""\n'},
    # What does not parse is what the instruction wants mended.
    {"before": BEFORE.replace("def area(radius):", "def area(radius:"), **asked("Fix the bug.")},
    {"before": BEFORE + "print 'x'\n", "after": AFTER, **asked("Port this to Python 3.")},
    # Names that were unresolved before, or that only look unresolved.
    {"before": BEFORE + "print(limit)\n", "after": AFTER + "print(limit)\n"},
    {"after": "from geometry import *\n" + AFTER.replace("size}", "size}{unit}")},
    {"after": AFTER + "if __name__ == '__main__':\n    print(__file__, describe(1))\n"},
    {"after": AFTER + "try:\n    unicode\nexcept NameError:\n    unicode = str\n"},
    {
        "before": "class A(B):\n    def f(self):\n        return self.g()\n\n"
        "    def g(self):\n        return 1\n",
        "after": "class A(B):\n    def f(self):\n        return self.g()\n",
        **asked("Inherit g from B."),
    },
    # Edits of comments, docstrings and annotations that are asked for; others that look small.
    changed("    size =", "    # Round it.\n    size =", "Add a comment to describe."),
    changed("    size =", '    """Round it."""\n    size =', "Write a docstring for describe."),
    changed("area(radius):", "area(radius: float) -> float:", "Add type hints to area."),
    changed("math.pi * radius", "math.tau * radius", "Use tau for pi."),
    {
        "before": "class A:\n    x: int\n    y = 1\n",
        "after": "class A:\n    x: int\n    z: int\n    y = 1\n",
        **asked("Add an integer z."),
    },
    {"before": "x = 1\ny = 2\n", "after": "x = 1.0\ny = 2\n", **asked("Make x a float.")},
    # Short code may be rewritten whole.
    {"before": "a = 1\nb = 2\n", "after": "c = 3\nd = 4\n", **asked("Use later letters.")},
    # Dots and empty bodies that mean something, or were there, or are wanted.
    changed(
        "    size =", "    # Loads more data... then sums.\n    size =", "Add a comment on size."
    ),
    {"after": AFTER + "\n\nclass CircleError(ValueError):\n    pass\n"},
    {"after": AFTER + "\n\nclass A:\n    def __init__(self):\n        pass\n"},
    {
        "after": AFTER + "\n\nclass Shape(Protocol):\n    def area(self):\n        ...\n",
        "before": "from typing import Protocol\n" + BEFORE,
    }
    | {
        "after": "from typing import Protocol\n"
        + AFTER
        + "\n\nclass S(Protocol):\n    def a(self): ...\n"
    },
    {"after": AFTER + "\n\ndef scale(radius):\n    pass\n", **asked("Add a stub for scale.")},
    {"after": AFTER + "\n\nmatrix = [[1, 2], [3, 4]][..., 0:1]\n"},
    {
        "before": BEFORE + "\n\ndef todo():\n    pass\n",
        "after": AFTER + "\n\ndef todo():\n    pass\n",
    },
    # Deletions that are named, renamed, moved, replaced, or of what nothing used.
    {"after": 'def describe(radius):\n    return f"{radius:.2f}"\n', **asked("Drop area, show r.")},
    {"after": BEFORE.replace("area", "surface"), **asked("Use a better name than that.")},
    {
        "after": AFTER.replace("def area(radius):", "class Circle:\n  def area(radius):").replace(
            " area(radius)\n", " Circle.area(radius)\n"
        ),
        **asked("Put the formula into a class."),
    },
    {
        "after": AFTER.replace("import math\n", "").replace("math.pi", "3.14"),
        **asked("Use 3.14 for pi."),
    },
    {"before": "import os\n" + BEFORE},
    # Instructions that quote little, or quote what was there before.
    {"descriptive": f"{DESCRIPTIVE}\n```\ncircle of 3.14\n```"},
    {"descriptive": f"{DESCRIPTIVE} This is the code: {BEFORE}"},
    {"descriptive": f"{DESCRIPTIVE} Use `print`, `math.floor`, `None`, `O(n)` or `setup.py`."},
    {"descriptive": f"{DESCRIPTIVE} For `area(2)` and `radius > 3` it is `12.57`, not `'x'`."},
    # Style: abbreviations, decimals and code end no sentence; quoted text may be in any language.
    {"lazy": "Round to 2.5 decimals, e.g. 3.14 vs. 3.1. Call math.floor. Done!"},
    {"descriptive": f'{DESCRIPTIVE} It then says "圆的面积很大" and not `кг` or "el las los".'},
    {"descriptive": f"{DESCRIPTIVE} A naïve café does, with μ = 3 and Δ > 0 → fine."},
]


@pytest.mark.parametrize("texts", LET_THROUGH)
def test_a_sound_edit_is_let_through(texts):
    assert faults(**texts) == {}


def test_all_reasons_that_apply_are_given():
    found = faults(after="print(json\n", lazy=DESCRIPTIVE)
    assert list(found) == ["single_line_code", "after_does_not_parse", "style_contract"]


def test_what_is_wrong_is_told_in_few_words():
    found = faults(after=AFTER + "".join(f"print(name_{number})\n" for number in range(60)))
    assert found["new_undefined_name"].startswith("name_0, name_1")
    assert len(found["new_undefined_name"]) == 200


def test_every_switch_belongs_to_one_rule():
    elsewhere = {"empty_field", "contaminated", "duplicate", "near_duplicate"}
    switches = {each.name for each in fields(RuleSwitches)}
    assert switches == elsewhere | set(GUARDS) | set(QUALITY_RULES)


def test_a_rule_that_is_switched_off_is_not_asked():
    row = {f"{name}_purify": "x = 1\ny = 2\n" for name in ("code_before", "code_after")}
    row |= {"instruct_descriptive_purify": DESCRIPTIVE, "instruct_lazy_purify": LAZY}
    assert "no_change" in find_faults(row, QualityConfig())
    off = QualityConfig(rules=RuleSwitches(no_change=False, ungrounded_instruction=False))
    assert find_faults(row, off) == {}


def test_a_limit_can_be_moved():
    row = {"code_before_purify": BEFORE, "code_after_purify": AFTER}
    row |= {"instruct_descriptive_purify": DESCRIPTIVE, "instruct_lazy_purify": LAZY}
    strict = QualityConfig(limits=Limits(max_lazy_words=3))
    assert find_faults(row, strict) == {"style_contract": "instruct_lazy: 6 words"}


def test_programs_of_other_languages_are_judged_by_what_needs_no_parser():
    before = "function area(r) {\n  // a circle\n  return 3 * r * r;\n}\n"
    after = before.replace("3 *", "Math.PI *")
    texts = {
        "descriptive": "Use the exact value of pi in `area`, please.",
        "lazy": "use pi instead",
    }
    assert faults(before, after, **texts, language="javascript") == {}
    cut = after.replace("// a circle", "// ... rest of the code unchanged")
    assert set(faults(before, cut, **texts, language="javascript")) == {"elided_code"}
    spaced = before.replace("\n  ", "\n\n    ")
    assert set(faults(before, spaced, **texts, language="javascript")) == {"no_change"}


@pytest.mark.parametrize("language", ["english", "chinese", "any"])
def test_the_language_of_instructions_can_be_chosen(language):
    row = {"code_before_purify": BEFORE, "code_after_purify": AFTER}
    row |= {"instruct_descriptive_purify": "将圆的大小四舍五入到两位小数，其余保持不变。"}
    row |= {"instruct_lazy_purify": "四舍五入到两位小数"}
    found = find_faults(row, QualityConfig(instruction_language=language))
    assert bool(found) == (language == "english")


@pytest.mark.parametrize("number", range(14))
def test_the_few_shot_examples_pass_the_rules_that_need_no_code_after(number):
    lines = (ROOT / "data/few_shot.jsonl").read_text(encoding="utf-8").splitlines()
    example = json.loads(lines[number])
    code = example["code_before"]
    found = faults(code, code, example["instruct_descriptive"], example["instruct_lazy"])
    # Without an edit nothing has changed, and what is asked to be added is not there.
    assert found.keys() <= {"no_change", "ungrounded_instruction"}


# Mentioned only to be left alone, so no alibi for an edit of nothing else.
KEPT = [
    "Add a cache to {}, and leave comments and docstrings untouched.",
    "Rename `x` to `y` in {} without changing comments or docstrings.",
    "Raise the limit in {}. Do not touch unrelated comments and docstrings.",
    "Raise the limit in {}; existing comments and docstrings must not be changed.",
    "Comments, docstrings, and formatting must stay as they are in {}; raise the limit.",
    "Raise the limit in {}, leaving everything else, comments and docstrings included, unchanged.",
    "Preserve all docstrings and comments of {} while raising the limit to 7.",
    "Raise the limit in {} (leave the docstrings and comments alone).",
    "Never rewrite the comments or docstrings, only raise the limit in {}.",
    "Raise the limit in {} and refrain from touching any docstring or comment.",
    "Do not add, remove or reword comments or docstrings of {}; raise the limit.",
]


@pytest.mark.parametrize("wish", KEPT)
@pytest.mark.parametrize(
    "edit",
    ["    # Round it.\n    size =", '    """Round it."""\n    size ='],
    ids=["comment", "doc"],
)
def test_what_must_stay_is_not_what_is_asked_for(wish, edit):
    instruction = wish.format("the function")
    edited = BEFORE.replace("    size =", edit)
    assert "no_change" in faults(after=edited, descriptive=f"{instruction} Now.", lazy=instruction)


ASKED = [
    "Leave a comment explaining the size.",
    "Add a comment to the size and leave the rest untouched.",
    "Without changing the logic, add comments to all functions.",
    "Leave everything except the comments unchanged.",
    "Change nothing but the comments.",
    "Write comments for the tricky parts; keep behaviour the same.",
    "Do not change any code, just document it in comments.",
    "Keep the comments in line with the code by adding what is missing.",
]


@pytest.mark.parametrize("wish", ASKED)
def test_comments_that_are_asked_for_are_an_edit(wish):
    assert faults(**changed("    size =", "    # Round it.\n    size =", wish)) == {}


NAMES_BOUND = [
    "def f(v):\n    try:\n        print(v)\n    except OSError:\n        del v\n"
    "        raise ValueError\n    return v\n",
    "def f(vs):\n    for v in vs:\n        if v:\n            print(last)\n        else:\n"
    "            last = v\n",
    "def f(v):\n    if v > 2:\n        del v\n    else:\n        del v\n",
    "def f(v):\n    match v:\n        case 1:\n            del v\n"
    "        case _:\n            print(v)\n",
    "import gettext\ngettext.install('app')\nprint(_('value'))\n",
    "globals()['conf'] = 1\nprint(conf)\n",
    "for name in ('a', 'b'):\n    globals()[name] = name\nprint(a, b)\n",
    "globals().update(limit=3)\nprint(limit)\n",
    "if 'debug' in globals():\n    print(debug)\n",
    "import builtins\nbuiltins.log = print\nlog(1)\n",
    "display(area(2))\nget_ipython().run_line_magic('time', '1')\n",
    "def deque(maxlen):\n    return [None] * maxlen\n\n\nprint(deque(2))\n",
]


@pytest.mark.parametrize("code", NAMES_BOUND)
def test_a_name_that_may_well_be_bound_is_no_fault(code):
    assert faults(after=AFTER + code) == {}


OF_EITHER_VERSION = [
    "PY2 = str is bytes\nif PY2:\n    spans = xrange\n",
    "import sys\ntext = str if sys.version_info[0] > 2 else unicode\n",
    "import six\nif six.PY3:\n    spans = range\nelse:\n    spans = buffer\n",
]


@pytest.mark.parametrize("code", OF_EITHER_VERSION)
def test_a_name_of_python_2_in_a_branch_of_its_own_is_none(code):
    assert faults(after=AFTER + code) == {}


NAMES_MISSING = [
    ("def f(v):\n    del v\n    return v\n", "new_undefined_name"),
    ("try:\n    pass\nexcept OSError as e:\n    pass\nprint(e)\n", "new_undefined_name"),
    ("print(limit)\nlimit = 1\n", "new_undefined_name"),
    ("def f(vs):\n    [v for v in vs]\n    return v\n", "new_undefined_name"),
    ("def f(vs):\n    for v in vs:\n        if v:\n            n += 1\n", "new_undefined_name"),
    ("def f():\n    import json\n\n\nprint(json.dumps(1))\n", "new_undefined_name"),
]


@pytest.mark.parametrize(("code", "reason"), NAMES_MISSING)
def test_a_name_that_is_never_bound_where_it_is_used_is_one(code, reason):
    assert list(faults(after=AFTER + code)) == [reason]


NEWER = [
    "def first[T](values: list[T]) -> T:\n    return values[0]\n",
    "class Box[T]:\n    def get(self) -> T:\n        return self.value\n",
    "type Pair[T] = tuple[T, T]\n",
    "prices = {'a': 1}\nprint(f'{prices['a']} of {'\\n'.join(prices)}')\n",
    "def both[*Ts, **P](values): return values\n",
    "def first[T = int](values: list[T]) -> T:\n    return values[0]\n",
    "class Box[T: int = bool, *Ts = *tuple[int, str], **P = [int]]:\n    pass\n",
    "type Pair[\n    T = int,\n] = tuple[T, T]\n",
    "try:\n    n = int('1')\nexcept ValueError, KeyError:\n    n = 0\n",
    "import os\ntry:\n    n = int('1')\nexcept ValueError, os.error:\n    n = 0\n",
]


@pytest.mark.parametrize("code", NEWER)
def test_syntax_newer_than_this_python_is_kept_unless_switched_on(code):
    assert faults(after=AFTER + code) == {}
    program = Program(AFTER + code)
    strict = QualityConfig(rules=RuleSwitches(newer_syntax=True))
    row = {"code_before_purify": BEFORE, "code_after_purify": program.code}
    row |= {"instruct_descriptive_purify": DESCRIPTIVE, "instruct_lazy_purify": LAZY}
    reasons = ["newer_syntax"] if program.newer_syntax else []
    assert list(find_faults(row, strict)) == reasons


@pytest.mark.parametrize(
    "code",
    [
        "def f[T](x: T)\n    return x\n",
        "def f[T](a, a): pass\n",
        "type X = \n",
        "def f[T](a=1, b): pass\n",
        "x = f'{a b}'\n",
        "def f[T = ](x): pass\n",
        "def f[T = int int](x): pass\n",
    ],
)
def test_what_is_wrong_in_any_syntax_does_not_pass_for_new(code):
    assert "after_does_not_parse" in faults(after=AFTER + code)


@pytest.mark.parametrize(
    "name", ["title", "config.toml", "max", "snake_case", "discribe_", "GitHub"]
)
def test_a_word_in_backticks_that_is_no_name_of_code_is_no_fault(name):
    assert faults(descriptive=f"{DESCRIPTIVE} It concerns `{name}` as well.") == {}


@pytest.mark.parametrize("name", ["Circle.bend", "round_half_up", "roundHalf", "spin()", "rows[0]"])
def test_a_name_of_code_that_nothing_is_spelled_like_is_one(name):
    descriptive = f"{DESCRIPTIVE} It concerns `{name}` as well."
    assert list(faults(descriptive=descriptive)) == ["ungrounded_instruction"]


@pytest.mark.parametrize("missing", ["instruct_lazy_purify", "instruct_descriptive_purify"])
def test_an_instruction_of_one_style_is_enough(missing):
    row = {"code_before_purify": BEFORE, "code_after_purify": AFTER}
    row |= {"instruct_descriptive_purify": DESCRIPTIVE, "instruct_lazy_purify": LAZY}
    del row[missing]
    assert find_faults(row, QualityConfig()) == {}
    row["code_after_purify"] = BEFORE
    assert list(find_faults(row, QualityConfig())) == ["no_change"]


LIBRARY = '''"""Helpers for texts."""
import re

WORD = re.compile(r"\\w+")


def count_words(text):
    """Count the words of a text."""
    return len(WORD.findall(text))


class Shelf:
    """Keeps texts."""

    def __init__(self, texts):
        self.texts = texts

    @property
    def first(self):
        return self.texts[0]

    @first.setter
    def first(self, text):
        self.texts[0] = text

    def longest(self):
        """Give the longest text."""
        best = max(self.texts, key=len)
        return best.strip()


def title_case(text):
    """Write each word with a capital."""

    def capital(word):
        return word[:1].upper() + word[1:]

    return " ".join(capital(word) for word in text.split())


def reverse_words(text):
    """Put the words the other way round."""
    return " ".join(reversed(text.split()))
'''
SEPARATED = LIBRARY.replace('" ".join(capital', "separator.join(capital").replace(
    "title_case(text)", 'title_case(text, separator=" ")'
)
WISH = "Give `title_case` a parameter `separator`, a blank by default, that joins the words."


def without(*parts, program=SEPARATED):
    """Cut the definitions that begin with some lines out of a program."""
    blocks = re.split(
        r"(?m)^(?=(?:    )?(?:def |class |@)|    (?:return \" \"|return sep))", program
    )
    kept = [block for block in blocks if not any(part in block for part in parts)]
    return "".join(kept)


LOST = [
    ("reverse_words", without("def reverse_words", "reversed(")),
    ("count_words", without("def count_words")),
    ("Shelf.longest", without("def longest")),
    ("Shelf.first.setter", without("@first.setter", "def first(self, text)")),
    ("Shelf", SEPARATED[: SEPARATED.index("class")] + SEPARATED[SEPARATED.index("def title") :]),
    ("Shelf, count_words", SEPARATED[SEPARATED.index("def title") :]),
]


@pytest.mark.parametrize(("name", "after"), LOST)
def test_a_definition_that_vanishes_unasked_is_a_silent_deletion(name, after):
    found = faults(before=LIBRARY, after=after, **asked(WISH))
    assert found["silent_deletion"] == name or name in found["silent_deletion"]


SPOKEN_OF = [
    ("Remove `reverse_words`, which nothing calls.", without("def reverse_words", "reversed(")),
    (
        "Drop the function that lets words be reversed: reverse words is gone.",
        without("def reverse_words", "reversed("),
    ),
    ("Delete the unused functions.", without("def count_words")),
    ("Get rid of the `longest` method of the shelf.", without("def longest")),
    (
        "Make `first` read-only by removing its setter.",
        without("@first.setter", "def first(self, text)"),
    ),
    (
        "Delete the shelf class.",
        SEPARATED[: SEPARATED.index("class")] + SEPARATED[SEPARATED.index("def title") :],
    ),
    (
        "Simplify `title_case` with `str.title`.",
        LIBRARY[: LIBRARY.index("    def capital")]
        + "    return text.title()\n"
        + LIBRARY[LIBRARY.index("\n\ndef reverse") :],
    ),
    ("Call it backwards instead.", SEPARATED.replace("reverse_words", "backwards")),
    (
        "Put the counting on the shelf.",
        without("def count_words").replace(
            "    def longest",
            "    def count_words(self, text):\n"
            "        return len(WORD.findall(text))\n\n    def longest",
        ),
    ),
    (
        "Count in one place.",
        without("def count_words") + "\n\ntext = 'a b'\nprint(len(WORD.findall(text)))\n",
    ),
    (
        "Keep texts in a named tuple instead of the class.",
        SEPARATED[: SEPARATED.index("class")]
        + "Shelf = namedtuple('Shelf', 'texts')\n\n\n"
        + SEPARATED[SEPARATED.index("def title") :],
    ),
]


@pytest.mark.parametrize(("wish", "after"), SPOKEN_OF)
def test_a_definition_that_is_spoken_of_or_is_still_there_may_go(wish, after):
    assert "silent_deletion" not in faults(before=LIBRARY, after=after, **asked(wish))


def test_what_is_named_only_to_be_kept_is_not_asked_to_go():
    after = without("def count_words")
    wish = "Remove the parameter of nothing, and do not touch `count_words`."
    assert "silent_deletion" in faults(before=LIBRARY, after=after, **asked(wish))


USES_OF_AN_IMPORT = [
    "@pytest.mark.skipif(platform.system() == 'Windows', reason='paths')\n",
    "@pytest.mark.skipif(\n    platform.system() == 'Windows', reason='paths'\n)\n",
]


@pytest.mark.parametrize("mark", USES_OF_AN_IMPORT)
def test_an_import_that_a_reworked_function_needs_no_more_is_not_lost(mark):
    test = "def test_opens(path):\n    opened = path\n    assert opened\n"
    before = f"import platform\n\nimport pytest\n\n\n{mark}{test}\n\nLIMIT = pytest\n"
    after = before.replace(mark, "").replace("import platform\n\n", "")
    wish = asked("Open the path by its whole name.")
    assert faults(before=before, after=after, **wish)["silent_deletion"] == "platform"
    after = after.replace("opened = path", "opened = path.absolute()")
    assert faults(before=before, after=after, **wish) == {}


def test_what_only_dead_code_uses_is_dead_as_well():
    before = f"{BEFORE}\n\ndef turn(angle):\n    return spin(angle) * 2\n"
    before += "\n\ndef spin(angle):\n    return angle + 360\n"
    wish = asked("Take out the dead code at the end.")
    assert faults(before=before, after=BEFORE, **wish) == {}
    used = before.replace("size = area", "size = turn(1) + area")
    after = BEFORE
    assert "silent_deletion" in faults(before=used, after=after, **wish)


def test_dots_that_pass_over_an_error_or_make_a_class_elide_nothing():
    code = "\n\nclass Bent(ValueError):\n    ...\n"
    code += "\n\ntry:\n    area(2)\nexcept OSError:\n    ...  # no such place\n"
    code += "\n\nclass Wire:\n    def __del__(self):\n        ...\n"
    assert faults(after=AFTER + code) == {}
    assert list(faults(after=AFTER + "\n\nif area(2):\n    ...\n")) == ["elided_code"]


ABOUT_TEXT = [
    "Fix the reST directive.",
    "Correct the versionchanged entry.",
    "Add a note on units.",
    "Add the missing word.",
    "Do as pydocstyle says.",
]


@pytest.mark.parametrize("wish", ABOUT_TEXT)
def test_a_docstring_alone_may_change_where_its_text_is_spoken_of(wish):
    before = BEFORE.replace("(radius):\n    size", '(radius):\n    """Say it."""\n    size')
    after = before.replace("Say it.", "Say how large it is.")
    assert faults(before=before, after=after, **asked(wish)) == {}
    assert list(faults(before=before, after=after, **asked("Round the size down."))) == [
        "no_change"
    ]


def test_annotations_alone_may_change_where_the_instruction_names_one():
    before = BEFORE.replace("describe(radius)", "describe(radius: Dict)")
    after = before.replace("Dict", "Mapping")
    before, after = (f"from typing import Dict, Mapping\n{code}" for code in (before, after))
    assert faults(before=before, after=after, **asked("Let it take any Mapping.")) == {}
    found = faults(before=before, after=after, **asked("Round the radius down."))
    assert found["no_change"] == "annotations alone"


def test_a_decorator_that_does_what_a_call_did_deletes_nothing():
    before = (
        "from zope.interface import implements\n\n\nclass Shelf(object):\n"
        "    implements(IShelf)\n\n    def first(self):\n        return 1\n"
    )
    after = before.replace("implements\n", "implementer\n").replace(
        "    implements(IShelf)\n\n", ""
    )
    after = after.replace("class", "@implementer(IShelf)\nclass")
    assert faults(before=before, after=after, **asked("Port it to Python 3.")) == {}


SCRIPT = "".join(f"print('step {n}', {n} * {n})\n" for n in range(30)) + "\nlimit = 5\n"


def test_a_file_that_shrinks_by_more_than_a_third_unasked_is_one():
    after = SCRIPT[: len(SCRIPT) // 2].rpartition("\n")[0] + "\n\nlimit = 7\n"
    wish = "Raise the limit to 7."
    found = faults(before=SCRIPT, after=after, **asked(wish))
    assert found["silent_deletion"] == "31 lines of code become 16"
    assert faults(before=SCRIPT, after=after, **asked(wish), language="ruby") == found
    for wish in (
        "Print half of the steps and remove the other half.",
        "Print the steps in a loop.",
    ):
        assert "silent_deletion" not in faults(before=SCRIPT, after=after, **asked(wish))


STUBS = [
    "def pytest_configure(config):\n    pass\n",
    "def setup_module():\n    pass\n",
    "class FakeSocket:\n    def send(self, data):\n        pass\n",
    "def test_it():\n    def callback():\n        pass\n\n    describe(callback)\n",
    "@app.route('/')\ndef index():\n    pass\n",
    "def noop():\n    pass\n",
]


@pytest.mark.parametrize("code", STUBS)
def test_an_empty_function_that_a_framework_or_a_test_needs_is_no_elision(code):
    app = "app = None\n"
    assert faults(before=BEFORE + app, after=AFTER + app + code) == {}


VAGUE = [
    "fix",
    "lint",
    "fix it",
    "minor fixes and small improvements",
    "clean up the code",
    "wip",
    "Bump version to 1.2.3",
    "Release 2.0.1",
    "Update the version number",
    "Merge branch 'main' into dev",
    "Merge pull request #12 from a/b",
    "Resolve merge conflicts",
    "Round the size as discussed.",
    "Round the size, see issue #12",
    "Round the size, see https://example.com/x/1",
    "Round the size as in 3f2a9bc1",
    "Apply the diff to the size",
    "Round the size like in the previous commit",
    "Address review comments on size",
    "[pre-commit.ci] auto fixes from pre-commit.com hooks",
]


@pytest.mark.parametrize("wish", VAGUE)
def test_an_instruction_that_says_nothing_a_model_could_follow_is_vague(wish):
    assert "vague_instruction" in faults(lazy=wish)
    assert "vague_instruction" in faults(descriptive=f"{wish}", lazy="round the size well")


CLEAR = [
    "round the size to 2 decimals",
    "Merge the two loops into one",
    "Set the version of the protocol to 3",
    "Release the lock in close()",
    "Fix the typo in `describe`",
    "Allow comments in the config file",
    "read hex like `deadbeef12`",
    "Support Python 3.12",
    "Limit it to the #1 item",
    "change the colour to #ff00ff",
]


@pytest.mark.parametrize("wish", CLEAR)
def test_an_instruction_of_few_words_that_says_what_to_do_is_none(wish):
    assert "vague_instruction" not in faults(lazy=wish)


def test_a_link_or_a_diff_is_the_programs_own_where_its_code_has_one():
    code = "\n\ndef diff(one):\n    return 'https://example.com/x'\n"
    for wish in ("let it show the diff", "ask https://example.com/x instead"):
        assert "vague_instruction" in faults(lazy=wish)
        assert faults(before=BEFORE + code, after=AFTER + code, lazy=wish) == {}


CASES = "class TestClear:\n" + "\n".join(
    f"    def test_clear_with_{name}(self, path):\n        media = open_media(path)\n"
    f"        media.lyrics = {value}\n        assert not media.lyrics\n"
    for name, value in [("none", "None"), ("nothing", "[]"), ("a_space", "' '")]
)


@pytest.mark.parametrize(
    ("decorator", "is_silent"),
    [
        ("pytest.mark.parametrize('value', [None, [], ' '])", False),
        ("parameterized.expand([None, [], ' '])", False),
        ("pytest.mark.slow", True),
    ],
)
def test_one_test_with_parameters_stands_for_several_of_one_value(decorator, is_silent):
    after = (
        f"class TestClear:\n    @{decorator}\n    def test_clear(self, path, value):\n"
        "        media = open_media(path)\n        media.lyrics = value\n"
        "        assert not media.lyrics\n"
    )
    assert ("silent_deletion" in faults(before=CASES, after=after)) is is_silent

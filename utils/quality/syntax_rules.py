"""Rules about a program that must compile, and whose names must mean something.

Each rule says what is wrong with a triplet, in a few words, or None.
"""

import ast
import collections
import functools
import itertools
import re
import sys
import typing

from utils.code.lexing import without_strings
from utils.quality.python_program import Program
from utils.quality.triplet import Triplet
from utils.quality.unresolved_names import PYTHON2_NAMES

ASKS_FOR_FIX = re.compile(
    r"\b(?:fix\w*|bugs?|debug\w*|broken|repair\w*|crash\w*|typos?|syntax\w*|\w*indent\w*|mistakes?"
    r"|incorrect\w*|wrong\w*|correct(?:s|ed|ly)?|fails?|failing|port(?:ed)?|migrat\w+|upgrad\w+"
    r"|unclosed|unterminated|unbalanced|parse error|\w*(?:Syntax|Indentation|Tab)Error"
    r"|(?:does|do|will|can)(?:n['’]?t| not|not) (?:run|work|parse|compile|import))\b"
    r"|python\W?[23]|\bpy[23]\b|修复|错误|修正",
    re.IGNORECASE,
)
_PYTHON2_ERROR = re.compile(
    r"Missing parentheses in call to '(?:print|exec)'|multiple exception types must be"
    r"|leading zeros in decimal integer"
)
_PYTHON2_LINE = re.compile(
    r"^[ \t]*+(?:[^#\n]{0,200}:[ \t]*+)?(?:print[ \t]++(?:>>|[\"'\w%-])|exec[ \t]++[\"'\w]"
    r"|raise[ \t]++\w++[ \t]*+,|except[ \t]++[\w.() ,]{1,100}?,[ \t]*+\w++[ \t]*+:)"
    r"|<>|\b0[0-7]++L?\b(?!\.)|\b\d++L\b|\bur[\"']",
    re.MULTILINE,
)
# Modules by the names they are used under, and names that programs import from the library.
_MODULES = """
    np pd plt sns tf torch nn F nx sp scipy numpy pandas sklearn matplotlib requests yaml tqdm
    pytest flask django sqlalchemy pydantic bs4 cv2 PIL
"""
_FROM_MODULES = """
    dataclass field Path datetime timedelta timezone date Decimal Fraction Enum IntEnum auto ABC
    abstractmethod contextmanager suppress deepcopy sleep perf_counter Thread Lock Queue
    ThreadPoolExecutor ProcessPoolExecutor BytesIO StringIO uuid4 sqrt ceil floor
"""
_IMPORTABLE = (
    frozenset([*_MODULES.split(), *_FROM_MODULES.split()])
    | frozenset([*typing.__all__, *collections.__all__, *functools.__all__, *dir(itertools)])
    | sys.stdlib_module_names
)


def after_does_not_parse(triplet: Triplet) -> str | None:
    """Code after that does not compile, for another reason than being Python 2."""
    error = triplet.program_after.error
    return error if error and not python2_sign(triplet.program_after) else None


def before_does_not_parse(triplet: Triplet) -> str | None:
    """Code before that does not compile though the instruction asks for no fix."""
    error = triplet.program_before.error
    if not error or triplet.speaks_of(ASKS_FOR_FIX) or python2_sign(triplet.program_before):
        return None
    return error


def python2_code(triplet: Triplet) -> str | None:
    """Python 2, in the code after, or before when no change to Python 3 is asked for."""
    if sign := python2_sign(triplet.program_after):
        return f"code_after: {sign}"
    sign = python2_sign(triplet.program_before)
    return f"code_before: {sign}" if sign and not triplet.speaks_of(ASKS_FOR_FIX) else None


def python2_sign(program: Program) -> str | None:
    """Find what makes a program one of Python 2: its grammar, or two of its built-in names."""
    if not program.error:
        if not program.words & PYTHON2_NAMES:
            return None
        names = sorted(program.unresolved & PYTHON2_NAMES)
        return ", ".join(names) if len(names) > 1 or "xrange" in names else None
    if match := _PYTHON2_ERROR.search(program.error):
        return match[0]
    match = _PYTHON2_LINE.search(without_strings(program.code))
    return match[0].strip() if match else None


def newer_syntax(triplet: Triplet) -> str | None:
    """Syntax that the running interpreter does not know yet, and a grammar does."""
    for name, program in triplet.programs.items():
        if program.newer_syntax:
            return f"{name}: {program.newer_syntax}"
    return None


def new_undefined_name(triplet: Triplet) -> str | None:
    """A name that the code after uses and nothing defines, and that was no such name before."""
    new = new_unresolved(triplet)
    plain = (name for name in new if not _is_importable(name) or name in _bound(triplet))
    return ", ".join(sorted(plain)) or None


def new_missing_import(triplet: Triplet) -> str | None:
    """A module, or a well-known name of one, that the code after uses without importing it.

    A name that the program binds anywhere itself is its own.
    """
    imported_before = triplet.program_before.imports
    missing = (
        name
        for name in new_unresolved(triplet)
        if (name in imported_before or _is_importable(name)) and name not in _bound(triplet)
    )
    return ", ".join(sorted(missing)) or None


def _bound(triplet: Triplet) -> frozenset[str]:
    return triplet.program_after.bound_names


def new_unresolved(triplet: Triplet) -> frozenset[str]:
    """Collect the names unresolved in the code after and not in the code before.

    Where the code before is no program, any name that it mentions counts as not new.
    """
    new = triplet.program_after.unresolved
    if not new:
        return new
    known = triplet.program_before.words if triplet.program_before.error else None
    return new - (triplet.program_before.unresolved if known is None else known)


def removed_definition_still_used(triplet: Triplet) -> str | None:
    """A function, class, import or method that is gone while the code after still uses it."""
    before = triplet.program_before
    after = triplet.program_after
    if before.tree is None or after.tree is None:
        return None
    unresolved = new_unresolved(triplet)
    still_used = unresolved & before.bound_names if unresolved else unresolved
    return ", ".join(sorted(still_used | _removed_methods_used(before, after))) or None


def _removed_methods_used(before: Program, after: Program) -> set[str]:
    """Collect methods gone from classes without other bases and still called on `self`."""
    found = set()
    for name, old in before.definitions.items():
        new = after.definitions.get(name)
        if not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef):
            continue
        removed = _methods(old) - _methods(new)
        if removed and not _may_inherit(new):
            found |= (removed & _attributes_of_self(new)) - after.bound_names
    return found


def _methods(node: ast.ClassDef) -> set[str]:
    return {child.name for child in node.body if isinstance(child, ast.FunctionDef)}


def _may_inherit(node: ast.ClassDef) -> bool:
    is_open = any(not isinstance(base, ast.Name) or base.id != "object" for base in node.bases)
    return is_open or bool(node.keywords) or bool(_methods(node) & {"__getattr__", "__setattr__"})


def _attributes_of_self(node: ast.ClassDef) -> set[str]:
    return {
        child.attr
        for child in ast.walk(node)
        if isinstance(child, ast.Attribute)
        and isinstance(child.value, ast.Name)
        and child.value.id in ("self", "cls", node.name)
    }


def _is_importable(name: str) -> bool:
    return name in _IMPORTABLE

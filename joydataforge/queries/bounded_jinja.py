"""Jinja in which no template makes much of little: no powers, no texts of megabytes."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_TIMES = 10_000  # that a text or list is repeated, or the width it is filled up to
LONGEST_TEXT = 1 << 22  # characters
LARGEST_NUMBER = 1 << 64
_LARGE_WIDTH = re.compile(r"\d{5}|%[^%a-zA-Z]*\*|\{[^}]*\{")


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox that bounds what operators, calls and filters may make, before they make it."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.filters = {name: _bounded(each) for name, each in self.filters.items()}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Parse `~`, which no sandbox sees, as `+` of texts."""
        template = super()._parse(source, name, filename)
        while (found := next(template.find_all(nodes.Concat), None)) is not None:
            _replace(template, found, _as_sum(found))
        return template

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise SecurityError("powers are not for templates")
        if operator == "*":
            _check_product(left, right)
        if operator == "%" and isinstance(left, str):
            _check_format(left)
        return checked(super().call_binop(context, operator, left, right))

    def call(self, context: Context, called: Any, *values: Any, **named: Any) -> Any:  # type: ignore[override]
        owner = getattr(called, "__self__", None)
        if isinstance(owner, str):
            _check_arguments(*values, *named.values())
            if getattr(called, "__name__", "") in ("format", "format_map"):
                _check_format(owner)
            if getattr(called, "__name__", "") in ("replace", "join", "translate"):
                _check_growth(owner, values)
        return checked(super().call(context, called, *values, **named))


def _bounded(make: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(make)
    def bounded(*values: Any, **named: Any) -> Any:
        _check_arguments(*values, *named.values())
        if getattr(make, "__name__", "") == "do_format":
            for each in values:
                if isinstance(each, str):
                    _check_format(each)
        if getattr(make, "__name__", "") in ("do_replace", "sync_do_join", "do_join"):
            texts = [each for each in values if isinstance(each, str)]
            _check_growth(texts[0] if texts else "", texts[1:])
        return checked(make(*values, **named))

    return bounded


def checked(made: Any) -> Any:
    """Give back what was made; SecurityError where it is larger than any template needs."""
    if isinstance(made, str | list | tuple | dict) and len(made) > LONGEST_TEXT:
        raise SecurityError(f"more than {LONGEST_TEXT:,} characters")
    if isinstance(made, int) and abs(made) > LARGEST_NUMBER:
        raise SecurityError("a number beyond 64 bits")
    return made


def _check_arguments(*values: Any) -> None:
    for each in values:
        if isinstance(each, int) and abs(each) > MOST_TIMES:
            raise SecurityError(f"{each:.0e} is more than {MOST_TIMES:,}")


def _check_product(left: Any, right: Any) -> None:
    for times, repeated in ((left, right), (right, left)):
        if isinstance(times, int) and isinstance(repeated, str | list | tuple | bytes):
            _check_arguments(times)
            if times * len(repeated) > LONGEST_TEXT:
                raise SecurityError(f"more than {LONGEST_TEXT:,} characters")


def _check_format(text: str) -> None:
    if _LARGE_WIDTH.search(text):
        raise SecurityError("a width of five digits, or one out of a value")


def _check_growth(text: str, values: Any) -> None:
    """Refuse where each character could become a long text, or each item be parted by one."""
    for each in values:
        size = len(each) if isinstance(each, str | list | tuple | dict) else 0
        if (len(text) + 1) * size > LONGEST_TEXT:
            raise SecurityError(f"more than {LONGEST_TEXT:,} characters")


def _as_sum(concat: nodes.Concat) -> nodes.Expr:
    texts: list[nodes.Expr] = [
        nodes.Filter(each, "string", [], [], None, None, lineno=concat.lineno)
        for each in concat.nodes
    ]
    total = texts[0]
    for each in texts[1:]:
        total = nodes.Add(total, each, lineno=concat.lineno)
    return total


def _replace(tree: nodes.Node, old: nodes.Node, new: nodes.Node) -> None:
    for parent in [tree, *tree.find_all(nodes.Node)]:
        for field in parent.fields:
            value = getattr(parent, field, None)
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list):
                for place, each in enumerate(value):
                    if each is old:
                        value[place] = new
                        return
    raise AssertionError("what was found is in the tree")

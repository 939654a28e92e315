"""Templates with `{places}`, filled in one pass: braces in the data stay what they are."""

import re
from collections.abc import Callable

_PLACE = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def template_places(template: str) -> list[str]:
    """List the names of a template's places, each once."""
    return list(dict.fromkeys(_PLACE.findall(template)))


def fill_template(template: str, value: Callable[[str], str]) -> str:
    """Put a value into each place; a line all of whose places are empty is left out."""
    lines = [_fill_line(line, value) for line in template.split("\n")]
    return "\n".join(line for line in lines if line is not None).strip("\n")


def _fill_line(line: str, value: Callable[[str], str]) -> str | None:
    values = {name: value(name) for name in template_places(line)}
    if values and not any(values.values()):
        return None
    return _PLACE.sub(lambda place: values[place[1]], line)

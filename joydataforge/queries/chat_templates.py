"""Chat templates: how a conversation is written for a model, up to the turn it is to write.

The known ones stand in `chat_templates.yaml`; others come from a file in the same form.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

from utils.config import parse_config, read_yaml
from utils.errors import PipelineError

TEMPLATES_FILE = Path(__file__).parents[1] / "chat_templates.yaml"

Turn = tuple[str, str]  # what the user said, and what the assistant answered


class ChatTemplate(Protocol):
    """What a template is to those that use it. Both texts end where the model goes on."""

    @property
    def name(self) -> str: ...

    @property
    def stops(self) -> list[str]: ...

    @property
    def control(self) -> list[str]: ...

    def up_to_query(self, system: str, turns: Sequence[Turn]) -> str: ...

    def up_to_answer(self, system: str, turns: Sequence[Turn], query: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class PrefixTemplate:
    """A template by what stands before and after each turn; the fields are the YAML's keys.

    `bos`, the token that opens a sequence, is written only with `write_bos`: most servers put it
    there themselves, and twice would be once too often.
    """

    name: str = ""
    bos: str = ""
    write_bos: bool = False
    system_prefix: str = ""
    system_suffix: str = ""
    system_lead: str = ""
    default_system: str = ""
    always_system: bool = False
    system_in: Literal["turn", "first_user", "last_user"] = "turn"
    user_prefix: str
    user_suffix: str
    assistant_prefix: str
    assistant_suffix: str
    query_prefix: str | None = None
    answer_prefix: str | None = None
    stops: list[str]
    control: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.user_prefix or not self.stops or not all(self.stops):
            raise ValueError("user_prefix and stops must not be empty")

    def up_to_query(self, system: str, turns: Sequence[Turn]) -> str:
        """Write the conversation so far and open the user's next turn."""
        opening = self.user_prefix if self.query_prefix is None else self.query_prefix
        lead = self._lead(system, is_first=not turns, is_last=True)
        # After a system text the turn has begun as usual.
        opening = self.user_prefix + lead if lead else opening
        return self._past(system, turns) + opening

    def up_to_answer(self, system: str, turns: Sequence[Turn], query: str) -> str:
        """Write the conversation with the user's query and open the assistant's turn."""
        opening = self.assistant_prefix if self.answer_prefix is None else self.answer_prefix
        lead = self._lead(system, is_first=not turns, is_last=True)
        asked = self.user_prefix + lead + query + self.user_suffix
        return self._past(system, turns) + asked + opening

    def _past(self, system: str, turns: Sequence[Turn]) -> str:
        written = (self.bos if self.write_bos else "") + self._system_turn(system)
        for number, (query, answer) in enumerate(turns):
            lead = self._lead(system, is_first=number == 0, is_last=False)
            written += self.user_prefix + lead + query + self.user_suffix
            written += self.assistant_prefix + answer + self.assistant_suffix
        return written

    def _system_turn(self, system: str) -> str:
        text = system or self.default_system
        if self.system_in != "turn" or not (text or self.always_system):
            return ""
        return self.system_prefix + self.system_lead + text + self.system_suffix

    def _lead(self, system: str, is_first: bool, is_last: bool) -> str:
        """Give what stands in a user's turn before the user's own text."""
        text = system or self.default_system
        is_here = {"turn": False, "first_user": is_first, "last_user": is_last}[self.system_in]
        return f"{text}\n\n" if text and is_here else ""


@cache
def known_templates() -> dict[str, PrefixTemplate]:
    """Read the templates that ship with JoyDataForge, by name."""
    entries = read_yaml(TEMPLATES_FILE)
    return {name: parse_prefixes(entries[name], name, TEMPLATES_FILE) for name in entries}


def parse_prefixes(entry: Any, name: str, path: str | Path) -> PrefixTemplate:
    """Check one entry of a file of templates; what stops a turn is no text of a message either."""
    values = {"name": name, **entry} if isinstance(entry, dict) else entry
    template = parse_config(values, PrefixTemplate, f"{path}, template '{name}'")
    control = list(dict.fromkeys([*template.stops, *template.control]))
    return dataclasses.replace(template, control=control)


def known_template(name: str) -> PrefixTemplate:
    """Return a template by its name, in any case."""
    templates = known_templates()
    if name.lower() not in templates:
        raise PipelineError(
            f"key 'template': no template '{name}' (have: {', '.join(templates)}); name one of "
            "them, or a file with template_file"
        )
    return templates[name.lower()]

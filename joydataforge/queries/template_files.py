"""Chat templates from files: Jinja as tokenizers carry it, or the short form in YAML."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError

from joydataforge.queries.bounded_jinja import BoundedEnvironment
from joydataforge.queries.chat_templates import ChatTemplate, Turn, parse_prefixes
from utils.config import read_yaml
from utils.errors import PipelineError
from utils.jsonl import load_row, read_document
from utils.processes import TimeLimit, TimeLimitReached

# Stands where a message's text goes, to see what the template puts around it.
MARK = "THE-TEXT-OF-THE-MESSAGE"
LONGEST_RENDERING = 10.0  # seconds of a processor; templates take a thousandth of one
TOKENIZER_CONFIG = "tokenizer_config.json"
JINJA_ENDINGS = (".jinja", ".jinja2", ".j2", ".txt")


def template_from_file(path: str, options: dict[str, Any], write_bos: bool) -> ChatTemplate:
    """Read a template: `.jinja`, `tokenizer_config.json`, or YAML with prefixes and stops.

    `options` are handed to a Jinja template, such as `enable_thinking`.
    """
    ending = Path(path).suffix.lower()
    if ending in (".yaml", ".yml"):
        template = parse_prefixes(read_yaml(path), Path(path).stem, path)
        return dataclasses.replace(template, write_bos=write_bos)
    if ending == ".json":
        return _from_tokenizer(path, _read_tokenizer(Path(path)), options, write_bos)
    if ending not in JINJA_ENDINGS:
        raise PipelineError(
            f"key 'template_file': {path}: name a .jinja file, a {TOKENIZER_CONFIG}, or a .yaml "
            "file with prefixes and stops"
        )
    # The tokens that a template names by `bos_token` and `eos_token` stand in the file beside it.
    beside = Path(path).with_name(TOKENIZER_CONFIG)
    tokens = _read_tokenizer(beside) if beside.exists() else {}
    config = tokens | {"chat_template": _read_text(Path(path))}
    return _from_tokenizer(path, config, options, write_bos)


def _read_text(path: Path) -> str:
    try:
        return read_document(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PipelineError(
            f"key 'template_file': {path}: can't be read ({error}); name a UTF-8 file"
        ) from None


def _read_tokenizer(path: Path) -> dict[str, Any]:
    try:
        config = load_row(_read_text(path).encode())
    except ValueError as error:
        raise PipelineError(f"key 'template_file': {path}: is no JSON ({error})") from None
    if not isinstance(config, dict):
        raise PipelineError(f"key 'template_file': {path}: must hold an object")
    return config


def _from_tokenizer(
    path: str, config: dict[str, Any], options: dict[str, Any], write_bos: bool
) -> ChatTemplate:
    text = config.get("chat_template")
    if isinstance(text, list):  # several, by name
        named = {each.get("name"): each.get("template") for each in text if isinstance(each, dict)}
        text = named.get("default")
    if not isinstance(text, str):
        raise PipelineError(f"key 'template_file': {path}: has no 'chat_template'; name another")
    tokens = {name: _token(config.get(name)) for name in ("bos_token", "eos_token")}
    return JinjaTemplate(path, text, tokens | options, write_bos, _special_tokens(config))


def _token(value: Any) -> str:
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else ""


def _special_tokens(config: dict[str, Any]) -> list[str]:
    added = config.get("added_tokens_decoder")
    entries = added.values() if isinstance(added, dict) else []
    is_special = (each for each in entries if isinstance(each, dict) and each.get("special"))
    return [text for each in is_special if (text := _token(each))]


class JinjaTemplate:
    """A chat template in Jinja; what ends a turn is found by looking at what it writes.

    Raises PipelineError where the template can't write a conversation.
    """

    def __init__(
        self,
        path: str,
        text: str,
        variables: dict[str, Any],
        write_bos: bool = True,
        special: Sequence[str] = (),
    ) -> None:
        self.name = Path(path).stem
        self._path = path
        self._variables = variables
        self._write_bos = write_bos
        environment = BoundedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _refuse
        try:
            self._template = environment.from_string(text)
        except TemplateError as error:
            raise self._error(error) from None
        self.stops = self._find_stops()
        self.control = list(dict.fromkeys([*self.stops, *special]))

    def up_to_query(self, system: str, turns: Sequence[Turn]) -> str:
        """Write the conversation so far and open the user's next turn.

        A blank at the end is left to the model, for which it is a part of the first word.
        """
        return self._around_query(system, turns)[0].rstrip(" ")

    def up_to_answer(self, system: str, turns: Sequence[Turn], query: str) -> str:
        """Write the conversation with the user's query and open the assistant's turn."""
        return self._render([*_messages(system, turns), _message("user", query)], opens=True)

    def _around_query(self, system: str, turns: Sequence[Turn], opens: bool = False) -> list[str]:
        asked = [*_messages(system, turns), _message("user", MARK)]
        parts = self._render(asked, opens).split(MARK)
        if len(parts) != 2:
            raise PipelineError(
                f"key 'template_file': {self._path}: writes the user's text {len(parts) - 1} "
                "times; give the prefixes and stops in a .yaml file instead"
            )
        return parts

    def _find_stops(self) -> list[str]:
        """Take the first mark after a user's and after an assistant's text, and the end token."""
        after_query = self._around_query("", [])[1].strip()
        after_query = after_query or self._around_query("", [], opens=True)[1].strip()
        spoken = self._render([_message("user", "x"), _message("assistant", MARK)], opens=False)
        after_answer = spoken.partition(MARK)[2].strip()
        found = [_first_mark(after_query), _first_mark(after_answer), self._eos()]
        stops = list(dict.fromkeys(stop for stop in found if stop))
        if not stops:
            raise PipelineError(
                f"key 'template_file': {self._path}: nothing ends a turn; give prefixes and stops "
                "in a .yaml file instead"
            )
        return stops

    def _eos(self) -> str:
        return str(self._variables.get("eos_token", ""))

    def _render(self, messages: list[dict[str, str]], opens: bool) -> str:
        try:
            with TimeLimit(LONGEST_RENDERING):
                text = self._template.render(
                    messages=messages, add_generation_prompt=opens, **self._variables
                )
        # A template's own faults surface as whatever Python raises for them.
        except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise self._error(error) from None
        except (ArithmeticError, RecursionError, MemoryError) as error:
            raise self._error(error) from None
        except TimeLimitReached:
            raise self._error(TimeoutError("it takes too long")) from None
        bos = str(self._variables.get("bos_token", ""))
        return text if self._write_bos else text.removeprefix(bos)

    def _error(self, error: Exception) -> PipelineError:
        return PipelineError(
            f"key 'template_file': {self._path}: the template fails ({error}); mend it, or ask "
            "without what it refuses"
        )


def _first_mark(text: str) -> str:
    """Give the first token of what follows a message: `<...>`, `[...]`, or its first line."""
    for opening, closing in ("<>", "[]"):
        if text.startswith(opening) and closing in text:
            return text[: text.index(closing) + 1]
    return text.split("\n")[0].strip()


def _messages(system: str, turns: Sequence[Turn]) -> list[dict[str, str]]:
    said = [_message("system", system)] if system else []
    for query, answer in turns:
        said += [_message("user", query), _message("assistant", answer)]
    return said


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)

"""The entities of a text: what it is about, as names that can be counted.

Code gives its identifiers. Prose gives the named entities and noun phrases that a spaCy model of
English finds where one is installed, less those that only say how much; without one, its noun
phrases by rule.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from itertools import tee
from operator import attrgetter
from typing import TYPE_CHECKING

from utils.code.lexing import code_tokens
from utils.code.topic_words import CODE_STOP_WORDS
from utils.similarity.english import english_model, readable_text
from utils.similarity.instruction_verbs import IDENTIFIER
from utils.similarity.noun_phrases import BREAKS, LONGEST_PHRASE, SHORTEST_WORD, noun_phrases

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

ENTITY_RULES = "noun phrases by rule (no spaCy model of English is installed)"
# Of a longer text the beginning stands for the whole.
MAX_CHARACTERS = 20_000
AMOUNTS = frozenset({"CARDINAL", "ORDINAL", "PERCENT", "MONEY", "QUANTITY", "TIME"})
# Words of programs in the languages that instructions ask for, which are no one's name.
_KEYWORDS = """
    abstract auto boolean byte case catch char const constructor default delete do double echo
    else elseif end endif enum export extends extern final finally float fn foreach func function
    goto implements include inline instanceof int integer interface internal let long mut namespace
    new nil null number of operator override package private protected public readonly require
    select sizeof static std string struct super switch template then this throw throws true false
    trait try type typedef typeof undefined union unless unsigned until use using var virtual void
    where when while yield cout cin endl printf println console log document
"""
NO_NAMES = CODE_STOP_WORDS.union(map(str.lower, keyword.kwlist), _KEYWORDS.split())
_CODE_SPAN = re.compile(r"```[^\n]*\n?(.*?)(?:```|\Z)|`([^`\n]+)`", re.DOTALL)
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S+|\b[\w.+-]{1,64}@[\w.-]+")
# What a line of code begins or ends with, and a line of prose does not.
_CODE_LINE = re.compile(
    r"\s*(?:(?:def|class)\b[^\n]*:|(?:elif|except|with|for|if|while|else|try)\b[^\n]*:\s*\Z"
    r"|import [\w.]+\s*(?:\Z|,| as )|from [\w.]+ import |#include|#define|#!|//"
    r"|(?:SELECT|INSERT INTO|UPDATE|CREATE TABLE) |<[?!/]?[a-zA-Z]\w*[ >/]"
    r"|(?:let |var |const |int |float |string )?[\w.\[\]]+ ?(?:[-+*/:]?=)[^=]"
    r"|[\w.]+\([^\n]*\)\s*\Z|[{}()\[\]]+[;,]?\s*\Z)|\s+return\b"
)
_LINE_END = (";", "{", "}")
# Where it shows that a hash sign doesn't begin a comment.
_BRACES = re.compile(r"#include|[;{]\s*$", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w*")


def find_entities(texts: Iterable[str]) -> Iterator[list[str]]:
    """Find the entities of each text, lower-cased but for identifiers, in order and repeated.

    Those of the prose come first. Any text will do, prose, code or a mixture.
    """
    language = english_model()
    parts = (part_prose_and_code(text[:MAX_CHARACTERS]) for text in texts)
    if language is None:
        for prose, code in parts:
            yield [*noun_phrases(prose), *code_entities(code)]
        return
    first, second = tee(parts)
    documents = language.pipe((readable_text(prose) for prose, _ in first), batch_size=256)
    for document, (_, code) in zip(documents, second, strict=True):
        yield [*_parsed_entities(document), *code_entities(code)]


def _parsed_entities(document: Doc) -> Iterator[str]:
    """Yield the named entities of a text and the noun phrases that hold none of them, in order."""
    named = [entity for entity in document.ents if entity.label_ not in AMOUNTS]
    is_named = {token.i for entity in named for token in entity}
    phrases = (chunk for chunk in document.noun_chunks if not any(t.i in is_named for t in chunk))
    for span in sorted([*named, *phrases], key=attrgetter("start")):
        words = [token for token in span if not token.is_space]
        if words[-1].i not in is_named:
            words = [token for token in words if _is_content(token)][-LONGEST_PHRASE:]
            head = words.pop().lemma_.lower() if words else ""
        else:
            head = words.pop().lower_
        if len(head) >= SHORTEST_WORD:
            yield " ".join([*(token.lower_ for token in words), head])


def _is_content(token: Token) -> bool:
    """Say whether a word of a noun phrase tells what it is about."""
    is_marked = token.pos_ in ("DET", "PRON", "NUM", "ADV", "PUNCT", "SYM", "PART")
    return not is_marked and token.is_alpha and token.lower_ not in BREAKS


def entity_method() -> str:
    """Say how the entities of prose are found on this machine."""
    language = english_model()
    if language is None:
        return ENTITY_RULES
    return f"spaCy's named entities and noun phrases ({language.meta['name']})"


def part_prose_and_code(text: str) -> tuple[str, str]:
    """Part a text into its prose and its code.

    Code stands in fences or backticks, on lines that look like code, or is a name in prose that no
    word is written like: `snake_case`, `camelCase`, `dotted.name`.
    """
    code: list[str] = []

    def take(match: re.Match[str]) -> str:
        code.append(match[1] or match[2] or "")
        return " , "

    lines = _ADDRESS.sub(" , ", _CODE_SPAN.sub(take, text)).split("\n")
    is_code = [bool(_CODE_LINE.match(line)) or line.rstrip().endswith(_LINE_END) for line in lines]
    code += [line for line, found in zip(lines, is_code, strict=True) if found]
    prose = "\n".join(line for line, found in zip(lines, is_code, strict=True) if not found)
    code += [name[0] for name in IDENTIFIER.finditer(prose)]
    return IDENTIFIER.sub(" , ", prose), "\n".join(code)


def code_entities(code: str) -> list[str]:
    """List the identifiers of code in any language, without keywords and names that say nothing."""
    is_hash_comment = not _BRACES.search(code)
    tokens = code_tokens(code, "python" if is_hash_comment else "c")
    names = (token for token in tokens if _NAME.fullmatch(token))
    return [name for name in names if len(name) > 1 and name.lower() not in NO_NAMES]

"""The words of an edit that tell what it is about: identifiers of its code, words of its text."""

import hashlib
import keyword
import os
import re
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

import tree_sitter_python
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Name
from pygments.util import ClassNotFound
from tree_sitter import Language, Parser, Query, QueryCursor

from utils.code.highlighting import lexed
from utils.code.lexing import code_tokens
from utils.code.syntax import parse_in_bounds
from utils.errors import PipelineError

# Raise it when a document's words change, so that fits cached from the old ones aren't reused.
TOKEN_RULES = 2
# A run of capitals up to the next capitalised word, or a word with or without its capital:
# "parseHTTPResponse2" -> parse, HTTP, Response.
CAMEL_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+")
TEXT_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
SHORTEST_WORD = 2
# Names that stand in any program and tell nothing of its subject.
COMMON_NAMES = """
    self cls args kwargs arg kwarg init main name str int float bool bytes list dict set tuple
    object type len range print super isinstance enumerate none true false tmp temp var val
    value values result results ret res data item items key keys get of to by on at the an
"""
CODE_STOP_WORDS = frozenset(COMMON_NAMES.split())
NO_PYTHON_WORDS = CODE_STOP_WORDS.union(word.lower() for word in keyword.kwlist)


@dataclass(frozen=True)
class StopWords:
    """A list of English stop words; `name` tells lists apart, by source and content."""

    name: str
    words: frozenset[str]


def stop_words_name() -> str:
    """Name the list that `english_stop_words` loads; gensim's without loading it."""
    listed = _nltk_list()
    if listed is None:
        return f"gensim-{version('gensim')}"
    return f"nltk-{hashlib.sha256(listed).hexdigest()[:8]}"


def english_stop_words() -> StopWords:
    """Load NLTK's English stop words when its corpus is on this machine, else gensim's.

    gensim's list (Stone, Dennis and Kwantes 2010, 337 words) ships in its package; nothing is
    downloaded.
    """
    listed = _nltk_list()
    if listed is not None:
        words = frozenset(listed.decode("utf-8").split())
    else:
        from gensim.parsing.preprocessing import STOPWORDS

        words = frozenset(STOPWORDS)
    return StopWords(stop_words_name(), words)


@cache
def _nltk_list() -> bytes | None:
    """Read NLTK's list wherever NLTK finds it, unpacked or as it was downloaded.

    Where there is no folder of NLTK's corpora it isn't asked: its import takes longer than a filter
    that finds its topics kept.
    """
    if not any((folder / "corpora").is_dir() for folder in nltk_folders()):
        return None
    import nltk

    try:
        with nltk.data.find("corpora/stopwords/english").open() as file:
            return bytes(file.read())
    except LookupError:
        return None


def nltk_folders() -> list[Path]:
    """List where NLTK looks for its data, as `nltk.data.path`, without importing it."""
    named = os.environ.get("NLTK_DATA", "").split(os.pathsep)
    installed = [Path(sys.prefix, place) for place in ("", "share", "lib")]
    shared = map(Path, ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"))
    folders = [Path(place).expanduser() for place in named if place]
    return folders + [place / "nltk_data" for place in (Path.home(), *installed, *shared)]


def document_tokens(
    code: str, instruction: str, stop_words: StopWords, language: str = "python"
) -> list[str]:
    """List the words of the code before an edit and of its instruction, repeats included."""
    return identifier_words(code, language) + instruction_words(instruction, stop_words)


def identifier_words(code: str, language: str = "python") -> list[str]:
    """List the words that the identifiers of a program are made of, lower-cased, in order.

    Names of every kind count (attributes, functions, decorators, modules part by part); strings,
    comments, keywords and `CODE_STOP_WORDS` don't.
    """
    return [word for name in identifiers(code, language) for word in _words_of(name, language)]


@lru_cache(maxsize=100_000)
def _words_of(name: str, language: str) -> tuple[str, ...]:
    left_out = NO_PYTHON_WORDS if language == "python" else CODE_STOP_WORDS
    parts = split_identifier(name)
    return tuple(part for part in parts if len(part) >= SHORTEST_WORD and part not in left_out)


def identifiers(code: str, language: str = "python") -> list[str]:
    """List the identifiers of a program that need not be valid, in order.

    Python goes by tree-sitter's grammar, a tenth of the time of Pygments' lexer, which knows all
    other languages.
    """
    if language == "python":
        return _python_identifiers(code)
    return [text for kind, text in lexed(get_lexer(language), code) if kind in Name]


def _python_identifiers(code: str) -> list[str]:
    parser, identifier = _python_grammar()
    source = code.encode("utf-8", "replace")
    root = parse_in_bounds(parser, source)
    if root is None:
        # Noise; what is a name in it, no grammar could tell.
        return [token for token in code_tokens(code) if token.isidentifier()]
    found = identifier.captures(root).get("name", [])
    return [source[start:end].decode() for start, end in sorted(node.byte_range for node in found)]


@cache
def _python_grammar() -> tuple[Parser, QueryCursor]:
    """Load the grammar once a process: a parser, and a query for the identifiers of its trees."""
    grammar = Language(tree_sitter_python.language())
    return Parser(grammar), QueryCursor(Query(grammar, "(identifier) @name"))


def split_identifier(name: str) -> list[str]:
    """Split camelCase, acronyms, snake_case and dots: `loadHTTPBody` -> load, http, body."""
    return [part.lower() for part in CAMEL_PART.findall(name) if part.isalpha()]


def instruction_words(text: str, stop_words: StopWords) -> list[str]:
    """List the alphabetic words of an English text, lower-cased, without stop words."""
    found = TEXT_WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    kept = (word.partition("'")[0] for word in found if word not in stop_words.words)
    return [
        word
        for word in kept
        if len(word) >= SHORTEST_WORD and word.isalpha() and word not in stop_words.words
    ]


def check_language(language: str) -> None:
    """Raise PipelineError if there is no telling the names in programs of this language."""
    if language != "python":
        get_lexer(language)


@cache
def get_lexer(language: str) -> Lexer:
    """Get Pygments' lexer of a language; PipelineError if it knows none of this name."""
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        raise PipelineError(
            f"language '{language}' is unknown to Pygments; `pygmentize -L lexers` lists its names"
        ) from None

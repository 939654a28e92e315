"""The words of an edit that tell what it is about: identifiers of its code, words of its text."""

import hashlib
import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Name

from utils.parallel import batched, map_in_order

# Raise it when a document's words change, so that fits cached from the old ones aren't reused.
TOKEN_RULES = 1
BATCH_SIZE = 64
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
PYTHON_KEYWORDS = frozenset(word.lower() for word in keyword.kwlist)


@dataclass(frozen=True)
class StopWords:
    """A list of English stop words; `name` tells lists apart, by source and content."""

    name: str
    words: frozenset[str]


@cache
def english_stop_words() -> StopWords:
    """Load NLTK's English stop words when its corpus is on this machine, else gensim's.

    gensim's list (Stone, Dennis and Kwantes 2010, 337 words) ships in its package; nothing is
    downloaded.
    """
    from nltk.corpus import stopwords

    try:
        source, words = "nltk", frozenset(stopwords.words("english"))
    except LookupError:
        from gensim.parsing.preprocessing import STOPWORDS

        source, words = "gensim", frozenset(STOPWORDS)
    digest = hashlib.sha256("\n".join(sorted(words)).encode()).hexdigest()
    return StopWords(f"{source}-{digest[:8]}", words)


def tokenise_documents(
    documents: Iterable[tuple[str, str]], stop_words: StopWords, num_workers: int = 1
) -> Iterator[list[str]]:
    """Yield the words of each (code before, instruction), in order, by that many processes."""
    tokenise = partial(_tokenise_batch, stop_words)
    for lists in map_in_order(tokenise, batched(documents, BATCH_SIZE), num_workers):
        yield from lists


def _tokenise_batch(stop_words: StopWords, batch: list[tuple[str, str]]) -> list[list[str]]:
    return [document_tokens(code, instruction, stop_words) for code, instruction in batch]


def document_tokens(
    code: str, instruction: str, stop_words: StopWords, language: str = "python"
) -> list[str]:
    """List the words of the code before an edit and of its instruction, repeats included."""
    return identifier_words(code, language) + instruction_words(instruction, stop_words)


def identifier_words(code: str, language: str = "python") -> list[str]:
    """List the words that the identifiers of a program are made of, lower-cased, in order.

    Whatever Pygments calls a Name counts (attributes, functions, decorators, modules part by
    part); strings, comments, keywords and `CODE_STOP_WORDS` don't.
    """
    keywords = PYTHON_KEYWORDS if language == "python" else frozenset()
    return [
        word
        for name in identifiers(code, language)
        for word in split_identifier(name)
        if len(word) >= SHORTEST_WORD and word not in keywords and word not in CODE_STOP_WORDS
    ]


def identifiers(code: str, language: str = "python") -> Iterator[str]:
    """Yield the text of every Name token of a program that need not be valid."""
    for kind, text in _lexer(language).get_tokens(code):
        if kind in Name:
            yield text


def split_identifier(name: str) -> list[str]:
    """Split camelCase, acronyms, snake_case and dots: `loadHTTPBody` -> load, http, body."""
    return [part.lower() for part in CAMEL_PART.findall(name)]


def instruction_words(text: str, stop_words: StopWords) -> list[str]:
    """List the alphabetic words of an English text, lower-cased, without stop words."""
    found = TEXT_WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    kept = (word.partition("'")[0] for word in found if word not in stop_words.words)
    return [word for word in kept if len(word) >= SHORTEST_WORD and word not in stop_words.words]


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language)

"""The entities of a text: what it is about, as names that can be counted.

Code gives its identifiers. Prose gives the named entities and noun phrases that a spaCy model of
English finds where one is installed, less those that only say how much; without one, its noun
phrases by rule.

A phrase is a run of words without a mark between them, cut at function words, numbers, adverbs and
verb forms, as RAKE cuts at stop words (Rose et al. 2010). A word that may be a verb or a noun
counts as a verb unless an article, a preposition or a noun stands before it: "sort the list" gives
"list", "a binary search" gives "binary search". The last three words are kept, where the head is;
its plural is taken off. The word lists complete those of `instruction_verbs`, which know what
instructions to programmers say.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import tee
from operator import attrgetter
from typing import TYPE_CHECKING

from utils.code.lexing import code_tokens
from utils.code.topic_words import CODE_STOP_WORDS
from utils.similarity.english import english_model
from utils.similarity.instruction_verbs import (
    DETERMINERS,
    IDENTIFIER,
    STOPPERS,
    VERBS,
    singular,
)

# Words that are not part of a noun phrase, or tell nothing in one.
_FUNCTION_WORDS = """
    i me myself mine we us ourselves ours you yourself yours he him himself she herself hers it
    itself they them themselves theirs who whom whose which what that this these those someone
    somebody something anyone anybody anything everyone everybody everything nobody nothing none
    one's others
    am is are was were be been being isn't aren't wasn't weren't do does did doing done don't
    doesn't didn't have has had having haven't hasn't hadn't can could will would shall should may
    might must cannot can't couldn't won't wouldn't shouldn't mustn't i'm i've i'd i'll you're
    you've you'll he's she's it's we're we've they're they've let's that's there's what's
    a an the and or but nor so yet if then else than because although though while whereas unless
    until till when whenever where wherever why how whether as of in on at by for with without
    within about against between among into onto through during before after above below to from
    up down out off over under upon across along around behind beside besides beyond despite
    except inside outside near toward towards via per since like unlike versus vs
    again further once here there now just only very too also not no yes ok okay please even still
    already always never ever often sometimes usually maybe perhaps quite rather almost enough
    away back together instead however therefore thus hence otherwise moreover etc eg ie
    each every either neither both all any some few many much more most less least several such own
    same other another else lot lots
    given following specified certain various different able fit long old far fast
"""
# Verbs that prose uses and instructions to programmers don't open with.
_PROSE_VERBS = """
    say tell ask think know feel see look seem appear become come go begin buy sell pay spend cost
    earn own owe eat drink sleep walk drive ride fly travel live stay stand sit lie lose win want
    wish hope love hate enjoy help work play study learn teach mean understand explain discuss
    suggest recommend consider believe happen occur suffer hurt treat cure cause worsen develop grow
    receive read cut hit draw throw catch wear speak meet follow try need prove solve exist belong
    depend consist cook bake harvest share donate pick equal find design download upload finish
    expect prefer request
"""
# The past and the participle of irregular verbs.
_PAST_FORMS = """
    said told thought knew known felt saw seen became came went gone began begun brought bought sold
    paid spent ate eaten drank drunk slept drove driven rode ridden flew flown left stood sat lay
    lost won meant understood gave given took taken made got gotten kept held shown found sent
    wrote written ran broke broken chose chosen drew drawn threw thrown caught wore worn spoke
    spoken met grew grown taught built done rose risen fell fallen hid hidden swam sang sung led
"""
# They end in -ed or -ing and are no verb's form.
_NOT_VERB_FORMS = """
    hundred sacred naked wicked kindred string king ring thing wing spring morning evening building
    ceiling clothing wedding feeling meaning nothing something anything everything pricing rating
    meeting training painting sibling pudding earring shilling setting beginning ending heading
    engineering programming encoding recording parking housing marketing banking accounting
    learning nursing swelling bleeding itching vomiting coughing sneezing breathing
"""
# A noun follows them; of verb forms only the gerund.
_PREPOSITIONS = """
    of in on at for with by from into within without about between among during via per as like
    over under through across against
"""
# They end in -ly and are no adverbs.
_NOT_ADVERBS = "family supply reply assembly anomaly fly belly jelly italy july butterfly bully"
# Whose plural no rule takes off, or that only look like plurals.
SINGULARS = {
    "children": "child", "women": "woman", "men": "man", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "people": "person", "knives": "knife", "leaves": "leaf", "halves": "half",
    "lives": "life", "shelves": "shelf", "loaves": "loaf", "wolves": "wolf", "wives": "wife",
    "cookies": "cookie", "smoothies": "smoothie", "brownies": "brownie", "movies": "movie",
    "calories": "calorie", "pies": "pie", "ties": "tie", "zombies": "zombie", "lies": "lie",
    "shoes": "shoe", "toes": "toe", "caches": "cache", "axes": "axis", "indices": "index",
    "matrices": "matrix", "vertices": "vertex", "potatoes": "potato", "tomatoes": "tomato",
    "diabetes": "diabetes", "series": "series", "species": "species", "herpes": "herpes",
    "rabies": "rabies", "scabies": "scabies", "measles": "measles", "news": "news",
}  # fmt: skip
# What says how many or of what rank, and nothing of what.
_NUMBER_WORDS = """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
    thousand million billion first second third fourth fifth last next half twice double triple
    dozen total amount number rest
"""
# Chinese words that nouns don't hold, and that most sentences do.
CHINESE_FUNCTION_WORDS = "的了在是我你您他她它们有和与不没就都也很吗呢吧啊这那怎么什请被把对从"

FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
PROSE_VERBS = frozenset(_PROSE_VERBS.split())
PAST_FORMS = frozenset(_PAST_FORMS.split())
NOT_VERB_FORMS = frozenset(_NOT_VERB_FORMS.split())
PREPOSITIONS = frozenset(_PREPOSITIONS.split())
NOT_ADVERBS = frozenset(_NOT_ADVERBS.split())
NUMBER_WORDS = frozenset(_NUMBER_WORDS.split())
LONGEST_PHRASE = 3
SHORTEST_WORD = 2
# A word of a script without blanks may be a sentence.
LONGEST_WORD = 40
_LETTER = rf"[^\W\d_{CHINESE_FUNCTION_WORDS}]"
# A word alone, or any other character; a number and a mark end a phrase.
_PIECE = re.compile(rf"[Cc]\+\+|[CcFf]\#|{_LETTER}+(?:['-]{_LETTER}+)*|\S")
_BREAKS = FUNCTION_WORDS | STOPPERS | DETERMINERS | NUMBER_WORDS | set(CHINESE_FUNCTION_WORDS)
# "A function that takes", "each returns".
_ARTICLES = DETERMINERS - {"that", "both", "each", "either", "all", "any", "some"}
_VERBS = VERBS | PROSE_VERBS
if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

RULES = "noun phrases by rule (no spaCy model of English is installed)"
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


def noun_phrases(prose: str) -> Iterator[str]:
    """Yield the noun phrases of a text in order, lower-cased; in any language, roughly.

    Scripts without blanks are cut at marks, and Chinese at its commonest function words.
    """
    phrase: list[str] = []
    before = ""
    for piece in _PIECE.findall(prose.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        word = piece.lower()
        if _is_outside(word) or _is_verb(word, before, bool(phrase)):
            yield from _joined(phrase)
            phrase = []
        else:
            phrase.append(piece)
        before = word
    yield from _joined(phrase)


@lru_cache(maxsize=1 << 16)
def _is_outside(word: str) -> bool:
    """Say whether a word or mark ends a phrase wherever it stands."""
    if not word[0].isalpha() or word in _BREAKS or len(word) > LONGEST_WORD:
        return True
    return word.endswith("ly") and len(word) > 4 and word not in NOT_ADVERBS


def _is_verb(word: str, before: str, is_inside: bool) -> bool:
    """Say whether a word is a verb, going by the word before it and whether that is a noun."""
    if before in _ARTICLES:
        return False
    if before in PREPOSITIONS:
        return _is_gerund(word)
    return _is_inflected(word) or (not is_inside and word in _VERBS)


@lru_cache(maxsize=1 << 16)
def _is_inflected(word: str) -> bool:
    """Say whether a word looks like a verb that is not in its base form."""
    if word in NOT_VERB_FORMS or word in PAST_FORMS:
        return word in PAST_FORMS
    if word.endswith("ed") and len(word) > 4 and not word.endswith("eed"):
        return True
    is_third_person = word.endswith("s") and not _VERBS.isdisjoint((word[:-1], word[:-2]))
    return is_third_person or _is_gerund(word)


@lru_cache(maxsize=1 << 16)
def _is_gerund(word: str) -> bool:
    if not word.endswith("ing") or len(word) < 6 or word in NOT_VERB_FORMS:
        return False
    stem = word[:-3]
    doubled = stem[:-1] if stem[-1] == stem[-2] else stem
    return not _VERBS.isdisjoint((stem, stem + "e", doubled))


def _joined(phrase: list[str]) -> Iterator[str]:
    kept = [word for word in phrase[-LONGEST_PHRASE:] if len(word) >= SHORTEST_WORD]
    if kept:
        yield " ".join([*map(str.lower, kept[:-1]), _head(kept[-1])])


@lru_cache(maxsize=1 << 16)
def _head(word: str) -> str:
    """Lower the last word of a phrase and take its plural off, unless it may be a name: "James"."""
    lower = word.lower()
    if lower in SINGULARS:
        return SINGULARS[lower]
    return singular(lower) if word == lower else lower


def find_entities(texts: Iterable[str]) -> Iterator[list[str]]:
    """Find the entities of each text, lower-cased but for identifiers, in order and repeated.

    Those of the prose come first. Any text will do, prose, code or a mixture.
    """
    language = english_model()
    parts = (split_code(text[:MAX_CHARACTERS]) for text in texts)
    if language is None:
        for prose, code in parts:
            yield [*noun_phrases(prose), *code_entities(code)]
        return
    first, second = tee(parts)
    documents = language.pipe((prose for prose, _ in first), batch_size=256)
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
    return not is_marked and token.is_alpha and token.lower_ not in _BREAKS


def method() -> str:
    """Say how the entities of prose are found on this machine."""
    language = english_model()
    if language is None:
        return RULES
    return f"spaCy's named entities and noun phrases ({language.meta['name']})"


def split_code(text: str) -> tuple[str, str]:
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

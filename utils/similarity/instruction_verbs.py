"""The verb and the object that an instruction opens with: "Add a cache to `load`" -> add, cache.

With a spaCy model of English on this machine the dependency parse finds them (as in Self-Instruct,
Wang et al. 2023). Without one, and where it finds none (the small model takes many an imperative
for a noun), rules for imperative sentences and lists of words do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, tee
from operator import attrgetter
from typing import TYPE_CHECKING

from utils.similarity.english import CODE, english_model, english_rules, readable_text

# Verbs that instructions to a programmer open with. Those that open a noun phrase more often
# ("list comprehension", "default value", "base class") are left out.
_VERBS = """
    abort accept access accumulate activate adapt add address adjust adopt aggregate align
    allocate allow alter amend analyse analyze annotate append apply arrange assert assign
    attach avoid await batch break bring build bump cache calculate call cap cast catch change
    check choose clamp clarify clean clear close collapse collect combine comment compare
    compile complete compress compute condense configure confirm consolidate construct contain
    convert copy correct count cover create cut deal debug declare decode decorate decouple
    decrease dedupe deduplicate default defer define delegate delete deprecate derive describe
    deserialize detect determine develop differentiate disable disallow discard display
    distinguish divide document downgrade drop dump edit eliminate emit empty enable encapsulate
    enclose encode encrypt enforce enhance ensure enumerate escape establish evaluate exclude
    execute exit expand export expose express extend extract factor fetch fill filter finish fix
    flatten flip flush fold forbid format forward free freeze gather generalise generalize
    generate get give group guarantee guard halt handle harden hide hold honor honour identify
    ignore implement import improve include increase increment indent index infer inherit
    initialise initialize inject inline insert inspect instantiate integrate introduce invert
    invoke isolate iterate join keep launch leave let lift limit load lock log loop lower
    lowercase maintain make map mark match measure memoize merge migrate minimise minimize
    mirror modernise modernize modify monitor move narrow need normalise normalize notify obtain
    omit open optimise optimize organise organize output overload override pad parallelise
    parallelize parametrise parametrize parse partition pass patch perform permit persist place
    polish populate port prefer prefix prepare present preserve prevent print process produce
    profile prohibit protect provide prune push put quote raise read rearrange rebuild recompute
    record recover redesign reduce refactor refine reformat refuse register reimplement reject
    relax release reload remove rename render reorder reorganise reorganize repair repeat
    replace report require reset resolve respect restore restrict restructure rethrow retrieve
    retry return reuse reverse revert revise rework rewrite round route run sanitise sanitize
    save scale scan schedule search secure select send separate serialise serialize serve set
    shift shorten show shrink shuffle simplify skip slice sort specify speed split stabilise
    stabilize standardise standardize start stop store stream strengthen strip subclass subtract
    supply support suppress swap switch synchronise synchronize take terminate test throttle
    throw tidy tighten toggle track transform translate transpose treat trim truncate tune turn
    unify unpack unwrap update upgrade uppercase use validate vectorise vectorize verify wait
    warn weaken widen wire wrap write yield
"""
_DETERMINERS = """
    a an the this that these those its their his her my our your all any both each every either
    some such no another one two three more most other same own new existing current
"""
# They end a noun phrase.
_STOPPERS = """
    to of in on at for from by with without within into onto as so and or but that which who
    whose where when while if unless until than then is are was were be been being has have had
    does do did can could should would will may might must before after because since via using
    under over above below between across through during against about per instead rather not it
    them they he she you we there here only also too please directly properly correctly
    everywhere alone beyond exactly everything anything nothing in-place like
"""
# A name may follow these: "the function load".
_CODE_NOUNS = """
    function method class parameter argument variable attribute module constant file script
    program code property field
"""
_PARTICLES = "up out down off away back in over"

VERBS = frozenset(_VERBS.split())
DETERMINERS = frozenset(_DETERMINERS.split())
STOPPERS = frozenset(_STOPPERS.split())
CODE_NOUNS = frozenset(_CODE_NOUNS.split())
PARTICLES = frozenset(_PARTICLES.split())
if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

VERB_RULES = "rules for imperative sentences (no spaCy model of English is installed)"
# An instruction says what it wants early; what follows is detail.
SEARCHED_SENTENCES = 4
MAX_CHARACTERS = 600
LEAD_INS = re.compile(
    r"^(?:please|kindly|also|then|next|first|second|finally|now|instead|additionally|lastly|just|"
    r"simply|and|so|let'?s|(?:can|could|would|will) you(?: please)?|(?:we|i|you)(?:'d like| want| "
    r"need| would like)?(?: you| us)? (?:to|should|must|can)|need to|try to|make sure to|"
    r"be sure to|help me(?: to)?|your task is to|the task is to|i need you to|"
    r"(?:don't|do not|never))[,:]?\s+",
    re.I,
)
OBLIGATION = re.compile(
    r"\b(?:should|must|shall|has to|have to|needs? to|ought to)\s+(?:also|now|always|only)?\s*"
    r"(?:be able to\s+)?(\w+)\b(?!\s+be\b)(.*)",
    re.I | re.S,
)
ASIDE = re.compile(
    r"^(?:nothing|no |none |(?:keep|leave) (?:the |all |every|any)?"
    r"(?:rest|remaining|other|thing|else))",
    re.I,
)
CLAUSE = re.compile(r",\s+(?:and |then |please |so )?(\w+)\b(.*)", re.S)
CODE_SPAN = re.compile(r"```.*?```|`[^`\n]*`|\"[^\"\n]*\"|“[^”\n]*”|\b\w+(?:\.\w+)*\([^)]*\)", re.S)
IDENTIFIER = re.compile(r"\b(?:\w+_\w*|_\w+|[a-z]+[A-Z]\w*|\w+\.\w+(?:\.\w+)*)\b")
# What these part are sentences of their own, too: "Instruction: add types", the lines of a list.
PART_END = re.compile(r"(?<=[:;])\s+|\n+")
LIST_MARK = re.compile(r"^\s*(?:[-*•#>]+|\d+[.)])\s*")


@dataclass(frozen=True)
class VerbObject:
    """What an instruction asks for; the object is "" where it names none."""

    verb: str
    noun: str


def find_verb_objects(texts: Iterable[str]) -> Iterator[VerbObject | None]:
    """Find the verb and object of each instruction, None where it isn't imperative."""
    language = english_model()
    if language is None:
        yield from map(by_rules, texts)
        return
    first, second = tee(texts)
    plain = (_without_code(text[:MAX_CHARACTERS]) for text in first)
    for doc, text in zip(language.pipe(plain, batch_size=128), second, strict=True):
        yield _by_parse(doc) or by_rules(text)


def verb_method() -> str:
    """Say how the verbs are found on this machine."""
    language = english_model()
    if language is None:
        return VERB_RULES
    return f"spaCy's dependency parse ({language.meta['name']}), else rules"


def by_rules(text: str) -> VerbObject | None:
    """Find the first imperative verb and its object's head.

    Where no sentence opens with one: what "should" or "must" asks, then "..., fix it".
    """
    sentences = [part for part in _sentences(text) if not ASIDE.match(part.text)]
    for sentence in sentences:
        rest = sentence.text
        while (shorter := LEAD_INS.sub("", rest, count=1)) != rest:
            rest = shorter
        if found := _imperative(_words(sentence, len(sentence.text) - len(rest))):
            return found
    for pattern in (OBLIGATION, CLAUSE):
        for sentence in sentences:
            match = pattern.search(sentence.text)
            if match and (verb := match[1].lower()) in VERBS:
                return VerbObject(verb, _object_head(_words(sentence, match.start(2))))
    return None


def count_by_verb(pairs: Iterable[VerbObject]) -> dict[str, Counter[str]]:
    """Count the objects of each verb, the most frequent verb first, equals by name."""
    counts: dict[str, Counter[str]] = {}
    for pair in pairs:
        counts.setdefault(pair.verb, Counter())[pair.noun] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])))


def _sentences(text: str) -> list[Span]:
    plain = _without_code(text[:MAX_CHARACTERS])
    parts = filter(str.strip, (LIST_MARK.sub("", part) for part in PART_END.split(plain)))
    found = chain.from_iterable(map(attrgetter("sents"), map(english_rules(), parts)))
    return list(islice(found, SEARCHED_SENTENCES))


def _words(sentence: Span, start: int) -> list[str]:
    """List the words and marks of a sentence from a character on."""
    start += sentence.start_char
    return [token.text for token in sentence if token.idx >= start and not token.is_space]


def _without_code(text: str) -> str:
    return IDENTIFIER.sub(CODE, CODE_SPAN.sub(CODE, readable_text(text)))


def _imperative(words: list[str]) -> VerbObject | None:
    """Read a sentence that opens with a verb, perhaps after a phrase: "In x, add y"."""
    if words and words[0].lower() in ("in", "for", "when", "if", "to", "inside", "within", "after"):
        words = words[words.index(",") + 1 :] if "," in words else []
    if words and words[0].endswith("ly"):
        words = words[1:]
    if not words or (verb := words[0].lower()) not in VERBS:
        return None
    # "Type hints are missing": a noun that looks like a verb has a finite verb soon after it.
    if len(words) > 1 and words[1].lower() in ("is", "are", "was", "were", "has", "does", "should"):
        return None
    return VerbObject(verb, _object_head(words[1:]))


def _object_head(words: list[str]) -> str:
    """Find the head of the first noun phrase: its last word before anything that ends it."""
    if words and words[0].lower() in PARTICLES:
        words = words[1:]
    head = ""
    for word in words:
        lower = word.lower()
        if lower in ("'s", "\N{RIGHT SINGLE QUOTATION MARK}s") or (
            lower in DETERMINERS and not head
        ):
            continue
        if lower in STOPPERS or lower in DETERMINERS or not (word[0].isalpha() or word == CODE):
            break
        if word == CODE and head:
            break  # "a function `f`": the function
        head = lower
        if singular(head) in CODE_NOUNS:
            break
    return head if head == CODE else singular(head)


def singular(noun: str) -> str:
    """Take the plural off a noun, by its ending."""
    noun = noun.removesuffix("'s").strip("'-")
    if len(noun) > 4 and noun.endswith("ies"):
        return noun[:-3] + "y"
    if noun.endswith(("sses", "xes", "ches", "shes", "zes")):
        return noun[:-2]
    if len(noun) > 3 and noun.endswith("s") and not noun.endswith(("ss", "us", "is", "ics")):
        return noun[:-1]
    return noun


def _by_parse(doc: Doc) -> VerbObject | None:
    """Take the root verb of the first sentence that has one and its direct object."""
    for sentence in list(doc.sents)[:SEARCHED_SENTENCES]:
        root: Token = sentence.root
        if root.pos_ == "VERB" and root.i <= sentence.start + 2:
            objects = [child for child in root.children if child.dep_ in ("dobj", "obj")]
            noun = objects[0].lemma_.lower() if objects else ""
            return VerbObject(root.lemma_.lower(), CODE if "‹" in noun or "›" in noun else noun)
    return None

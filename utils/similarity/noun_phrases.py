"""Noun phrases of prose by rule: what lies between words that can't be part of one.

A phrase is a run of words without a mark between them, cut at function words, numbers, adverbs and
verb forms, as RAKE cuts at stop words (Rose et al. 2010). A word that may be a verb or a noun
counts as a verb unless an article, a preposition or a noun stands before it: "sort the list" gives
"list", "a binary search" gives "binary search". The last three words are kept, where the head is;
its plural is taken off.

The word lists complete those of `instruction_verbs`, which know what instructions to programmers
say.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from utils.similarity.instruction_verbs import DETERMINERS, STOPPERS, VERBS, singular

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
BREAKS = FUNCTION_WORDS | STOPPERS | DETERMINERS | NUMBER_WORDS | set(CHINESE_FUNCTION_WORDS)
# "A function that takes", "each returns".
_ARTICLES = DETERMINERS - {"that", "both", "each", "either", "all", "any", "some"}
_VERBS = VERBS | PROSE_VERBS


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
    if not word[0].isalpha() or word in BREAKS or len(word) > LONGEST_WORD:
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

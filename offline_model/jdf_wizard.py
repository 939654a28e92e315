"""Evolves queries and rates them by rule, out of their own nouns and the program's own names.

A share of the answers goes wrong as models' do: the query comes back as it was, the prompt shows
through, the answer is a refusal or rambles on.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from offline_model.conversation import Conversation
from offline_model.instructing import write_answer
from offline_model.misbehaviour import Answer, refusal
from offline_model.wording import spell_out
from utils.sampling import derive_seed
from utils.similarity.noun_phrases import noun_phrases

_GIVEN = re.compile(r"### Given (?:query|instruction)\n")
_END = "\n\n### Rewritten "
_RATED = "### Query to rate\n"
_ANSWERED = "### Query to answer\n"
_PLACE = re.compile(r"\b[ABFN]\b")
_VARIABLE = re.compile(r"\{[^{}]*\}|\b[ABFN]\b")
_SENTENCE_END = re.compile(r"[.?!]+(?:\s|$)")
_DEMANDS = re.compile(
    r"\b(?:why|how|explain|compare|derive|prove|assume|suppose|at most|without|must|design"
    r"|step|optimal|cases?|test)\b",
    re.IGNORECASE,
)
_DEFINED = re.compile(r"^[ \t]*(?:def|class|function|func|fn) (\w+)", re.MULTILINE)

# The words by which a prompt tells what it wants -> what is done to a query. `A` and `B` are things
# the query speaks of, `N` is a number.
_QUERY_RULES: dict[str, tuple[str, ...]] = {
    "constraints to the query": (
        "{Answer in|Use} at most N sentences, and {name|mention} A in the first of them.",
        "Assume that A {cannot|must not} be changed, and say what {that|this} rules out.",
        "{Only N days are left|There is a budget of N euros}, so {weigh|put} A against B.",
        "Give the answer as a {table|numbered list} with N rows, and name one risk of A.",
    ),
    "Widen and deepen": (
        "{Also explain|Explain as well} why A matters here, and how the answer would differ"
        " without B.",
        "What would have to be true of A for the {usual|obvious} answer to be wrong?",
        "How do A and B {bear on|influence} each other in the long run, and where are exceptions?",
    ),
    "Make the query below concrete": (
        "Suppose {a 34-year-old teacher|a shopkeeper with N helpers|a nurse in a small town} has"
        " dealt with A for N weeks.",
        "Work it out for one case: A came up N times last {week|month}, B not {once|at all}.",
        "The place is {a village school|a hospital ward|a small office} where A is"
        " {checked|needed} N times a day.",
    ),
    "steps of reasoning": (
        "First {settle|find out} what is known about A, derive from it what follows for B, and"
        " compare two ways before you {conclude|decide}.",
        "If A were twice as {large|frequent}, what would that do to B, and what to everything that"
        " {depends|rests} on B?",
        "{Decide|Find} which of A and B has to be dealt with first, and show what goes wrong in the"
        " other order.",
    ),
}
_NEW_QUERIES = (
    "Which N mistakes do {beginners|people} make with A most often, and how can one notice them"
    " in time?",
    "{Write|Draft} a short {letter|note} to a colleague who has never heard of A, and tell why B"
    " is no substitute for it.",
    "Someone claims that A always leads to B. {Describe|Propose} a simple way to test that in"
    " N days.",
    "Where does A turn up in daily life without being {noticed|seen}, and what has B to do with"
    " it? {Give|Find} N examples.",
)
_EDIT_RULES: dict[str, tuple[str, ...]] = {
    "constraints to the instruction": (
        "{Keep|Leave} the signature of `F` as it is, and raise a ValueError that names the argument"
        " where it is empty.",
        "The edited `F` must not {import|use} anything new and must stay {under|below} N lines.",
        "`F` has to go over its input once only, with no copy of it.",
    ),
    "Deepen the instruction": (
        "Cover the {case|cases} in which `F` gets nothing, one thing, or the same thing twice.",
        "{Adapt|Change} whatever calls `F` accordingly, and its docstring as well.",
    ),
    "Make the instruction below concrete": (
        "Do this in `F`, with a default of N, and let the message of the error {name|quote} the"
        " value.",
        "{Apply|Limit} it to `F`, and call the new {name|variable} `maximum`.",
    ),
    "steps of reasoning": (
        "Find out which other parts of the program rely on what `F` returns now, and make them"
        " agree with the new {form|result}.",
        "The results of `F` for old callers must stay equal, so {work out|settle} first which of"
        " them could tell the difference.",
    ),
}
_NEW_EDITS = (
    "{Add|Give} `F` a keyword argument `verbose`, off by default, that logs what it {does|gives}.",
    "{Move|Split} the part of `F` that checks its input into a function of its own.",
    "Let `F` {remember|cache} its last N results, and add a way to {clear|empty} them.",
    "{Annotate|Complete} `F` with types and a docstring that {names|lists} its errors.",
)


@dataclass(frozen=True)
class _Task:
    """What a prompt asks: what it says before its sections, the program's names, the query."""

    words: str
    names: tuple[str, ...]
    is_edit: bool
    query: str


def is_evolving(conversation: Conversation) -> bool:
    text = conversation.users[0]
    return _END in text and _GIVEN.search(text) is not None


def answer_evolving(conversation: Conversation, share: float) -> Answer:
    """Write the evolved query or instruction that a prompt asks for."""
    task = _read_task(conversation.users[0])
    rng = random.Random(derive_seed(conversation.seed, conversation.model, "evolve"))
    if rng.random() < share:
        return rng.choice(_SPOILERS)(task.query, rng)
    return Answer(_evolve(task, rng))


def is_rating(conversation: Conversation) -> bool:
    text = conversation.users[0]
    return _RATED in text and '"difficulty"' in text


def answer_rating(conversation: Conversation, share: float) -> Answer:
    """Rate a query by its length and by how much it asks for; a share can't be read."""
    query = conversation.users[0].partition(_RATED)[2].partition("\n\nAnswer with JSON")[0]
    rng = random.Random(derive_seed(conversation.seed, conversation.model, "rate"))
    if rng.random() < share:
        return Answer(rng.choice(("Quite difficult, I would say.", '{"difficulty": "hard"}')))
    difficulty = rate(query) + rng.choice((-1, 0, 0, 0, 1))
    asks = len(_DEMANDS.findall(query))
    found = {
        "reason": f"It asks for {max(1, asks)} {'thing' if asks < 2 else 'things'} in"
        f" {len(query.split())} words.",
        "difficulty": min(10, max(1, difficulty)),
    }
    text = json.dumps(found)
    return Answer(f"```json\n{text}\n```" if rng.random() < 0.2 else text)


def is_answering(conversation: Conversation) -> bool:
    return _ANSWERED in conversation.users[0]


def answer_query(conversation: Conversation, share: float) -> Answer:
    query = conversation.users[0].partition(_ANSWERED)[2].partition("\n\n### ")[0]
    return Answer(write_answer(query, random.Random(conversation.seed)))


def rate(query: str) -> int:
    """Score from 1 to 10, higher with the words, the sentences and the demands of a query."""
    sentences = len(_SENTENCE_END.findall(query))
    score = 1 + len(query.split()) // 18 + sentences // 2 + len(_DEMANDS.findall(query))
    return min(10, score)


def _read_task(prompt: str) -> _Task:
    opening = _GIVEN.search(prompt)
    assert opening is not None
    before = prompt[: opening.start()]
    words, _, program = before.partition("### Program\n")
    return _Task(
        words,
        tuple(dict.fromkeys(_DEFINED.findall(program))),
        "instruction" in opening[0],
        prompt[opening.end() : prompt.rfind(_END)].strip(),
    )


def _evolve(task: _Task, rng: random.Random) -> str:
    """Add a sentence of the asked kind to the query, or write another one of its domain."""
    rules, new = (_EDIT_RULES, _NEW_EDITS) if task.is_edit else (_QUERY_RULES, _NEW_QUERIES)
    kinds = [texts for words, texts in rules.items() if words in task.words]
    unsaid = [text for text in (kinds[0] if kinds else new) if _fixed_part(text) not in task.query]
    sentence = _filled(rng.choice(unsaid or new), task, rng)
    if not kinds or not unsaid:
        return sentence
    ending = "" if task.query.endswith((".", "?", "!", "\u3002", "\uff1f")) else "."
    return f"{task.query}{ending} {sentence}"


def _fixed_part(text: str) -> str:
    """Give the longest run of a rule's words that is the same wherever the rule is used."""
    return max(_VARIABLE.split(" ".join(text.split())), key=len)


def _filled(text: str, task: _Task, rng: random.Random) -> str:
    """Put the query's things, one of the program's names and a number in their places."""
    first, second = _things(task.query, rng)
    values = {"A": first, "B": second, "F": rng.choice(task.names or ("main",))}
    values["N"] = str(rng.randint(3, 9))
    sentence = _PLACE.sub(lambda match: values[match[0]], spell_out(text, rng))
    return sentence[0].upper() + sentence[1:]


def _things(query: str, rng: random.Random) -> tuple[str, str]:
    found = sorted(dict.fromkeys(noun_phrases(query)), key=len, reverse=True)[:5] or ["this"]
    first = rng.choice(found)
    others = [each for each in found if each != first] or ["everything around it"]
    return first, rng.choice(others)


def _unchanged(query: str, rng: random.Random) -> Answer:
    return Answer(query if rng.random() < 0.6 else f'"{query.upper()}"')


def _with_residue(query: str, rng: random.Random) -> Answer:
    heading = rng.choice(("### Given query", "#Rewritten Prompt#:", "Here is the rewritten query:"))
    return Answer(f"{heading}\n{query} Explain each step and name what you have left out.")


def _rambling(query: str, rng: random.Random) -> Answer:
    return Answer(" ".join([query, *["And consider everything else that may matter."] * 90]))


def _declining(query: str, rng: random.Random) -> Answer:
    return refusal(Answer(query), rng)


_SPOILERS: tuple[Callable[[str, random.Random], Answer], ...] = (
    _unchanged,
    _with_residue,
    _rambling,
    _declining,
)

"""Which code an instruction wants gone: named, described by its words, or meant as a kind."""

import ast
import re
from collections.abc import Iterable

from utils.code.topic_words import split_identifier
from utils.quality.python_program import Definition

# "Rewrite the whole file" speaks of everything in it.
_FOR_ALL = re.compile(
    r"from scratch|start(?:ing)? over|(?:rewrit|replac|redo|simplif|refactor)\w* (?:\w+ ){0,4}?"
    r"(?:whole|entire|complete|full) (?:\w+ )?(?:file|module|program|script|code\b|implementation)"
    r"|重写(?:整个|全部)",
    re.IGNORECASE,
)
# What makes something vanish, if only in favour of something else.
_GOES = (
    r"(?:remov|delet|\bdrop|\bkill|\bpurg|\bditch|discard|retir"
    r"|\bstrip|get(?:s|ting)? rid|eliminat|clean|no longer|without|replac"
    r"|instead|simplif|switch|renam|\bmov(?:e|ing)|merg|combin|consolidat|collaps|\binlin|convert"
    r"|\bturn|transform|extract|\bsplit|refactor|rewrit|restructur|reorgani|migrat|deprecat|unused"
    r"|redundant|obsolete|\bdead\b|unnecessar|unneeded|not needed|needless|\bgone\b|becom|\bpull"
    r"|\bpush|hoist|\bfold|absorb|unif(?:y|ie)|dedup|duplicat|\bport\b|rather than|in place of|into"
    r"|in favou?r|generali[sz]|prune|\bcut\b|\bcall(?:ed)? it\b|revert|\bundo\b|superfluous"
    r"|inherit|re-?implement|dataclass|namedtuple|supersed|streamlin|shorten|minimi[sz]e"
    r"|single|one function|one class|parametri[sz]|(?:do not|don['’]t|stop) us(?:e|ing)\b"
    r"|删除|移除|替换|合并|重构|内联|简化)"
)
_FOR_ANY = re.compile(_GOES, re.IGNORECASE)
_SHORTER = re.compile(
    rf"{_GOES}|concis|compact|one[- ]?liner|comprehension|vectori[sz]|\bDRY\b|repetit|repeat|loop"
    r"|tidy|terse|shorter|less code|library|built-?in|standard|use (?:a|an|the)?",
    re.IGNORECASE,
)
_DEAD = re.compile(
    r"unused|\bdead\b|unreachable|obsolete|legacy|deprecated|redundant|left[- ]?over|unnecessary"
    r"|unneeded|no longer (?:used|needed)|\bcruft\b|superfluous|pointless|useless|needless"
    r"|不再使用|无用",
    re.IGNORECASE,
)
# The kind that a wish is aimed at: "merge the two parsers", "replace the class by functions".
_AIMED = (
    r"(?:remov|delet|\bdrop|\bkill|\bpurg|\bditch|discard|retir"
    r"|get(?:s|ting)? rid|eliminat|replac|simplif|merg|combin|consolidat"
    r"|collaps|inlin|convert|turn|transform|rewrit|refactor|unif|fold|clean|strip|switch|prune"
    r"|restructur|flatten|parametri[sz]|split|renam|mov(?:e|ing)|deduplicat|generali[sz]"
    r"|instead of|in place of|rather than|in favou?r of)\w*\W+"
    r"(?:[\w`'./-]+[ ,]+){0,5}?"
)
_CLASS_NOUN = r"(?:sub)?class(?:es)?|hierarchy|types?|models?|objects?|dataclass(?:es)?"
_FUNCTION_NOUN = (
    r"functions?|methods?|helpers?|wrappers?|tests?|routines?|callbacks?|closures?|decorators?"
    r"|accessors?|getters?|setters?|propert(?:y|ies)|constructors?|commands?|handlers?|views?"
    r"|endpoints?|overloads?|fixtures?|shims?|stubs?|implementations?|definitions?|lambdas?|hacks?"
    r"|parsers?|readers?|loaders?|checks?|validators?|converters?|variants?|duplicat\w+|workarounds?"
    r"|util(?:s|ity|ities)|asserts?|hooks?|mixins?|exceptions?|generators?"
)
_AT_CLASSES = re.compile(rf"{_AIMED}(?:{_CLASS_NOUN})\b(?:\W+`?\w+)?", re.IGNORECASE)
_AT_FUNCTIONS = re.compile(rf"{_AIMED}(?:{_FUNCTION_NOUN})\b(?:\W+`?\w+)?", re.IGNORECASE)
_NOUN = re.compile(rf"{_CLASS_NOUN}|{_FUNCTION_NOUN}", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
# Parts of names that say nothing of what a definition is about.
_FILLERS = frozenset(["get", "set", "run", "test", "do", "make", "is", "has", "to", "the", "my"])
_SPECIAL_WORDS = {
    "__init__": r"constructor|initiali[sz]|\binit\b|dataclass|namedtuple|attrs|metaclass",
    "__repr__": r"repr|string|dataclass|namedtuple|print",
    "__str__": r"string|\bstr\b|print|text",
    "__eq__": r"equal|compar|dataclass|namedtuple",
    "__hash__": r"hash|dataclass",
    "__enter__": r"context|\bwith\b",
    "__exit__": r"context|\bwith\b",
    "__iter__": r"iter|loop",
    "__next__": r"iter|generator",
    "__call__": r"call",
}
_COMMON_LENGTH = 5


class RemovalWishes:
    """The clauses of a triplet's instructions that ask for something, read for what is to go."""

    def __init__(self, wishes: list[str]) -> None:
        self._text = "\n".join(wishes)
        self._clauses = wishes

    @property
    def are_for_all(self) -> bool:
        """Whether the whole program is to be written anew."""
        return bool(_FOR_ALL.search(self._text))

    @property
    def are_for_any(self) -> bool:
        """Whether anything at all is to go."""
        return bool(_FOR_ANY.search(self._text))

    @property
    def are_for_less(self) -> bool:
        """Whether the same is to be said in fewer lines."""
        return bool(_SHORTER.search(self._text))

    def speak_of(
        self, name: str, definitions: dict[str, Definition], known: frozenset[str], is_used: bool
    ) -> bool:
        """Tell whether a definition is to go.

        `definitions` are those of the code before by dotted name, `known` their own names.
        """
        if not self.are_for_any:
            return False
        if self.name(name) or self._describe(name) or (not is_used and _DEAD.search(self._text)):
            return True
        definition = definitions[name]
        own = name.rpartition(".")[2]
        if special := _SPECIAL_WORDS.get(own):
            return bool(re.search(special, self._text, re.IGNORECASE))
        aims = [_AT_FUNCTIONS, *([_AT_CLASSES] if isinstance(definition, ast.ClassDef) else [])]
        others = known - {own}
        if any(
            not any(word in others and not _NOUN.fullmatch(word) for word in _words_in(match[0]))
            for clause in self._clauses
            for aim in aims
            for match in aim.finditer(clause)
        ):
            return True
        return self._are_for_owner(name, definitions)

    def _are_for_owner(self, name: str, definitions: dict[str, Definition]) -> bool:
        """Tell whether a function inside of a named function, or a private method, is meant."""
        owner, _, own = name.rpartition(".")
        if not owner:
            return False
        is_inner = own.startswith("_") or not isinstance(definitions.get(owner), ast.ClassDef)
        return is_inner and self.name(owner) or self._are_for_owner(owner, definitions)

    def name(self, dotted: str) -> bool:
        """Tell whether the clauses name a definition, if only in words, and not just a part of it.

        "The busy minutes" names `busy_minutes`; `Account.withdraw` does not name `Account`.
        """
        identifier = next(
            part for part in reversed(dotted.split(".")) if part not in ("setter", "deleter")
        )
        forms = [re.escape(identifier)]
        if len(parts := split_identifier(identifier)) > 1:
            forms.append(r"[\s_-]+".join(map(re.escape, parts)))
        pattern = rf"(?<!\w)(?:{'|'.join(forms)})(?!\w|\.[a-z_])"
        return bool(re.search(pattern, self._text, re.IGNORECASE))

    def _describe(self, name: str) -> bool:
        """Tell whether a clause that makes something vanish has all telling words of a name."""
        words = {word.lower() for word in split_identifier(name.rpartition(".")[2])}
        telling = {word for word in words - _FILLERS if len(word) > 2}
        return bool(telling) and any(
            telling <= _roots_in(clause, telling)
            for clause in self._clauses
            if _FOR_ANY.search(clause)
        )

    def are_for_lines(self, lines: Iterable[str]) -> bool:
        """Tell whether a clause that makes something vanish shares a telling word with lines."""
        words = {
            word.lower()
            for line in lines
            for identifier in _IDENTIFIER.findall(line)
            for word in split_identifier(identifier)
            if len(word) >= _COMMON_LENGTH
        }
        goes = "\n".join(clause for clause in self._clauses if _FOR_ANY.search(clause))
        return any(_root(word.lower()) in goes.lower() for word in words)


def _words_in(text: str) -> list[str]:
    return _IDENTIFIER.findall(text)


def _roots_in(clause: str, words: Iterable[str]) -> set[str]:
    lower = clause.lower()
    return {word for word in words if re.search(rf"\b{re.escape(_root(word))}", lower)}


def _root(word: str) -> str:
    """Cut an ending off a word: `parsers` and `parsing` have the root `pars`."""
    return re.sub(r"(?:ers?|ing|ed|es|s|e)$", "", word) if len(word) > _COMMON_LENGTH else word

"""What spaCy reads out of English texts: sentences and words by rule, grammar by a trained model.

The rules ship with spaCy. A model is used where one is installed; nothing is downloaded. spaCy is
imported when the first text is read, which takes a second.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language

SPACY_MODELS = ("en_core_web_trf", "en_core_web_lg", "en_core_web_md", "en_core_web_sm")
# What an identifier or a piece of code is called: its name would make a group of its own.
CODE = "‹code›"


def readable_text(text: str) -> str:
    """Put a question mark for each lone surrogate, which models do write and spaCy can't take."""
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def english_rules() -> Language:
    """Make the pipeline that needs no model: words, and sentences by the marks that end them.

    "read-only" stays one word; `CODE` is one wherever it stands.
    """
    import spacy
    from spacy.lang.char_classes import HYPHENS
    from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

    language = spacy.blank("en")
    # Their types say less than is so: the rules of English are texts, its tokenizer has them all.
    rules: Any = language.Defaults
    tokenizer: Any = language.tokenizer
    infixes = [rule for rule in rules.infixes if HYPHENS not in rule]
    suffixes = [*rules.suffixes, CODE, r"(?<=›)\."]
    tokenizer.prefix_search = compile_prefix_regex([*rules.prefixes, CODE]).search
    tokenizer.suffix_search = compile_suffix_regex(suffixes).search
    tokenizer.infix_finditer = compile_infix_regex([*infixes, CODE]).finditer
    language.add_pipe("sentencizer")
    return language


@cache
def english_model() -> Language | None:
    """Load the best spaCy model of English that is installed; None where there is none."""
    from importlib.util import find_spec

    for name in SPACY_MODELS:
        if find_spec(name):
            import spacy

            return spacy.load(name)
    return None

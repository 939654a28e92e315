import os
import subprocess
import sys
import sysconfig
import zipfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.token import Name

from utils.code.topic_words import (
    NO_PYTHON_WORDS,
    StopWords,
    document_tokens,
    get_lexer,
    identifier_words,
    instruction_words,
    split_identifier,
)
from utils.errors import PipelineError

STDLIB_MODULES = ("ast.py", "dis.py", "inspect.py", "typing.py", "argparse.py", "asyncio/tasks.py")
ROOT = Path(__file__).resolve().parents[3]
STOP = StopWords("test", frozenset({"the", "a", "so", "that", "it", "don't", "does"}))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("parseHTTPResponse2", ["parse", "http", "response"]),
        ("snake_case_name", ["snake", "case", "name"]),
        ("__init__", ["init"]),
        ("XMLParser", ["xml", "parser"]),
        ("getX", ["get", "x"]),
        ("MAX_RETRY_COUNT", ["max", "retry", "count"]),
        ("os.path", ["os", "path"]),
        ("größeÄndern", ["größeändern"]),
        ("_", []),
        ("v2", ["v"]),
    ],
)
def test_identifiers_split_at_humps_acronyms_and_underscores(name, parts):
    assert split_identifier(name) == parts


def test_names_of_every_kind_count_and_strings_comments_and_keywords_do_not():
    code = '''
import urllib.request as requester

@app.route("/secret")
class OrderService(BaseService):
    """Docstring words."""
    def fetchOrders(self, userId, *, limit=10):  # comment words
        for order in self.repository.findAll(userId):
            yield f"text {order.totalPrice}"
'''
    words = identifier_words(code)
    expected = "urllib request requester app route order service base fetch user limit price"
    assert set(expected.split()) <= set(words)
    assert not set(words) & {"secret", "docstring", "comment", "text", "words", "for", "yield"}
    assert not set(words) & {"self", "def"}


def test_words_keep_their_order_and_repeats():
    assert identifier_words("alpha = beta(alpha)\n") == ["alpha", "beta", "alpha"]


def test_keyword_parts_and_common_names_are_left_out():
    assert identifier_words("import_rows = list(values)\nclass_size = i\n") == ["rows", "size"]


def test_code_that_does_not_parse_still_has_words():
    assert identifier_words("def broken(alpha:\n  return beta +") == ["broken", "alpha", "beta"]


def test_another_language_goes_by_its_own_lexer():
    assert identifier_words("const orderTotal = 1; // note", "javascript") == ["order", "total"]


def test_instruction_words_are_alphabetic_lower_case_and_without_stop_words():
    text = "Rename the function\u2019s `user_id` so that it doesn't take 2 ARGUMENTS."
    assert instruction_words(text, STOP) == (
        ["rename", "function", "user", "id", "doesn", "take", "arguments"]
    )


def test_a_contraction_on_the_stop_list_is_left_out_whole():
    assert instruction_words("Don't crash", STOP) == ["crash"]


def test_a_document_is_its_code_then_its_instruction():
    assert document_tokens("alpha()\n", "Call the beta.", STOP) == ["alpha", "call", "beta"]


@settings(max_examples=60)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_gives_lower_case_words_without_digits(code, instruction):
    for word in document_tokens(code, instruction, STOP):
        assert len(word) >= 2 and word == word.lower()
        assert not any(character.isdigit() or character in "_ \n" for character in word)


@pytest.mark.parametrize("code", ["alpha\ud800 = beta\n", "\ufeffalpha = beta\n", "alpha\x00beta"])
def test_odd_characters_do_no_harm(code):
    assert set(identifier_words(code)) <= {"alpha", "beta", "alphabeta"}


def test_tree_sitter_finds_the_names_that_pygments_finds_in_the_standard_library():
    folder = Path(sysconfig.get_path("stdlib"))
    sources = [(folder / name).read_text("utf-8") for name in STDLIB_MODULES]
    total = different = 0
    for source in sources:
        lexed = get_lexer("python").get_tokens(source)
        by_pygments = Counter(word for kind, name in lexed if kind in Name for word in words(name))
        found = Counter(identifier_words(source))
        total += by_pygments.total()
        different += ((by_pygments - found) + (found - by_pygments)).total()
    assert total > 10_000
    assert different <= 0.005 * total


def words(name: str) -> list[str]:
    return [w for w in split_identifier(name) if len(w) > 1 and w not in NO_PYTHON_WORDS]


def test_an_unknown_language_is_named():
    with pytest.raises(PipelineError, match="language 'pyton' is unknown to Pygments"):
        get_lexer("pyton")


def load_stop_words(tmp_path: Path, setting: str = "") -> str:
    """Load the list in a fresh process that sees no NLTK data but what is under tmp_path."""
    script = "import sys\nfrom utils.code.topic_words import english_stop_words, stop_words_name\n"
    script += "stop_words = english_stop_words()\n"
    script += "assert stop_words.name == stop_words_name()\n"
    script += "assert stop_words.name.startswith('nltk') == ('nltk' in sys.modules)\n"
    script += "print(stop_words.name, len(stop_words.words), 'the' in stop_words.words)"
    places = {"HOME": str(tmp_path), "NLTK_DATA": setting, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | places,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_stop_words_ship_with_a_package_when_nltk_has_no_corpus(tmp_path):
    assert load_stop_words(tmp_path) == f"gensim-{version('gensim')} 337 True\n"


@pytest.mark.parametrize("place", ["nltk_data", "elsewhere"])
def test_nltk_stop_words_are_used_when_installed_and_named_by_their_content(tmp_path, place):
    folder = tmp_path / place / "corpora" / "stopwords"
    folder.mkdir(parents=True)
    setting = str(tmp_path / "elsewhere")
    (folder / "english").write_text("the\nof\n")
    first = load_stop_words(tmp_path, setting)
    assert first.startswith("nltk-") and first.endswith(" 2 True\n")
    (folder / "english").write_text("the\nand\n")
    assert load_stop_words(tmp_path, setting).split()[0] != first.split()[0]


def test_every_folder_that_nltk_looks_in_is_known_without_it():
    script = "import sys, utils.code.topic_words as c\n"
    script += "known = set(map(str, c.nltk_folders())); first = 'nltk' in sys.modules\n"
    script += "import nltk.data; print(first, set(nltk.data.path) <= known)"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NLTK_DATA": "/somewhere"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "False True\n", done.stderr


def test_a_list_that_nltk_left_in_its_archive_is_read(tmp_path):
    folder = tmp_path / "nltk_data" / "corpora"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "stopwords.zip", "w") as archive:
        archive.writestr("stopwords/", "")
        archive.writestr("stopwords/english", "the\nof\nand\n")
    assert load_stop_words(tmp_path).endswith(" 3 True\n")

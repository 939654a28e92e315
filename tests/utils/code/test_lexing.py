import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linear_time import grows_linearly
from utils.code.lexing import (
    code_comments,
    code_tokens,
    jaccard,
    ngram_hashes,
    united_ngrams,
    without_strings,
)


def test_tokens_leave_out_comments_blanks_and_the_kind_of_quotes():
    code = "def f(x):  # a \"comment\"\n\treturn x ** 2 + g('a # b')\n"
    expected = """def f ( x ) : return x ** 2 + g ( "a_#_b )"""
    assert [token.replace(" ", "_") for token in code_tokens(code)] == expected.split()
    expected = code_tokens(code)
    assert code_tokens(code.replace("'", '"').replace("\t", "    ")) == expected


def test_a_docstring_is_one_token():
    assert code_tokens('"""Say "hi".\n\n# no comment\n"""\nx = 1\n') == [
        '"Say "hi".\n\n# no comment\n',
        "x",
        "=",
        "1",
    ]


def test_comments_are_found_where_the_language_has_them():
    code = "x = 1  # one\ny = '# two'\nz = 7 // 2  #three\n"
    assert code_comments(code) == ["one", "three"]
    assert code_comments("a = 1; // one\n/* two */ b = '// three'", "java") == ["one", "two"]


def test_strings_and_comments_are_emptied_and_lines_stay_apart():
    assert without_strings('a = """x\ny"""  # z\nb = \'c\'\n') == 'a = ""\n  \nb = ""\n'


@pytest.mark.parametrize("unit", ['"""', '\\"""', "'\\\n", "\"'", "'''a\""])
def test_hostile_quotes_are_read_in_linear_time(unit):
    assert grows_linearly(code_tokens, unit)
    assert grows_linearly(without_strings, unit)


@settings(max_examples=100)
@given(st.text(alphabet="ab1 \n\t'\"\\#/*(=\x0c\u2028\ud800", max_size=60))
def test_any_text_is_cut_into_tokens_that_stand_in_it(text):
    for language in ("python", "java"):
        for token in code_tokens(text, language):
            assert token and token.removeprefix('"') in text


def test_equal_runs_of_tokens_have_equal_hashes_and_others_do_not():
    one = ngram_hashes(list("abcdef"), 3)
    other = ngram_hashes(list("xbcdey"), 3)
    assert len(one) == len(other) == 4
    assert len(np.intersect1d(one, other)) == 2


def test_the_order_of_tokens_counts():
    assert ngram_hashes(["a", "b"], 2) != ngram_hashes(["b", "a"], 2)


def test_a_short_sequence_is_one_run_that_no_longer_one_holds():
    short = ngram_hashes(["a", "b"], 5)
    assert len(short) == 1 and len(ngram_hashes([], 5)) == 0
    assert short == ngram_hashes(["a", "b"], 9)
    assert not np.isin(short, ngram_hashes(["a", "b", "c"], 3)).any()
    assert not np.isin(short, ngram_hashes(["a"], 5)).any()


@settings(max_examples=50)
@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)))
def test_jaccard_is_that_of_the_sets(one, other):
    hashes = [ngram_hashes([str(item) for item in items], 1) for items in (one, other)]
    united = set(one) | set(other)
    expected = len(set(one) & set(other)) / len(united) if united else 1.0
    assert jaccard(*hashes) == pytest.approx(expected)
    sequences = ([str(item) for item in items] for items in (one, other))
    assert len(united_ngrams(sequences, 1)) == len(united)

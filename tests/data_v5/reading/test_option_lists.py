import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_v5.reading.columns import Unusable
from data_v5.reading.option_lists import (
    lists_letters,
    names_a_letter,
    split_lettered,
    stand_for_a_list,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a ) 38 , b ) 27.675 , c ) 30", ["38", "27.675", "30"]),
        ("a) 1 , 000 , b) 2 , 000", ["1 , 000", "2 , 000"]),
        ("a ) ( a - b ) , b ) ( b + c )", ["( a - b )", "( b + c )"]),
        ("A ) x , B ) y", ["x", "y"]),
        ("a )38,b )40", ["38", "40"]),
        ("a ) a ) 38 , b ) b ) 40", ["38", "40"]),
        ("['a ) 24', 'b ) 120', 'c ) 1 , 024']", ["24", "120", "1 , 024"]),
        ("""[ "a ) ann ' s", 'b ) b ) \\( 2 \\)' ]""", ["ann ' s", "\\( 2 \\)"]),
        ("['A) x , b ) y', 'B) z']", ["x , b ) y", "z"]),
    ],
)
def test_options_come_apart_at_their_letters(text: str, parts: list[str]) -> None:
    assert split_lettered(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "38 , 40",
        "b ) 38 , c ) 40",
        "a ) 38 , b ) 39 , d ) 40",  # c is missing
        "a ) 38 b ) 40 , c ) 41",  # a comma is missing
        "['a ) 38', 'c ) 40']",
        "['38', '40']",
        "['a ) 38', 40]",
        "['a ) 38', 'b ) 40'",
        "['a ) 38'] + ['b ) 40']",
        "[]",
        "[" * 10_000,
        "[" + "-" * 100_000 + "1]",
    ],
)
def test_a_list_that_is_not_in_order_is_unreadable(text: str) -> None:
    with pytest.raises(Unusable, match="^unreadable_options$"):
        split_lettered(text)


@given(st.lists(st.from_regex(r"[0-9 ,./$%]*[0-9]", fullmatch=True), min_size=2, max_size=26))
def test_what_was_joined_comes_apart_again(texts: list[str]) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    joined = " , ".join(f"{letters[n]} ) {text}" for n, text in enumerate(texts))
    assert split_lettered(joined) == [text.strip() for text in texts]


@given(
    st.lists(st.text().map(str.strip).filter(lambda text: ")" not in text), min_size=1, max_size=26)
)
def test_what_python_wrote_comes_apart_again(texts: list[str]) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert split_lettered(repr([f"{letters[n]} ) {text}" for n, text in enumerate(texts)])) == texts


@pytest.mark.parametrize("text", ["So (B) is right", "both A and C", "the answer is D", "choice A"])
def test_a_letter_that_stands_for_an_option_is_seen(text: str) -> None:
    assert names_a_letter([text])


@pytest.mark.parametrize("text", ["A dog", "vitamin a and d", "Answer B2B mails", "(CNN) A bridge"])
def test_other_letters_are_not_taken_for_options(text: str) -> None:
    assert not names_a_letter([text])


def test_small_letters_in_brackets_are_a_list_unless_they_follow_a_function():
    assert lists_letters("Which is sarcastic? (a) What a day (b) What luck")
    assert lists_letters("Is it (b)?")
    assert not lists_letters("Let f(a) = 3 and g(x)(a) = 4. (I) Find f.")


def test_letters_stand_for_a_list_only_where_the_question_has_one():
    assert stand_for_a_list(["(a)", "(b)"], "Which? (a) This (b) That")
    assert stand_for_a_list(["A", "B"], "Which?\nA. This\nB. That")
    assert not stand_for_a_list(["a", "b"], "Which letter comes after a?")
    assert not stand_for_a_list(["this", "that"], "Which? (a) This (b) That")

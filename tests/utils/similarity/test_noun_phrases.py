import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.similarity.noun_phrases import noun_phrases


@pytest.mark.parametrize(
    ("prose", "phrases"),
    [
        (
            "After applying metronidazole, the acne on my skin showed no improvement.",
            ["metronidazole", "acne", "skin", "improvement"],
        ),
        (
            "My father has type 2 diabetes and takes metformin.",
            ["father", "type", "diabetes", "metformin"],
        ),
        (
            "Write a Java method that sorts a list and returns the largest element.",
            ["java method", "list", "largest element"],
        ),
        ("Use a binary search in C++.", ["binary search", "c++"]),
        ("Implement the sort order.", ["sort order"]),
        ("Sort the test cases by using dictionaries.", ["test case", "dictionary"]),
        ("Natalia sold 48 clips to James's friends.", ["natalia", "clip", "james's friend"]),
        ("two of the children quickly ate smoothies", ["child", "smoothie"]),
        ("the very large red rubber ball", ["red rubber ball"]),
        ("He runs.", []),
        ("42 + 7 = ?", []),
        ("", []),
    ],
)
def test_the_noun_phrases_of_a_sentence(prose, phrases):
    assert list(noun_phrases(prose)) == phrases


def test_chinese_is_cut_at_its_commonest_function_words():
    assert list(noun_phrases("皮肤上的痤疮没有好转，怎么办？")) == ["皮肤上", "痤疮", "好转"]


def test_other_languages_give_their_words():
    assert "paracetamol" in list(noun_phrases("paracetamol, por favor"))
    assert list(noun_phrases("Лекарство помогает")) == ["лекарство помогает"]


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_gives_the_same_twice(text):
    phrases = list(noun_phrases(text))
    assert phrases == list(noun_phrases(text)) and all(phrases)

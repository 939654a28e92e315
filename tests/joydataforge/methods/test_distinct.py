from collections.abc import Iterator

from joydataforge.methods.distinct import reject_repeated, reject_similar
from utils.jsonl import Row


def text_of(row: Row) -> str:
    return row["text"]


def rows(*texts: str | None) -> Iterator[Row]:
    for number, text in enumerate(texts):
        yield {"n": number, **({"reject_reason": "bad"} if text is None else {"text": text})}


def reasons(made: Iterator[Row]) -> list[str | None]:
    return [row.get("reject_reason") for row in made]


LONG = "How many litres of water does a tomato plant need in a hot week in July"


def test_the_first_of_equal_texts_stays_whatever_their_case_and_space() -> None:
    made = reject_repeated(rows("Why so?", None, "why  so?", "Why not?", "Why so?"), text_of)
    assert reasons(made) == [None, "bad", "duplicate", None, "duplicate"]


def test_the_first_of_similar_texts_stays_and_a_rejected_row_stands_for_none() -> None:
    made = reject_similar(
        rows(None, LONG, LONG + "?", LONG.replace("tomato", "bean") + " in Rome", "Other"),
        text_of,
        0.7,
        42,
    )
    assert reasons(made) == ["bad", None, "near_duplicate", None, None]


def test_no_rows_and_rejected_rows_alone_pass() -> None:
    assert reasons(reject_similar(rows(), text_of, 0.7, 42)) == []
    assert reasons(reject_similar(rows(None, None), text_of, 0.7, 42)) == ["bad", "bad"]

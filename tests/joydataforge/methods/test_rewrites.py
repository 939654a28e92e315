from joydataforge.methods.rewrites import one_row_each
from utils.jsonl import Row

MADE: Row = {
    "prompt_id": "p",
    "input": "old",
    "target": "",
    "tag": "t",
    "rewrites": [{"input": "new", "target": "x"}, {"input": "newer", "target": "y"}],
    "missing_rewrites": ["no_json"],
}


def test_each_rewrite_is_a_row_that_keeps_what_it_replaces() -> None:
    first, second, missing = one_row_each(iter([MADE]))
    assert first == {
        "prompt_id": "p-r1",
        "input": "new",
        "target": "x",
        "tag": "t",
        "original_input": "old",
        "rewrite": 1,
    }
    assert (second["prompt_id"], second["input"], second["rewrite"]) == ("p-r2", "newer", 2)
    assert missing == {
        "prompt_id": "p-r3",
        "input": "old",
        "target": "",
        "tag": "t",
        "reject_reason": "no_json",
    }


def test_a_rejected_row_passes_through() -> None:
    row: Row = {"input": "old", "reject_reason": "equal_to_original"}
    assert list(one_row_each(iter([row]))) == [row]

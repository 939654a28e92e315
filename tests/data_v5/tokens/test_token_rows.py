import numpy as np
import pytest

from data_v5.tokens.token_layout import prompt_text
from data_v5.tokens.token_rows import (
    Encoded,
    EncodeRules,
    Rejected,
    TokenSpool,
    encode_batch,
    encode_rows,
)
from tests.toy_tokenizer import BOS, EOS, llama, save, toy_tokenizer

MERGES = [("a", "b")]


@pytest.fixture
def folder(tmp_path):
    return llama(tmp_path / "model", toy_tokenizer(MERGES))


def chat(said, reply, **fields):
    return {"Input": said, "Output": reply, **fields}


def encode(folder, row, limit=100):
    [result] = encode_rows(EncodeRules(folder, limit), [row])
    return result


def decode(ids):
    return toy_tokenizer(MERGES).decode([int(one) for one in ids], skip_special_tokens=False)


def test_the_text_stands_between_its_marks_and_the_prompt_behind_the_first(folder):
    row = encode(folder, chat("xy", "z!"))
    assert decode(row.full) == f"{BOS}xyz!{EOS}"
    assert decode(row.prompt) == f"{BOS}xy"
    assert row.masked == 3
    assert not row.is_truncated
    assert not row.has_special


def test_an_instruction_is_laid_out(folder):
    row = {"instruction": "Add.", "input": "1 + 1", "output": "2"}
    encoded = encode(folder, row, 1000)
    assert decode(encoded.full) == f"{BOS}{prompt_text(row)}2{EOS}"


def test_a_model_without_a_first_mark_gets_none(tmp_path):
    folder = save(tmp_path / "model", toy_tokenizer(MERGES), eos_token=EOS)
    assert decode(encode(folder, chat("x", "y")).full) == f"xy{EOS}"


def test_marks_in_the_text_are_not_doubled(folder):
    row = encode(folder, chat(f"{BOS}x", f"y{EOS}"))
    assert decode(row.full) == f"{BOS}xy{EOS}"
    assert row.has_special


def test_a_token_of_both_prompt_and_response_is_learnt(folder):
    row = encode(folder, chat("xa", "by"))
    assert decode(row.full) == f"{BOS}xaby{EOS}"
    assert len(row.full) == 5
    assert decode(row.full[row.masked :]) == f"aby{EOS}"
    assert len(row.prompt) == 3


def test_a_long_response_is_cut_and_its_end_is_not_marked(folder):
    row = encode(folder, chat("xy", "12345"), limit=6)
    assert decode(row.full) == f"{BOS}xy123"
    assert row.is_truncated


@pytest.mark.parametrize(("limit", "is_kept"), [(4, True), (3, False), (2, False)])
def test_a_prompt_that_leaves_no_room_is_rejected(folder, limit, is_kept):
    result = encode(folder, chat("xy", "1"), limit)
    assert isinstance(result, Encoded) is is_kept
    if not is_kept:
        assert result.reason == "prompt_too_long"
    else:
        assert len(result.full) > result.masked


def test_rows_in_order_with_their_faults(folder):
    rows = [chat("x", ""), chat("x", "y"), {"instruction": "a", "input": None, "output": "b"}]
    domain, results = encode_batch(EncodeRules(folder, 100), ("math", rows))
    assert domain == "math"
    assert results[0] == Rejected(rows[0], "empty_output")
    assert isinstance(results[1], Encoded)
    assert results[2] == Rejected(rows[2], "input_is_no_text")


def test_rows_of_one_prompt_or_tree_belong_together(folder):
    def group(*arguments, **fields):
        return encode(folder, chat(*arguments, **fields)).group

    assert group("x", "y") == group("x", "z") != group("w", "y")
    assert group("x", "y", tree_id="t") == group("w", "y", tree_id="t") != group("x", "y")


def test_the_spool_gives_rows_back_in_any_order(tmp_path, folder):
    rows = [encode(folder, chat("x" * n, "y")) for n in range(1, 5)]
    with TokenSpool(tmp_path / "new") as spool:
        for row in rows:
            spool.add(row)
        assert len(spool) == 4
        for number in (3, 0, 2, 1):
            full, prompt = spool.read(number)
            assert full.dtype == prompt.dtype == np.int64
            assert full.tolist() == rows[number].full.tolist()
            assert prompt.tolist() == rows[number].prompt.tolist()
            assert full.flags.writeable
        assert list(spool.masked) == [row.masked for row in rows]
    assert list((tmp_path / "new").iterdir()) == []

import json

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.hub_server import serving
from utils.errors import PipelineError
from utils.token_counts import ESTIMATE_METHOD, TURN_TOKENS, estimate_tokens, token_counter


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("中文", 2), ("\ud800", 1)]
)
def test_four_bytes_make_a_token_rounded_up(text, tokens):
    assert estimate_tokens(text) == tokens


def test_the_method_can_be_told():
    assert ESTIMATE_METHOD == "UTF-8 bytes / 4, rounded up"


def make_tokenizer(*special):
    """Spell texts by bytes: one token each, but for the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: n for n, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    return tokenizer


@pytest.fixture
def folder(tmp_path):
    tokenizer = make_tokenizer("<|im_start|>", "<|im_end|>")
    tokenizer.enable_truncation(3)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_without_a_tokenizer_the_count_says_that_it_is_an_estimate():
    counter = token_counter(None)
    assert counter.count(["", "abcde"]) == [0, 2]
    assert counter.method.startswith("estimated")
    assert not counter.is_exact


@pytest.mark.parametrize("name", ["", "tokenizer.json"])
def test_a_folder_or_file_is_counted_by(folder, name):
    counter = token_counter(str(folder / name))
    assert counter.count(["abcdé", "<|im_start|>x"]) == [6, 2]
    assert counter.special_tokens == ["<|im_end|>", "<|im_start|>"]
    assert counter.is_exact
    assert counter.turn_tokens == 2 + len("assistant\n\n")


def test_other_chat_templates_are_taken_to_add_as_much_as_chatml(tmp_path):
    make_tokenizer("</s>").save(str(tmp_path / "tokenizer.json"))
    assert token_counter(str(tmp_path)).turn_tokens == TURN_TOKENS


def test_a_model_of_the_hub_is_asked_for_its_tokenizer_alone(tmp_path, monkeypatch):
    content = make_tokenizer("<|im_end|>").to_str().encode()
    with serving({}, {"ann/model": {"tokenizer.json": content}, "ann/old": {}}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        assert token_counter("ann/model").count(["abc"]) == [3]
        with pytest.raises(PipelineError, match="hf:ann/none: no such model"):
            token_counter("ann/none")
        with pytest.raises(PipelineError, match="hf:ann/old: can't be read .* name a folder"):
            token_counter("ann/old")


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"model": 1})])
def test_a_file_that_is_no_tokenizer_is_named(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(PipelineError, match=r"tokenizer\.json: not a tokenizer"):
        token_counter(str(tmp_path))


def test_a_place_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"tokenizer\.json: no such file"):
        token_counter(str(tmp_path))
    with pytest.raises(PipelineError, match="no such folder"):
        token_counter("./nowhere")

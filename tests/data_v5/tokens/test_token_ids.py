import json

import pytest

from data_v5.tokens.token_ids import TokenEncoder, token_encoder, tokenizer_folder
from tests.toy_tokenizer import add_bos, llama, save, toy_tokenizer
from utils.errors import PipelineError

TOKENS = {"bos_token": "<s>", "eos_token": {"content": "</s>", "special": True}}


def test_texts_are_encoded_without_marks_and_whole(tmp_path):
    tokenizer = add_bos(toy_tokenizer())
    tokenizer.enable_truncation(2)
    encoder = TokenEncoder(save(tmp_path, tokenizer, **TOKENS))
    [ids, none] = encoder.encode(["abc é", ""])
    assert tokenizer.decode(ids) == "abc é"
    assert len(ids) == 6
    assert none == []


def test_marks_are_put_where_they_are_missing(tmp_path):
    encoder = TokenEncoder(llama(tmp_path))
    bos, eos = encoder.bos_id, encoder.eos_id
    assert encoder.special_ids == {bos, eos}
    assert encoder.end(encoder.begin([5])) == [bos, 5, eos]
    assert encoder.end(encoder.begin([bos, 5, eos])) == [bos, 5, eos]


@pytest.mark.parametrize(
    ("settings", "processed", "has_bos"),
    [
        ({"add_bos_token": True}, False, True),
        ({"add_bos_token": False}, True, False),
        ({"tokenizer_class": "LlamaTokenizer"}, False, True),
        ({"tokenizer_class": "PreTrainedTokenizerFast"}, False, False),
        ({"tokenizer_class": "PreTrainedTokenizerFast"}, True, True),
    ],
)
def test_the_folder_or_the_tokenizer_says_whether_texts_begin_with_a_mark(
    tmp_path, settings, processed, has_bos
):
    tokenizer = add_bos(toy_tokenizer()) if processed else toy_tokenizer()
    encoder = TokenEncoder(save(tmp_path, tokenizer, **TOKENS, **settings))
    assert (encoder.bos_id == tokenizer.token_to_id("<s>")) is has_bos


def test_tokens_that_are_named_go_before_the_folders(tmp_path):
    folder = llama(tmp_path)
    encoder = TokenEncoder(folder, bos_token="", eos_token="a")
    assert encoder.bos_id is None
    assert encoder.eos_id == toy_tokenizer().token_to_id("a")


@pytest.mark.parametrize("number", [7, [7, 8]])
def test_a_generation_config_tells_the_end_too(tmp_path, number):
    folder = save(tmp_path)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": number}))
    assert TokenEncoder(folder).eos_id == 7
    assert TokenEncoder(folder).bos_id is None


def test_a_folder_that_names_no_end_is_refused(tmp_path):
    with pytest.raises(PipelineError, match="which token ends a text; .* --eos_token"):
        TokenEncoder(save(tmp_path))


def test_a_token_that_the_tokenizer_lacks_is_named(tmp_path):
    with pytest.raises(PipelineError, match="no token '<end>'"):
        TokenEncoder(save(tmp_path, eos_token="<end>"))


def test_settings_that_are_no_json_are_named(tmp_path):
    folder = save(tmp_path)
    (folder / "tokenizer_config.json").write_text("{")
    with pytest.raises(PipelineError, match=r"tokenizer_config\.json: not valid JSON"):
        TokenEncoder(folder)


def test_a_tokenizer_is_loaded_once(tmp_path):
    folder = llama(tmp_path)
    assert token_encoder(folder) is token_encoder(folder)


def test_a_folder_is_named_by_itself_or_its_file(tmp_path):
    folder = llama(tmp_path / "model")
    assert tokenizer_folder(str(folder)) == folder
    assert tokenizer_folder(str(folder / "tokenizer.json")) == folder
    with pytest.raises(PipelineError, match="--tokenizer owner/model: no such folder"):
        tokenizer_folder("owner/model")


def test_older_files_are_converted(tmp_path):
    pytest.importorskip("transformers")
    letters = sorted(toy_tokenizer().get_vocab())
    (tmp_path / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(letters)}))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    settings = {"tokenizer_class": "GPT2Tokenizer", "eos_token": "</s>", "bos_token": "</s>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    encoder = TokenEncoder(tmp_path)
    assert encoder.encode(["ab"]) == [[letters.index("a"), letters.index("b")]]
    assert encoder.eos_id == letters.index("</s>")


def test_a_folder_of_something_else_is_named(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(PipelineError, match=r"holds no tokenizer\.json and transformers can't"):
        TokenEncoder(tmp_path)


def test_without_transformers_a_folder_needs_its_tokenizer_json(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(PipelineError, match="pip install transformers"):
        TokenEncoder(tmp_path)

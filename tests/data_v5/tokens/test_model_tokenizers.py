"""A tokenizer.model as SentencePiece itself reads it, and which file of a folder goes first."""

import sys
from pathlib import Path

import pytest

from data_v5.tokens.model_tokenizers import load_model_tokens
from data_v5.tokens.token_ids import TokenEncoder
from tests.toy_tokenizer import EOS, save
from utils.errors import PipelineError

TEXTS = [".  He left", "a\n\nb  c", "   x", "1 + 1 = 2.\tHe", "</s> is a mark", "漢字 \u200b", ""]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model, trained as Llama's are: bytes for what is unknown, no rule for blanks."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("model")
    sentences = [f"He left {n} of the {n * 7} old trains there.  He came back" for n in range(200)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_prefix=str(folder / "tokenizer"), vocab_size=400,
        model_type="bpe", byte_fallback=True, remove_extra_whitespaces=False,
        normalization_rule_name="identity", minloglevel=2,
    )  # fmt: skip
    return folder


def test_ids_are_those_of_the_package_and_the_marks_the_model_s(model: Path) -> None:
    import sentencepiece

    own = sentencepiece.SentencePieceProcessor(model_file=str(model / "tokenizer.model"))
    encoder = TokenEncoder(model)
    assert encoder.encode(TEXTS) == [own.encode(text) for text in TEXTS]
    assert encoder.eos_id == own.eos_id()
    assert encoder.bos_id is None, "no file of the folder asks for a first mark"
    assert TokenEncoder(model, bos_token="<s>").bos_id == own.bos_id()
    with pytest.raises(PipelineError, match="has no token '<odd>'"):
        TokenEncoder(model, bos_token="<odd>")


def test_tokens_are_written_as_text_with_their_marks(model: Path) -> None:
    tokens = load_model_tokens(model)
    [ids] = tokens.encode(["He left 3 of them.  He"])
    marked = [tokens.marks["bos"], *ids, tokens.marks["eos"]]
    assert tokens.decode(marked) == "<s>He left 3 of them.  He</s>"


def test_a_tokenizer_json_goes_before_it(tmp_path: Path, model: Path) -> None:
    folder = save(tmp_path / "both", eos_token=EOS)
    (folder / "tokenizer.model").write_bytes((model / "tokenizer.model").read_bytes())
    assert len(TokenEncoder(folder).encode(["He left"])[0]) == len("He left")


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    (tmp_path / "tokenizer.model").write_text("IQ== 0\n")
    with pytest.raises(PipelineError, match="is no model of SentencePiece.*tokenizer.json"):
        load_model_tokens(tmp_path)


def test_without_the_package_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tokenizer.model").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(PipelineError, match="pip install sentencepiece"):
        load_model_tokens(tmp_path)

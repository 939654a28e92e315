import json
import shutil
import sys

import numpy as np
import pytest

from utils.errors import PipelineError
from utils.similarity import local_models
from utils.similarity.embed import embed_texts, open_embedder
from utils.similarity.embedding_settings import EmbeddingSettings
from utils.similarity.local_models import TfidfEmbedder

SUBJECTS = ["Natalia", "Omar", "Li", "Ada", "Ken", "Rosa", "Ivan", "Mia"]
TOPICS = [
    "sells {} apples at the market every morning",
    "drives {} miles to the office on Monday",
    "reads {} pages of a long novel before bed",
    "bakes {} loaves of bread for the whole village",
]
TEXTS = [
    f"{subject} {topic.replace('{}', str(number))}."
    for number, subject in enumerate(SUBJECTS, 2)
    for topic in TOPICS
]


def embed(texts, **settings):
    embedder = TfidfEmbedder(EmbeddingSettings(**settings))
    embedder.prepare(texts)
    return np.vstack(list(embedder.embed(texts)))


def cosines(rows):
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


def test_texts_on_one_topic_are_nearest_to_each_other():
    similar = cosines(embed(TEXTS, dimensions=8))
    np.fill_diagonal(similar, -1)
    assert [int(row.argmax()) % 4 for row in similar] == [place % 4 for place in range(len(TEXTS))]


def test_the_same_texts_and_seed_give_the_same_bytes_and_signs():
    first = embed(TEXTS, dimensions=8)
    assert embed(TEXTS, dimensions=8).tobytes() == first.tobytes()
    # Another seed of the approximation turns no axis round.
    np.testing.assert_allclose(
        embed(TEXTS, dimensions=8, random_seed=1)[:, :4], first[:, :4], atol=0.05
    )


def test_few_texts_have_no_more_dimensions_than_there_are_of_them():
    assert embed(TEXTS[:5]).shape == (5, 5)
    assert embed(["one text"]).shape == (1, 1)
    assert embed(TEXTS, dimensions=3).shape == (32, 3)


def test_rows_are_float32_and_finite_also_for_one_text_and_for_equal_ones():
    for texts in (["a"], ["a", "a"], ["a", "b"], ["?!", "..."], ["\u200b", "x"]):
        rows = embed(texts)
        assert rows.dtype == np.float32 and np.isfinite(rows).all()
        assert (np.linalg.norm(rows, axis=1) > 0.1).all()


def test_chinese_texts_share_their_characters():
    rows = embed(["小明有三个苹果和两个梨", "小明有五个苹果和一个梨", "今天天气很好我们去公园"])
    similar = cosines(rows)
    assert similar[0, 1] > similar[0, 2] + 0.2


def test_numbers_and_signs_count():
    similar = cosines(embed(["2 + 3", "2 - 3", "2 + 3"]))
    assert similar[0, 2] > 0.999 > 0.95 > similar[0, 1]


def test_a_sample_is_fitted_and_all_rows_are_embedded(monkeypatch):
    monkeypatch.setattr(local_models, "FITTED_ROWS", 16)
    monkeypatch.setattr(local_models, "BATCH_ROWS", 5)
    rows = embed(TEXTS, dimensions=8)
    assert rows.shape == (32, 8)
    similar = cosines(rows)
    np.fill_diagonal(similar, -1)
    assert np.mean([int(row.argmax()) % 4 == place % 4 for place, row in enumerate(similar)]) > 0.9
    assert embed(TEXTS, dimensions=8).tobytes() == rows.tobytes()


def test_a_text_without_any_part_of_the_sample_is_zero_and_not_noise(monkeypatch):
    monkeypatch.setattr(local_models, "FITTED_ROWS", 4)
    monkeypatch.setattr(
        local_models.random.Random, "sample", lambda self, rows, size: [*rows][:size]
    )
    # Equal but for case, so that the four make one axis, and three that mean nothing.
    texts = ["red cat", "Red cat", "red Cat", "RED CAT", "0987 zzz", "the red cat"]
    rows = embed(texts)
    norms = np.linalg.norm(rows, axis=1)
    assert norms[:4] == pytest.approx(2**0.5)  # words and characters, each of length 1
    assert norms[4] == 0 and 0.5 < norms[5] < 2**0.5
    assert cosines(rows[[0, 5]])[0, 1] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("change", [{"dimensions": 10}, {"random_seed": 1}])
def test_the_identity_tells_settings_apart_that_matter(change):
    usual = TfidfEmbedder(EmbeddingSettings()).identity()
    assert TfidfEmbedder(EmbeddingSettings(**change)).identity() != usual
    assert TfidfEmbedder(EmbeddingSettings(batch_size=3, dimensions=384)).identity() == usual


def settings_for(model, **more):
    return EmbeddingSettings("sentence-transformers", str(model), **more)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A model of eight words, saved as the package does."""
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = ["[UNK]", "red", "green", "blue", "cat", "dog", "runs", "sleeps"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    weights = np.random.default_rng(0).standard_normal((8, 6)).astype(np.float32)
    folder = tmp_path_factory.mktemp("model")
    module = StaticEmbedding(tokenizer, embedding_weights=weights)
    sentence_transformers.SentenceTransformer(modules=[module], device="cpu").save(str(folder))
    return folder, weights


def test_a_model_in_a_folder_embeds_without_any_connection(model_folder, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    folder, weights = model_folder
    rows = embed_texts(["red cat", "", "dog"], settings_for(folder))
    mean = (weights[1] + weights[4]) / 2
    np.testing.assert_allclose(rows[0], mean / np.linalg.norm(mean), atol=1e-5)
    np.testing.assert_allclose(rows[2], weights[5] / np.linalg.norm(weights[5]), atol=1e-5)
    assert not rows[1].any()


def test_dimensions_cut_the_vectors(model_folder):
    assert embed_texts(["red"], settings_for(model_folder[0], dimensions=2)).shape == (1, 2)


def test_lone_surrogates_do_no_harm(model_folder):
    rows = embed_texts(["red \ud800", "red ?"], settings_for(model_folder[0]))
    np.testing.assert_array_equal(rows[0], rows[1])


def test_a_moved_model_is_the_same_and_a_changed_one_is_not(model_folder, tmp_path):
    folder = tmp_path / "moved"
    shutil.copytree(model_folder[0], folder)
    identity = open_embedder(settings_for(folder)).identity()
    assert identity == open_embedder(settings_for(model_folder[0])).identity()
    weights = next(path for path in folder.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert open_embedder(settings_for(folder)).identity() != identity


def test_a_folder_without_a_model_is_told(model_folder, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no such"}))
    with pytest.raises(PipelineError, match="no sentence-transformers model"):
        embed_texts(["red"], settings_for(tmp_path))


def test_a_missing_package_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(PipelineError, match="pip install sentence-transformers"):
        open_embedder(settings_for(tmp_path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no/such/folder", "no such folder; name one"),
        ("./nowhere", "no such folder; name one"),
        ("nobody/no-such-model", "not on this machine.*`hf download nobody/no-such-model`"),
    ],
)
def test_a_name_that_is_no_folder_is_told_and_nothing_is_downloaded(name, message):
    with pytest.raises(PipelineError, match=message):
        open_embedder(settings_for(name))

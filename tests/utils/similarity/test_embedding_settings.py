import pytest

from utils.cli import parse_flags
from utils.config import parse_config
from utils.errors import PipelineError
from utils.similarity.embedding_settings import (
    EmbeddingFlags,
    EmbeddingSettings,
    embedding_settings,
)


def parsed(*flags):
    return embedding_settings(parse_flags(EmbeddingFlags, list(flags)), random_seed=7)


def test_without_flags_nothing_has_to_be_there():
    assert parsed() == EmbeddingSettings(backend="tfidf", random_seed=7)


def test_a_model_alone_means_sentence_transformers():
    for name in ("--embed_model_name", "-m"):
        settings = parsed(name, "models/e5")
        assert (settings.backend, settings.model) == ("sentence-transformers", "models/e5")


def test_every_flag_arrives():
    settings = parsed(
        *("--embed_backend", "endpoint", "--embed_model_name", "e5", "--embed_model_map", "m.yaml"),
        *("--embed_dimensions", "64", "--embed_batch_size", "5", "--embed_concurrency", "2"),
    )
    assert settings == EmbeddingSettings("endpoint", "e5", "m.yaml", 64, 7, 5, 2)


def test_the_keys_of_a_yaml_mapping_are_the_same():
    values = {"backend": "endpoint", "model": "e5", "batch_size": 5}
    expected = EmbeddingSettings("endpoint", "e5", batch_size=5)
    assert parse_config(values, EmbeddingSettings, "x.yaml") == expected


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--embed_backend", "endpoint"], "needs a model; name it"),
        (["--embed_backend", "sentence-transformers"], "needs a model; name it"),
        (["--embed_backend", "tfidf", "--embed_model_name", "x"], "takes no model"),
        (["--embed_dimensions", "0"], "dimensions must be above 0"),
        (["--embed_batch_size", "-1"], "batch_size must be above 0"),
    ],
)
def test_flags_that_do_not_fit_are_told(flags, message):
    with pytest.raises(PipelineError, match=message):
        parsed(*flags)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backend": "word2vec"}, "backend"),
        ({"backend": "endpoint"}, "needs a model"),
        ({"timeout": 0}, "'timeout': must be above 0, not 0"),
        ({"models": "x"}, "unknown key 'models'"),
    ],
)
def test_a_yaml_mapping_that_does_not_fit_is_told(values, message):
    with pytest.raises(PipelineError, match=rf"x\.yaml.*{message}"):
        parse_config(values, EmbeddingSettings, "x.yaml")

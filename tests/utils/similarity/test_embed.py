import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stage2 import log_lines
from utils.similarity.embed import embed_texts
from utils.similarity.embedding_settings import EmbeddingSettings

TEXTS = [f"question {number} about {word}" for number in range(6) for word in ("cats", "trains")]
TFIDF = EmbeddingSettings(dimensions=4)


@given(st.lists(st.text(st.characters(codec=None), max_size=8), max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_texts_give_a_row_each_of_length_1_or_0(texts):
    rows = embed_texts(texts, EmbeddingSettings())
    assert rows.dtype == np.float32 and len(rows) == len(texts)
    for text, length in zip(texts, np.linalg.norm(rows, axis=1), strict=True):
        assert length == (pytest.approx(1, abs=1e-6) if text.strip() else 0)


def test_equal_texts_get_equal_rows_and_change_no_others():
    rows = embed_texts([*TEXTS, "", TEXTS[3]], TFIDF)
    np.testing.assert_array_equal(rows[-1], rows[3])
    np.testing.assert_array_equal(rows[:12], embed_texts(TEXTS, TFIDF))


def test_no_texts_and_blank_ones_alone_are_no_trouble(tmp_path):
    assert embed_texts([], TFIDF).shape == (0, 1)
    for _ in range(2):
        assert embed_texts([], TFIDF, tmp_path).shape == (0, 1)
        assert embed_texts(["", " \n"], TFIDF, tmp_path).tolist() == [[0.0], [0.0]]


def test_what_is_kept_is_used_again_as_a_map(tmp_path):
    with log_lines() as lines:
        first = embed_texts(TEXTS, TFIDF, tmp_path / "cache")
        again = embed_texts(TEXTS, TFIDF, tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    assert lines == [f"embeddings: computed and kept in {path}", f"embeddings: reusing {path}"]
    assert isinstance(first, np.memmap) and isinstance(again, np.memmap)
    np.testing.assert_array_equal(first, embed_texts(TEXTS, TFIDF))
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize(
    ("texts", "change"),
    [
        ([*TEXTS[:-1], TEXTS[-1] + "!"], TFIDF),
        (TEXTS[::-1], TFIDF),
        ([*TEXTS[:-2], "".join(TEXTS[-2:]), ""], TFIDF),
        (TEXTS, EmbeddingSettings(dimensions=3)),
        (TEXTS, EmbeddingSettings(dimensions=4, random_seed=1)),
    ],
)
def test_a_changed_text_or_setting_never_gives_what_was_kept(tmp_path, texts, change):
    embed_texts(TEXTS, TFIDF, tmp_path)
    found = embed_texts(texts, change, tmp_path)
    np.testing.assert_array_equal(found, embed_texts(texts, change))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_file_is_computed_again_with_a_warning(tmp_path):
    expected = np.array(embed_texts(TEXTS, TFIDF, tmp_path))
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with log_lines() as lines:
        np.testing.assert_array_equal(embed_texts(TEXTS, TFIDF, tmp_path), expected)
        embed_texts(TEXTS, TFIDF, tmp_path)
    assert lines == [
        f"embeddings: {path} can't be used (damaged file); computing them again",
        f"embeddings: computed and kept in {path}",
        f"embeddings: reusing {path}",
    ]


def test_rebuild_computes_again(tmp_path):
    embed_texts(TEXTS, TFIDF, tmp_path)
    with log_lines() as lines:
        embed_texts(TEXTS, TFIDF, tmp_path, rebuild=True)
    assert "computed and kept" in lines[-1]


def test_a_folder_that_can_not_be_written_costs_the_cache_and_not_the_result(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with log_lines() as lines:
        rows = embed_texts(TEXTS, TFIDF, tmp_path / "file")
    np.testing.assert_array_equal(rows, embed_texts(TEXTS, TFIDF))
    assert "computed, but not kept" in lines[-1]

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stage2 import log_lines
from utils.similarity import local_models
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


STOPPED = """
import os, sys
from pathlib import Path
from utils import cache
from utils.similarity import local_models
from utils.similarity.embed import embed_texts
from utils.similarity.embedding_settings import EmbeddingSettings

local_models.BATCH_ROWS = 3
left = int(sys.argv[2])
add = cache.ArrayBlocks.add
def count(self, block):
    global left
    add(self, block)
    left -= 1
    if not left:
        os._exit(9)
cache.ArrayBlocks.add = count
embed_texts(eval(sys.argv[3]), EmbeddingSettings(dimensions=4), Path(sys.argv[1]))
os._exit(9)
"""


def stopped_after(blocks, folder, texts=TEXTS):
    command = [sys.executable, "-c", STOPPED, str(folder), str(blocks), repr(texts)]
    assert subprocess.run(command, check=False).returncode == 9


@pytest.mark.parametrize("blocks", [1, 3])
def test_a_run_after_a_kill_goes_on_behind_the_blocks_that_are_kept(tmp_path, monkeypatch, blocks):
    stopped_after(4, tmp_path / "whole")
    expected = np.array(embed_texts(TEXTS, TFIDF, tmp_path / "whole"))
    monkeypatch.setattr(local_models, "BATCH_ROWS", 3)
    stopped_after(blocks, tmp_path)
    # A fit of its own would be another one here, where the axes of equal strength are arbitrary.
    monkeypatch.setattr(local_models.TfidfEmbedder, "_fit", None)
    with log_lines() as lines:
        found = embed_texts(TEXTS, TFIDF, tmp_path)
    assert lines[0] == f"embeddings: {3 * blocks} of 12 texts were kept; going on"
    np.testing.assert_array_equal(found, expected)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".npy"]


def test_a_damaged_block_and_those_behind_it_are_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(local_models, "BATCH_ROWS", 3)
    stopped_after(3, tmp_path)
    second = sorted(tmp_path.rglob("0*.npy"))[1]
    second.write_bytes(second.read_bytes()[:-40])
    with log_lines() as lines:
        found = embed_texts(TEXTS, TFIDF, tmp_path)
    assert "3 of 12 texts were kept" in lines[0]
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(12))


def test_without_the_fit_that_they_were_made_with_no_block_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(local_models, "BATCH_ROWS", 3)
    stopped_after(3, tmp_path)
    next(tmp_path.rglob("shared.npy")).unlink()
    with log_lines() as lines:
        found = embed_texts(TEXTS, TFIDF, tmp_path)
    assert "kept in" in lines[0]
    np.testing.assert_array_equal(found, embed_texts(TEXTS, TFIDF))


def test_blocks_of_other_texts_are_not_taken_and_rebuild_takes_none(tmp_path, monkeypatch):
    monkeypatch.setattr(local_models, "BATCH_ROWS", 3)
    stopped_after(2, tmp_path)
    with log_lines() as lines:
        embed_texts(TEXTS[::-1], TFIDF, tmp_path)
        embed_texts(TEXTS, TFIDF, tmp_path, rebuild=True)
    assert not any("were kept" in line for line in lines)


def test_what_a_killed_run_left_half_written_is_swept_by_the_next_whatever_it_embeds(tmp_path):
    (tmp_path / ".embeddings_0123.npy.unfinished").write_bytes(b"half")
    embed_texts(TEXTS, TFIDF, tmp_path)
    assert [path.name[0] for path in tmp_path.iterdir()] == ["e"]

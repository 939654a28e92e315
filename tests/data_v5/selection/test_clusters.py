import json

import numpy as np
import pytest

from data_v5.reading.domain import ClusterSettings
from data_v5.selection.clusters import (
    ClusterFile,
    cached_clusters,
    read_clusters,
    with_singletons,
    write_clusters,
)
from tests.stage2 import log_lines
from utils.errors import PipelineError

ROWS = np.array([[1, 0], [1, 0.1], [0, 1], [1, 0.2], [0.1, 1]], dtype=np.float32)
SETTINGS = ClusterSettings(threshold=0.9, min_community_size=2)
CONTENT = ClusterFile(
    "sums", 5, "ab12", 0.9, 2, {"backend": "tfidf", "more": {}}, [[1, 0, 3], [2, 4]]
)


def test_clusters_are_found_once_for_the_same_rows_and_settings(tmp_path):
    with log_lines() as lines:
        first = cached_clusters(ROWS, SETTINGS, tmp_path)
        assert cached_clusters(ROWS.copy(), SETTINGS, tmp_path) == first
        cached_clusters(ROWS, SETTINGS, tmp_path, rebuild=True)
    assert [sorted(cluster) for cluster in first] == [[0, 1, 3], [2, 4]]
    assert ["built" in line for line in lines] == [True, False, True]


@pytest.mark.parametrize(
    ("rows", "settings"),
    [
        (ROWS * np.float32(0.5), SETTINGS),
        (ROWS[:4], SETTINGS),
        (ROWS, ClusterSettings(threshold=0.95, min_community_size=2)),
        (ROWS, ClusterSettings(threshold=0.9, min_community_size=3)),
    ],
)
def test_other_rows_or_settings_never_meet_old_clusters(tmp_path, rows, settings):
    cached_clusters(ROWS, SETTINGS, tmp_path)
    cached_clusters(rows, settings, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cluster_file_is_json_and_reads_back(tmp_path):
    for content in (CONTENT, ClusterFile("sums", 5, "ab12", 0.9, 2, {}, [])):
        write_clusters(tmp_path / "c.json", content)
        assert json.loads((tmp_path / "c.json").read_bytes())["clusters"] == content.clusters
        assert read_clusters(tmp_path / "c.json", 5, "ab12") == content


@pytest.mark.parametrize(("questions", "sha256"), [(5, "ab13"), (6, "ab12")])
def test_clusters_of_other_questions_are_refused(tmp_path, questions, sha256):
    write_clusters(tmp_path / "c.json", CONTENT)
    with pytest.raises(PipelineError, match=r"clusters of other questions .*leave out --is_exist"):
        read_clusters(tmp_path / "c.json", questions, sha256)


@pytest.mark.parametrize("clusters", [[[0, 5]], [[-1]], [[0, 1], [1]], [[]]])
def test_clusters_that_are_none_of_the_questions_are_refused(tmp_path, clusters):
    write_clusters(tmp_path / "c.json", ClusterFile("sums", 5, "ab12", 0.9, 2, {}, clusters))
    with pytest.raises(PipelineError, match="key 'clusters' is damaged"):
        read_clusters(tmp_path / "c.json", 5, "ab12")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("{", "not valid JSON"), ("[]", "must be a mapping"), ("{}", "key 'domain' is missing")],
)
def test_what_is_no_cluster_file_is_named(tmp_path, text, complaint):
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(PipelineError, match=f"c.json: {complaint}"):
        read_clusters(tmp_path / "c.json", 5, "ab12")
    with pytest.raises(PipelineError, match="no such file"):
        read_clusters(tmp_path / "d.json", 5, "ab12")


def test_questions_in_no_cluster_become_clusters_of_one_in_their_order():
    assert with_singletons([[3, 1]], 5) == [[3, 1], [0], [2], [4]]
    assert with_singletons([], 2) == [[0], [1]]

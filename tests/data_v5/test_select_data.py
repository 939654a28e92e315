import gzip
import json

import pytest

from data_v5.few_shot_sample import main as shots
from data_v5.select_data import main
from tests.stage2 import log_lines
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

NAMES = ["Ann", "Bob", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal", "Ivy", "Jo", "Kit", "Lou"]
THEMES = {
    "apples": "{} picks red apples in the old orchard and puts ten in each basket. How many?",
    "trains": "The express train of {} leaves the station at noon at sixty miles an hour. When?",
}
ODD = ["Factor x^2 - 5x + 6.", "Name the largest prime below 100."]


def themed(theme, count):
    return [
        {"q": THEMES[theme].format(name), "a": f"{number}", "level": theme}
        for number, name in enumerate(NAMES[:count])
    ]


def odd():
    return [{"q": question, "a": "?", "level": "odd"} for question in ODD]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows("apples.jsonl", themed("apples", 12) + odd())
    write_rows("trains.jsonl", themed("trains", 6))
    write_domain()
    return tmp_path


def write_domain(*more, **keys):
    sources = [{"path": f"{name}.jsonl", "question": "q", "answer": "a"} for name in THEMES]
    content = {"instruction": "Solve.", "sources": [*sources, *more], **keys}
    with open("sums.yaml", "w") as file:
        json.dump(content, file)


FLAGS = ["--domain", "sums.yaml", "--threshold", "0.6", "--min_community_size", "3"]


def select(total, *flags):
    main([*FLAGS, "-n", str(total), *flags])
    return list(read_rows("data/sums_question.jsonl"))


def summary():
    with open("data/sums_question.summary.json") as file:
        return json.load(file)


def count_of(rows, theme):
    return sum(theme in row["question"] for row in rows)


def test_each_cluster_gives_its_share_and_singletons_may_count_as_clusters(folder):
    with log_lines() as lines:
        rows = select(10, "--singletons", "one_each")
    assert len(rows) == 10
    assert (count_of(rows, "apples"), count_of(rows, "train")) == (5, 3)
    assert [row["question"] for row in rows if row["answer"] == "?"] == ODD
    assert any(
        "2 clusters hold 18 questions and 2 of them give 8; 2 singletons give 2" in line
        for line in lines
    )
    assert rows[0].keys() == {"question", "answer", "source", "fields"}
    assert {row["source"] for row in rows} == {"apples.jsonl", "trains.jsonl"}
    figures = summary()
    assert figures["largest_clusters_give"] == ["5 of 12", "3 of 6"]
    assert (figures["kept"], figures["passed_over"]) == (10, {"not_drawn": 10})
    assert figures["sources"]["trains.jsonl"] == {"rows": 6, "questions": 6}


def test_singletons_give_their_share_and_the_summary_compares_it(folder):
    with log_lines() as lines:
        rows = select(10)
    assert (count_of(rows, "apples"), count_of(rows, "train")) == (6, 3)
    figures = summary()
    assert figures["settings"]["singletons"] == "share"
    assert [(row["sizes"], row["asked"], row["given"]) for row in figures["shares_by_size"]] == [
        ("singletons", 1.0, 1),
        ("2-9", 3.0, 3),
        ("10-19", 6.0, 6),
    ]
    assert figures["clusters_with_a_share_under_one"] == 0
    assert any("2-9: 6 questions, asked 3.0 (30.0%), given 3 (30.0%)" in line for line in lines)


def test_a_share_below_one_question_is_warned_of(folder):
    with log_lines() as lines:
        select(2)
    assert summary()["clusters_with_a_share_under_one"] == 1
    assert any("1 of 2 clusters have a share of less than one question" in one for one in lines)


def test_singletons_that_are_left_out_are_not_drawn(folder):
    rows = select(9, "--singletons", "leave_out")
    assert (count_of(rows, "apples"), count_of(rows, "train")) == (6, 3)
    with log_lines() as lines:
        assert len(select(19, "--singletons", "leave_out")) == 18
    assert "-n 19: there are 18 different questions in clusters; all are taken" in lines


def test_without_clusters_there_is_nothing_to_draw_but_singletons(folder):
    with pytest.raises(PipelineError, match="--singletons leave_out: no question is in a cluster"):
        select(9, "--singletons", "leave_out", "--threshold", "1")


def test_rows_are_in_the_order_of_the_input(folder):
    rows = select(10)
    order = [row["q"] for name in THEMES for row in read_rows(f"{name}.jsonl")]
    assert [row["question"] for row in rows] == [
        question for question in order if question in {row["question"] for row in rows}
    ]


@pytest.mark.parametrize("total", [1, 2, 3, 4, 7, 19, 20])
def test_the_count_asked_for_comes_out(folder, total):
    assert len(select(total)) == total
    rows = select(total, "--singletons", "one_each")
    assert len(rows) == total == len({row["question"] for row in rows})
    assert sum(row["answer"] == "?" for row in rows) == max(0, min(2, total - 2))


@pytest.mark.parametrize("total", [20, 21])
def test_as_many_as_there_are_or_more_gives_all_and_says_so(folder, total):
    with log_lines() as lines:
        assert len(select(total)) == 20
    assert f"-n {total}: there are 20 different questions; all are taken" in lines


def test_the_same_run_gives_the_same_bytes_and_another_seed_others(folder):
    def bytes_of(*flags):
        select(9, *flags)
        return open("data/sums_question.jsonl", "rb").read()

    first = bytes_of()
    assert bytes_of("--force_rebuild", "embeddings,clusters") == first
    assert bytes_of("--cache_dir", "other") == first
    assert bytes_of("--seed", "1") != first
    assert bytes_of("--random_seed", "1") == bytes_of("--seed", "1")


def work_done(*flags):
    """Tell which of the embeddings and clusters were made in a run, and not found."""
    with log_lines() as lines:
        select(5, *flags)
    made = [line.split(":")[0] for line in lines if "computed and kept" in line or "built" in line]
    return made


def test_what_has_not_changed_is_found_again_and_what_has_is_made_anew(folder):
    both = ["embeddings", "clusters"]
    assert work_done() == both
    assert work_done() == []
    assert work_done("-n", "9") == []
    assert work_done("--threshold", "0.7") == ["clusters"]
    assert work_done("--min_community_size", "4") == ["clusters"]
    assert work_done("--embed_dimensions", "8") == both
    assert work_done() == []
    write_rows("trains.jsonl", themed("trains", 7))
    assert work_done() == both
    assert {path.name for path in (folder / "cache").iterdir()} == {"sums"}


@pytest.mark.parametrize("names", ["embeddings", "clusters", "embeddings,clusters"])
def test_what_is_to_be_rebuilt_is_computed_anew(folder, names):
    work_done()
    assert work_done("--force_rebuild", names) == names.split(",")


def test_existing_clusters_are_used_without_embeddings(folder):
    first = select(9)
    content = json.loads((folder / "data/sums_cluster.json").read_text())
    assert [len(cluster) for cluster in content["clusters"]] == [12, 6]
    content["clusters"] = [[12, 13]]
    (folder / "data/sums_cluster.json").write_text(json.dumps(content))
    with log_lines() as lines:
        rows = select(3, "--is_exist_cluster")
    assert not [line for line in lines if "embeddings" in line]
    assert "1 clusters hold 2 questions and 1 of them give 1; 18 singletons give 2" in lines
    assert len(first) == 9 and sum(row["answer"] == "?" for row in rows) == 1
    assert json.loads((folder / "data/sums_cluster.json").read_text()) == content


def test_clusters_of_other_questions_or_settings_are_no_use(folder):
    select(9)
    with pytest.raises(PipelineError, match=r"made with --threshold 0\.6, and 0\.7 is asked"):
        select(9, "--is_exist_cluster", "--threshold", "0.7")
    main(["--domain", "sums.yaml", "-n", "9", "--is_exist_cluster"])
    assert summary()["settings"]["threshold"] == 0.6
    write_rows("trains.jsonl", themed("trains", 7))
    with pytest.raises(PipelineError, match="clusters of other questions"):
        select(9, "--is_exist_cluster")


def test_clusters_that_are_there_are_not_said_to_be_of_a_model(folder):
    select(9)
    with pytest.raises(PipelineError, match="--is_exist_cluster: embeds nothing"):
        select(9, "--is_exist_cluster", "--embed_model_name", "nowhere")


def test_a_folder_is_no_cluster_file(folder):
    with pytest.raises(PipelineError, match="--cluster_path .*is a folder"):
        select(9, "--cluster_path", str(folder))


def test_what_nobody_sets_hangs_on_the_kind_of_embeddings(folder):
    write_domain(cluster={})
    main(["--domain", "sums.yaml", "-n", "9"])
    assert summary()["settings"]["threshold"] == 0.5


def test_the_domain_sets_what_the_flags_leave_out(folder):
    write_domain(cluster={"threshold": 0.6, "min_community_size": 3})
    main(["--domain", "sums.yaml", "-n", "9"])
    assert (summary()["clusters"], summary()["settings"]["threshold"]) == (2, 0.6)
    main(["--domain", "sums.yaml", "-n", "9", "--min_community_size", "7"])
    assert (summary()["clusters"], summary()["settings"]["threshold"]) == (1, 0.6)


def test_a_threshold_that_finds_next_to_nothing_is_remarked_on(folder):
    with log_lines() as lines:
        select(9, "--threshold", "0.999")
    assert any("a --threshold below 0.999" in line for line in lines)


def test_all_different_questions_stand_beside_the_sample(folder):
    rows = select(9)
    corpus = list(read_rows("data/sums_question.corpus.jsonl"))
    assert len(corpus) == 20 and [row for row in corpus if row in rows] == rows
    with pytest.raises(PipelineError, match="is where the sample goes"):
        select(9, "--cluster_path", "data/sums_question.corpus.jsonl")


def test_equal_questions_merge_and_unusable_rows_are_rejected(folder):
    shouted = {"q": themed("apples", 1)[0]["q"].upper(), "a": "other"}
    write_rows("more.jsonl", [shouted, {"q": None, "a": "1"}, {"q": "New?", "a": "1"}])
    write_domain({"path": "more.jsonl", "question": "q", "answer": "a"})
    rows = select(99)
    assert len(rows) == 21 and "other" not in {row["answer"] for row in rows}
    assert summary()["reject_reasons"] == {"same_question_other_answer": 1, "empty_question": 1}


def test_a_question_with_another_answer_may_be_kept_beside_the_first(folder):
    apple = themed("apples", 1)[0]
    more = [apple | {"a": "other"}, apple | {"q": apple["q"].upper()}]
    write_rows("more.jsonl", more)
    write_domain({"path": "more.jsonl", "question": "q", "answer": "a"})
    rows = select(99, "--other_answers", "keep")
    assert len(rows) == 21 and rows[-1]["answer"] == "other"
    assert summary()["passed_over"] == {"duplicate_question": 1}
    shots(["--domain", "sums.yaml"])
    pairs = list(read_rows("data/few-shot/sums_fewshot.jsonl"))
    assert len(pairs) == 21
    for pair in pairs:
        assert pair["origin"]["question"] not in [shot["question"] for shot in pair["shot"]]


def test_a_domain_without_a_usable_question_says_why_and_leaves_the_rows(folder):
    rows = [{"q": "", "a": "1"}, {"q": "1?", "a": {}}, {"q": "2?", "a": "\u200b\u2800"}]
    with gzip.open("more.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    source = {"path": "more.jsonl.gz", "question": "q", "answer": "a"}
    with open("sums.yaml", "w") as file:
        json.dump({"instruction": "Solve.", "sources": [source]}, file)
    complaint = "no source holds a usable question .*empty_answer 1"
    with pytest.raises(PipelineError, match=complaint):
        select(9)
    rejected = list(read_rows("data/sums_question.rejected.jsonl"))
    reasons = ["empty_question", "unreadable_answer", "empty_answer"]
    assert [row["reject_reason"] for row in rejected] == reasons
    assert not (folder / "data/sums_question.jsonl").exists()


def test_a_packed_source_that_is_damaged_is_named(folder):
    (folder / "more.jsonl.gz").write_bytes(gzip.compress(b'{"q": "1?", "a": "1"}\n' * 99)[:-9])
    write_domain({"path": "more.jsonl.gz", "question": "q", "answer": "a"})
    with pytest.raises(PipelineError, match="more.jsonl.gz: is damaged"):
        select(9)


def test_a_filter_leaves_rows_out(folder):
    keys = {"question": "q", "answer": "a"}
    where = {"level": ["odd"]}
    with open("sums.yaml", "w") as file:
        sources = [{"path": "apples.jsonl", "where": where, **keys}]
        json.dump({"instruction": "Solve.", "sources": sources}, file)
    assert [row["question"] for row in select(99)] == ODD
    assert summary()["sources"] == {
        "apples.jsonl": {"rows": 14, "left_out_by_where": 12, "questions": 2}
    }


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["-n", "0"], "--num_samples .also -n. must be above 0, not 0"),
        (["--max_rows", "0"], "--max_rows must be above 0, not 0"),
        (["--threshold", "2"], "--threshold must be at most 1, not 2"),
        (["--min_community_size", "0"], "--min_community_size must be above 0, not 0"),
        (
            ["--force_rebuild", "cluster"],
            "--force_rebuild must be 'embeddings' or 'clusters'",
        ),
        (["--is_exist_cluster", "--force_rebuild", "clusters"], "leave out --force_rebuild"),
        (["--is_exist_cluster"], "data/sums_cluster.json: no such file"),
        (["--embed_model_name", "./none"], "embedding model ./none: no such folder"),
        (["--cluster_path", "apples.jsonl"], "apples.jsonl: is an input"),
        (["--cluster_path", "data/sums_question.jsonl"], "is where the sample goes"),
        (["--cluster_path", "data/sums_question.summary.json"], "is where the sample goes"),
        (["--sample_question_path", "trains.jsonl"], "trains.jsonl: is an input"),
    ],
)
def test_a_mistaken_flag_is_named_and_nothing_is_written(folder, flags, complaint):
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(PipelineError, match=complaint):
        main([*FLAGS, *flags])
    after = {path.name for path in folder.iterdir() if path.name != "data"}
    assert sorted(after) == before
    assert not list(folder.glob("data/*"))

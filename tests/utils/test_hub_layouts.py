import pytest

from utils.hub_layouts import (
    data_files,
    folder_of,
    has_loading_script,
    part_names,
    pick_language_files,
    pick_split_files,
)

GSM8K = [
    "README.md",
    "main/test-00000-of-00001.parquet",
    "main/train-00000-of-00001.parquet",
    "socratic/train-00000-of-00001.parquet",
]
CONVERTED = [
    "default/train/0001.parquet",
    "default/train/0000.parquet",
    "default/validation/0000.parquet",
    "extra/partial-train/0000.parquet",
]


@pytest.mark.parametrize(
    ("paths", "config", "split", "found"),
    [
        (GSM8K, "main", "train", ["main/train-00000-of-00001.parquet"]),
        (GSM8K, "socratic", "train", ["socratic/train-00000-of-00001.parquet"]),
        (GSM8K, None, "train", []),
        (GSM8K, "main", "validation", []),
        (CONVERTED, None, "train", ["default/train/0000.parquet", "default/train/0001.parquet"]),
        (CONVERTED, "extra", "train", ["extra/partial-train/0000.parquet"]),
        (["plain_text/train/0000.parquet"], None, "train", ["plain_text/train/0000.parquet"]),
        (
            ["data/train-00000-of-00002.parquet"],
            None,
            "train",
            ["data/train-00000-of-00002.parquet"],
        ),
        ([*GSM8K, "more.json"], None, "train", []),
        (["all/auxiliary_train-00000-of-00001.parquet"], "all", "train", []),
        (
            ["all/auxiliary_train-00000-of-00001.parquet"],
            "all",
            "auxiliary_train",
            ["all/auxiliary_train-00000-of-00001.parquet"],
        ),
        (["data/race_x_ses-00000-of-00001.parquet"], None, "race_x_ses",
         ["data/race_x_ses-00000-of-00001.parquet"]),
        (["MetaMathQA-395K.json", "dataset_infos.json"], None, "train", ["MetaMathQA-395K.json"]),
        (["MetaMathQA-395K.json"], None, "test", []),
        (["data/age.jsonl", "data/ses.jsonl"], None, "ses", ["data/ses.jsonl"]),
        (["aux_train-00000-of-00001-0a1b2c3d4e5f6071.parquet"], None, "train", []),
        (
            ["data/train-00000-of-00001-0a1b2c3d4e5f6071.parquet"],
            None,
            "train",
            ["data/train-00000-of-00001-0a1b2c3d4e5f6071.parquet"],
        ),
        (["data/Age.jsonl", "data/Religion.jsonl"], "Age", "train", ["data/Age.jsonl"]),
        (["train/part1.json", "dev/part1.json"], None, "validation", ["dev/part1.json"]),
        (["train.jsonl", "train.parquet"], None, "train", ["train.parquet"]),
        (["notes/x.txt"], None, "train", []),
    ],
)  # fmt: skip
def test_the_files_of_a_configuration_and_split(paths, config, split, found):
    assert pick_split_files(paths, config, split) == found


def test_a_folder_narrows_the_files_and_its_name_is_no_configuration():
    paths = ["SET-CN/train.jsonl", "SET-EN/test.jsonl", "SET-EN/train.jsonl", "SET-EN2/train.jsonl"]
    assert pick_split_files(paths, None, "train", "SET-EN") == ["SET-EN/train.jsonl"]
    assert pick_split_files(paths, None, "train", "SET-EN/") == ["SET-EN/train.jsonl"]
    assert pick_split_files(paths, None, "train", "elsewhere") == []


def test_what_there_is_is_named_by_configuration_and_split():
    assert part_names(data_files(GSM8K)) == ["main/test", "main/train", "socratic/train"]
    assert part_names(data_files(["data/all.jsonl"])) == ["default/train"]


def test_a_script_at_the_root_alone_is_a_loading_script():
    assert has_loading_script(["README.md", "bbq.py"])
    assert not has_loading_script(["tools/make.py", "train.jsonl"])


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("data/python/data.jsonl", "python"),
        ("python/train/0000.parquet", "python"),
        ("train.jsonl", ""),
        ("data/train-00000-of-00001.parquet", ""),
        ("default/train/0000.parquet", ""),
        ("data/python/readme.md", ""),
    ],
)
def test_the_language_folder_of_a_data_file(path: str, folder: str) -> None:
    assert folder_of(path) == folder


def test_files_are_picked_in_order_and_never_those_of_another_language() -> None:
    paths = ["data/python/b.jsonl", "data/python/a.jsonl", "data/java/a.jsonl", "python.py"]
    assert pick_language_files(paths, "python") == ["data/python/a.jsonl", "data/python/b.jsonl"]
    assert pick_language_files(paths, "ruby") == []
    assert pick_language_files(["load.py"], "python") == []

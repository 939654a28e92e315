"""Which files of a Hub data set hold a configuration, split or language, told by their names.

The layouts are those that the Hub's own viewer knows: `main/train-00000-of-00002.parquet`,
`data/train.jsonl`, `train/part1.json`, and `main/train/0000.parquet` where it converted a dataset.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

# In the order of preference; files of one kind alone are taken, as the others repeat them.
DATA_SUFFIXES = (".parquet", ".jsonl", ".json")
# JSON files that describe a dataset.
_NO_DATA = frozenset(
    {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "config.json", "state.json"}
)
_KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLIT_OF_WORD = {word: split for split, words in _KEYWORDS.items() for word in words}
# Older uploads have a hash at the end.
_SHARD = re.compile(r"(.+)-\d{5}-of-\d{5}(?:-[0-9a-f]+)?")
_CONVERTED = re.compile(r"\d{4}")
_BETWEEN_WORDS = re.compile(r"[-._ 0-9]+")
# Those that hold rows of seeds.
SEED_SUFFIXES = (".jsonl", ".parquet")


class DataFile(NamedTuple):
    """A data file, its configuration ("" for none) and its split (None where nothing says)."""

    path: str
    config: str
    split: str | None


def pick_split_files(
    paths: Iterable[str], config: str | None, split: str, data_dir: str | None = None
) -> list[str]:
    """Pick the files of a configuration and a split, in order; [] where there are none.

    Without a `config` it is the files outside any configuration's folder, the configuration
    `default`, or the only one. Files of which none names a split are those of `train`.
    """
    for suffix in DATA_SUFFIXES:
        files = [file for file in data_files(paths, data_dir) if file.path.endswith(suffix)]
        of_config = _of_config(files, config)
        if config is None and files and not of_config:
            return []  # several, of which none stands out
        wanted = _SPLIT_OF_WORD.get(split, split)
        found = [
            file.path
            for file in of_config
            if file.split == wanted or PurePosixPath(file.path).stem == split
        ]
        if not found and wanted == "train" and all(file.split is None for file in of_config):
            found = [file.path for file in of_config]
        if found:
            return found
    return []


def data_files(paths: Iterable[str], data_dir: str | None = None) -> list[DataFile]:
    """List the data files below `data_dir`, in order, with what their names say."""
    folder = PurePosixPath(data_dir or ".")
    inside = [path for path in sorted(paths) if PurePosixPath(path).is_relative_to(folder)]
    if not data_dir:
        inside = sorted(paths)
    return [
        _described(path, PurePosixPath(path).relative_to(folder))
        for path in inside
        if path.endswith(DATA_SUFFIXES) and PurePosixPath(path).name not in _NO_DATA
    ]


def part_names(files: Sequence[DataFile]) -> list[str]:
    """Name the configurations and splits that files belong to: `main/train`."""
    names = {f"{file.config or 'default'}/{file.split or 'train'}" for file in files}
    return sorted(names)


def has_loading_script(paths: Iterable[str]) -> bool:
    """Tell whether a script at the root says what the files beside it mean."""
    return any("/" not in path and path.endswith(".py") for path in paths)


def pick_language_files(paths: Iterable[str], language: str) -> list[str]:
    """Pick the data files of a language: those in a folder of its name (`data/python/…`).

    A dataset without such folders is of one language, and all its data files are taken.
    """
    data = sorted(path for path in paths if path.endswith(SEED_SUFFIXES))
    if all(not folder_of(path) for path in data):
        return data
    return [path for path in data if folder_of(path).lower() == language.lower()]


def folder_of(path: str) -> str:
    """Name the language or configuration folder of a data file, or "" if it is in none.

    `data/python/data.jsonl` and `python/train/0000.parquet` (converted) are Python's;
    `train.jsonl`, `data/train.parquet` and `default/train/0000.parquet` are nobody's.
    """
    if not path.endswith(SEED_SUFFIXES):
        return ""
    folders = [part for part in PurePosixPath(path).parts[:-1] if part not in ("data", "default")]
    return folders[0] if folders and folders != ["train"] else ""


def _of_config(files: list[DataFile], config: str | None) -> list[DataFile]:
    if config is not None:
        return [
            file
            for file in files
            if file.config == config or PurePosixPath(file.path).stem == config
        ]
    configs = {file.config for file in files}
    if len(configs) > 1:
        configs &= {""} if "" in configs else {"default"}
    return [file for file in files if file.config in configs]


def _described(path: str, inner: PurePosixPath) -> DataFile:
    folders = [part for part in inner.parts[:-1] if part != "data"]
    if _CONVERTED.fullmatch(inner.stem) and len(folders) == 2:
        return DataFile(path, folders[0], folders[1].removeprefix("partial-"))
    if shard := _SHARD.fullmatch(inner.stem):
        return DataFile(path, folders[0] if folders else "", shard[1])
    split = _split_named_in(inner.stem)
    configs = []
    for folder in folders:
        if split is None and (named := _SPLIT_OF_WORD.get(folder.lower())):
            split = named
        else:
            configs.append(folder)
    return DataFile(path, configs[0] if configs else "", split)


def _split_named_in(stem: str) -> str | None:
    words = _BETWEEN_WORDS.split(stem.lower())
    return next((_SPLIT_OF_WORD[word] for word in words if word in _SPLIT_OF_WORD), None)

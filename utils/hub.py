"""All traffic with the Hugging Face Hub: files of data sets and models, never their scripts.

Which of a data set's files hold a configuration and split is told by their names. The layouts are
those that the Hub's own viewer knows: `main/train-00000-of-00002.parquet`, `data/train.jsonl`,
`train/part1.json`, and `main/train/0000.parquet` where it converted a data set.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from utils.cli import USERS_DISK
from utils.errors import PipelineError
from utils.files.redactor import worded_address
from utils.hub_layouts import (
    data_files,
    folder_of,
    has_loading_script,
    part_names,
    pick_language_files,
    pick_split_files,
)
from utils.jsonl import Row, read_rows
from utils.parquet_files import read_parquet

DEFAULT_ENDPOINT = "https://huggingface.co"
# The Hub converts the datasets it can read to Parquet, on a branch of their own.
CONVERTED_BRANCH = "refs/convert/parquet"
TIMEOUT_SECONDS = 30.0


class DatasetFiles:
    """The data files of one language in a dataset on the Hub, at one commit of it."""

    def __init__(self, name: str, language: str, cache_dir: str | None = None) -> None:
        """Look the files up; raises PipelineError when there are none or the Hub can't be asked.

        `cache_dir` is where downloads are kept, by default the Hub's own (`HF_HOME`).
        """
        self.name = name
        self.cache_dir = cache_dir
        self.endpoint = _endpoint()
        self.commit, self.paths = self._find(language)

    def rows(self, fields: Sequence[str], required: Iterable[str]) -> Iterator[Row]:
        """Yield the rows, one file after the other, each downloaded when its turn comes."""
        for path in self.paths:
            with self._explained_errors():
                local = _download(self.name, path, self.commit, self.endpoint, self.cache_dir)
            if path.endswith(".parquet"):
                hint = "is this a dataset of commits?"
                yield from read_parquet(local, fields, required, hint)
            else:
                yield from read_rows(local, required)

    def _find(self, language: str) -> tuple[str, list[str]]:
        commit, paths = self._list("main")
        if files := pick_language_files(paths, language):
            return commit, files
        converted = self._list(CONVERTED_BRANCH)
        if files := pick_language_files(converted[1], language):
            return converted[0], files
        languages = sorted({name for path in [*paths, *converted[1]] if (name := folder_of(path))})
        found = f" (has: {', '.join(languages[:12])})" if languages else ""
        raise PipelineError(
            f"hf:{self.name}: no JSONL or Parquet files for language '{language}'{found}; "
            "name another with --lang"
        )

    def _list(self, revision: str) -> tuple[str, list[str]]:
        with self._explained_errors():
            return _list_files(self.name, revision, self.endpoint)

    def _explained_errors(self) -> AbstractContextManager[None]:
        way_out = "or take --source stdlib, which needs none"
        return _explained_errors("dataset", self.name, self.endpoint, way_out)


class DatasetSplit:
    """The data files of one configuration and split of a dataset on the Hub, at one commit of it.

    Where a loading script says what the files mean, the converted Parquet goes first.
    """

    def __init__(
        self,
        name: str,
        config: str | None = None,
        split: str = "train",
        data_dir: str | None = None,
        cache_dir: str | None = None,
    ) -> None:
        """Look the files up; raises PipelineError when there are none or the Hub can't be asked."""
        self.name = name
        self.cache_dir = cache_dir
        self.endpoint = _endpoint()
        self.commit, self.paths = self._find(config, split, data_dir)

    def files(self) -> Iterator[Path]:
        """Yield where each file is on this machine, downloaded when its turn comes."""
        for path in self.paths:
            with self._explained_errors():
                local = _download(self.name, path, self.commit, self.endpoint, self.cache_dir)
            yield Path(local)

    def _find(self, config: str | None, split: str, data_dir: str | None) -> tuple[str, list[str]]:
        commit, paths = self._list("main")
        picked = pick_split_files(paths, config, split, data_dir)
        if picked and (data_dir or not has_loading_script(paths)):
            return commit, picked
        converted_commit, converted = self._list(CONVERTED_BRANCH)
        if not data_dir and (found := pick_split_files(converted, config, split)):
            return converted_commit, found
        if picked:
            return commit, picked
        parts = part_names([*data_files(paths), *data_files(converted)])
        has = (
            f" (has: {', '.join(parts[:12])}{', ...' if len(parts) > 12 else ''})" if parts else ""
        )
        of_config = f"configuration '{config}', " if config else ""
        in_folder = f" in '{data_dir}'" if data_dir else ""
        raise PipelineError(
            f"hf:{self.name}: no Parquet, JSONL or JSON files of {of_config}split '{split}'"
            f"{in_folder}{has}; mend config, split or data_dir"
        )

    def _list(self, revision: str) -> tuple[str, list[str]]:
        with self._explained_errors():
            return _list_files(self.name, revision, self.endpoint)

    def _explained_errors(self) -> AbstractContextManager[None]:
        return _explained_errors("dataset", self.name, self.endpoint, "or name a local file")


def _list_files(name: str, revision: str, endpoint: str) -> tuple[str, list[str]]:
    """Return the commit of a dataset's revision and its files; none without such a branch."""
    api = HfApi(endpoint=endpoint)
    try:
        info = api.dataset_info(name, revision=revision, timeout=TIMEOUT_SECONDS)
    except RevisionNotFoundError:
        return "", []
    return info.sha or revision, [file.rfilename for file in info.siblings or []]


def _download(name: str, path: str, commit: str, endpoint: str, cache_dir: str | None) -> str:
    return hf_hub_download(
        name, path, repo_type="dataset", revision=commit, endpoint=endpoint, cache_dir=cache_dir
    )


def model_file(name: str, path: str, cache_dir: str | None = None) -> str:
    """Download one file of a model, unless the Hub's cache holds it; returns where it is."""
    endpoint = _endpoint()
    with _explained_errors("model", name, endpoint, "or name a folder on this machine"):
        return hf_hub_download(name, path, endpoint=endpoint, cache_dir=cache_dir)


def cached_model_folder(name: str) -> Path:
    """Return where the Hub's cache on this machine holds a model; nothing is downloaded."""
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError:
        raise PipelineError(f"hf:{name}: not a model's name; write owner/name") from None
    except LocalEntryNotFoundError:
        raise PipelineError(
            f"hf:{name}: not on this machine, and no model is downloaded here; fetch it with "
            f"`hf download {name}`, or name a folder"
        ) from None


def _endpoint() -> str:
    # Read when needed and not at import, like every other setting of the environment.
    return (os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")


@contextmanager
def _explained_errors(kind: str, name: str, endpoint: str, way_out: str) -> Iterator[None]:
    """Turn what goes wrong with the Hub into one line that says what to do about it."""
    where = f"hf:{name}"
    endpoint = worded_address(endpoint)
    page = f"{endpoint}/datasets/{name}" if kind == "dataset" else f"{endpoint}/{name}"
    try:
        yield
    except HFValidationError:
        raise PipelineError(f"{where}: not a {kind}'s name; write owner/name") from None
    except GatedRepoError:
        raise PipelineError(
            f"{where}: access is gated; ask for it at {page} and set HF_TOKEN"
        ) from None
    except RepositoryNotFoundError:
        raise PipelineError(
            f"{where}: no such {kind} at {endpoint}; check the name, "
            "or set HF_TOKEN if it is private"
        ) from None
    except (HTTPError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in USERS_DISK:
            raise
        raise PipelineError(
            f"{where}: can't be read from {endpoint} ({_first_line(error)}); check the "
            f"network and HF_ENDPOINT, {way_out}"
        ) from None


def _first_line(error: Exception) -> str:
    """Shorten an error to one line; the Hub's run over several."""
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__

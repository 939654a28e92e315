"""A domain: the instruction, the sources of its questions, how each is read and worded.

`data_v5/domains/NAME.yaml`, or any YAML file of the same keys:

    instruction: Solve the maths problem step by step.
    cluster: {threshold: 0.5, min_community_size: 10}   # optional; the flags go first
    sources:
      - name: openai/gsm8k     # on the Hugging Face Hub
        config: main
        split: train           # default
        question: question     # columns, or paths such as story.text
        answer: answer
        where: {level: [1, 2]} # optional: rows with this value, or one of these
        format: {...}          # optional: see data_v5/reading/formats.py
      - path: data/own.jsonl   # a JSON, JSONL or Parquet file; a name then is only a label

A cosine means another thing to each kind of embeddings. 0.75 suits sentence models. By TF-IDF, the
default backend, different problems on one theme are at 0.5 to 0.6: of the 7,473 problems of GSM8K,
clusters hold 13 at 0.75, 783 at 0.6, 2,619 at 0.5 and 5,133 at 0.4, where themes begin to mix. So
the default is 0.5 with TF-IDF and 0.75 with a model; a domain that sets one is meant for its kind.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PositiveInt, with_config

from data_v5.reading.bigbench_tasks import TASK_FILE, task_files, task_instruction
from data_v5.reading.columns import top_column
from data_v5.reading.formats import Format
from utils.config import load_config
from utils.errors import PipelineError
from utils.jsonl import Row

DOMAINS = Path(__file__).parents[1] / "domains"
YAML_SUFFIXES = (".yaml", ".yml")
# What begins the name of one of BIG-bench's tasks.
TASK = "bigbench:"

Cosine = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Scalar = str | bool | int | float | None


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class ClusterSettings:
    """How alike questions of a cluster are, and how many make one."""

    threshold: Cosine
    min_community_size: PositiveInt = 10


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class ClusterWishes:
    """What a domain says of its clusters; the rest is left to the flags and the defaults."""

    threshold: Cosine | None = None
    min_community_size: PositiveInt | None = None

    def said(self) -> dict[str, float]:
        """Give what the domain's YAML says, so that defaults can fill in the rest."""
        return {name: value for name, value in vars(self).items() if value is not None}


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class QuestionSource:
    """Where questions come from, and which columns hold what.

    With a `path`, `config`, `split` and `data_dir` only say where the file is from. Records name
    the source by its `label`, or its name, or its path; sources of one `format` may share it.
    """

    question: str
    answer: str
    name: str | None = None
    path: str | None = None
    label: str | None = None
    config: str | None = None
    split: str = "train"
    data_dir: str | None = None
    where: dict[str, Scalar | list[Scalar]] = field(default_factory=dict)
    format: Format = field(default_factory=Format)

    def __post_init__(self) -> None:
        if not self.name and not self.path:
            raise ValueError("'name' and 'path' are both missing; name a data set or a file")

    @property
    def title(self) -> str:
        """What the records of this source name it by."""
        return self.label or self.name or str(self.path)

    def own_columns(self) -> list[str]:
        """List the columns of the question and the answer, which every row must have."""
        return list(dict.fromkeys(map(top_column, [self.question, self.answer])))

    def columns(self) -> list[str]:
        """List the raw columns that are read."""
        return list(dict.fromkeys([*self.own_columns(), *self.where, *self.format.columns()]))

    def selects(self, row: Row) -> bool:
        """Tell whether a row has the wanted values; they are compared as text, but for null."""
        return all(_is_wanted(row[column], wanted) for column, wanted in self.where.items())


def _is_wanted(value: Any, wanted: Scalar | list[Scalar]) -> bool:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    if value is None:
        return None in allowed
    return str(value) in [str(one) for one in allowed if one is not None]


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class DomainFile:
    """The keys of the YAML."""

    instruction: str
    sources: list[QuestionSource]
    cluster: ClusterWishes = ClusterWishes()

    def __post_init__(self) -> None:
        if not self.instruction.strip():
            raise ValueError("'instruction' is empty; say what the questions ask for")
        if not self.sources:
            raise ValueError("'sources' is empty; name at least one")
        formats: dict[str, Format] = {}
        for source in self.sources:
            if formats.setdefault(source.title, source.format) != source.format:
                raise ValueError(
                    f"two sources called '{source.title}' differ in 'format'; give each a 'label'"
                )


@dataclass(frozen=True)
class Domain:
    """A domain's YAML, and the name and path it has."""

    name: str
    path: Path
    instruction: str
    sources: list[QuestionSource]
    cluster: ClusterWishes

    def source(self, title: str) -> QuestionSource:
        """Find a source that a record names; PipelineError if the domain has none of that name.

        Where several have the name, they have the same format.
        """
        for source in self.sources:
            if source.title == title:
                return source
        known = ", ".join(dict.fromkeys(source.title for source in self.sources))
        raise PipelineError(
            f"{self.path}: no source is called '{title}', as a record says (has: {known}); is it "
            "the domain that the records were made with?"
        )


def domain_name(domain: str) -> str:
    """Give the name by which the files of a domain begin, however it is named on a command line."""
    if domain.startswith(TASK):
        return domain.removeprefix(TASK)
    path = Path(domain)
    if path.name == TASK_FILE:
        return path.resolve().parent.name
    return path.stem if domain.endswith((*YAML_SUFFIXES, ".json")) else path.name


def load_domain(domain: str) -> Domain:
    """Load a domain by its name in `data_v5/domains`, or by the path of its YAML.

    A task of BIG-bench is a domain too: `bigbench:NAME` is one of the Hub's, and the path of a task
    file, or of a task's folder, is one on this machine.
    """
    if domain.startswith(TASK):
        return _hub_task(domain.removeprefix(TASK))
    if domain.endswith(".json") or ("/" in domain and Path(domain).is_dir()):
        return _local_task(Path(domain))
    path = _domain_path(domain)
    content = load_config(path, DomainFile)
    return Domain(path.stem, path, content.instruction, content.sources, content.cluster)


def _hub_task(name: str) -> Domain:
    path = DOMAINS / "bigbench.yaml"
    content = load_config(path, DomainFile)
    known = {source.config: source for source in content.sources}
    source = known.get(name) or replace(content.sources[0], config=name)
    return Domain(name, path, content.instruction, [source], content.cluster)


def _local_task(path: Path) -> Domain:
    [first, *_] = files = task_files(path)
    instruction = task_instruction(first)
    if not instruction:
        raise PipelineError(f"{first}: has neither 'task_prefix' nor 'description'; add one")
    usual = load_config(DOMAINS / "bigbench.yaml", DomainFile).sources[0]
    # The options do not stand in the text of a task file.
    wording = replace(usual.format, cut_at_lines=[], drop_prefix="", drop_suffix="")
    name = domain_name(str(path))
    sources = [
        replace(usual, name=None, config=None, path=str(one), label=name, format=wording)
        for one in files
    ]
    return Domain(name, path, instruction, sources, ClusterWishes())


def _domain_path(domain: str) -> Path:
    if domain.endswith(YAML_SUFFIXES):
        return Path(domain)
    path = DOMAINS / f"{domain}.yaml"
    if "/" in domain or not path.is_file():
        known = ", ".join(sorted(file.stem for file in DOMAINS.glob("*.yaml")))
        raise PipelineError(
            f"--domain {domain}: no such domain (has: {known or 'none'}); name one of these, or "
            f"the path of a YAML file, or {TASK}TASK"
        )
    return path

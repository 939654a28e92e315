"""The data set card that the Hugging Face Hub shows: a README.md beside the training files.

It describes every data set of its folder from the summaries written there, and is written again
with each of them. A page that people wrote is left alone.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from utils.cli import log
from utils.files.locks import waited_lock
from utils.files.wholeness import summary_in
from utils.jsonl import atomic_file, read_document
from utils.stage_output import sibling

MARK = "<!-- Written by generate_finetune_dataset.py; take this line out to keep changes. -->"
# The Hub's names of licences that seeds come under; all others are "other" there.
HUB_LICENSES = frozenset(
    [
        "0bsd",
        "agpl-3.0",
        "apache-2.0",
        "artistic-2.0",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "bsl-1.0",
        "cc-by-4.0",
        "cc-by-sa-4.0",
        "cc0-1.0",
        "epl-1.0",
        "epl-2.0",
        "eupl-1.1",
        "gpl-2.0",
        "gpl-3.0",
        "isc",
        "lgpl-2.1",
        "lgpl-3.0",
        "mit",
        "mpl-2.0",
        "ms-pl",
        "mulanpsl-2.0",
        "ncsa",
        "osl-3.0",
        "postgresql",
        "unlicense",
        "wtfpl",
        "zlib",
    ]
)
# What people and the Hub's viewer still read; what is more goes into a file beside the page.
LARGEST_PAGE = 20_000  # bytes
DETAILS = "data_sets.md"
SHORT_HEAD = ("data set", "training rows", "validation rows", "tokens")
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
# What the card tells of a stage that ran programs or tests.
_OF_RUNS = (
    *("sandbox", "environment", "limits", "rows_run", "deterministic", "not_runnable"),
    *("rows_tested", "rows_without_suite", "verdicts"),
)
# Settings that are told elsewhere on the page, or are nobody's business.
UNPUBLISHED = ("system_prompt", "tokenizer", "num_workers", "cache_dir")
CITATION = """\
The rows were made with EditLoom, which follows the method of OpenCodeEdit. If you publish results,
please cite

```bibtex
@article{zhang2025opencodeedit,
  title   = {Generating High-Quality Datasets for Code Editing via Open-Source Language Models},
  author  = {Zhang, Zekai and Liu, Mingwei and Chen, Zhenxi and Liang, Linxi and Chen, Yuxuan and
             Ou, Guangsheng and Wang, Yanlin and Li, Dan and Peng, Xin and Zheng, Zibin},
  journal = {arXiv preprint arXiv:2509.25203},
  year    = {2025}
}
```

and the source of the seeds, as named in `meta` (`repos`) of each row. Seeds of CommitPackFT:
Muennighoff et al., *OctoPack: Instruction Tuning Code Large Language Models*, arXiv:2308.07124."""


def write_card(folder: Path) -> None:
    """Write the card of a folder from the summaries of its data sets, unless people wrote one."""
    path = folder / "README.md"
    if path.exists() and MARK.encode() not in read_document(path):
        log.warning("%s was not written by this stage and is left as it is", path)
        return
    details = folder / DETAILS
    with waited_lock(path):
        summaries = list(_data_sets(folder))
        page = make_card(summaries)
        if len(_encoded(page)) > LARGEST_PAGE:
            page, detailed = make_short_card(summaries), make_details(summaries)
            with atomic_file(details) as file:
                file.write(_encoded(detailed))
        elif details.exists() and MARK.encode() in read_document(details):
            details.unlink()
        with atomic_file(path) as file:
            file.write(_encoded(page))


def _data_sets(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the summaries of this stage whose files are still there, by name."""
    for path in sorted(folder.glob("*.summary.json")):
        summary = summary_in(path) or {}
        card = summary.get("card")
        files = card.get("files") if isinstance(card, dict) else None
        if isinstance(files, dict) and all(
            (folder / str(name)).exists() for name in files.values()
        ):
            yield summary


def make_card(summaries: list[dict[str, Any]]) -> str:
    """Word the card of the data sets that these summaries describe."""
    sections = [section for summary in summaries for section in _section(summary)]
    return _page(_front_matter(summaries), sections)


def make_short_card(summaries: list[dict[str, Any]]) -> str:
    """Word the card of many data sets, a line each, of as many as the page has room for.

    Where the Hub's list of files alone would fill it, that is left out.
    """
    front = _front_matter(summaries)
    told = f"Settings, sources, models and licences of each data set: [{DETAILS}]({DETAILS})."
    if len(_encoded(_page(front, [told]))) > LARGEST_PAGE:
        del front["configs"]
    room = LARGEST_PAGE - len(_encoded(_page(front, [told, told, _table(SHORT_HEAD, ())])))
    rows: list[tuple[str, ...]] = []
    for row in map(_short_row, summaries):
        room -= len(_encoded(_table(row, ())))
        if room < 0:
            break
        rows.append(row)
    more = len(summaries) - len(rows)
    others = [f"{more:,} more data sets are described there alone."] if more else []
    return _page(front, [told, _table(SHORT_HEAD, rows), *others])


def _short_row(summary: dict[str, Any]) -> tuple[str, ...]:
    counts = (summary["rows"][name] for name in ("train", "validation"))
    tokens = summary["preflight"]["tokens"]
    return _plain(summary["card"]["name"]), *(f"{count:,}" for count in counts), f"{tokens:,}"


def make_details(summaries: list[dict[str, Any]]) -> str:
    """Word the page beside a short card: all of each data set."""
    sections = [section for summary in summaries for section in _section(summary)]
    return "\n\n".join([MARK, "# The data sets of this folder", *sections]) + "\n"


def _page(front: dict[str, Any], sections: Iterable[str]) -> str:
    header = yaml.safe_dump(front, sort_keys=False, allow_unicode=True)
    title = "# Code edits for fine-tuning"
    opening = (
        "Triplets of code before, instruction and code after, as conversations for supervised "
        "fine-tuning."
    )
    parts = [f"---\n{header}---", MARK, title, opening, *sections, "## Citation", CITATION]
    return "\n\n".join(parts) + "\n"


def _front_matter(summaries: list[dict[str, Any]]) -> dict[str, Any]:
    cards = [summary["card"] for summary in summaries]
    languages = sorted({summary["settings"]["language"] for summary in summaries} - {""})
    licenses = sorted({hub_license(name) for card in cards for name in card["licenses"]})
    return {
        "license": licenses[0] if len(licenses) == 1 else licenses or "other",
        "task_categories": ["text-generation"],
        "language": ["en"],
        "tags": ["code", *languages, "code-editing", "instruction-tuning", "synthetic"],
        "size_categories": [size_category(sum(summary["kept"] for summary in summaries))],
        "configs": [
            {
                "config_name": card["name"],
                "data_files": [
                    {"split": split, "path": name} for split, name in card["files"].items()
                ],
            }
            for card in cards
        ],
    }


def hub_license(name: str) -> str:
    """Give the Hub's name of a licence."""
    return name.lower() if name.lower() in HUB_LICENSES else "other"


def size_category(rows: int) -> str:
    """Name the Hub's size class of a number of rows."""
    return next((name for limit, name in SIZES if rows < limit), "n>10M")


def _section(summary: dict[str, Any]) -> Iterator[str]:
    card = summary["card"]
    yield f"## {_plain(card['name'])}"
    settings = summary["settings"]
    yield _table(("split", "file", "rows"), _split_rows(summary))
    if settings["system_prompt"]:
        yield f"System prompt: {_plain(settings['system_prompt'])}"
    yield (
        f"Layout `{settings['prompt_format']}`, answers as `{settings['edit_format']}`, language "
        f"{_plain(settings['language'] or 'any')}, random seed {settings['random_seed']}."
    )
    preflight = summary["preflight"]
    lengths = preflight["lengths"]
    if lengths:
        yield (
            f"Training rows hold {preflight['tokens']:,} tokens ({preflight['method']}): median "
            f"{lengths['p50']:,}, 99% up to {lengths['p99']:,}, longest {lengths['max']:,}."
        )
    yield _table(("source", "rows", "trained tokens"), _source_rows(preflight["sources"]))
    yield "### Models"
    yield _table(("model", "rows"), _count_rows(card["models"]))
    yield "### Licences of the seeds"
    yield _table(("licence", "seeds"), _count_rows(card["licenses"]))
    if ran := [line for stage in card["history"] for line in _run_lines(stage)]:
        yield "### What was run"
        yield "\n".join(f"- {line}" for line in ran)
    yield "### How it was filtered"
    yield _table(("file", "rows in", "kept", "put aside", "settings"), _stage_rows(summary))


def _split_rows(summary: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for split, name in summary["card"]["files"].items():
        yield split, _code(name), f"{summary['rows'][split]:,}"


def _source_rows(sources: dict[str, dict[str, int]]) -> Iterator[tuple[str, ...]]:
    for name, counts in sources.items():
        yield _plain(name), f"{counts['rows']:,}", f"{counts['trainable_tokens']:,}"


def _count_rows(counts: dict[str, int]) -> Iterator[tuple[str, ...]]:
    for name, count in counts.items():
        yield _plain(name), f"{count:,}"


def _stage_rows(summary: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """List the stages, the earliest first."""
    own = summary | {"file": summary["card"]["files"].get("train", summary["card"]["name"])}
    for stage in [*summary["card"]["history"], own]:
        settings = _publishable(stage.get("settings", {}))
        yield (
            _code(_public(stage["file"])),
            f"{stage['rows_in']:,}",
            f"{stage['kept']:,}",
            _put_aside(stage),
            _code(json.dumps(settings, ensure_ascii=False)) if settings else "",
        )


def _run_lines(stage: dict[str, Any]) -> Iterator[str]:
    """Say of a stage that ran programs or tests of how many rows, where, and what came of it."""
    if "sandbox" not in stage:
        return
    file, total = _code(_public(stage["file"])), f"{stage['rows_in']:,}"
    if not stage["sandbox"]:
        yield f"{file}: none of {total} rows was run, for want of a sandbox."
    elif "rows_run" in stage:
        hindered = stage.get("not_runnable", {})
        yield (
            f"{file}: {stage['rows_run']:,} of {total} rows run, the code before and the code "
            f"after twice each, {_place(stage)}; {stage.get('deterministic', 0):,} did the same "
            f"both times; {sum(hindered.values()):,} not runnable{_in_brackets(hindered)}."
        )
    elif "rows_tested" in stage:
        verdicts = Counter(stage.get("verdicts", {}))
        verdicts["untestable"] -= stage.get("rows_without_suite", 0)
        yield (
            f"{file}: {stage['rows_tested']:,} rows tested of {total}, by tests that a model "
            "wrote, each run once before and three times after, "
            f"{_place(stage)}{_in_brackets(verdicts)}."
        )


def _place(stage: dict[str, Any]) -> str:
    limits, python = stage.get("limits", {}), str(stage.get("environment", "")).partition(" ")[0]
    return (
        f"in {_plain(str(stage['sandbox']))}, Python {_plain(python)}, at most "
        f"{limits.get('cpu_seconds')} s of processors and {limits.get('memory_mb')} MB each"
    )


def _in_brackets(counts: dict[str, int]) -> str:
    said = [
        f"{_plain(name.replace('_', ' '))} {count:,}" for name, count in counts.items() if count
    ]
    return f" ({', '.join(said)})" if said else ""


def _publishable(settings: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not published, in groups of settings too."""
    return {
        name: _publishable(value) if isinstance(value, dict) else value
        for name, value in settings.items()
        if name not in UNPUBLISHED
    }


def _public(path: str) -> str:
    """Name a file without the folders of somebody's machine."""
    return Path(path).name if Path(path).is_absolute() else path


def _plain(text: str) -> str:
    """Write what others said so that it is a text in one line and no structure of the page."""
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace("[", "\\[").replace("`", "'")


def _code(text: str) -> str:
    """Write a text as code, in one line."""
    return "`" + " ".join(text.split()).replace("`", "'") + "`"


def _encoded(page: str) -> bytes:
    """Encode a page; of a file's name, a byte that is no UTF-8 has a question mark."""
    return page.encode("utf-8", "replace")


def _put_aside(stage: dict[str, Any]) -> str:
    counts = {**stage["reject_reasons"], **stage.get("passed_over", {})}
    return ", ".join(
        f"{_plain(reason.replace('_', ' '))} {count:,}" for reason, count in counts.items()
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in lines)


def read_history(inputs: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Follow the summaries of the stages before back to the first, and list them from there.

    A file without a summary, as from another project, ends its line.
    """
    seen: set[Path] = set()
    return [stage for source in inputs for stage in _follow(Path(source), seen)]


def _follow(file: Path, seen: set[Path]) -> Iterator[dict[str, Any]]:
    summary = summary_in(sibling(file, ".summary.json"))
    if file in seen or summary is None:
        return
    seen.add(file)
    if "rows_in" in summary:
        for source in summary.get("inputs", ()):
            yield from _follow(Path(source), seen)
        told = ("rows_in", "kept", "reject_reasons", "passed_over", "settings", *_OF_RUNS)
        yield {"file": str(file)} | {name: summary[name] for name in told if name in summary}

"""Look at a data set: figures, samples and their history on one self-contained HTML page.

Reads any stage's files, one or several, and those of programming_instruct and joydataforge; writes
the page, and its figures as PDF on request. `--diversity` measures the files under review as well.
    python dataset_report.py data/filtered/ocedata_mix_dt_filtered.jsonl --output_file report.html

The files of the latest stage named are the ones under review: samples are drawn from them. Earlier
files add how many rows each stage kept, what a kept row cost, and where each sample comes from;
`.summary.json` and `.rejected.jsonl` are read where they stand beside a file.
"""

import webbrowser
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveInt

from utils.cli import Flag, log, parse_flags, run
from utils.config import read_yaml
from utils.files.wholeness import say_if_doubtful
from utils.jsonl import atomic_file
from utils.progress import progress
from utils.report import figures
from utils.report.diversity_figures import (
    diversity_figures,
    diversity_table,
    load_measures,
    measure_surveys,
)
from utils.report.edit_facts import EditComparer
from utils.report.evidence import agreement_lines, run_figures, run_lines, worded_agreement
from utils.report.figure_kinds import Figure
from utils.report.figures import FigureLimits
from utils.report.lineage import Lineage, RepeatedRows, worded_sampling
from utils.report.page import as_page_data, build_page, data_set_id, draw_rejected, draw_samples
from utils.report.plotting import write_pdfs
from utils.report.review import ReviewMark, read_marks, reviews_data
from utils.report.room_figures import history_figures, synthesis_figures
from utils.report.row_views import FILE_KINDS, RowView
from utils.report.stage_yield import load_prices, yield_figure, yield_tables
from utils.report.survey import (
    FileSurvey,
    SurveySettings,
    Watch,
    file_lines,
    in_stage_order,
    name_files,
    open_survey,
    survey_rejected,
    survey_rows,
    token_length_lines,
    without_repeated_files,
)
from utils.similarity.diversity_measures import DiversitySettings
from utils.similarity.instruction_verbs import VerbObject
from utils.stage_output import sibling
from utils.token_counts import ESTIMATE_METHOD as TOKEN_METHOD

Sections = dict[str, list[Figure]]
# One rejected row for so many samples that were kept.
REJECTED_SHARE = 4
FILTER_CONFIG, MODEL_MAP = "filter_config.yaml", "model_map.yaml"


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Show a data set on one HTML page."""

    input_files: Annotated[
        list[str], Flag("IN"), Field(description="files of any stages (.jsonl, .json)")
    ]
    output_file: Annotated[str, Field(description="the page")] = "report.html"
    figure_dir: Annotated[
        str | None, Field(description="also write every figure as PDF into this folder")
    ] = None
    cutoff_len: Annotated[PositiveInt, Field(description="the trainer's limit")] = 2048
    filter_config: Annotated[
        str | None,
        Field(description=f"where the limits stand (default: {FILTER_CONFIG} if there)"),
    ] = None
    model_map: Annotated[
        str | None, Field(description=f"where the prices stand (default: {MODEL_MAP} if there)")
    ] = None
    samples: Annotated[NonNegativeInt, Field(description="to browse on the page")] = 200
    sample_rows: Annotated[
        PositiveInt, Field(description="samples a file whose programs are compared")
    ] = 5000
    random_seed: Annotated[int, Field(description="of all samples")] = 42
    diversity: Annotated[
        str | None,
        Flag(nargs="?", const="", metavar="JSON"),
        Field(
            description="also measure the diversity of the files under review, or show what "
            "evaluate_diversity wrote to this file"
        ),
    ] = None
    marks: Annotated[
        list[str],
        Flag(nargs="+", metavar="REVIEW"),
        Field(description="reviews exported from such pages, a file a person, to show and merge"),
    ] = field(default_factory=list)
    open: Annotated[bool, Field(description="open the page in the browser")] = False

    def __post_init__(self) -> None:
        output = Path(self.output_file).resolve()
        for path, count in Counter(Path(path).resolve() for path in self.input_files).items():
            if path == output:
                raise ValueError(f"{self.output_file}: is an input; name another output")
            if count > 1:
                raise ValueError(f"{path}: is named {count} times; name each file once")


@dataclass(frozen=True)
class ReportFindings:
    """All that was read: the files in the order of the stages, those under review, the samples."""

    surveys: list[FileSurvey]
    focus: list[FileSurvey]
    samples: list[dict[str, Any]]
    samples_left_out: int
    comparer: EditComparer
    marks_met: int = 0
    diversity: list[dict[str, Any]] = field(default_factory=list)


def read_surveys(
    paths: Sequence[str], settings: SurveySettings, samples: int, marked: Collection[str] = ()
) -> ReportFindings:
    """Read every file once: those under review first, for what their samples are.

    Samples that somebody `marked` are on the page before any that are drawn.
    """
    paths = without_rejected_beside(paths)
    labels = name_files(paths)
    opened = [open_survey(*names, settings) for names in zip(paths, labels, strict=True)]
    surveys = in_stage_order(opened)
    focus = [survey for survey in surveys if survey.kind == surveys[-1].kind]
    for survey in surveys:
        survey_rejected(survey, settings.random_seed)
    rejected = draw_rejected(surveys, samples // REJECTED_SHARE)
    repeated = RepeatedRows(rejected)
    met: dict[str, tuple[FileSurvey, RowView]] = {}
    for survey in focus:
        survey_rows(survey, repeated.watcher(survey), marked_watcher(survey, marked, met))
    drawn = [*draw_samples(focus, samples, [*met.values()]), *rejected]
    lineage = Lineage(view for _, view in drawn)
    for survey in surveys:
        if survey not in focus:
            watch = lineage.watcher(survey.label, worded_sampling(survey))
            survey_rows(survey, watch, repeated.watcher(survey))
    for survey, view in drawn:
        lineage.watcher(survey.label)(view)
    comparer = EditComparer()
    data, left_out = as_page_data(drawn, lineage, comparer, repeated)
    return ReportFindings(surveys, focus, data, left_out, comparer, len(met))


def without_rejected_beside(paths: Sequence[str]) -> list[str]:
    """Leave out rejected rows, as a `*.jsonl` names them, of files that are named too.

    They are read with these, and are no step of their own.
    """
    beside = {sibling(path, ".rejected.jsonl") for path in paths}
    left = [path for path in paths if Path(path) not in beside]
    if len(left) < len(paths):
        log.info("%s files of rejected rows are read with the others", len(paths) - len(left))
    return left


def marked_watcher(
    survey: FileSurvey, marked: Collection[str], met: dict[str, tuple[FileSurvey, RowView]]
) -> Watch:
    """Give the function that notes the samples somebody marked, when it is shown all."""

    def watch(view: RowView, _: int) -> None:
        if view.is_edit and view.identity in marked:
            met.setdefault(view.identity, (survey, view))

    return watch


def make_figures(found: ReportFindings, limits: FigureLimits, seed: int, tables: Any) -> Sections:
    """Make the figures of each section of the page."""
    surveys = found.surveys
    compared = without_repeated_files(s for s in surveys if s.is_edits)
    edits = {survey.label: found.comparer.figures(survey) for survey in compared}
    # The page shows the last one first: with topics, of a late stage, and no handful of rows.
    offered = sorted(compared, key=lambda s: (bool(s.topics), FILE_KINDS.index(s.kind), s.rows))
    instructed = offered or found.focus
    verbs: dict[str, VerbObject | None] = {}
    asked = [survey for survey in surveys if survey.kind == "prompts"]
    with_topics = [s for s in surveys if s.topics or s.summary.get("topics")]
    sections: dict[str, Sequence[Figure | None]] = {
        "overview": [figures.reject_reasons(surveys)],
        "size": [
            figures.token_lengths(compared, limits),
            *figures.edit_sizes(compared, edits, limits),
        ],
        "nature": [*figures.edit_natures(compared, edits), figures.edit_kinds([*compared, *asked])],
        "runs": run_figures({survey.label: survey.summary for survey in surveys}),
        "topics": [
            *map(figures.topic_bars, with_topics),
            *(figures.sample_map(survey, seed) for survey in progress(offered, "maps", "file")),
        ],
        "instructions": [
            figures.verb_objects(survey, verbs) for survey in progress(instructed, "verbs", "file")
        ],
        "histories": history_figures(surveys),
        "synthesis": synthesis_figures(surveys),
        "diversity": diversity_figures(surveys, found.diversity),
        "yield": [yield_figure(tables)],
    }
    return {name: [f for f in made if f is not None] for name, made in sections.items()}


def page_data(
    found: ReportFindings,
    sections: Sections,
    tables: Any,
    limits: FigureLimits,
    reviews: dict[str, dict[str, ReviewMark]],
) -> dict[str, Any]:
    """Gather everything that the page shows, as JSON values."""
    rows = sum(survey.rows for survey in found.focus)
    shown = sum(1 for sample in found.samples if "reason" not in sample)
    note = (
        f"{shown:,} samples drawn at random from {rows:,} rows, and "
        f"{len(found.samples) - shown:,} rejected rows drawn evenly over the reasons. "
        "Keys: j and k move, a accepts, r rejects. Marks stay in this browser till you export them."
    )
    if reviews:
        marked = len(set().union(*reviews.values()))
        note += f" {found.marks_met:,} of the {marked:,} samples marked in --marks are in the data."
    if found.samples_left_out:
        note += f" {found.samples_left_out:,} more did not fit on the page."
    return {
        "lead": f"{rows:,} rows under review; {len(found.surveys)} files read.",
        "data_set": data_set_id(found.focus),
        "focus": [survey.label for survey in found.focus],
        "files": file_lines(found.surveys),
        "tokens": token_length_lines(found.surveys, limits.cutoff_len),
        "token_method": TOKEN_METHOD,
        "cutoff_len": limits.cutoff_len,
        "figures": {name: [f.as_data() for f in made] for name, made in sections.items()},
        "diversity": diversity_table(found.diversity),
        "yield": tables,
        "runs": run_lines({survey.label: survey.summary for survey in found.surveys}),
        "agreement": agreement_data(found.surveys),
        "samples": found.samples,
        "rows": rows,
        "reviews": reviews_data(reviews),
        "samples_note": note,
    }


def agreement_data(surveys: Sequence[FileSurvey]) -> dict[str, Any]:
    """Lay judges' verdicts and those by tests side by side, where rows have both."""
    counted = {survey.label: survey.judged_and_tested for survey in surveys}
    return {"lines": agreement_lines(counted), "note": worded_agreement(counted)}


def read_diversity(arguments: Flags, focus: list[FileSurvey]) -> list[dict[str, Any]]:
    """Measure the files under review, or read what was measured; nothing unless asked for."""
    if arguments.diversity is None:
        return []
    if arguments.diversity:
        return load_measures(arguments.diversity)
    return measure_surveys(focus, DiversitySettings(random_seed=arguments.random_seed))


def read_limits(path: str | None, cutoff_len: int) -> FigureLimits:
    """Take the limits of the diff filter from its config, where there is one."""
    values = read_yaml(path) if path else None
    settings = values.get("filter_settings") if isinstance(values, dict) else None
    settings = settings if isinstance(settings, dict) else {}
    found = {
        key: settings[key]
        for key in ("max_modify_lines", "max_hunk_num")
        if isinstance(settings.get(key), int)
    }
    return FigureLimits(cutoff_len=cutoff_len, **found)


def default_file(given: str | None, name: str) -> str | None:
    """Take a settings file that was named, else the usual one where it is there."""
    return given or (name if Path(name).is_file() else None)


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    limits = read_limits(default_file(arguments.filter_config, FILTER_CONFIG), arguments.cutoff_len)
    settings = SurveySettings(arguments.sample_rows, arguments.random_seed)
    for path in arguments.input_files:
        say_if_doubtful(path)
    names = name_files(arguments.marks)
    reviews = dict(zip(names, map(read_marks, arguments.marks), strict=True))
    marked = set().union(*reviews.values())
    found = read_surveys(arguments.input_files, settings, arguments.samples, marked)
    found = replace(found, diversity=read_diversity(arguments, found.focus))
    prices = load_prices(found.surveys, default_file(arguments.model_map, MODEL_MAP))
    tables = yield_tables(found.surveys, prices)
    sections = make_figures(found, limits, arguments.random_seed, tables)
    title = f"Data set report: {', '.join(survey.label for survey in found.focus)}"
    page = build_page(title, page_data(found, sections, tables, limits, reviews))
    with atomic_file(arguments.output_file) as file:
        file.write(page.encode("utf-8"))
    if arguments.figure_dir:
        labels = [survey.label for survey in found.surveys]
        drawn = chain.from_iterable(sections.values())
        paths = write_pdfs(drawn, arguments.figure_dir, labels)
        log.info("%s figures -> %s", len(paths), arguments.figure_dir)
    log.info("%.1f MB -> %s", len(page.encode()) / 1e6, arguments.output_file)
    if arguments.open:
        webbrowser.open(Path(arguments.output_file).resolve().as_uri())


if __name__ == "__main__":
    run(main)

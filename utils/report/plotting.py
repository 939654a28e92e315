"""Figures drawn with matplotlib, as PDF, SVG or PNG files that need nothing else to be shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import PipelineError
from utils.jsonl import atomic_file
from utils.report.figure_kinds import Bars, Figure, Histogram, Scatter, Sunburst

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

COLORS = (
    *("#2a78d6", "#1baf7a", "#eda100", "#4a3aa7", "#e34948"),
    *("#008300", "#e87ba4", "#eb6834", "#0b8f9e", "#8c5a2b"),
    *("#8fae1b", "#b0279e", "#1d3f8f", "#8f1d2c", "#67b7f0"),
    *("#5f6b1a", "#a98be8", "#f2b48a", "#135e56", "#4f6478"),
    "#a9adb4",  # all others
)
# Words and instructions are data: a "$" in them is a dollar, not the beginning of a formula.
STYLE: dict[Any, Any] = {
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "pdf.fonttype": 42,
}
MOST_LETTERS = 60
PANELS_A_ROW = 4
# What else than the figure a file would hold: the date, which differs from run to run.
FORMATS: dict[str, dict[str, None]] = {
    ".svg": {"Date": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None},
}


def write_pdfs(
    figures: Iterable[Figure], folder: str | Path, files: Sequence[str] = ()
) -> list[Path]:
    """Write each figure to `<key>.pdf` in a folder; equal figures make equal files.

    A series that is one of the `files` has the colour of that file in every figure.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PipelineError(f"{folder}: can't be written ({error.strerror})") from None
    paths = []
    for figure in figures:
        path = folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', figure.key)}.pdf"
        with atomic_file(path) as file:
            draw_figure(figure, files).savefig(
                file, format="pdf", bbox_inches="tight", metadata={"CreationDate": None}
            )
        paths.append(path)
    return paths


def write_small_multiples(title: str, panels: Sequence[Bars], path: str | Path) -> None:
    """Draw several figures of bars side by side into one file, the same labels down each.

    A file's ending names its form: .svg, .png or .pdf. A value that is None has no bar. Equal
    panels make equal files.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise PipelineError(f"{path}: a figure is written as {', '.join(FORMATS)}; end it so")
    from matplotlib import rc_context

    # The ids in an SVG are random without a salt.
    with rc_context({**STYLE, "svg.hashsalt": "figure"}), atomic_file(path) as file:
        draw_small_multiples(title, panels).savefig(
            file,
            format=path.suffix[1:],
            bbox_inches="tight",
            dpi=150,
            metadata=FORMATS[path.suffix],
        )


def draw_small_multiples(title: str, panels: Sequence[Bars]) -> Canvas:
    """Draw a panel for each figure of bars, at most four in a row, without a display."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    if not panels:
        raise ValueError("there is no panel to draw")
    columns = min(len(panels), PANELS_A_ROW)
    rows = -(-len(panels) // columns)
    bars = max(len(panel.labels) * len(panel.series) for panel in panels)
    letters = max((len(name) for panel in panels for name in _row_names(panel)), default=0)
    size = (0.5 + 0.08 * letters + 2.4 * columns, rows * (1.1 + 0.25 * bars))
    with rc_context(STYLE):
        canvas = Canvas(figsize=size, layout="constrained")
        grid = canvas.subplots(rows, columns, sharey=True, squeeze=False).flatten()
        for axes, panel in zip(grid, panels, strict=False):
            _draw_bars(panel, axes, ())
            axes.set_title(_plain(panel.title), fontsize=9, loc="left")
            axes.tick_params(axis="x", labelsize=7)
            # Room for the value at the end of a bar.
            axes.margins(x=0.25)
        # Once: the panels share what runs down.
        grid[0].invert_yaxis()
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        canvas.suptitle(_plain(title), fontsize=11)
    return canvas


def draw_figure(figure: Figure, files: Sequence[str] = ()) -> Canvas:
    """Draw one figure on a canvas of its own, without a display."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    draw_kind = _DRAW[type(figure)]
    with rc_context(STYLE):
        canvas = Canvas(figsize=(7, 4), layout="constrained")
        draw_kind(figure, canvas, files)
        canvas.suptitle(_plain(figure.title), fontsize=11)
    return canvas


def _bars(figure: Bars, canvas: Canvas, files: Sequence[str]) -> None:
    canvas.set_figheight(1.2 + 0.18 * len(figure.labels) * max(1.4, len(figure.series)))
    axes = canvas.subplots()
    _draw_bars(figure, axes, files)
    axes.invert_yaxis()


def _draw_bars(figure: Bars, axes: Axes, files: Sequence[str]) -> None:
    rows, names = len(figure.labels), list(figure.series)
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        places = [row + (number - (len(names) - 1) / 2) * height for row in range(rows)]
        values = [float("nan") if value is None else value for value in figure.series[name]]
        color = _color_of(name, number, files)
        bars = axes.barh(places, values, height * 0.9, color=color, label=_plain(name))
        axes.bar_label(bars, fmt="{:,.6g}", padding=2, fontsize=7)
        for place, value in zip(places, figure.series[name], strict=True):
            if value is None:
                axes.annotate(
                    "–", (0, place), (4, 0), textcoords="offset points", va="center", fontsize=7
                )
    axes.set_yticks(range(rows), _row_names(figure))
    axes.margins(y=0.01)
    axes.set_xlabel(figure.unit)
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=8)


def _row_names(figure: Bars) -> list[str]:
    details = figure.details or [""] * len(figure.labels)
    pairs = zip(figure.labels, details, strict=True)
    return [_plain(f"{label}  {detail}" if detail else label) for label, detail in pairs]


def _histogram(figure: Histogram, canvas: Canvas, files: Sequence[str]) -> None:
    names = list(figure.series)
    canvas.set_figheight(1 + 1.9 * len(names))
    panels = canvas.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    width = figure.edges[1]
    for number, (name, axes) in enumerate(zip(names, panels, strict=True)):
        color = _color_of(name, number, files)
        axes.bar(figure.edges[:-1], figure.series[name], width * 0.92, align="edge", color=color)
        axes.axvline(figure.limit + 1, color="#c02c2c", linestyle="--", linewidth=1)
        limit = f"{figure.limit_name} {figure.limit:,}"
        axes.annotate(
            _plain(limit),
            (figure.limit + 1, 0.95),
            xycoords=("data", "axes fraction"),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            color="#c02c2c",
            fontsize=8,
        )
        axes.set_title(_plain(name), fontsize=9, loc="left")
        axes.set_ylabel("rows")
    panels[-1].set_xlabel(figure.unit)


def _scatter(figure: Scatter, canvas: Canvas, _: Sequence[str]) -> None:
    canvas.set_size_inches(7.5, 6)
    axes = canvas.subplots()
    for number, name in enumerate(figure.groups):
        places = [point[:2] for point in figure.points if point[2] == number]
        axes.scatter(
            [x for x, _ in places],
            [y for _, y in places],
            s=9,
            color=_color(number),
            label=_plain(name or "all"),
        )
    axes.set_axis_off()
    canvas.legend(loc="outside right upper", frameon=False, fontsize=8)


def _sunburst(figure: Sunburst, canvas: Canvas, _: Sequence[str]) -> None:
    from matplotlib.colors import to_rgba

    canvas.set_size_inches(7, 7)
    axes = canvas.subplots()
    inner = [(s["name"], s["count"], _color(i % 8)) for i, s in enumerate(figure.slices)]
    outer: list[tuple[str, float, Any]] = []
    for number, part in enumerate(figure.slices):
        rest = part["count"] - sum(count for _, count in part["parts"])
        tint = to_rgba(_color(number % 8), 0.3)
        outer += [(noun, count, tint) for noun, count in part["parts"]]
        outer.append(("", rest, to_rgba("white", 0)))
    _ring(axes, inner, 0.62, 0.4, "white")
    _ring(axes, outer, 1.0, 0.38, "black")
    axes.text(0, 0, f"{figure.total:,}", ha="center", va="center", fontsize=14)


def _ring(
    axes: Axes, parts: list[tuple[str, float, Any]], radius: float, width: float, ink: str
) -> None:
    """Draw a ring of named parts, clockwise from the top; thin parts stay without a name."""
    total = sum(count for _, count, _ in parts)
    axes.pie(
        [count for _, count, _ in parts],
        radius=radius,
        colors=[color for *_, color in parts],
        labels=[_plain(name) if count > total / 90 else "" for name, count, _ in parts],
        labeldistance=1 - width / radius / 2,
        rotatelabels=True,
        startangle=90,
        counterclock=False,
        wedgeprops={"width": width, "edgecolor": "white", "linewidth": 0.7},
        textprops={"fontsize": 7, "color": ink, "ha": "center", "va": "center"},
    )


def _color_of(name: str, number: int, files: Sequence[str]) -> str:
    return _color(files.index(name) if name in files else number)


def _color(number: int) -> str:
    return COLORS[min(number, len(COLORS) - 1)]


def _plain(text: str) -> str:
    """Shorten a text to one line without characters that a font can't show."""
    shown = "".join(letter for letter in text if letter.isprintable())
    return shown if len(shown) <= MOST_LETTERS else f"{shown[: MOST_LETTERS - 1]}…"


_DRAW: dict[type[Figure], Callable[[Any, Any, Any], None]] = {
    Bars: _bars,
    Histogram: _histogram,
    Scatter: _scatter,
    Sunburst: _sunburst,
}

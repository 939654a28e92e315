from xml.etree import ElementTree

import pytest
from matplotlib.colors import to_hex

from tests.report_rows import HOSTILE
from utils.errors import PipelineError
from utils.report.figure_kinds import Bars, Histogram, Scatter, Sunburst
from utils.report.plotting import (
    COLORS,
    draw_figure,
    draw_small_multiples,
    write_pdfs,
    write_small_multiples,
)

FIGURES = [
    Bars(
        "bars",
        HOSTILE,
        "",
        ["a $x_1$", HOSTILE],
        {"one": [1, 2], "$two": [3, 0]},
        details=["w", ""],
    ),
    Histogram(
        "sizes", "t", "", [0, 1, 2, 3], {"a": [1, 0, 2], "b": [0, 0, 1]}, "lines", 1, "limit"
    ),
    Scatter(
        "map", "t", "", ["topic 1", "others"], [[0.1, 0.2, 0, "id", "x"], [0.3, 1, 1, "id", "y"]]
    ),
    Sunburst("verbs", "t", "", [{"name": "add", "count": 3, "parts": [["te$t", 2]]}], 3),
]


def test_each_figure_becomes_a_pdf_of_its_name(tmp_path):
    paths = write_pdfs(FIGURES, tmp_path / "figures")
    assert [path.name for path in paths] == ["bars.pdf", "sizes.pdf", "map.pdf", "verbs.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in paths)


def test_equal_figures_make_equal_files(tmp_path):
    first, second = (write_pdfs(FIGURES, tmp_path / name) for name in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


def test_a_key_with_a_slash_stays_in_the_folder(tmp_path):
    figure = Bars("map_../x/y", "t", "", ["a"], {"s": [1]})
    [path] = write_pdfs([figure], tmp_path)
    assert path.parent == tmp_path and path.name == "map_.._x_y.pdf"


def test_the_limit_is_drawn_in_every_panel():
    panels = draw_figure(FIGURES[1]).axes
    assert len(panels) == 2
    assert all(panel.lines[0].get_xdata()[0] == 2 for panel in panels)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PipelineError, match="file/figures: can't be written"):
        write_pdfs(FIGURES, tmp_path / "file" / "figures")


FILES = ["one.jsonl", HOSTILE, "$three.jsonl"]
MEASURES = {
    "Vendi score": [120.5, 88.25, 3],
    "entropy": [7, 8, None],
    "mean similarity": [0.1, -0.25, 0.9],
    "distinct-1": [0.5, 0.4, 0.3],
    "distinct-2": [0.6, 0.5, 0.4],
}
PANELS = [Bars(name, name, "", FILES, {"": values}, "") for name, values in MEASURES.items()]
BEGINNINGS = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}


@pytest.mark.parametrize("form", BEGINNINGS)
def test_small_multiples_are_written_in_the_form_that_the_name_asks_for(tmp_path, form):
    first, second = tmp_path / f"a.{form}", tmp_path / f"b.{form}"
    write_small_multiples(HOSTILE, PANELS[:2], first)
    write_small_multiples(HOSTILE, PANELS[:2], second)
    assert first.read_bytes().startswith(BEGINNINGS[form])
    assert first.read_bytes() == second.read_bytes()


def test_an_svg_needs_no_other_file(tmp_path):
    write_small_multiples("Diversity", PANELS[:1], tmp_path / "figure.svg")
    tree = ElementTree.parse(tmp_path / "figure.svg")
    links = [
        value
        for element in tree.iter()
        for name, value in element.attrib.items()
        if name.endswith(("href", "src"))
    ]
    assert links and all(link.startswith("#") for link in links)


def test_each_panel_has_a_bar_for_each_file_and_its_value():
    panels = draw_small_multiples("Diversity", PANELS).axes
    assert [panel.get_title(loc="left") for panel in panels[:5]] == list(MEASURES)
    assert len(panels) == 8 and not panels[5].axison
    widths = [[bar.get_width() for bar in panel.patches] for panel in panels[:5]]
    assert widths[0] == [120.5, 88.25, 3] and widths[2] == [0.1, -0.25, 0.9]
    assert [text.get_text() for text in panels[1].texts if text.get_text()] == [
        "7",
        "8",
        "–",
    ]
    assert panels[0].yaxis_inverted() and panels[4].yaxis_inverted()


def test_series_are_grouped_in_each_panel():
    panel = Bars("a", "a", "", FILES, {"entities": [1, 2, 3], "labels": [3, 2, 1]}, "nats")
    [axes] = draw_small_multiples("t", [panel]).axes
    assert [bar.get_width() for bar in axes.patches] == [1, 2, 3, 3, 2, 1]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["entities", "labels"]


def test_a_form_that_is_not_known_is_named(tmp_path):
    with pytest.raises(PipelineError, match=r"figure\.gif: a figure is written as \.svg, \.png"):
        write_small_multiples("t", PANELS, tmp_path / "figure.gif")
    with pytest.raises(ValueError, match="no panel"):
        draw_small_multiples("t", [])


def test_a_file_has_its_own_colour_whichever_figure_it_is_in():
    figure = Bars("k", "t", "n", ["a"], {"late": [1], "other": [2]})
    [axes] = draw_figure(figure, ["early", "late"]).axes
    colours = [to_hex(patch.get_facecolor()) for patch in axes.patches]
    assert colours == [COLORS[1], COLORS[1]], "a series that is no file goes by its place"

import pytest

from tests.report_rows import HOSTILE
from utils.errors import PipelineError
from utils.plotting import draw, write_pdfs
from utils.report.figure_kinds import Bars, Histogram, Scatter, Sunburst

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
    panels = draw(FIGURES[1]).axes
    assert len(panels) == 2
    assert all(panel.lines[0].get_xdata()[0] == 2 for panel in panels)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PipelineError, match="file/figures: can't be written"):
        write_pdfs(FIGURES, tmp_path / "file" / "figures")

import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from tests import report_rows as rows
from tests.report_rows import HOSTILE
from utils.jsonl import write_rows
from utils.report import page as samples
from utils.report.edit_facts import EditComparer
from utils.report.lineage import Lineage, RepeatedRows
from utils.report.page import (
    CLASSES,
    HERE,
    LONGEST_LINE,
    MOST_LINES_COMPARED,
    SCRIPTS,
    build_page,
    diff_blocks,
    highlight_lines,
    safe_json,
)
from utils.report.survey import SurveySettings, open_survey, survey_rejected, survey_rows


def text_of(line):
    return line if isinstance(line, str) else line[0]


def classes(line):
    """Pair each span's text with its class."""
    text, packed = line
    spans, start = [], 0
    for number, length in zip(packed[::2], packed[1::2], strict=True):
        spans.append((CLASSES[number], text[start : start + length]))
        start += length
    return spans


def test_keywords_names_and_strings_get_classes():
    [line] = highlight_lines(["def load(): return 'x'  # why"])
    found = {text: name for name, text in classes(line)}
    assert found["def"] == "keyword" and found["load"] == "definition"
    assert found["'x'"] == "string" and found["# why"] == "comment"


def test_a_string_over_several_lines_goes_on_in_each():
    lines = highlight_lines(['x = """one', 'two"""'])
    assert classes(lines[1])[0] == ("string", 'two"""')


LETTERS = st.characters(codec="utf-8", exclude_characters="\n") | st.sampled_from("\r\t'\"<>&#")


@given(st.lists(st.text(alphabet=LETTERS)))
def test_no_character_is_lost_and_spans_cover_each_line(code):
    lines = highlight_lines(code)
    assert list(map(text_of, lines)) == code
    for line in lines:
        if not isinstance(line, str):
            assert sum(line[1][1::2]) == len(line[0].encode("utf-16-le", "surrogatepass")) // 2


def test_markup_in_code_stays_the_text_it_is():
    code = "x = '</script><img onerror=1>'"
    [line] = highlight_lines([code])
    assert text_of(line) == code


def test_a_very_long_line_is_cut_and_says_so():
    [line] = highlight_lines(["x" * 1000])
    assert line == "x" * LONGEST_LINE + " … 600 more characters"


def test_an_unknown_language_is_plain_text():
    assert highlight_lines(["def x"], "klingon") == ["def x"]


LINES = st.lists(st.sampled_from(["a = 1", "b = 2", "", "    c()", "# d"]), max_size=12)


def side(blocks, number):
    lines = [line for block in blocks for line in block[number if len(block) == 2 else 0]]
    return [line if isinstance(line, str) else line[0] for line in lines]


def test_equal_lines_stand_once_and_changed_ones_on_their_side():
    blocks = diff_blocks("a\nb\nc\n", "a\nB\nB2\nc\n", "text")
    assert blocks == [[["a"]], [["b"], ["B", "B2"]], [["c"]]]


@given(LINES, LINES)
def test_both_programs_can_be_read_back(before, after):
    blocks = diff_blocks(*("".join(f"{line}\n" for line in lines) for lines in (before, after)))
    assert [side(blocks, 0), side(blocks, 1)] == [before, after]


def test_long_programs_are_cut_and_the_cut_is_said():
    blocks = diff_blocks("x\n" * (MOST_LINES_COMPARED + 5), "x\n" * 3, "text")
    assert len(side(blocks, 0)) == MOST_LINES_COMPARED + 1
    assert blocks[-1] == [["… 5 more lines"], ["… 0 more lines"]]


def survey(folder, made, name="file"):
    write_rows(folder / f"{name}.jsonl", made)
    found = open_survey(folder / f"{name}.jsonl", name, SurveySettings())
    survey_rows(found)
    return found


def as_data(drawn):
    return samples.as_page_data(drawn, Lineage([]), EditComparer(), RepeatedRows([]))


def test_samples_are_drawn_evenly_from_the_files(tmp_path):
    small = survey(tmp_path, [rows.mixed(n) for n in range(3)], "small")
    large = survey(tmp_path, [rows.mixed(n) for n in range(50, 90)], "large")
    drawn = [found.label for found, _ in samples.draw_samples([small, large], 10)]
    assert (drawn.count("small"), drawn.count("large")) == (3, 7)


def test_rejected_rows_are_drawn_evenly_over_the_reasons(tmp_path):
    reasons = ["often"] * 30 + ["seldom"] * 2
    made = [rows.reply(n) | {"reject_reason": reason} for n, reason in enumerate(reasons)]
    write_rows(tmp_path / "file.rejected.jsonl", made)
    found = survey(tmp_path, [rows.triplet(1)])
    survey_rejected(found, 42)
    drawn = [view.reason for _, view in samples.draw_rejected([found], 10)]
    assert (drawn.count("often"), drawn.count("seldom")) == (8, 2)


def test_a_sample_has_its_instruction_its_diff_and_its_size(tmp_path):
    found = survey(tmp_path, [rows.mixed(1)])
    [[sample], left_out] = as_data(samples.draw_samples([found], 5))
    assert left_out == 0
    assert sample["instruction"] == rows.texts(1)["instruct_descriptive"]
    assert (sample["modified_lines"], sample["hunks"]) == (2, 1)
    assert len(sample["diff"]) == 3 and sample["reviewable"]


def test_samples_stop_where_the_page_is_full_and_the_rest_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "MOST_BYTES", 5000)
    found = survey(tmp_path, [rows.mixed(n) for n in range(50)])
    data, left_out = as_data(samples.draw_samples([found], 50))
    assert 0 < len(data) < 50 and len(data) + left_out == 50


def test_a_long_text_is_cut_and_says_so():
    assert samples.clip("x" * (samples.LONGEST_TEXT + 9)).endswith("\n… 9 more characters")


def test_the_data_sets_id_follows_its_content_and_not_its_name(tmp_path):
    one = survey(tmp_path, [rows.mixed(1)], "one")
    same = survey(tmp_path, [rows.mixed(1)], "same")
    other = survey(tmp_path, [rows.mixed(2)], "other")
    assert samples.data_set_id([one]) == samples.data_set_id([same]) != samples.data_set_id([other])


class Elements(HTMLParser):
    """Reads a page as a browser does: its tags, its attributes, the texts of its scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.texts, self.comments = [], [], {}, []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")

    def handle_data(self, data):
        number = len(self.tags) - 1
        self.texts[number] = self.texts.get(number, "") + data

    def handle_comment(self, data):
        self.comments.append(data)

    def of(self, tag):
        return [self.texts.get(n, "") for n, name in enumerate(self.tags) if name == tag]


def test_hostile_texts_add_no_element_no_attribute_and_no_comment():
    tame = Elements(build_page("t", {"text": "x"}))
    wild = Elements(build_page(HOSTILE, {"text": HOSTILE, HOSTILE: [HOSTILE]}))
    assert wild.tags == tame.tags
    assert wild.comments == []
    assert [name for name, _ in wild.attributes] == [name for name, _ in tame.attributes]


def test_the_data_come_back_as_they_were():
    data = {"text": HOSTILE, HOSTILE: [1, None, HOSTILE]}
    page = Elements(build_page("t", data))
    assert json.loads(page.of("script")[0]) == data


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=60))
def test_json_for_the_page_holds_no_character_that_markup_is_made_of(text):
    written = safe_json(text)
    assert not re.search("[<>&\u2028\u2029]", written)
    written.encode("utf-8")
    assert json.loads(written) == text


def test_the_policy_allows_this_script_and_this_style_alone():
    page = Elements(build_page("t", {}))
    contents = [value for name, value in page.attributes if name == "content"]
    policy = next(value for value in contents if "default-src" in value)

    def source(text):
        return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == source(page.of("script")[1])
    assert rules["style-src"] == source(page.of("style")[0])


def test_the_page_names_no_other_address():
    page = build_page("t", {})
    addresses = set(re.findall(r"https?://[^\s\"']+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not {"src", "href", "style", "onclick"} & {n for n, _ in Elements(page).attributes}


def test_the_scripts_make_elements_of_data_in_no_other_way_than_text():
    script = "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    ways = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|DOMParser|srcdoc"
    assert re.findall(ways, script) == []

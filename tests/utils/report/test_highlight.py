from hypothesis import given
from hypothesis import strategies as st

from utils.report.highlight import CLASSES, LONGEST_LINE, highlight_lines


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

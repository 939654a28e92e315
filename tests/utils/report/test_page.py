import hashlib
import json
import re
from base64 import b64encode
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from tests.report_rows import HOSTILE
from utils.report.page import HERE, SCRIPTS, build_page, safe_json


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

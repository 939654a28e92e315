"""The report's page in a headless Chromium: it draws, filters, marks and runs nothing foreign."""

import json
import re

import pytest

from dataset_report import main
from tests import report_rows as rows
from tests.chromium import Chromium, find_chromium
from utils.jsonl import read_rows, write_json, write_rows
from utils.replies.verdicts import QUESTIONS
from utils.report.review import sample_id

pytestmark = pytest.mark.skipif(
    find_chromium() is None,
    reason="no Chromium on this machine (Debian, Ubuntu: apt install chromium)",
)
DRAWN = "document.querySelectorAll('.list button').length > 0"


def hostile(row):
    """Fill every text of a filtered row with markup that must stay text."""
    code = f"x = 1  # {rows.HOSTILE}\n".replace("\u2028", " ")
    changes = {
        "code_before_purify": code + "a = 1\n",
        "code_after_purify": code + f"b = '''{rows.HOSTILE}'''\n",
        "instruct_purify": f"Add {rows.HOSTILE} to `x`.",
        "instr_type": f"{rows.HOSTILE}_descriptive",
        "model": rows.HOSTILE,
        "edit_kind": rows.HOSTILE,
        "license": [rows.HOSTILE],
        "prompt_id": rows.HOSTILE,
    }
    return row | changes


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    files = rows.write_production(folder)
    made = [*read_rows(files[-1]), hostile(rows.filtered(40)), hostile(rows.filtered(41, topic=2))]
    write_rows(files[-1], made)
    path = folder / "report.html"
    main([*files, "--output_file", str(path)])
    return path


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(running, page):
    running.messages.clear()
    running.requested.clear()
    running.open(page)
    running.run("localStorage.clear()")
    running.open(page)
    running.wait_for(DRAWN)
    return running


def shown(browser):
    return browser.run("document.querySelectorAll('.list button').length")


def choose(browser, name, value):
    browser.run(
        f"(() => {{ const s = document.getElementById({json.dumps(name)}); s.value = "
        f"{json.dumps(value)}; s.dispatchEvent(new Event('change')); }})()"
    )


def search(browser, text):
    browser.run(
        f"(() => {{ const s = document.getElementById('search'); s.value = {json.dumps(text)}; "
        "s.dispatchEvent(new Event('input')); })()"
    )


def test_the_page_draws_without_a_word_on_the_console_and_asks_for_nothing(browser, page):
    sections = browser.run("[...document.querySelectorAll('section')].map(s => s.id).join(' ')")
    assert sections == "overview size nature topics instructions yield samples"
    assert browser.run("document.querySelectorAll('.figure svg').length") >= 6
    assert browser.messages == []
    assert set(browser.requested) == {page.as_uri()}


def test_nothing_in_the_data_runs_or_becomes_an_element(browser):
    search(browser, "window.hacked")
    assert shown(browser) == 2
    for number in range(2):
        browser.run(f"document.querySelectorAll('.list button')[{number}].click()")
        assert "</script><script>" in browser.run("document.querySelector('.sample').textContent")
    assert browser.run("typeof window.hacked") == "undefined"
    assert browser.run("document.querySelectorAll('img, textarea, iframe').length") == 0
    assert browser.run("document.scripts.length") == 2
    assert browser.messages == []


def test_a_script_that_got_in_would_not_run_under_the_policy(browser):
    browser.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 3';"
        "document.body.append(s); const d = document.createElement('div');"
        "d.setAttribute('onclick', 'window.hacked = 4'); document.body.append(d); d.click(); })()"
    )
    assert browser.run("typeof window.hacked") == "undefined"


def test_search_and_filters_narrow_the_list(browser):
    everything = shown(browser)
    search(browser, "height = 3")
    assert 0 < shown(browser) < everything
    search(browser, "no such words")
    assert shown(browser) == 0
    assert "No sample matches" in browser.run("document.querySelector('.list').textContent")
    search(browser, "")
    choose(browser, "filter-style", "lazy")
    choose(browser, "filter-topic", "topic 1")
    found = browser.run(
        "[...document.querySelectorAll('.list .meta')].map(m => m.textContent).join('|')"
    )
    assert found and all("topic 1 · lazy" in meta for meta in found.split("|"))
    choose(browser, "filter-style", "")
    choose(browser, "filter-topic", "")
    choose(browser, "filter-reason", "truncated")
    assert shown(browser) == 4
    assert "rejected: truncated" in browser.run("document.querySelector('.sample').textContent")


def test_the_diff_shows_both_programs_coloured(browser):
    search(browser, "height = 3")
    diff = "document.querySelector('.diff')"
    assert browser.run(f"{diff}.querySelector('.code-1').textContent") == "import"
    assert "mode='r'" in browser.run(f"{diff}.querySelector('.code.new').textContent")
    assert "mode" not in browser.run(f"{diff}.querySelector('.code.old').textContent")


def test_marks_are_kept_and_exported_for_the_mix(browser, page):
    choose(browser, "filter-style", "lazy")
    search(browser, "height = 3")
    browser.run("document.querySelector('.pane .reject').click()")
    browser.run(
        "(() => { const n = document.querySelector('.review input'); n.value = 'too short';"
        "n.dispatchEvent(new Event('input')); })()"
    )
    browser.open(page)
    browser.wait_for(DRAWN)
    assert "1 ✗" in browser.run("document.getElementById('export').textContent")
    choose(browser, "filter-mark", "reject")
    assert shown(browser) == 1
    browser.run(
        "(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => {"
        "blob.text().then((text) => { window.exported = text; }); return make(blob); };"
        "document.getElementById('export').click(); })()"
    )
    browser.wait_for("window.exported !== undefined")
    [line] = browser.run("window.exported").splitlines()
    text = rows.texts(3)
    marked = json.loads(line)
    assert marked["sample_id"] == sample_id(
        text["code_before"], text["code_after"], text["instruct_lazy"]
    )
    assert (marked["verdict"], marked["note"]) == ("reject", "too short")
    assert (marked["prompt_id"], marked["style"]) == ("p3", "lazy")


def test_keys_move_and_mark(browser):
    def press(key):
        event = f"new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}})"
        browser.run(f"document.body.dispatchEvent({event})")

    first = browser.run("document.querySelector('.sample').dataset.id")
    press("j")
    assert browser.run("document.querySelector('.sample').dataset.id") != first
    press("k")
    press("a")
    assert browser.run("document.querySelector('.sample').dataset.id") == first
    assert "1 ✓" in browser.run("document.getElementById('export').textContent")


def test_a_point_of_the_map_opens_its_sample(browser):
    browser.run("document.querySelector('.dot.embedded').dispatchEvent(new Event('click'))")
    assert browser.run("document.querySelector('.list .on').dataset.id") == browser.run(
        "document.querySelector('.sample').dataset.id"
    )


def tap(browser, selector):
    browser.run(f"document.querySelector({json.dumps(selector)}).click()")


@pytest.mark.parametrize("width", [1280, 1440, 700, 390])
def test_the_page_never_scrolls_sideways(browser, width):
    browser.resize(width, 900)
    search(browser, "window.hacked")
    wide = browser.run("document.documentElement.scrollWidth")
    browser.resize(1280, 900)
    assert wide <= width


def test_both_themes_are_readable_and_the_button_chooses(browser):
    def contrast():
        return browser.run(
            "(() => { const light = (color) => { const c = color.match(/[\\d.]+/g).map(Number);"
            "const [r, g, b] = c.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92"
            " : ((v / 255 + 0.055) / 1.055) ** 2.4));"
            "return 0.2126 * r + 0.7152 * g + 0.0722 * b; };"
            "const body = getComputedStyle(document.body), note = getComputedStyle("
            "document.querySelector('.note')); const back = light(body.backgroundColor);"
            "return [body.color, note.color].map(light).map((ink) => (Math.max(ink, back) + 0.05)"
            " / (Math.min(ink, back) + 0.05)).concat(back); })()"
        )

    backs = {}
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        *contrasts, backs[scheme] = contrast()
        assert min(contrasts) > 4.5, scheme
    assert backs["light"] > 0.8 and backs["dark"] < 0.1
    browser.run("document.getElementById('theme').click()")
    assert browser.run("document.getElementById('theme').textContent") == "Theme: light"
    assert contrast()[-1] == backs["light"], "the button goes before the system's wish"


def test_coding_histories_are_drawn_and_stay_text(running, tmp_path):
    hostile_code = rows.code(f"x = 1  # {rows.HOSTILE}\n", rows.HOSTILE)
    fields = {"user": rows.HOSTILE, "chat": rows.HOSTILE, "data_type": rows.HOSTILE}
    made = [rows.history_sample(n) for n in range(3)]
    made.append(rows.history_sample(4, **fields) | {"history": [hostile_code]})
    write_rows(tmp_path / "samples.jsonl", made)
    write_rows(tmp_path / "versions.jsonl", [rows.versions(n) for n in range(3)])
    files = [str(tmp_path / name) for name in ("samples.jsonl", "versions.jsonl")]
    main([*files, "--output_file", str(tmp_path / "report.html")])
    running.messages.clear()
    running.open(tmp_path / "report.html")
    running.wait_for(DRAWN)
    assert running.run("document.querySelectorAll('#histories .figure').length") == 4
    search(running, "window.hacked")
    assert shown(running) == 1
    texts = "[...document.querySelectorAll('.sample details summary')].map(s => s.textContent)"
    assert running.run(f"{texts}.join('|')") == "Where it comes from|chat|area|history 1"
    assert running.run("typeof window.hacked") == "undefined"
    assert running.run("document.querySelectorAll('img, textarea').length") == 0
    assert running.messages == []


def test_pairs_and_measures_of_diversity_are_drawn(running, tmp_path):
    pairs = [
        {
            "conversations": [{"from": "human", "value": f"{rows.HOSTILE} {n}?"}],
            "chosen": {"from": "gpt", "value": f"This is {n}."},
            "rejected": {"from": "gpt", "value": "No."},
            **{"chosen_model": rows.HOSTILE, "rejected_model": "m2", "margin": 0.1 * n},
        }
        for n in range(6)
    ]
    write_rows(tmp_path / "pairs.jsonl", pairs)
    flags = ["--diversity", "--output_file", str(tmp_path / "pairs.html")]
    main([str(tmp_path / "pairs.jsonl"), *flags])
    running.messages.clear()
    running.open(tmp_path / "pairs.html")
    running.wait_for(DRAWN)
    assert running.messages == []
    table = running.run("document.querySelector('#diversity table').textContent")
    assert "Vendi score" in table and "Simpson of entities" in table
    assert running.run("document.querySelectorAll('#synthesis .bar').length") > 3
    assert running.run("document.querySelectorAll('#synthesis img, #diversity img').length") == 0
    assert running.run("window.hacked") is None


def reviewed(folder):
    """Make a report of triplets of two files, their rejected rows, and two people's marks."""
    repeat = {"reject_reason": "near_duplicate", "duplicate_of": "p3#1", "similarity": 0.93}
    repeat |= {"reject_evidence": {"near_duplicate": "0.93 in common"}}
    answers = {"after_fulfills_it": "FAIL"}
    verdict = {"answers": answers, "reasons": {"after_fulfills_it": "It drops <b>mode</b>."}}
    judged = {"reject_reason": "judged_fail_after_fulfills_it", "verdicts": [verdict]}
    write_rows(folder / "one.jsonl", [rows.mixed(n, "lazy") for n in range(20)])
    write_rows(folder / "two.jsonl", [rows.mixed(n) for n in range(30, 50)])
    write_rows(
        folder / "one.rejected.jsonl", [rows.triplet(40) | repeat, rows.triplet(41) | judged]
    )
    marks = {"anna": ["accept", "reject", "accept"], "ben": ["accept", "accept"]}
    for name, verdicts in marks.items():
        lines = []
        for number, said in enumerate(verdicts):
            text = rows.texts(number)
            shown = (text["code_before"], text["code_after"], text["instruct_lazy"])
            lines.append({"sample_id": sample_id(*shown), "verdict": said, "note": f"by {name}"})
        write_rows(folder / f"{name}.jsonl", lines)
    files = [str(folder / name) for name in ("one.jsonl", "two.jsonl")]
    people = ["--marks", *(str(folder / f"{name}.jsonl") for name in marks)]
    main([*files, *people, "--output_file", str(folder / "report.html")])
    return folder / "report.html"


@pytest.fixture(scope="module")
def reviewed_page(tmp_path_factory):
    return reviewed(tmp_path_factory.mktemp("reviewed"))


@pytest.fixture
def reviewing(running, reviewed_page):
    running.messages.clear()
    running.resize(1280, 900)
    running.open(reviewed_page)
    running.run("localStorage.clear()")
    running.open(reviewed_page)
    running.wait_for(DRAWN)
    yield running
    assert running.messages == []
    running.resize(1280, 900)


def test_a_rejected_sample_shows_its_evidence_and_what_it_repeats(reviewing):
    choose(reviewing, "filter-reason", "near duplicate")
    said = reviewing.run("document.querySelector('.evidence').textContent")
    assert "0.93 in common" in said and "p3#1" in said and "93.0% of the code" in said
    assert "number" in said or "mode for load (3)" in said, "the row that is repeated is shown"
    assert reviewing.run("document.querySelectorAll('.evidence .diff').length") == 1
    choose(reviewing, "filter-reason", "judged fail after fulfills it")
    said = reviewing.run("document.querySelector('.evidence').textContent")
    assert "after fulfills it: FAIL – It drops <b>mode</b>." in said


def test_what_judges_tests_and_runs_say_of_a_row_is_shown(running, tmp_path):
    answers = dict.fromkeys(QUESTIONS, "PASS")
    test = {
        "name": "test_mode",
        "code": "def test_mode(): <b>",
        "before": "failed",
        "after": "passed",
    }
    ended = {"status": "finished", "error": None, "seconds": 0.1}
    said = {
        "verdicts": [{"answers": answers, "reasons": {}}],
        "behaviour": {"before": ended, "after": ended, "same_output": True, "deterministic": True},
        "tests": [test],
        "verification": {"verdict": "verified", "suites": 1},
    }
    write_rows(tmp_path / "tested.jsonl", [rows.triplet(n) | said for n in range(12)])
    figures = {
        "verdicts": {"verified": 12},
        "test_classes": {"fail_to_pass": 12},
        "rows_tested": 12,
    }
    summary = {"stage": "triplets", "sandbox": "bubblewrap", "missing_packages": {}, **figures}
    write_json(tmp_path / "tested.summary.json", summary)
    main([str(tmp_path / "tested.jsonl"), "--output_file", str(tmp_path / "report.html")])
    running.open(tmp_path / "report.html")
    running.wait_for(DRAWN)
    runs = running.run("document.getElementById('runs').textContent")
    assert "bubblewrap" in runs and "Verdicts by tests" in runs and "fail to pass" in runs
    assert "They agree on 12 of 12 rows" in running.run(
        "document.getElementById('agreement').textContent"
    )
    shown = running.run("document.querySelector('.sample .tests').textContent")
    assert "failed before, passed after" in shown and "test_mode" in shown and "<b>" in shown
    assert "the same before and after" in running.run(
        "document.querySelector('.evidence').textContent"
    )
    assert running.messages == []


def test_marks_of_several_people_are_shown_compared_and_merged(reviewing):
    card = reviewing.run("document.querySelector('#samples .card table').textContent")
    assert "anna and ben" in card and "50.0%" in card
    choose(reviewing, "filter-people", "disputed")
    assert shown(reviewing) == 1
    others = reviewing.run("document.querySelector('.others').textContent")
    assert "✗ anna – by anna" in others and "✓ ben – by ben" in others
    assert "(2)" in reviewing.run("document.getElementById('export-merged').textContent")
    tap(reviewing, ".pane .reject")
    reviewing.run(
        "(() => { const make = URL.createObjectURL; URL.createObjectURL = (blob) => {"
        "blob.text().then((text) => { window.merged = text; }); return make(blob); };"
        "document.getElementById('export-merged').click(); })()"
    )
    reviewing.wait_for("window.merged !== undefined")
    merged = list(map(json.loads, reviewing.run("window.merged").splitlines()))
    assert sorted(line["verdict"] for line in merged) == ["accept", "accept", "reject"]
    assert {line["marks"] for line in merged} == {1, 2, 3}


def test_a_link_opens_its_sample(reviewing, reviewed_page):
    reviewing.run("document.querySelectorAll('.list button')[7].click()")
    wanted = reviewing.run("document.querySelector('.sample').dataset.id")
    link = reviewing.run("document.querySelector('a.chip').getAttribute('href')")
    reviewing.run("document.querySelectorAll('.list button')[0].click()")
    tap(reviewing, "nav a[href='#size']")
    reviewing.run(f"location.hash = {json.dumps(link)}")
    reviewing.wait_for(f"document.querySelector('.sample').dataset.id === {json.dumps(wanted)}")
    reviewing.run("location.hash = '#sample-0123'")
    reviewing.wait_for("document.querySelector('.pane').textContent.includes('not on this page')")


def test_samples_are_sorted_by_tokens_lines_and_similarity(reviewing):
    for field in ("tokens", "similarity"):
        choose(reviewing, "sort", f"{field}-")
        if field == "similarity":
            text = reviewing.run("document.querySelector('.sample, .list button').textContent")
            tap(reviewing, ".list button")
            assert "near duplicate" in reviewing.run("document.querySelector('.chips').textContent")
        else:
            found = []
            for place in ("first", "last"):
                tap(reviewing, f".list button:{place}-child")
                text = reviewing.run("document.querySelector('.chips').textContent")
                found.append(int(re.search(r"(\d+) tokens", text)[1]))
            assert found[0] > found[1]


def test_the_page_says_how_many_rows_a_search_covers(reviewing):
    said = reviewing.run("document.querySelector('.found').textContent")
    assert said.startswith("42 found. Searched: 40 of the 40 rows under review and 2 rejected ones")


def test_a_file_has_one_colour_in_all_figures_and_can_be_left_out(reviewing):
    keys = "[...document.querySelectorAll('#figure-tokens .key')]"
    colours = reviewing.run(
        "[...document.querySelectorAll('.figure .key')].filter(k => k.textContent === 'two')"
        ".map(k => getComputedStyle(k.querySelector('i')).backgroundColor)"
    )
    assert len(colours) > 3 and len(set(colours)) == 1
    panels = "document.querySelectorAll('#figure-tokens svg').length"
    assert reviewing.run(panels) == 2
    reviewing.run(f"{keys}[0].click()")
    assert reviewing.run(panels) == 1
    fill = "getComputedStyle(document.querySelector('#figure-tokens .column')).fill"
    assert reviewing.run(fill) == colours[0], "the file left keeps its colour"
    reviewing.run(f"{keys}[1].click()")
    assert reviewing.run(panels) == 1, "the last one stays"


def test_the_figures_of_each_file_can_be_chosen(reviewing):
    card = "document.querySelector('[id^=figure-map]')"
    names = f"[...{card}.querySelectorAll('option')].map(o => o.textContent).join(' ')"
    assert reviewing.run(names) == "one two"
    assert "of two" in reviewing.run(f"{card}.querySelector('h3').textContent")
    reviewing.run(
        f"(() => {{ const s = {card}.querySelector('select'); s.selectedIndex = 0;"
        "s.dispatchEvent(new Event('change')); })()"
    )
    assert "of one" in reviewing.run(f"{card}.querySelector('h3').textContent")


def test_the_legend_of_the_map_hides_its_own_group(browser):
    fills = (
        "[...new Set([...document.querySelectorAll('[id^=figure-map] svg g')].filter(g =>"
        " g.style.display !== 'none')"
        ".flatMap(g => [...g.children].map(c => c.getAttribute('fill'))))]"
    )
    before = browser.run(fills)
    assert len(before) > 1
    hidden = browser.run(
        "(() => { const k = document.querySelector('[id^=figure-map] .key'); k.click();"
        "return k.querySelector('i').style.background; })()"
    )
    assert set(before) - set(browser.run(fills)) == {hidden}


def overlapping(browser):
    return browser.run(
        "[...document.querySelectorAll('.figure svg')].filter(s => s.querySelector('.limit'))"
        ".flatMap((s) => {"
        "const b = [...s.querySelectorAll('text')].map(t => t.getBoundingClientRect());"
        "return b.flatMap((p, i) => b.slice(i + 1).filter(q => p.left < q.right && q.left < p.right"
        " && p.top + 2 < q.bottom && q.top + 2 < p.bottom)); }).length"
    )


@pytest.mark.parametrize("width", [1400, 390])
def test_the_labels_of_histograms_do_not_collide(browser, width):
    browser.resize(width, 900)
    assert overlapping(browser) == 0


def test_on_a_phone_navigation_stays_a_tap_shows_the_sample_and_the_diff_is_unified(reviewing):
    assert reviewing.run("document.querySelectorAll('.diff.unified').length") == 0
    reviewing.resize(390, 844)
    reviewing.wait_for("document.querySelectorAll('.diff.unified').length === 1")
    assert reviewing.run("document.querySelector('nav').getBoundingClientRect().width") > 150
    assert reviewing.run("document.documentElement.scrollWidth") == 390
    old, new = (
        reviewing.run(f"document.querySelector('.unified .code.{side}').textContent")
        for side in ("old", "new")
    )
    assert "mode" not in old and "mode" in new
    reviewing.run("document.documentElement.style.scrollBehavior = 'auto'; scrollTo(0, 0)")
    reviewing.run("document.querySelectorAll('.list button')[3].click()")
    assert 0 <= reviewing.run("document.querySelector('.sample').getBoundingClientRect().top") < 200


def test_a_long_list_is_made_as_it_is_scrolled(running, tmp_path):
    write_rows(tmp_path / "mix.jsonl", [rows.mixed(n) for n in range(450)])
    flags = ["--samples", "450", "--output_file", str(tmp_path / "report.html")]
    main([str(tmp_path / "mix.jsonl"), *flags])
    running.open(tmp_path / "report.html")
    running.wait_for(DRAWN)
    assert shown(running) == 200
    running.run(
        "(() => { const l = document.querySelector('.list'); l.scrollTop = l.scrollHeight; })()"
    )
    running.wait_for("document.querySelectorAll('.list button').length === 400")
    search(running, "number 449")
    assert shown(running) == 1

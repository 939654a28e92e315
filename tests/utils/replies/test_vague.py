import pytest

from utils.replies.vague import count_words_and_signs, why_trivial, why_vague

FEW = ["Fix", "Fix it.", "wip", "Lint", "Improve", "", "...", "修复"]
STOCK = [
    "Fix the bug.",
    "fix all lint errors",
    "Minor fixes and cleanup",
    "Clean up the code",
    "Update the tests and docs.",
    "Address review comments",
    "WIP: half of it",
    "Apply black to everything",
    "Various small improvements.",
    "Improve code quality.",
    "fix pep8 issues",
    "minor fixes and small improvements",
    "Enhance everything a little bit.",
    "Oops, another hotfix",
    "initial commit",
    "[pre-commit.ci] auto fixes from pre-commit.com hooks",
    "work in progress on the module",
]
BUMPS = [
    "This is 2.3",
    "It's version 2.3.1 now",
    "Here comes v3.0rc1.",
    "We are at 0.9 now",
    "Bump version to 1.2.3",
    "Release version 2.0.0rc1",
    "Bump requests from 2.30.0 to 2.31.0",
    "Prepare release 0.9.1",
    "version 4.0.0b2",
    "Update dependency httpx to v0.27",
    "Bump the version number.",
    "2.7.1 release prep",
    "Release 2.0.1 final",
    "Update the version number",
    "Set version to 1.0.0-dev",
]
MERGES = [
    "Merge branch 'main' into feature/login",
    "Merge pull request #12 from ann/fix",
    "Merge remote-tracking branch 'origin/main'",
    'Revert "Add caching to the loader"',
    "fixup! Add caching to the loader",
    "Merged in bugfix/parser (pull request #7)",
    "Resolve merge conflicts",
]
URLS = [
    "Handle empty lists, see https://github.com/a/b/issues/3 for details.",
    "Follow www.example.org when you write the parser of dates.",
    "Make the retry work like https://stackoverflow.com/a/123 says.",
    "Port the fix of `https://github.com/a/b/commit/abcdef1` to this file.",
    "Add the header that http://docs.python.org/3/library/email.html asks for.",
]
HASHES = [
    "Redo what 3f2c9ab did to the reader of files.",
    "Follow up on commit 1234567 with a second argument.",
    "Restore the loop of " + "0a1b2c3d4e" * 4 + " in the parser.",
    "Undo revision deadbee1 in the parser.",
    "Apply the behaviour of sha 99aa00bb again.",
]
UNSEEN = [
    "Rename the method as discussed.",
    "Handle empty input, as mentioned in the review.",
    "Fix the crash of issue #12 in the parser.",
    "Apply the change from PR 88 to this function.",
    "Make the changes shown in the diff.",
    "Do what the commit message says with the parser.",
    "Return None on failure (see #4512).",
    "Reorder the fields per the reviewer's comments.",
    "Change the default as we agreed earlier.",
    "Apply the patch to the loader class.",
    "Round the size like in the previous commit",
    "Round the size, see #7",
    "Round the size (a/b#7) of the window",
    "Do again what your last answer did, as in the previous reply.",
    "Make it do what code_after does.",
    "Let the loop run like the example above.",
    "Do what the edited version does with the loop.",
    "Address review comments on size",
    "Use the layout that is shown in the attached screenshot.",
]
SOUND = [
    "stop word test in count_words is linear, make it a set",
    "stop the loop at the first match",
    "this is 2.3 times slower, cache it",
    "it is 0.5 by default, make it 1.0",
    "Add a retry limit.",
    "Return None when the list is empty.",
    "Fix the off-by-one error in `window`.",
    "Fix typos in `greet` so that it says 'hello'.",
    "Bump the version constant to 2.0 and warn when `parse` is called.",
    "Merge the two dictionaries before sorting them.",
    "Merge overlapping intervals into one.",
    "Merge `load` into `read`.",
    "Change the base URL to `https://api.example.com/v2`.",
    'Send requests to "https://example.org" by default.',
    "Make the default colour '#1234' and document it.",
    "Use deadline instead of timeout everywhere.",
    "Refactor the feedback form into its own class.",
    "Cache the decoded facade objects of the scene.",
    "Compute the diff between both lists and print it.",
    "Commit the transaction before closing the cursor.",
    "Raise ValueError as suggested by the name of the function.",
    "Retry a request 3 times, then give up.",
    "Improve the error message when the file is missing.",
    "Update the docstring of `area` to name its unit.",
    "Move review counts to a property.",
    "Show an issue's number in its title.",
    "修复登录页面的空指针错误",
    "Validate version strings such as 1.2.3 before comparing them.",
    "Revert the list in place rather than copying it.",
    "Format dates as ISO 8601.",
    "Limit it to the #1 item",
    "change the colour to #ff00ff",
    "Set the version of the protocol to 3",
    "Release the lock in close()",
    "Allow comments in the config file",
    "read hex like `deadbeef12`",
    "Support Python 3.12",
    "Draw a line with the code below the chart",
]


@pytest.mark.parametrize("text", FEW)
def test_fewer_than_three_words_say_too_little(text: str) -> None:
    assert why_vague(text) in {"few_words", "stock_phrase"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "stock_phrase") for text in STOCK),
        *((text, "version_bump") for text in BUMPS),
        *((text, "merge") for text in MERGES),
        *((text, "url") for text in URLS),
        *((text, "hash") for text in HASHES),
        *((text, "unseen_reference") for text in UNSEEN),
    ],
)
def test_what_tells_no_one_what_to_do_is_named(text: str, reason: str) -> None:
    assert why_vague(text) == reason


@pytest.mark.parametrize("text", SOUND)
def test_an_instruction_that_says_what_to_do_passes(text: str) -> None:
    assert why_vague(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Colour added lines of the diff green.", "def show_diff(diff): ..."),
        ("Print the author under the commit.", "class Commit: ..."),
        ("Skip rows whose id is 3f2c9ab.", 'BAD = "3f2c9ab"'),
        ("Also accept ticket 4512 in the table.", "TICKETS = {4512: 'late'}"),
        ("Show the last answer.", "def show(answer): ..."),
        ("let it show the diff", "def diff(one): ..."),
        ("Read http://example.org/feed twice.", 'FEED = "http://example.org/feed"'),
    ],
)
def test_a_word_of_the_program_is_no_reference(text: str, code: str) -> None:
    assert why_vague(text) is not None
    assert why_vague(text, code) is None


def test_a_general_wish_will_do_where_the_code_shows_what_is_meant() -> None:
    assert why_vague("Fix the syntax error") is None
    assert why_vague("Fix the bug.") == "stock_phrase"
    assert why_vague("Fix the bug.", may_be_general=True) is None
    for text in ("fix", "initial commit", "Address review comments"):
        assert why_vague(text, may_be_general=True) is not None


@pytest.mark.parametrize(
    "subject",
    [
        *(text for text in STOCK + BUMPS + MERGES),
        "Fix typo (#12138)",
        "fix: lint",
        "Fixes #12",
        "Closes https://github.com/a/b/issues/3",
        "Bump version to v2.31.0 (pydantic/pydantic-core#1662)",
        "build(deps): bump ruff from 0.1 to 0.2 in /docs",
        "gh-1234",
        "Bump astral-sh/setup-uv from 5 to 6 (pydantic/pydantic-core#1706)",
    ],
)
def test_a_subject_that_promises_nothing_is_trivial(subject: str) -> None:
    assert why_trivial(subject) is not None


@pytest.mark.parametrize(
    "subject",
    [
        "Fix race in the pool (#1234)",
        "#12: handle an empty list",
        "feat(parser): accept trailing commas",
        "Add enum error type (pydantic/pydantic-core#751)",
        "Fix error when using type aliases, closes #9",
        "Remove `Option` map",
        "bpo-1234: Make `join` accept iterators",
        "Support https in the proxy, see https://example.org/x",
    ],
)
def test_a_subject_with_a_reference_may_say_enough(subject: str) -> None:
    assert why_trivial(subject) is None


def test_words_are_counted_in_scripts_without_blanks_too() -> None:
    assert count_words_and_signs("Add one-shot `x.y` tests") == 4
    assert count_words_and_signs("修复登录页面") == 3


@pytest.mark.parametrize(
    "text",
    [
        "fixes " * 40 + "x",
        "version " + "11." * 80 + "!",
        "cleanup, tests; " * 20,
        "Merge " + "a" * 250,
        "x" * 100_000,
        "'" * 2_000,
        "#1" * 2_000,
    ],
)
def test_odd_texts_are_judged_at_once(text: str) -> None:
    why_vague(text)
    why_trivial(text)


@pytest.mark.parametrize(
    "text",
    [
        "merge main and helper",
        "Merge main and helper into one function.",
        "Merge main into helper",
        "Merge helper into main",
        "Merge the main and helper functions",
        "Merge main loop and setup",
        "Merge dev with prod settings",
    ],
)
def test_a_request_to_merge_two_parts_of_the_program_is_no_merge_text(text):
    code = "def main(): ...\ndef helper(): ...\ndev = {}\nprod = {}\n"
    assert why_vague(text, code) is None


@pytest.mark.parametrize(
    "text",
    [
        "Merge main",
        "Merge develop into main",
        "Merge main into feature",
        "Merge master and develop",
        "Merge main and fix conflicts",
        "Merge dev branch",
        "Merge main (#12)",
    ],
)
def test_a_merge_text_stays_one_though_the_program_has_a_main(text):
    assert why_vague(text, "def main(): ...\ndef helper(): ...\n") == "merge"

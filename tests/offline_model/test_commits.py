"""Instructions for commits: from the message, or from the diff where the message says nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_model.commits import read_message, word_commit
from offline_model.diff_facts import read_diff

DIFF = """\
--- a/x.py
+++ b/x.py
@@ -1,6 +1,8 @@ def load(path):
     text = path.read_text()
-    return text
+    return text.strip()
+
+def save(path, text):
+    path.write_text(text)
@@ -20,3 +22,2 @@ class Store:
     def old(self):
-    def gone(self):
-        pass
"""


def test_a_diff_tells_names_and_numbers() -> None:
    facts = read_diff(DIFF)
    assert (len(facts.added), len(facts.removed)) == (4, 3)
    assert facts.introduced == ["save"]
    assert facts.dropped == ["gone"]
    assert facts.touched == ["load"]


@pytest.mark.parametrize(
    "message, subject",
    [
        ("Added retries to the client (#12)", "Add retries to the client"),
        ("fix(api): crash on empty input.", "Fix crash on empty input"),
        ("Fixes #7: wrong order\n\nSigned-off-by: A <a@b.org>", "Fix wrong order"),
        ("ABC-123: Use a set [skip ci]", "Use a set"),
        ("v1.2.3", ""),
        ("Merge branch 'main' of example", ""),
        ("", ""),
    ],
)
def test_subjects_become_imperatives_without_noise(message: str, subject: str) -> None:
    assert read_message(message)[0] == subject


def test_both_instructions_come_from_message_and_diff() -> None:
    detailed, hurried = word_commit(
        DIFF, "Strip what is loaded\n\nFiles end with blanks.", random.Random(1)
    )
    assert detailed.startswith("Strip what is loaded. Files end with blanks. ")
    assert "`save`" in detailed and "`load`" in detailed
    assert "4 lines added and 3 lines removed" in detailed
    assert hurried.lower().startswith("strip what is loaded") and len(hurried) < len(detailed)


def test_a_message_without_words_is_replaced_by_the_diff() -> None:
    assert word_commit(DIFF, "wip", random.Random(1))[1].rstrip(".").lower() == "add `save`"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_any_commit_gets_two_instructions(diff: str, message: str) -> None:
    detailed, hurried = word_commit("@@ -1 +1 @@\n" + diff, message, random.Random(1))
    assert hurried.strip() and len(hurried) < len(detailed)
    assert len(hurried.split()) <= 60

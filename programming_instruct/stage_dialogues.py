"""The three programmers a model can play, and for each the example dialogues it is shown.

Data only. In each dialogue the last stage is the finished code of the question.
"""

from typing import NamedTuple

PERSONAS = {
    "novice": (
        "a novice who has been programming for a few months. You start without a plan, pick short"
        " or unclear names, print values to see what happens, take detours and make the mistakes"
        " beginners make: wrong bounds, a forgotten return, a value reset inside a loop. You notice"
        " them one by one, mend them, and tidy up at the end."
    ),
    "ordinary": (
        "a programmer with some years of practice. You get the main case to work with plain code"
        " first, then you see the cases you forgot and the names that mislead, and put both right."
        " Now and then a first idea turns out clumsy and you rewrite it."
    ),
    "expert": (
        "an expert. You put down the interface and a straightforward version early, then make few"
        " and deliberate changes: you replace a data structure, pull apart or join functions,"
        " handle a hidden edge case, and delete what is no longer needed. You hardly ever make a"
        " slip, but you do change your mind about the design."
    ),
}


class Dialogue(NamedTuple):
    """One example: the stages as (sentence, whole code), the last being the finished code."""

    lang: str
    stages: tuple[tuple[str, str], ...]

    @property
    def finished(self) -> str:
        """The program that the last stage ends with."""
        return self.stages[-1][1]


_NOVICE_PYTHON = Dialogue(
    "python",
    (
        (
            "I want to add up what was spent per category, so I loop over the rows and print them"
            " first.",
            """\
def totals(rows):
    for r in rows:
        d = {}
        print(r)
        d[r[0]] = d[r[0]] + r[1]
""",
        ),
        (
            "That stops with a KeyError, so I check whether the key is there, and I have to return"
            " the dictionary.",
            """\
def totals(rows):
    for r in rows:
        d = {}
        print(r)
        if r[0] in d.keys():
            d[r[0]] = d[r[0]] + r[1]
        else:
            d[r[0]] = r[1]
    return d
""",
        ),
        (
            "Only the last row is in the result, because I make a new dictionary each time round;"
            " I move it above the loop and take the print out.",
            """\
def totals(rows):
    d = {}
    for r in rows:
        if r[0] in d.keys():
            d[r[0]] = d[r[0]] + r[1]
        else:
            d[r[0]] = r[1]
    return d
""",
        ),
        (
            "I have read that `get` can take a default, and with real names I can read it again"
            " next week.",
            """\
def totals(rows):
    # category -> sum of its amounts
    sums = {}
    for category, amount in rows:
        sums[category] = sums.get(category, 0) + amount
    return sums
""",
        ),
    ),
)

_NOVICE_C = Dialogue(
    "c",
    (
        (
            "To turn a string round I copy it backwards into a second array.",
            """\
#include <string.h>

void reverse(char s[]) {
    char t[100];
    int i;
    for (i = 0; i < strlen(s); i++) {
        t[i] = s[strlen(s) - i];
    }
    strcpy(s, t);
}
""",
        ),
        (
            "The result is always empty: the first thing I copy is the zero at the end, so I need"
            " minus one, and `t` needs a zero of its own.",
            """\
#include <string.h>

void reverse(char s[]) {
    char t[100];
    int i;
    for (i = 0; i < strlen(s); i++) {
        t[i] = s[strlen(s) - 1 - i];
    }
    t[i] = '\\0';
    strcpy(s, t);
}
""",
        ),
        (
            "It crashes for long strings, and I don't really need a second array if I swap the two"
            " ends and walk inwards.",
            """\
#include <string.h>

void reverse(char s[]) {
    int i, j;
    char c;
    for (i = 0, j = strlen(s) - 1; i < j; i++, j--) {
        c = s[i];
        s[i] = s[j];
        s[j] = c;
    }
}
""",
        ),
    ),
)

_ORDINARY_PYTHON = Dialogue(
    "python",
    (
        (
            "I start with the usual form, hours and minutes, and take it apart at the letters.",
            """\
def parse_duration(text):
    hours, minutes = text.split("h")
    return int(hours) * 60 + int(minutes.rstrip("m"))
""",
        ),
        (
            "`45m` and `2h` have to work as well, so a pattern with optional parts fits better"
            " than splitting; and callers want seconds.",
            """\
import re


def parse_duration(text):
    match = re.match(r"(\\d+h)?(\\d+m)?(\\d+s)?", text)
    hours, minutes, seconds = [int(part[:-1]) if part else 0 for part in match.groups()]
    return hours * 3600 + minutes * 60 + seconds
""",
        ),
        (
            "Every part is optional, so nonsense gives 0 without a word: I match the whole text"
            " and raise if nothing was found.",
            """\
import re


def parse_duration(text):
    match = re.fullmatch(r"(\\d+h)?(\\d+m)?(\\d+s)?", text.strip())
    if not match or not match[0]:
        raise ValueError("bad duration")
    hours, minutes, seconds = [int(part[:-1]) if part else 0 for part in match.groups()]
    return hours * 3600 + minutes * 60 + seconds
""",
        ),
        (
            "Last I name the pattern, put the digits alone into the groups, and say in the message"
            " which text was bad.",
            """\
import re

DURATION = re.compile(r"(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?")


def parse_duration(text):
    \"\"\"Return the seconds in a text such as "1h30m".\"\"\"
    match = DURATION.fullmatch(text.strip())
    if not match or not match[0]:
        raise ValueError(f"not a duration: {text!r}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
""",
        ),
    ),
)

_ORDINARY_JAVASCRIPT = Dialogue(
    "javascript",
    (
        (
            "The handler should run when the typing stops, so each call starts a timer.",
            """\
function debounce(fn) {
  return function () {
    setTimeout(fn, 300);
  };
}
""",
        ),
        (
            "Now it runs once per key, only later; the old timer has to be cleared, and the delay"
            " should be the caller's choice.",
            """\
function debounce(fn, delay) {
  var timer;
  return function () {
    if (timer) {
      clearTimeout(timer);
    }
    timer = setTimeout(fn, delay);
  };
}
""",
        ),
        (
            "The handler never sees its event: I pass the arguments and `this` on, and the check"
            " of the timer can go, since clearing nothing does no harm.",
            """\
function debounce(fn, delay = 300) {
  let timer;
  return function (...args) {
    clearTimeout(timer);
    timer = setTimeout(() => fn.apply(this, args), delay);
  };
}
""",
        ),
    ),
)

_EXPERT_PYTHON = Dialogue(
    "python",
    (
        (
            "The interface first, with the plain version: every interval against every merged one.",
            """\
def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in intervals:
        for i, (low, high) in enumerate(merged):
            if start <= high and low <= end:
                merged[i] = (min(start, low), max(end, high))
                break
        else:
            merged.append((start, end))
    return merged
""",
        ),
        (
            "That is quadratic, and wrong where one interval joins two merged ones; sorted by"
            " start, only the last merged interval can overlap.",
            """\
def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
""",
        ),
        (
            "Nobody needs the list as a whole, so I yield each interval once it is closed and take"
            " any iterable.",
            """\
from collections.abc import Iterable, Iterator

Interval = tuple[int, int]


def merge_intervals(intervals: Iterable[Interval]) -> Iterator[Interval]:
    \"\"\"Yield the union of closed intervals as disjoint ones, in order.\"\"\"
    pending: Interval | None = None
    for start, end in sorted(intervals):
        if pending is None or start > pending[1]:
            if pending is not None:
                yield pending
            pending = (start, end)
        else:
            pending = (pending[0], max(end, pending[1]))
    if pending is not None:
        yield pending
""",
        ),
    ),
)

_EXPERT_GO = Dialogue(
    "go",
    (
        (
            "A retry with a fixed pause says what I want from the function.",
            """\
func Retry(attempts int, call func() error) error {
	var err error
	for i := 0; i < attempts; i++ {
		if err = call(); err == nil {
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}
""",
        ),
        (
            "A sleep that can't be cancelled holds up the shutdown, so the context comes in, and"
            " with it a select in place of the sleep.",
            """\
func Retry(ctx context.Context, attempts int, call func(context.Context) error) error {
	var err error
	for i := 0; i < attempts; i++ {
		if err = call(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return err
}
""",
        ),
        (
            "The pause should double, there is no point in one after the last attempt, and the"
            " caller wants to see both errors.",
            """\
func Retry(ctx context.Context, attempts int, call func(context.Context) error) error {
	pause := time.Second
	for i := 1; ; i++ {
		err := call(ctx)
		if err == nil || i >= attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
			pause *= 2
		}
	}
}
""",
        ),
    ),
)

DIALOGUES = {
    "novice": (_NOVICE_PYTHON, _NOVICE_C),
    "ordinary": (_ORDINARY_PYTHON, _ORDINARY_JAVASCRIPT),
    "expert": (_EXPERT_PYTHON, _EXPERT_GO),
}

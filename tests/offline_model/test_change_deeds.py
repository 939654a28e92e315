import pytest

from offline_model.change_deeds import list_deeds
from offline_model.change_facts import ChangeFacts, read_change
from utils.code.lines import unified_diff


def facts_of(before: str, after: str) -> ChangeFacts:
    return read_change(unified_diff(before, after, "code", "code"), before)


@pytest.mark.parametrize(
    ("before", "after", "wish"),
    [
        ("for x in xs:\n", "for y in xs:\n", "rename `x` to `y`"),
        ("def f(x):\n", "def g(x):\n", "rename `f` to `g`"),
        ("a = List(b)\n", "a = Deque(b)\n", "use `Deque` instead of `List`"),
        ("a\n", "a\n\n\ndef f(items):\n    return sorted(items)\n", "add a function `f`"),
        ("a\n\n\ndef f(items):\n    return items\n", "a\n", "take out the function `f`"),
        ("limit = 5\n", "limit = 6\n", "use `6` instead of `5`"),
        ("x = a\n", "x = clean(a)\n", "make use of `clean`"),
        ("x = clean(a)\n", "x = a\n", "do without `clean`"),
        ("x\n", "import re\nx\n", "import `re`"),
        ("import re\nx\n", "x\n", "drop the import of `re`"),
        ("x\n", "# why\nx\n", "explain this in a comment"),
        ("# why\nx\n", "x\n", "delete the comment"),
        ("x = 1\n", "x  = 1\n", "tidy up the layout"),
        ("a = b\n", "a = b + extra\n", "bring `extra` in"),
        ("a = b + extra\n", "a = b\n", "get rid of `extra`"),
    ],
)
def test_the_first_wish_names_what_really_changes(before: str, after: str, wish: str) -> None:
    assert list_deeds(facts_of(before, after))[0].wish.startswith(wish)


def test_every_change_has_a_deed() -> None:
    for before, after in (("}\n", "})\n"), ("a b\n", "b a\n"), ("", "x"), ("\x0c", "`{|}`\n")):
        assert list_deeds(facts_of(before, after))


def test_a_report_says_the_same_as_its_wish() -> None:
    [deed] = list_deeds(facts_of("def f(x):\n    return x\n", "def f(x):\n    return abs(x)\n"))
    assert deed.wish == "make use of `abs` in `f`"
    assert deed.report == "brought in a call of `abs` in `f`"


def test_no_more_than_a_few_names_are_listed() -> None:
    after = "".join(f"def f{number}():\n    pass\n" for number in range(9))
    [deed] = list_deeds(facts_of("", after))
    assert deed.report.count("`") == 6

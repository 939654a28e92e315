import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from programming_instruct.stage_replies import check_history, is_slice, read_stages
from utils.code.fences import fenced
from utils.errors import BadReply

FINAL = """\
def total(values):
    result = 0
    for value in values:
        result += value
    return result
"""
DRAFT = """\
def total(v):
    r = 0
    for x in v:
        r = r + x
    print(r)
"""
BETTER = DRAFT.replace("print(r)", "return r")


def reply_with(*versions: str, info: str = "python") -> str:
    return "\n\n".join(f"Now I go on.\n\n{fenced(version, info)}" for version in versions)


def reason_of(reply: str, snippet: str = FINAL, lang: str = "python") -> str:
    with pytest.raises(BadReply) as error:
        read_stages(reply, snippet, lang)
    return error.value.reason


def test_the_stages_come_in_order_and_end_in_the_snippet() -> None:
    assert read_stages(reply_with(DRAFT, BETTER, FINAL), FINAL) == [DRAFT, BETTER, FINAL]


def test_indentation_and_blank_lines_inside_a_block_survive() -> None:
    draft = "class A:\n\n\tdef f(self):\n\n\n            return 1  \n    \n\tx = 2\n"
    snippet = "class A:\n\n    def f(self):\n\n        return 2\n"
    assert read_stages(reply_with(draft, snippet), snippet) == [draft, snippet]


def test_a_snippet_that_is_indented_as_a_whole_stays_so() -> None:
    snippet = "    def f(self):\n        return 1\n"
    draft = "    def f(self):\n        return 0\n"
    assert read_stages(reply_with(draft, snippet), snippet) == [draft, snippet]


def test_a_changed_last_block_is_refused() -> None:
    assert reason_of(reply_with(DRAFT, FINAL.replace("result", "res"))) == "last_block_differs"


def test_changed_indentation_of_the_last_block_is_refused() -> None:
    assert reason_of(reply_with(DRAFT, FINAL.replace("    ", "  "))) == "last_block_differs"


def test_a_blank_line_more_inside_the_last_block_is_refused() -> None:
    assert reason_of(reply_with(DRAFT, FINAL.replace("0\n", "0\n\n"))) == "last_block_differs"


def test_a_missing_final_newline_is_taken_off_the_earlier_versions_too() -> None:
    snippet = FINAL.rstrip("\n")
    assert read_stages(reply_with(DRAFT, snippet), snippet) == [DRAFT.rstrip("\n"), snippet]


def test_blank_lines_at_the_end_are_put_on_the_earlier_versions_too() -> None:
    snippet = FINAL + "\n\n"
    assert read_stages(reply_with(DRAFT, FINAL), snippet) == [DRAFT + "\n\n", snippet]


def test_windows_line_ends_are_restored_in_all_versions() -> None:
    snippet = FINAL.replace("\n", "\r\n")
    expected = [DRAFT.replace("\n", "\r\n"), snippet]
    assert read_stages(reply_with(DRAFT, FINAL), snippet) == expected
    assert read_stages(reply_with(*expected), snippet) == expected


def test_a_reply_with_windows_line_ends_gives_the_snippets() -> None:
    reply = reply_with(DRAFT, FINAL).replace("\n", "\r\n")
    assert read_stages(reply, FINAL) == [DRAFT, FINAL]


def test_windows_line_ends_without_a_final_one_leave_no_stray_return() -> None:
    snippet = "a = 1\r\nb = a + 1"
    assert read_stages(reply_with("b = 1\na = 1", "a = 1\nb = a + 1"), snippet) == [
        "b = 1\r\na = 1",
        snippet,
    ]


def test_a_line_that_ends_the_snippet_alone_gets_a_line_end_elsewhere() -> None:
    snippet = "a = 1\r\nb = a"
    expected = ["b = a\r\nc = 2", snippet]
    assert read_stages(reply_with("b = a\nc = 2", "a = 1\nb = a"), snippet) == expected


def test_mixed_line_ends_are_restored_line_by_line() -> None:
    snippet = "one = 1\r\ntwo = 2\nthree = 3\r\n"
    draft = "one = 1\ntwo = 2\ndrei = 3\n"
    shown = "one = 1\ntwo = 2\nthree = 3\n"
    expected = "one = 1\r\ntwo = 2\ndrei = 3\r\n"
    assert read_stages(reply_with(draft, shown), snippet) == [expected, snippet]


def test_white_space_at_line_ends_that_the_model_dropped_is_put_back_everywhere() -> None:
    snippet = FINAL.replace("= 0\n", "= 0  \n")
    draft = FINAL.replace("+= value", "= value")
    expected = draft.replace("= 0\n", "= 0  \n")
    assert read_stages(reply_with(draft, FINAL), snippet) == [expected, snippet]


def test_a_repeated_last_block_is_dropped() -> None:
    assert read_stages(reply_with(DRAFT, FINAL, FINAL, FINAL), FINAL) == [DRAFT, FINAL]


def test_one_stage_is_no_history() -> None:
    assert reason_of(reply_with(FINAL)) == "single_stage"
    assert reason_of(reply_with(FINAL, FINAL)) == "single_stage"


def test_equal_neighbours_are_refused() -> None:
    assert reason_of(reply_with(DRAFT, DRAFT, FINAL)) == "equal_neighbours"


def test_neighbours_that_differ_in_trailing_space_alone_are_equal() -> None:
    spaced = DRAFT.replace("\n", " \n") + "\n"
    assert reason_of(reply_with(DRAFT, spaced, FINAL)) == "equal_neighbours"


def test_a_version_may_come_back_later() -> None:
    versions = [DRAFT, BETTER, DRAFT, FINAL]
    assert read_stages(reply_with(*versions), FINAL) == versions


def test_code_typed_from_top_to_bottom_is_refused() -> None:
    lines = FINAL.split("\n")
    typed = ["\n".join(lines[:count]) + "\n" for count in (1, 3)]
    assert reason_of(reply_with(*typed, FINAL)) == "only_slices"


def test_a_line_typed_half_is_a_slice() -> None:
    assert is_slice("def total(values):\n    res", FINAL)


def test_a_cut_out_of_the_middle_is_a_slice_at_any_indentation() -> None:
    assert is_slice("for value in values:\n    result += value\n", FINAL)


def test_closing_brackets_and_placeholders_at_the_end_do_not_make_a_history() -> None:
    final = "int f(int a) {\n    if (a) {\n        return 1;\n    }\n    return 2;\n}\n"
    assert is_slice("int f(int a) {\n    if (a) {\n    }\n}\n", final)
    assert is_slice("def total(values):\n    pass\n", FINAL)
    assert is_slice("def total(values):\n    raise NotImplementedError\n", FINAL)


def test_a_version_without_a_line_in_the_midst_is_no_slice() -> None:
    assert not is_slice(FINAL.replace("        result += value\n", ""), FINAL)


def test_one_rewritten_stage_among_slices_is_enough() -> None:
    stub = "def total(values):\n    pass\n"
    assert read_stages(reply_with(stub, BETTER, FINAL), FINAL) == [stub, BETTER, FINAL]


def test_a_refusal_is_told_from_a_reply_without_code() -> None:
    assert reason_of("I'm sorry, but I can't help with that request.") == "refusal"
    assert reason_of("First I wrote a loop, then I changed it.") == "no_code_block"


def test_a_refusal_above_a_block_is_one() -> None:
    reply = "I cannot help with that request. Here is your code:\n\n" + reply_with(DRAFT, FINAL)
    assert reason_of(reply) == "refusal"


def test_a_novice_who_cannot_do_something_yet_does_not_refuse() -> None:
    reply = "I can't do list comprehensions yet, so I write a loop.\n\n" + reply_with(DRAFT, FINAL)
    assert read_stages(reply, FINAL) == [DRAFT, FINAL]


def test_a_block_that_is_never_closed_is_told() -> None:
    assert reason_of(reply_with(DRAFT, FINAL)[: -len("return result\n```")]) == "truncated"


def test_an_empty_file_at_the_start_is_passed_over() -> None:
    assert read_stages(reply_with("", DRAFT, FINAL), FINAL) == [DRAFT, FINAL]


def test_an_empty_block_later_is_refused() -> None:
    assert reason_of(reply_with(DRAFT, "\n", FINAL)) == "empty_stage"


def test_a_stage_that_leaves_code_out_is_refused() -> None:
    draft = "def total(v):\n    r = 0\n    # ... rest of the code unchanged\n"
    assert reason_of(reply_with(draft, FINAL)) == "elided_code"


def test_dots_for_what_is_still_to_be_written_leave_nothing_out() -> None:
    draft = DRAFT + "    # ...\n"
    assert read_stages(reply_with(draft, FINAL), FINAL) == [draft, FINAL]


def test_a_comment_of_the_snippet_that_looks_like_an_omission_is_none() -> None:
    snippet = FINAL + "# ... rest of the code unchanged\n"
    draft = DRAFT + "# ... rest of the code unchanged\n"
    assert read_stages(reply_with(draft, snippet), snippet) == [draft, snippet]


def test_thoughts_are_not_read() -> None:
    reply = f"<think>\n{reply_with(FINAL)}\n</think>\n{reply_with(DRAFT, FINAL)}"
    assert read_stages(reply, FINAL) == [DRAFT, FINAL]


def test_shell_commands_and_outputs_between_the_stages_are_passed_over() -> None:
    parts = [reply_with(DRAFT), "```bash\npython total.py\n```", "```text\nKeyError\n```"]
    reply = "\n\n".join([*parts, reply_with(FINAL)])
    assert read_stages(reply, FINAL, "python") == [DRAFT, FINAL]
    assert read_stages(reply, FINAL) == [DRAFT, FINAL]


def test_a_language_of_another_name_loses_no_stage() -> None:
    reply = reply_with(DRAFT, FINAL, info="py")
    assert read_stages(reply, FINAL, "Python") == [DRAFT, FINAL]
    assert read_stages(reply, FINAL, "Jupyter Notebook") == [DRAFT, FINAL]


def test_blocks_of_which_only_some_are_labelled_all_count() -> None:
    reply = reply_with(DRAFT) + "\n\n" + reply_with(FINAL, info="")
    assert read_stages(reply, FINAL, "Jupyter Notebook") == [DRAFT, FINAL]


def test_blocks_that_all_bear_another_label_are_the_stages() -> None:
    reply = reply_with(DRAFT, FINAL, info="cpp")
    assert read_stages(reply, FINAL, "c") == [DRAFT, FINAL]


def test_code_without_a_language_is_read() -> None:
    assert read_stages(reply_with(DRAFT, FINAL, info=""), FINAL) == [DRAFT, FINAL]


def test_snippets_that_hold_fences_are_read_whole() -> None:
    snippet = "# Use\n\n```python\nrun()\n```\n\n~~~\nend\n~~~\n"
    draft = snippet.replace("Use", "Usage").replace("run()", "go()")
    reply = reply_with(draft, snippet, info="markdown")
    assert read_stages(reply, snippet, "markdown") == [draft, snippet]


def test_blocks_of_a_list_lose_only_the_margin_of_their_fence() -> None:
    blocks = [fenced(version, "python").replace("\n", "\n  ") for version in (DRAFT, FINAL)]
    reply = "".join(f"- a stage\n\n  {block}\n" for block in blocks)
    assert read_stages(reply, FINAL) == [DRAFT, FINAL]


LINE = st.text(st.sampled_from("ab(}` ~#\t\x0c\u2028é"), max_size=8)
CODE = st.lists(LINE, min_size=1, max_size=6).map(lambda lines: "\n".join([*lines, "end."]) + "\n")


def test_half_a_character_is_a_reason() -> None:
    with pytest.raises(BadReply, match="not_unicode"):
        read_stages(reply_with(f"{DRAFT}# \ud800\n", FINAL), FINAL)


def is_history(versions: list[str]) -> bool:
    try:
        check_history(versions)
    except BadReply:
        return False
    return True


@given(st.lists(CODE, min_size=2, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans())
@example(["```\na\n```\nend.\n", "~~~\nend.\n", "x\n```\nend.\n"], "\n", True)
def test_any_history_survives_its_way_through_a_reply(
    versions: list[str], line_end: str, has_final_newline: bool
) -> None:
    assume(is_history(versions))
    reply = reply_with(*versions, info="")
    expected = [version.replace("\n", line_end) for version in versions]
    if not has_final_newline:
        expected = [version.removesuffix(line_end) for version in expected]
    assert read_stages(reply, expected[-1]) == expected

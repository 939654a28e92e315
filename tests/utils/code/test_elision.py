import pytest

from utils.code.elision import elision_comments


@pytest.mark.parametrize(
    "comment",
    [
        "# ... rest of the code unchanged",
        "# ...",
        "    # (unchanged)",
        "# ... existing code ...",
        "# existing code here",
        "# Rest of the class",
        "// ... other methods",
        "# same as before",
        "# Other methods remain the same",
        "# The rest of the implementation remains the same",
        "# … (rest of implementation)",
        "# existing methods...",
        "# Omitted for brevity",
        "# original code goes here",
        "...  # existing code",
        "    pass  # ... rest of the method",
        "# existing code above",
        "# existing functions below",
        "# The rest of the module is the same as before",
        "# (functions below omitted)",
        "# code above unchanged",
        "# no changes above",
        "# keep the rest of the file as it is",
        "# other methods as before",
        "# rest of the class follows",
        "# all other functions stay the same",
        "# [snip]",
        "# 其余代码保持不变",
        "# ……省略……",
    ],
)
def test_a_comment_that_stands_for_code_is_found(comment):
    assert elision_comments(f"x = 1\n{comment}\ny = 2\n") == {
        comment.partition("# ")[2] or comment[3:]
    }


@pytest.mark.parametrize(
    "comment",
    [
        "# Process the rest of the code points",
        "# existing users keep their role",
        "# ... and so on until done",
        "# Check whether the file is unchanged",
        "# use the same seed as before the call",
        "# existing code paths rely on this",
        "# The original value is the same",
        "# Copy existing files",
        "# the rest of the list is sorted",
        "# Keep the rest of the file open",
        "# keep the existing value if none is given",
        "# no changes are needed for an empty list",
        "# unchanged rows are skipped",
        "# omitted keys get the default",
        "# leave the original list alone",
        "# same as above but for bytes",
        "# Original tests.",
        "# previous test",
        "x = 1  # the rest of the code",
        "pass  # nothing to do here",
        "# 价格不变时返回零",
    ],
)
def test_a_comment_that_explains_is_none(comment):
    assert elision_comments(f"x = 1\n{comment}\ny = 2\n") == set()


def test_a_very_long_line_takes_no_time():
    assert elision_comments("# rest " + "the same " * 100_000) == set()

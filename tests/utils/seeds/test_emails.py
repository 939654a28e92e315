import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.seeds.emails import MASK, mask_emails, mask_emails_in_code


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("by Ann Lee <ann.lee+dev@mail.corp.co.uk>.", f"by Ann Lee <{MASK}>."),
        ("a@b.org, c@d.net", f"{MASK}, {MASK}"),
        ("Signed-off-by: ann@corp.com", f"Signed-off-by: {MASK}"),
        ("clone git@github.com:owner/name.git", "clone git@github.com:owner/name.git"),
        ("bob@example.com and eve@host.test", "bob@example.com and eve@host.test"),
        ("x @ y, @property, a@b", "x @ y, @property, a@b"),
        ("sd_IN@devanagari.UTF-8", "sd_IN@devanagari.UTF-8"),
    ],
)
def test_addresses_of_people_are_masked_in_text(text: str, masked: str) -> None:
    assert mask_emails(text) == masked


def test_only_strings_and_comments_of_code_are_masked() -> None:
    code = 'import numpy\n# by ann@corp.com\nz = x@y.real\nto = "bob@corp.com"\n'
    assert mask_emails_in_code(code) == (
        f'import numpy\n# by {MASK}\nz = x@y.real\nto = "{MASK}"\n'
    )


def test_an_escape_before_the_at_sign_is_no_name() -> None:
    code = 'code = "import pytest\\n@pytest.fixture\\ndef f(): ..."\n'
    assert mask_emails_in_code(code) == code
    assert mask_emails_in_code('"to:\\nbob@corp.com"') == f'"to:\\n{MASK}"'


def test_f_strings_with_braces_keep_their_shape() -> None:
    code = 'name = 1\ntext = f"{{x}} {name} bob@corp.com {{y}} {name!r:>{name}}"\n'
    assert mask_emails_in_code(code) == code.replace("bob@corp.com", MASK)


def test_code_that_has_no_tokens_is_masked_as_text() -> None:
    assert mask_emails_in_code('x = """bob@corp.com') == f'x = """{MASK}'


def test_masking_twice_changes_nothing_more() -> None:
    once = mask_emails_in_code("# bob@corp.com, ann@corp.org\n")
    assert mask_emails_in_code(once) == once


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab@.c\n\\'\"{} é", max_size=40), st.sampled_from(["", "f", "r", "b"]))
def test_code_that_parses_still_does_with_the_same_structure(text: str, prefix: str) -> None:
    code = (
        f"x = a@b.cd  # {text.splitlines()[0] if text.splitlines() else ''}\ny = {prefix}{text!r}\n"
    )
    try:
        before = ast.parse(code)
    except (SyntaxError, ValueError):
        return
    after = ast.parse(mask_emails_in_code(code))
    assert [type(node) for node in ast.walk(after)] == [type(node) for node in ast.walk(before)]


def test_an_address_is_masked_in_whichever_line_it_stands() -> None:
    text = "one\nann@corp.com\r\ntwo \\n@pytest.fixture\n\nbob@corp.com"
    masked = "one\nemail@example.com\r\ntwo \\n@pytest.fixture\n\nemail@example.com"
    assert mask_emails(text) == masked

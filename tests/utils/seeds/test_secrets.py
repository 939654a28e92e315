import pytest

from utils.seeds.secrets import find_secrets, holds_secret, is_placeholder, looks_like_password

# Put together here, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "Q3EGRZ7KPLM2VXWT"
GITHUB_TOKEN = "ghp_" + "k3Jd82LmQpZx7VtYw1RsNb5CfHg9UeAoXiTz"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
DJANGO_KEY = "SECRET_" + 'KEY = "p)9k3$zq!v8w2x&7m@4nd6"'
API_TOKEN = "api_" + 'token = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"'


@pytest.mark.parametrize(
    "line",
    [
        f'client = connect("{AWS_KEY}")',
        f"# curl -H 'Authorization: token {GITHUB_TOKEN}'",
        f'KEY = """{PRIVATE_KEY}',
        DJANGO_KEY,
        API_TOKEN,
        'db = "postgres://app:' + 'Tr0ub4dor@db.internal/app"',
    ],
)
def test_a_credential_is_found(line: str) -> None:
    assert holds_secret(["import os\n" + line + "\n"])


@pytest.mark.parametrize(
    "line",
    [
        'password = getpass.getpass("Password: ")',
        'SECRET_KEY = os.environ["SECRET_KEY"]',
        'parser.add_argument("--password", help="password: the one of the database")',
        'password = "your-password-1"',
        'password = "<password>"',
        "def check(user, password='hunter'):",
        'url = "http://user:password@host/"',
        'DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        "tokens = tokenize.generate_tokens(io.StringIO(code).readline)",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_code_about_credentials_is_not_taken_for_one(line: str) -> None:
    assert list(find_secrets([line])) == []


def test_a_secret_is_found_in_any_of_the_texts() -> None:
    assert list(find_secrets(["x = 1", f"y = '{AWS_KEY}'"])) == [AWS_KEY]


def test_a_line_too_long_to_remember_is_scanned_all_the_same() -> None:
    assert holds_secret(["x = '" + "a " * 1000 + AWS_KEY + "'"])


def test_a_password_is_no_word_and_no_sentence() -> None:
    assert looks_like_password("Tr0ub4dor&3")
    assert not looks_like_password("correct")
    assert not looks_like_password("field_of_the_form")
    assert not looks_like_password("Enter your 2nd code")


def test_stand_ins_are_placeholders() -> None:
    assert all(map(is_placeholder, ["{password}", "<key>", "${TOKEN}", "xxxxxxxx", "changeme"]))
    assert not is_placeholder("Tr0ub4dor&3")

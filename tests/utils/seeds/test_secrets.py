import base64
import random
from pathlib import Path

import pytest

from tests.key_shapes import HEX, SHAPES, WORD, drawn, make_key, make_password, make_private_key
from utils.errors import PipelineError
from utils.seeds.secret_values import is_placeholder, looks_like_password
from utils.seeds.secrets import (
    evidence,
    holds_secret,
    locate_secrets,
    read_allow_list,
)

# Put together here, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "Q3EGRZ7KPLM2VXWT"
GITHUB_TOKEN = "ghp_" + "k3Jd82LmQpZx7VtYw1RsNb5CfHg9UeAoXiTz"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
DJANGO_KEY = "SECRET_" + 'KEY = "p)9k3$zq!v8w2x&7m@4nd6"'
API_TOKEN = "api_" + 'token = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"'


def found_in(
    texts: list[str], allowed: tuple[str, ...] | list[str] | frozenset[str] = ()
) -> list[str]:
    return [secret.value for secret in locate_secrets(texts, allowed)]


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
    assert found_in([line]) == []


def test_a_secret_is_found_in_any_of_the_texts() -> None:
    assert found_in(["x = 1", f"y = '{AWS_KEY}'"]) == [AWS_KEY]


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


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "line", ["client = Client({key!r})", "# key: {key}", 'curl -H "X: {key}"', "  - {key}"]
)
def test_a_key_of_a_documented_shape_is_found_wherever_it_stands(shape: str, line: str) -> None:
    for seed in range(5):
        key = make_key(shape, seed)
        found = found_in([f"import os\n{line.format(key=key)}\n"])
        assert any(value in key or key in value for value in found), key


PLACES = [
    "db = connect('h', password={0!r})",
    "cfg = dict(password={0!r})",
    "password: str = {0!r}",
    "password: Optional[str] = {0!r}",
    "db_password: str | None = {0!r}",
    "x = os.environ.get('DB_PASSWORD', {0!r})",
    "x = os.getenv('DB_PASSWORD') or {0!r}",
    "x = config('DB_PASSWORD', cast=str, default={0!r})",
    "cfg['password'] = {0!r}",
    "self.passwd = {0!r}",
    "{{'user': 'ann', 'password': {0!r}}}",
    'body = "{{\\"password\\": \\"{0}\\"}}"',
    "password = (\n    {0!r}\n)",
    "connect(\n    password=\n    {0!r},\n)",
    "if password == {0!r}:",
    "password: SecretStr = SecretStr({0!r})",
    "requests.get(url, auth=('ann', {0!r}))",
    "server.login('ann@corp.com', {0!r})",
    "PASSWORD_PROD = b{0!r}",
    "dbPassword := {0!r}",
    "setattr(settings, 'ADMIN_PASSWORD', {0!r})",
    "engine = 'postgres://app:{0}@db.internal/app'",
    "parser.add_argument('--password', default={0!r})",
    "smtp_pass = {0!r}",
    "userPwd={0!r}",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_password_is_found_by_its_place(place: str) -> None:
    for seed in range(5):
        password = make_password(seed)
        assert found_in([place.format(password)]) == [password]


@pytest.mark.parametrize(
    "place",
    [
        "client = OpenAI(api_key={0!r})",
        "openai.api_key = {0!r}",
        "x = os.environ.get('SERVICE_TOKEN', {0!r})",
        "os.environ['SECRET_KEY'] = {0!r}",
        "os.environ.setdefault('API_SECRET', {0!r})",
        "headers = {{'x-api-key': {0!r}}}",
        "headers = {{'Authorization': 'Bearer {0}'}}",
        "# curl -H 'Authorization: Bearer {0}' https://x",
        "client_secret: str = {0!r}",
        "export SERVICE_TOKEN={0}",
        "get('https://h/x?access_token={0}&y=1')",
        "settings.encryption_key = bytes.fromhex({0!r})",
    ],
)
@pytest.mark.parametrize("signs", [WORD, HEX])
def test_a_drawn_secret_is_found_by_its_place(place: str, signs: str) -> None:
    secret = drawn(32, signs, random.Random(place))
    assert secret in found_in([place.format(secret)])


@pytest.mark.parametrize(
    "line",
    [
        'API_KEY_ENV = "MY_SECRET1_NAME"',
        'TOKEN_VAR = "GITHUB_TOKEN_V2"',
        'PASSWORD_HASHER = "pbkdf2_sha256"',
        'password_algorithm="argon2id"',
        'secret = "hmac-sha256"',
        'url = "http://user:pass%20pass@complex.url.com/"',
        'db = "postgres://user:pass@localhost/test"',
        'db = "redis://:password@127.0.0.1:6379/0"',
        'db = f"postgres://{user}:{password}@{host}/app"',
        'url = "https://ann:s3cretW0rd9@example.com/"',
        'connect(password="*****")',
        'password = "********"',
        'password = "xxxxxxxx1"',
        'password = "test1234"',
        'api_key = "<your api key 1>"',
        'api_key="sk-' + 'x" * 3',
        'token = "sk-' + "0" * 32 + '"',
        'headers = {"Authorization": f"Bearer {token}"}',
        'headers = {"Authorization": "Bearer <token>"}',
        'headers = {"Authorization": "Basic dXNlcjpwYXNz"}',
        'secret_name = "projects/x/secrets/db2"',
        'API_KEY_HEADER = "X-Api-Key-V2"',
        'TOKEN_URL = "https://example.org/oauth2/token"',
        'if text.startswith("-----BEGIN RSA PRIVATE' + ' KEY-----"):',
        'token_type = "urn:ietf:params:oauth:token-type:jwt2"',
        'fields = ["username", "password", "email2fa"]',
        'password_reset_timeout = "3days_or_more"',
        'checksum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'commit = "da39a3ee5e6b4b0d3255bfef95601890afd80709"',
        'run_id = "550e8400-e29b-41d4-a716-446655440000"',
        'csrf_token = "{{ csrf_token2 }}"',
        "password = get_password2_from_environment(name)",
        "token=self.access_token_2.refresh_token_2",
        "-----BEGIN PUBLIC KEY-----",
        "public_key = 'ssh-rsa AAAAB3NzaC1yc2E'",
        'error = "Your password must hold 1 digit"',
        'password_label = "Passw0rd!"',
        'secret = r"[a-zA-Z](?:[a-zA-Z0-9-]*)"',
    ],
)
def test_what_only_looks_like_a_secret_passes(line: str) -> None:
    assert found_in([line]) == []


def test_a_private_key_is_found_and_its_mark_alone_is_not() -> None:
    for kind in ("RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "):
        assert holds_secret([f'KEY = """{make_private_key(kind=kind)}"""'])
        mark = make_private_key(kind=kind).partition("\n")[0]
        assert not holds_secret([f'BEGIN = "{mark}"\nEND = "-----END"\n'])
    quoted = make_private_key().replace("\n", '\\n"\n    "')
    assert holds_secret([f'KEY = (\n    "{quoted}"\n)'])


def test_the_web_token_of_the_documentation_is_no_secret() -> None:
    body = base64.urlsafe_b64encode(b'{"sub":"1234567890","name":"John Doe"}').decode().strip("=")
    token = f"ey{'JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9'}.{body}.{drawn(43, WORD, random.Random(1))}"
    assert not holds_secret([f"TOKEN = {token!r}"])


def test_a_secret_is_allowed_by_value_and_by_fingerprint(tmp_path: Path) -> None:
    one, other = make_password(1), make_password(2)
    text = f"password = {one!r}\npassword = {other!r}\n"
    found = {secret.value: secret for secret in locate_secrets([text])}
    assert [secret.line for secret in found.values()] == [1, 2]
    path = tmp_path / "allowed.txt"
    path.write_text(f"# in the tests\n{one}\n\n{found[other].fingerprint}\n", encoding="utf-8")
    allowed = read_allow_list(str(path))
    assert found_in([text], allowed) == []
    assert found_in([text], [one]) == [other]


def test_the_evidence_tells_where_and_whose_but_not_what() -> None:
    key = make_key("anthropic")
    row = {"old_contents": "x = 1\n", "new_contents": f"x = 1\nkey = {key!r}\n"}
    [found] = evidence(row, row)
    assert (found["field"], found["line"]) == ("new_contents", 2)
    assert found["masked"] == f"{key[:4]}*** ({len(key)} characters)"
    assert key[5:] not in str(found)
    [short] = evidence({"message": f"password = {make_password(length=9)!r}"}, ["message"])
    assert make_password(length=9)[2:] not in str(short)


def test_a_missing_allow_list_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="--secrets_allow_list .*: No such file"):
        read_allow_list(str(tmp_path / "none"))


@pytest.mark.parametrize("indent", [0, 5, 998, 1_000, 1_500, 5_000])
def test_a_value_on_the_line_below_is_told_by_its_own_line(indent: int) -> None:
    text = "x = 1\n" + " " * indent + 'password = (\n    "' + 'Hn7Xq2Kz"\n)\n'
    assert [(each.line, each.value) for each in locate_secrets([text])] == [(3, "Hn7" + "Xq2Kz")]

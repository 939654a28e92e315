"""Keys in the shapes that providers document, drawn anew by code: none is written down anywhere."""

import random
import string

LETTERS = string.ascii_letters
WORD = LETTERS + string.digits
HEX = "0123456789abcdef"
SIGNS = WORD + "_-"


def drawn(count: int, signs: str, rng: random.Random) -> str:
    # No sign at the end that a key's reader could take for punctuation.
    last = rng.choice([sign for sign in signs if sign.isalnum()])
    return "".join(rng.choice(signs) for _ in range(count - 1)) + last


# Pieces of text and (count, signs) to draw.
SHAPES: dict[str, list[str | tuple[int, str]]] = {
    "anthropic": ["sk-ant-", "api03-", (93, SIGNS), "AA"],
    "aws": ["AK" + "IA", (16, "BCDFGHJKLMNPQRSTVWXZ234567")],
    "azure_client_secret": [(3, WORD), "8Q~", (34, SIGNS)],
    "azure_storage": ["Account" + "Key=", (86, WORD), "=="],
    "databricks": ["da" + "pi", (32, HEX)],
    "deepseek": ["sk" + "-", (32, HEX)],
    "digitalocean": ["do" + "p_v1_", (64, HEX)],
    "discord": ["M", (25, WORD), ".", (6, WORD), ".", (38, SIGNS)],
    "docker": ["dckr" + "_pat_", (27, SIGNS)],
    "github": ["gh" + "p_", (36, WORD)],
    "github_fine_grained": ["github" + "_pat_", (22, WORD), "_", (59, WORD)],
    "gitlab": ["gl" + "pat-", (20, SIGNS)],
    "google_api": ["AI" + "za", (35, SIGNS)],
    "google_oauth": ["GOC" + "SPX-", (28, SIGNS)],
    "google_token": ["ya" + "29.", (80, SIGNS)],
    "grafana": ["gl" + "sa_", (32, WORD), "_", (8, HEX)],
    "groq": ["gs" + "k_", (52, WORD)],
    "hugging_face": ["h" + "f_", (34, LETTERS)],
    "json_web_token": ["ey" + "J", (30, WORD), ".ey" + "J", (40, WORD), ".", (43, SIGNS)],
    "langsmith": ["lsv2" + "_pt_", (32, HEX), "_", (10, HEX)],
    "linear": ["lin_" + "api_", (40, WORD)],
    "mailchimp": [(32, HEX), "-us12"],
    "mailgun": ["key" + "-", (32, HEX)],
    "notion": ["nt" + "n_", (46, WORD)],
    "npm": ["np" + "m_", (36, WORD)],
    "nvidia": ["nv" + "api-", (64, SIGNS)],
    "openai": ["sk" + "-", (48, WORD)],
    "openai_project": ["sk-" + "proj-", (74, SIGNS), "T3Blbk" + "FJ", (74, SIGNS)],
    "openrouter": ["sk-" + "or-v1-", (64, HEX)],
    "perplexity": ["pp" + "lx-", (48, WORD)],
    "pypi": ["pypi-" + "AgEIcHlwaS5vcmc", (120, SIGNS)],
    "replicate": ["r" + "8_", (37, WORD)],
    "sendgrid": ["S" + "G.", (22, SIGNS), ".", (43, SIGNS)],
    "shopify": ["shp" + "at_", (32, HEX)],
    "slack": ["xo" + "xb-", (12, string.digits), "-", (12, string.digits), "-", (24, WORD)],
    "slack_hook": ["hooks.slack.com/services/T0", (8, "BCDF12"), "/B0", (8, "GHJK34"), "/"]
    + [(24, WORD)],
    "stripe": ["sk" + "_live_", (24, WORD)],
    "telegram": [(10, "123456789"), ":A" + "A", (33, SIGNS)],
    "twilio": ["S" + "K", (32, HEX)],
    "vault": ["hv" + "s.", (90, SIGNS)],
    "xai": ["xa" + "i-", (80, WORD)],
}  # fmt: skip


def make_key(shape: str, seed: int = 0) -> str:
    """Draw a key of a shape."""
    rng = random.Random(f"{shape} {seed}")
    pieces = SHAPES[shape]
    return "".join(piece if isinstance(piece, str) else drawn(*piece, rng) for piece in pieces)


def make_password(seed: int = 0, length: int = 14) -> str:
    """Draw a password of letters, digits and a sign."""
    rng = random.Random(f"password {seed}")
    return drawn(length - 6, WORD, rng) + rng.choice("!#&+") + drawn(5, WORD, rng)


def make_private_key(seed: int = 0, kind: str = "RSA ") -> str:
    rng = random.Random(f"private {seed}")
    lines = "\n".join(drawn(64, WORD + "+/", rng) for _ in range(6))
    return f"-----BEGIN {kind}PRIVATE" + f" KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----\n"

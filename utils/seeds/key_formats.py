"""The shapes in which providers hand out keys, as their documentation gives them.

Beside what `detect-secrets` knows, whose last release is older than many of these. A shape is
looked for in runs of the characters keys are made of, never inside a longer word.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_SHAPES = {
    "alibaba": r"LTAI[A-Za-z0-9]{16,24}",
    "anthropic": r"sk-ant-[a-z0-9]+-[\w-]{20,}",
    "atlassian": r"ATATT3[\w=-]{100,}|ATCTT3[\w=-]{100,}|ATBB[A-Za-z0-9]{32}",
    "aws": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    "azure_client_secret": r"[\w~.-]{3}\dQ~[\w~.-]{31,34}",
    "azure_storage": r"AccountKey=[A-Za-z0-9+/=]{60,}",
    "brevo": r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}",
    "cerebras": r"csk-[a-z0-9]{40,}",
    "cloudflare": r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}|cf(?:k|ut|at)_[A-Za-z0-9]{40,}",
    "databricks": r"dapi[0-9a-f]{32}(?:-\d)?|dose[0-9a-f]{32}",
    "digitalocean": r"do[opr]_v1_[0-9a-f]{64}",
    "discord": r"[MNO][A-Za-z0-9_-]{23,26}\.[\w-]{6}\.[\w-]{27,45}",
    "docker": r"dckr_(?:pat|oat)_[\w-]{27,}",
    "doppler": r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]+\.)?[A-Za-z0-9]{40,44}",
    "dropbox": r"sl\.(?:u\.)?[\w-]{100,}",
    "facebook": r"EAA[MC][A-Za-z0-9]{60,}",
    "figma": r"fig[doruh]+_[\w-]{40,}",
    "fireworks": r"fw_[A-Za-z0-9]{22,}",
    "github": r"gh[opsur]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    "gitlab": r"gl(?:pat|oas|dt|rtr?|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[\w.-]{20,}"
    r"|GR1348941[\w-]{20}",
    "google_api": r"AIza[\w-]{35}",
    "google_oauth": r"GOCSPX-[\w-]{28}|ya29\.[\w-]{20,}|1//0[\w-]{40,}",
    "grafana": r"glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|glc_[A-Za-z0-9+/=]{32,}",
    "groq": r"gsk_[A-Za-z0-9]{40,}",
    "hashicorp": r"hv[sbr]\.[\w-]{24,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}",
    "heroku": r"HRKU-[\w-]{36,}",
    "hugging_face": r"(?:hf|api_org)_[A-Za-z0-9]{34,}",
    "jina": r"jina_[\w-]{50,}",
    "jwt": r"ey[A-Za-z0-9_-]{17,}\.ey[A-Za-z0-9_/-]{17,}\.[A-Za-z0-9_/-]{10,}",
    "langfuse": r"[sp]k-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "langsmith": r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
    "linear": r"lin_(?:api|oauth)_[A-Za-z0-9]{40,}",
    "mailgun": r"key-[0-9a-f]{32}",
    "new_relic": r"NRAK-[A-Z0-9]{27}|NRJS-[0-9a-f]{19}",
    "notion": r"ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}",
    "npm": r"npm_[A-Za-z0-9]{36}",
    "nuget": r"oy2[a-z0-9]{43}",
    "nvidia": r"nvapi-[\w-]{50,}",
    "onepassword": r"ops_eyJ[\w=-]{100,}",
    # OpenAI's own, and what servers that speak its protocol hand out (DeepSeek, DashScope, ...).
    "openai": r"sk-(?:proj|svcacct|admin|None|or-v1|lw)-[\w-]{20,}|sk-[A-Za-z0-9]{32,}"
    r"|sk-[\w-]{8,}T3BlbkFJ[\w-]{16,}|sess-[A-Za-z0-9]{40}",
    "perplexity": r"pplx-[A-Za-z0-9]{40,}",
    "pinecone": r"pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{50,}",
    "planetscale": r"pscale_(?:tkn|pw|oauth)_[\w=.-]{32,}",
    "postman": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "pypi": r"pypi-AgE[\w-]{50,}",
    "replicate": r"r8_[A-Za-z0-9]{37}",
    "rubygems": r"rubygems_[0-9a-f]{48}",
    "sendgrid": r"SG\.[\w-]{22}\.[\w-]{43}",
    "sentry": r"sntry[su]_[A-Za-z0-9+/=_]{60,}",
    "shopify": r"shp(?:at|ca|pa|ss|tka|ua)_[0-9a-fA-F]{32}",
    "slack": r"xox[abeoprs](?:\.xox[bp])?-[\w-]{16,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{32,}"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]+/[A-Z0-9]+/[A-Za-z0-9]{20,}",
    "square": r"sq0[a-z]{3}-[\w-]{22,43}|EAAA[\w-]{60}",
    "stripe": r"[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/=]{32,}",
    "supabase": r"sbp_[0-9a-f]{40}|sb_secret_[\w-]{22,}",
    "tavily": r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,}",
    "telegram": r"\d{8,10}:AA[\w-]{33}",
    "tencent": r"AKID[A-Za-z0-9]{32}",
    "twilio": r"SK[0-9a-f]{32}",
    "vercel": r"vc[prkai]_[A-Za-z0-9]{50,}",
    "voyage": r"pa-[\w-]{43}",
    "weights_and_biases": r"wandb_v1_[\w-]{60,}",
    "xai": r"xai-[A-Za-z0-9]{60,}",
    "elevenlabs": r"sk_[0-9a-f]{48}",
}
_KEY = re.compile(
    r"(?<![A-Za-z0-9_])(?:" + "|".join(f"(?P<{k}>{v})" for k, v in _SHAPES.items()) + r")(?!\w)"
)
# What every shape is a part of; a run with neither digit nor underscore in it is a word.
_RUN = re.compile(r"[A-Za-z0-9_.+/=:~-]{19,}")
_HAS_SIGN = re.compile(r"[0-9_]")


class Key(NamedTuple):
    """A key in a text: whose it is, where it begins, and its characters."""

    provider: str
    start: int
    value: str


def find_keys(text: str) -> Iterator[Key]:
    """Yield what has the shape of a provider's key."""
    for run in _RUN.finditer(text):
        for provider, start, value in keys_in_run(run[0]):
            yield Key(provider, run.start() + start, value)


@lru_cache(1 << 14)
def keys_in_run(run: str) -> tuple[Key, ...]:
    """List the keys in one run of the characters that keys are made of."""
    if not _HAS_SIGN.search(run):
        return ()
    return tuple(Key(str(m.lastgroup), m.start(), m[0]) for m in _KEY.finditer(run))

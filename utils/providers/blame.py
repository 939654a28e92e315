"""Who is to blame when a server refuses a request: the account, this prompt, or the moment.

Providers say the same by different statuses, codes and words, and different things by the same
status. The table holds those of OpenAI, Azure, Anthropic, Gemini, DeepSeek, DashScope, Zhipu, Kimi,
Baidu, Groq, Together and OpenRouter as their pages on errors have them, and what is known of
MiniMax, Mistral, Cohere, vLLM, SGLang, llama.cpp and Ollama.

Read against, in November 2026 (the other providers' rows are after reports, not their pages):
    OpenAI      https://developers.openai.com/docs/guides/error-codes
    DashScope   https://help.aliyun.com/en/model-studio/error-code
    Zhipu       https://docs.z.ai/api-reference/api-code
    DeepSeek    https://api-docs.deepseek.com/quick_start/error_codes
    OpenRouter  https://openrouter.ai/docs/api/reference/errors-and-debugging
    Together    https://docs.together.ai/docs/error-codes
    MiniMax     https://platform.minimax.io/docs/api-reference/errorcode.md
    Kimi        https://www.kimi.com/help/kimi-api/api-troubleshooting
    Groq        https://console.groq.com/docs/errors
"""

import re
from enum import Enum
from typing import NamedTuple


class Blame(Enum):
    """What a refusal is about, and so what is to be done."""

    ACCOUNT = "account"  # meets every request alike: the run stops
    PROMPT = "prompt"  # fails this sample alone, for good
    MOMENT = "moment"  # may pass: asked again
    UNKNOWN = "unknown"  # fails this sample; many alike in a row meet all


KEY = "check the key"
CREDIT = "check the account's credit"
RIGHTS = "check what the key may do"
ADDRESS = "check 'base' and 'model' in the model map"
RIGHTS_OR_CREDIT = f"{RIGHTS}, and the account's credit"
# Statuses that say nothing by themselves.
UNCLEAR_STATUSES = (400, 404, 422)


class Sign(NamedTuple):
    """One row of the table: `words` are looked for in the codes and the message, in lower case.

    Without `statuses` it holds under any. `what` says what the row is about.
    """

    blame: Blame
    what: str
    statuses: tuple[int, ...] = ()
    words: str = ""
    hint: str = ""


# The first row that fits decides. The codes stand before the message: `1113: your account is ...`.
SIGNS = (
    Sign(
        Blame.MOMENT,
        "a rate that is called a quota (DashScope, Gemini)",
        (429,),
        r"throttling|allocated quota exceeded|quota exceeded for metric|try again in [\d.]+m?s",
    ),
    Sign(Blame.MOMENT, "money held by requests in flight (OpenRouter)", (402,), r"in.flight"),
    Sign(Blame.ACCOUNT, "a key that is not known", (401,), hint=KEY),
    Sign(Blame.ACCOUNT, "a payment that is due", (402,), hint=CREDIT),
    Sign(
        Blame.ACCOUNT,
        "credit used up (OpenAI, DeepSeek, Anthropic, Kimi, Gemini, OpenRouter)",
        words=r"insufficient[_ ](?:\w+[_ ])?(?:quota|balance|credits?|funds)|exceeded_current_quota"
        r"|(?:not enough|out of|exhausted your|used up your) (?:\w+ )?(?:credits?|balance)"
        r"|credit_balance_exhausted|balance (?:is )?(?:too low|not enough|exhausted)"
        r"|credits? (?:\w+ ){0,3}(?:depleted|exhausted)|余额不足|欠费|充值",
        hint=CREDIT,
    ),
    Sign(
        Blame.ACCOUNT,
        "bills and limits of spending (OpenAI, Anthropic, DashScope, Zhipu, OpenRouter)",
        words=r"\barrear|overdue|account is in good standing|no resource package|please recharge"
        r"|spend(?:ing)?[_ ]limit|hard[_ ]limit|billing[_ ](?:error|not[_ ]active|not enabled)"
        r"|usage_limit_exceeded|usage limits? (?:for this|has been|reached)|monthly usage"
        r"|key limit exceeded|package has expired"
        r"|free[ _]?tier ?(?:only|of the model)|payment[_ ]required",
        hint=CREDIT,
    ),
    Sign(
        Blame.ACCOUNT,
        "an account of Zhipu (key, lock, arrears, daily limit, plan)",
        (400, 401, 403, 429, 434, 500),
        r"^(?:100[0-4]|111[0-3]|1121|1304|1308|1309|1310)\b",
        hint=CREDIT,
    ),
    Sign(
        Blame.ACCOUNT,
        "an account of MiniMax (key, balance), under HTTP 200",
        (200,),
        r"^(?:1004|1008|2049)\b",
        hint=f"{KEY}, and the account's credit",
    ),
    Sign(
        Blame.ACCOUNT,
        "a day's requests used up (OpenRouter, Groq)",
        (402, 403, 429),
        r"\b(?:requests|tokens|models|calls)[ -]per[ -]day\b|daily[ _](?:\w+[ _])?limit",
        hint="go on when the day is over, or with another model",
    ),
    Sign(
        Blame.ACCOUNT,
        "an account that is closed",
        words=r"account (?:\w+ ){0,4}(?:flagged|suspended|locked|deactivated|disabled|banned"
        r"|not active|inactive|terminated)|account_deactivated|access[_ ]terminated",
        hint=RIGHTS,
    ),
    Sign(
        Blame.ACCOUNT,
        "a key that is not known, under another status (Gemini, DashScope, OpenRouter)",
        words=r"(?:invalid|incorrect|wrong|missing|no)[ _-]?(?:\w+ )?api[ _-]?key"
        r"|api[ _-]?key[ _](?:not valid|invalid|expired|not found)|invalid[ _]authentication"
        r"|authentication[_ ](?:error|fail)|no auth credentials|unauthori[sz]ed|unauthenticated",
        hint=KEY,
    ),
    Sign(
        Blame.PROMPT,
        "a moderation of the prompt or the answer",
        words=r"content[_ ](?:filter|policy|management|moderation|violation)|moderation|\bflagged\b"
        r"|data_?inspection|inappropriate|(?<!case[- ])(?<![a-z])sensitive\b|prohibited[_ ]content"
        r"|responsibleaipolicy|high risk|\bsafety\b|\bunsafe|jailbreak|usage polic|invalid_prompt"
        r"|violat\w* (?:\w+ ){0,4}(?:polic|terms|guideline)|guardrail|recitation|敏感|违规",
    ),
    Sign(Blame.PROMPT, "a moderation of Zhipu", words=r"^1301\b"),
    Sign(
        Blame.PROMPT,
        "a prompt that does not fit the context",
        (200, 400, 403, 413, 422, 500),
        r"context[_ ](?:length|window|size)|maximum context|max_model_len|too many (?:\w+ )?tokens"
        r"|(?:prompt|input|messages?|length|tokens|characters)(?: is| are)?[_ ]too[_ ]l(?:ong|arge)"
        r"|input (?:token|length)|exceed(?:s|ed)? (?:the )?(?:\w+ )?(?:max|model token|token limit)"
        r"|longer than the (?:model|max)|string_above_max_length|string_too_long",
    ),
    Sign(Blame.PROMPT, "a prompt of Zhipu that is too long", words=r"^1261\b"),
    Sign(Blame.PROMPT, "a request that is larger than the server takes", (413,)),
    Sign(
        Blame.PROMPT,
        "a request that is larger than a minute's tokens (OpenAI, Groq)",
        (429,),
        r"request too large|tokens must be reduced",
    ),
    Sign(
        Blame.ACCOUNT,
        "a model that the server does not have",
        (200, 400, 403, 404, 422),
        r"\bmodel\b.{0,200}(?:not exist|not found|is not available)|model_?not_?found"
        r"|(?:unknown|invalid|no such|unsupported)[_ ]model\b|not found the model"
        r"|no (?:endpoints|allowed providers) (?:found|are)|^1211\b",
        hint=ADDRESS,
    ),
    Sign(
        Blame.ACCOUNT,
        "an address without an API: a web server's own words",
        (404, 405),
        r"^: (?:40[45]:? ?)?(?:page )?(?:not found|method not allowed)\.?$|<html.*404|<html.*405",
        hint=ADDRESS,
    ),
    Sign(Blame.MOMENT, "a page of a proxy instead of an API's answer", words=r"^: ?<"),
    Sign(
        Blame.MOMENT,
        "a server that has too much to do",
        words=r"overload|rate.?limit|too many requests|try again later|temporarily|timed? ?out"
        r"|capacity|server is busy|service unavailable|model is loading|loading model",
    ),
    Sign(Blame.ACCOUNT, "rights that the key lacks", (403,), hint=RIGHTS_OR_CREDIT),
    Sign(Blame.UNKNOWN, "a request that is not understood", UNCLEAR_STATUSES),
    Sign(Blame.ACCOUNT, "an address that takes no such request", (405,), hint=ADDRESS),
    Sign(Blame.MOMENT, "everything else: too many requests, servers out of order"),
)
_PATTERNS = tuple(re.compile(sign.words, re.DOTALL) for sign in SIGNS)


def find_sign(status: int, codes: str, message: str) -> Sign:
    """Find the row of the table that an error's status, codes and message fit."""
    said = f"{codes}: {message}".lower()
    for sign, pattern in zip(SIGNS, _PATTERNS, strict=True):
        if (not sign.statuses or status in sign.statuses) and pattern.search(said):
            return sign
    raise AssertionError("the last row fits all")

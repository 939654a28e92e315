"""Each row of the table, by errors as providers write them; and what no row may take."""

import pytest

from utils.providers.blame import SIGNS, Blame, find_sign

ACCOUNT, PROMPT, MOMENT, UNKNOWN = Blame.ACCOUNT, Blame.PROMPT, Blame.MOMENT, Blame.UNKNOWN
# (what the row is about begins so, status, codes, message)
ROWS = [
    ("a rate that is called", 429, "Throttling.AllocationQuota", "Allocated quota exceeded"),
    (
        *("a rate that is called", 429, "insufficient_quota"),
        "Allocated quota exceeded, please increase your quota limit.",
    ),
    (
        *("a rate that is called", 429, "429 RESOURCE_EXHAUSTED"),
        "You exceeded your current quota, please check your plan and billing details. Quota "
        "exceeded for metric: generate_content_free_tier_requests, limit: 10. Please retry in 35s.",
    ),
    ("money held", 402, "402 openrouter_in_flight_budget", "In-flight budget exhausted"),
    ("a key that is not known", 401, "", "Authentication Fails"),
    ("a payment that is due", 402, "", "Insufficient Balance"),
    ("credit used up", 429, "insufficient_quota", "You exceeded your current quota"),
    ("credit used up", 429, "insufficient_quota credit_balance_exhausted", "No credits"),
    ("credit used up", 429, "insufficient_quota project_spend_limit_exceeded", "Limit reached"),
    ("a server that has", 503, "server_is_overloaded", "slow down"),
    ("credit used up", 429, "exceeded_current_quota_error", "Your account is out of plan"),
    ("credit used up", 400, "invalid_request_error", "Your credit balance is too low to access"),
    ("credit used up", 429, "429 RESOURCE_EXHAUSTED", "Your prepayment credits are depleted"),
    ("credit used up", 403, "insufficient_user_quota", "用户余额不足"),
    ("credit used up", 200, "402", "Insufficient credits. Add more and retry"),
    (
        *("bills and limits", 400, "Arrearage"),
        "Access denied, please make sure your account is in good standing.",
    ),
    ("credit used up", 429, "1113", "Insufficient balance or no resource package."),
    ("bills and limits", 403, "AllocationQuota.FreeTierOnly", "The free tier of the model is out"),
    ("bills and limits", 429, "organization_spend_limit_exceeded", "Reached the monthly limit"),
    ("bills and limits", 429, "organization_usage_limit_exceeded", "Reached the limit"),
    ("bills and limits", 403, "", "Key limit exceeded (total limit)"),
    ("an account of Zhipu", 429, "1113", "您的账户状态异常"),
    ("an account of Zhipu", 400, "1304", "Daily call limit for this API reached"),
    ("an account of MiniMax", 200, "1008", "out"),
    ("a day's requests", 429, "429", "Rate limit exceeded: free-models-per-day"),
    ("a day's requests", 429, "rate_limit_exceeded", "Limit reached on requests per day (RPD)"),
    ("an account that is closed", 429, "", "Your account has been suspended"),
    ("an account that is closed", 403, "account_deactivated", "gone"),
    ("a key that is not known, under", 400, "400 INVALID_ARGUMENT", "API key not valid."),
    ("a key that is not known, under", 200, "401", "No auth credentials found"),
    ("a key that is not known, under", 403, "invalid_authentication_error", "no"),
    (
        *("a moderation of the prompt", 403, "403"),
        'model-x requires moderation. Your input was flagged for "violence". No credits were '
        "charged.",
    ),
    (
        *("a moderation of the prompt", 400, "data_inspection_failed"),
        "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate "
        "content.",
    ),
    ("a moderation of the prompt", 400, "content_filter", "The response was filtered due to"),
    ("a moderation of the prompt", 400, "content_filter", "it was considered high risk"),
    ("a moderation of the prompt", 200, "", "PROHIBITED_CONTENT"),
    ("a moderation of the prompt", 400, "1301", "potentially unsafe or sensitive content"),
    ("a moderation of the prompt", 200, "1026", "input new_sensitive"),
    ("a moderation of the prompt", 421, "421", "Content filter"),
    ("a moderation of Zhipu", 400, "1301", "系统检测到输入"),
    (
        *("a prompt that does not fit", 400, "context_length_exceeded"),
        "This model's maximum context length is 2048 tokens.",
    ),
    ("a prompt that does not fit", 400, "", "prompt is too long: 103078 tokens > 102398 maximum"),
    ("a prompt that does not fit", 400, "", "Range of input length should be [1, 30720]"),
    ("a prompt that does not fit", 400, "", "Your request exceeded model token limit : 8192"),
    ("a prompt that does not fit", 403, "", "Input token count + max_tokens must be less"),
    (
        *("a prompt that does not fit", 500, "500 exceed_context_size_error"),
        "the request exceeds the available context size",
    ),
    ("a prompt of Zhipu", 400, "1261", "Prompt 超长"),
    ("a request that is larger than the server", 413, "request_too_large", "too big"),
    ("a request that is larger than a minute", 429, "tokens", "Request too large for gpt-4o"),
    ("a model that the server", 404, "model_not_found", "The model `x` does not exist"),
    ("a model that the server", 400, "invalid_request_error", "Model Not Exist"),
    ("a model that the server", 404, "404", "No endpoints found for x/y."),
    ("a model that the server", 404, "api_error", 'model "x" not found, try pulling it first'),
    ("a model that the server", 422, "invalid_model", "unknown model 'x'"),
    ("an address without", 404, "", "404: Not Found"),
    ("an address without", 404, "", "Not Found"),
    ("an address without", 404, "", "404 page not found"),
    ("an address without", 404, "", "<html><title>404 Not Found</title></html>"),
    ("a page of a proxy", 403, "", "<!DOCTYPE html><title>Just a moment...</title>"),
    ("a server that has too much", 529, "overloaded_error", "Overloaded"),
    ("a server that has too much", 498, "capacity_exceeded", "Flex tier capacity exceeded"),
    ("a server that has too much", 400, "", "Please try again later"),
    ("a server that has too much", 429, "1302", "High concurrency; rate limit reached"),
    ("rights that the key", 403, "forbidden", "Not allowed"),
    ("a request that is not", 400, "invalid_parameter_error", "parameter.enable_thinking must be"),
    ("a request that is not", 404, "404", "no such thing"),
    ("a request that is not", 422, "", "body.messages: Field required"),
    ("a request that is not", 400, "", "field 'x' not found"),
    ("an address that takes", 405, "405", "use GET"),
    ("everything else", 429, "", "slow down"),
    ("everything else", 500, "", "oops"),
    ("everything else", 418, "", "I'm a teapot"),
    ("everything else", 200, "502", "Upstream provider returned nothing"),
]


@pytest.mark.parametrize(("row", "status", "codes", "message"), ROWS)
def test_an_error_is_told_by_its_row(row: str, status: int, codes: str, message: str) -> None:
    assert find_sign(status, codes, message).what.startswith(row)


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.what)
def test_each_row_has_an_error_that_it_is_for(sign: object) -> None:
    assert sign in [find_sign(*error) for _, *error in ROWS]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "codes", "message", "blame"),
    [
        (400, "", "the parameter names are case-sensitive", UNKNOWN),
        (400, "", "unknown field: safety_identifier", UNKNOWN),
        (400, "", "Range of max_tokens should be [1, 8192]", UNKNOWN),
        (429, "rate_limit_exceeded", "Rate limit reached; upgrade at /settings/billing", MOMENT),
        (429, "1120", "Unable to access your account, please try again later", MOMENT),
        (429, "1121", "Your account has irregular activities", ACCOUNT),
        (503, "", "model is loading, 20 s", MOMENT),
        (403, "", "Request not allowed", ACCOUNT),
        (403, "403", "Your input was flagged", PROMPT),
    ],
)
def test_neighbours_are_kept_apart(status: int, codes: str, message: str, blame: Blame) -> None:
    assert find_sign(status, codes, message).blame is blame

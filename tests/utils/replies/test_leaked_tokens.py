import pytest

from tests.linear_time import grows_linearly
from utils.errors import BadReply
from utils.replies.leaked_tokens import refuse_leaked_tokens, without_end_tokens

TOKENS = [
    *("<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|eot|>"),
    *("<|endoftext|>", "<|EOT|>", "<|end|>", "<|return|>", "<|user|>", "<|assistant|>"),
    *("</s>", "<eos>", "<end_of_turn>", "<start_of_turn>", "<turn|>", "[/INST]", "[|endofturn|]"),
    *("<｜end▁of▁sentence｜>", "<｜User｜>", "<|END_OF_TURN_TOKEN|>", "<|END_RESPONSE|>"),
    *("<|reserved_special_token_7|>", "<seed:eos>", "<end_of_utterance>"),
]


def is_refused(text: str, code_before: str = "") -> bool:
    try:
        refuse_leaked_tokens(text, code_before)
    except BadReply as error:
        assert error.reason == "leaked_token"
        return True
    return False


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_at_the_end_is_cut_and_one_inside_is_a_reason(token: str) -> None:
    for end in (token, f"\n{token}", f" {token}\n{token} \n", token + "</s>"):
        assert without_end_tokens(f"Add one.{end}") == "Add one."
    assert is_refused(f"Add one.{token}\nThanks!")
    assert not is_refused(f"Add one.{token}\nThanks!", code_before=f"STOP = '{token}'\n")
    assert not is_refused(f'What does `{token}` mean? And "{token}"?')


def test_a_token_after_the_last_fence_leaves_the_fence() -> None:
    assert without_end_tokens("```python\nx = 1\n```<|im_end|>\n") == "```python\nx = 1\n```"


@pytest.mark.parametrize(
    "text",
    [
        *("", " \n", "a |> b", "f <| x |> g", "a <|> b", "x = y[0]", "List<int>", "Press <Enter>"),
        *("Strike it out: <s>old</s>", "END = '<|im_end|>'", "print(a[|b|])"),
        "`<|endoftext|>` leaks: remove every <|endoftext|>",
    ],
)
def test_a_text_that_leaks_nothing_stays_as_it_is(text: str) -> None:
    assert without_end_tokens(text) == text


@pytest.mark.parametrize("text", ["a |> b", "a <|> b", "<s>old</s> is new", "x[0] < y", "[a|b]"])
def test_what_only_looks_like_a_token_is_no_reason(text: str) -> None:
    assert not is_refused(text)


@pytest.mark.parametrize("unit", [*TOKENS[:1], "</s>", "<s>", "[", " <|a|>", "'<|a|>", "<|", " \n"])
def test_tokens_without_end_are_read_in_linear_time(unit: str) -> None:
    assert grows_linearly(without_end_tokens, unit)
    assert grows_linearly(lambda noise: is_refused(noise, noise), unit)

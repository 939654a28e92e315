import pytest

from joydataforge.queries.chat_templates import known_template, known_templates, parse_prefixes
from utils.errors import PipelineError

TURNS = [("Hi", "Hello.")]

# (template, system text) -> the text before a first query, and before the answer to a second one.
WRITTEN = {
    ("llama-3", ""): (
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ("llama-3.1", "Be brief."): (
        "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
        "Today Date: 26 Jul 2024\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
        "Today Date: 26 Jul 2024\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWhy?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ("qwen2", ""): (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"
        "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
    ),
    ("qwen2.5", ""): (
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        "<|im_end|>\n<|im_start|>user\n",
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        "<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"
        "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n",
    ),
    ("qwen3", ""): (
        "<|im_start|>user\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n"
        "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    ),
    ("gemma", "Be brief."): (
        "<start_of_turn>user\nBe brief.\n\n",
        "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello."
        "<end_of_turn>\n<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n",
    ),
    ("mistral", ""): ("[INST]", "[INST] Hi[/INST] Hello.</s>[INST] Why?[/INST]"),
    ("mistral", "Be brief."): (
        "[INST] Be brief.\n\n",
        "[INST] Hi[/INST] Hello.</s>[INST] Be brief.\n\nWhy?[/INST]",
    ),
    ("mistral-tekken", "Be brief."): (
        "[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]",
        "[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello.</s>[INST]Why?[/INST]",
    ),
    ("deepseek", "Be brief."): (
        "Be brief.<｜User｜>",
        "Be brief.<｜User｜>Hi<｜Assistant｜>Hello.<｜end▁of▁sentence｜>"
        "<｜User｜>Why?<｜Assistant｜>",
    ),
}


@pytest.mark.parametrize(("key", "texts"), WRITTEN.items(), ids=lambda each: str(each)[:24])
def test_a_template_writes_its_models_own_tokens(
    key: tuple[str, str], texts: tuple[str, str]
) -> None:
    name, system = key
    template = known_template(name)
    assert template.up_to_query(system, []) == texts[0]
    assert template.up_to_answer(system, TURNS, "Why?") == texts[1]


def test_every_template_is_looked_at_above() -> None:
    assert {name for name, _ in WRITTEN} == set(known_templates())


@pytest.mark.parametrize("name", known_templates())
def test_what_ends_a_turn_is_a_stop_and_what_opens_one_is_no_text(name: str) -> None:
    template = known_template(name)
    after_query = (template.user_suffix + template.assistant_prefix).strip()
    assert any(after_query.startswith(stop) for stop in template.stops)
    assert any(template.assistant_suffix.startswith(stop) for stop in template.stops)
    assert any(text in template.user_prefix for text in template.control)
    assert template.up_to_query("", TURNS).endswith(
        template.user_prefix if template.query_prefix is None else template.query_prefix
    )


def test_the_bos_token_is_written_only_where_asked_for() -> None:
    values = {
        "bos": "<s>",
        "user_prefix": "U:",
        "user_suffix": "",
        "assistant_prefix": "A:",
        "assistant_suffix": "",
        "stops": ["A:"],
    }
    assert parse_prefixes(values, "own", "x.yaml").up_to_query("", []) == "U:"
    with_bos = parse_prefixes(values | {"write_bos": True}, "own", "x.yaml")
    assert with_bos.up_to_answer("", [], "q") == "<s>U:qA:"


def test_an_unknown_name_and_an_unknown_key_are_named() -> None:
    with pytest.raises(PipelineError, match="no template 'vicuna' .have: llama-3"):
        known_template("vicuna")
    assert known_template("Qwen2.5").name == "qwen2.5"
    with pytest.raises(PipelineError, match="template 'x': unknown key 'usr'"):
        parse_prefixes({"usr": "U"}, "x", "x.yaml")
    with pytest.raises(PipelineError, match="x.yaml"):
        parse_prefixes("text", "x", "x.yaml")

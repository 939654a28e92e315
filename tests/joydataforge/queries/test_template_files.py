import json
from pathlib import Path
from typing import Any

import pytest

from joydataforge.queries.chat_templates import ChatTemplate, known_template
from joydataforge.queries.template_files import template_from_file
from utils.errors import PipelineError

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
INST = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + '[/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('no system text here') }}{% endif %}{% endfor %}"
)
BARE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}"
    "{% else %}{{ '<｜Assistant｜>' + message['content'] + eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}"
)
TURNS = [("Hi", "Hello.")]


def read(path: Path, content: Any, write_bos: bool = False, **options: Any) -> ChatTemplate:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return template_from_file(str(path), options, write_bos)


def test_a_jinja_template_writes_what_the_short_form_writes(tmp_path: Path) -> None:
    template = read(tmp_path / "t.jinja", CHATML, enable_thinking=False)
    known = known_template("qwen3")
    for system in ("", "Be brief."):
        assert template.up_to_query(system, TURNS) == known.up_to_query(system, TURNS)
        written = template.up_to_answer(system, TURNS, "Why? {{ 1 }}")
        assert written == known.up_to_answer(system, TURNS, "Why? {{ 1 }}")
    assert template.stops == ["<|im_end|>"] and template.name == "t"


def test_a_tokenizers_config_brings_its_tokens(tmp_path: Path) -> None:
    config = {
        "chat_template": [
            {"name": "tool_use", "template": "x"},
            {"name": "default", "template": INST},
        ],
        "bos_token": {"content": "<s>"},
        "eos_token": "</s>",
        "added_tokens_decoder": {
            "0": {"content": "<unk>", "special": True},
            "1": {"content": "word", "special": False},
        },
    }
    template = read(tmp_path / "tokenizer_config.json", config)
    known = known_template("mistral")
    assert template.up_to_query("", TURNS) == known.up_to_query("", TURNS)
    assert template.up_to_answer("", TURNS, "Why?") == known.up_to_answer("", TURNS, "Why?")
    assert template.stops == ["[/INST]", "</s>"]
    assert template.control == ["[/INST]", "</s>", "<unk>"]
    with pytest.raises(PipelineError, match="no system text here"):
        template.up_to_query("Be brief.", [])


def test_a_jinja_file_takes_its_tokens_from_the_config_beside_it(tmp_path: Path) -> None:
    tokens = {"bos_token": "<｜begin｜>", "eos_token": "<｜end▁of▁sentence｜>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(tokens))
    template = read(tmp_path / "chat_template.jinja", BARE, write_bos=True)
    assert template.up_to_query("", []) == "<｜begin｜><｜User｜>"
    # Nothing follows the user's text but the other side's turn.
    assert template.stops == ["<｜Assistant｜>", "<｜end▁of▁sentence｜>"]


def test_a_yaml_file_has_the_short_form(tmp_path: Path) -> None:
    lines = ["user_prefix: 'USER: '", "user_suffix: ' '", "assistant_prefix: 'ASSISTANT:'"]
    lines += ["assistant_suffix: '</s>'", "stops: ['ASSISTANT:', '</s>']", "system_suffix: ' '"]
    template = read(tmp_path / "vicuna.yaml", "\n".join(lines))
    assert template.name == "vicuna"
    assert template.up_to_answer("S.", TURNS, "q") == (
        "S. USER: Hi ASSISTANT:Hello.</s>USER: q ASSISTANT:"
    )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.jinja", "{% for %}", "the template fails"),
        ("t.jinja", "{{ messages[0]['content'] }}{{ messages[0]['content'] }}", "2 times"),
        ("t.jinja", "{{ messages[0]['content'] }}", "nothing ends a turn"),
        ("t.jinja", "{{ strftime_now('%Y') }}", "the template fails"),
        ("t.jinja", "{{ ''.__class__.__mro__ }}", "the template fails"),
        ("t.json", "[]", "must hold an object"),
        ("t.json", "{}", "has no 'chat_template'"),
        ("t.json", "{", "is no JSON"),
        ("t.yaml", "user_prefix: U", "is missing"),
        ("t.pdf", "", "name a .jinja file"),
    ],
)
def test_a_file_that_is_no_template_is_named(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    with pytest.raises(PipelineError, match=says):
        read(tmp_path / name, content)
    with pytest.raises(PipelineError, match="can't be read|no such|not there|missing|found|exist"):
        template_from_file(str(tmp_path / "missing.jinja"), {}, False)


@pytest.mark.parametrize(
    "bomb",
    [
        "{{ 'a' * 10000000000 }}",
        "{{ 10000000000 * 'a' }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 9 ** 9 }}",
        "{{ 'a'.ljust(10000000000) }}",
        "{{ 'a' | center(10000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (1000000000, 1) }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:{}}'.format(1, 1000000000) }}",
        "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}"
        "{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}"
        "{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}"
        "{% endfor %}",
        "{% set n = namespace(x='aa') %}{% for i in range(60) %}"
        "{% set n.x = n.x.replace('a', n.x) %}{% endfor %}",
        "{% set n = namespace(x='aa') %}{% for i in range(60) %}"
        "{% set n.x = n.x | replace('a', n.x) %}{% endfor %}",
        "{% set n = namespace(x='aa') %}{% for i in range(60) %}"
        "{% set n.x = n.x.join(n.x) %}{% endfor %}",
        "{% set n = namespace(x=3) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_a_template_that_multiplies_is_one_line(
    tmp_path: Path, bomb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joydataforge.queries.template_files.LONGEST_RENDERING", 1.0)
    with pytest.raises(PipelineError, match="the template fails") as error:
        read(tmp_path / "t.jinja", "{{ messages[0]['content'] }}<end>" + bomb)
    assert "\n" not in str(error.value)


def test_texts_are_still_joined_by_a_tilde(tmp_path: Path) -> None:
    text = "{{ 'n' ~ 1 ~ ': ' ~ messages[0]['content'] ~ ('<e' ~ 'nd>') }}"
    assert read(tmp_path / "t.jinja", text).up_to_query("", []).startswith("n1:")

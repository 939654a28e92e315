import pytest

from programming_instruct.stage_dialogues import DIALOGUES, PERSONAS, Dialogue
from programming_instruct.stage_prompts import reply_of, stage_messages
from programming_instruct.stage_replies import is_slice, read_stages
from utils.code.fences import only_block

EXAMPLES = [(persona, dialogue) for persona in PERSONAS for dialogue in DIALOGUES[persona]]
IDS = [f"{persona} {dialogue.lang}" for persona, dialogue in EXAMPLES]


@pytest.mark.parametrize(("persona", "dialogue"), EXAMPLES, ids=IDS)
def test_every_example_meets_the_rules_it_teaches(persona: str, dialogue: Dialogue) -> None:
    versions = [code for _, code in dialogue.stages]
    reply = reply_of(dialogue)
    assert read_stages(reply, versions[-1], dialogue.lang) == versions
    assert not any(is_slice(version, versions[-1]) for version in versions[:-1])


@pytest.mark.parametrize(("persona", "dialogue"), EXAMPLES, ids=IDS)
def test_every_stage_of_an_example_has_one_sentence_before_it(
    persona: str, dialogue: Dialogue
) -> None:
    for sentence, _ in dialogue.stages:
        assert sentence.strip("`")[0].isalnum()
        assert sentence.endswith(".") and ". " not in sentence


def test_each_programmer_has_examples_of_his_own_in_two_languages() -> None:
    assert list(PERSONAS) == ["novice", "ordinary", "expert"] == list(DIALOGUES)
    for dialogues in DIALOGUES.values():
        assert len({dialogue.lang for dialogue in dialogues}) == 2


def test_the_python_examples_compile_at_every_stage() -> None:
    for _, dialogue in EXAMPLES:
        if dialogue.lang == "python":
            for _, code in dialogue.stages:
                compile(code, "stage", "exec")


def test_the_turns_alternate_and_end_with_the_snippet() -> None:
    messages = stage_messages("x = 1\n", "Python", "novice")
    roles = ["system", "user", "assistant", "user", "assistant", "user"]
    assert [message["role"] for message in messages] == roles
    assert messages[-1]["content"].endswith("\n\n```python\nx = 1\n```")


def test_only_the_system_text_and_the_examples_depend_on_the_programmer() -> None:
    requests = [stage_messages("x = 1\n", "", persona) for persona in PERSONAS]
    assert len({request[0]["content"] for request in requests}) == 3
    assert len({request[1]["content"] for request in requests}) == 3
    assert len({request[-1]["content"] for request in requests}) == 1


@pytest.mark.parametrize("code", ["```\nx\n```\n", "{0} {code} %s $x", "a\r\nb\r\n", "\ud800\n"])
def test_any_snippet_stands_in_the_question_to_the_byte(code: str) -> None:
    text = stage_messages(code, "", "expert")[-1]["content"]
    question, _, block = text.partition("\n\n")
    assert question == "The finished code:"
    shown = only_block(block)
    assert shown is not None and shown.removesuffix("\n") == code.removesuffix("\n")


@pytest.mark.parametrize(
    ("lang", "label"),
    [("C++", "c++"), ("", ""), ("Jupyter Notebook", ""), ("a`b", ""), ("c\n```", "")],
)
def test_only_a_plain_word_labels_the_fence(lang: str, label: str) -> None:
    assert stage_messages("x\n", lang, "expert")[-1]["content"].endswith(f"```{label}\nx\n```")

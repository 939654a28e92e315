"""Labels by rule: what the words say, errors by the model's name, answers that go wrong."""

from typing import Any

from joydataforge.methods.answers import AnswerField, parse_answer
from offline_model.answers import answer
from offline_model.conversation import Conversation, read_conversation
from offline_model.jdf_votes import is_voting
from utils.errors import BadReply

TOPICS = ["medicalknowledge", "pharmacologyknowledge", "code", "mathematics", "general"]
TOOLS = ["BMI", "Expected Gestational Age", "Drug", "Vaccination", "Symptom", "None"]
MESSAGES = (
    "May I take ibuprofen for my back pain before breakfast?",
    "I stepped on a rusty nail. Do I need another tetanus injection?",
    "I am in my seventh month and heartburn keeps me awake. What is safe for the baby?",
    "Metformin makes me feel sick every morning.",
    "Solve 3x + 7 = 25 for x.",
    "Add a docstring to `slugify` that says what it returns.",
    "How does a lock on a canal lift a boat?",
    "I have been coughing for three weeks. When should I have it looked at?",
)


def asked(message: str, labels: list[str], key: str = "label", **body: Any) -> Conversation:
    listed = "\n".join(f"- {label}" for label in labels)
    text = (
        f'Label it. Reply with {{"{key}": "...", "reason": "..."}}\n\n## Labels\n{listed}\n\n'
        f"## Message\n{message}"
    )
    messages = [{"role": "user", "content": text}]
    return read_conversation({"model": "offline-strong", "messages": messages, "seed": 1} | body)


def label(message: str, labels: list[str], **body: Any) -> str:
    fields = {"label": AnswerField("text", choices=labels), "reason": AnswerField("text")}
    return parse_answer(answer(asked(message, labels, **body)).text, fields)["label"]


def test_a_message_gets_the_label_that_its_words_suggest() -> None:
    found = [label(message, TOOLS) for message in MESSAGES]
    pregnancy = "Expected Gestational Age"
    assert found == ["Drug", "Vaccination", pregnancy, "Drug", "None", "None", "None", "Symptom"]


def test_labels_that_nobody_told_the_model_of_are_found_by_their_own_words() -> None:
    assert label("My bicycle has a flat tyre.", ["kitchen", "bicycle repair"]) == "bicycle repair"


def test_several_labels_are_given_where_several_are_asked_for() -> None:
    fields = {"labels": AnswerField("list", choices=TOPICS)}
    text = answer(asked(MESSAGES[0], TOPICS, "labels")).text
    assert parse_answer(text, fields)["labels"] == ["medicalknowledge", "pharmacologyknowledge"]


def test_the_code_beside_a_message_counts() -> None:
    text = (
        'Give {"label": 1, "reason": 2}\n\n## Labels\n- code\n- general\n\n## Code\n```\nx = 1\n```'
    )
    body = {"model": "offline-strong", "seed": 1}
    messages = [{"role": "user", "content": f"{text}\n\n## Message\nMake this faster."}]
    assert '"code"' in answer(read_conversation(body | {"messages": messages})).text


def test_the_labelling_after_the_vote_takes_a_weight_alone_for_no_body_mass_index() -> None:
    message = "She weighs 16 kilograms. How much paracetamol may I give her?"
    assert label(message, TOOLS) == "BMI"
    [asked_first] = asked(message, TOOLS).users
    again = asked_first.replace("## Message", "## Label by majority\nBMI\n\n## Message")
    body = {"model": "offline-strong", "messages": [{"role": "user", "content": again}], "seed": 1}
    assert '"Drug"' in answer(read_conversation(body)).text


def test_models_differ_now_and_then_and_the_weaker_ones_more_often() -> None:
    messages = [f"{text} ({number})" for text in MESSAGES for number in range(25)]
    wanted = [label(text, TOOLS, model="nobody-errs") for text in MESSAGES for _ in range(25)]
    errors = {
        name: sum(
            label(text, TOOLS, model=name) != right
            for text, right in zip(messages, wanted, strict=True)
        )
        for name in ("offline-a", "offline-c", "offline-strong")
    }
    assert 0 < errors["offline-a"] < errors["offline-c"] < len(messages) / 2
    assert errors["offline-strong"] < errors["offline-a"]


def test_asked_again_with_another_seed_a_model_says_the_same() -> None:
    for model in ("offline-a", "offline-c"):
        labels = {label(MESSAGES[0], TOOLS, model=model, seed=seed) for seed in range(12)}
        assert len(labels) == 1


def test_a_share_of_the_answers_can_not_be_used() -> None:
    fields = {"label": AnswerField("text", choices=TOOLS), "reason": AnswerField("text")}
    bad = 0
    for seed in range(200):
        found = answer(asked(MESSAGES[0], TOOLS, seed=seed), misbehave_share=0.3)
        try:
            if found.finish_reason == "length":
                raise BadReply("truncated")
            parse_answer(found.text, fields)
        except BadReply:
            bad += 1
    assert 30 < bad < 90


def test_other_prompts_are_no_votes() -> None:
    body = {"messages": [{"role": "user", "content": "## Labels\n- x\n\n## Message\nHello"}]}
    assert not is_voting(read_conversation(body))

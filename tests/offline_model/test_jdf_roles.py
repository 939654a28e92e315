"""The roles of joint synthesis by rule: each does its part, and a reviser mends what is named."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.methods.templates import fill
from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.jdf_roles import EMPTY_TALK, criticise, read_numbered, revise, score
from utils.replies.json_object import find_json_object
from utils.replies.sections import is_declined_instruction

QUESTION = "May I take ibuprofen for my back pain before breakfast?"
CODE = "def calc(prices):\n    return sum(prices)\n"
RENAME = "Rename the function `calc` to `total_price` wherever it is used."


def role_prompt(config: str, name: str, **values: Any) -> str:
    """Fill in the prompt of a role as it is shipped."""
    text = Path(f"joydataforge/configs/{config}.yaml").read_text()
    [role] = [each for each in yaml.safe_load(text)["roles"] if each["name"] == name]
    return fill(role["prompt"], {"input": QUESTION, "history": [], **values})


def said(prompt: str, model: str = "offline-strong", seed: int = 1, share: float = 0.0) -> str:
    messages = [{"role": "user", "content": prompt}]
    body = {"model": model, "messages": messages, "seed": seed}
    return answer(read_conversation(body), misbehave_share=share).text


def test_drafts_speak_of_the_question_and_vary_with_the_seed() -> None:
    prompt = role_prompt("joint_revise", "draft")
    drafts = {said(prompt, "offline-a", seed) for seed in range(10)}
    assert len(drafts) > 2 and all("ibuprofen" in draft for draft in drafts)


def test_weaker_models_draft_with_more_empty_talk() -> None:
    prompt = role_prompt("joint_pick", "proposals")

    def flawed(model: str) -> int:
        texts = [said(prompt, model, seed) for seed in range(60)]
        return sum(any(talk in text for talk in EMPTY_TALK) for text in texts)

    assert flawed("offline-strong") < flawed("offline-a") < flawed("offline-c")


def test_a_draft_changes_the_code_that_it_is_given() -> None:
    prompt = role_prompt("joint_revise", "draft", input=RENAME, code=CODE)
    assert "def total_price(prices):" in said(prompt)


def test_the_critic_names_empty_talk_and_the_reviser_leaves_it_out() -> None:
    draft = f"{EMPTY_TALK[0]} Take ibuprofen with or right after food."
    points = said(role_prompt("joint_revise", "critique", draft=draft))
    assert f'- "{EMPTY_TALK[0]}" says nothing; leave it out.' in points.split("\n")
    prompt = role_prompt("joint_revise", "revise", draft=draft, critique=points)
    assert said(prompt).startswith("Take ibuprofen with or right after food.")


def test_the_critic_asks_for_missing_code_and_the_reviser_gives_it() -> None:
    values = {"input": RENAME, "code": CODE, "draft": "`calc` is now called `total_price`."}
    points = said(role_prompt("joint_revise", "critique", **values))
    assert points == "- The code is missing; give all of it as it is after the change."
    revised = said(role_prompt("joint_revise", "revise", critique=points, **values))
    assert "```python\ndef total_price(prices):" in revised


def test_the_critic_names_what_it_would_say_besides_and_the_reviser_adds_it() -> None:
    draft = "Take ibuprofen with or right after food, or with a glass of milk."
    points = criticise(QUESTION, "", draft, random.Random(3))
    assert points.startswith('- It lacks this: "')
    revised = revise(QUESTION, "", draft, points, random.Random(4))
    assert revised.startswith(draft) and len(revised) > len(draft)


def test_what_needs_no_change_is_kept() -> None:
    draft = said(role_prompt("joint_revise", "draft", input="What is 15% of 240?"))
    points = said(role_prompt("joint_revise", "critique", input="What is 15% of 240?", draft=draft))
    assert points == "- Keep it as it is."
    values = {"input": "What is 15% of 240?", "draft": draft, "critique": points}
    assert said(role_prompt("joint_revise", "revise", **values)) == draft


def test_headings_and_fences_in_a_draft_belong_to_the_draft() -> None:
    draft = "# Food\n\nTake it after food.\n\n## Question\n\nNone.\n\n```\nx\n```"
    prompt = role_prompt("joint_revise", "revise", draft=draft, critique="- Keep it as it is.")
    assert said(prompt) == draft


def test_the_picker_mostly_takes_the_proposal_without_empty_talk() -> None:
    good = "Take ibuprofen with food, since before breakfast it irritates the stomach."
    listed = f"--- 1 ---\n{EMPTY_TALK[0]} It depends.\n\n--- 2 ---\n{good}"
    prompt = role_prompt("joint_pick", "pick", proposals=listed)
    found = [find_json_object(said(prompt, seed=seed)) for seed in range(40)]
    choices = [each["choice"] for each in found if each]
    assert len(choices) == 40 and 30 < choices.count(2) < 40


def test_proposals_are_read_by_the_lines_with_their_numbers() -> None:
    assert read_numbered("--- 1 ---\nOne\n\n2. two\n\n--- 2 ---\nThree") == [
        "One\n\n2. two",
        "Three",
    ]


def test_a_proposal_without_the_code_is_worth_less() -> None:
    assert score(RENAME, CODE, "```\ntotal_price\n```") > score(RENAME, CODE, "total_price it is")


@pytest.mark.parametrize("name", ["proposals", "pick"])
def test_a_share_of_the_replies_goes_wrong(name: str) -> None:
    listed = "--- 1 ---\nA\n\n--- 2 ---\nB"
    prompt = role_prompt("joint_pick", name, proposals=listed)
    replies = [said(prompt, seed=seed, share=0.3) for seed in range(100)]
    wrong = [
        text
        for text in replies
        if is_declined_instruction(text)
        or text.startswith("Sorry, as an AI")
        or "second proposal is" in text
        or json.dumps("The last one is the best.") in text
    ]
    assert 15 < len(wrong) < 45

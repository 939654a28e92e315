"""Questions asked, worded anew, evolved, labelled; answers compared and rated."""

from collections import Counter

from offline_model.answers import answer
from offline_model.conversation import read_completion, read_conversation
from tests.offline_model.prompts import body
from utils.replies.json_object import find_json_object

QUESTION = "Can I take ibuprofen for my back pain before breakfast?"


def ask(text: str, kind: str, seed: int = 1, model: str = "offline") -> str:
    asked = body(text, kind=kind, seed=seed, model=model)
    return answer(read_conversation(asked)).text


def told(text: str, kind: str, seed: int = 1, model: str = "offline") -> dict:
    found = find_json_object(ask(text, kind, seed, model))
    assert found is not None
    return found


def test_an_answer_speaks_of_the_question_and_hangs_on_the_model() -> None:
    text = f"Help.\n\n# Question\n{QUESTION}"
    answers = {ask(text, "answer", model=model) for model in ("a", "b", "c")}
    assert len(answers) == 3
    assert sum("back pain" in each or "breakfast" in each for each in answers) >= 2


def test_an_answer_in_json_has_the_named_fields() -> None:
    text = f'JSON: {{"target": "the answer", "topic": "code or other"}}\n\n# Question\n{QUESTION}'
    found = told(text, "answer")
    assert list(found) == ["target", "topic"] and found["topic"] in ("code", "other")
    invented = told('JSON: {"input": "the question", "target": "the answer"}', "answer")
    assert len(invented["input"]) > 20 and len(invented["target"]) > 60


def test_a_user_turn_is_a_question_of_the_domain() -> None:
    asked = {
        "prompt": "<|im_start|>user\n",
        "max_tokens": 200,
        "metadata": {"prompt_kind": "query"},
    }
    texts = {answer(read_completion({**asked, "seed": seed})).text for seed in range(60)}
    assert len(texts) >= 55
    medical = ask("You are a doctor.", "query")
    assert medical == ask("You are a doctor.", "query")


def test_a_question_is_worded_anew_and_the_facts_stay() -> None:
    texts = {ask(f"Say it anew.\n\nText: {QUESTION}", "reword", seed) for seed in range(20)}
    assert len(texts) > 8 and all("ibuprofen" in text for text in texts)


def test_a_query_evolves_in_words_of_its_own() -> None:
    text = f"Make it harder.\n\n## Query\n{QUESTION}\n\n## Harder query\n"
    evolved = ask(text, "evolve")
    assert evolved.startswith(QUESTION) and len(evolved) > len(QUESTION) + 30
    edit = ask("Harder.\n\n```python\ndef f(x):\n    pass\n```\n\n## Edit\nRename x.", "evolve")
    assert edit.startswith("Rename x.") and "def f" not in edit
    assert ask("Say something else.", "evolve")


def test_a_difficulty_is_from_one_to_ten() -> None:
    assert 1 <= told(f"How hard?\n\n# Q\n{QUESTION * 40}", "difficulty")["difficulty"] <= 10


def test_models_mostly_vote_alike_for_one_of_the_labels() -> None:
    agreed = 0
    for number in range(60):
        text = f"Label it.\n\n- red\n- green\n- blue\n\n# Text\nIt is thing {number}."
        votes = [told(text, "vote", model=model)["label"] for model in ("a", "b", "c")]
        assert set(votes) <= {"red", "green", "blue"}
        agreed += len(set(votes)) == 1
    assert 30 <= agreed < 60


def test_a_pick_follows_what_is_said_and_not_the_place() -> None:
    options = ("It is the first of all.", "It is another one.", "It is the last.")
    orders = [options, options[::-1]]
    picked = []
    for order in orders:
        text = "\n\n".join(f"--- {n} ---\n{each}" for n, each in enumerate(order, 1))
        picked.append(order[told(text, "pick")["choice"] - 1])
    assert picked[0] == picked[1]


def test_a_comparison_does_not_hang_on_the_order() -> None:
    outcomes = Counter()
    for number in range(40):
        one, two = f"Do {number}.", f"Leave {number} alone."
        text = (
            "Compare.\n\n- clear: easy to read\n- right: it is so\n\n# Text A\n{}\n\n# Text B\n{}\n"
        )
        first, second = (told(text.format(*pair), "compare") for pair in ((one, two), (two, one)))
        for name in ("clear", "right"):
            assert {first[name], second[name]} in ({"A", "B"}, {"tie"})
            outcomes[first[name]] += 1
    assert min(outcomes["A"], outcomes["B"]) >= 15


def test_points_are_given_for_each_criterion() -> None:
    found = told("Rate it.\n\n- clear: easy to read\n- right: it is so\n\n# Answer\nYes.", "rate")
    assert all(1 <= found[name] <= 10 for name in ("clear", "right"))

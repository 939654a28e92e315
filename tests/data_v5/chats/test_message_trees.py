import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_v5.chats.message_trees import BadTree, TreeRules, TreeWalk, check_tree
from utils.errors import PipelineError


def ask(text, *replies, **fields):
    return {"text": text, "role": "prompter", "replies": list(replies), **fields}


def answer(text, *replies, **fields):
    return {"text": text, "role": "assistant", "replies": list(replies), **fields}


def texts_of(prompt, rules=None):
    """List the texts of each sound path, joined."""
    walk = TreeWalk(rules or TreeRules())
    found = walk.conversations(prompt)
    return ["".join(turn["content"] for turn in turns) for turns, fault in found if not fault]


TREE = ask(
    "a",
    answer("b", ask("d", answer("f"), answer("g")), ask("e"), rank=1),
    answer("c", rank=0),
)


def test_every_path_from_root_to_leaf_is_a_conversation_in_the_order_of_replies():
    assert texts_of(TREE) == ["abdf", "abdg", "ab", "ac"]


def test_a_turn_has_the_roles_of_chats():
    [(turns, fault)] = TreeWalk(TreeRules()).conversations(ask("a", answer("b")))
    assert turns == [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert fault is None


def test_the_best_path_follows_the_lowest_rank():
    assert texts_of(TREE, TreeRules(is_best=True)) == ["ac"]


@pytest.mark.parametrize(
    ("ranks", "best"), [([None, 1], "c"), ([None, None], "b"), ([0, 0], "b"), ([2, 1], "c")]
)
def test_no_rank_comes_last_and_ties_go_by_order(ranks, best):
    tree = ask("a", answer("b", rank=ranks[0]), answer("c", rank=ranks[1]))
    assert texts_of(tree, TreeRules(is_best=True)) == [f"a{best}"]


def test_the_next_best_reply_takes_the_place_of_a_skipped_one():
    tree = ask("a", answer("b", rank=0, deleted=True), answer("c", rank=1))
    assert texts_of(tree, TreeRules(is_best=True)) == ["ac"]


def test_a_skipped_message_cuts_its_path_after_the_last_answer():
    deep = answer("b", ask("c", answer("d", ask("e", answer("f")), deleted=True)))
    assert texts_of(ask("a", deep)) == ["ab"]


def test_what_stands_below_a_skipped_message_is_never_used():
    assert texts_of(ask("a", answer("b", ask("c", answer("d")), deleted=True))) == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"deleted": True}, "deleted"),
        ({"review_result": False}, "failed_review"),
        ({"lang": "en", "labels": {"spam": {"value": 0.6}}}, "high_spam"),
        ({"lang": "en", "labels": {"quality": {"value": 0.2}}}, "low_quality"),
        ({"lang": "de"}, "other_language"),
        ({"lang": None}, "other_language"),
        ({"lang": "en"}, None),
        ({"lang": "en-GB", "review_result": None, "labels": None}, None),
        ({"lang": "en", "labels": {"spam": {"value": 0.5}, "quality": {"value": 0.5}}}, None),
        ({"lang": "en", "labels": {"spam": None, "quality": {"value": None}, "x": 1}}, None),
    ],
)
def test_a_message_is_skipped_for_a_reason(fields, reason):
    rules = TreeRules(languages=["EN"], at_most={"spam": 0.5}, at_least={"quality": 0.5})
    assert rules.skip_reason(answer("b", **fields)) == reason


def test_without_languages_any_will_do():
    assert TreeRules().skip_reason(answer("b")) is None


def test_paths_that_become_equal_are_merged():
    tree = ask("a", answer("b", ask("c"), ask("d", answer("e", deleted=True))), answer("b"))
    walk = TreeWalk(TreeRules())
    assert len(list(walk.conversations(tree))) == 1
    assert (walk.paths, walk.merged, walk.shortened) == (3, 2, 2)
    assert walk.skipped == {"deleted": 1}


@pytest.mark.parametrize(
    ("tree", "fault"),
    [
        (ask("a", ask("b", answer("c"))), "adjacent_same_role"),
        (ask("a", ask("b")), "adjacent_same_role"),
        (answer("a", ask("b", answer("c"))), "begins_with_assistant"),
        (ask("a", {"role": "system", "text": "b"}), "unknown_role"),
        (ask("a", {"role": None, "text": "b"}), "unknown_role"),
        (ask(None, answer("b")), "empty_text"),
        (ask("a", answer("\ud800")), "not_unicode"),
    ],
)
def test_a_path_that_is_no_conversation_has_a_fault(tree, fault):
    assert [found for _, found in TreeWalk(TreeRules()).conversations(tree)] == [fault]


def test_an_empty_turn_that_is_dropped_does_no_harm():
    assert texts_of(ask("a", answer("b", ask("")))) == ["ab"]


def test_a_deep_tree_is_walked():
    tree = answer("x")
    for number in range(20_001):
        tree = (ask if number % 2 == 0 else answer)("y", tree)
    check_tree(tree, "here")
    [text] = texts_of(tree)
    assert len(text) == 20_002


@pytest.mark.parametrize("key", ["text", "role"])
def test_a_message_without_a_key_is_another_file(key):
    reply = answer("b")
    del reply[key]
    with pytest.raises(PipelineError, match=f"here: a message has no '{key}'"):
        check_tree(ask("a", reply), "here")


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ("a", "message_is_no_object"),
        (ask("a", "b"), "message_is_no_object"),
        ({"text": "a", "role": "prompter", "replies": "b"}, "replies_are_no_list"),
    ],
)
def test_a_tree_of_another_form_is_bad(tree, reason):
    with pytest.raises(BadTree, match=reason):
        check_tree(tree, "here")


@pytest.mark.parametrize("replies", [{}, {"replies": None}])
def test_replies_may_be_left_out(replies):
    leaf = {"text": "b", "role": "assistant", **replies}
    check_tree(ask("a", leaf), "here")
    assert texts_of(ask("a", leaf)) == ["ab"]


def trees(level):
    role = ("prompter", "assistant")[level % 2]
    replies = st.lists(trees(level + 1), max_size=3) if level < 4 else st.just([])
    return st.fixed_dictionaries(
        {
            "role": st.just(role),
            "text": st.text("abc", min_size=1, max_size=2),
            "deleted": st.sampled_from([False, False, False, True]),
            "replies": replies,
        }
    )


def answers(message, is_cut=False):
    is_cut = is_cut or message["deleted"]
    own = [message["text"]] if message["role"] == "assistant" and not is_cut else []
    return own + [text for reply in message["replies"] for text in answers(reply, is_cut)]


@given(trees(0))
def test_every_usable_answer_is_in_a_conversation_that_ends_with_an_answer(tree):
    found = [turns for turns, fault in TreeWalk(TreeRules()).conversations(tree)]
    assert all(turns[-1]["role"] == "assistant" for turns in found)
    assert len({str(turns) for turns in found}) == len(found)
    said = {turn["content"] for turns in found for turn in turns[1::2]}
    assert said == set(answers(tree))


def test_an_empty_message_is_skipped_and_what_stands_before_it_is_kept() -> None:
    walk = TreeWalk(TreeRules())
    tree = ask("a", answer("b", ask(" ", answer("c"))), answer(""))
    found = [([turn["content"] for turn in turns], fault) for turns, fault in
             walk.conversations(tree)]  # fmt: skip
    assert found == [(["a", "b"], None)]
    assert walk.skipped == {"empty_text": 2}


def test_a_message_of_marks_that_no_one_sees_is_empty_too() -> None:
    walk = TreeWalk(TreeRules())
    tree = ask("a", answer("\u200b"), answer("b"))
    assert [fault for _, fault in walk.conversations(tree)] == [None]
    assert walk.skipped == {"empty_text": 1}

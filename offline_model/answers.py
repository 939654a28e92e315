"""Which rules answer which request: a table from the kinds of prompts to answering functions."""

from collections.abc import Callable

from offline_model.change_answers import ask_for_change, explain_change, judge_blocks
from offline_model.conversation import Conversation
from offline_model.exercises import answer_code_extend, answer_rewrite_commit
from offline_model.judging import answer_judging
from offline_model.misbehaviour import Answer
from offline_model.other_prompts import answer_other
from offline_model.questions import (
    answer_question,
    compare_answers,
    evolve_query,
    pick_option,
    rate_answer,
    rate_difficulty,
    reword_query,
    vote,
    write_query,
)
from offline_model.stages import answer_stages
from offline_model.written_tests import answer_tests

# The kinds of the pipeline's prompts; what has none, or another, is answered by its text alone.
ANSWERERS: dict[str, Callable[[Conversation, float], Answer]] = {
    "code_extend": answer_code_extend,
    "rewrite_commit": answer_rewrite_commit,
    "judge_triplet": answer_judging,
    "tests": answer_tests,
    "coding_stages": answer_stages,
    "judge_blocks": judge_blocks,
    "change_request": ask_for_change,
    "change_message": explain_change,
    "answer": answer_question,
    "query": write_query,
    "reword": reword_query,
    "evolve": evolve_query,
    "difficulty": rate_difficulty,
    "vote": vote,
    "pick": pick_option,
    "compare": compare_answers,
    "rate": rate_answer,
}


def answer(conversation: Conversation, misbehave_share: float = 0.0) -> Answer:
    """Answer a request; the same request gets the same answer."""
    answers = ANSWERERS.get(conversation.kind, answer_other)
    found = answers(conversation, misbehave_share)
    ends = [at for stop in conversation.stops if (at := found.text.find(stop)) >= 0]
    text = found.text[: min(ends)] if ends else found.text
    longest = conversation.max_tokens
    if longest is None or count_tokens(len(text)) <= longest:
        return Answer(text, found.finish_reason)
    return Answer(text[: longest * 4], "length")


def count_tokens(characters: int) -> int:
    """Estimate tokens: about four characters each."""
    return characters // 4 + 1

"""Stage 2: ask a model for the replies to prompts.

Reads a prompt file and a model map; appends finished samples to the output, and can be stopped and
continued at any time without paying anything twice.
    python code_generation_api.py --input_file data/prompt_for_syn.jsonl \\
        --output_file data/generated_instr_qwen3.jsonl --model_name qwen3-32b
"""

import sys
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from utils.cli import parse_flags, run
from utils.generation.conversation import Conversation, Job
from utils.generation.jobs import PromptFile, estimate_run, opening_messages
from utils.generation.model_map import load_model, load_models
from utils.generation.run import generate
from utils.generation.settings import GenerationFlags, RunSettings, generation_settings
from utils.jsonl import Row
from utils.providers.answer_schemas import TEXT, choice_schema, object_schema
from utils.providers.openai_form import guess_prompt_tokens
from utils.providers.replies import Reply
from utils.records import round_texts
from utils.replies.finish_reasons import unfinished_words
from utils.replies.sections import why_declined, without_escapes
from utils.replies.verdicts import ANSWERS, QUESTIONS

JUDGE_SCHEMA = object_schema(
    dict.fromkeys(
        QUESTIONS,
        object_schema({"verdict": choice_schema([*ANSWERS]), "reason": TEXT}),
    )
)
# What a reply to the shipped prompts takes, for the estimate of --dry_run.
TYPICAL_REPLY_TOKENS = 800


@dataclass(frozen=True, kw_only=True)
class Flags(GenerationFlags):
    """Ask a model for the replies to prompts."""

    input_file: Annotated[str, Field(description="prompts")] = "data/prompt_for_syn.jsonl"
    output_file: Annotated[str, Field(description="replies")] = "data/generated_instr_offline.jsonl"
    max_samples: Annotated[
        PositiveInt | None, Field(description="use only the first so many prompts")
    ] = None
    dry_run: Annotated[bool, Field(description="show the plan, ask nothing")] = False


async def converse(job: Job, conversation: Conversation) -> Row:
    """Hold the rounds of one prompt, each with the history before it, until one is a dead end."""
    messages = opening_messages(job.row)
    kind = prompt_kind(job.row)
    asked: dict[str, Any] = {
        "prompt_kind": kind,
        "schema": JUDGE_SCHEMA if kind == "judge_triplet" else None,
    }
    later_rounds = round_texts(job.row)[1:]
    replies = [await conversation.ask(messages, last=not later_rounds, **asked)]
    for number, text in enumerate(later_rounds, 1):
        if is_dead_end(replies[-1]):
            break
        messages = [
            *messages,
            {"role": "assistant", "content": replies[-1].text},
            {"role": "user", "content": text},
        ]
        is_last = number == len(later_rounds)
        replies.append(await conversation.ask(messages, last=is_last, **asked))
    made = conversation.head()
    # A prompt made from replies may hold fields of these names; what was made here wins.
    passed_on = {field: value for field, value in job.row.items() if field not in made}
    return {
        **made,
        **passed_on,
        "response": [reply.text for reply in replies],
        **{f"response_{number}": reply.text for number, reply in enumerate(replies, 1)},
    }


def is_dead_end(reply: Reply) -> bool:
    """Whether no later round can make a sample of a reply: it is empty, cut off, or declines."""
    text = without_escapes(reply.text)
    return (
        not text.strip()
        or bool(unfinished_words([reply.finish_reason]))
        or why_declined(text) is not None
    )


def prompt_kind(row: Row) -> str:
    """Tell by its fields what a prompt of this pipeline asks for; '' for any other prompt."""
    kinds = {
        "code_snippet": "code_extend",
        "commit_message": "rewrite_commit",
        "judged_prompt_id": "judge_triplet",
        "tested_prompt_id": "tests",
    }
    return next((kind for field, kind in kinds.items() if field in row), "")


def describe_run(prompts: PromptFile, settings: RunSettings) -> str:
    """Show the first prompt as it would be sent, and what the whole run would take."""
    [model_name] = settings.model_names
    prices = load_model(settings.model_map, model_name).prices
    reply_tokens = min(TYPICAL_REPLY_TOKENS, settings.sampling.max_tokens)
    requests, tokens_in, tokens_out = estimate_run(prompts, settings.completions, reply_tokens)
    row = prompts.row(0)
    messages = opening_messages(row) + [
        {"role": f"user, round {number}", "content": text}
        for number, text in enumerate(round_texts(row)[1:], 2)
    ]
    shown = "\n\n".join(f"--- {message['role']}\n{message['content']}" for message in messages)
    return (
        f"{shown}\n\n"
        f"--- estimate for {model_name}\n"
        f"requests           {requests:>14,}\n"
        f"prompt tokens      {tokens_in:>14,}  (about; 4 characters a token)\n"
        f"completion tokens  {tokens_out:>14,}  (at {reply_tokens} a reply)\n"
        f"cost               {prices.cost(tokens_in, tokens_out):>14,.2f}\n"
        f"first prompt       {guess_prompt_tokens(messages):>14,}  tokens\n"
    )


def main(argv: list[str] | None = None) -> int:
    flags = parse_flags(Flags, argv)
    settings = generation_settings(flags, flags.output_file)
    load_models(settings.model_map, settings.model_names)  # a wrong name shows before a long read
    prompts = PromptFile(flags.input_file, flags.max_samples)
    if flags.dry_run:
        sys.stdout.write(describe_run(prompts, settings))
        return 0
    return generate(prompts, settings, converse)


if __name__ == "__main__":
    run(main)

"""Have a model play the programmer of each code snippet and show how the code came about.

Reads a JSON array, or JSON Lines, of snippets: strings, or objects with `code` and, where known,
`lang`. Writes a row a snippet; `output` is the list of its versions, the snippet itself last.
    python -m programming_instruct.aiprogrammer --model_map model_map.json \\
        --input_path data/code_snippets.json --output_path data/aiprogrammer.json
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from programming_instruct.stage_prompts import PERSONAS, stage_messages
from programming_instruct.stage_replies import read_stages
from utils.cli import parse_flags, run
from utils.errors import PipelineError
from utils.generation.conversation import Conversation, Job, ask_for
from utils.generation.jobs import generate_samples
from utils.generation.settings import SampleFlags, sample_settings
from utils.jsonl import Row, dump_row
from utils.records import is_unicode, text_id
from utils.row_files import read_records
from utils.sampling import derive_seed

# What ties a snippet to where it is from; it travels on.
SOURCE_FIELDS = ("commit", "license", "repos")
# A snippet of more characters for each token of a reply can't be shown whole even once.
CHARACTERS_A_TOKEN = 5


class Snippet(NamedTuple):
    """A record as it was read: its code and language, of any type, and where it is from."""

    code: Any
    lang: Any = ""
    source: Row = {}

    @classmethod
    def of(cls, record: Any, place: str) -> "Snippet":
        """Take an element of the input: code, or an object; PipelineError if it has no `code`."""
        if not isinstance(record, dict):
            return cls(record)
        if "code" not in record:
            raise PipelineError(
                f"{place}: field 'code' is missing (has: {', '.join(record)}); "
                "a snippet is a text, or an object with 'code'"
            )
        source = {field: record[field] for field in SOURCE_FIELDS if field in record}
        return cls(record["code"], record.get("lang") or "", source)

    def fault(self, max_tokens: int) -> str | None:
        """Say why the snippet need not be asked for, or None."""
        if not isinstance(self.code, str):
            return "not_text"
        if not self.code.strip():
            return "empty_code"
        if not is_unicode(self.code):
            return "not_unicode"
        if not isinstance(self.lang, str):
            return "lang_not_text"
        return "too_long" if len(self.code) > max_tokens * CHARACTERS_A_TOKEN else None

    def identity(self) -> str:
        """Hash the code; what is no text has a hash too, to be rejected by."""
        if isinstance(self.code, str):
            return text_id(self.code)
        return text_id("not_text", dump_row(self.code).decode())


def plan_snippets(input_path: str, max_tokens: int, random_seed: int) -> Iterator[Row]:
    """Yield a row a snippet, with its id and the programmer who is to be played.

    The id is the hash of the code; equal snippets get a repeat number, and so each its own
    programmer. What need not be asked for has a `reject_reason`.
    """
    seen: Counter[str] = Counter()
    for number, record in enumerate(read_records(input_path), 1):
        snippet = Snippet.of(record, f"{input_path}, record {number}")
        identity = snippet.identity()
        seen[identity] += 1
        repeat = f"-{seen[identity]}" if seen[identity] > 1 else ""
        row = {"prompt_id": identity + repeat, "content": snippet.code, "lang": snippet.lang}
        if fault := snippet.fault(max_tokens):
            yield {**row, **snippet.source, "reject_reason": fault}
        else:
            persona = draw_persona(random_seed, row["prompt_id"])
            yield {**row, "persona": persona, **snippet.source}


def draw_persona(random_seed: int, row_id: str) -> str:
    """Draw who writes a history: the same for a row whatever rows stand around it."""
    rng = random.Random(derive_seed(random_seed, row_id, "persona"))
    return rng.choice(list(PERSONAS))


async def write_history(max_try: int, job: Job, conversation: Conversation) -> Row:
    """Ask for a snippet's stages until they make a history; raises BadReply."""
    content, lang = job.row["content"], job.row["lang"]
    stages = await ask_for(
        conversation,
        stage_messages(content, lang, job.row["persona"]),
        lambda reply: read_stages(reply, content, lang),
        max_try,
        prompt_kind="coding_stages",
    )
    return {**job.row, "output": stages}


@dataclass(frozen=True, kw_only=True)
class Flags(SampleFlags):
    """Have a model show the stages through which code snippets came about."""

    input_path: Annotated[str, Field(description="snippets")] = "data/code_snippets.json"
    output_path: Annotated[str, Field(description="histories")] = "data/aiprogrammer.json"


def main(argv: list[str] | None = None) -> int:
    flags = parse_flags(Flags, argv)
    plan: Callable[[], Iterator[Row]] = partial(
        plan_snippets, flags.input_path, flags.max_tokens, flags.random_seed
    )
    wording = [stage_messages("", "", persona) for persona in PERSONAS]
    return generate_samples(
        [flags.input_path],
        plan,
        flags.output_path,
        sample_settings(flags, flags.output_path, wording),
        partial(write_history, flags.max_try),
        stage="versions",
    )


if __name__ == "__main__":
    run(main)

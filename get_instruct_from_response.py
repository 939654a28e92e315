"""Stage 3: read the model's replies into edit triplets.

Reads a replies file; writes one triplet a reply, and what could not be read with its reason to
`<output stem>.rejected.jsonl`.
    python get_instruct_from_response.py data/generated_instr_qwen3.jsonl data/triplets_qwen3.jsonl

`code_before`, `code_after`, `instruct_descriptive` and `instruct_lazy` hold each section as the
model wrote it; their `_purify` forms hold the program, the exact bytes between its fences with the
final newline, and the instruction without what the reply's form left on it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt
from tqdm import tqdm

from utils.cli import Flag, parse_flags, run
from utils.code.syntax import parser_for
from utils.errors import BadReply
from utils.jsonl import Row, read_rows
from utils.processes import batched, map_in_order, worker_count
from utils.records import TRIPLET_FIELDS, purified, traced, with_prompt_ids
from utils.replies.answer import refuse_surrogates
from utils.replies.finish_reasons import UNFINISHED, refuse_unfinished, unfinished_words
from utils.replies.headings import AFTER, BEFORE, DESCRIPTIVE, LAZY
from utils.replies.instruction import clean_instruction
from utils.replies.leaked_tokens import refuse_leaked_tokens
from utils.replies.program import Parser, ProgramSection
from utils.replies.sections import (
    is_declined_instruction,
    read_after_section,
    read_sections,
    why_declined,
    without_escapes,
)
from utils.seeds.secrets import AllowedSecrets, evidence
from utils.stage_output import StageOutput

# A file made elsewhere may carry its replies as one list or as a field a round.
REQUIRED = ("commit", ("response", "response_1"), ("prompt_id", "user"))
# What must hold no credential: models write some down as they remember them.
SAFE_FIELDS = tuple(map(purified, TRIPLET_FIELDS))
BATCH = 500
# No model writes a reply of this length; what does is noise that would hold the others up.
MAX_CHARACTERS = 500_000


def extract_triplet(row: Row, parses: Parser | None, language: str = "python") -> Row:
    """Read the replies of one row into a triplet, or raise BadReply."""
    raw, clean = rewritten_commit(row) if is_rewrite(row) else extended_code(row, parses, language)
    return {
        "commit": row["commit"],
        # A rewritten commit was made from no snippets; the later stages read the same fields.
        "code_snippet": row.get("code_snippet", []),
        **{field: raw[field] for field in TRIPLET_FIELDS},
        **{purified(field): clean[field] for field in TRIPLET_FIELDS},
        **traced(row),
        # What the model thought before each reply, where stage 2 has kept it.
        **({"reasoning": row["reasoning"]} if "reasoning" in row else {}),
    }


def is_rewrite(row: Row) -> bool:
    """Tell a commit with rewritten instructions: its code is the commit's, not the model's."""
    return "old_code" in row and "new_code" in row


def rewritten_commit(row: Row) -> tuple[Row, Row]:
    """Take the code from the commit and the instructions from the reply, raw and clean."""
    code = {"code_before": row["old_code"], "code_after": row["new_code"]}
    for name, text in zip((BEFORE, AFTER), code.values(), strict=True):
        if not isinstance(text, str) or not text.strip():
            raise BadReply(f"empty_{name}")
    reply = finished_replies(row, replies_of(row)[:1])[0]
    raw, clean = instructions(read_sections(reply, [DESCRIPTIVE, LAZY]))
    refuse_leaked_tokens("\n".join(raw.values()), "\n".join(code.values()))
    return code | raw, code | clean


def extended_code(row: Row, parses: Parser | None, language: str) -> tuple[Row, Row]:
    """Take code and instructions from the replies of both rounds, raw and clean."""
    first, *later = finished_replies(row, replies_of(row))
    sections = read_sections(first, [BEFORE, DESCRIPTIVE, LAZY] + [AFTER] * (not later))
    section = ProgramSection(BEFORE, sections[BEFORE], parses, language=language)
    code_before = section.program()
    raw, clean = instructions(sections)
    after = read_after_section(later[0]) if later else sections[AFTER]
    refuse_leaked_tokens("\n".join([*sections.values(), after]), code_before)
    code_after = ProgramSection(AFTER, after, parses, code_before, language).program()
    return (
        {"code_before": sections[BEFORE], "code_after": after} | raw,
        {"code_before": code_before, "code_after": code_after} | clean,
    )


def instructions(sections: dict[str, str]) -> tuple[Row, Row]:
    """Give both instructions as they were written and as they are meant."""
    raw, clean = {}, {}
    for name in (DESCRIPTIVE, LAZY):
        field = f"instruct_{name}"
        raw[field] = sections[name].strip()
        clean[field] = clean_instruction(sections[name])
        if not clean[field]:
            raise BadReply(f"empty_{name}")
        if is_declined_instruction(clean[field]):
            raise BadReply("refusal")
    return raw, clean


def replies_of(row: Row) -> list[Any]:
    """List a row's replies, one a round; a file made elsewhere may name them apart."""
    rounds = [row[field] for field in ("response_1", "response_2") if field in row]
    replies = rounds or row["response"]
    return replies if isinstance(replies, list) and replies else [replies]


def finished_replies(row: Row, replies: list[Any]) -> list[str]:
    """Give the replies back if each is a whole answer, or raise BadReply."""
    if not all(isinstance(reply, str) and reply.strip() for reply in replies):
        raise BadReply("no_response")
    if any(len(reply) > MAX_CHARACTERS for reply in replies):
        raise BadReply("too_long")
    replies = [without_escapes(reply) for reply in replies]
    for reply in replies:
        # The first round's fault is the row's: what follows a refusal is beside the point.
        if reason := why_declined(reply):
            raise BadReply(reason)
        refuse_surrogates(reply)
    refuse_unfinished(finish_reasons(row))
    return replies


def finish_reasons(row: Row) -> list[Any]:
    """List why the model stopped, a round each; a file made elsewhere may not say."""
    reasons = row.get("finish_reason")
    return reasons if isinstance(reasons, list) else [reasons]


def read_batch(
    rows: list[Row], language: str, allowed_secrets: frozenset[str] = frozenset()
) -> list[tuple[Row, str | None]]:
    """Read a batch of rows: each one's triplet, or the row itself and its reason."""
    parses = parser_for(language)
    results: list[tuple[Row, str | None]] = []
    for row in rows:
        try:
            triplet = extract_triplet(row, parses, language)
        except BadReply as error:
            results.append((row, error.reason))
            continue
        if found := evidence(triplet, SAFE_FIELDS, allowed_secrets):
            results.append((row | {"secret_evidence": found}, "secret"))
        else:
            results.append((triplet, None))
    return results


def read_replies(
    rows: Iterable[Row],
    language: str,
    num_workers: int,
    allowed_secrets: frozenset[str] = frozenset(),
) -> Iterator[tuple[Row, str | None]]:
    """Read a stream of rows in order, in several processes if there is more than one batch."""
    batches = batched(rows, BATCH)
    head = list(islice(batches, 2))
    workers = num_workers if len(head) > 1 else 1
    read = partial(read_batch, language=language, allowed_secrets=allowed_secrets)
    for results in map_in_order(read, chain(head, batches), workers):
        yield from results


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Read the model's replies into edit triplets."""

    input_file: Annotated[
        str, Flag("input_file"), Field(description="replies, from code_generation_api.py")
    ]
    output_file: Annotated[str, Flag("output_file"), Field(description="where the triplets go")]
    language: Annotated[
        str,
        Field(
            description="of the programs (default: python); others are parsed where their grammar "
            "is installed (pip install tree-sitter-javascript), and known by their fences elsewhere"
        ),
    ] = "python"
    num_workers: Annotated[
        NonNegativeInt, Field(description="processes; 0 (default): one per core")
    ] = 0
    allowed_secrets: AllowedSecrets = frozenset()


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    rows = with_prompt_ids(read_rows(arguments.input_file, REQUIRED))
    workers = worker_count(arguments.num_workers)
    unfinished: Counter[str] = Counter()
    replies = read_replies(rows, arguments.language, workers, arguments.allowed_secrets)
    with StageOutput(arguments.output_file, [arguments.input_file], stage="triplets") as output:
        for row, reason in tqdm(replies, unit=" replies", disable=None):
            if reason is None:
                output.keep(row)
                continue
            output.reject(row, reason)
            if reason in UNFINISHED:
                unfinished.update(unfinished_words(finish_reasons(row)))
        if unfinished:
            output.summary["unfinished"] = dict(unfinished.most_common())


if __name__ == "__main__":
    run(main)

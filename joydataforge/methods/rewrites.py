"""Several rewrites of one row, each unlike the row and unlike the others."""

from collections.abc import Iterator
from typing import Protocol

from joydataforge.methods.direct_samples import as_compared
from utils.errors import BadReply
from utils.generation.conversation import Conversation, Messages, ask_for
from utils.jsonl import Row

# The prompt's place for the rewrites that there are already.
VARIANTS = "variants"


class Rewriting(Protocol):
    """The settings a rewrite needs."""

    @property
    def rewrites(self) -> int: ...

    @property
    def max_try(self) -> int: ...

    def parse(self, text: str) -> Row: ...

    def messages(self, values: Row) -> Messages: ...


async def rewrite(config: Rewriting, row: Row, conversation: Conversation, compared: str) -> Row:
    """Ask for the rewrites of a row; `compared` names the field that must be new each time.

    The row comes back with the answers in `rewrites`, and the reasons of those that never came in
    `missing_rewrites`. If none came, it raises the BadReply of the last one.
    """
    original = as_compared(row[compared]) if row.get(compared) else None
    made: list[Row] = []
    missing: list[str] = []

    def parse(text: str) -> Row:
        answer = config.parse(text)
        said = as_compared(answer[compared])
        if said == original:
            raise BadReply("equal_to_original")
        if any(said == as_compared(each[compared]) for each in made):
            raise BadReply("equal_to_other_rewrite")
        return answer

    for number in range(config.rewrites):
        variants = "\n".join(f"- {each[compared]}" for each in made) or "(none)"
        messages = config.messages({**row, VARIANTS: variants})
        first = number * config.max_try
        try:
            made.append(
                await ask_for(
                    conversation,
                    messages,
                    parse,
                    config.max_try,
                    first_attempt=first,
                    prompt_kind="reword",
                    schema=config.schema(),
                )
            )
        except BadReply as error:
            missing.append(error.reason)
    if not made:
        raise BadReply(missing[-1])
    return {**row, "rewrites": made, "missing_rewrites": missing}


def one_row_each(rows: Iterator[Row]) -> Iterator[Row]:
    """Make a row of each rewrite; what it replaces is kept as `original_<field>`.

    A rewrite that never came is a row with a `reject_reason`.
    """
    for row in rows:
        if "reject_reason" in row:
            yield row
            continue
        made = ("rewrites", "missing_rewrites")
        source = {name: value for name, value in row.items() if name not in made}
        number = 0
        for number, answer in enumerate(row["rewrites"], 1):
            replaced = {f"original_{name}": row[name] for name in answer if row.get(name)}
            numbered = {"prompt_id": f"{row['prompt_id']}-r{number}", "rewrite": number}
            yield source | answer | replaced | numbered
        for later, reason in enumerate(row["missing_rewrites"], number + 1):
            yield source | {"prompt_id": f"{row['prompt_id']}-r{later}", "reject_reason": reason}

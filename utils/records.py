"""The names of the records' fields, in one place, and the ids that tie records together."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from utils.jsonl import Row

TRIPLET_FIELDS = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")
INSTRUCTION_TYPES = ("descriptive", "lazy")
# What ties a training row to its seeds and its reply; these travel from stage to stage.
TRACED_FIELDS = (
    "prompt_id",
    "sample_index",
    "model",
    "license",
    "repos",
    "edit_kind",
    "split",
)


def purified(field: str) -> str:
    """Name the cleaned form of a triplet's field."""
    return f"{field}_purify"


def traced(row: Row) -> Row:
    """Pick the traced fields that a row has."""
    return {field: row[field] for field in TRACED_FIELDS if field in row}


def first_empty_field(row: Row, fields: Iterable[str]) -> str | None:
    """Name the first of the fields that holds no text: empty, blank, null or no string."""
    for field in fields:
        if not isinstance(row[field], str) or not row[field].strip():
            return field
    return None


def text_id(*texts: str) -> str:
    """Hash texts into an id of 16 hex digits."""
    joined = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:16]


def with_prompt_ids(rows: Iterable[Row]) -> Iterator[Row]:
    """Give each row without a `prompt_id` the hash of its texts plus a repeat number.

    The repeat number keeps equal prompts of a foreign file apart: `3f…9a`, `3f…9a-2`, ...
    """
    seen: Counter[str] = Counter()
    for row in rows:
        if "prompt_id" in row:
            yield row
            continue
        base = text_id(str(row.get("system", "")), *round_texts(row))
        seen[base] += 1
        repeat = f"-{seen[base]}" if seen[base] > 1 else ""
        yield {"prompt_id": base + repeat, **row}


def round_texts(row: Row) -> list[str]:
    """List the user turns of a prompt; a plain string is a single round."""
    user = row["user"]
    return [str(text) for text in user] if isinstance(user, list) else [str(user)]

"""JSON schemas of the answers that are wanted, for models that keep to them.

They are of the strict kind: each field is there, and no other one, as all providers ask.
"""

import re
from collections.abc import Mapping
from typing import Any

from utils.providers.replies import RequestRefused

Schema = Mapping[str, Any]
FIELD = "response_format"
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
# What servers that refuse a schema speak of.
_REFUSED = re.compile(
    r"response.?(?:format|json|mime)|output_config|json.?(?:schema|mode)|structured|schema"
    r"|requested parameters|grammar|guided",
    re.IGNORECASE,
)


def object_schema(fields: Mapping[str, Schema]) -> Schema:
    """Give the schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


def choice_schema(choices: list[str]) -> Schema:
    return {"type": "string", "enum": choices}


def schema_field(schema: Schema | None) -> dict[str, Any]:
    """Give the field of a request that asks for an answer of this schema."""
    if schema is None:
        return {}
    wanted = {"name": "answer", "strict": True, "schema": schema}
    return {FIELD: {"type": "json_schema", "json_schema": wanted}}


def without_schema(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != FIELD}


def is_schema_refused(body: dict[str, Any], error: Exception) -> bool:
    """Ask whether a request may have been refused for its schema."""
    if FIELD not in body:
        return False
    is_unknown = isinstance(error, RequestRefused) and error.is_unknown
    return is_unknown or bool(_REFUSED.search(str(error)))

"""Training rows for chat fine-tuning, and the entries that tell LLaMA-Factory how to load them."""

import json
from typing import Any

from utils.fences import fenced
from utils.jsonl import Row
from utils.records import traced

SYSTEM_PROMPT = (
    "You are an expert programmer. You are given a program and an instruction. Edit the program "
    "as the instruction asks, leave everything else as it is, and answer with the whole edited "
    "program in one fenced code block."
)


def whole_lines(code: str) -> str:
    """Give code its final newline; a fenced block is made of whole lines and can't show one less.

    Files of the original project end their code without a newline.
    """
    return code if not code or code.endswith("\n") else code + "\n"


def user_turn(code_before: str, instruction: str, language: str = "python") -> str:
    """Word the request; the answer continues it with the code after."""
    return (
        f"## Code Before:\n{fenced(code_before, language)}\n"
        f"## Instruction:\n{instruction.strip()}\n"
        "## Code After:"
    )


def whole_answer(code_after: str, language: str = "python") -> str:
    """Word the answer that gives the whole code after."""
    return fenced(code_after, language)


def to_alpaca(system: str, user: str, assistant: str) -> Row:
    """Lay a conversation out as Alpaca does; `input` must be there though it holds nothing."""
    return {"instruction": user, "input": "", "output": assistant, "system": system}


def to_share_gpt(system: str, user: str, assistant: str) -> Row:
    """Lay a conversation out as messages with role and content, which TRL reads as well."""
    turns = (("system", system), ("user", user), ("assistant", assistant))
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


PROMPT_FORMATS = {"alpaca": to_alpaca, "share_gpt": to_share_gpt}


def trace(row: Row) -> str:
    """Write a row's traced fields as one JSON string: the same type in every row."""
    return json.dumps(traced(row), ensure_ascii=False)


def provenance(row: Row, code_before: str, code_after: str) -> Row:
    """Name what a training row was made of, in strings alone."""
    commit = row["commit"]
    return {
        "commit": ",".join(commit) if isinstance(commit, list) else commit,
        "instr_type": row["instr_type"],
        "old_code": code_before,
        "new_code": code_after,
        "meta": trace(row),
    }


def dataset_info_entry(file_name: str, prompt_format: str) -> dict[str, Any]:
    """Describe a file to LLaMA-Factory.

    Every column and tag in use is named: its loader sets the others to None as soon as one is
    given, and then drops texts or rows without a word.
    """
    if prompt_format == "alpaca":
        columns = {
            "prompt": "instruction",
            "query": "input",
            "response": "output",
            "system": "system",
        }
        return {"file_name": file_name, "formatting": "alpaca", "columns": columns}
    return {
        "file_name": file_name,
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }

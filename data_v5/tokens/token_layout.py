"""How a row is laid out as text before it becomes tokens: the prompt, then the response.

check_length measures and prepare_synthetic writes the same text, where their flags are the same.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from utils.jsonl import Row

# The flags that both steps have.
PromptTemplate = Annotated[
    Literal["alpaca", "raw"],
    Field(
        description="of instructions: Alpaca's, or instruction and input as they are, one behind "
        "the other, and no mark that begins the text"
    ),
]
Encode = Annotated[
    Literal["together", "apart"],
    Field(
        description="prompt and response as one text, as lit-gpt's scripts do, or each alone, as "
        "LitGPT's data modules do"
    ),
]


@dataclass(frozen=True)
class TextLayout:
    """How a row becomes text and tokens: the template, what is encoded together, and the marks.

    The tokens named go before what the model's folder says; an empty one is none. A raw prompt
    begins without a mark, unless one is named.
    """

    template: Literal["alpaca", "raw"] = "alpaca"
    encode: Literal["together", "apart"] = "together"
    bos_token: str | None = None
    eos_token: str | None = None

    def opening_token(self) -> str | None:
        """Name the mark that begins a text; None leaves it to the model's folder."""
        return "" if self.template == "raw" and self.bos_token is None else self.bos_token


# A mark where the text begins and one where it ends.
SPECIAL_TOKENS = 2
INSTRUCTION_FIELDS = ("instruction", "input", "output")
CHAT_FIELDS = ("Input", "Output")
# What begins a question, and an example.
_QUESTION = "Q: "
# What is between an example's question and its answer.
_ANSWER = "\nA: "


def is_chat(row: Row) -> bool:
    """Tell a row of a conversation, which has `Input` and `Output`."""
    return "Input" in row


def prompt_text(row: Row, template: str = "alpaca") -> str:
    """Lay out what the model reads: Alpaca's template as LitGPT fills it; a chat's `Input` as is.

    The response follows without anything between.
    """
    if is_chat(row):
        return str(row["Input"])
    if template == "raw":
        return f"{row['instruction']}{row['input']}"
    context = f"### Input:\n{row['input']}\n\n" if row["input"] else ""
    opening = ", paired with an input that provides further context" if context else ""
    return (
        f"Below is an instruction that describes a task{opening}. "
        "Write a response that appropriately completes the request.\n\n"
        f"### Instruction:\n{row['instruction']}\n\n{context}### Response:\n"
    )


def example_blocks(row: Row) -> tuple[list[str], str]:
    """Give the examples in a prompt, and the question with its response as it would be one.

    They are the `Q: ...` blocks that fewshot_to_prompt writes, by their `example_lengths` where a
    row has those; a row without any has an empty question.
    """
    examples, asked = _blocks(row)
    return examples, f"{asked} {response_text(row)}" if asked else ""


def without_last_example(row: Row) -> Row | None:
    """Take the example away that stands last, the least similar one; None where there is none."""
    examples, asked = _blocks(row)
    if not examples:
        return None
    shorter = row | {"input": "\n\n".join([*examples[:-1], asked])}
    if "example_lengths" in row:
        shorter["example_lengths"] = list(map(len, examples[:-1]))
    return shorter


def _blocks(row: Row) -> tuple[list[str], str]:
    text = "" if is_chat(row) else str(row["input"])
    if not text.startswith(_QUESTION):
        return [], ""
    if (told := _told_blocks(text, row.get("example_lengths"))) is not None:
        return told
    first, *others = text.split(f"\n\n{_QUESTION}")
    blocks: list[str] = []
    is_open = False
    for part in [first, *(_QUESTION + other for other in others)]:
        # What has no answer goes on: a question may hold a line that begins so.
        if is_open:
            blocks[-1] += f"\n\n{part}"
        else:
            blocks.append(part)
        is_open = _ANSWER not in blocks[-1]
    return blocks[:-1], blocks[-1]


def _told_blocks(text: str, lengths: Any) -> tuple[list[str], str] | None:
    """Part a text after as many characters as each example has; None where it is not so made."""
    if not isinstance(lengths, list):
        return None
    blocks, rest = [], text
    for length in lengths:
        if not isinstance(length, int) or not 0 < length < len(rest):
            return None
        if rest[length : length + 2] != "\n\n":
            return None
        blocks.append(rest[:length])
        rest = rest[length + 2 :]
    return blocks, rest


def untemplated_text(row: Row) -> str:
    """Give what LitGPT counts as a prompt without its template: the instruction alone."""
    return str(row["Input"] if is_chat(row) else row["instruction"])


def response_text(row: Row) -> str:
    """Give what the model is to write."""
    return str(row["Output"] if is_chat(row) else row["output"])

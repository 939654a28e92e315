"""How a row is laid out as text before it becomes tokens: the prompt, then the response.

check_length measures and prepare_synthetic writes the same text.
"""

from utils.jsonl import Row

# A mark where the text begins and one where it ends.
SPECIAL_TOKENS = 2
INSTRUCTION_FIELDS = ("instruction", "input", "output")
CHAT_FIELDS = ("Input", "Output")
# What begins a question, and an example.
_QUESTION = "Q: "


def is_chat(row: Row) -> bool:
    """Tell a row of a conversation, which has `Input` and `Output`."""
    return "Input" in row


def prompt_text(row: Row) -> str:
    """Lay out what the model reads: Alpaca's template as LitGPT fills it; a chat's `Input` as is.

    The response follows without anything between.
    """
    if is_chat(row):
        return str(row["Input"])
    context = f"### Input:\n{row['input']}\n\n" if row["input"] else ""
    opening = ", paired with an input that provides further context" if context else ""
    return (
        f"Below is an instruction that describes a task{opening}. "
        "Write a response that appropriately completes the request.\n\n"
        f"### Instruction:\n{row['instruction']}\n\n{context}### Response:\n"
    )


def example_blocks(row: Row) -> tuple[list[str], str]:
    """Give the examples in a prompt, and the question with its response as it would be one.

    They are the `Q: ...` blocks that fewshot_to_prompt writes; a row without any has an empty
    question.
    """
    text = "" if is_chat(row) else str(row["input"])
    if not text.startswith(_QUESTION):
        return [], ""
    first, *others = text.split(f"\n\n{_QUESTION}")
    *examples, asked = [first, *(_QUESTION + other for other in others)]
    return examples, f"{asked} {response_text(row)}"


def response_text(row: Row) -> str:
    """Give what the model is to write."""
    return str(row["Output"] if is_chat(row) else row["output"])

"""Builds requests of the two kinds that the pipeline sends."""

from typing import Any

SNIPPETS = (
    "def read_packet(socket, buffer_size):\n    header = socket.recv(HEADER_SIZE)\n"
    "    packet = Packet.parse(header)\n    return packet.payload",
    "class InvoiceTable:\n    def add_customer(self, customer):\n"
    "        self.customers[customer.name] = customer\n        self.total_price += 1",
)
REVIEW = "Now look at your exercise as a strict reviewer, then carry it out."


def fence(text: str) -> str:
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}python\n{text}\n{ticks}\n"


def code_extend_text(first: str = SNIPPETS[0], second: str = SNIPPETS[1], kind: str = "") -> str:
    kind_line = f"Edit kind: {kind}: The program needs it.\n\n" if kind else ""
    return (
        f"# Task\n\nInvent one exercise.\n\n{kind_line}# Example\n\n[Program Before Edit]\n"
        + fence("## Snippet 1\nwrong = 1")
        + "\n[Descriptive]\nDo it.\n\n[Lazy]\ndo\n\n# Inspiration\n\n## Snippet 1\n"
        + fence(first)
        + "\n## Snippet 2\n"
        + fence(second)
        + "\n# Answer\n\nAnswer with these sections.\n"
    )


def rewrite_text(old_code: str, diff: str, message: str) -> str:
    sections = {"Code Before": old_code, "Diff": diff, "Commit Message": message}
    return "# Task\n\n" + "\n".join(f"## {name}\n{fence(text)}" for name, text in sections.items())


def body(
    *turns: str, kind: str = "code_extend", seed: int | None = 1, **settings: Any
) -> dict[str, Any]:
    """Build a request of a kind; `turns` are the user's and the assistant's in turn."""
    roles = ["user", "assistant"] * len(turns)
    messages = [{"role": "system", "content": "You write exercises."}]
    messages += [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    asked = {} if seed is None else {"seed": seed}
    told = {"metadata": {"prompt_kind": kind}} if kind else {}
    return {"model": "offline", "messages": messages, **told, **asked, **settings}

"""Reads the commands that the READMEs and quickstart scripts show."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Servers of other projects, and a script fed on standard input.
FOREIGN = ("python -m sglang", "python -m vllm", "python - ")


def commands_in(file: Path) -> list[str]:
    """List the `python ...` commands of a script, or of a page's bash blocks, in order."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".md":
        text = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.S | re.M))
    lines = text.replace("\\\n", " ").split("\n")
    found = [" ".join(line.split()) for line in lines if line.startswith("python ")]
    return [command for command in found if not command.startswith(FOREIGN)]


def all_commands() -> list[str]:
    """List every documented command of the project once."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("**/quickstart.sh")]
    return sorted({c for file in files if ".venv" not in file.parts for c in commands_in(file)})

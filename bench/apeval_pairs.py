"""Real samples through post_collection and export_conversation without one reject, run by hand.

Pairs the current code of each APEval task with the solution of the same task in HumanEvalPack, by
the numbers of the tasks; gives the samples target areas; exports them with each answer format. A
trainer's loader may then look at the folder of exports.
    python -m bench.apeval_pairs --apeval apeval.json --humanevalpack humanevalpack.jsonl \\
        [--keep FOLDER] [--loader_check COMMAND]
`{folder}` in COMMAND becomes the folder that holds `dataset_info.json`. Neither file is part of
this repository: CursorCore publishes the first, OctoPack the second.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from programming_instruct.conversation_text import ANSWERS
from utils.code.fences import fenced
from utils.jsonl import Row, load_row, write_json
from utils.row_files import read_records

ROOT = Path(__file__).resolve().parents[1]
LAYOUTS = ("share_gpt", "share_gpt_from_value", "alpaca")


def pairs(apeval: str, humanevalpack: str) -> Iterator[Row]:
    """Yield APEval's rows with the solution of the same task as `next`.

    Every other one has a message, which shows code as the answer does.
    """
    solutions = {
        row["task_id"].rpartition("/")[2]: row["declaration"] + row["canonical_solution"]
        for row in read_records(humanevalpack, ("task_id", "declaration", "canonical_solution"))
    }
    for row in read_records(apeval, ("task_id", "history", "current", "user")):
        number = row["task_id"].rpartition("/")[2]
        following = {"type": "code", "lang": "python", "code": solutions[number]}
        chat = fenced(solutions[number]) + "\n\nis the function now." if int(number) % 2 else ""
        yield {**row, "next": following, "chat": chat}


def run_stage(module: str, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", f"programming_instruct.{module}", *map(str, arguments)]
    subprocess.run(command, check=True, cwd=ROOT)


def rejects(output: Path) -> int:
    summary = load_row(output.with_name(f"{output.stem}.summary.json").read_bytes())
    return int(summary["rejected"])


def export_all(samples: dict[str, Path], folder: Path) -> Iterator[Path]:
    """Export the samples with each answer format, and some in other layouts too."""
    for area, path in samples.items():
        for answer_format in ANSWERS:
            layouts = LAYOUTS if (area, answer_format) == ("drawn", "whole") else LAYOUTS[:1]
            for layout in layouts:
                output = folder / f"{area}_{answer_format}_{layout}.jsonl"
                run_stage(
                    *("export_conversation", "--input_path", path, "--output_path", output),
                    *("--answer_format", answer_format, "--output_format", layout),
                )
                yield output


def try_out(arguments: argparse.Namespace, folder: Path) -> bool:
    """Run everything in a folder; tells whether nothing was rejected."""
    published, drawn = folder / "published.json", folder / "drawn.json"
    rows = list(pairs(arguments.apeval, arguments.humanevalpack))
    write_json(published, rows)
    run_stage("post_collection", "--input_path", published, "--output_path", drawn)
    samples = {"published": published, "drawn": drawn}
    outputs = [drawn, *export_all(samples, folder / "finetune")]
    rejected = sum(map(rejects, outputs))
    tqdm.write(f"{len(rows)} pairs, {len(outputs) - 1} exports, {rejected} rejects")
    if arguments.loader_check:
        command = arguments.loader_check.replace("{folder}", str(folder / "finetune"))
        subprocess.run(shlex.split(command), check=True)
    return not rejected


def main() -> None:
    parser = argparse.ArgumentParser(description="Export APEval's tasks paired with solutions.")
    parser.add_argument("--apeval", required=True, help="APEval's JSON array")
    parser.add_argument("--humanevalpack", required=True, help="HumanEvalPack's Python rows")
    parser.add_argument("--keep", help="folder for the files (default: one that goes)")
    parser.add_argument("--loader_check", help="command that loads the exports in {folder}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.keep or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        sys.exit(not try_out(arguments, folder))


if __name__ == "__main__":
    main()

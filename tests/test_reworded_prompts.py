"""The main line's prompts in quite other words: the embedded model still answers them properly."""

import json
from pathlib import Path

import pytest

import code_generation_api
import create_prompt
import get_instruct_from_response
import judge_triplets
import prompts_for_gen
from tests.documented_commands import ROOT
from utils.jsonl import Row, read_rows, write_rows

CODE = """\
def area_{n}(width, height):
    if width < 0 or height < 0:
        raise ValueError("a side is negative")
    area = width + height
    return area


print(area_{n}(2, 3))
"""
# Edits that are nearly the same would be left out.
SIDES = ("floor depth", "price count", "speed hours", "force reach", "tax base", "rate days")
SIDES += ("mass pull", "volts amps")


def program(number: int) -> str:
    code = CODE.format(n=number)
    for name, other in zip(("width", "height"), SIDES[number].split(), strict=True):
        code = code.replace(name, other)
    return code


SEEDS: list[Row] = [
    {
        "commit": f"c{number}",
        "old_contents": program(number),
        "new_contents": program(number).replace("+", "*"),
        "message": f"Multiply the sides in area_{number}",
    }
    for number in range(len(SIDES))
]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with seeds, in a tree whose templates all say something else."""
    write_rows(tmp_path / "seeds.jsonl", SEEDS)
    for name, text in vars(prompts_for_gen).copy().items():
        if name.isupper() and isinstance(text, str) and name != "UNREASONABLE_MARK":
            monkeypatch.setattr(prompts_for_gen, name, f"Nun zu Punkt {len(name)}.\n")
    return tmp_path


def in_other_words(*parts: str) -> list[str]:
    return ["\n\n".join(f"Teil {number}\n{part}" for number, part in enumerate(parts))]


def prompts(work: Path, *flags: str) -> Path:
    path = work / "prompts.jsonl"
    seeds = ["--seed_file", str(work / "seeds.jsonl"), "--output_file", str(path)]
    few_shot = ["--few_shot_file", str(ROOT / "data" / "few_shot.jsonl")]
    create_prompt.main([*seeds, *few_shot, *flags])
    return path


def replies(work: Path, asked: Path) -> Path:
    """Answer prompts by the embedded model, none of them spoiled."""
    path, models = work / "replies.jsonl", work / "models.yaml"
    models.write_text(json.dumps({"offline": {"base": "embedded"}}))
    files = ["--input_file", str(asked), "--output_file", str(path)]
    files += ["--recovery_file", str(work / "recovery.jsonl"), "--model_map", str(models)]
    code_generation_api.main([*files, "--model_name", "offline"])
    return path


def triplets(work: Path, asked: Path) -> list[Row]:
    path = work / "triplets.jsonl"
    get_instruct_from_response.main([str(replies(work, asked)), str(path)])
    return list(read_rows(path))


def test_exercises_are_made_and_carried_out(work: Path) -> None:
    found = triplets(work, prompts(work, "--sample_num", "8"))
    assert len(found) >= 6
    assert all(row["code_before_purify"] != row["code_after_purify"] for row in found)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_commits_get_their_instructions(
    work: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...]
) -> None:
    def rounds(*parts: str) -> list[str]:
        return in_other_words(*(parts[n] for n in order))

    monkeypatch.setattr(create_prompt, "rewrite_commit_rounds", rounds)
    found = triplets(work, prompts(work, "--prompt_type", "rewrite_commit"))
    assert len(found) >= 6
    for row in found:
        name = row["code_before_purify"].split("(")[0].removeprefix("def ")
        assert f"Multiply the sides in {name}." in row["instruct_descriptive_purify"]


@pytest.mark.parametrize(
    "order, traced",
    [((0, 1, 2, 3, 4), True), ((1, 2, 3, 0, 4), False), ((4, 3, 0, 2, 1), False)],
)
def test_triplets_are_judged_by_what_they_hold(
    work: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...], traced: bool
) -> None:
    def rounds(*parts: str) -> list[str]:
        return in_other_words(*(parts[n] for n in order))

    monkeypatch.setattr(judge_triplets, "judge_rounds", rounds)
    sound = [triplet(seed) for seed in SEEDS]
    broken = [row | {"code_after_purify": row["code_after_purify"] + "def (\n"} for row in sound]
    rows = [
        row | ({"prompt_id": f"p{n}"} if traced else {}) for n, row in enumerate(sound + broken)
    ]
    write_rows(work / "triplets.jsonl", rows)
    asked = work / "judging.jsonl"
    judge_triplets.main(["prompts", str(work / "triplets.jsonl"), str(asked)])
    judged = [str(work / "triplets.jsonl"), str(work / "kept.jsonl")]
    judge_triplets.main(["collect", *judged, "--replies", str(replies(work, asked))])
    kept = list(read_rows(work / "kept.jsonl"))
    assert all(row.pop("verdicts") for row in kept)
    assert len(kept) >= 6 and all(row in rows[: len(sound)] for row in kept)


def triplet(seed: Row) -> Row:
    texts = {
        "code_before": seed["old_contents"],
        "code_after": seed["new_contents"],
        "instruct_descriptive": seed["message"] + ", for an area is a product.",
        "instruct_lazy": "multiply",
    }
    return texts | {f"{field}_purify": text for field, text in texts.items()}

import random
from collections import Counter
from pathlib import Path

import pytest

from utils.config import load_config, parse_config
from utils.errors import PipelineError
from utils.seeds.edit_kinds import EditKinds

ROOT = Path(__file__).parents[3]


def kinds(**weights):
    values = {name: {"sentence": f"Do {name}.", "weight": w} for name, w in weights.items()}
    return parse_config({"kinds": values}, EditKinds, "kinds.yaml")


def test_kinds_are_drawn_by_weight():
    rng = random.Random(3)
    counts = Counter(kinds(often=3, seldom=1, never=0).draw(rng) for _ in range(2000))
    assert set(counts) == {("often", "Do often."), ("seldom", "Do seldom.")}
    assert 1400 < counts["often", "Do often."] < 1600


def test_the_shipped_kinds_load_and_are_complete():
    shipped = load_config(ROOT / "edit_kinds.yaml", EditKinds).kinds
    assert list(shipped) == [
        *["bug_fix", "feature", "refactoring", "performance", "api_change", "error_handling"],
        *["typing", "tests", "validation", "rename", "logging", "documentation"],
    ]
    assert sum(kind.weight for kind in shipped.values()) == 100
    assert all(kind.sentence.endswith(".") for kind in shipped.values())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kinds": {}}, "at least one kind"),
        ({"kinds": {"a": {"sentence": "Do a.", "weight": 0}}}, "at least one kind"),
        (
            {"kinds": {"a": {"sentence": "Do a.", "weight": -1}}},
            "weight': must not be",
        ),
        (
            {"kinds": {"a": {"sentence": "Do a.", "weight": float("nan")}}},
            "weight': must be a f",
        ),
        ({"kinds": {"a": {"sentence": "One.\nTwo.", "weight": 1}}}, "one line"),
        ({"kinds": {"a": {"sentence": " ", "weight": 1}}}, "one line"),
        ({"kinds": {"a: b": {"sentence": "Do a.", "weight": 1}}}, "'a: b'"),
        ({"kinds": {"a": {"weight": 1}}}, "kinds.a.sentence"),
        ({"kinds": {"a": {"sentence": "Do a.", "wieght": 1}}}, "wieght"),
        ({"kind": {}}, "kind"),
    ],
)
def test_a_wrong_file_of_kinds_is_refused_in_one_line(values, message):
    with pytest.raises(PipelineError, match=message) as refusal:
        parse_config(values, EditKinds, "kinds.yaml")
    assert str(refusal.value).startswith("kinds.yaml: ")
    assert "\n" not in str(refusal.value)

"""Kill every paying script at moments drawn by seed, and start two of each at once; by hand.

python -m tests.chaos --kills 200 --rounds 20
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.methods import METHODS
from tests.chaos.runs import kill_and_resume, two_at_once, whole_run


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="over all methods, at least")
    parser.add_argument("--rounds", type=int, default=20, help="of two at once, at least")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    flags = parser.parse_args(argv)
    kills, rounds = (-(-count // len(flags.methods)) for count in (flags.kills, flags.rounds))
    for name in flags.methods:
        with tempfile.TemporaryDirectory() as folder:
            again = see_through(Path(folder), name, kills, rounds, flags.seed)
        sys.stdout.write(
            f"{name}: {kills} kills, no byte changed, {again} answers in flight paid for again; "
            f"{rounds} rounds of two at once, none paid for twice\n"
        )
        sys.stdout.flush()


def see_through(folder: Path, name: str, kills: int, rounds: int, seed: int) -> int:
    """Kill one method and start it twice at once; returns the answers paid for again."""
    method = METHODS[name]
    places = [folder / str(number) for number in range(rounds + 2)]
    for place in places:
        place.mkdir()
    whole = whole_run(places.pop(), method)
    again = kill_and_resume(places.pop(), method, whole, kills, seed)
    for place in places:
        two_at_once(place, method, whole)
    return again


if __name__ == "__main__":
    main()

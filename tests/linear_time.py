"""Tells linear work from quadratic, whatever the machine's speed and whatever else runs on it."""

import gc
import time
from collections.abc import Callable

# Eight times the text takes about eight times as long, sixty-four times if the work is quadratic.
GROWTH, MOST = 8, 24.0
# Less than this is over before a clock of the processor's time can tell it from nothing.
MEASURABLE = 0.02  # seconds
# As many as a busy machine may need; quadratic work fails in all of them.
TRIES = 8


def grows_linearly(work: Callable[[str], object], unit: str, size: int = 50_000) -> bool:
    """Whether work on `size` characters of a repeated unit takes time in proportion to them.

    The least of some runs counts, as what disturbs a run makes it longer.
    """
    small, large = (unit * max(1, count // len(unit)) for count in (size // GROWTH, size))
    return any(
        processor_time(work, large) < MOST * max(processor_time(work, small), MEASURABLE)
        for _ in range(TRIES)
    )


def processor_time(work: Callable[[str], object], text: str) -> float:
    """Give the seconds that the processor works on a text.

    The collector rests meanwhile: its rounds go by all that a long run of tests has left.
    """
    gc.disable()
    try:
        started = time.process_time()
        work(text)
        return time.process_time() - started
    finally:
        gc.enable()

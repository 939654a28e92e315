"""How far a long loop is: a bar on a terminal, a line now and then where it is piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from utils.cli import log

T = TypeVar("T")
# Seconds from one line to the next.
EVERY = 10.0


def progress(
    items: Iterable[T],
    what: str,
    unit: str,
    size: Callable[[T], int] = lambda item: 1,
    done: int = 0,
    total: int | None = None,
) -> Iterator[T]:
    """Pass items on and show how many have been; in a pipe a loop that is soon over is silent.

    An item counts as its `size`; `done` were there before, of a `total` where that is known.
    """
    bar = tqdm(total=total, initial=done, desc=what, unit=unit, disable=not sys.stderr.isatty())
    begun = said = time.monotonic()
    count = done
    of_all = f" of {total:,}" if total else ""
    with bar:
        for item in items:
            yield item
            count += size(item)
            bar.update(size(item))
            if (now := time.monotonic()) >= said + EVERY and bar.disable:
                log.info("%s: %s%s %ss in %.0f s", what, f"{count:,}", of_all, unit, now - begun)
                said = now
    if said > begun:
        log.info("%s: all %s %ss", what, f"{count:,}", unit)

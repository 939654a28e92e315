"""How far a long loop is: a bar on a terminal, a line now and then where it is piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from utils.cli import log

T = TypeVar("T")
# Seconds from one line to the next.
EVERY = 10.0


def progress(items: Iterable[T], what: str, unit: str) -> Iterator[T]:
    """Pass items on and show how many have been; in a pipe a loop that is soon over is silent."""
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, unit=unit)
        return
    begun = said = time.monotonic()
    count = 0
    for item in items:
        yield item
        count += 1
        if (now := time.monotonic()) >= said + EVERY:
            log.info("%s: %s %ss in %.0f s", what, f"{count:,}", unit, now - begun)
            said = now
    if said > begun:
        log.info("%s: all %s %ss", what, f"{count:,}", unit)

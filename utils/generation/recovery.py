"""The recovery file: what the conversations under way have got, so that nothing is paid twice.

Its first line is a header with the settings, so that a run is not continued with others by mistake,
with what was spent on answers that no row holds, and with the figures of the runs so far. The other
lines are rounds already answered, replies that were cut off and are asked for once more, answers
that were useless but paid, and figures that have come since.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from utils.errors import PipelineError
from utils.files.append_log import AppendLog
from utils.files.redactor import without_secrets
from utils.jsonl import Row, atomic_file, bounded_lines, dump_row, load_row, parse_line
from utils.providers.replies import Reply, Usage, sound_usage

# Sums of the fields of `Usage`.
Spending = Counter[str]
# What runs took besides tokens, by the names of `traffic`; adds up over runs.
Figures = Counter[str]


class SampleKey(NamedTuple):
    """Names one sample: the n-th answer (from 1) to one prompt."""

    prompt_id: str
    sample_index: int


def is_plain_id(prompt_id: Any) -> bool:
    """Ask whether an id reads the same in the raw bytes of a row, where an escape would differ."""
    return isinstance(prompt_id, str) and prompt_id.isprintable() and not set(prompt_id) & {*'"\\'}


class _Rounds(NamedTuple):
    """What one unfinished sample has got."""

    prompt_hash: str
    replies: list[Reply]
    cut_off: dict[int, Reply]


class Recovery:
    """Reads, appends to and compacts the recovery file of one output."""

    def __init__(self, path: Path, fingerprint: dict[str, Any]) -> None:
        self.path = path
        self._fingerprint = fingerprint
        self._unfinished: dict[SampleKey, _Rounds] = {}
        self._wasted: Spending = Counter()
        self.figures: Figures = Counter()
        self._unsynced_figures = 0

    def load(self, done: Collection[SampleKey]) -> None:
        """Read the file, if there is one, leaving out the samples that are done.

        PipelineError where what is there was made with other settings; where nothing was answered
        yet, they may have been mended.
        """
        self._unfinished.clear()
        self._wasted.clear()
        self.figures.clear()
        if not self.path.exists() or not self.path.stat().st_size:
            return
        with open(self.path, "rb") as file:
            changed = self._read_header(next(bounded_lines(file, self.path)))
        for row in log_rows(self.path, skip=1):
            if "wasted" in row:
                self._wasted.update(sound_usage(row["wasted"]))
            elif "figures" in row:
                self.figures.update(_sound_figures(row["figures"]))
            elif (key := sample_key(row)) not in done:
                self._read_round(key, row)
        if changed and (done or self._unfinished):
            raise PipelineError(
                f"{self.path}: made with {changed}; "
                "go on with the same settings or name another output"
            )

    def _read_round(self, key: SampleKey, row: Row) -> None:
        rounds = self._unfinished.setdefault(key, _Rounds(row["prompt_hash"], [], {}))
        if "cut_off" in row:
            rounds.cut_off[len(rounds.replies)] = Reply.from_row(row["cut_off"])
        else:
            rounds.cut_off.pop(len(rounds.replies), None)
            rounds.replies.append(Reply.from_row(row["reply"]))

    def _read_header(self, line: bytes) -> str:
        """Read what was spent, and say which setting is another now, if one is."""
        try:
            header = load_row(line)
            before = without_secrets(header["fingerprint"])
            self._wasted.update(header.get("wasted", {}))
            self.figures.update(_sound_figures(header.get("figures", {})))
            before.keys()
        except (ValueError, KeyError, TypeError, AttributeError):
            raise PipelineError(
                f"{self.path}: does not begin with a run's settings; "
                "is it the recovery file of this output?"
            ) from None
        names = [*self._fingerprint, *(name for name in before if name not in self._fingerprint)]
        for name in names:
            old, new = before.get(name), self._fingerprint.get(name)
            if old != new:
                return f"{name} {old!r}, now {new!r}"
        return ""

    # Asking

    def paid(self) -> Spending:
        """Sum up the tokens that no finished row accounts for."""
        paid = Counter(self._wasted)
        for rounds in self._unfinished.values():
            for reply in (*rounds.replies, *rounds.cut_off.values()):
                paid.update(reply.usage.as_row())
        return paid

    def prompt_hashes(self) -> dict[SampleKey, str]:
        """Give the hash of each unfinished sample's prompt, to see whether it has changed."""
        return {key: rounds.prompt_hash for key, rounds in self._unfinished.items()}

    def answered_rounds(self, key: SampleKey) -> list[Reply]:
        rounds = self._unfinished.get(key)
        return rounds.replies if rounds else []

    def cut_off_reply(self, key: SampleKey, round_index: int) -> Reply | None:
        rounds = self._unfinished.get(key)
        return rounds.cut_off.get(round_index) if rounds else None

    # Writing

    def open(self) -> None:
        """Open the file for writing; reading what is there comes first."""
        self._log = AppendLog(self.path)

    @property
    def unsynced(self) -> int:
        """Count the lines that hold what was paid for."""
        return self._log.unsynced - self._unsynced_figures

    def sync(self) -> None:
        self._unsynced_figures = 0
        self._log.sync()

    def close(self) -> None:
        self._log.close()

    def add_round(self, key: SampleKey, prompt_hash: str, reply: Reply) -> None:
        self._log.append(dump_row(_round_row(key, prompt_hash, "reply", reply)))

    def add_cut_off(self, key: SampleKey, prompt_hash: str, reply: Reply) -> None:
        """Note a reply that is asked for once more; the reply to come counts its tokens too."""
        self._log.append(dump_row(_round_row(key, prompt_hash, "cut_off", reply)))

    def add_waste(self, usage: Usage) -> None:
        """Note an answer that was paid for and holds nothing."""
        self._log.append(dump_row({"wasted": usage.as_row()}))

    def add_figures(self, figures: Figures) -> None:
        """Note what has been counted since the last figures."""
        self._log.append(dump_row({"figures": figures}))
        self._unsynced_figures += 1

    def drop_finished(self, done: Collection[SampleKey]) -> None:
        """Compact the open file to what the unfinished samples need."""
        self._log.sync()
        self.load(done)
        self.compact()
        self._log.reopen()

    def compact(self) -> None:
        """Write the file anew: the header, and what the unfinished samples have got."""
        header: Row = {"fingerprint": self._fingerprint}
        if self._wasted:
            header["wasted"] = dict(self._wasted)
        if self.figures:
            header["figures"] = dict(self.figures)
        with atomic_file(self.path) as file:
            file.write(dump_row(header))
            for key, rounds in self._unfinished.items():
                file.writelines(map(dump_row, _round_rows(key, rounds)))


def _round_rows(key: SampleKey, rounds: _Rounds) -> Iterator[Row]:
    for reply in rounds.replies:
        yield _round_row(key, rounds.prompt_hash, "reply", reply)
    for reply in rounds.cut_off.values():
        yield _round_row(key, rounds.prompt_hash, "cut_off", reply)


def _round_row(key: SampleKey, prompt_hash: str, name: str, reply: Reply) -> Row:
    return {**key._asdict(), "prompt_hash": prompt_hash, name: reply.as_row()}


def _sound_figures(figures: Any) -> Figures:
    """Read figures of a log, without those that are no numbers."""
    found = figures.items() if isinstance(figures, dict) else ()
    return Counter(
        {name: count for name, count in found if isinstance(count, int | float) and isfinite(count)}
    )


def is_recovery_header(line: bytes) -> bool:
    """Ask whether a line is what a recovery file begins with."""
    try:
        header = load_row(line)
    except ValueError:
        return False
    return isinstance(header, dict) and isinstance(header.get("fingerprint"), dict)


def log_rows(path: Path, required: Iterable[str] = (), skip: int = 0) -> Iterator[Row]:
    """Yield the rows of an append log after the first `skip` lines; a foreign row raises."""
    if not path.exists():
        return
    with open(path, "rb") as file:
        for number, line in enumerate(bounded_lines(file, path), 1):
            if number > skip:
                yield parse_line(path, number, line, required)


def sample_key(row: Row) -> SampleKey:
    return SampleKey(row["prompt_id"], row["sample_index"])

"""Questions of a domain: made of raw rows, each once, with their records on disk."""

import hashlib
import tempfile
import unicodedata
from array import array
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from data_v5.reading.columns import Unusable, cell_text, look_up
from data_v5.reading.domain import QuestionSource
from data_v5.reading.formats import final_answer, identity_text
from data_v5.reading.question_sources import SourceReader
from utils.errors import PipelineError
from utils.jsonl import Row, dump_row, load_row
from utils.stage_output import StageOutput, sibling

RECORD_FIELDS = ("question", "answer", "source", "fields")
_DIGEST_BYTES = 16


def corpus_file(sample_question_path: Path) -> Path:
    """Name the file of all different questions, which stands beside that of the sample."""
    return sibling(sample_question_path, ".corpus.jsonl")


def question_record(row: Row, source: QuestionSource) -> Row:
    """Make a record of a raw row; raises Unusable with the reason if it has no question or answer.

    Values are worded: a number by its digits, a list line by line.
    """
    return {
        "question": _worded(look_up(row, source.question), "question"),
        "answer": _worded(look_up(row, source.answer), "answer"),
        "source": source.title,
        "fields": {column: row[column] for column in source.format.columns()},
    }


def _worded(value: Any, what: str) -> str:
    text = cell_text(value)
    if text:
        return text
    is_empty = value is None or isinstance(value, (str, list))
    raise Unusable(f"empty_{what}" if is_empty else f"unreadable_{what}")


def text_digest(text: str) -> bytes:
    """Hash a question, however it is spaced and whichever letters are capitals."""
    normalised = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    content = normalised.encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).digest()[:_DIGEST_BYTES]


class QuestionStore:
    """The different questions in the order they came, numbered from 0.

    Memory holds their texts, by which they are compared; records wait in a temporary file, which
    goes when the block ends.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.digests: list[bytes] = []
        self._answers: dict[bytes, set[bytes]] = {}
        self._places = array("Q")

    def __enter__(self) -> "QuestionStore":
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, record: Row, source: QuestionSource, keeps_other_answers: bool = False) -> bool:
        """Add a question; False if it is there already, and the first one stays.

        With `keeps_other_answers` one with another answer than those there are is another question.
        """
        text = identity_text(record, source.format)
        digest = text_digest(text)
        answers = self._answers.setdefault(digest, set())
        if answers and not (keeps_other_answers and self.has_other_answer(record, source)):
            return False
        answers.add(text_digest(final_answer(record, source.format)))
        self.digests.append(digest)
        self.texts.append(text)
        self._places.append(self._file.tell())
        self._file.write(dump_row(record))
        return True

    def has_other_answer(self, record: Row, source: QuestionSource) -> bool:
        """Tell whether a question that is there already has none of this answer."""
        answers = self._answers[text_digest(identity_text(record, source.format))]
        return text_digest(final_answer(record, source.format)) not in answers

    def read(self, number: int) -> Row:
        """Read a record back; nothing may be added after the first one was read."""
        self._file.seek(self._places[number])
        row: Row = load_row(self._file.readline())
        return row

    def fingerprint(self) -> str:
        """Hash the questions and their order."""
        digest = hashlib.sha256()
        for text in self.texts:
            content = text.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(content))
            digest.update(content)
        return digest.hexdigest()


class Opened(NamedTuple):
    """A source and what reads its rows."""

    source: QuestionSource
    read: SourceReader


def collect_questions(
    opened: list[Opened],
    store: QuestionStore,
    output: StageOutput,
    max_rows: int | None = None,
    keeps_other_answers: bool = False,
) -> Row:
    """Put the sources' different questions into the store; returns counts by source.

    Rows that a source's `where` leaves out are not counted; unusable ones are rejected.
    """
    counts: dict[str, Counter[str]] = {}
    for source, read in opened:
        tally: Counter[str] = Counter()
        for row in tqdm(islice(read(), max_rows), source.title, unit=" rows", disable=None):
            tally["rows"] += 1
            tally[_take(row, source, store, output, keeps_other_answers)] += 1
        if not tally["rows"]:
            raise PipelineError(f"source '{source.title}': holds no rows; remove it")
        if tally["left_out_by_where"] == tally["rows"]:
            raise PipelineError(
                f"source '{source.title}': key 'where' leaves no row of {tally['rows']:,}; mend it"
            )
        counts.setdefault(source.title, Counter()).update(tally)
    output.pass_over("duplicate_question", sum(c["duplicate"] for c in counts.values()))
    return {title: dict(tally) for title, tally in counts.items()}


def _take(
    row: Row,
    source: QuestionSource,
    store: QuestionStore,
    output: StageOutput,
    keeps_other_answers: bool,
) -> str:
    """Do with a row what is to be done with it; returns the word for it."""
    if not source.selects(row):
        return "left_out_by_where"
    try:
        try:
            record = question_record(row, source)
            is_new = store.add(record, source, keeps_other_answers)
            if not is_new and store.has_other_answer(record, source):
                raise Unusable("same_question_other_answer")
        except Unusable as reason:
            output.reject({"source": source.title, **row}, str(reason))
            return "rejected"
    except TypeError as error:  # bytes or decimals, which Parquet may hold and JSON may not
        raise PipelineError(
            f"source '{source.title}': a column that is read holds what JSON can't ({error}); "
            "convert it to text or numbers"
        ) from None
    return "questions" if is_new else "duplicate"

"""What every script does at its edges: flags, logging, exit codes, errors in one line.

A script's settings are one frozen dataclass; its fields are the flags, checked by pydantic:

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        \"""Mix triplets into one data set.\"""    # what --help begins with

        input_file: Annotated[str, Flag("FILE"), Field(description="triplets")]
        num_workers: Annotated[int, Field(ge=0, description="processes")] = 1

A field without a default is required; a list takes several words, a bool none, a Literal one of its
choices. What two fields say together is checked in `__post_init__`, by a ValueError.
"""

import argparse
import errno
import logging
import os
import re
import signal
import sys
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from types import FrameType, NoneType, TracebackType
from typing import (
    Annotated,
    Any,
    Literal,
    NoReturn,
    TextIO,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from tqdm import tqdm

from utils.config import OWN_WORDS, check_settings, say_problem
from utils.errors import PipelineError
from utils.files.atomic import remove_unfinished
from utils.files.redactor import note_environment, redacted

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
# Faults of the place an output goes to, not of the program, and what helps.
_OTHER_PLACE = "free some space or name another folder"
USERS_DISK = dict.fromkeys(
    [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG, errno.EIO], _OTHER_PLACE
) | dict.fromkeys([errno.ENAMETOOLONG, errno.EILSEQ, errno.ELOOP], "name it otherwise")
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = logging.getLogger("editloom")
T = TypeVar("T")
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Flag:
    """How a field is spelled on a command line, where its name and type don't say it all.

    `names` are the flag's spellings; one without dashes is what a positional argument is called.
    Of fields that are `one_of`, one must be given. A `joined` list is one word with commas in it.
    `options` are those of argparse.
    """

    def __init__(
        self, *names: str, one_of: bool = False, joined: bool = False, **options: Any
    ) -> None:
        self.names = [name for name in names if name.startswith("-")]
        self.is_positional = bool(names) and not self.names
        self.one_of, self.joined = one_of, joined
        self.options = options | ({"metavar": names[0]} if self.is_positional else {})
        if joined:
            self.options |= {"nargs": None, "type": split_names, "choices": None}


def split_names(text: str) -> list[str]:
    """Split `a, b` into its names."""
    return [name for name in map(str.strip, text.split(",")) if name]


_UNUSUAL = re.compile(r"[^\n\t -~]")


def harmless(text: str) -> str:
    """Write out what could steer a terminal or hide text: `\\x1b`, `\\u202e`, lone surrogates.

    Those are the control and format characters and the line separators of Unicode.
    """
    return _UNUSUAL.sub(_write_out, text)


def _write_out(found: re.Match[str]) -> str:
    character = found[0]
    if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character
    return character.encode("unicode_escape").decode("ascii")


class _AboveProgressBar(logging.StreamHandler[TextIO]):
    """Writes log lines above a running progress bar instead of through it.

    They may quote what a server or a file says, so they are made harmless here, once for all, and
    hold no secret.
    """

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(harmless(redacted(self.format(record))), file=sys.stderr)


def set_up_logging() -> None:
    """Send the log's bare messages to stderr, above a progress bar where there is one."""
    handler = _AboveProgressBar()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


def run(main: Callable[[], int | None]) -> None:
    """Run a script's `main` and exit: 0 or its code, 2 on a user's mistake, 130 on Ctrl-C."""
    set_up_logging()
    note_environment()
    sys.excepthook = _print_without_secrets
    heed_signals()
    try:
        sys.exit(main())
    except BrokenPipeError:
        # The reader of our output (`head`, a closed pager) is gone; nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except PipelineError as error:
        log.error("error: %s", error)
        sys.exit(EXIT_USER_ERROR)
    except OSError as error:
        if error.errno not in USERS_DISK:
            raise
        remedy = USERS_DISK[error.errno]
        log.error("error: %s: %s; %s", error.filename or "disk", error.strerror, remedy)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        log.error("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    finally:
        for number in ENDING_SIGNALS:
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)  # nothing is left to be put in order


def _print_without_secrets(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print a traceback, which quotes what a program had in hand."""
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


def heed_signals() -> None:
    """Let a signal end the program in order, and a second one at once; neither leaves half files.

    What was to be ignored, as by `nohup`, still is.
    """
    is_ending = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal is_ending
        if is_ending:
            remove_unfinished()
            os._exit(128 + number)
        is_ending = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    def say_or_raise_again(lost: "sys.UnraisableHookArgs") -> None:
        nonlocal is_ending
        if not (is_ending and isinstance(lost.exc_value, KeyboardInterrupt | SystemExit)):
            sys.__unraisablehook__(lost)
            return
        # The signal came while an object was being freed, where no exception is heard.
        is_ending = False
        is_interrupt = isinstance(lost.exc_value, KeyboardInterrupt)
        signal.raise_signal(signal.SIGINT if is_interrupt else signal.SIGTERM)

    for number in ENDING_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
    sys.unraisablehook = say_or_raise_again


def parse_flags(settings: type[T], argv: list[str] | None, usage: str | None = None) -> T:
    """Read a command line into a script's settings; a value beyond a bound is a PipelineError."""
    parser = new_parser(first_line(settings), usage)
    add_flags(parser, settings)
    return settings_of(parser.parse_args(argv), settings)


def parse_command(argv: list[str] | None, description: str, **commands: type) -> Any:
    """Read the command line of a script of several commands into the settings of the one named."""
    parser = new_parser(description)
    known = parser.add_subparsers(required=True, dest="command")
    for name, settings in commands.items():
        said = first_line(settings)
        add_flags(known.add_parser(name, help=said, description=said), settings)
    arguments = parser.parse_args(argv)
    return settings_of(arguments, commands[arguments.command])


class _Parser(argparse.ArgumentParser):
    """A parser whose errors, which quote what was typed, hold no secret either."""

    def error(self, message: str) -> NoReturn:
        super().error(harmless(redacted(message)))


def new_parser(description: str, usage: str | None = None) -> argparse.ArgumentParser:
    """Make a parser that names the program as it was called: a module's with `python -m`."""
    module = getattr(sys.modules["__main__"], "__spec__", None)
    program = f"python -m {module.name}" if module else None
    return _Parser(program, usage, description)


def first_line(settings: type) -> str:
    """Give what a dataclass says of itself in a line."""
    return str(settings.__doc__).split("\n")[0]


def add_flags(parser: argparse.ArgumentParser, settings: type) -> None:
    """Add a flag for each field of a dataclass: its own first, then those it shares."""
    hints = get_type_hints(settings, include_extras=True)
    defaults = {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(settings)
    }
    choice = None
    for name in _own_fields_first(settings):
        kind, notes = unwrapped(hints[name])
        flag = next((note for note in notes if isinstance(note, Flag)), Flag())
        options = _type_options(kind) | _default_options(name, flag, defaults[name])
        options["help"] = _help(notes, _shown(flag, defaults[name]))
        if flag.one_of:
            choice = choice or parser.add_mutually_exclusive_group(required=True)
        names = flag.names or [name if flag.is_positional else f"--{name}"]
        (choice if choice and flag.one_of else parser).add_argument(*names, **options)


def _own_fields_first(settings: type) -> Iterator[str]:
    names = {field.name for field in fields(settings)}
    listed = [name for one in settings.__mro__ for name in one.__dict__.get("__annotations__", {})]
    yield from (name for name in dict.fromkeys(listed) if name in names)


def unwrapped(hint: Any) -> tuple[Any, list[Any]]:
    """Take `Annotated` and `| None` off a type; returns it, and what it was annotated with."""
    notes: list[Any] = []
    while get_origin(hint) is Annotated or NoneType in get_args(hint):
        if get_origin(hint) is Annotated:
            notes += hint.__metadata__
            hint = hint.__origin__
        else:
            [hint] = (one for one in get_args(hint) if one is not NoneType)
    return hint, notes


def _type_options(kind: Any) -> dict[str, Any]:
    if kind is bool:
        return {"action": "store_true"}
    if get_origin(kind) in (list, tuple):
        return _type_options(unwrapped(get_args(kind)[0])[0]) | {"nargs": "+"}
    return {"choices": get_args(kind)} if get_origin(kind) is Literal else {"type": kind}


def _default_options(name: str, flag: Flag, default: Any) -> dict[str, Any]:
    if flag.is_positional:
        return flag.options
    is_missing = default is MISSING
    known = {"required": is_missing and not flag.one_of, "default": None if is_missing else default}
    return known | {"dest": name} | flag.options


def _shown(flag: Flag, default: Any) -> str:
    """Write a default as it would be given, '' where there is none to speak of."""
    if flag.is_positional or default is MISSING or default is None or default is False:
        return ""
    if isinstance(default, list | tuple | frozenset):
        return ("," if flag.joined else " ").join(map(str, default))
    return str(default)


def _help(notes: list[Any], default: str) -> str:
    """Give a field's description, and its default unless that is said there."""
    said = [n.description for n in notes if isinstance(n, FieldInfo) and n.description]
    text = said[-1] if said else ""
    if default and "default" not in text:
        text = f"{text} (default: {default})".lstrip()
    return text.replace("%", "%%")


def settings_of(arguments: argparse.Namespace, settings: type[T]) -> T:
    """Make a dataclass of those arguments that are its fields."""
    names = [field.name for field in fields(settings)]  # type: ignore[arg-type]
    try:
        return check_settings({name: getattr(arguments, name) for name in names}, settings)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        said = say_problem(problem)
        if problem["loc"]:
            colon = ":" if problem["type"] == OWN_WORDS else ""
            said = f"{_spelled(str(problem['loc'][0]), settings)}{colon} {said}"
        raise PipelineError(said) from None


def _spelled(name: str, settings: type) -> str:
    """Spell a field as its flag, with its other spellings."""
    _, notes = unwrapped(get_type_hints(settings, include_extras=True)[name])
    flag = next((note for note in notes if isinstance(note, Flag)), Flag())
    if flag.is_positional:
        return str(flag.options["metavar"])
    own, *others = sorted(flag.names or [f"--{name}"], key=lambda one: one != f"--{name}")
    return own + (f" (also {', '.join(others)})" if others else "")


def part_of(whole: object, part: type[T]) -> T:
    """Take a dataclass out of one that has its fields among others."""
    names = [one.name for one in fields(part)]  # type: ignore[arg-type]
    return part(**{name: getattr(whole, name) for name in names})

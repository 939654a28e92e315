"""What every script does at its edges: logging, exit codes, errors in one line."""

import argparse
import errno
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TextIO

from tqdm import tqdm

from utils.errors import PipelineError

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
# Faults of the place an output goes to, not of the program.
USERS_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG}

log = logging.getLogger("editloom")


class _AboveProgressBar(logging.StreamHandler[TextIO]):
    """Writes log lines above a running progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


def set_up_logging() -> None:
    """Send the log's bare messages to stderr, above a progress bar where there is one."""
    handler = _AboveProgressBar()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults of flags in `--help`, where there are any."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def run(main: Callable[[], int | None]) -> None:
    """Run a script's `main` and exit: 0 or its code, 2 on a user's mistake, 130 on Ctrl-C."""
    set_up_logging()
    # An orderly end on SIGTERM too, so that half-written temporary files go.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
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
        log.error(
            "error: %s: %s; free some space or name another folder",
            error.filename or "disk",
            error.strerror,
        )
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        log.error("interrupted")
        sys.exit(EXIT_INTERRUPTED)

"""The errors that several folders raise and catch: a user's mistake, and a useless reply."""

from utils.files.redactor import redacted


class PipelineError(Exception):
    """A mistake in the input or the settings; its message is one line: file, field, fix.

    Secrets that it quotes are taken out.
    """

    def __init__(self, message: str) -> None:
        super().__init__(redacted(message))


class BadReply(Exception):
    """A reply that gives no sound triplet; `reason` is the row's reject reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

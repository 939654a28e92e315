"""The errors a user can mend."""


class PipelineError(Exception):
    """A mistake in the input or the settings; its message is one line: file, field, fix."""

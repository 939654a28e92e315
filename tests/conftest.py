"""What every test begins with."""

from collections.abc import Iterator

import pytest

from utils.files.redactor import forget_secrets


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> Iterator[None]:
    """Stages that run in the tests' own process note keys, which are words of other tests."""
    yield
    forget_secrets()

import pytest

from utils.errors import PipelineError


def test_a_users_mistake_is_caught_by_its_own_name_alone() -> None:
    # Whoever catches a bad value or a failing disk must not swallow it.
    assert not issubclass(PipelineError, (ValueError, OSError, RuntimeError, LookupError))
    with pytest.raises(Exception, match="^x.yaml: key 'a' is missing; add it$"):
        raise PipelineError("x.yaml: key 'a' is missing; add it")

import hashlib
import hmac
import io
from pathlib import Path

import joblib
import numpy as np
import pytest

from utils.cache import FIT_RESULTS, fingerprint, load, load_array, load_or_build, save, save_array
from utils.files.user_key import key_path, user_key


class Builder:
    def __init__(self, value):
        self.value = value
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return self.value


def test_the_default_folder_is_inside_the_project():
    assert FIT_RESULTS.parts[-2:] == ("utils", "fit_results")


def test_a_value_is_built_once_and_then_reused_and_the_log_says_so(tmp_path, caplog, heard):
    path, builder = tmp_path / "new" / "x.joblib", Builder({"a": np.arange(3)})
    first = load_or_build(path, builder, "topics")
    second = load_or_build(path, builder, "topics")
    assert builder.calls == 1
    assert first["a"].tolist() == second["a"].tolist() == [0, 1, 2]
    assert heard() == [f"topics: built and kept in {path}", f"topics: reusing {path}"]


def test_rebuild_replaces_what_was_kept(tmp_path):
    path = tmp_path / "x.joblib"
    load_or_build(path, Builder("old"), "topics")
    assert load_or_build(path, Builder("new"), "topics", rebuild=True) == "new"
    assert load(path) == "new"


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "garbage"])
def test_a_damaged_file_is_built_again_with_a_line_in_the_log(tmp_path, heard, damage):
    path = tmp_path / "x.joblib"
    save(path, list(range(100)))
    content = bytearray(path.read_bytes())
    content[20] ^= 0xFF
    damaged = {"flip": bytes(content), "cut": bytes(content[:40]), "empty": b"", "garbage": b"no"}
    path.write_bytes(damaged[damage])
    assert load_or_build(path, Builder("rebuilt"), "topics") == "rebuilt"
    assert load(path) == "rebuilt"
    assert (
        heard()[0]
        == f"topics: {path} can't be used (damaged, or made by another user); building it again"
    )


def test_a_folder_that_can_not_be_written_costs_the_cache_and_not_the_result(tmp_path, heard):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "x.joblib"
    assert load_or_build(path, Builder("value"), "topics") == "value"
    assert "built, but not kept" in heard()[-1]


def test_a_kept_file_is_an_ordinary_joblib_file(tmp_path):
    save(tmp_path / "x.joblib", {"a": 1})
    assert joblib.load(tmp_path / "x.joblib") == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["x.joblib"]


def test_a_fingerprint_tells_values_and_names_apart_and_not_the_order_of_names():
    one = fingerprint(seed=1, settings={"T": 2, "K": 3})
    assert one == fingerprint(settings={"K": 3, "T": 2}, seed=1)
    others = [
        fingerprint(seed=2, settings={"T": 2, "K": 3}),
        fingerprint(seed=1, settings={"T": 3, "K": 2}),
        fingerprint(seeds=1, settings={"T": 2, "K": 3}),
        fingerprint(seed="1", settings={"T": 2, "K": 3}),
    ]
    assert len({one, *others}) == 5


@pytest.fixture
def heard(caplog, monkeypatch):
    """Give the log lines so far."""
    from utils.cli import log

    monkeypatch.setattr(log, "propagate", True)
    caplog.set_level("INFO", logger=log.name)
    return lambda: [record.getMessage() for record in caplog.records]


class Bomb:
    """What runs code when it is unpickled: it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def sealed_by(key, value):
    """Make a cached file as somebody with another key would."""
    payload = io.BytesIO()
    joblib.dump(value, payload)
    content = payload.getvalue()
    return content + (
        hmac.digest(key, content, "sha256") if key else hashlib.sha256(content).digest()
    )


@pytest.mark.parametrize("key", [None, b"", b"x" * 32])
@pytest.mark.parametrize("cut", [0, 1, 32])
def test_a_file_that_another_made_is_never_unpickled(tmp_path, heard, key, cut):
    path, made = tmp_path / "x.joblib", tmp_path / "made"
    content = sealed_by(key, Bomb(made))
    path.write_bytes(content[: len(content) - cut])
    assert load_or_build(path, Builder("own"), "topics") == "own"
    assert not made.exists() and load(path) == "own"
    assert "made by another user" in heard()[0]


@pytest.mark.parametrize("trouble", ["no folder", "short", "readable by others"])
def test_where_there_is_no_key_a_value_is_built_each_time(tmp_path, heard, monkeypatch, trouble):
    path = tmp_path / "x.joblib"
    save(path, "before")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    if trouble == "no folder":
        (tmp_path / "config").write_text("in the way")
    else:
        user_key()
        key_path().chmod(0o600 if trouble == "short" else 0o644)
        if trouble == "short":
            key_path().write_bytes(b"")
    for _ in range(2):
        assert load_or_build(path, Builder("value"), "topics") == "value"
    assert all("key" in line or "config" in line for line in heard())


def test_the_key_is_the_user_s_alone_and_stays_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    key = user_key()
    assert len(key) == 32 and user_key() == key != b"\0" * 32
    assert key_path().stat().st_mode & 0o077 == 0
    assert [path.name for path in key_path().parent.iterdir()] == [key_path().name]


ARRAY = np.arange(60, dtype=np.float32).reshape(20, 3)


def test_what_is_read_is_a_map_of_what_was_written(tmp_path):
    path = tmp_path / "new" / "x.npy"
    save_array(path, ARRAY)
    found = load_array(path, 20)
    np.testing.assert_array_equal(found, ARRAY)
    assert isinstance(found, np.memmap) and not found.flags.writeable
    np.testing.assert_array_equal(np.load(path), ARRAY)


def test_a_part_of_a_larger_array_is_written_as_it_is(tmp_path):
    save_array(tmp_path / "x.npy", ARRAY[::2, 1:])
    np.testing.assert_array_equal(load_array(tmp_path / "x.npy", 10), ARRAY[::2, 1:])


def test_an_array_that_lies_column_by_column_in_memory_is_written_as_it_is(tmp_path):
    array = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    save_array(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(load_array(tmp_path / "a.npy", 2), array)


def test_no_rows_are_no_trouble(tmp_path):
    save_array(tmp_path / "x.npy", ARRAY[:0])
    assert len(load_array(tmp_path / "x.npy", 0)) == 0


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "short", "longer"])
def test_a_changed_byte_anywhere_is_noticed(tmp_path, damage):
    path = tmp_path / "x.npy"
    save_array(path, ARRAY)
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[150] ^= 1
    damaged = {"flip": bytes(flipped), "cut": content[:-40], "empty": b"", "short": b"no"}
    path.write_bytes(damaged.get(damage, content + b"x"))
    with pytest.raises(ValueError, match="damaged file"):
        load_array(path, 20)


@pytest.mark.parametrize("array", [ARRAY[:19], ARRAY.astype(np.float64), ARRAY[:, 0]])
def test_another_array_than_expected_is_noticed(tmp_path, array):
    save_array(tmp_path / "x.npy", array)
    with pytest.raises(ValueError, match="another array"):
        load_array(tmp_path / "x.npy", 20)

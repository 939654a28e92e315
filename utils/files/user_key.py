"""A random key of this user, by which files that we wrote are told from those that were given."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

_KEY_BYTES = 32


def key_path() -> Path:
    """Name the file of the key, in the user's configuration folder."""
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "editloom" / "cache.key"


def user_key() -> bytes:
    """Read the key, or make it; OSError where it can't be had, or others could have written it."""
    try:
        path = key_path()
    except RuntimeError as error:  # no home
        raise OSError(0, str(error)) from None
    with suppress(FileNotFoundError):
        return _read(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
        os.fsync(descriptor)
        with suppress(FileExistsError):  # another run was first
            os.link(made, path)
    finally:
        os.close(descriptor)
        made.unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        facts = os.fstat(descriptor)
        key = os.read(descriptor, _KEY_BYTES + 1)
    finally:
        os.close(descriptor)
    is_open = facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if facts.st_uid != os.geteuid() or is_open or len(key) != _KEY_BYTES:
        raise PermissionError(1, "not a key that only you can read; delete it", str(path))
    return key

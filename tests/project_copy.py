"""A copy of the project in which a stand-in for `python` runs, and no set-up installs anything."""

import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.documented_commands import ROOT


def lay_out_copy(
    parent: Path, shim: str, linked: Iterable[str], copied: Iterable[str | Path] = ()
) -> Path:
    """Link folders and copy files of the project; `{python}` in the shim is the real one."""
    folder = parent / "copy"
    folder.mkdir()
    for name in linked:
        (folder / name).symlink_to(ROOT / name)
    for file in copied:
        shutil.copy(ROOT / file, folder)
    python = parent / "bin" / "python"
    python.parent.mkdir()
    python.write_text(shim.replace("{python}", shlex.quote(sys.executable)))
    python.chmod(0o755)
    (folder / "setup_venv.sh").write_text(f"PATH={shlex.quote(str(python.parent))}:$PATH\n")
    return folder

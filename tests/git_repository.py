"""A real git repository for tests to mine."""

import subprocess
from pathlib import Path

CODE = "import os\n\n\ndef here():\n    return os.getcwd()\n"


class Repository:
    """A real git repository that a test writes commits to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "-q", "-b", "main", str(path), cwd=path.parent)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
        settings = (*identity, "-c", "core.autocrlf=false", "-c", "commit.gpgsign=false")
        command = ["git", *settings, *arguments]
        done = subprocess.run(command, cwd=cwd or self.path, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def commit(self, message: str, files: dict[str, str | bytes | None], *options: str) -> str:
        for name, contents in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if contents is None:
                file.unlink()
            else:
                file.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty-message", "-m", message, *options)
        return self.git("rev-parse", "HEAD")

    def import_edits(self, count: int) -> None:
        """Add `a.py` and then `count` commits that change its last line, all in one go."""
        stream = []
        for number in range(count + 1):
            text = f"{CODE}# {number}\n"
            stream.append(
                f"commit refs/heads/main\ncommitter Ann <ann@example.com> {number} +0000\n"
                f"data 15\nCount the lines\nM 100644 inline a.py\ndata {len(text)}\n{text}\n"
            )
        command = ["git", "fast-import", "--quiet"]
        subprocess.run(command, input="".join(stream).encode(), cwd=self.path, check=True)

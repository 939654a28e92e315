"""Programming languages by the labels that models put on fenced blocks."""

import re

# The names of a language; the first one is its grammar's.
_LABELS: dict[str, tuple[str, ...]] = {
    "python": ("py", "python3", "py3", "python2", "ipython"),
    "javascript": ("js", "jsx", "mjs", "cjs", "node"),
    "typescript": ("ts", "tsx"),
    "java": (),
    "kotlin": ("kt", "kts"),
    "scala": (),
    "swift": (),
    "c": ("h",),
    "cpp": ("c++", "cxx", "cc", "hpp"),
    "c_sharp": ("c#", "csharp", "cs"),
    "go": ("golang",),
    "rust": ("rs",),
    "ruby": ("rb",),
    "php": (),
    "perl": ("pl",),
    "lua": (),
    "haskell": ("hs",),
    "r": (),
    "sql": ("sqlite", "postgresql", "mysql"),
    "bash": ("sh", "shell", "zsh", "fish", "shell-session", "shellsession"),
    "powershell": ("ps1", "pwsh", "bat", "cmd", "batch"),
    "html": ("htm", "xml", "svg"),
    "css": ("scss", "sass"),
    "json": ("jsonc", "json5", "jsonl"),
    "yaml": ("yml",),
    "toml": ("ini", "cfg", "properties", "dotenv", "env"),
    "dockerfile": ("docker",),
    "make": ("makefile",),
    "diff": ("patch", "udiff"),
    "console": ("pycon", "terminal", "doctest", "traceback", "pytb", "output", "log", "stdout"),
    "csv": ("tsv",),
    "latex": ("tex",),
    "mermaid": ("plantuml", "dot"),
}
_LANGUAGE_OF = {
    label: language for language, labels in _LABELS.items() for label in (language, *labels)
}
PLAIN_LABELS = frozenset(("text", "txt", "plaintext", "plain", "markdown", "md", "rst"))
_FIRST_WORD = re.compile(r"[{.\s]*([^\s:,;={}]*)")


def language_named(name: str) -> str:
    """Give the one name of a language that goes by several; an unknown name stays as it is."""
    name = name.strip().lower()
    return _LANGUAGE_OF.get(name, name)


def label_of(info: str) -> str:
    """Read the label of an info string: `python` of `python:src/x.py` and of `{.python}`."""
    match = _FIRST_WORD.match(info)
    return match[1].lower() if match else ""


def is_other_language(info: str, language: str) -> bool:
    """Tell whether a block is labelled as something that is no program of the language.

    No label, an unknown one and one for plain text say nothing.
    """
    labelled = _LANGUAGE_OF.get(label_of(info))
    return labelled is not None and labelled != language_named(language)

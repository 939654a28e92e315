"""Programming languages: by what models call them, by the endings of files, and their lexers."""

import re

_ENDINGS: dict[str, tuple[str, ...]] = {
    "python": ("py", "pyi"),
    "javascript": ("js", "jsx", "mjs", "cjs"),
    "typescript": ("ts", "tsx", "mts", "cts"),
    "java": ("java",),
    "kotlin": ("kt", "kts"),
    "scala": ("scala",),
    "swift": ("swift",),
    "c": ("c", "h"),
    "cpp": ("cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx"),
    "c_sharp": ("cs",),
    "go": ("go",),
    "rust": ("rs",),
    "ruby": ("rb",),
    "php": ("php",),
    "perl": ("pl", "pm"),
    "lua": ("lua",),
    "haskell": ("hs",),
    "r": ("r",),
    "sql": ("sql",),
    "bash": ("sh", "bash", "zsh"),
    "powershell": ("ps1", "psm1"),
    "html": ("html", "htm"),
    "css": ("css", "scss"),
}
_LANGUAGE_OF_ENDING = {
    f".{ending}": name for name, endings in _ENDINGS.items() for ending in endings
}
CODE_LANGUAGES = tuple(_ENDINGS)
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
_LANGUAGE_OF_NAME = {
    label: language for language, labels in _LABELS.items() for label in (language, *labels)
}
PLAIN_LABELS = frozenset(("text", "txt", "plaintext", "plain", "markdown", "md", "rst"))
_FIRST_WORD = re.compile(r"[{.\s]*([^\s:,;={}]*)")


def language_of_file(path: str) -> str | None:
    """Name the language of a code file, None for a file that holds no code: `a/B.PY` -> python."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return _LANGUAGE_OF_ENDING.get(f".{ending.lower()}") if stem and dot else None


def read_languages(names: str) -> tuple[str, ...]:
    """Read a list such as `python,js`, each by any of its names; raises ValueError on another."""
    found = tuple(language_named(name) for name in names.split(",") if name.strip())
    for name in found:
        if name not in CODE_LANGUAGES:
            raise ValueError(f"no language '{name}'; write some of {', '.join(CODE_LANGUAGES)}")
    if not found:
        raise ValueError(f"names no language; write some of {', '.join(CODE_LANGUAGES)}")
    return tuple(dict.fromkeys(found))


def language_named(name: str) -> str:
    """Give the one name of a language that goes by several; an unknown name stays as it is."""
    name = name.strip().lower()
    return _LANGUAGE_OF_NAME.get(name, name)


def label_of(info: str) -> str:
    """Read the label of an info string: `python` of `python:src/x.py` and of `{.python}`."""
    match = _FIRST_WORD.match(info)
    return match[1].lower() if match else ""


def is_other_language(info: str, language: str) -> bool:
    """Tell whether a block is labelled as something that is no program of the language.

    No label, an unknown one and one for plain text say nothing.
    """
    labelled = _LANGUAGE_OF_NAME.get(label_of(info))
    return labelled is not None and labelled != language_named(language)

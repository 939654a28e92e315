"""Rules about the instructions: what they give away, what they name, how they are written.

Each rule says what is wrong with a triplet, in a few words, or None.
"""

import builtins
import io
import keyword
import re
import sys
import typing
from collections.abc import Iterable

from rapidfuzz import fuzz, process

from utils.code.fences import block_text, fence_lines, read_blocks
from utils.code.lexing import code_tokens, ngram_hashes
from utils.quality.triplet import Triplet
from utils.replies.sections import NAMES, is_refusal, is_unreasonable
from utils.replies.vague import why_vague

# A shorter line is found in any program: `else:`, `return x`.
_TELLING_TOKENS = 3
_TELLING_CHARACTERS = 12
_QUOTED_CODE = re.compile(r"(?<!`)`([^`\n]{1,200})`(?!`)")
# A name, dotted or not, alone, called or subscripted.
_NAME_SPAN = re.compile(r"@?((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:\(.*\)|\[.*\])?:?")
_FILE_NAME = re.compile(
    r".*\.(?:pyi?|pyx|ipynb|jsonl?|ya?ml|toml|txt|csv|tsv|md|rst|cfg|conf|ini|env|lock|log|db|sqlite3?"
    r"|html?|xml|css|jsx?|tsx?|sh|bat|sql|c|h|cpp|go|rs|java|rb|php|zip|gz|tar|png|jpe?g|gif|svg|pdf"
    r"|com|org|net|io|dev)"
)
_LOOKS_LIKE_CODE = re.compile(r"[._(\[]|[a-z][A-Z]|[A-Z][a-z]+[A-Z]")
# Names of ways to write names, and of things that are no code.
_WRITTEN_SO = re.compile(
    r"(?:lower_|upper_|screaming_)?(?:snake_?case|camel_?case|pascal_?case|kebab_?case)"
    r"|JavaScript|TypeScript|GitHub|GitLab|MySQL|PostgreSQL|SQLite|MongoDB|YouTube|PyPI|macOS"
    r"|LaTeX|OpenAI|NumPy|SciPy|PyTorch|TensorFlow|FastAPI",
    re.IGNORECASE,
)
# How much alike, of 100, a name and one of the code's are to be taken for the same.
_NEAR = 84
_KNOWN_NAMES = (
    frozenset(dir(builtins)) | frozenset(keyword.kwlist) | sys.stdlib_module_names
) | frozenset([*typing.__all__, "O", "self", "cls", "__init__", "__main__", "__name__"])
_BUILT_IN = (str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float, complex, range)
_METHODS = frozenset(
    name for kind in (*_BUILT_IN, io.IOBase, io.TextIOWrapper) for name in dir(kind)
)
_HEADING = re.compile(
    rf"^[ \t]*+(?:[\[【]{NAMES}[\]】]|#{{1,6}}[ \t]++\S|\*\*{NAMES}\*\*[ \t]*+:?[ \t]*+$"
    rf"|{NAMES}[ \t]*+[:：])",
    re.IGNORECASE | re.MULTILINE,
)
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|no|fig|eq|sec|dr|mr|mrs)\.", re.I)
_SENTENCE_END = re.compile(r"(?:[.!?]+[\"')\]]*+(?=\s|$)|[。！？]+|\n\s*\n|\n(?=\s*[-*\d]))")
_IN_QUOTES = re.compile(r"```.*?(?:```|$)|`[^`]*`|\"[^\"\n]*\"|'[^'\n]*'|“[^”]*”", re.DOTALL)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_OTHER_SCRIPT = re.compile(
    r"[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u1e00-\u1eff\u3040-\u30ff\u3400-\u9fff"
    r"\uac00-\ud7af]"
)
# The commonest words of English, and of its neighbours where English has not the same word.
_ENGLISH = "the a an to of and in is it that for with be so not"
_FOREIGN = """
    el los las una del por para que con der die das und nicht ein eine ist mit les des une est dans
    pour avec qui il gli della che per não uma os em zu auf sur
"""
_ENGLISH_WORDS = frozenset(_ENGLISH.split())
_FOREIGN_WORDS = frozenset(_FOREIGN.split())


def instruction_leaks_solution(triplet: Triplet) -> str | None:
    """An instruction that quotes the code to be added, in a fence or in a long run of tokens."""
    limits = triplet.config.limits
    longest = {
        "instruct_descriptive": limits.max_shared_run_descriptive,
        "instruct_lazy": limits.max_shared_run_lazy,
    }
    added = code_tokens("\n".join(triplet.added_lines), triplet.language)
    for name, text in triplet.instructions.items():
        if line := _added_line_in_fence(text, triplet):
            return f"{name}: {line}"
        if shares_run(code_tokens(text, triplet.language), added, longest[name] + 1):
            return f"{name}: over {longest[name]} tokens of the code after"
    return None


def _added_line_in_fence(text: str, triplet: Triplet) -> str | None:
    blocks = read_blocks(fence_lines(text)).blocks
    fenced = {line.strip() for block in blocks for line in block_text(text, block).split("\n")}
    for line in triplet.added_lines if fenced else ():
        is_telling = len(line) >= _TELLING_CHARACTERS
        if line in fenced and is_telling and len(code_tokens(line)) >= _TELLING_TOKENS:
            return line
    return None


def shares_run(one: list[str], other: list[str], size: int) -> bool:
    """Tell whether two sequences have a run of `size` tokens in common."""
    if min(len(one), len(other)) < size:
        return False
    hashes = ngram_hashes(one, size)
    return bool(set(hashes.tolist()) & set(ngram_hashes(other, size).tolist()))


def ungrounded_instruction(triplet: Triplet) -> str | None:
    """A name of code in backticks that neither program has, nor anything spelled nearly so."""
    spans = _names_in_backticks([triplet.instruction])
    known = triplet.program_before.words | triplet.program_after.words if spans else frozenset()
    unknown = {span for span, name in spans.items() if not _is_grounded(name, known)}
    asked = _names_in_backticks(triplet.wishes) if unknown else {}
    return next((span for span in asked if span in unknown), None)


def _names_in_backticks(texts: Iterable[str]) -> dict[str, str]:
    """Map what stands in backticks and looks like code to the dotted name in it."""
    spans = (span.strip() for text in texts for span in _QUOTED_CODE.findall(text))
    names = ((span, _NAME_SPAN.fullmatch(span)) for span in spans)
    return {span: name[1] for span, name in names if name and _looks_like_code(span)}


def _looks_like_code(span: str) -> bool:
    """Tell a name that only code has, by a dot, an underscore, its capitals or brackets.

    Any other may be a word of the subject, a key or an option.
    """
    is_file = _FILE_NAME.fullmatch(span) or _WRITTEN_SO.fullmatch(span)
    return not is_file and bool(_LOOKS_LIKE_CODE.search(span))


def _is_grounded(name: str, known: frozenset[str]) -> bool:
    """Tell whether a dotted name is one of the code's, of the language's or of its library's."""
    first, *rest = name.split(".")
    if rest and (first in _KNOWN_NAMES and first not in ("self", "cls") or rest[-1] in _METHODS):
        return True
    last = rest[-1] if rest else name
    return last in known or not rest and last in _KNOWN_NAMES or _is_nearly_one_of(last, known)


def _is_nearly_one_of(name: str, known: frozenset[str]) -> bool:
    """Tell whether a name is spelled nearly like one of the code's: another case, an ending."""
    return process.extractOne(name, known, scorer=_nearness, score_cutoff=_NEAR) is not None


def _nearness(one: str, other: str, **_: object) -> float:
    return fuzz.ratio(one.lower().replace("_", ""), other.lower().replace("_", ""))


def vague_instruction(triplet: Triplet) -> str | None:
    """An instruction that says too little, or speaks of what a model can't see."""
    code = f"{triplet.before}\n{triplet.after}"
    has_fault = triplet.is_python and bool(triplet.program_before.error)
    for name, text in triplet.instructions.items():
        if problem := why_vague(text, code, may_be_general=has_fault):
            return f"{name}: {problem}"
    return None


def style_contract(triplet: Triplet) -> str | None:
    """Instructions that are not what the prompts ask for: their length, form and language."""
    if triplet.lazy is not None and (problem := _lazy_problem(triplet.lazy, triplet)):
        return f"instruct_lazy: {problem}"
    for name, text in triplet.instructions.items():
        if problem := _form_problem(text, triplet.config.instruction_language):
            return f"{name}: {problem}"
    return None


def _lazy_problem(lazy: str, triplet: Triplet) -> str | None:
    limits = triplet.config.limits
    if (sentences := count_sentences(lazy)) > limits.max_lazy_sentences:
        return f"{sentences} sentences"
    if (length := len(lazy.split())) > limits.max_lazy_words:
        return f"{length} words"
    if triplet.descriptive is not None and len(lazy) >= len(triplet.descriptive):
        return "not shorter than the descriptive one"
    return None


def _form_problem(text: str, language: str) -> str | None:
    if heading := _HEADING.search(text):
        return f"heading {heading[0].strip()}"
    if "UNREASONABLE" in text or is_unreasonable(text):
        return "UNREASONABLE"
    if is_refusal(text):
        return "refusal"
    return None if is_written_in(text, language) else f"not {language}"


def count_sentences(text: str) -> int:
    """Count sentences by their ends; abbreviations, decimals and dotted names end none."""
    text = _ABBREVIATION.sub("", text.strip())
    return sum(1 for part in _SENTENCE_END.split(text) if part.strip())


def is_written_in(text: str, language: str) -> bool:
    """Tell whether prose is in the wanted language, by its letters and its commonest words.

    What stands in quotes or backticks is not looked at: an edit may be about a translation.
    """
    prose = _IN_QUOTES.sub(" ", text)
    if language == "any":
        return True
    if language == "chinese":
        return bool(_CJK.search(prose))
    if len(_OTHER_SCRIPT.findall(prose)) > 2:
        return False
    found = re.findall(r"[^\W\d_]+", prose.lower())
    foreign = sum(1 for word in found if word in _FOREIGN_WORDS)
    return foreign < 3 or foreign <= sum(1 for word in found if word in _ENGLISH_WORDS)

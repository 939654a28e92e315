"""What a user may say of a fine-tune file, for the scripts that write one: types of flags."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from utils.cli import Flag

NoThink = Annotated[bool, Field(description="add Qwen3's /no_think to each user turn")]
FinalNewline = Annotated[
    Literal["add", "keep"], Field(description="code that ends without a newline")
]
Tokenizer = Annotated[
    str | None,
    Flag(metavar="DIR_OR_NAME"),
    Field(description="counts tokens exactly (default: an estimate)"),
]
CutoffLength = Annotated[PositiveInt, Field(description="the trainer's")]
TooLong = Annotated[
    Literal["drop", "keep", "error"] | None,
    Field(description="rows that reach --cutoff_len (default: drop with --tokenizer, else keep)"),
]
UnsafeText = Annotated[Literal["keep", "drop"], Field(description="rows that trainers may misread")]

"""How many tokens a text takes, estimated where no tokenizer is at hand."""

# About what the tokenizers of current models make of Python and of English; Chinese comes out
# near 0.75 tokens a character.
BYTES_PER_TOKEN = 4
METHOD = f"UTF-8 bytes / {BYTES_PER_TOKEN}, rounded up"


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text by `METHOD`."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)

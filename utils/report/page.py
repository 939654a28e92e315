"""The report's page: template, style, script and data put into one HTML file."""

from __future__ import annotations

import hashlib
import html
import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRIPTS = ("dom.js", "charts.js", "tables.js", "review.js", "browser.js", "page.js")
# What could end the script element, open a comment in it, or has no UTF-8 form.
UNSAFE = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


def build_page(title: str, data: dict[str, Any]) -> str:
    """Fill the template: one HTML document that needs nothing else and runs nothing but its own.

    The policy in its head allows this one script and style sheet by their hashes and nothing from
    elsewhere; all that comes from the data is JSON, which the script shows as text.
    """
    style = (HERE / "page.css").read_text(encoding="utf-8")
    script = "".join((HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}}})();\n'
    policy = (
        f"default-src 'none'; script-src '{_source_hash(script)}'; "
        f"style-src '{_source_hash(style)}'; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "POLICY": policy,
        "TITLE": html.escape(title.encode("utf-8", "replace").decode("utf-8")),
        "STYLE": style,
        "DATA": safe_json(data),
        "SCRIPT": script,
    }
    template = (HERE / "page.html").read_text(encoding="utf-8")
    # One pass over the template: what is put in is never searched for places again.
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda place: parts[place[1]], template)


def safe_json(value: Any) -> str:
    """Write JSON that may stand inside a script element whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _source_hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

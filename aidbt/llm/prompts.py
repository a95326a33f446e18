"""Rendering prompts: `aidbt/templates/prompts/<name>.md.jinja`."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

# Inside a JSON text these only stand in strings, where their escapes mean the same: no text from outside can
# end the block that it stands in.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aidbt", "templates/prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # not HTML: what comes from outside goes through `data`
    )
    environment.filters["data"] = data
    return environment


def render_prompt(name: str, **values: Any) -> tuple[str, str]:
    """The blocks `system` and `question` of a prompt, e.g. `render_prompt("disambiguate", …)`."""
    template = _environment().get_template(f"{name}.md.jinja")
    system, question = (
        "".join(template.blocks[block](template.new_context(values))).strip()
        for block in ("system", "question")
    )
    return system, question


def data(value: Any) -> str:
    """A JSON-like value as one line of JSON without angle brackets.

    Example:
        >>> data({"name": "</schema>"})
        '{"name":"\\\\u003c/schema\\\\u003e"}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def cut(text: str, size: int) -> str:
    """A text from outside on one line, printable, and at most so many characters long.

    Example:
        >>> cut("the customer's\\nmail address", 17)
        "the customer's m…"
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 10 * size]).split())
    return line if len(line) <= size and len(text) <= 10 * size else line[: size - 1] + "…"

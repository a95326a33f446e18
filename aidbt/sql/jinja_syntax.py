"""Whether a model's Jinja can be read at all; nothing is rendered."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment

    return Environment(extensions=["jinja2.ext.do"])


def jinja_error(text: str) -> str:
    """What is wrong with a text as a Jinja template; "" when it can be read, or holds tags of dbt's own.

    Example:
        >>> jinja_error("select 1 {% if x %}")[:26], jinja_error("select {{ x }}")
        ('Unexpected end of template', '')
    """
    from jinja2 import TemplateSyntaxError

    if "{%" not in text and "{{" not in text:
        return ""
    try:
        _environment().parse(text)
    except TemplateSyntaxError as error:
        message = error.message or "cannot be read"
        return "" if message.startswith("Encountered unknown tag") else message
    return ""

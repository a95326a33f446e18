"""Rendering the text templates under `aidbt/templates/`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from aidbt.mapping.files import flow
from aidbt.sql.identifiers import escape_jinja


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aidbt", "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # YAML and SQL, not HTML: values are quoted by the filters below
    )
    environment.filters["yaml"] = yaml_scalar
    return environment


def render(template: str, **values: Any) -> str:
    """The text of a template, e.g. `render("dbt/staging.sql.jinja", …)`."""
    text: str = _environment().get_template(template).render(**values)
    return text


def jinja_text(text: str) -> str:
    """The text as a string inside a Jinja expression."""
    quote = '"' if "'" in text and '"' not in text else "'"
    body = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return quote + body + quote


# A sentence that YAML takes as it is: no ": ", no " #", nothing that starts another kind of value.
_SENTENCE = re.compile(r"[A-Za-z](?:[\w ,.()/'`;&+-]|:(?=\S))*[\w.)`]\Z", re.ASCII)


def yaml_scalar(text: str) -> str:
    """A text as a YAML scalar after a key of a dbt file; what dbt would read as Jinja is escaped."""
    line = " ".join(text.split("\n"))
    if " " in line and _SENTENCE.match(line):
        return line
    return flow(escape_jinja(line))

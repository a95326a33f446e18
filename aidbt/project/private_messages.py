"""What dbt or a database says of a failure, without the values of rows that it quotes."""

from __future__ import annotations

import re
from collections.abc import Collection

from aidbt.project.manifest import Manifest

# An apostrophe inside of a word ends no quote.
_QUOTED = re.compile(r"""'.*?'(?!\w)|".*?"(?!\w)|'.*\Z|".*\Z""")
_SHORTENED = re.compile(r"(?<=[a-z])'(?=(?:d|ll|m|re|s|t|ve)\b)")
_VALUE = re.compile(r"(\bvalues?): .*", re.IGNORECASE)
# PostgreSQL: "Key (email)=(…) already exists", "Failing row contains (…)".
_ROW = re.compile(r"(=|\bcontains )\((?:.*\)|.*\Z)")
_LONGEST = 300  # characters of a message


def without_values(message: str, identifiers: Collection[str]) -> str:
    """The beginning of what a database or dbt said, without the values of rows that it may quote.

    What stands in quotes is left out unless it is a name of the project, and so is all that follows the word
    "value" and a colon, and what PostgreSQL says of a row in brackets.

    Args:
        identifiers: names in lower case that may be shown.

    Example:
        >>> without_values("Conversion Error: Could not convert string 'bob@example.com' to INT32", {"email"})
        "Conversion Error: Could not convert string '…' to INT32"
    """
    lines = [" ".join(line.split()) for line in message.splitlines() if line.strip()]
    text = _SHORTENED.sub("\N{RIGHT SINGLE QUOTATION MARK}", " ".join(lines[:2]))
    text = _ROW.sub(r"\1(…)", _VALUE.sub(r"\1: …", text))

    def shown(found: re.Match[str]) -> str:
        quoted = found[0][1:-1]
        return found[0] if quoted.casefold() in identifiers else f"{found[0][0]}…{found[0][0]}"

    text = _QUOTED.sub(shown, text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def identifiers_of(manifest: Manifest) -> set[str]:
    """Names of nodes, and of the columns that they declare, in lower case."""
    nodes = [*manifest.nodes.values(), *manifest.sources.values()]
    return {
        name.casefold()
        for node in nodes
        for name in (node.name, node.identifier, *(column.name for column in node.columns))
    }

"""Writing Markdown for a pull request: names and sentences from outside do nothing but be shown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

# Control characters, and those that turn the direction of what follows.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def code(text: str, *, in_table: bool = False) -> str:
    """Text from outside as a code span: nothing in it is formatted, linked or mentions anybody.

    Example:
        >>> print(code("a`b"), code("x|y", in_table=True))
        ``a`b`` `x\\|y`
    """
    line = _line(text) or "(empty)"
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    if in_table:  # a table is cut at its bars before code is looked for
        line = line.replace("|", "\\|")
    return f"{fence}{pad}{line}{pad}{fence}"


def prose(text: str) -> str:
    """A sentence with names from outside in it, as Markdown that shows it and does nothing else.

    Example:
        >>> prose("*5* of <b> rows").replace("\\u200b", "")
        '\\\\*5\\\\* of &lt;b&gt; rows'
    """
    line = html.escape(_line(text), quote=False)
    line = re.sub(r"([\\`*_\[\]()!|~#])", r"\\\1", line)
    # An invisible space keeps sites from linking people, issues and addresses.
    return re.sub(
        r"(?<=@)(?=\\?\w)|(?<=#)(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)", "\u200b", line, flags=re.IGNORECASE
    )


def _line(text: str) -> str:
    return _UNSEEN.sub("\ufffd", " ".join(text.split()))


def folded(summary: str, parts: Iterable[str], *, escaped: bool = False) -> list[str]:
    """Markdown behind a line that opens it; nothing when there is nothing."""
    inner = [part for part in parts if part]
    if not inner:
        return []
    head = summary if escaped else html.escape(summary)
    return ["\n\n".join([f"<details><summary>{head}</summary>", *inner, "</details>"])]


def listed(items: Sequence[str], most: int) -> str:
    """The first items of a list, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def count(number: int, noun: str) -> str:
    """A number with its noun, which takes an s."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"

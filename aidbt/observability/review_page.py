"""The review queue as one page for reading: no server, no other file, nothing loaded from elsewhere."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Any

from aidbt.mapping.queue import ReviewQueue
from aidbt.mapping.waiting import ReviewItem, behind, percent


def review_page(queue: ReviewQueue, *, project: str) -> str:
    """The HTML of the queue: per table what waits, with evidence and the commands that decide it.

    Nothing in it depends on when it is made: the same queue gives the same text. Every text of the project
    and of the warehouse is escaped, and the page forbids itself to load anything.

    Args:
        project: the name of the dbt project.
    """
    by_table = sorted(queue.items, key=lambda item: item.key)  # stable: columns stay before tests
    tables = [(key, list(items)) for key, items in groupby(by_table, key=lambda item: item.key)]
    text: str = (
        _environment()
        .get_template("report/review.html.jinja")
        .render(
            project=project,
            queue=queue,
            tables=tables,
            columns=sum(not item.test for item in queue.items),
            tests=sum(bool(item.test) for item in queue.items),
        )
    )
    return text


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aidbt", "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["behind"] = behind
    environment.filters["haystack"] = _haystack
    return environment


def _haystack(item: ReviewItem) -> str:
    """What the filter of the page looks in."""
    names = [name for name, _ in item.alternatives]
    parts = [item.selector, item.proposal, item.description, item.note, item.wanted_type, *names]
    return " ".join(parts).casefold()

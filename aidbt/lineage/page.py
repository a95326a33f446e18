"""The columns of a project as one interactive page: no server, no other file, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, get_args
from urllib.parse import urlencode

from aidbt.lineage.graph import ROWS, ColumnRef, KnownFrom, Lineage, NodeLineage, Unresolved
from aidbt.sql.resolved import ColumnUse, How, Made, OutputColumn

_HOWS: tuple[How, ...] = get_args(How)
_MADE: tuple[Made, ...] = get_args(Made)
_KNOWN_FROM: tuple[KnownFrom, ...] = get_args(KnownFrom)
# A longer expression is cut: the file stands beside it, and a page has to stay small.
_TEXT_LIMIT = 1_000
# The scripts of the page, each standing on those before it.
_SCRIPTS = ("graph", "layout", "picture", "page")


def lineage_page(lineage: Lineage, *, project: str) -> str:
    """The HTML of a project's lineage: search, the picture around a column, nodes, coverage, findings.

    Nothing in it depends on when it is made: the same lineage gives the same text. The data stands in it as
    JSON, the picture is drawn when it is asked for, and the page forbids itself to load anything or to run
    any other script. 1,000 models of 25 columns, each with an expression, are 2.4 MB.

    Args:
        project: the name of the dbt project.
    """
    script = "".join(_asset(f"report/lineage/{name}.js") for name in _SCRIPTS)
    style = _asset("report/colours.css") + _asset("report/lineage/style.css")
    text: str = (
        _environment()
        .get_template("report/lineage.html.jinja")
        .render(
            project=project,
            coverage=lineage.coverage,
            script=script,
            script_hash=_hash(script),
            style=style,
            style_hash=_hash(style),
            data=_json(_page_data(lineage)),
        )
    )
    return text


def address(ref: ColumnRef) -> str:
    """What goes behind the name of the page's file to show a column or, with column "", a node.

    Example:
        >>> address(ColumnRef("model.shop.orders", "total eur"))
        '#node=model.shop.orders&column=total+eur'
    """
    place = {"node": ref.node, "column": ref.column}
    return "#" + urlencode({name: value for name, value in place.items() if value}, errors="replace")


# --- the data of the page -----------------------------------------------------------------------------


def _page_data(lineage: Lineage) -> dict[str, Any]:
    """The lineage as lists of numbers and texts; `graph.js` says how they are laid out."""
    nodes = [*lineage.nodes.values(), *_unlisted_nodes(lineage)]
    places = {node.unique_id: index for index, node in enumerate(nodes)}
    extra = _unlisted_columns(lineage, nodes)
    columns = {node.unique_id: (*node.columns, *extra.get(node.unique_id, ())) for node in nodes}
    names = {
        unique_id: {ROWS: -1, **{column.name: index for index, column in enumerate(its)}}
        for unique_id, its in columns.items()
    }
    texts = _Texts()

    def uses_of(uses: Iterable[ColumnUse]) -> list[int]:
        return [
            number
            for use in uses
            for number in (places[use.relation], names[use.relation][use.column], _HOWS.index(use.how))
        ]

    def column_of(column: OutputColumn, tags: tuple[str, ...]) -> list[Any]:
        return _trimmed(
            [
                column.name,
                _MADE.index(column.made) * 2 + column.nullable,
                texts.index(column.data_type),
                uses_of(column.uses),
                texts.index(_shortened(column.defined or column.text)),
                texts.index(column.why),
                [texts.index(tag) for tag in tags],
            ]
        )

    listed = [
        [
            node.unique_id,
            node.name,
            texts.index(node.resource_type),
            texts.index(node.path),
            _KNOWN_FROM.index(node.known_from),
            int(node.is_complete),
            texts.index(node.why),
            [places[parent] for parent in node.parents if parent in places],
            [list(key) for key in node.unique],
            uses_of(node.row_uses),
            [column_of(column, node.tags.get(column.name, ())) for column in columns[node.unique_id]],
        ]
        for node in nodes
    ]
    return {
        "hows": _HOWS,
        "made": _MADE,
        "knownFrom": _KNOWN_FROM,
        "unresolved": [_unresolved(item, places) for item in lineage.coverage.unresolved],
        "incomplete": [_unresolved(item, places) for item in lineage.coverage.incomplete],
        "findings": _findings(lineage, places),
        "texts": texts.all,
        "nodes": listed,
    }


class _Texts:
    """Texts that stand once and are named by their place; the first is ""."""

    def __init__(self) -> None:
        self.all = [""]
        self._places = {"": 0}

    def index(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = len(self.all)
            self.all.append(text)
        return self._places[text]


def _uses(lineage: Lineage) -> Iterable[ColumnUse]:
    for node in lineage.nodes.values():
        for column in node.columns:
            yield from column.uses
        yield from node.row_uses


def _unlisted_nodes(lineage: Lineage) -> list[NodeLineage]:
    """What is used and is no node of the project, so that every edge has two ends."""
    missing = sorted({use.relation for use in _uses(lineage)} - lineage.nodes.keys())
    why = "it is read, and nothing else is known of it"
    return [NodeLineage(name, name, "unknown", is_complete=False, why=why) for name in missing]


def _unlisted_columns(lineage: Lineage, nodes: Iterable[NodeLineage]) -> dict[str, list[OutputColumn]]:
    """Node → the columns that are used and that it does not list."""
    used: dict[str, dict[str, None]] = {}
    for use in _uses(lineage):
        used.setdefault(use.relation, {})[use.column] = None
    found = {}
    for node in nodes:
        missing = used.get(node.unique_id, {}).keys() - {ROWS, *(column.name for column in node.columns)}
        if missing:
            why = f"it is read, but {node.name} is not known to have it"
            found[node.unique_id] = [OutputColumn(name, why=why) for name in sorted(missing)]
    return found


def _unresolved(item: Unresolved, places: dict[str, int]) -> list[Any]:
    return [places[item.node], list(item.columns), item.why]


def _findings(lineage: Lineage, places: dict[str, int]) -> list[list[Any]]:
    """Each finding with the nodes it is about."""
    nodes: dict[int, list[int]] = {}
    for node in lineage.nodes.values():
        for finding in lineage.findings_of(node):
            nodes.setdefault(id(finding), []).append(places[node.unique_id])
    return [[f.severity.value, f.code, f.where, f.message, nodes.get(id(f), [])] for f in lineage.findings]


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + " …"


def _trimmed(values: list[Any]) -> list[Any]:
    """Without what is empty at its end."""
    while values and values[-1] in (0, []):
        values.pop()
    return values


def share(part: int, whole: int) -> str:
    """A part in percent, rounded down: 100 % is all of it.

    Example:
        >>> share(2, 3), share(9_999, 10_000), share(5, 5)
        ('66.6 %', '99.9 %', '100 %')
    """
    return "100 %" if part == whole else f"{1000 * part // whole / 10:.1f} %"


# --- the page -----------------------------------------------------------------------------------------


def _json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end the element or be a line of its own."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    # What is no character by itself cannot be written as UTF-8.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _hash(text: str) -> str:
    """What a Content-Security-Policy names an inline script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


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
    environment.filters["share"] = share
    environment.filters["number"] = "{:,}".format
    return environment


def _asset(name: str) -> str:
    """A file of ours that goes into the page as it is."""
    environment = _environment()
    text: str = environment.loader.get_source(environment, name)[0]
    return text

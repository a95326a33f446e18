"""The relations that a query may read, found by the names that it writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from aidbt.sql.folding import folding
from aidbt.sql.identifiers import quote_identifier
from aidbt.sql.resolved import KnownRelation, SqlProblem
from aidbt.sql.spelling import nearest_names

if TYPE_CHECKING:
    from sqlglot import exp

# Schemas of the system itself, whose tables every query may name.
_SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "sys", "account_usage", "system"})


class RelationIndex:
    """Relations by name.

    Args:
        entries: (database, schema, identifier, relation), each name as the system stores it; "" for a
            database or schema that is not known, which then is any.
        dialect: of sqlglot; its rules say which written name is which stored one.

    Example:
        >>> from sqlglot import exp
        >>> orders = KnownRelation("model.shop.orders")
        >>> index = RelationIndex([("db", "main", "orders", orders)], "duckdb")
        >>> index.find(exp.to_table("main.Orders")).key
        'model.shop.orders'
        >>> index.find(exp.to_table("order")).message
        "no relation is called 'order'; did you mean 'orders'?"
    """

    def __init__(self, entries: Iterable[tuple[str, str, str, KnownRelation]], dialect: str) -> None:
        self._folding = folding(dialect)
        self._dialect = dialect
        self._by_key: dict[str, list[tuple[str, str, str, KnownRelation]]] = defaultdict(list)
        for database, schema, identifier, relation in entries:
            self.put(database, schema, identifier, relation)

    def put(self, database: str, schema: str, identifier: str, relation: KnownRelation) -> None:
        """Enter a relation; one of the same name and key gives way, since more is known of it now."""
        key = self._folding.stored_table_key
        entry = (key(database), key(schema), identifier, relation)
        entries = self._by_key[key(identifier)]
        for place, known in enumerate(entries):
            if known[:3] == entry[:3] and known[3].key == relation.key:
                entries[place] = entry
                return
        entries.append(entry)

    def find(self, table: exp.Table) -> KnownRelation | SqlProblem:
        """The relation that a table of a query names, or the problem with that name.

        Problems are "relation.unknown", with the nearest names, and "relation.ambiguous", when the name is
        written with too few parts to tell. Their place has offsets only: `line` and `column` are 0.
        """
        parts = [part for part in table.parts if part.name]
        keys = [self._folding.table_key(part.name, quoted=bool(part.args.get("quoted"))) for part in parts]
        identifier, schema, database = (*reversed(keys), "", "", "")[:3]
        found = [
            entry
            for entry in self._by_key.get(identifier, ())
            if (not schema or entry[1] in ("", schema)) and (not database or entry[0] in ("", database))
        ]
        # The same relation may be entered under several names.
        if len({entry[3].key for entry in found}) == 1:
            return found[0][3]
        written = ".".join(part.name for part in parts)
        starts = [part.meta["start"] for part in parts if "start" in part.meta]
        start = min(starts, default=0)
        end = max((part.meta["end"] + 1 for part in parts if "end" in part.meta), default=start)
        if found:
            names = sorted({".".join(filter(None, (*entry[:2], entry[2]))) for entry in found})
            message = f"'{written}' may be any of {', '.join(names)}; write it with its schema"
            return SqlProblem("relation.ambiguous", message, start=start, end=end, nearest=tuple(names))
        return self._unknown(written, parts[-1], start, end)

    def is_system(self, table: exp.Table) -> bool:
        """Whether a table stands in a schema of the system itself, e.g. information_schema."""
        parts = {word.lower() for part in table.parts[:-1] for word in part.name.split(".")}
        first = table.name.lower().split(".")[0] if "." in table.name else ""
        return bool((parts | {first}) & _SYSTEM_SCHEMAS)

    def _unknown(self, written: str, last: exp.Expr, start: int, end: int) -> SqlProblem:
        names = [entry[2] for entries in self._by_key.values() for entry in entries]
        nearest, meant = nearest_names(last.name, names)
        message = f"no relation is called '{written}'"
        if nearest:
            message += f"; did you mean '{nearest[0]}'?"
        replacement = quote_identifier(meant, self._dialect) if meant and "start" in last.meta else ""
        if replacement:
            start, end = last.meta["start"], last.meta["end"] + 1
        return SqlProblem(
            "relation.unknown", message, start=start, end=end, nearest=nearest, replacement=replacement
        )

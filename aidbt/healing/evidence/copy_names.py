"""Which relations and columns are copies by their names: a backup, a test, an archive of a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from aidbt.core.table_state import TableState
from aidbt.warehouse.words import words_of

_COPY_WORDS = frozenset(
    (
        "backup", "bak", "bck", "bkp", "old", "copy", "tmp", "temp", "test", "tests", "dev", "uat", "qa",
        "staging", "stage", "sandbox", "archive", "archived", "deprecated", "history", "sample", "clone",
        "snapshot", "delete", "deleted", "trash", "unused", "legacy", "demo", "scratch", "prev", "previous",
        "before", "bkup", "saved", "orig", "original", "dump", "restored", "rollback", "frozen", "retired",
        "obsolete", "dropped", "removed", "broken", "yesterday", "hist", "arch", "dupe", "duplicate",
        "alt", "alte", "archiv", "kopie", "sicherung", "historie", "vorher", "gestern", "copia", "respaldo",
        "antiguo", "antigua", "viejo", "vieja", "historico", "ancien", "ancienne", "copie", "sauvegarde",
    )
)  # fmt: skip
# Fewer than of tables: a column may well be called stage, history or original_price.
_OLD_WORDS = frozenset(
    (
        "old", "alt", "alte", "bak", "bkp", "backup", "copy", "kopie", "legacy", "deprecated", "obsolete",
        "archived", "prev", "previous", "viejo", "antiguo", "ancien", "ancienne",
    )
)  # fmt: skip
_DAY = re.compile(r"(?:19|20)\d{2}_?[01]\d(?:_?[0-3]\d)?")


class Named(Protocol):
    """A relation by its name."""

    @property
    def schema(self) -> str: ...

    @property
    def name(self) -> str: ...


_T = TypeVar("_T")


def is_copy_by_name(relation: Named, was: TableState) -> bool:
    """Whether its name or its schema's says that it is a copy, and that of the table did not."""
    names = (relation.schema, relation.name)
    own = {*words_of(was.schema), *words_of(was.name)}
    return any(_COPY_WORDS & (set(words_of(name)) - own) or _DAY.search(name) for name in names)


def is_old_by_name(column: str, was: str) -> bool:
    """Whether a column's name says that it is the one of before, and the name of then did not."""
    return not _OLD_WORDS.isdisjoint(set(words_of(column)) - set(words_of(was)))


def without_copies(found: Sequence[tuple[_T, Named, int]], was: TableState) -> list[_T]:
    """Of relations that hold a table's rows those that are not just copies of one of the others: by their
    names, and with no more rows than one that is none by its name.

    Args:
        found: (what is returned, the relation, its rows).
    """
    most = max((rows for _, relation, rows in found if not is_copy_by_name(relation, was)), default=-1)
    return [one for one, relation, rows in found if rows > most or not is_copy_by_name(relation, was)]

"""The names that tables and columns get in bronze, where names that differ only by case are the same."""

from __future__ import annotations

from collections.abc import Sequence

OWN_PREFIX = "_aidbt_"


def distinct(names: Sequence[str]) -> list[str]:
    """The names, in order, changed only where one is empty or already taken.

    An empty name becomes `column_<position>`. Of names that are equal without regard to case the first keeps
    its own and the others get `_2`, `_3`, … appended, the first that no other name is or gets. The result
    depends on nothing but the names and their order.

    Example:
        >>> distinct(["id", "Id", "id_2", "", "ID"])
        ['id', 'Id_3', 'id_2', 'column_4', 'ID_4']
    """
    wanted = [name if name.strip() else f"column_{number}" for number, name in enumerate(names, start=1)]
    given = {name.lower() for name in wanted}
    taken: set[str] = set()
    result = []
    for name in wanted:
        if name.lower() in taken:
            number = 2
            while f"{name}_{number}".lower() in given | taken:
                number += 1
            name = f"{name}_{number}"
        taken.add(name.lower())
        result.append(name)
    return result


def own_names(names: Sequence[str]) -> list[str]:
    """Those that are reserved for what a load itself writes."""
    return [name for name in names if name.lower().startswith(OWN_PREFIX)]

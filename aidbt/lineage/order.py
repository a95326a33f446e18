"""The order in which the nodes of a project can be read: each after what it reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def reading_order(parents: Mapping[str, Collection[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The names in an order in which each comes after its parents, otherwise as given.

    Args:
        parents: name → the names it depends on; one that is no key is not waited for, nor is it itself.

    Returns:
        (all names, the cycles among them). The names of a cycle come together, in the order given.

    Example:
        >>> reading_order({"mart": ["stg"], "stg": ["raw"], "raw": []})
        (['raw', 'stg', 'mart'], [])
        >>> reading_order({"c": ["b"], "a": ["b"], "b": ["a"]})
        (['a', 'b', 'c'], [('a', 'b')])
    """
    order: list[str] = []
    cycles: list[tuple[str, ...]] = []
    place = {name: index for index, name in enumerate(parents)}
    # Tarjan's strongly connected components (SIAM J. Comput. 1972), with a stack of its own: a chain of
    # thousands of models must not meet Python's recursion limit.
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    is_open: set[str] = set()
    for start in parents:
        if start in index:
            continue
        work = [(start, iter(parents[start]))]
        index[start] = low[start] = len(index)
        open_names.append(start)
        is_open.add(start)
        while work:
            name, waiting = work[-1]
            parent = next((p for p in waiting if p in parents and (p not in index or p in is_open)), None)
            if parent is not None and parent not in index:
                index[parent] = low[parent] = len(index)
                open_names.append(parent)
                is_open.add(parent)
                work.append((parent, iter(parents[parent])))
                continue
            if parent is not None:
                low[name] = min(low[name], index[parent])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[name])
            if low[name] == index[name]:
                together: list[str] = []
                while not together or together[-1] != name:
                    together.append(open_names.pop())
                is_open.difference_update(together)
                together.sort(key=place.__getitem__)
                order += together
                if len(together) > 1:
                    cycles.append(tuple(together))
    return order, cycles

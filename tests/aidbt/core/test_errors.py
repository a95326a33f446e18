"""The tree of errors is the one that is drawn, and every message says what to do next."""

from __future__ import annotations

import inspect
import re

import pytest

from aidbt.core import errors
from aidbt.core.errors import (
    AidbtError,
    EditConflict,
    MissingExtra,
    SettingsError,
    UnknownName,
    VersionConflict,
    nearest,
    require_known,
)


def drawn_tree() -> dict[str, str]:
    """Class → base class, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    (?P<branch>(?:[│├└─ ]{4})*)(?P<name>[A-Z]\w+)\b", line)
        if found:
            depth = len(found["branch"]) // 4
            path = [*path[:depth], found["name"]]
            parents[found["name"]] = path[depth - 1] if depth else "Exception"
    return parents


def classes() -> list[type[AidbtError]]:
    return [
        item
        for _, item in inspect.getmembers(errors, inspect.isclass)
        if issubclass(item, AidbtError) and item.__module__ == errors.__name__
    ]


def test_the_tree_in_the_docstring_is_the_tree_of_classes():
    assert drawn_tree() == {item.__name__: item.__base__.__name__ for item in classes() if item.__base__}


def test_exactly_those_are_retryable_that_the_docstring_says():
    drawn = set(re.findall(r"── (\w+) .*\(retryable\)", errors.__doc__ or ""))

    assert {item.__name__ for item in classes() if item.retryable} == drawn
    assert drawn == {"WarehouseLocked", "SourceUnavailable", "StoreBusy", "StoreUnavailable", "LeaseTaken"}


def test_every_error_means_could_not_run_except_a_conflict_that_a_person_settles():
    assert {item.__name__: item.exit_code for item in classes() if item.exit_code != 2} == {"EditConflict": 1}
    assert EditConflict("a.sql was changed").exit_code == 1


def test_every_class_says_what_it_means():
    assert [item.__name__ for item in classes() if not item.__dict__.get("__doc__")] == []


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (AidbtError("it broke"), "it broke"),
        (AidbtError("it broke", hint="mend it"), "it broke\nhint: mend it"),
        (
            UnknownName("model", "dim_custmer", ["fct_orders", "dim_customer"]),
            "no model is called 'dim_custmer'\nhint: did you mean 'dim_customer'?",
        ),
        (
            UnknownName("model", "DIM_CUSTOMER", ["dim_customer"]),
            "no model is called 'DIM_CUSTOMER'\nhint: did you mean 'dim_customer'?",
        ),
        (
            UnknownName("target", "xyz", ["prod", "dev"]),
            "no target is called 'xyz'\nhint: known: dev, prod",
        ),
        (
            UnknownName("item", "zzz", [f"n{i:02}" for i in range(13)]),
            "no item is called 'zzz'\nhint: known: " + ", ".join(f"n{i:02}" for i in range(12)) + ", …",
        ),
        (UnknownName("model", "orders", []), "no model is called 'orders'\nhint: there is no model yet"),
        (
            MissingExtra("warehouse 'duckdb'", "duckdb"),
            "warehouse 'duckdb' needs a package that is not installed\nhint: pip install 'aidbt[duckdb]'",
        ),
        (SettingsError("wrong"), "wrong"),
        (SettingsError("wrong", path="aidbt.yml"), "aidbt.yml: wrong"),
        (SettingsError("wrong", path="aidbt.yml", line=3), "aidbt.yml:3: wrong"),
        (
            VersionConflict("mapping", "crm.orders", 2, 3),
            "mapping 'crm.orders' changed meanwhile: expected version 2, it is version 3"
            "\nhint: read it again and repeat the change",
        ),
        (
            VersionConflict("mapping", "crm.orders", 2, None),
            "mapping 'crm.orders' changed meanwhile: expected version 2, it is gone"
            "\nhint: read it again and repeat the change",
        ),
    ],
)
def test_an_error_says_what_happened_and_what_to_do_next(error: AidbtError, text: str):
    assert str(error) == text
    assert text.startswith(error.message)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("custmer", ["customer", "order"], "customer"),
        ("Customer", ["customer", "CUSTOMER_2"], "customer"),
        ("stg", ["STG"], "STG"),
        ("größe", ["GRÖSSE"], "GRÖSSE"),
        ("abc", ["xyz"], None),
        ("", ["a"], None),
        ("a", [], None),
    ],
)
def test_the_nearest_name_ignores_case_and_is_none_when_nothing_is_close(
    name: str, known: list[str], expected: str | None
):
    assert nearest(name, known) == expected


def test_require_known_names_the_first_that_is_not():
    require_known(["a", "b"], iter(["a", "b", "c"]), "column")

    with pytest.raises(
        UnknownName, match="no column is called 'ammount'\nhint: did you mean 'amount'"
    ) as caught:
        require_known(["id", "ammount", "other"], ["id", "amount"], "column")
    assert caught.value.name == "ammount"

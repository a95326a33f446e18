"""The YAML of a model: what it is, its columns with types and tests, and unit tests of its witness rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlglot import exp

from aidbt.core.schema import MappedTest
from aidbt.core.types import type_family
from aidbt.generate.data_tests import test_value
from aidbt.generate.english_models.incremental import Incremental
from aidbt.generate.english_models.kept import KeptModel, ModelColumn
from aidbt.generate.english_models.likely_values import NOW
from aidbt.generate.english_models.witnesses import Witnesses, WitnessRows
from aidbt.generate.files import Rendering, one_line
from aidbt.generate.sql_style.words import recased
from aidbt.patching.yaml_style import Flow, dump_yaml
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.sql.identifiers import escape_jinja, needs_quotes, stored_name

# A row of a unit test stands on one line: what belongs together is read together.
_ROW_WIDTH = 160
# The macro that tells the time, see `model_sql.CLOCK`; at NOW in a unit test.
_OVERRIDDEN_CLOCK = {"dbt.current_timestamp": f"cast('{NOW:%Y-%m-%d %H:%M:%S}' as timestamp)"}


def model_yaml(
    kept: KeptModel,
    witnesses: Witnesses | None,
    calls: Mapping[str, str],
    options: Rendering,
    *,
    reads_clock: bool = False,
    incremental: Incremental | None = None,
) -> str:
    """The text of the model's property file.

    Args:
        witnesses: None for a model without unit tests.
        calls: by the name of a table in the graph how the model reads it.
        reads_clock: whether its rows depend on when it is run.
        incremental: how it grows; None where it is built anew.
    """
    content: dict[str, Any] = {"version": 2} if options.properties.version else {}
    content["models"] = [_model(kept, options)]
    if witnesses is not None:
        types = {column.name: column.data_type for column in kept.columns}
        macros: dict[str, Any] = dict(_OVERRIDDEN_CLOCK) if reads_clock else {}
        if incremental is not None:
            macros["is_incremental"] = False
        content["unit_tests"] = [
            _unit_test(kept.name, number, rows, witnesses.columns, calls, types, macros)
            for number, rows in enumerate(witnesses.sets, 1)
        ]
        if incremental is not None and all(types.values()):
            content["unit_tests"] += _of_growth(
                kept.name, witnesses, calls, types, incremental, options.dialect
            )
    return dump_yaml(content, replace(options.yaml, flow_width=_ROW_WIDTH))


def grain_test(kept: KeptModel, options: Rendering) -> Any:
    """The test that the columns of the grain are unique together; None where the project cannot run it, and
    where one column alone is the grain, which has its own test.
    """
    if len(kept.grain) < 2:
        return None
    return test_value(
        MappedTest(kept.grain[0], "unique_combination", columns=kept.grain),
        ref=lambda test: None,
        nested_arguments=options.nested_arguments,
        packages=options.packages,
        macros=options.macros,
        dialect=options.dialect,
    )


def _model(kept: KeptModel, options: Rendering) -> dict[str, Any]:
    value: dict[str, Any] = {"name": kept.name, "description": one_line(_description(kept))}
    if kept.contract:
        value["config"] = {"contract": {"enforced": True}}
    test = grain_test(kept, options)
    if test is not None:
        value[options.properties.tests_key] = [test]
    value["columns"] = [_column(column, options, has_type=kept.contract) for column in kept.columns]
    return value


def _description(kept: KeptModel) -> str:
    """The reading, which says exactly what the rows are, behind the sentence, which says what was meant."""
    asked = ", ".join((kept.sentence.rstrip(" .?!"), *(text.rstrip(" .?!") for text in kept.refined)))
    return f"{asked[:1].upper()}{asked[1:]}. {kept.described}".strip()


def _column(column: ModelColumn, options: Rendering, *, has_type: bool) -> dict[str, Any]:
    stored = stored_name(column.name, options.dialect)
    is_quoted = needs_quotes(stored, options.dialect)
    value: dict[str, Any] = {"name": escape_jinja(stored if is_quoted else column.name)}
    if column.description:
        value["description"] = one_line(column.description)
    if column.data_type and (options.properties.data_types or has_type):
        value["data_type"] = column.data_type
    if is_quoted:
        value["quote"] = True
    if column.tests:
        value[options.properties.tests_key] = list(column.tests)
    return value


def _unit_test(
    model: str,
    number: int,
    rows: WitnessRows,
    columns: Sequence[str],
    calls: Mapping[str, str],
    types: Mapping[str, str],
    macros: Mapping[str, Any],
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "name": f"{model}_on_witness_rows" + (f"_{number}" if number > 1 else ""),
        "description": (
            "What the sentence says of these rows, worked out without the SQL of the model. "
            "Each row tells it from a fault."
        ),
        "model": model,
    }
    if macros:
        value["overrides"] = {"macros": dict(macros)}
    expected = [dict(zip(columns, row, strict=True)) for row in rows.expected]
    return {**value, "given": _given(rows, calls), "expect": {"rows": _rows(expected, types)}}


def _of_growth(
    model: str,
    witnesses: Witnesses,
    calls: Mapping[str, str],
    types: Mapping[str, str],
    incremental: Incremental,
    dialect: str,
) -> Iterator[dict[str, Any]]:
    """The unit test of a run on the model as it was built before, which gives its last period only; none
    where no witness rows are of several periods.
    """

    def there(rows: WitnessRows) -> list[dict[str, Any]]:
        everything = (dict(zip(witnesses.columns, row, strict=True)) for row in rows.expected)
        return [row for row in everything if row[incremental.period] is not None]

    def periods(rows: WitnessRows) -> set[Any]:
        return {row[incremental.period] for row in there(rows)}

    best = max(witnesses.sets, key=lambda rows: len(periods(rows)))
    if len(periods(best)) < 2:
        return
    last = [row for row in there(best) if row[incremental.period] == max(periods(best))]
    yield {
        "name": f"{model}_grows_by_its_last_period",
        "description": "On the model as it is there already, only its last period is worked out anew.",
        "model": model,
        "overrides": {"macros": {"is_incremental": True}},
        "given": [
            *_given(best, calls),
            {"input": "this", "format": "sql", "rows": _select(there(best), types, dialect)},
        ],
        "expect": {"rows": _rows(last, types)},
    }


def _given(rows: WitnessRows, calls: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"input": calls[table], "rows": _rows(held, {})} for table, held in sorted(rows.rows.items())]


def _select(rows: Sequence[Mapping[str, Any]], types: Mapping[str, str], dialect: str) -> str:
    """Rows as a query: those of a model that was never built cannot be given in another form, since dbt asks
    the warehouse for their types.
    """
    name = sqlglot_dialect(dialect)
    kinds = {column: exp.DataType.build(data_type, dialect=name) for column, data_type in types.items()}
    selects = [
        exp.select(
            *(
                exp.alias_(exp.cast(exp.convert(_plain(value)), kinds[column]), column)
                for column, value in row.items()
            )
        )
        for row in rows
    ]
    query = exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]
    sql = query.sql(name, pretty=True)
    return recased(sql, dialect, keywords="lower", functions="lower", types="lower")


def _rows(rows: Iterable[Mapping[str, Any]], types: Mapping[str, str]) -> list[Flow]:
    return [Flow(dict(_plain_row(row, types))) for row in rows]


def _plain_row(row: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        yield name, _plain(value, is_date=type_family(types.get(name, "")) == "date")


def _plain(value: Any, *, is_date: bool = False) -> Any:
    """A value as dbt takes it in a row of a unit test; a text, which dbt renders, without Jinja."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if is_date else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return escape_jinja(value) if isinstance(value, str) else value

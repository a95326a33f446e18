"""Planned trees as SQL of any dialect: everybody who runs, shows or keeps planned SQL takes it from here."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError

from aidbt.semantic.planning.errors import CannotPlan
from aidbt.sql.dialect import sqlglot_dialect
from aidbt.warehouse.dialects import DIALECTS, NoLowering, generator_class
from aidbt.warehouse.dialects.lowering import lowered

# What the catalogs of a dialect call an instant; a name that has a zone in it is one everywhere.
_INSTANTS = {
    "bigquery": {exp.DataType.Type.TIMESTAMP},
    "spark": {exp.DataType.Type.TIMESTAMP},
    "databricks": {exp.DataType.Type.TIMESTAMP},
}


def render_query(tree: exp.Query, dialect: str, *, is_pretty: bool = True) -> str:
    """The text of a planned query, all names quoted; the tree is left as it is.

    Args:
        dialect: of dbt's adapter, or sqlglot's name of it.

    Raises:
        CannotPlan: the dialect has nothing that means the same as some part of it, or is not known.

    Example:
        >>> tree = exp.select(exp.Median(this=exp.column("price"))).from_("orders")
        >>> render_query(tree, "postgres", is_pretty=False)
        'SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY "price") FROM "orders"'
    """
    name = _known(dialect)
    tree = lowered_query(tree, name)
    generator = generator_class(name)(
        dialect=name, identify=True, pretty=is_pretty, unsupported_level=ErrorLevel.RAISE
    )
    try:
        return generator.generate(tree)
    except UnsupportedError as error:  # what sqlglot itself knows it would drop
        raise CannotPlan(f"{dialect} has no SQL for this: {error}") from error


def lowered_query(tree: exp.Query, dialect: str) -> exp.Query:
    """A planned query in the words of a dialect, for whoever prints it piece by piece.

    Raises:
        CannotPlan: as of `render_query`.
    """
    name = _known(dialect)
    if name == "duckdb":
        return tree.copy()
    try:
        found = lowered(_typed(tree, name), name)
    except NoLowering as error:
        raise CannotPlan(error.message, hint=error.hint) from error
    assert isinstance(found, exp.Query)
    return found


def _known(dialect: str) -> str:
    name = sqlglot_dialect(dialect)
    if name not in DIALECTS:
        raise CannotPlan(
            f"questions are not written in the SQL of '{dialect}'",
            hint=f"they are in that of {', '.join(DIALECTS)}",
        )
    return name


def _typed(tree: exp.Query, dialect: str) -> exp.Query:
    """A copy whose columns have the types that their names mean in a dialect.

    What is cast to a time is one without a zone, whatever the dialect's catalog or a setting of the session
    takes the plain word for.
    """
    tree = tree.copy()
    instants = _INSTANTS.get(dialect, set())
    for node in tree.walk():
        if node.type is not None and node.type.this in instants:
            node.type = exp.DataType.build("timestamptz")
        if isinstance(node, exp.Cast) and node.to.this is exp.DataType.Type.TIMESTAMP:
            node.set("to", exp.DataType.build("timestampntz"))
    return tree

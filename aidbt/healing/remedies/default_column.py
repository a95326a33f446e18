"""A column of a source that is gone is read as the default that its YAML declares."""

from __future__ import annotations

from dataclasses import replace

from aidbt.core.failures import ErrorClass
from aidbt.core.healing import Checked, Claim, Declined, Diagnosis, Mend, Risk
from aidbt.core.patch import Patch
from aidbt.core.types import is_same_type, type_family
from aidbt.healing.diagnosis.finding import readers_of
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.same_words import says_more, says_the_same
from aidbt.healing.remedies.column_claims import is_gone, no_other_has_them
from aidbt.healing.remedies.generated_staging import is_generated
from aidbt.healing.remedies.remedy import Tools
from aidbt.healing.remedies.renamed_column import likely_by_name
from aidbt.healing.remedies.source_readers import Wanted, known_source, patched
from aidbt.healing.remedies.source_values import SourceNow, is_recoded
from aidbt.project.manifest import Node
from aidbt.project.own_settings import column_setting, own_setting
from aidbt.sql.parse import parse_sql
from aidbt.sql.reads import Instead

NAME = "default_column"
_WARN = '{{%- do exceptions.warn("{}") -%}}\n'


class DefaultColumn:
    """For a column that is gone, is not critical, and has a declared default."""

    def propose(self, diagnosis: Diagnosis, case: Case, tools: Tools) -> Mend | Declined:
        """Every direct reader of the source reads the default under the column's name."""
        column = diagnosis.facts.get("column", "")
        if diagnosis.error_class is not ErrorClass.COLUMN_REMOVED or not column:
            return Declined(NAME, "no column of a source is gone for good", is_concerned=False)
        if diagnosis.facts.get("alternatives"):
            return Declined(NAME, f"{diagnosis.facts['alternatives']} may be {column} under another name")
        found = known_source(NAME, diagnosis, case)
        if isinstance(found, Declined):
            return found
        source, then, now = found
        was = then.column(column)
        if was is None:
            return Declined(NAME, f"{source.name} had no {column}")
        if is_critical(source, column, case, tools):
            return Declined(NAME, f"{source.name}.{column} is declared critical: nothing stands in for it")
        default = column_setting(source, column, "default")
        if default is None:
            return Declined(NAME, f"no default is declared for {source.name}.{column}")
        instead = default_of(default, was.data_type, case.dialect)
        if isinstance(instead, str):
            return Declined(NAME, f"the default of {source.name}.{column} {instead}")
        shown = instead.form.format()
        reason = f"{source.name}.{column} is gone; its declared default stands in"
        patch = patched(NAME, Wanted(source, then, now, column, instead, reason), case, tools)
        if isinstance(patch, Declined):
            return patch
        patch = _warning(patch, f"{source.source_name}.{source.name}", column, shown, tools)
        fresh = SourceNow(case, tools, source)
        table = f"{source.source_name}.{source.name}"
        return Mend(
            NAME,
            f"Read the declared default {shown} for {table}.{column}, which is gone",
            patch=patch,
            claims=(
                is_gone(fresh, column),
                Claim(
                    f"its YAML declares {default} as the default of {column}, and nobody calls it critical",
                    lambda: Checked(not is_critical(source, column, case, tools), "read from the manifest"),
                ),
                Claim(
                    f"{shown} is a value of the type {was.data_type}",
                    lambda: fresh.try_out(instead, was.data_type),
                ),
                no_other_has_them(fresh, column, ()),
                Claim(
                    f"no new column of {source.name} is called as if it were {column}, or says the same",
                    lambda: _none_alike(fresh, column, tools),
                ),
            ),
            risk=Risk.MEDIUM,
            changes=((source.unique_id, was.name),),
        )


def _warning(patch: Patch, table: str, column: str, shown: str, tools: Tools) -> Patch:
    """The patch with a line at the head of each model that lets dbt warn of the default in every run; of what
    aidbt generates anew the settings tell."""
    text = f"{table} has no column {column}: its declared default {shown} is read"
    line = _WARN.format(text.replace("\\", "\\\\").replace('"', '\\"'))
    edits = tuple(
        replace(one, after=line + one.after)
        if one.after is not None and one.path.endswith(".sql") and not is_generated(one.path, tools)
        else one
        for one in patch.edits
    )
    return replace(patch, edits=edits)


def _none_alike(now: SourceNow, column: str, tools: Tools) -> Checked:
    """Whether no new column is so like, by its name or as codes for the same, that a person should look."""
    then, there = now.then.keyed, now.now.keyed
    for new in now.change.new:
        if then is not None and there is not None and is_recoded(then, column, there, new):
            return Checked(False, f"{new} tells the same rows apart as {column} did, by other values")
        was = now.then.column(column)
        names = (column, new, type_family(was.data_type) if was is not None else "other", now.source.name)
        is_like = says_the_same(*names) or says_more(*names)
        if is_like or likely_by_name(now.then, now.now, column, new, tools).holds:
            return Checked(False, f"{new} may be it, in another form")
    return Checked(True, f"{len(now.change.new):,} are new")


def is_critical(source: Node, column: str, case: Case, tools: Tools) -> bool:
    """Whether somebody said that nothing may stand in for a column: of it, its table, or a model that gives
    it on under its name."""
    named = {name.casefold() for name in tools.settings.heal.critical}
    if own_setting(source.raw, "critical") is True or column_setting(source, column, "critical") is True:
        return True
    if named & {source.name.casefold(), f"{source.source_name}.{source.name}".casefold()}:
        return True
    readers = [case.node(name) for name in readers_of(case, source.unique_id)]
    return any(node is not None and column_setting(node, column, "critical") is True for node in readers)


def default_of(default: object, data_type: str, dialect: str) -> Instead | str:
    """A declared default as what is read, cast where it is of another type; or what is wrong with it."""
    from sqlglot import exp

    from aidbt.sql.relations import RelationIndex
    from aidbt.sql.resolve import resolve

    text = _as_sql(default)
    if "{{" in text or "{%" in text:
        return "holds Jinja, which is not read"
    query = parse_sql("select " + text, dialect)
    if query.tree is None or len(query.tree.selects) != 1 or query.tree.args.get("from_") is not None:
        return f"is no single expression of SQL: {text}"
    tree = query.tree.selects[0]
    found = resolve(query.tree, RelationIndex([], dialect), dialect).columns
    if isinstance(tree, exp.Alias) or len(found) != 1 or found[0].made not in ("constant", "cast"):
        return f"is no constant: {text}"
    form = text.replace("{", "{{").replace("}", "}}")
    if not found[0].data_type or not is_same_type(found[0].data_type, data_type):
        return Instead("cast(" + form + " as " + data_type.lower() + ")", is_typed=True)
    is_atomic = isinstance(tree, exp.Literal | exp.Boolean | exp.Null | exp.Cast | exp.Func | exp.Paren)
    return Instead(form, is_atomic=is_atomic, is_typed=True)


def _as_sql(default: object) -> str:
    """What YAML read: a bare true, 0 or null is what SQL writes so, too."""
    if isinstance(default, bool):
        return "true" if default else "false"
    return str(default).strip()

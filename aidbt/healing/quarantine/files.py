"""The files of a quarantine: a macro with the condition, a model with the rows, and what is said of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from aidbt.core.errors import EditConflict
from aidbt.generate.templates import jinja_text, render
from aidbt.healing.quarantine.entry import Entry
from aidbt.healing.quarantine.rules import Rule
from aidbt.monitors.incidents.surroundings import owner_of
from aidbt.sql.identifiers import escape_jinja, needs_quotes, quote_text

# Words of SQL outside of quotes.
_WORDS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\b[A-Z][A-Z_]*\b")
_END = re.compile(r"\r?\n[ \t]*end\r?\n(?=\{%-? endmacro)")


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of the quarantine of a model are called."""

    model: str

    @property
    def quarantine(self) -> str:
        return f"{self.model}__quarantine"

    @property
    def macro(self) -> str:
        return f"{self.model}__quarantine_reason"

    @property
    def test(self) -> str:
        return f"{self.model}__loses_no_row"


def source_call(names: tuple[str, str]) -> str:
    """`{{ source('crm', 'leads') }}`."""
    return f"{{{{ source({jinja_text(names[0])}, {jinja_text(names[1])}) }}}}"


def condition_text(rule: Rule, dialect: str) -> str:
    """A rule's condition as people write it, with dbt's name for another source that it reads."""
    tree = rule.condition.copy()
    for column in tree.find_all(exp.Identifier):
        column.set("quoted", needs_quotes(column.name, dialect))
    for table in list(tree.find_all(exp.Table)):
        table.replace(exp.to_table("aidbt_parent_source"))
    tree = tree.transform(_plainly)
    parts = [part.sql(dialect) for part in (tree.flatten() if isinstance(tree, exp.And) else [tree])]
    text = escape_jinja("\n            and ".join(_WORDS.sub(_lowered, part) for part in parts))
    if rule.parent is not None:
        parent = rule.parent.source
        text = text.replace("aidbt_parent_source", source_call((parent.source_name, parent.name)))
    return text


def macro_text(entry: Entry, rules: tuple[Rule, ...], dialect: str, *, is_whole: bool) -> str:
    """The file with the condition and the test that no row is lost.

    Args:
        is_whole: whether the staging model gives every row of this source that is not set aside, and no
            other; else what stays is counted at the source.
    """
    names = Names(entry.staging.name)
    kept = entry.staging.name if is_whole else f"what {entry.staging.name} reads"
    text = render(
        "dbt/quarantine/macro.sql.jinja",
        source=entry.name,
        model=entry.staging.name,
        quarantine=names.quarantine,
        macro=names.macro,
        test=names.test,
        condition=condition_text(rules[0], dialect),
        reason=escape_jinja(quote_text(rules[0].reason, dialect)),
        where_kept=f"{kept} or in {names.quarantine}",
        is_whole=is_whole,
        source_call=source_call((entry.source.source_name, entry.source.name)),
        model_call=f"{{{{ ref({jinja_text(entry.staging.name)}) }}}}",
    )
    return with_rules(text, rules[1:], dialect, path=names.macro)


def with_rules(text: str, rules: tuple[Rule, ...], dialect: str, *, path: str) -> str:
    """The macro with more conditions, at the end; those that it has are not repeated.

    Raises:
        EditConflict: it is not as it was written.
    """
    for rule in rules:
        condition = condition_text(rule, dialect)
        if f"when {condition}\n" in text.replace("\r\n", "\n"):
            continue
        places = list(_END.finditer(text))
        if len(places) != 1:
            raise EditConflict(f"{path} is not as it was written, so no condition is added to it")
        at = places[0].start()
        reason = escape_jinja(quote_text(rule.reason, dialect))
        text = f"{text[:at]}\n        when {condition}\n            then {reason}{text[at:]}"
    return text


def model_text(entry: Entry) -> str:
    """The model that holds the rows."""
    return render(
        "dbt/quarantine/model.sql.jinja",
        macro=Names(entry.staging.name).macro,
        source_call=source_call((entry.source.source_name, entry.source.name)),
    )


def yaml_text(entry: Entry, since: date, days: int) -> str:
    """What is said of it: whose rows they are, and until when somebody should have looked."""
    names = Names(entry.staging.name)
    return render(
        "dbt/quarantine/model.yml.jinja",
        quarantine=names.quarantine,
        description=f"Rows of {entry.name} that {entry.staging.name} leaves out, each with the reason.",
        source=entry.name,
        owner=owner_of(entry.source) or owner_of(entry.staging),
        since=since.isoformat(),
        until=(since + timedelta(days=days)).isoformat(),
        test=names.test,
    )


def _plainly(node: exp.Expr) -> exp.Expr:
    """`x is not null` for `not x is null`."""
    inner = node.this if isinstance(node, exp.Not) else None
    if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
        return exp.Is(this=inner.this, expression=exp.Not(this=exp.Null()))
    return node


def _lowered(found: re.Match[str]) -> str:
    return found[0] if found[0][0] in "'\"`" else found[0].lower()

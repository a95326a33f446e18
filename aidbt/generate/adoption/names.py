"""Learning how a team names and casts the columns of its staging models, from the models themselves.

Every rule is one that `column_name` can follow, and is kept only when it explains more columns than not
having it: case, prefixes, words, what `id` becomes, the form of each kind of column, single renames. What no
rule explains is odd, and is listed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aidbt.core.config import ConventionSettings
from aidbt.core.findings import Finding, Severity
from aidbt.core.schema import Column
from aidbt.core.words import singular
from aidbt.lineage.written.staging import StagingModel
from aidbt.project.conventions import (
    LOADER_COLUMNS,
    Kind,
    Name,
    bare_table,
    base_name,
    cased,
    column_kind,
    column_name,
    kind_by_name,
    snake_case,
)

# A rule needs so many columns behind it, and this share of those that it is about.
_LEAST = 2
_SHARE = 0.6
_CASTS_SHARE = 0.6
_ORDER_SHARE = 0.7
_CONTESTED = 0.3
_TABLES_OF_A_RENAME = 2


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """One column of a staging model with the source column it is.

    Attributes:
        data_type: its type in staging where the model or its YAML says it, else "".
        cast: the type it is cast to in the model's SQL, else "".
        expression: SQL with <column> for the source column, when it is neither plain nor a cast.
        model: the file of the model.
    """

    source: str
    table: str
    column: str
    target: str
    data_type: str = ""
    cast: str = ""
    expression: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class LearnedNames:
    """A team's conventions with what they explain.

    Attributes:
        explained: rule → how many columns it names.
        odd: columns that no rule names as they are named.
        contested: kinds of columns that the team names in several ways.
    """

    rules: ConventionSettings
    explained: dict[str, int]
    odd: tuple[NamedColumn, ...]
    contested: tuple[Finding, ...] = ()

    @property
    def columns(self) -> int:
        """How many columns were looked at."""
        return sum(self.explained.values()) + len(self.odd)


def named_columns(source: str, table: str, model: StagingModel, types: dict[str, str]) -> list[NamedColumn]:
    """The columns of one staging model that come from one source column each.

    Args:
        types: the types of the model's columns as its YAML says them, by column.
    """
    found = []
    for column in model.columns:
        if column.kind == "unknown" and (simple := _SIMPLE.fullmatch(column.text)):
            found.append(_by_its_text(source, table, column.name, simple, model.path))
            continue
        names = [item.name for item in column.sources] or list(column.jinja_names)
        if len(names) != 1 or not column.name or column.kind in ("star", "unknown"):
            continue
        is_cast = column.kind == "cast" and "{{" not in column.data_type
        expression = "" if is_cast or column.kind == "direct" else _with_place(column.text, names[0])
        cast = column.data_type if is_cast else ""
        known = cast or types.get(column.name, "")
        found.append(NamedColumn(source, table, names[0], column.name, known, cast, expression, model.path))
    return found


# A name alone, in a cast, or divided: what stands over columns that a macro writes (Fivetran's packages list
# them so), which cannot be followed to their source but have its names.
_SIMPLE = re.compile(
    r"(?P<plain>[A-Za-z_]\w*)|cast\((?P<cast>[A-Za-z_]\w*)\s+as\s+(?P<type>.+)\)|(?P<divided>[A-Za-z_]\w*)\s*/\s*[\d.]+",
    re.IGNORECASE | re.DOTALL,
)


def _by_its_text(source: str, table: str, target: str, simple: re.Match[str], path: str) -> NamedColumn:
    name = simple["plain"] or simple["cast"] or simple["divided"]
    data_type = simple["type"] or ""
    is_cast = bool(data_type) and "{{" not in data_type
    expression = "" if simple["plain"] or is_cast else _with_place(simple[0], name)
    cast = data_type if is_cast else ""
    return NamedColumn(source, table, name, target, cast, cast, expression, path)


def _with_place(expression: str, column: str) -> str:
    """The expression with <column> where the column stands."""
    return re.sub(rf"(?<!\w){re.escape(column)}(?!\w)", "<column>", expression)


def learn_names(columns: Sequence[NamedColumn]) -> LearnedNames:
    """The conventions that explain how the columns are named and cast."""
    rules = ConventionSettings()
    known = _Columns(columns)
    if columns:
        for learn in (_case, _prefixes, _key, _entity_words, _kinds, _words, _kinds, _renames, _casts):
            rules = learn(known, rules)
        rules = _order(known, _expressions(known, rules))
    explained: Counter[str] = Counter()
    odd = []
    for column in columns:
        rule = known.explained_by(column, rules)
        if rule:
            explained[rule] += 1
        else:
            odd.append(column)
    return LearnedNames(
        rules, dict(explained.most_common()), tuple(odd), tuple(_contested(known, odd, rules))
    )


# The types by which a column may be named whose type no file tells.
_POSSIBLE_TYPES = ("", "boolean", "timestamp", "date")


class _Columns:
    """The columns that are learned from, with the tables of their sources."""

    def __init__(self, columns: Sequence[NamedColumn]) -> None:
        self.all = columns
        self._entities: dict[str, set[str]] = {}
        for column in columns:
            self._entities.setdefault(column.source, set()).add(singular(snake_case(column.table)))

    def kind(self, column: NamedColumn, rules: ConventionSettings, data_type: str | None = None) -> Kind:
        """The kind of a column by its type, or by its name."""
        data_type = column.data_type if data_type is None else data_type
        entities = self._entities[column.source]
        return column_kind(cased(column.column, rules), data_type, entities=entities)

    def predicted(self, column: NamedColumn, rules: ConventionSettings, data_type: str = "") -> Name:
        """The name by the rules."""
        return column_name(
            Column(column.column, column.data_type or data_type),
            entity=column.table,
            source=column.source,
            rules=rules,
            entities=self._entities[column.source],
        )

    def explained_by(self, column: NamedColumn, rules: ConventionSettings) -> str:
        """The rule that gives a column its name; "" when none does. Where no file tells its type, it may
        have any: the models were written by people who knew it.
        """
        for data_type in ("",) if column.data_type else _POSSIBLE_TYPES:
            name = self.predicted(column, rules, data_type)
            if name.name == column.target:
                return name.rule
        return ""

    def kind_by_rule(self, column: NamedColumn, rules: ConventionSettings) -> str:
        """The kind by the rule that explains the column's name, else by its type or name."""
        kind = self.explained_by(column, rules).partition(":")[0]
        return kind if kind in ("key", *_FORMS) else self.kind(column, rules)

    def score(self, rules: ConventionSettings, columns: Sequence[NamedColumn] | None = None) -> int:
        """How many columns the rules explain."""
        return sum(
            bool(self.explained_by(column, rules)) for column in (self.all if columns is None else columns)
        )


def _with(rules: ConventionSettings, **changes: Any) -> ConventionSettings:
    return rules.model_copy(update=changes)


def _case(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    own = [c for c in known.all if not LOADER_COLUMNS.match(c.column)]
    options = [_with(rules, case=case) for case in ("snake", "lower", "keep")]
    return max(options, key=lambda option: known.score(option, own))  # the first of equals


def _prefixes(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """Prefixes that the names of a source's columns lose in staging, the longest first."""
    lost: Counter[str] = Counter()
    for column in known.all:
        name = cased(column.column, rules)
        if name.endswith("_" + column.target):
            lost[name[: -len(column.target)]] += 1
    for prefix, times in sorted(lost.items(), key=lambda item: (-item[1], -len(item[0]))):
        if times <= _LEAST:
            break
        kept = sum(
            cased(c.column, rules).startswith(prefix) and c.target.startswith(prefix) for c in known.all
        )
        option = _with(rules, strip_prefixes=[*rules.strip_prefixes, prefix])
        if times > kept and known.score(option) > known.score(rules):
            rules = option
    return _with(rules, strip_prefixes=sorted(rules.strip_prefixes, key=lambda p: (-len(p), p)))


def _entity_words(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """Words that are too general to stand alone and get their table's name in front."""
    seen: dict[str, Counter[bool]] = {}
    for column in known.all:
        name = cased(column.column, rules)
        carried = f"{singular(bare_table(column.source, column.table, rules.table_prefixes))}_{name}"
        if name != "id":
            seen.setdefault(name, Counter())[column.target == carried] += 1
    words = [
        word
        for word, counted in sorted(seen.items())
        if counted[True] >= _LEAST and counted[True] >= _SHARE * counted.total()
    ]
    return _with(rules, entity_words=words)


def _words(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """Words that staging writes in another way: abbreviations spelled out, synonyms, plurals."""
    changed: dict[str, Counter[str]] = {}
    for column in known.all:
        before, after = known.predicted(column, rules).name.split("_"), column.target.split("_")
        if len(before) != len(after):
            continue
        differ = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        if len(differ) < 2:
            for word in before:
                changed.setdefault(word, Counter())[dict(differ).get(word, word)] += 1
    for word, forms in sorted(changed.items()):
        form, times = forms.most_common(1)[0]
        if form == word or times < _LEAST or times < _SHARE * forms.total() or word in rules.words:
            continue
        option = _with(rules, words={**rules.words, word: form})
        if known.score(option) >= known.score(rules) + _LEAST:
            rules = option
    return rules


def _key(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """What a column called `id` becomes."""
    forms = Counter(_generalised(c) for c in known.all if cased(c.column, rules) == "id")
    if not forms:
        return rules
    form, times = forms.most_common(1)[0]
    good = times >= _LEAST and times >= _SHARE * forms.total()
    return _with(rules, key=form) if good else rules


def _generalised(column: NamedColumn) -> str:
    """The name of a key with the parts that come from its table in braces."""
    table = snake_case(column.table)
    for part, word in (("{entity}", singular(table)), ("{table}", table)):
        if word in column.target:
            return column.target.replace(word, part, 1)
    return column.target


_FORMS: tuple[Kind, ...] = ("foreign_key", "reference", "timestamp", "date", "boolean", "cents", "amount")
# What a name may begin or end with that tells its kind, for columns whose type no file tells.
_AFFIXES: dict[Kind, tuple[str, ...]] = {
    "boolean": ("is_{name}", "flag_{name}", "has_{name}", "{name}_flag", "{name}_ind", "{name}_bool"),
    "timestamp": ("{name}_at", "{name}_ts", "{name}_timestamp", "{name}_time", "{name}_datetime"),
    "date": ("{name}_date", "{name}_dt", "{name}_on", "{name}_day"),
}


def _kinds(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """The form of the names of each kind of column."""
    for kind in _FORMS:
        concerned = [c for c in known.all if known.kind(c, rules) == kind]
        untyped = [c for c in known.all if not c.data_type and known.kind(c, rules) == "other"]
        forms: Counter[str] = Counter()
        for column in concerned:
            name = cased(column.column, rules)
            forms.update(_forms(name, base_name(name, kind), column.target, kind))
        for form in _AFFIXES.get(kind, ()):
            forms[form] += sum(form.format(name=cased(c.column, rules)) == c.target for c in untyped)
        judged = [*concerned, *untyped]
        options = [_with(rules, **{str(kind): form}) for form, times in forms.items() if times >= _LEAST]
        options = [rules, *options, _with(rules, **{str(kind): "keep"})]
        best = max(options, key=lambda option: known.score(option, judged))
        if known.score(best, judged) > known.score(rules, judged):
            rules = best
    return rules


def _forms(name: str, base: str, target: str, kind: Kind) -> Iterator[str]:
    """The ways to make a staged name of a source's, with the name in braces."""
    is_id = re.search(r"_(id|key|sk|fk)$", target) is not None
    if kind == "amount" and is_id:
        return
    for part, text in (("{name}", base), ("{full}", name)):
        if text and text in target and target != name:
            before, _, after = target.partition(text)
            yield f"{before}{part}{after}"
        if base == name:
            return


def _renames(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """Single source columns that get the same other name in several tables."""
    names: dict[str, Counter[str]] = {}
    tables: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for column in known.all:
        name = column.column.lower()
        if name == "id":  # named by its table
            continue
        names.setdefault(name, Counter())[column.target] += 1
        tables.setdefault((name, column.target), set()).add((column.source, column.table))
    found = dict(rules.renames)
    for name, forms in sorted(names.items()):
        target, times = forms.most_common(1)[0]
        concerned = [c for c in known.all if c.column.lower() == name]
        is_agreed = times >= _SHARE * forms.total() and len(tables[name, target]) >= _TABLES_OF_A_RENAME
        if is_agreed and times > known.score(rules, concerned):
            found[name] = target
    return _with(rules, renames=found)


def _casts(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """The type that each kind of column is cast to, where most of its columns are cast."""
    casts: dict[Kind, Counter[str]] = {}
    for column in known.all:
        if column.expression:
            continue
        kind = known.kind(column, rules, column.cast or column.data_type)
        casts.setdefault(kind, Counter())[column.cast] += 1
    found = {}
    for kind, types in sorted(casts.items()):
        plain = types.pop("", 0)
        if types and kind != "other" and types.total() >= _CASTS_SHARE * (types.total() + plain):
            cast, times = types.most_common(1)[0]
            if times >= _LEAST:
                found[str(kind)] = cast
    return _with(rules, casts=found)


def _expressions(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """Expressions that several columns share: by their kind where most have it, else by their names."""
    by_text: dict[str, list[NamedColumn]] = {}
    kinds = {id(column): known.kind_by_rule(column, rules) for column in known.all}
    for column in known.all:
        if "<column>" in column.expression:
            by_text.setdefault(column.expression, []).append(column)
    found: dict[str, str] = {}
    renames = dict(rules.renames)
    for text, users in sorted(by_text.items(), key=lambda item: -len(item[1])):
        if len(users) < _LEAST:
            continue
        kind, times = Counter(kinds[id(column)] for column in users).most_common(1)[0]
        concerned = [c for c in known.all if kinds[id(c)] == kind]
        if kind != "other" and times >= _SHARE * len(concerned) and kind not in found:
            found[str(kind)] = text
        else:
            found |= {column.column.lower(): text for column in users}
            # What is made by the same expression is named in the same way, in one table already.
            odd = [column for column in users if not known.explained_by(column, rules)]
            renames |= {column.column.lower(): column.target for column in odd}
    return _with(rules, expressions=found, renames=renames)


def _contested(known: _Columns, odd: Sequence[NamedColumn], rules: ConventionSettings) -> Iterator[Finding]:
    for kind in ("key", *_FORMS):
        concerned = [c for c in known.all if known.kind(c, rules) == kind]
        others = [c for c in odd if known.kind(c, rules) == kind]
        if len(others) > _LEAST and len(others) > _CONTESTED * len(concerned):
            examples = ", ".join(dict.fromkeys(f"{c.column} → {c.target}" for c in others[:3]))
            yield Finding(
                "conventions.contested",
                Severity.WARN,
                f"conventions.{kind}",
                f"{len(concerned) - len(others)} of {len(concerned)}"
                f" {'keep their names' if getattr(rules, kind) == 'keep' else f'are {getattr(rules, kind)}'};"
                f" others: {examples}",
            )


def _order(known: _Columns, rules: ConventionSettings) -> ConventionSettings:
    """The order of kinds that most models keep; where their columns stand as in the source, none is found."""
    models: dict[str, list[str]] = {}
    for column in known.all:
        kinds = models.setdefault(column.model, [])
        kinds.append(kind_by_name(column.target, column.column, rules))
    kinds = sorted({kind for found in models.values() for kind in found})
    mean = {
        kind: sum(_relative(found, kind) for found in models.values() if kind in found)
        / sum(kind in found for found in models.values())
        for kind in kinds
    }
    order = sorted(kinds, key=lambda kind: mean[kind])
    rank = {kind: place for place, kind in enumerate(order)}
    telling = [found for found in models.values() if len(set(found)) > 2]
    kept = sum(found == sorted(found, key=lambda kind: rank[kind]) for found in telling)
    good = len(telling) >= _LEAST + 1 and kept >= _ORDER_SHARE * len(telling)
    return _with(rules, order=order) if good else rules


def _relative(kinds: Sequence[str], kind: str) -> float:
    """The mean place of a kind's columns, 0..1."""
    places = [place for place, other in enumerate(kinds) if other == kind]
    return sum(places) / len(places) / max(len(kinds) - 1, 1)

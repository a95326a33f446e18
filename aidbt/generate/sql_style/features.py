"""What one staging model shows of its team's style: its habits, and its text without what is its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from aidbt.core.words import singular
from aidbt.generate.sql_style.style import (
    COLUMNS,
    FINAL_COLUMNS,
    SOURCE,
    SOURCE_COLUMNS,
    TABLE,
    Group,
    column_group,
)
from aidbt.generate.sql_style.words import case_of, words
from aidbt.generate.sql_style.write import Edit, spliced
from aidbt.lineage.written.staging import StagingModel
from aidbt.project.conventions import snake_case
from aidbt.sql.jinja import JinjaTag

if TYPE_CHECKING:
    from aidbt.lineage.written.layout import ItemLayout, QueryLayout, SelectLayout

_QUOTED_OR_COMMENT = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|(?P<comment>--[^\n]*|/\*.*?\*/)""", re.DOTALL
)
_BARE = re.compile(r'(?:\w+|"(?:[^"]|"")+"|`[^`]+`)\Z')
_STRING = re.compile(r"""(['"])((?:\\.|(?!\1).)*)\1""")
_PREFIXES = ("raw_", "src_", "tbl_", "stg_", "base_")
_USUAL_CTES = frozenset({"", "source", "src", "base", "renamed", "fields", "final"})
_CLAUSES_OF_ONE_MODEL = ("where", "group by", "having", "qualify", "order by", "limit", "offset", "fetch")


@dataclass(frozen=True, slots=True)
class ModelStyle:
    """One model's habits.

    Attributes:
        facts: fact → what this model does; absent where it shows nothing.
        structure: its CTEs with what they select, names of its own replaced.
        comments: every comment and config outside its lists, as written.
        headings: (comment, position 0..1 in the list, group of the column behind it) of comments in the list
            that stand on a line of their own.
    """

    model: StagingModel
    facts: dict[str, str]
    structure: tuple[str, ...]
    comments: tuple[str, ...]
    headings: tuple[tuple[str, float, Group], ...]

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def folder(self) -> str:
        return PurePosixPath(self.model.path).parent.as_posix()


@dataclass(frozen=True, slots=True)
class _Select:
    """A select with the name of its CTE; "" for the last one."""

    cte: str
    layout: SelectLayout


def model_style(model: StagingModel) -> ModelStyle | None:
    """The habits of a model of one relation that lists its columns; None for any other."""
    lists = _lists(model)
    main = _main_list(model, lists)
    if main is None or not model.is_plain:
        return None
    return ModelStyle(
        model=model,
        facts=dict(_facts(model, main)),
        structure=tuple(_structure(model, lists, main)),
        comments=tuple(model.text[start:end] for start, end in _own_pieces(model, lists)),
        headings=tuple(_headings(model, main.layout)),
    )


# --- lists ---


def _lists(model: StagingModel) -> list[_Select]:
    """Every select of the model, in the order of its text; none where places are not known."""
    return list(_selects(model, model.layout, "")) if model.layout is not None else []


def _selects(model: StagingModel, layout: QueryLayout, name: str) -> Iterator[_Select]:
    for cte in layout.ctes:
        yield from _selects(model, cte.query, model.sql.sql[cte.name.start : cte.name.end])
    yield from (_Select(name, select) for select in layout.selects)


def _is_star(model: StagingModel, item: ItemLayout) -> bool:
    text = model.sql.sql[item.whole.start : item.whole.end]
    return text == "*" or text.endswith(".*") or re.match(r"(\w+\.)?\*\s", text) is not None


def _is_listing(model: StagingModel, select: _Select) -> bool:
    """Whether it names every column."""
    return not any(_is_star(model, item) for item in select.layout.items)


def _main_list(model: StagingModel, lists: list[_Select]) -> _Select | None:
    """The list that renames: of those that name every column, the last with most that is not just names."""
    listing = [select for select in reversed(lists) if select.layout.items and _is_listing(model, select)]
    return max(listing, key=lambda select: _changes(model, select), default=None)


def _changes(model: StagingModel, select: _Select) -> int:
    """How many items are more than a bare name."""
    return sum(
        _BARE.match(model.sql.sql[item.whole.start : item.whole.end]) is None for item in select.layout.items
    )


def _structure(model: StagingModel, lists: list[_Select], main: _Select) -> Iterator[str]:
    names = _own_names(model)
    for select in lists:
        if select is main:
            kind = "list"
        elif _is_listing(model, select):
            kind = "names"
        else:
            kind = "star"
        yield f"{names.get(select.cte.casefold(), select.cte.casefold()) or 'final'}: {kind}"


# --- facts ---


def _facts(model: StagingModel, main: _Select) -> Iterator[tuple[str, str]]:
    yield from _comma_facts(model, main.layout)
    yield from _word_facts(model)
    yield from _alias_facts(model, main.layout)
    casts = Counter(_casts(model, main.layout))
    yield from _majority("casts", casts)
    qualifiers = Counter(_qualifier(model, item) for item in main.layout.items if _is_name(model, item))
    if qualifiers:
        qualifier = qualifiers.most_common(1)[0][0]
        yield "qualifier", _own_names(model).get(qualifier.casefold(), qualifier)


def _majority(fact: str, counts: Counter[str]) -> Iterator[tuple[str, str]]:
    if counts:
        yield fact, counts.most_common(1)[0][0]


def _comma_facts(model: StagingModel, layout: SelectLayout) -> Iterator[tuple[str, str]]:
    text = model.text
    commas: Counter[str] = Counter()
    spaces: Counter[str] = Counter()
    indents: Counter[str] = Counter()
    for item in layout.items[1:]:
        if text[item.comma] != ",":
            continue  # it stands in a macro
        lead = text[text.rfind("\n", 0, item.comma) + 1 : item.comma]
        between = text[item.comma + 1 : item.whole.start]
        if not lead.strip() and "\n" not in between:
            commas["leading"] += 1
            spaces["true" if between[:1] in (" ", "\t") else "false"] += 1
            indents[lead] += 1
        elif "\n" in between:
            commas["trailing"] += 1
            indents[between.rpartition("\n")[2]] += 1
    yield from _majority("commas", commas)
    yield from _majority("comma_space", spaces)
    yield from _majority("line_indent", indents)
    yield "last_comma", "true" if layout.last_comma >= 0 else "false"


def _word_facts(model: StagingModel) -> Iterator[tuple[str, str]]:
    counts: dict[str, Counter[str]] = {"keyword": Counter(), "function": Counter(), "type": Counter()}
    sql = model.sql.sql
    for word in words(sql, model.dialect):
        case = case_of(sql[word.start : word.end])
        if case is not None and not model.sql.tags_in(word.start, word.end):
            counts[word.kind][case] += 1
    for kind, counter in counts.items():
        yield from _majority(f"{kind}s", counter)


def _alias_facts(model: StagingModel, layout: SelectLayout) -> Iterator[tuple[str, str]]:
    sql = model.sql.sql
    always: Counter[str] = Counter()
    as_words: Counter[str] = Counter()
    for item in layout.items:
        value = sql[item.value.start : item.value.end]
        if item.alias is not None:
            as_words["true"] += 1
            if value.rpartition(".")[2] == sql[item.alias.start : item.alias.end]:
                always["true"] += 1
        elif _is_name(model, item):
            always["false"] += 1
        elif re.search(r'[\w")\]]\s+["`\w]+\Z', value) and not value.lower().endswith(" end"):
            as_words["false"] += 1
    yield from _majority("alias_always", always)
    yield from _majority("alias_word", as_words)
    aligned = _is_aligned(model, layout)
    if aligned is not None:
        yield "align_as", "true" if aligned else "false"


def _is_aligned(model: StagingModel, layout: SelectLayout) -> bool | None:
    """Whether the `as` of a list stand under each other; None when that would be so in any case."""
    columns, ends = set(), set()
    for item in layout.items:
        if item.as_word is None or "\n" in model.text[item.whole.start : item.whole.end]:
            continue
        line = model.text.rfind("\n", 0, item.whole.start)
        columns.add(item.as_word.start - line)
        ends.add(item.value.end - line)
    return len(columns) == 1 if len(ends) > 2 else None


def _casts(model: StagingModel, layout: SelectLayout) -> Iterator[str]:
    for item in layout.items:
        value = model.sql.sql[item.value.start : item.value.end]
        if re.search(r"(?<!_)\bcast\s*\(", value, re.IGNORECASE):
            yield "cast"
        elif re.search(r"[\w\")\]]::", value):
            yield "shorthand"


def _is_name(model: StagingModel, item: ItemLayout) -> bool:
    value = model.sql.sql[item.value.start : item.value.end]
    parts = value.split(".")
    if len(parts) == 2 and parts[0].casefold() not in _scope_names(model):
        return False  # a field of a struct
    return len(parts) <= 2 and all(_BARE.match(part) for part in parts)


def _qualifier(model: StagingModel, item: ItemLayout) -> str:
    return model.sql.sql[item.value.start : item.value.end].rpartition(".")[0]


def _scope_names(model: StagingModel) -> set[str]:
    """The names that columns may be qualified with: CTEs, and aliases behind the relation's tag."""
    names = {select.cte.casefold() for select in _lists(model)}
    return names | {alias.casefold() for _, alias in _relation_aliases(model)}


def _relation_aliases(model: StagingModel) -> Iterator[tuple[int, str]]:
    """(where it stands, the alias) of what each select reads."""
    for select in _lists(model):
        clause = select.layout.clauses.get("from")
        if clause is not None:
            found = re.search(
                r"\A\w+\s+\S+\s+(?:as\s+)?([A-Za-z_]\w*)\Z",
                model.sql.sql[clause.start : clause.end],
                re.IGNORECASE,
            )
            if found:
                yield clause.start + found.start(1), found[1]


# --- headings ---


def _headings(model: StagingModel, layout: SelectLayout) -> Iterator[tuple[str, float, Group]]:
    items = layout.items
    types = {column.name.casefold(): column.data_type for column in model.columns}
    start = layout.keyword.end
    for index, item in enumerate(items):
        for text, at in _comments(model, start, item.whole.start):
            if not model.text[model.text.rfind("\n", 0, at) + 1 : at].strip():
                name = _output_name(model, item)
                group = column_group(name, types.get(name.casefold(), ""))
                yield text.rstrip(), index / len(items), group
        start = item.whole.end


def blank_before(model: StagingModel, headings: Iterable[str]) -> bool | None:
    """Whether a blank line stands before most headings but the first; None without a second one."""
    found = [
        model.text[: model.text.index(text)].rstrip(" \t").endswith("\n\n")
        for text in headings
        if text in model.text
    ][1:]
    return sum(found) * 2 > len(found) if found else None


def _output_name(model: StagingModel, item: ItemLayout) -> str:
    span = item.alias or item.value
    return model.text[span.start : span.end].rpartition(".")[2].strip('"`')


# --- what is one model's own ---


def _comments(model: StagingModel, start: int, end: int) -> Iterator[tuple[str, int]]:
    """(text, position) of each SQL comment."""
    for found in _QUOTED_OR_COMMENT.finditer(model.sql.sql, start, end):
        if found["comment"]:
            yield model.text[found.start() : found.end()], found.start()


def _own_pieces(model: StagingModel, lists: list[_Select]) -> list[tuple[int, int]]:
    """The places of comments, configs and other Jinja that prints nothing, outside lists of columns."""
    listed = [_list_span(model, select.layout) for select in lists if select.layout.items]
    sql_comments = [(at, at + len(text)) for text, at in _comments(model, 0, len(model.text))]
    pieces = sorted({*sql_comments, *model.sql.blanked})
    outer: list[tuple[int, int]] = []
    for start, end in pieces:
        in_list = any(first <= start < last for first, last in listed)
        if not in_list and not (outer and start < outer[-1][1]):
            outer.append((start, end))
    return outer


def _list_span(model: StagingModel, layout: SelectLayout) -> tuple[int, int]:
    """From the first character of a list, comments included, to its last column or comma.

    A comment behind the last column on its line belongs to it.
    """
    text = model.text
    start = layout.keyword.end
    start += re.match(r"\s*(distinct\s*)?", model.sql.sql[start:], re.IGNORECASE).end()  # type: ignore[union-attr]
    comments = list(_comments(model, layout.keyword.end, layout.items[0].whole.start))
    start = min([layout.items[0].whole.start, *(at for _, at in comments)])
    end = max(layout.items[-1].whole.end, layout.last_comma + 1)
    rest = re.match(r"[ \t]*--[^\n]*", text[end:])
    return start, end + rest.end() if rest else end


def skeleton(style: ModelStyle, shared: frozenset[str]) -> str | None:
    """The model's text with placeholders for what is its own; None when it cannot serve as one.

    Args:
        shared: comments and configs that nearly all models have and that therefore stay.
    """
    model = style.model
    lists = _lists(model)
    main = _main_list(model, lists)
    tag = _read_tag(model)
    call = _source_call(model, tag) if tag is not None else None
    if main is None or tag is None or call is None:
        return None
    edits = [Edit(tag.start, tag.end, call)]
    place = SOURCE_COLUMNS
    for select in lists:
        if select is main:
            edits.append(Edit(*_list_span(model, select.layout), COLUMNS))
            place = FINAL_COLUMNS
        elif _is_listing(model, select):
            if _changes(model, select) or any(edit.new == place for edit in edits):
                return None
            edits.append(Edit(*_list_span(model, select.layout), place))
        elif len(select.layout.items) != 1:
            return None  # `select *, more`: what is added is its own
        edits += _without_clauses(model, select.layout)
    edits += [
        _removed(model.text, *piece)
        for piece in _own_pieces(model, lists)
        if _text(model, piece) not in shared
    ]
    edits += _renamed(model, edits)
    text = spliced(model.text, _disjoint(edits))
    text = "\n".join(line.rstrip() for line in text.split("\n")).lstrip("\n")
    return text if text.count(COLUMNS) == 1 else None


def _text(model: StagingModel, piece: tuple[int, int]) -> str:
    return model.text[piece[0] : piece[1]]


def _read_tag(model: StagingModel) -> JinjaTag | None:
    """The tag of the relation that is read, where it is read: not in a comment, not in a subquery."""
    starts = {
        select.layout.clauses["from"].start for select in _lists(model) if "from" in select.layout.clauses
    }
    for tag in model.sql.tags:
        before = model.sql.sql[: tag.start].rstrip()
        if tag.kind != "expression" and before[-4:].lower() == "from" and len(before) - 4 in starts:
            return tag
    return None


def _source_call(model: StagingModel, tag: JinjaTag) -> str | None:
    """The tag as a source with placeholders, quoted and spaced as it is; None when a variable names it."""
    text = model.text[tag.start : tag.end]
    strings = list(_STRING.finditer(text))
    if len(strings) < len(tag.names) or not tag.names or tag.version:
        return None
    first, last = strings[0], strings[len(tag.names) - 1]
    quote = first[1]
    comma = text[first.end() : last.start()] if len(tag.names) == 2 else ", "
    names = f"{quote}{SOURCE}{quote}{comma}{quote}{TABLE}{quote}"
    before = re.sub(r"\bref\b", "source", text[: first.start()])
    return before + names + text[last.end() :]


def _without_clauses(model: StagingModel, layout: SelectLayout) -> Iterator[Edit]:
    """The filters and limits of a select, and its `distinct`, taken out."""
    for name in _CLAUSES_OF_ONE_MODEL:
        clause = layout.clauses.get(name)
        if clause is not None:
            start = len(model.text[: clause.start].rstrip())
            yield Edit(start, clause.end, "")
    if layout.distinct:
        found = re.compile(r"\s*distinct\b", re.IGNORECASE).match(model.sql.sql, layout.keyword.end)
        if found:
            yield Edit(found.start(), found.end(), "")


def _removed(text: str, start: int, end: int) -> Edit:
    """A piece taken out: with its line and the blank lines behind it when it stands alone on it."""
    line = text.rfind("\n", 0, start) + 1
    after = re.compile(r"[ \t]*(\r?\n|\Z)").match(text, end)
    if text[line:start].strip() or after is None:
        return Edit(len(text[:start].rstrip(" \t")), end, "")
    follows_blank = line == 0 or re.search(r"\n\r?\n\Z", text[:line]) is not None
    blank = re.compile(r"([ \t]*\r?\n)*").match(text, after.end()) if follows_blank else None
    return Edit(line, blank.end() if blank else after.end(), "")


def _own_names(model: StagingModel) -> dict[str, str]:
    """Names of CTEs and aliases that say the table's name, or the source's → the same with placeholders."""
    relation = model.relations[0] if model.relations else None
    if relation is None or relation.kind not in ("source", "ref"):
        return {}
    source = snake_case(relation.parent) if relation.parent else ""
    names = {select.cte for select in _lists(model)} | {alias for _, alias in _relation_aliases(model)}
    spellings = "|".join(re.escape(name) for name in _spellings(model, relation.name))
    pattern = re.compile(rf"(?<![a-z0-9])({spellings})(?![a-z0-9])")
    found = {}
    for folded in {name.casefold() for name in names} - _USUAL_CTES:
        new = pattern.sub(TABLE, folded, count=1)
        if new == folded:
            continue
        if source and new.startswith(f"{source}_"):
            new = SOURCE + new[len(source) :]
        found[folded] = new
    return found


def _spellings(model: StagingModel, table: str) -> list[str]:
    """How CTEs may call a table, the longest first: with or without its prefix, in the singular."""
    entity = model.name.casefold().rpartition("__")[2]
    names = {snake_case(table), entity}
    names |= {name.removeprefix(prefix) for name in names for prefix in _PREFIXES}
    names |= {singular(name) for name in names}
    return sorted((name for name in names if name), key=lambda name: (-len(name), name))


def _renamed(model: StagingModel, edits: list[Edit]) -> Iterator[Edit]:
    """The model's own names replaced wherever they stand outside what is edited already."""
    names = _own_names(model)
    for found in re.finditer(r"[A-Za-z_]\w*", model.sql.sql):
        new = names.get(found[0].casefold())
        if new is not None and not any(edit.start <= found.start() < edit.end for edit in edits):
            yield Edit(*found.span(), new)


def _disjoint(edits: Iterable[Edit]) -> list[Edit]:
    """The edits without those that lie in another one."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept

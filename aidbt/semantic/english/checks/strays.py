"""Columns, values and deeds of rows that nobody speaks of, where those spoken of say the same themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from aidbt.core.words import singular_words, words_of
from aidbt.semantic.english.checks.said import Said, said_of
from aidbt.semantic.english.grounding.deeds import tells
from aidbt.semantic.english.grounding.index import Lexicon, TableName
from aidbt.semantic.english.grounding.refusal import Refused
from aidbt.semantic.english.meanings.chart import Item
from aidbt.semantic.english.meanings.phrases import Columns, Condition, Role, Rows
from aidbt.semantic.english.meanings.ways import path_of
from aidbt.semantic.english.words.additive import is_additive
from aidbt.semantic.english.words.names import SHORTER
from aidbt.semantic.english.words.tokens import Token, lemma
from aidbt.semantic.graph import Graph, is_to_one
from aidbt.semantic.query import Attribute, Exists, SemanticQuery, attributes, both, conjuncts, measures

_Word = tuple[Sequence[Token], Item]


def check_strays(said: Said, query: SemanticQuery, lexicon: Lexicon) -> None:
    """That no word is of a table which is not spoken of, though one that is has a column called so.

    Raises:
        Refused: one is. The countries of laboratories are not meant where sites are spoken of that have some,
            too.
    """
    words = [(sentence, word) for sentence, items in said for item in items for word in item.words()]
    spoken = {table for sentence, word in words for table in named_tables(sentence, word, lexicon)}
    for sentence, word in words:
        text = " ".join(said_of(sentence, word))
        nearer = _nearer(sentence, word, spoken, query, lexicon) if word.category == "Col" else None
        if nearer is not None:
            raise Refused(
                f"'{text}' may be {nearer.column} of {nearer.table}, or of another table", spans=(text,)
            )
        if word.category == "Val" and _is_of_next(sentence, word, words, lexicon):
            raise Refused(f"'{text}' may be said of the noun behind it", spans=(text,))
        if word.category == "Val" and _is_deed_of_others(sentence, word, spoken, query, lexicon):
            raise Refused(f"'{text}' is not said of what is asked for", spans=(text,))
        for act in _acts(word):
            for group in _done_by_others(act, query, lexicon.graph):
                raise Refused(f"it is not certain whether {group} or others '{text}'", spans=(text,))
    for stray in _amounts_of_others(query, spoken, lexicon.graph):
        raise Refused(f"it is not certain that {stray.column} of {stray.table} is meant")
    for stray in _beside(query, spoken, lexicon.graph):
        raise Refused(f"{stray.column} of {stray.table} does not belong to one row of {query.base}")


def named_tables(sentence: Sequence[Token], word: Item, lexicon: Lexicon) -> Iterator[str]:
    """The tables that a word names, alone or within the name of a column."""
    if isinstance(word.meaning, Rows):
        yield word.meaning.table
    if isinstance(word.meaning, Role):
        roles = (r for r in lexicon.graph.relationships if r.name == word.meaning.relationship)
        yield from (table for role in roles for table in (role.source, role.target))
    for token in sentence[word.start : word.end]:
        for meaning in lexicon.meanings.get((token.lemma,), ()):
            if isinstance(meaning, TableName) and meaning.weight >= SHORTER:
                yield meaning.table


def _nearer(
    sentence: Sequence[Token], word: Item, spoken: Collection[str], query: SemanticQuery, lexicon: Lexicon
) -> Attribute | None:
    """The column of rows that are spoken of which goes by the words for one of others that a query has."""
    if not isinstance(word.meaning, Columns) or len(word.meaning.terms) != 1:
        return None
    term, graph = word.meaning.terms[0], lexicon.graph
    used = {(attribute.table, attribute.column) for attribute in attributes(query)}
    if term.table in spoken or term.via or (term.table, term.column) not in used:
        return None
    kind = graph.table(term.table).column(term.column).kind
    lemmas = {token.lemma for token in sentence[word.start : word.end]}
    # Several of something go by their whole name: "bottles" in stock are none of `bottle_ml`.
    said = said_of(sentence, word)
    is_whole = kind == "number" and said == list(words_of(term.column)) and said[-1] not in lemmas
    for table in spoken if not is_whole else ():
        references = {c for r in graph.relationships if r.source == table for c in r.source_columns}
        keys = {column for key in graph.table(table).keys for column in key}
        for column in graph.table(table).columns:
            one = Attribute(table, column.name)
            is_called = one in word.meaning.alike or lemmas <= set(map(lemma, singular_words(column.name)))
            if is_called and column.kind == kind and column.name not in references | keys:
                return one
    return None


def _is_deed_of_others(
    sentence: Sequence[Token], word: Item, spoken: Iterable[str], query: SemanticQuery, lexicon: Lexicon
) -> bool:
    """Whether a participle is a value of rows that are neither spoken of nor those that others belong to: of
    analyses that are "completed" the status of a dig says nothing.
    """
    value = word.meaning
    if not isinstance(value, Condition) or word.end - word.start != 1 or value.table in spoken:
        return False
    text = sentence[word.start].text.lower()
    if not text.endswith("ed"):
        return False
    asked = {measure.table for measure in measures(query) if measure.table} | {query.base} - {""}
    return value.table not in asked and any(
        tells([table], text, lexicon.graph) or len(way_to_one(table, value.table, lexicon.graph)) != 1
        for table in asked
    )


def _amounts_of_others(query: SemanticQuery, spoken: Collection[str], graph: Graph) -> Iterator[Attribute]:
    """Sums beside a count, of rows that are not spoken of nor belong to those counted, which have amounts of
    their own: of "how many payments were there, and what was the total cost" no tickets are meant.
    """
    counted = {m.table for m in measures(query) if m.of is None and m.table in spoken}
    rich = {t for t in counted if any(is_additive(graph.table(t), c.name) for c in graph.table(t).columns)}
    for measure in measures(query):
        table, of = measure.table, measure.of
        if not isinstance(of, Attribute) or measure.function != "sum" or table in spoken:
            continue
        if any(not (way_to_one(t, table, graph) or way_to_one(table, t, graph)) for t in rich):
            yield of


def _is_of_next(sentence: Sequence[Token], word: Item, said: Sequence[_Word], lexicon: Lexicon) -> bool:
    """Whether a participle is a value of other rows than those that it stands before, and that tell when it
    was done: "closed loans" of branches that are closed.
    """
    following = [other.meaning for where, other in said if where is sentence and other.start == word.end]
    text = sentence[word.end - 1].text.lower()
    tables = [meaning.table for meaning in following if isinstance(meaning, Rows)]
    is_other = isinstance(word.meaning, Condition) and word.meaning.table not in tables
    return is_other and tells(tables, text, lexicon.graph)


def _acts(word: Item) -> Iterator[str]:
    """The table whose rows a verb speaks of, by its own name or by a time of theirs: "started"."""
    if word.category == "Act" and isinstance(word.meaning, Rows):
        yield word.meaning.table
    elif word.category == "Did" and isinstance(word.meaning, Columns):
        yield word.meaning.terms[0].table


def _done_by_others(act: str, query: SemanticQuery, graph: Graph) -> Iterator[str]:
    """The groups that a verb's rows belong to in another way than what is counted, or not at all.

    Of "callouts that each team attended" those of the team may be meant, or those that its members attended;
    of "pets that each vet vaccinated" nothing is known where no vaccination tells its vet.
    """
    for measure in measures(query):
        done = {p.table for p in conjuncts(both(query.where, measure.where)) if isinstance(p, Exists)}
        if measure.table in ("", act) or act not in done:
            continue
        for group in {term.table for term in query.group_by if isinstance(term, Attribute)}:
            ways = [[step.end for step in path] for path in graph.paths(act, group) if is_to_one(path)]
            own = way_to_one(measure.table, group, graph)
            if act in own or act in (between := _between(measure.table, group, graph)):
                continue
            if (own and any(measure.table not in way for way in ways)) or (between and not own):
                yield group


def _between(table: str, other: str, graph: Graph) -> list[str]:
    """The tables on the way between two; none where there is none, or several."""
    return [step.end for step in path_of(graph, table, other) or ()]


def way_to_one(table: str, other: str, graph: Graph) -> list[str]:
    """The tables on the way to the one row of another that each row belongs to; none where there is none."""
    path = path_of(graph, table, other)
    return [step.end for step in path] if path is not None and is_to_one(path) else []


def _beside(query: SemanticQuery, spoken: Iterable[str], graph: Graph) -> Iterator[Attribute]:
    """Columns that are seen beside rows which have many of them: of "names and hire dates of technicians" no
    name is that of a product.
    """
    if not query.base:
        return
    for term in attributes(query.outputs):
        if term.table in (query.base, "") or term.table in spoken or term.via:
            continue
        if not way_to_one(query.base, term.table, graph):
            yield term

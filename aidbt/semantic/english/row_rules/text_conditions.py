"""A column beside a value or a text: `status open`, `name starts with "A" or ends with "z"`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from aidbt.semantic.english.meanings.phrases import Columns, Condition, Found, Texts
from aidbt.semantic.english.meanings.same_rows import negated
from aidbt.semantic.english.row_rules.column_comparisons import ColumnComparisons
from aidbt.semantic.query import All, AnyOf, Attribute, Matches, OneOf

How: TypeAlias = Literal["starts", "ends", "contains", "is", "like"]
Like: TypeAlias = "tuple[How, Texts]"
Likes: TypeAlias = "tuple[str, tuple[Like, ...]]"


class TextConditions(ColumnComparisons):
    """What columns of texts and values say, over one graph."""

    def own_value(self, columns: Columns, value: Condition) -> Found:
        """`status open`: the value is one of that column."""
        predicate = value.predicate
        if isinstance(predicate, OneOf) and predicate.term == self.alone(columns):
            yield "Val", value, -0.5

    def values(self, one: Condition, joined: tuple[str, Condition]) -> Found:
        """`Germany, Italy or France`: of a single-valued column "and" says the same as "or"."""
        how, other = joined
        first, second = one.predicate, other.predicate
        if not isinstance(first, OneOf) or not isinstance(second, OneOf) or first.term != second.term:
            return
        merged = replace(first, values=tuple(dict.fromkeys((*first.values, *second.values))))
        is_each = how == "and" or one.is_each or other.is_each
        yield "Val", Condition(one.table, merged, is_each), -0.5

    def like(self, columns: Columns, like: tuple[How, Texts]) -> Found:
        """`name contains "x"`."""
        for attribute in self.only(columns, "text"):
            for condition in self.likes(attribute, like):
                yield "Cond", condition, 0.3 if like[0] == "is" else 0.0

    def unlike(self, columns: Columns, like: Like) -> Found:
        """`name does not start with "A"`."""
        for category, condition, cost in self.like(columns, like):
            if isinstance(condition, Condition):
                yield category, replace(condition, predicate=negated(condition.predicate)), cost

    def texts_joined(self, one: Texts, joined: tuple[str, Texts]) -> Found:
        """`"a" and "b"`, which are names of one or the other, and parts of a name that has both."""
        how, other = joined
        yield "Names" if how == "and" else "Texts", (*one, *other), 0.0

    def like_each(self, how: How, texts: Texts) -> Found:
        """`contains "a" and "b"`; what starts with "a" and "b" is not said to be one of them or which."""
        if how == "contains":
            yield "LikeTexts", ("and", tuple((how, (text,)) for text in texts)), 0.0

    def likes_joined(self, likes: Likes, joined: tuple[str, Like]) -> Found:
        """A third after "or", and after "and"; of both together it is not said which belong together."""
        if joined[0] == likes[0]:
            yield "LikeTexts", (likes[0], (*likes[1], joined[1])), 0.0

    def like_all(self, columns: Columns, likes: Likes) -> Found:
        """`name starts with "A" or ends with "z"`."""
        for attribute in self.only(columns, "text"):
            found = tuple(each.predicate for like in likes[1] for each in self.likes(attribute, like))
            held = AnyOf(found) if likes[0] == "or" else All(found)
            if len(found) == len(likes[1]):
                yield "Cond", Condition(attribute.table, held), 0.0

    def likes(self, attribute: Attribute, like: tuple[How, Texts]) -> Iterator[Condition]:
        """That a text is like any of several."""
        how, texts = like
        found = [
            _pattern(attribute, text) if how == "like" else Matches(attribute, how, text) for text in texts
        ]
        known = tuple(each for each in found if each is not None)
        if len(known) == len(texts):
            yield Condition(attribute.table, known[0] if len(known) == 1 else AnyOf(known))


def _pattern(attribute: Attribute, text: str) -> Matches | None:
    """SQL's pattern, whose signs stand before and after; a text without any is contained. None for others."""
    bare = text.strip("%")
    if not bare or "%" in bare:
        return None
    if text.startswith("%") == text.endswith("%"):
        return Matches(attribute, "contains", bare)
    return Matches(attribute, "ends" if text.startswith("%") else "starts", bare)

"""Learning a team's SQL style: what most of its staging models do, and who does not."""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from aidbt.generate.sql_style.features import ModelStyle, blank_before, model_style, skeleton
from aidbt.generate.sql_style.style import CONTESTED_BELOW, Agreement, Group, Heading, SqlStyle
from aidbt.generate.sql_style.write import write_staging
from aidbt.lineage.written.staging import NotRead, StagingModel, read_staging_model

# A comment or config that this share of the models has is the team's, not the model's.
SHARED_FROM = 0.8
# A structure is the team's when this share of the models, and at least two, have it.
_STRUCTURE_FROM = 1 / 3
# Skeletons compared with each other when no two are the same; beyond it the rarer ones are not looked at.
_CANDIDATES = 12

_FACTS = (
    "commas",
    "comma_space",
    "line_indent",
    "last_comma",
    "keywords",
    "functions",
    "types",
    "casts",
    "alias_word",
    "alias_always",
    "align_as",
    "qualifier",
)
_BOOLEANS = frozenset({"comma_space", "last_comma", "alias_word", "alias_always", "align_as"})
_SAMPLE = (("id", "sample_id", "ids"), ("cast(a as int)", "b", "numerics"), ("c", "c", "strings"))

_HEADING_WORDS: tuple[tuple[Group, str], ...] = (
    ("primary_key", r"primary|pk|surrogate"),
    ("ids", r"ids?|keys?|identifiers?|foreign"),
    ("timestamps", r"timestamps?|times?|datetimes?|dates? (and|&|/) times?"),
    ("dates", r"dates?"),
    ("booleans", r"booleans?|bools?|flags?"),
    ("numerics", r"numerics?|numbers?|amounts?|measures?|metrics?|facts?|integers?|floats?|money"),
    ("metadata", r"metadata|meta|audit|system|fivetran|airbyte|loader|etl|dlt"),
    ("strings", r"strings?|texts?|varchars?|characters?|dimensions?|attributes?|properties|details"),
)


def learn_sql_style(models: Sequence[StagingModel]) -> SqlStyle | None:
    """The style most of the models are written in, with the evidence for each fact.

    None when fewer than two of them list the columns of one relation, or when they have no structure in
    common. Models of sources are followed before models of refs (`base_` models read the source).
    """
    styles = [style for model in models if (style := model_style(model)) is not None]
    of_sources = [style for style in styles if style.model.source is not None]
    styles = of_sources if len(of_sources) >= 2 else styles
    structure = _agreement("structure", [(s, " → ".join(s.structure)) for s in styles])
    if structure is None or structure.agree < max(2, _STRUCTURE_FROM * len(styles)):
        return None
    evidence = [structure]
    facts: dict[str, Any] = {}
    for fact in _FACTS:
        found = _agreement(fact, [(s, s.facts[fact]) for s in styles if fact in s.facts])
        if found is not None:
            evidence.append(found)
            facts[fact] = found.value == "true" if fact in _BOOLEANS else found.value
    facts.setdefault("functions", facts.get("keywords", "lower"))
    headings, agreement = _headings(styles)
    evidence += [agreement] if agreement else []
    blanks = [b for s in styles if (b := blank_before(s.model, [h.text for h in headings])) is not None]
    typical = [s for s in styles if " → ".join(s.structure) == structure.value]
    return _with_skeleton(
        typical or styles,
        _shared_comments(styles),
        headings=headings,
        blank_between_groups=sum(blanks) * 2 > len(blanks),
        evidence=tuple(evidence),
        **facts,
    )


def _agreement(fact: str, seen: Sequence[tuple[ModelStyle, str]]) -> Agreement | None:
    """What the models do, the most frequent first; None when none shows it."""
    if not seen:
        return None
    counts = Counter(value for _, value in seen).most_common()
    value = counts[0][0]
    by_folder: dict[str, Counter[str]] = defaultdict(Counter)
    for style, own in seen:
        by_folder[style.folder][own] += 1
    folders = [
        (folder, own)
        for folder, counter in sorted(by_folder.items())
        for own, count in counter.most_common(1)
        if own != value and count >= 2
    ]
    odd = tuple(style.name for style, own in seen if own != value)
    return Agreement(fact, value, tuple(counts), odd, tuple(folders))


def _shared_comments(styles: Sequence[ModelStyle]) -> frozenset[str]:
    counts = Counter(text for style in styles for text in set(style.comments))
    return frozenset(text for text, count in counts.items() if count >= SHARED_FROM * len(styles))


def _with_skeleton(styles: Sequence[ModelStyle], shared: frozenset[str], **facts: Any) -> SqlStyle | None:
    """The style with the most typical skeleton in which a model can be written and read back."""
    leading = [
        s
        for s in styles
        if all(s.facts.get(f) == facts.get(f) for f in ("commas", "keywords", "line_indent"))
    ]
    texts = Counter(text for s in leading or styles if (text := skeleton(s, shared)) is not None)
    for text in _by_typicality(texts):
        style = SqlStyle(skeleton=text, **facts)
        if _can_be_read_back(style, styles[0].model.dialect):
            return style
    return None


def _by_typicality(texts: Counter[str]) -> list[str]:
    """The skeletons, the one that is most like all others first."""
    candidates = texts.most_common(_CANDIDATES)

    def likeness(text: str) -> float:
        return sum(
            count * difflib.SequenceMatcher(None, text, other, autojunk=False).ratio()
            for other, count in candidates
        )

    return sorted((text for text, _ in candidates), key=likeness, reverse=True)


def _can_be_read_back(style: SqlStyle, dialect: str) -> bool:
    text = write_staging(style, source="a_source", table="a_table", columns=_SAMPLE, dialect=dialect)
    model = read_staging_model(text, path="sample.sql", dialect=dialect)
    return (
        not isinstance(model, NotRead)
        and model.source is not None
        and sorted(column.name for column in model.columns) == ["b", "c", "sample_id"]
    )


# --- headings ---


def _headings(styles: Sequence[ModelStyle]) -> tuple[tuple[Heading, ...], Agreement | None]:
    """The comments over groups that at least half of the models use, in their usual order.

    A short comment that is used once counts where its words name a group that no other comment is over.
    """
    used = Counter(text for style in styles for text in {text for text, _, _ in style.headings})
    frequent = {text for text, count in used.items() if count >= 2}
    groups = {text: group for text in frequent if (group := _group_of(text, styles)) is not None}
    having = [style for style in styles if any(text in groups for text, _, _ in style.headings)]
    if len(having) * 2 < len(styles) or not groups:
        return (), None
    for text in sorted(used.keys() - frequent):
        named = _named_group(text)
        if named is not None and named not in groups.values() and len(_words(text).split()) <= 2:
            groups[text] = named
    best: dict[Group, str] = {}
    for text, _ in used.most_common():
        if text in groups:
            best.setdefault(groups[text], text)
    places: dict[Group, list[float]] = defaultdict(list)
    for style in styles:
        for text, place, _ in style.headings:
            if text in groups:
                places[groups[text]].append(place)
    order = sorted(best, key=lambda group: sum(places[group]) / len(places[group]))
    with_and_without = [(style, "grouped" if style in having else "not grouped") for style in styles]
    return tuple(Heading(group, best[group]) for group in order), _agreement("groups", with_and_without)


def _words(heading: str) -> str:
    return re.sub(r"[^a-z&/ ]", "", heading.lower()).strip(" /&")


def _named_group(heading: str) -> Group | None:
    said = _words(heading)
    return next((group for group, pattern in _HEADING_WORDS if re.search(rf"\b({pattern})\b", said)), None)


def _group_of(text: str, styles: Sequence[ModelStyle]) -> Group | None:
    """The group a heading is over: by its words, else by what mostly stands behind it."""
    named = _named_group(text)
    if named is not None:
        return named
    if len(_words(text).split()) > 3:
        return None  # a sentence
    behind = Counter(group for style in styles for own, _, group in style.headings if own == text)
    group, count = behind.most_common(1)[0]
    return group if count >= CONTESTED_BELOW * behind.total() else None

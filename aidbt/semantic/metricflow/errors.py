"""What MetricFlow refuses, said in one sentence with what to do next.

MetricFlow reports a query without an answer as paragraphs of text. The issues behind the text name the input
and the candidates, so those are taken where its parser would write the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aidbt.core.errors import AidbtError, MissingExtra, UnknownName, UsageError, nearest
from aidbt.semantic.definitions import GRAINS, METRIC_TIME, SemanticManifest, names_of

EXTRA = "semantic"

_CALL = re.compile(r"""\(\s*(['"])(?P<name>[^'"]+)\1(?:\s*,\s*(['"])(?P<grain>[^'"]+)\3)?""")
_MOST_WAYS = 8


@dataclass(frozen=True, slots=True)
class GroupByItem:
    """What metrics can be grouped and filtered by.

    Attributes:
        name: as a query calls it, without a grain, e.g. "listing__country", "metric_time".
        grains: that its time can be cut to, from fine to coarse, custom ones last; () where it is no time.
        semantic_models: where it comes from; () for `metric_time`.
    """

    name: str
    kind: Literal["dimension", "time", "entity"]
    grains: tuple[str, ...] = ()
    semantic_models: tuple[str, ...] = ()


class AmbiguousItem(UsageError):
    """A name that can be reached in more than one way.

    Attributes:
        candidates: how each of them is asked for, or the semantic models that each come from.
    """

    def __init__(self, name: str, candidates: Sequence[str], *, hint: str) -> None:
        super().__init__(f"'{name}' can be reached in {len(candidates)} ways", hint=hint)
        self.candidates = tuple(candidates)


class Unresolved(Exception):
    """The query parser could not resolve a query; carries what it says of each input."""

    def __init__(self, inputs: Any) -> None:
        super().__init__()
        self.issues = [
            (item.resolver_input, issue) for item in inputs.items for issue in item.issue_set.errors
        ]


def parser_of(lookup: Any) -> Any:
    """MetricFlow's query parser, which raises `Unresolved` instead of text."""
    from metricflow_semantics.query.query_parser import MetricFlowQueryParser

    class Parser(MetricFlowQueryParser):
        @staticmethod
        def generate_error_message(input_to_issue_set: Any) -> str | None:
            raise Unresolved(input_to_issue_set)

    return Parser(semantic_manifest_lookup=lookup)


Items = Callable[[], Sequence[GroupByItem]]


@contextmanager
def translated(manifest: SemanticManifest, items: Items = tuple) -> Iterator[None]:
    """Turns what MetricFlow raises into one `AidbtError`.

    Args:
        items: asked for what the query can be grouped by when a name in it is unknown.

    Raises:
        MissingExtra: MetricFlow is not installed.
        AidbtError: MetricFlow refused the query or the manifest.
    """
    try:
        yield
    except Unresolved as error:
        raise _resolution_error(error, manifest, items) from error
    except ModuleNotFoundError as error:
        raise MissingExtra("the semantic layer", EXTRA) from error
    # MetricFlow raises its own exceptions and, from its insides, plain ones: a broken manifest ends in an
    # assertion or a missing key.
    except _raised_by_metricflow() as error:
        raise _plain_error(error, manifest) from error


def _raised_by_metricflow() -> tuple[type[Exception], ...]:
    plain = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
    try:
        from metricflow_semantic_interfaces.errors import ModelTransformError, ParsingException
        from metricflow_semantics.errors.error_classes import MetricFlowException
    except ModuleNotFoundError:
        return plain
    return (*plain, MetricFlowException, ModelTransformError, ParsingException)


def _plain_error(error: Exception, manifest: SemanticManifest) -> AidbtError:
    text = _sentence(str(error)) or type(error).__name__
    if "time spine" in text.lower() and not manifest.time_spines:
        return AidbtError(
            "the project has no time spine, which this query needs",
            hint="'aidbt semantic draft' writes one, a model with one row per day",
        )
    user_error = any(base.__name__ == "InformativeUserError" for base in type(error).__mro__)
    if user_error:
        return AidbtError(f"MetricFlow cannot answer this: {text}")
    return AidbtError(
        f"MetricFlow failed on this manifest: {text}",
        hint="`dbt parse` says what is wrong with a semantic layer that it does not accept",
    )


# --- queries that cannot be resolved ---------------------------------------------------------------------


def _resolution_error(error: Unresolved, manifest: SemanticManifest, items: Items) -> AidbtError:
    """The error of the first input that could not be resolved."""
    asked, issue = error.issues[0]
    name = type(issue).__name__
    if name == "InvalidMetricIssue":
        return UnknownName("metric", str(asked.input_obj), manifest.metric_names())
    if name in ("MultipleMatchIssue", "AmbiguousGroupByItemIssue"):
        candidates = sorted({spec.dunder_name for spec in issue.candidate_set.specs})
        return _ambiguous(_asked_name(asked), candidates)
    if name in _NO_MATCH:
        return _no_match(_asked_name(asked), _asked_grain(asked), manifest, items())
    if name in ("OffsetMetricRequiresMetricTimeIssue", "CumulativeMetricRequiresMetricTimeIssue"):
        metric = issue.metric_reference.element_name
        return UsageError(
            f"'{metric}' depends on the time it is asked for, and the query does not group by it",
            hint=f"group by {METRIC_TIME}",
        )
    if name == "InvalidOrderByItemIssue":
        item = issue.order_by_item_input.input_obj
        return UsageError(
            f"the rows cannot be sorted by '{item}'",
            hint="sort by a metric or an item that the query asks for",
        )
    if name == "WhereFilterParsingIssue":
        return _filter_error(issue)
    if name == "NoMetricOrGroupByIssue":
        return UsageError("the query asks for nothing", hint="name a metric, or an item to list")
    if name == "MetricExcludesDatePartIssue":
        return UsageError(
            f"a part of the date is asked for ('{_asked_name(asked)}'), which a cumulative or shifted metric"
            " does not have",
            hint="group by a grain of it instead",
        )
    return UsageError(f"the query cannot be answered: {_sentence(issue.ui_description(asked))}")


_NO_MATCH = {
    "NoMatchingItemsForSimpleMetric",
    "NoMatchingItemsForNoMetricsQuery",
    "NoCommonItemsInParents",
    "StringInputParsingIssue",
}


def _asked_name(asked: Any) -> str:
    """The name of the item that an input asks for, without a call around it and without its grain."""
    return _asked(asked)[0]


def _asked_grain(asked: Any) -> str:
    return _asked(asked)[1]


def _asked(asked: Any) -> tuple[str, str]:
    text = getattr(asked, "object_builder_str", None) or getattr(asked, "input_obj", None)
    text = str(text or asked.ui_description)
    if match := _CALL.search(text):
        return match["name"], match["grain"] or ""
    name, _, last = text.rpartition("__")
    return (name, last) if last in GRAINS else (text, "")


def _ambiguous(name: str, candidates: Sequence[str]) -> AmbiguousItem:
    shown = [*candidates[:_MOST_WAYS], *(["…"] if len(candidates) > _MOST_WAYS else [])]
    return AmbiguousItem(name, candidates, hint=f"say which: {', '.join(shown)}")


def _no_match(name: str, grain: str, manifest: SemanticManifest, items: Sequence[GroupByItem]) -> AidbtError:
    """Why an item does not match: another grain, another way, several ways, out of reach, or unknown."""
    known = {item.name: item for item in items}
    if name in known:
        return _no_grain(known[name], grain)
    before, _, last = name.rpartition("__")
    if before in known and known[before].grains:
        return _no_grain(known[before], last)
    ways = [item for item in known if item.endswith(f"__{name}")]
    if len(ways) > 1:
        return _ambiguous(name, ways)
    if ways:
        return UsageError(f"'{name}' is not asked for by that name", hint=f"did you mean '{ways[0]}'?")
    models = _models_with(name, manifest)
    if len(models) > 1:
        return AmbiguousItem(
            name,
            models,
            hint=f"it stands in the semantic models {', '.join(models)}: give it another name in one of them",
        )
    if models:
        close = nearest(name, known)
        offered = f"nearest: {close}" if close else f"possible: {', '.join(list(known)[:12])}"
        return UsageError(
            f"'{name}' cannot be reached from everything that is asked for without multiplying rows",
            hint=offered,
        )
    return UnknownName("dimension or entity", name, known)


def _no_grain(item: GroupByItem, grain: str) -> AidbtError:
    if not item.grains:
        return UsageError(f"'{item.name}' is no time, so it has no grain", hint=f"ask for {item.name}")
    if not grain or grain in item.grains:
        hint = f"say a grain: {', '.join(item.grains)}"
        return UsageError(f"the grain of '{item.name}' is not the same for all metrics asked for", hint=hint)
    return UsageError(f"'{item.name}' has no grain '{grain}' here", hint=f"it has {', '.join(item.grains)}")


def _models_with(name: str, manifest: SemanticManifest) -> list[str]:
    """The semantic models in which the last two parts of a name, an entity and an element of it, meet."""
    *path, element = name.split("__")
    return [
        model.name
        for model in manifest.semantic_models
        if element in names_of((*model.dimensions, *model.entities))
        and (not path or path[-1] in model.prefixes)
    ]


def _filter_error(issue: Any) -> AidbtError:
    """A filter that is no template: why, in the words of the innermost cause."""
    cause: BaseException = issue.parse_exception
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return UsageError(
        f"the filter {issue.where_filter.where_sql_template!r} cannot be read: {_sentence(str(cause))}",
        hint="write it as \"{{ Dimension('order__status') }} = 'open'\"",
    )


def _sentence(text: str) -> str:
    """A text of MetricFlow's on one line, short."""
    words = " ".join(text.split())
    return words if len(words) <= 300 else f"{words[:300]}…"

"""The report in a sentence and in a handful of numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from aidbt.core.measured import node_name
from aidbt.observability.report.values import Freshness, Report, Run, State, TestResult
from aidbt.observability.report.words import counted, told_ago, told_list, told_money, told_score

# Below these a score is bad, and not yet good.
_BAD_SCORE, _GOOD_SCORE = 80.0, 95.0
_MOST_INCIDENTS = 3
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the overview.

    Attributes:
        more: the line below it.
        section: where its details are.
        share: 0..1, drawn as a bar; None for none.
    """

    label: str
    value: str
    state: State
    more: str
    section: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do.

    Attributes:
        place: the id of what says more.
        command: what to type; "" for nothing.
    """

    text: str
    place: str
    command: str = ""


def steps(report: Report) -> list[Step]:
    """What to do first, the most pressing first; empty where nothing is wrong and nothing would be better."""
    found = [
        Step(part.incident.title, part.incident.id, f"aidbt incidents show {part.incident.id}")
        for part in report.open[:_MOST_INCIDENTS]
    ]
    if len(report.open) > _MOST_INCIDENTS:
        more = counted(len(report.open) - _MOST_INCIDENTS, "more incident")
        found.append(Step(f"{more} {'is' if more.startswith('1 ') else 'are'} open", "incidents"))
    told = {node for part in report.open for node in part.incident.failures}
    if report.runs and report.runs[0].state == "bad" and not told.issuperset(_failed(report.runs[0])):
        found.append(Step(f"The last run failed: {what_failed(report.runs[0])}", "runs"))
    failing = [test for test in report.tests if test.state == "bad" and test.unique_id not in told]
    if failing:
        names = _some([node_name(test.unique_id) for test in failing])
        found.append(Step(f"{counted(len(failing), 'test fails', 'tests fail')}: {names}", "tests"))
    if report.quality is not None and report.quality.ways:
        action, points = report.quality.ways[0]
        won = f" (+{points:.1f} points of quality)" if points >= 0.05 else ""
        found.append(Step(f"{action[:1].upper()}{action[1:]}{won}", "quality", "aidbt quality"))
    return found


def _failed(run: Run) -> set[str]:
    return {node for node, _ in run.problems}


def what_failed(run: Run) -> str:
    """The nodes that failed in a run; what dbt said where it failed before any.

    Example:
        >>> from datetime import datetime
        >>> what_failed(Run("1", "dbt build", "failed", datetime(2026, 1, 1), 1, failed=1,
        ...     problems=(("model.shop.orders", "Binder Error"),)))
        'orders'
    """
    if any(not node for node, _ in run.problems) or not run.problems:
        return next((said for node, said in run.problems if not node), "") or "dbt does not say why"
    return _some([node_name(node) for node, _ in run.problems])


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return told_list([*names[:_MOST_NAMED], f"{more:,} more"] if more > 0 else names)


def verdict(report: Report) -> tuple[State, str]:
    """How the project is, in one sentence with the worst first."""
    if report.is_empty:
        return "none", "Nothing is known of this project yet."
    wrong = []
    severities = Counter(part.incident.severity.value for part in report.open)
    if severities["error"]:
        wrong.append(counted(severities["error"], "error is", "errors are") + " open")
    if severities["warn"]:
        wrong.append(counted(severities["warn"], "warning is", "warnings are") + " open")
    failing = sum(test.state == "bad" for test in report.tests)
    if failing:
        wrong.append(counted(failing, "test fails", "tests fail"))
    if report.runs and report.runs[0].state == "bad":
        wrong.append("the last run failed")
    late = late_ones(report)
    if late:
        wrong.append(counted(len(late), "table is", "tables are") + " late")
    warning = sum(test.state == "warn" for test in report.tests)
    if warning and not wrong:
        wrong.append(counted(warning, "test warns", "tests warn"))
    if wrong:
        has_failed = bool(report.runs) and report.runs[0].state == "bad"
        is_bad = bool(severities["error"] or failing or has_failed or "bad" in [one.state for one in late])
        said = told_list(wrong)
        return "bad" if is_bad else "warn", said[0].upper() + said[1:] + "."
    return "good", "Nothing is wrong that is known."


def tiles(report: Report) -> list[Tile]:
    """The numbers of the overview; those of what is not known say what would make it known."""
    return [
        _incidents(report),
        _quality(report),
        _tests(report),
        _freshness(report),
        _runs(report),
        _watched(report),
        *_spend(report),
    ]


def _incidents(report: Report) -> Tile:
    number = len(report.open)
    is_bad = any(part.incident.severity.value == "error" for part in report.open)
    state: State = "bad" if is_bad else "warn" if number else "good"
    over = f"{len(report.over):,} ended in the period"
    if not report.watched.models and not report.incidents:
        return Tile("Open incidents", "0", "none", "nothing is watched yet", "incidents")
    return Tile("Open incidents", f"{number:,}", state, over, "incidents")


def _quality(report: Report) -> Tile:
    if report.quality is None or report.quality.score is None:
        return Tile("Quality", "–", "none", "not measured yet", "quality")
    score = report.quality.score
    coverage = report.quality.coverage
    more = "of 100" if coverage is None else f"of 100; {100 * coverage:.0f} % of it measured"
    return Tile(
        "Quality", told_score(score), score_state(score, report.quality.minimum), more, "quality", score / 100
    )


def score_state(score: float | None, minimum: float | None = None) -> State:
    """How a score is: against what is asked for, else by its height."""
    if score is None:
        return "none"
    if minimum is not None:
        return "good" if score >= minimum else "bad"
    return "bad" if score < _BAD_SCORE else "warn" if score < _GOOD_SCORE else "good"


def _tests(report: Report) -> Tile:
    run = [test for test in report.tests if test.state != "none"]
    if not run:
        return Tile("Tests that pass", "–", "none", "no run with tests is recorded", "tests")
    passed = sum(test.state == "good" for test in run)
    state = worst([test.state for test in run])
    wrong = _not_passing(run)
    return Tile(
        "Tests that pass", f"{passed:,}", state, f"of {len(run):,}{wrong}", "tests", passed / len(run)
    )


def _not_passing(run: list[TestResult]) -> str:
    states = Counter(test.state for test in run)
    parts = [f"{states['bad']:,} failing"] if states["bad"] else []
    parts += [f"{states['warn']:,} warning"] if states["warn"] else []
    return f"; {told_list(parts)}" if parts else ""


def _freshness(report: Report) -> Tile:
    known = [one for one in report.freshness if one.state != "none" or one.newest_at is not None]
    if not known:
        return Tile("Late data", "–", "none", "no time of rows is measured", "freshness")
    late = late_ones(report)
    state = worst([one.state for one in late]) if late else "good"
    return Tile("Late data", f"{len(late):,}", state, f"of {counted(len(known), 'table')}", "freshness")


def late_ones(report: Report) -> list[Freshness]:
    """What is older than it should be, the oldest first."""
    late = [one for one in report.freshness if one.state in ("warn", "bad")]
    return sorted(late, key=lambda one: -(one.age_s or 0.0))


def _runs(report: Report) -> Tile:
    if not report.runs:
        return Tile("Last run", "–", "none", "no run is recorded", "runs")
    last = report.runs[0]
    word = {"good": "fine", "warn": "warned", "bad": "failed", "none": "did nothing"}[last.state]
    ago = told_ago(last.started_at, report.made_at)
    return Tile("Last run", word, last.state, f"{ago}, {last.command}", "runs")


def _watched(report: Report) -> Tile:
    watched = report.watched
    if not watched.models:
        return Tile("Tables watched", "0", "none", "aidbt monitor collect begins it", "freshness")
    parts = [f"since {watched.since:%Y-%m-%d}"] if watched.since else []
    parts += [f"{watched.unmeasured:,} are not"] if watched.unmeasured else []
    return Tile("Tables watched", f"{watched.models:,}", "none", ", ".join(parts), "freshness")


def _spend(report: Report) -> list[Tile]:
    spend = report.spend
    if spend is None or not spend.calls:
        return []
    is_money = spend.is_money and spend.money is not None
    value = told_money(spend.money, spend.currency) if is_money else f"{spend.tokens:,}"
    unit = "" if is_money else " of tokens"
    more = f"{counted(spend.calls, 'call')}{unit} in the period"
    return [Tile("Language models", value, "none", more, "costs")]


def worst(states: list[State]) -> State:
    """The worst of some states; "none" of none."""
    order: tuple[State, ...] = ("bad", "warn", "good")
    return next((state for state in order if state in states), "none")

"""The report as one page: no server, no other file, nothing from elsewhere, nothing trusted."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from functools import lru_cache
from itertools import count
from typing import Any

from markupsafe import Markup, escape

from aidbt.core.incidents import Incident, key_of
from aidbt.core.measured import Anomaly, node_name
from aidbt.monitors.history import Family
from aidbt.observability.report import (
    bar_chart,
    causes_part,
    lineage_picture,
    metric_chart,
    summary,
    timeline,
    words,
)
from aidbt.observability.report.bar_chart import Bar
from aidbt.observability.report.values import (
    ChartPoint,
    MetricChart,
    Quality,
    Report,
    Run,
    Spend,
    State,
    TestResult,
)
from aidbt.warehouse.budget import human_bytes

_MOST_FINDINGS = 8
_MOST_EVENTS = 12
_MOST_NAMES = 20
_JOINTS = re.compile(r"(?<=[_.])(?=[^_.])")
# What HTML cannot hold, and half of a pair of surrogates cannot be written as UTF-8.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def report_page(report: Report) -> str:
    """The HTML of a report. The same report gives the same text.

    Every text of the project and of the warehouse is escaped; the page forbids itself to load anything and to
    run any script but its own.
    """
    style = _asset("report/colours.css") + _asset("report/project/style.css")
    script = _asset("report/project/page.js")
    ids = count(1)
    text: str = (
        _environment()
        .get_template("report/project.html.jinja")
        .render(
            report=report,
            now=report.made_at,
            verdict=summary.verdict(report),
            tiles=summary.tiles(report),
            steps=summary.steps(report),
            said=said_of_failures(report),
            late=summary.late_ones(report),
            style=style,
            style_hash=_hash(style),
            script=script,
            script_hash=_hash(script),
            new_id=lambda: f"t{next(ids)}",
        )
    )
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)


# --- what the templates ask for ------------------------------------------------------------------------


def said_of_failures(report: Report) -> dict[str, str]:
    """Node or test → what dbt said when it failed last."""
    return {node: said for run in reversed(report.runs) for node, said in run.problems if said}


def has_passed(incident: Incident, anomaly: Anomaly) -> bool:
    """Whether what a monitor found is as usual again."""
    return incident.state.is_over or key_of(anomaly.monitor) in incident.well


def main_job(runs: tuple[Run, ...]) -> str:
    """The command on which most time was spent: only runs of one job are alike; "" without two runs of it."""
    seconds: dict[str, float] = {}
    for run in runs:
        seconds[run.command] = seconds.get(run.command, 0.0) + run.seconds
    job = max(seconds, key=lambda job: (seconds[job], job), default="")
    return job if sum(run.command == job for run in runs) > 1 else ""


def run_bars(runs: tuple[Run, ...], job: str, *, most: int = 60) -> list[Bar]:
    """How long each run of a job took, oldest first."""
    newest = [run for run in runs if run.command == job][:most][::-1]
    return [
        Bar(
            f"{run.started_at.day} {run.started_at:%b}",
            run.seconds,
            words.told_length(run.seconds),
            run.state,
        )
        for run in newest
    ]


def quality_chart(quality: Quality) -> MetricChart:
    """The score over time."""
    points = tuple(ChartPoint(at, score) for at, score in quality.history)
    return MetricChart("Quality", Family.AMOUNT, "day", points)


def breakable(name: str) -> Markup:
    """A name that may be broken behind its underscores and points, better than anywhere."""
    return Markup("<wbr>").join(escape(part) for part in _JOINTS.split(name))


def spend_bars(spend: Spend) -> list[Bar]:
    """What each day did cost."""

    def told(value: float) -> str:
        return words.told_money(value, spend.currency) if spend.is_money else f"{value:,.0f} tokens"

    return [Bar(f"{day.day} {day:%b}", value, told(value)) for day, value in spend.days]


def tests_by_node(tests: tuple[TestResult, ...]) -> list[tuple[str, Counter[State]]]:
    """node → how its tests went, the worst first."""
    found: dict[str, Counter[State]] = {}
    for test in tests:
        found.setdefault(test.node, Counter())[test.state] += 1
    return sorted(found.items(), key=lambda item: (-item[1]["bad"], -item[1]["warn"], item[0]))


def not_passing(tests: tuple[TestResult, ...]) -> list[TestResult]:
    """Tests that fail or warn, the failing first, then those that do so longest."""
    wrong = [test for test in tests if test.state in ("bad", "warn")]
    return sorted(wrong, key=lambda test: (test.state != "bad", test.since or test.at, test.unique_id))


def newest_findings(incident: Incident) -> list[Anomaly]:
    """What monitors found, what has not passed first, the newest and of these the surest; one line for each
    monitor.
    """
    ordered = sorted(
        incident.anomalies,
        key=lambda a: (key_of(a.monitor) not in incident.well, a.start, a.score),
        reverse=True,
    )
    return list({anomaly.monitor: anomaly for anomaly in reversed(ordered)}.values())[::-1]


def data_span(incident: Incident) -> str:
    """Which days (or hours) of the data it is about; "" where no monitor found it."""
    starts = sorted(
        {(anomaly.start, anomaly.grain) for anomaly in incident.anomalies if anomaly.grain != "run"}
    )
    said = list(dict.fromkeys(metric_chart.told_start(*one) for one in (*starts[:1], *starts[-1:])))
    return " to ".join(said)


def incident_state(incident: Incident) -> State:
    """The colour of an incident."""
    return timeline.state_of(incident)


def _hash(text: str) -> str:
    """What a Content-Security-Policy names an inline script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("aidbt", "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "name": node_name,
        "lasting": words.told_length,
        "moment": words.told_moment,
        "score": words.told_score,
        "share": words.told_share,
        "bytes": human_bytes,
        "number": "{:,}".format,
        "metric_chart": metric_chart.metric_chart,
        "lineage_picture": lineage_picture.lineage_picture,
        "timeline": timeline.timeline,
        "spark": bar_chart.spark,
        "causes_heading": causes_part.causes_heading,
        "sureness": causes_part.sureness,
        "standing": causes_part.standing,
        "run_bars": run_bars,
        "main_job": main_job,
        "what_failed": summary.what_failed,
        "quality_chart": quality_chart,
        "breakable": breakable,
        "x_share": metric_chart.x_share,
        "spend_bars": spend_bars,
        "tests_by_node": tests_by_node,
        "not_passing": not_passing,
        "newest_findings": newest_findings,
    }
    environment.globals |= {
        "ago": words.told_ago,
        "counted": words.counted,
        "money": words.told_money,
        "score_state": summary.score_state,
        "share_bar": bar_chart.share_bar,
        "bar_chart": bar_chart.bar_chart,
        "incident_state": incident_state,
        "has_passed": has_passed,
        "data_span": data_span,
        "told_point": metric_chart.told_point,
        "told_band": metric_chart.told_band,
        "told_start": metric_chart.told_start,
        "MOST_FINDINGS": _MOST_FINDINGS,
        "MOST_EVENTS": _MOST_EVENTS,
        "MOST_NAMES": _MOST_NAMES,
    }
    return environment


def _asset(name: str) -> str:
    """A file of ours that goes into the page as it is."""
    environment = _environment()
    text: str = environment.loader.get_source(environment, name)[0]
    return text

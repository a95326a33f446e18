"""Claim: questions in English are answered without a language model, or refused: what is answered is right.

`--data DIR` is a folder with `questions.jsonl`, `unanswerable.jsonl` and the databases, as `db/<name>/`
(schema.sql, load.sql, CSV) or ready as `<name>.duckdb`; without it, databases whose questions nobody read
who wrote rules. Per question only its database, its words and its
instructions are known; nothing is fitted to a database, so that each is left out of what its questions are
answered by. The clock is 2025-06-15 12:00.

An answer is right when its rows are those of one of the gold queries, as bags: names of columns do not count,
numbers may differ by 1e-4, up to six columns more are allowed. `right` and `precision` are of the databases
as they are; `right_everywhere` and `precision_everywhere` also ask for the same rows as the same gold query
on generated databases with the same schema (`--instances`), since tiny databases let wrong queries pass.
RS(10) is 1 for each right answer or rightly refused question, -10 for each wrong answer or answered question
that has none, 0 for a question refused without need, in percent of all.

No language model is asked: LLM accuracy is not measured here. There is no peer to run beside it: no rule
system for questions over any schema is published as a package; README gives the published figures.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aidbt.core.errors import AidbtError
from aidbt.semantic.english.reading import read
from aidbt.semantic.graph import Graph
from aidbt.semantic.grounding import Grounding
from aidbt.semantic.planning.planner import plan
from aidbt.semantic.query import Clock
from benchmarks.common import ROOT, report, standard_arguments
from benchmarks.database_instances import Reference, instances
from benchmarks.query_answers import ground_database, open_database, same_rows

CLOCK = Clock(dt.datetime(2025, 6, 15, 12))
UNSEEN = ROOT / "benchmarks" / "nl2sql_questions" / "unseen"
INSTANCES = 6
QUICK_EVERY = 4
ORDER_WORDS = ("order", "ordered", "sort", "sorted", "arrange", "rank", "ranked")
PENALTY = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made of a question: SQL, or why not; the CPU milliseconds it took."""

    case: dict[str, Any]
    sql: str | None
    reason: str
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer beside the gold: right on the given database, and on the generated ones too."""

    answer: Answer
    is_right: bool
    is_right_everywhere: bool
    note: str = ""


def main() -> None:
    chosen = _arguments(sys.argv[1:])
    questions, unanswerable = _cases(chosen, "questions"), _cases(chosen, "unanswerable")
    if not questions:
        raise SystemExit(f"{chosen.data} has no questions.jsonl with questions")
    names = sorted({case["db"] for case in questions + unanswerable})
    known = {name: ground_database(chosen.data, name) for name in names}
    answers = [answered(case, known[case["db"]]) for case in questions]
    refused = [answered(case, known[case["db"]]) for case in unanswerable]
    if chosen.predict:
        _write_predictions(chosen.predict, [*answers, *refused])
    judged = [
        found
        for name in names
        for found in _judged(chosen, name, known[name].graph, [a for a in answers if a.case["db"] == name])
    ]
    ours = {
        **_figures(judged, refused),
        "cpu_ms_median": round(statistics.median(a.cpu_ms for a in answers), 1),
        "cpu_ms_p95": round(sorted(a.cpu_ms for a in answers)[int(0.95 * (len(answers) - 1))], 1),
        **{f"db {name}": _brief(judged, refused, "db", name) for name in names},
        **{
            f"construct {kind}": _brief(judged, refused, "category", kind)
            for kind in sorted({str(case.get("category")) for case in questions})
        },
        "wrong": {j.answer.case["id"]: j.note for j in judged if j.answer.sql and not j.is_right_everywhere},
        "answered_without_need": [a.case["id"] for a in refused if a.sql],
    }
    if chosen.details:
        _write_details(chosen.details, judged, refused)
    report("nl2sql", ours=ours, peers={}, ratios={}, output=chosen.output)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = standard_arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", default=UNSEEN, help="the folder of questions")
    parser.add_argument("--predict", type=Path, metavar="FILE", help="write predictions: id, sql, reason")
    parser.add_argument("--details", type=Path, metavar="FILE", help="write what became of each question")
    parser.add_argument("--instances", type=int, default=INSTANCES, help="generated databases of each")
    parser.add_argument("--db", action="append", default=[], help="only questions about this database")
    chosen = parser.parse_args(words)
    if not chosen.data.is_dir():
        parser.error(f"{chosen.data} is no folder")
    return chosen


def _cases(chosen: argparse.Namespace, name: str) -> list[dict[str, Any]]:
    path = chosen.data / f"{name}.jsonl"
    if not path.is_file():
        return []
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = [case for case in found if not chosen.db or case["db"] in chosen.db]
    return found[::QUICK_EVERY] if chosen.quick else found


def answered(case: dict[str, Any], known: Grounding) -> Answer:
    """What a question is read as, in DuckDB's SQL."""
    started = time.process_time()
    try:
        reading = read(
            case["question"], known.graph, known.lexicon, CLOCK, instructions=case.get("instructions") or ""
        )
        sql: str | None = plan(reading.query, known.graph).sql("duckdb", identify=True)
        reason = ""
    except AidbtError as error:
        sql, reason = None, error.message
    return Answer(case, sql, reason, 1000 * (time.process_time() - started))


def _write_predictions(path: Path, answers: Iterable[Answer]) -> None:
    lines = [json.dumps({"id": a.case["id"], "sql": a.sql, "reason": a.reason}) for a in answers]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_details(path: Path, judged: Sequence[Judged], unanswerable: Sequence[Answer]) -> None:
    """For who mends readings: each question with its gold, what it was read as and how that was judged."""
    lines = []
    for found in [*judged, *(Judged(answer, False, False, answer.reason) for answer in unanswerable)]:
        case, is_right = found.answer.case, found.is_right_everywhere
        outcome = "refused" if found.answer.sql is None else "right" if is_right else "wrong"
        told = {name: case.get(name) for name in ("id", "category", "question", "instructions", "gold")}
        told |= {"outcome": outcome, "note": found.note, "sql": found.answer.sql}
        lines.append(json.dumps(told, ensure_ascii=False))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# --- judging -------------------------------------------------------------------------------------------


def _judged(chosen: argparse.Namespace, name: str, graph: Graph, answers: Sequence[Answer]) -> list[Judged]:
    connection = open_database(chosen.data, name)
    references = [
        Reference(r.source, r.source_columns[0], r.target, r.target_columns[0])
        for r in graph.relationships
        if len(r.source_columns) == 1
    ]
    made = list(instances(connection, references, count=chosen.instances, seed=7))
    return [_judge(answer, connection, made) for answer in answers]


def _judge(answer: Answer, connection: Any, made: Sequence[tuple[Any, Any]]) -> Judged:
    """An answer held against the gold."""
    if answer.sql is None:
        return Judged(answer, False, False, answer.reason)
    is_ordered = bool(set(answer.case["question"].lower().replace(",", " ").split()) & set(ORDER_WORDS))
    rows = _rows(connection, answer.sql)
    if rows is None:
        return Judged(answer, False, False, "does not run")
    is_right, kept = False, False
    for gold in answer.case["gold"]:
        wanted = _rows(connection, gold)
        if wanted is None or not same_rows(wanted, rows, ordered=is_ordered):
            continue
        is_right = True
        kept = kept or all(_agrees(gold, answer.sql, one, other, is_ordered) for one, other in made)
    note = "" if kept else "right only on the given rows" if is_right else "other rows than the gold's"
    return Judged(answer, is_right, kept, note)


def _agrees(gold: str, sql: str, one: Any, other: Any, is_ordered: bool) -> bool:
    """Whether rows are the gold's; an instance on which the gold hangs on the order of rows says nothing."""
    wanted, again = _rows(one, gold), _rows(other, gold)
    if wanted is None or again is None or not wanted or not same_rows(wanted, again, ordered=is_ordered):
        return True
    rows = _rows(one, sql)
    return rows is not None and same_rows(wanted, rows, ordered=is_ordered)


def _rows(connection: Any, sql: str) -> list[tuple[Any, ...]] | None:
    import duckdb

    try:
        found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    except duckdb.Error:
        return None
    return found


# --- figures -------------------------------------------------------------------------------------------


def _figures(judged: Sequence[Judged], unanswerable: Sequence[Answer]) -> dict[str, Any]:
    answered_ = [j for j in judged if j.answer.sql]
    right = sum(j.is_right for j in judged)
    everywhere = sum(j.is_right_everywhere for j in judged)
    rightly = sum(a.sql is None for a in unanswerable)
    wrong = len(answered_) - right + len(unanswerable) - rightly
    asked = len(judged) + len(unanswerable)
    return {
        "questions": len(judged),
        "answered": len(answered_),
        "right": right,
        "right_everywhere": everywhere,
        "answered_share": _share(len(answered_), len(judged)),
        "precision": _share(right, len(answered_)),
        "precision_everywhere": _share(everywhere, len(answered_)),
        "unanswerable": len(unanswerable),
        "rightly_refused": rightly,
        "rightly_refused_share": _share(rightly, len(unanswerable)),
        "RS(10)": round(100 * (right + rightly - PENALTY * wrong) / asked, 1) if asked else None,
    }


def _brief(judged: Sequence[Judged], unanswerable: Sequence[Answer], field: str, value: str) -> str:
    """The figures of one database or construct, on a line."""
    of = [j for j in judged if str(j.answer.case.get(field)) == value]
    without = [a for a in unanswerable if str(a.case.get(field)) == value]
    found = _figures(of, without)
    line = (
        f"{found['answered']} of {found['questions']} answered, {found['right']} right, "
        f"{found['right_everywhere']} on every instance"
    )
    return f"{line}; {found['rightly_refused']} of {len(without)} refused" if without else line


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


if __name__ == "__main__":
    main()

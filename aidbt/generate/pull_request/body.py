"""The review text of a pull request: what a reviewer should read first, the rest folded.

The riskiest comes first: what was guessed, what changes values, what a key rests on. The text is printed or
written where the caller wants it; it is no file of the project, so it may hold figures. The same decisions
and figures give the same text.
"""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator, Sequence

from aidbt.core.schema import MappedColumn, MappedTest, Mapping, RowRule
from aidbt.generate.pull_request.markdown import code, count, folded, listed, prose
from aidbt.generate.pull_request.risks import Review, Risk, decided_columns, risks, rows_kept
from aidbt.generate.pull_request.summary import Decided, How, Summary, TableChange
from aidbt.mapping.files import mapping_path
from aidbt.warehouse.budget import human_bytes

# GitHub takes 65,536 characters.
MAX_CHARACTERS = 60_000
_READ_THESE = 5
_EXAMPLES = 4
_QUESTIONS = 10
_MORE_QUESTIONS = 100
_AT_ONCE = 12


def pr_body(review: Review, *, max_characters: int = MAX_CHARACTERS) -> str:
    """The Markdown of a review text.

    Args:
        max_characters: tables beyond that are counted and not listed.
    """
    summary, found = review.summary, risks(review)
    asked = _asked(review)
    parts = [_headline(review, len(asked)), *_first(found[:_READ_THESE]), *_questions(asked)]
    rest = [_risk(risk, "-") for risk in found[_READ_THESE:]]
    parts += folded("Also worth knowing", ["\n".join(rest)])
    room = max_characters - sum(len(part) + 2 for part in parts)
    parts += _details(summary, room)
    return "\n\n".join(part for part in parts if part) + "\n"


def _headline(review: Review, questions: int) -> str:
    summary = review.summary
    staged = summary.staged
    extended = len(summary.tables) - len(staged)
    sources = sorted({table.mapping.source for table in summary.tables})
    if not summary.tables:
        return "## aidbt: nothing new to review"
    what = [f"stages {count(len(staged), 'table')}"] if staged else []
    what += [f"changes {count(extended, 'table')}"] if extended else []
    named = ", ".join(code(source) for source in sources[:4]) + (", …" if len(sources) > 4 else "")
    counts = summary.columns
    ways = ", ".join(f"{number:,} {_WAYS[way]}" for way, number in counts.items() if number)
    facts = [f"{count(sum(counts.values()), 'column')}: {ways}"] if ways else []
    facts.append(f"{count(summary.tests_added, 'test')} added")
    if review.rows_built is not None and summary.tables:
        rows_in, rows_out = review.rows_built
        sign = "=" if rows_in == rows_out else "**≠**"
        facts.append(f"rows in {rows_in:,} {sign} {rows_out:,} rows out at the last build")
    elif summary.rows_in is not None:
        facts.append(f"{count(summary.rows_in, 'row')} in the sources")
    if summary.test_bytes:
        facts.append(f"one run of all their tests reads about {human_bytes(summary.test_bytes)}")
    facts.append(f"{count(review.files, 'file')}")
    facts += [f"**{count(questions, 'open question')}**"] if questions else []
    return f"## aidbt {' and '.join(what)} of {named}\n\n" + " · ".join(facts)


_WAYS: dict[How, str] = {
    "rule": "by rule",
    "history": "by history",
    "person": "by a person",
    "match": "by score",
    "question": "in question",
}


def _first(found: Sequence[Risk]) -> list[str]:
    if not found:
        return ["No guess, no changed value, no key and no dropped column: skimming is enough."]
    numbered = [_risk(risk, f"{number}.") for number, risk in enumerate(found, 1)]
    return [f"### Read {'this' if len(found) == 1 else 'these'}", "\n".join(numbered)]


def _risk(risk: Risk, bullet: str) -> str:
    shown = list(risk.lines[:_EXAMPLES])
    if len(risk.lines) > _EXAMPLES:
        shown.append(f"… and {len(risk.lines) - _EXAMPLES:,} more")
    indent = " " * (len(bullet) + 1)
    return "\n".join([f"{bullet} {risk.title}", *(f"{indent}- {line}" for line in shown)])


def _questions(asked: Sequence[str]) -> list[str]:
    if not asked:
        return []
    rest = len(asked) - _QUESTIONS
    more = list(asked[_QUESTIONS:][:_MORE_QUESTIONS])
    if rest > _MORE_QUESTIONS:
        more.append(f"- … and {rest - _MORE_QUESTIONS:,} more: `aidbt review` lists all")
    hidden = folded(count(rest, "more question"), ["\n".join(more)])
    return ["### Open questions", "\n".join(asked[:_QUESTIONS]), *hidden]


def _asked(review: Review) -> list[str]:
    """What waits for a person, each with the command that answers it: patterns, columns, rows, tests."""
    summary = review.summary
    patterns: dict[str, list[str]] = {}
    for sentence, command in review.questions:
        patterns.setdefault(sentence, []).append(command)
    asked = [_pattern(sentence, commands) for sentence, commands in patterns.items()]
    asked += [
        _question(table.mapping, item.column)
        for table, item in decided_columns(summary)
        if item.how == "question"
    ]
    mappings = [table.mapping for table in summary.tables]
    asked += [_row_question(m, rule) for m in mappings for rule in m.row_rules if rule.status == "review"]
    tests: dict[str, list[str]] = {}
    for mapping in mappings:
        for test in mapping.waiting_tests():
            selector = f"{mapping.key}.{test.column}:{test.test}"
            tests.setdefault(_test_question(test), []).append(selector)
    return asked + [_to_accept(said, selectors) for said, selectors in tests.items()]


def _pattern(sentence: str, commands: Sequence[str]) -> str:
    more = f" and {len(commands) - 1:,} more like it" if len(commands) > 1 else ""
    return f"- [ ] {prose(sentence)}: {code(commands[0])}{more}"


def _to_accept(said: str, selectors: Sequence[str]) -> str:
    rest = len(selectors) - _AT_ONCE
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"- [ ] {said}: {code(_command('accept', *selectors[:_AT_ONCE]))}{more}"


def _question(mapping: Mapping, column: MappedColumn) -> str:
    selector = f"{mapping.key}.{column.target}"
    why = prose(column.note) if column.note else "is this the column that is meant?"
    if not column.sources:
        other = column.alternatives[0][0] if column.alternatives else "SOURCE_COLUMN"
        return f"- [ ] {code(selector)}: {why}: {code(_command('choose', selector, other))}"
    made_of = " + ".join(code(name) for name in column.sources)
    if column.needs_expression:  # such a proposal cannot be accepted as it is
        answer = _command("choose", selector, *column.sources, "--expression", "…")
    else:
        answer = _command("accept", selector)
    return f"- [ ] {code(selector)} from {made_of}: {why}: {code(answer)}"


def _row_question(mapping: Mapping, rule: RowRule) -> str:
    return (
        f"- [ ] {code(mapping.key)}: keep only {rows_kept(rule)}?"
        f" Set its status in {code(mapping_path(mapping))} to `accepted` or `rejected`"
    )


def _test_question(test: MappedTest) -> str:
    values = f" with {listed([code(value) for value in test.values], 6)}" if test.values else ""
    to = f" to {code(f'{test.to}.{test.field}')}" if test.to else ""
    note = f" ({prose(test.note)})" if test.note else ""
    return f"{code(test.column)}: test {code(test.test)}{values}{to}{note}"


def _command(verb: str, *arguments: str) -> str:
    return f"aidbt review {verb} " + " ".join(a if a == "…" else shlex.quote(a) for a in arguments)


def _details(summary: Summary, room: int) -> Iterator[str]:
    """Every column by source, as far as there is room for it."""
    by_source: dict[str, list[TableChange]] = {}
    for table in summary.tables:
        by_source.setdefault(table.mapping.source, []).append(table)
    hidden = 0
    for source, tables in sorted(by_source.items()):
        columns = sum(len(table.columns) for table in tables)
        name = html.escape(" ".join(source.split()))
        head = f"<code>{name}</code>: {count(len(tables), 'table')}, {count(columns, 'column')}"
        shown: list[str] = []
        for table in tables:
            text = _table(table)
            if len(text) + len(head) + 60 > room:
                hidden += 1
                continue
            shown.append(text)
            room -= len(text) + 2
        if shown:
            room -= len(head) + 60
            yield from folded(head, shown, escaped=True)
    if hidden:
        yield f"{count(hidden, 'table')} more: the decisions stand in `aidbt/mappings/`."


def _table(table: TableChange) -> str:
    rows = "" if table.row_count is None else f", {count(table.row_count, 'row')}"
    size = "" if table.size_bytes is None else f", about {human_bytes(table.size_bytes)}"
    state = "new" if table.is_new else "changed"
    lines = [f"**{code(table.mapping.key)}** ({state}{rows}{size})"]
    if table.columns:
        lines += ["", "| source | staging | type | why |", "|---|---|---|---|"]
        lines += [_row(item) for item in table.columns]
    tests = [_test(test) for test in table.tests]
    if tests:
        lines += ["", f"Tests: {', '.join(tests)}"]
    return "\n".join(lines)


def _test(test: MappedTest) -> str:
    columns = " + ".join(code(name) for name in test.columns or (test.column,))
    to = f" with {code(f'{test.to}.{test.field}')}" if test.to else ""
    return f"{columns} {test.test.replace('_', ' ')}{to}"


def _row(item: Decided) -> str:
    column = item.column
    source = " + ".join(code(name, in_table=True) for name in column.sources) or "–"
    types = [text for text in (column.source_type.lower(), column.cast) if text]
    data_type = " → ".join(code(text, in_table=True) for text in types) or "–"
    why = {"question": "in question", "person": "a person", "match": "by score"}.get(item.how, "")
    said = why if item.how == "match" else ": ".join(part for part in (why, prose(item.rule)) if part)
    return f"| {source} | {code(column.target, in_table=True)} | {data_type} | {said} |"

"""Cases of the checks as files of SQL: what the query reads stands in comments at the top.

    -- dialect: postgres
    -- orders: id integer unique not_null, status varchar
    -- config: materialized=incremental unique_key=id
    -- unique: id
    -- reads: orders
    -- deprecated: orders 2026-06-30

`reads` are the relations that dbt knows the model reads; all of them when the line is missing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from aidbt.core.schema import Column
from aidbt.lineage.graph import Lineage, NodeLineage
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.review.checks.check import Query, Side, Subject
from aidbt.review.checks.run import read_query, side
from aidbt.sql.parse import Places
from aidbt.sql.resolved import OutputColumn

_LINE = re.compile(r"-- (?P<name>[\w.]+): (?P<rest>.*)\n")
_WORDS = ("dialect", "config", "unique", "reads", "deprecated")
_TYPE_PARTS = re.compile(r",\s*(?![^(]*\))")


def case_subject(text: str, *, must_resolve: bool = True) -> Subject:
    """The model of a case, with the project around it."""
    declared: dict[str, str] = {}
    while found := _LINE.match(text):
        declared[found["name"]] = found["rest"].strip()
        text = text[found.end() :]
    dialect = declared.get("dialect", "duckdb")
    nodes = {name: _relation(name, rest) for name, rest in declared.items() if name not in _WORDS}
    old, _, day = declared.get("deprecated", "").partition(" ")
    if old:
        nodes[old][0].raw["deprecation_date"] = day
    reads = declared["reads"].split() if "reads" in declared else list(nodes)
    config = dict(pair.split("=", 1) for pair in declared.get("config", "").split())
    raw = {"raw_code": text, "compiled_code": re.sub(r"\{%.*?%\}", "", text, flags=re.DOTALL)}
    model = Node(
        "model.shop.case",
        "model",
        "case",
        "models/case.sql",
        depends_on=tuple(f"model.shop.{name}" for name in reads),
        config={"materialized": "table", **config},
        schema="main",
        identifier="case",
        raw=raw,
    )
    tests = [
        _not_null(name, column.name)
        for name, (_, columns, _) in nodes.items()
        for column in columns
        if not column.nullable
    ]
    metadata = ArtifactMetadata(12, "1.11", "", datetime(2026, 1, 1, tzinfo=UTC), dialect)
    everything = [model, *(found[0] for found in nodes.values()), *tests]
    manifest = Manifest(metadata, {node.unique_id: node for node in everything}, {})
    unique = tuple(tuple(key.split()) for key in declared.get("unique", "").split(",") if key.strip())
    lineages = [
        NodeLineage(
            node.unique_id,
            node.name,
            "model",
            columns=tuple(OutputColumn(c.name, c.data_type) for c in columns),
            is_complete=True,
            unique=keys,
        )
        for node, columns, keys in nodes.values()
    ]
    lineages.append(NodeLineage(model.unique_id, "case", "model", unique=unique))
    project = side(manifest, Lineage({node.unique_id: node for node in lineages}, dialect=dialect))
    return Subject(model, project, _query(raw["compiled_code"], project, must_resolve))


def _query(text: str, project: Side, must_resolve: bool) -> Query:
    query = read_query(text, project)
    assert query is not None, f"the case cannot be parsed: {text}"
    wrong = [p.message for p in query.resolved.problems if p.code.startswith("column.")]
    assert not (wrong and must_resolve), wrong
    return query


def _relation(name: str, rest: str) -> tuple[Node, tuple[Column, ...], tuple[tuple[str, ...], ...]]:
    columns, keys = [], []
    for part in _TYPE_PARTS.split(rest):
        words = part.split()
        flags = {"unique", "not_null"} & set(words)
        column = Column(words[0], " ".join(w for w in words[1:] if w not in flags), "not_null" not in flags)
        columns.append(column)
        if "unique" in flags:
            keys.append((column.name,))
    node = Node(f"model.shop.{name}", "model", name, f"models/{name}.sql", schema="main", identifier=name)
    return node, tuple(columns), tuple(keys)


def _not_null(model: str, column: str) -> Node:
    raw = {
        "attached_node": f"model.shop.{model}",
        "test_metadata": {"name": "not_null", "kwargs": {"column_name": column}},
    }
    return Node(f"test.shop.not_null_{model}_{column}", "test", "not_null", "models/x.yml", raw=raw)


def told(path: Path, check) -> str:
    """What a check finds in a case, as its golden file has it."""
    subject = case_subject(path.read_text(encoding="utf-8"))
    assert subject.query is not None
    places = Places(subject.query.text)
    lines = []
    for hit in sorted(check.find(subject), key=lambda hit: hit.start):
        at = f"line {places.at(hit.start)[0]}" if hit.end > hit.start else "the model"
        said = subject.query.text[hit.start : hit.end]
        lines.append(f"{at} [{hit.severity or check.severity}] {hit.message}")
        lines += [f"    {line}" for line in said.splitlines()]
    return "\n".join(lines or ["nothing"]) + "\n"

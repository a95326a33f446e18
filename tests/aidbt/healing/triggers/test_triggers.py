"""What sets healing going besides a failed run, as causes: sources, dead letters, monitors; and runbooks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aidbt.core.failures import Classified
from aidbt.core.failures import ErrorClass as E
from aidbt.core.findings import Finding, Severity
from aidbt.core.incidents import Incident, IncidentState
from aidbt.core.measured import Anomaly, Monitor
from aidbt.healing.diagnosis.finding import diagnosis
from aidbt.healing.runbooks import runbook_of
from aidbt.healing.triggers.connectors import ill_sources
from aidbt.healing.triggers.dead_letters import Letters, cause_of
from aidbt.healing.triggers.monitors import causes_of_monitors

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDERS = "source.shop.crm.orders"


def said(message: str, adapter: str) -> Classified:
    error_class = E.CREDENTIAL_EXPIRED if "password" in message else E.NETWORK_TIMEOUT
    return Classified(error_class, 0.9, "rules", "")


def error(code: str, where: str, message: str, severity: Severity = Severity.ERROR) -> tuple[str, Finding]:
    return where.partition(".")[0], Finding(code, severity, where, message)


def test_what_stands_in_the_way_of_a_source_is_one_cause_for_each_kind():
    found = [
        error("ingest.refused", "crm", "the password is wrong"),
        error("ingest.not_readable", "shop.a", "no right to read a"),
        error("ingest.not_readable", "shop.b", "no right to read b"),
        error("ingest.no_tables", "shop", "it has no tables", Severity.WARN),
    ]
    crm, shop = ill_sources(found, said)

    assert (crm.error_class, crm.root, crm.key) == (
        E.CREDENTIAL_EXPIRED, "connector.crm", "connector|crm|ingest.refused",
    )  # fmt: skip
    assert shop.error_class is E.PERMISSION_DENIED
    assert [item.text for item in shop.proof] == ["shop.a: no right to read a", "shop.b: no right to read b"]


LETTERS = Letters(
    "shop", "orders", "wrong_type", 3, "b1", "b7", "column 'qty': 70000 is no 'int16'", "f.json", 9
)


def test_dead_letters_are_told_with_their_number_and_one_of_them_without_values():
    cause = cause_of(LETTERS)
    text = " ".join(item.text for item in cause.proof)

    assert "3 records of shop.orders are dead letters: wrong_type" in text
    assert "from batch b1 to b7" in text and "(f.json, 9)" in text
    assert "70000" not in text and cause.next_step.endswith("aidbt ingest replay shop --cause wrong_type")


def test_dead_letters_that_are_rows_now_only_have_to_be_replayed():
    cause = cause_of(replace(LETTERS, dead=0))

    assert cause.key == cause_of(LETTERS).key
    assert (cause.confidence, cause.next_step) == (0.97, "aidbt ingest replay shop --cause wrong_type")


def incident(metric: str, severity: Severity = Severity.ERROR, **more: object) -> Incident:
    found = Anomaly(Monitor(ORDERS, metric, ""), NOW.replace(tzinfo=None), "day", 9.0, f"{metric} is odd")
    given = Incident(
        "INC-1", IncidentState.OPEN, severity, "odd", ORDERS, (ORDERS,), NOW, NOW, anomalies=(found,)
    )
    return replace(given, **more)  # type: ignore[arg-type]


def test_only_high_severity_is_healed_and_it_drafts_at_most():
    (cause,) = causes_of_monitors([incident("row_count"), incident("row_count", Severity.WARN)], [])

    assert (cause.error_class, cause.root, cause.facts["incident"]) == (E.VOLUME, ORDERS, "INC-1")
    assert cause.confidence < 0.75 and cause.unknown
    (other,) = causes_of_monitors([incident("mean")], [])
    assert other.error_class is E.UNCLASSIFIED_ERROR and other.confidence < 0.5


def test_what_evidence_explains_better_or_a_run_failed_of_is_left_to_that():
    known = diagnosis("volume", E.VOLUME, 0.9, failure=None, root=ORDERS)
    failed = incident("row_count", failures=("model.shop.orders",))

    assert not [*causes_of_monitors([incident("row_count")], [known]), *causes_of_monitors([failed], [])]


def test_the_runbook_of_a_class_comes_before_that_of_its_family(tmp_path: Path):
    links = {"SCHEMA_DRIFT": "https://wiki/drift"}
    assert runbook_of(tmp_path, links, E.COLUMN_RENAMED) == "https://wiki/drift"
    assert runbook_of(tmp_path, links, E.STALE) == ""

    page = tmp_path / "aidbt" / "runbooks" / "schema_drift.column_renamed.md"
    page.parent.mkdir(parents=True)
    page.write_text("# Ask the CRM team\n")
    assert runbook_of(tmp_path, links, E.COLUMN_RENAMED) == "aidbt/runbooks/schema_drift.column_renamed.md"

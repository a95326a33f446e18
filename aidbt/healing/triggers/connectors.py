"""What stands in the way of a source, as causes: failed health checks of connectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aidbt.core.failures import ErrorClass
from aidbt.core.findings import Finding, Severity
from aidbt.core.healing import Diagnosis, Evidence, Stage
from aidbt.healing.diagnosis.finding import STRONG, Classify

# What a check's code says by itself; of the others the message is classified.
_CLASSES = {
    "ingest.no_answer": ErrorClass.NETWORK_TIMEOUT,
    "ingest.rows_missing": ErrorClass.VOLUME,
    "ingest.unknown_table": ErrorClass.TABLE_RENAMED,
    "ingest.unknown_column": ErrorClass.COLUMN_REMOVED,
    "ingest.not_readable": ErrorClass.PERMISSION_DENIED,
    "ingest.settings": ErrorClass.MISSING_SETTING,
    "ingest.key_null": ErrorClass.NULL_VIOLATION,
}


def connector_of(source: str) -> str:
    """The name that a source has among nodes.

    Example:
        >>> connector_of("crm")
        'connector.crm'
    """
    return f"connector.{source}"


def ill_sources(findings: Iterable[tuple[str, Finding]], classify: Classify) -> Iterator[Diagnosis]:
    """A cause for each kind of error of each source.

    Args:
        findings: source and what its health check found.
        classify: (message, adapter) → its class.
    """
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for source, finding in findings:
        if finding.severity is Severity.ERROR:
            grouped.setdefault((source, finding.code), []).append(finding)
    for (source, code), some in grouped.items():
        yield _cause(source, code, some, classify)


def _cause(source: str, code: str, found: list[Finding], classify: Classify) -> Diagnosis:
    error_class, confidence = _CLASSES.get(code), STRONG
    if error_class is None:
        said = classify(found[0].message, "")
        error_class, confidence = said.error_class, said.confidence
    return Diagnosis(
        key=f"connector|{source}|{code}",
        error_class=error_class,
        confidence=round(confidence, 2),
        stage=Stage.CONNECT,
        root=connector_of(source),
        proof=tuple(Evidence("probe", one.where, f"{one.where}: {one.message}") for one in found),
        facts={"source": source, "code": code},
        unknown=() if confidence >= STRONG else ("what the message means for certain",),
        next_step=f"see to it at the source, then: aidbt ingest status {source}",
    )

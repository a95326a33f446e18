"""Sources that do not answer: waited for where that may pass, else handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidbt.core.healing import Diagnosis
    from aidbt.healing.controller.means import Means
    from aidbt.healing.triggers.source_hands import Offer, SourceHands
    from aidbt.session import Session


def hands_of_source(session: Session, means: Means, cause: Diagnosis) -> SourceHands:
    """The hands on what stands in the way of one source."""
    from aidbt.healing.triggers.source_hands import SourceHands

    message = cause.proof[0].text if cause.proof else ""
    return SourceHands(
        cause, means, lambda: _still(session, cause), lambda: _offers(session, cause), message=message
    )


def _still(session: Session, cause: Diagnosis) -> str:
    """What the source's health check says of the cause now; "" when that has passed."""
    from aidbt.cli.ingest_sources import checked_sources
    from aidbt.core.findings import Severity

    found = checked_sources(session).get(cause.facts["source"], [])
    of_it = [one for one in found if one.code == cause.facts["code"] and one.severity is Severity.ERROR]
    return f"{cause.key} {len(of_it)}" if of_it else ""


def _offers(session: Session, cause: Diagnosis) -> list[Offer]:
    from aidbt.core.healing import Mend, Risk, Wait
    from aidbt.healing.triggers.source_hands import Offer

    if cause.error_class.family != "TRANSIENT":
        return []
    source = cause.facts["source"]
    waits = Wait(f"the source {source}", is_over=lambda: not _still(session, cause))
    mend = Mend("wait_and_look_again", f"Wait until {source} answers", waits=waits, risk=Risk.LOW)
    return [Offer(mend, by_hand=f"aidbt ingest status {source}")]

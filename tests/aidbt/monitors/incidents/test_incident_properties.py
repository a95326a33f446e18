"""What holds of incidents whatever monitors find, in any order and over any lineage."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aidbt.core.incidents import Incident, key_of
from aidbt.core.measured import Anomaly
from aidbt.monitors.incidents.changes import News, update_incidents
from aidbt.monitors.incidents.surroundings import Surroundings
from tests.aidbt.monitors.findings import DAY, anomaly, failure, later

NODES = [f"model.shop.m{n}" for n in range(6)]
EDGES = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), max_size=3), max_size=6)
# Of each monitor on each day: nothing judged, as expected, or odd.
FOUND = st.sampled_from([None, None, "passed", "passed", "odd"])
CHECKS = st.lists(
    st.fixed_dictionaries(
        {
            "monitors": st.dictionaries(
                st.tuples(st.sampled_from(NODES), st.sampled_from(["row_count", "mean"])), FOUND, max_size=8
            ),
            "failed": st.sets(st.sampled_from(NODES), max_size=2),
            "succeeded": st.sets(st.sampled_from(NODES), max_size=4),
            "skips": st.integers(1, 5),
        }
    ),
    min_size=1,
    max_size=8,
)


def _checked(odd: str = "", failed: str = "", succeeded: str = "", skips: int = 1) -> dict:
    """A check by the numbers of nodes; what is odd are rows."""
    monitors = {(NODES[int(number)], "row_count"): "odd" for number in odd}
    names = ({NODES[int(number)] for number in some} for some in (failed, succeeded))
    return {"monitors": monitors, **dict(zip(("failed", "succeeded"), names, strict=True)), "skips": skips}


# What is well in an incident that becomes part of another, where it is wrong again, is wrong.
JOINED = [
    _checked(failed="0", skips=3), _checked("4"), _checked(skips=4), _checked(succeeded="0"),
    _checked(failed="0", skips=4), _checked("04", failed="0"),
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(EDGES, CHECKS)
@example({NODES[4]: [NODES[0]]}, JOINED)
def test_every_finding_is_in_one_incident_and_every_incident_is_whole(edges: dict, checks: list[dict]):
    around = Surroundings(parents={node: tuple(edges.get(node, ())) for node in NODES})
    known: dict[str, Incident] = {}
    day = 0
    for check in checks:
        day += check["skips"]
        odd = [_odd(*of, day) for of, what in check["monitors"].items() if what == "odd"]
        well = {
            _odd(*of, day).monitor: _odd(*of, day).start
            for of, what in check["monitors"].items()
            if what == "passed"
        }
        failures = tuple(failure(node) for node in sorted(check["failed"]))
        succeeded = frozenset(check["succeeded"] - check["failed"])
        news = News(tuple(odd), failures, well, succeeded)
        before = dict(known)
        for change in update_incidents(tuple(known.values()), news, around, now=later(day)):
            id = change.after.id or f"INC-{len(known) + 1}"
            assert (change.before is None) == (change.after.id == "")
            assert change.before is None or change.before == before[id]
            known[id] = replace(change.after, id=id)
        alive = [incident for incident in known.values() if not incident.state.is_over]
        for finding in odd:
            holders = [one for one in alive if finding in one.anomalies]
            # What passes in the same bucket as it is odd in is judged twice, which no check does.
            assert len(holders) == 1, finding
        for node in check["failed"]:
            assert len([one for one in alive if node in one.failures and node not in one.well]) == 1
        for incident in known.values():
            _assert_whole(incident)


def _odd(node: str, metric: str, day: int) -> Anomaly:
    return anomaly(node, metric, day=day)


def _assert_whole(incident: Incident) -> None:
    assert incident.root == incident.affected[0]
    assert len(set(incident.affected)) == len(incident.affected)
    assert set(incident.affected).isdisjoint(incident.exposed)
    assert {one.monitor.node for one in incident.anomalies} <= set(incident.affected)
    assert list(incident.anomalies) == sorted(incident.anomalies, key=lambda a: (a.start, a.monitor))
    assert incident.state.is_over == (incident.ended_at is not None)
    assert incident.timeline[0].what == "opened"
    keys = {key_of(one.monitor) for one in incident.anomalies} | set(incident.failures)
    assert incident.state.is_over or not keys <= incident.well
    assert incident.anomalies or incident.failures
    assert all(one.start >= DAY for one in incident.anomalies)

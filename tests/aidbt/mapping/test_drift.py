"""A table and its target against what was decided about them: what changed, and how the mapping follows."""

from __future__ import annotations

import dataclasses
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.config import MappingSettings
from aidbt.core.findings import Severity
from aidbt.core.schema import (
    Column,
    ColumnProfile,
    MappedColumn,
    MappedTest,
    Mapping,
    Relation,
    RowRule,
    TableProfile,
    Target,
)
from aidbt.mapping.changes import Changes, table_gone, target_gone
from aidbt.mapping.decisions import Selector, accept
from aidbt.mapping.drift import drift_of
from aidbt.mapping.follow import follow_references

DECIDED = {"id": "BIGINT", "login": "VARCHAR", "signup_dt": "DATE", "amount": "DECIMAL(10,2)"}
ROWS = 500


def relation(columns: dict[str, str]) -> Relation:
    return Relation("raw_crm", "users", tuple(Column(name, kind) for name, kind in columns.items()))


def plain(name: str, data_type: str, **more) -> MappedColumn:
    return MappedColumn(more.pop("target", name), (name,), source_type=data_type, **more)


def mapped(of: dict[str, str] = DECIDED, *, columns: tuple[MappedColumn, ...] = (), **more) -> Mapping:
    """A decided mapping: of a table's columns as they are, or of the given lines."""
    lines = columns or tuple(plain(name, kind) for name, kind in of.items())
    return Mapping("crm", "users", lines, schema="raw_crm", **more)


def profile(columns: dict[str, str], **figures) -> TableProfile:
    """What a table holds: each name of `figures` says which values its column has."""
    found = tuple(
        ColumnProfile(
            name,
            kind,
            null_rate=0.0,
            distinct_count=200,
            minimum=f"min {figures.get(name, name)}",
            maximum=f"max {figures.get(name, name)}",
            min_length=1,
            max_length=9,
        )
        for name, kind in columns.items()
    )
    return TableProfile("raw_crm", "users", ROWS, ROWS, "f", found)


def renamed_to(new: str, old: str = "login") -> dict[str, str]:
    return {new if name == old else name: kind for name, kind in DECIDED.items()}


def as_it_was(columns: dict[str, str], new: str, old: str = "login") -> dict[str, TableProfile]:
    """The profiles before and after a rename that moved no value."""
    return {"profile": profile(columns, **{new: old}), "before": profile(DECIDED)}


# A profile of no rows: it tells where the columns stood, and nothing of what they held.
BY_ITS_PLACE = dataclasses.replace(profile(DECIDED), row_count=0)
NEVER_SURE = MappingSettings(precision=1.0)


def guessed(mapping: Mapping, columns: dict[str, str], **options):
    """The drift of a table of which the rows say nothing, for people who accept nothing unseen."""
    return drift_of(mapping, relation(columns), None, before=BY_ITS_PLACE, settings=NEVER_SURE, **options)


def column_of(mapping: Mapping, target: str) -> MappedColumn:
    return next(column for column in mapping.columns if column.target == target)


def codes(drift) -> set[str]:
    return {finding.code for finding in drift.findings}


# --- nothing changed ----------------------------------------------------------------------------------


def test_what_is_as_it_was_decided_has_not_drifted():
    assert not drift_of(mapped(), relation(DECIDED), None)


@settings(deadline=None)
@given(st.randoms())
def test_the_order_of_columns_is_no_drift(rng: random.Random):
    shuffled = list(DECIDED.items())
    rng.shuffle(shuffled)

    assert not drift_of(mapped(), relation(dict(shuffled)), None)


def test_columns_that_loading_added_are_no_drift():
    assert not drift_of(mapped(), relation({**DECIDED, "_aidbt_batch_id": "VARCHAR"}), None)


# --- renamed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", ["user_login", "handle"])
def test_a_rename_that_moved_no_value_is_certain_whatever_the_name(new):
    columns = renamed_to(new)
    test = MappedTest("login", "unique", by="person")
    before = mapped(columns=(plain("id", "BIGINT"), plain("login", "VARCHAR", by="person")), tests=(test,))
    before = dataclasses.replace(before, unmapped=("signup_dt", "amount"))

    drift = drift_of(before, relation(columns), **as_it_was(columns, new))

    (renamed,) = drift.source.renamed
    assert (renamed.old, renamed.new, renamed.is_accepted) == ("login", new, True)
    assert renamed.probability >= 0.95
    assert drift.source == Changes(renamed=(renamed,))
    login = column_of(drift.mapping, "login")
    assert login == plain(new, "VARCHAR", target="login", by="person")
    assert drift.mapping.tests == (test,)


def test_a_rename_that_is_not_certain_waits_for_a_person():
    drift = guessed(mapped(), renamed_to("user_login"))

    login = column_of(drift.mapping, "login")
    assert (login.sources, login.status) == (("user_login",), "review")
    assert login.note == "is login called user_login now?"
    assert login.score is not None
    assert login.score >= 0.5
    assert [f.severity for f in drift.findings] == [Severity.ERROR]
    assert "aidbt review accept crm.users.login" in drift.findings[0].message


def test_a_renamed_column_that_is_cast_can_still_be_accepted():
    cast = tuple(dataclasses.replace(c, cast="text") if c.target == "login" else c for c in mapped().columns)
    drift = guessed(mapped(columns=cast), renamed_to("user_login"))

    accepted = accept(drift.mapping, Selector("crm.users", "login"))

    assert column_of(accepted, "login") == plain(
        "user_login", "VARCHAR", target="login", cast="text", by="person"
    )


def test_precision_is_the_probability_from_which_a_rename_needs_no_person():
    columns = relation(renamed_to("user_login"))
    lenient = MappingSettings(precision=0.5)

    drift = drift_of(mapped(), columns, None, before=BY_ITS_PLACE, settings=lenient)
    asked = drift_of(mapped(), columns, None, before=BY_ITS_PLACE, settings=lenient, may_accept=False)

    assert column_of(drift.mapping, "login").status == "accepted"
    assert column_of(asked.mapping, "login").status == "review"


def test_a_column_that_came_empty_while_another_went_is_no_rename():
    columns = {**{n: t for n, t in DECIDED.items() if n != "login"}, "phone": "VARCHAR"}
    now = profile(columns)
    empty = tuple(dataclasses.replace(c, null_rate=1.0) if c.name == "phone" else c for c in now.columns)
    now = dataclasses.replace(now, columns=empty)

    drift = drift_of(mapped(), relation(columns), now, before=profile(DECIDED))

    assert drift.source == Changes(added=("phone",), removed=("login",))


def test_two_columns_renamed_at_once_keep_their_order():
    old = {"id": "BIGINT", "a": "VARCHAR", "b": "VARCHAR", "z": "DATE"}
    new = {"id": "BIGINT", "first": "VARCHAR", "second": "VARCHAR", "z": "DATE"}

    drift = drift_of(mapped(old), relation(new), profile(new, first="a", second="b"), before=profile(old))

    assert [(item.old, item.new) for item in drift.source.renamed] == [("a", "first"), ("b", "second")]


def test_of_two_candidates_that_are_alike_none_is_taken_unseen():
    columns = {"id": "BIGINT", "login_a": "VARCHAR", "login_b": "VARCHAR", "z": "DATE"}
    old = {"id": "BIGINT", "login": "VARCHAR", "z": "DATE"}

    drift = drift_of(mapped(old), relation(columns), None)

    assert all(not item.is_accepted for item in drift.source.renamed)
    assert len(drift.source.added) >= 1


def test_a_pair_that_a_person_refused_is_never_proposed():
    columns = renamed_to("user_login")
    refused = tuple(
        dataclasses.replace(c, never=("user_login",)) if c.target == "login" else c for c in mapped().columns
    )

    drift = drift_of(mapped(columns=refused), relation(columns), **as_it_was(columns, "user_login"))

    assert drift.source == Changes(added=("user_login",), removed=("login",))


def test_an_expression_is_rewritten_to_the_new_name_and_nothing_else_in_it_changes():
    columns = renamed_to("Login Name")
    mapping = mapped(
        columns=(
            MappedColumn("login", ("login",), expression="lower( trim(login) ) -- login", by="person"),
            MappedColumn("label", ("id", "login"), expression="id || ': login ' || login", by="person"),
        ),
        unmapped=("signup_dt", "amount"),
    )

    drift = drift_of(mapping, relation(columns), **as_it_was(columns, "Login Name"))

    login, label = drift.mapping.columns
    assert login.expression == 'lower( trim("Login Name") ) -- login'
    assert (label.sources, label.expression) == (("id", "Login Name"), "id || ': login ' || \"Login Name\"")
    assert (label.status, label.by) == ("accepted", "person")


def test_an_expression_that_cannot_be_rewritten_exactly_waits_as_it_is():
    columns = renamed_to("handle")
    written = MappedColumn("login", ("login",), expression="{{ clean('login') }}", by="person")
    mapping = mapped(columns=(written,), unmapped=("id", "signup_dt", "amount"))

    drift = drift_of(mapping, relation(columns), **as_it_was(columns, "handle"))

    (login,) = drift.mapping.columns
    assert (login.expression, login.sources, login.status) == (written.expression, ("login",), "review")
    assert login.note == "login seems to be handle now: write the expression anew"
    assert "mapping.not_rewritten" in codes(drift)


def test_row_rules_follow_a_certain_rename_and_are_left_alone_by_a_guess():
    columns = renamed_to("user_login")
    rules = (RowRule("filter", where="login <> 'x'"), RowRule("latest_row", keys=("login",), order_by="id"))

    certain = drift_of(mapped(row_rules=rules), relation(columns), **as_it_was(columns, "user_login"))
    unsure = guessed(mapped(row_rules=rules), columns)

    assert [rule.where for rule in certain.mapping.row_rules] == ["user_login <> 'x'", ""]
    assert certain.mapping.row_rules[1].keys == ("user_login",)
    assert unsure.mapping.row_rules == rules
    assert "mapping.not_rewritten" in codes(unsure)


def test_what_a_person_left_out_stays_left_out_under_its_new_name():
    columns = renamed_to("handle")
    rejected = tuple(
        dataclasses.replace(c, status="rejected", by="person") if c.target == "login" else c
        for c in mapped().columns
    )

    drift = drift_of(mapped(columns=rejected), relation(columns), **as_it_was(columns, "handle"))

    login = column_of(drift.mapping, "login")
    assert (login.sources, login.status, login.by) == (("handle",), "rejected", "person")
    assert drift.source.added == ()


def test_a_guess_leaves_no_new_column_out():
    columns = renamed_to("user_login")
    rejected = tuple(
        dataclasses.replace(c, status="rejected") if c.target == "login" else c for c in mapped().columns
    )

    drift = guessed(mapped(columns=rejected), columns)

    assert drift.source == Changes(added=("user_login",))


def test_candidates_for_other_columns_follow_too_and_what_is_gone_is_none():
    columns = {name: kind for name, kind in renamed_to("user_login").items() if name != "amount"}
    waiting = MappedColumn(
        "nick",
        ("signup_dt",),
        status="review",
        source_type="DATE",
        alternatives=(("login", 0.4), ("amount", 0.3)),
        never=("login",),
    )
    mapping = mapped(
        columns=(plain("id", "BIGINT"), plain("login", "VARCHAR"), waiting), unmapped=("amount",)
    )

    drift = drift_of(mapping, relation(columns), **as_it_was(columns, "user_login"))

    nick = column_of(drift.mapping, "nick")
    assert (nick.alternatives, nick.never) == ((("user_login", 0.4),), ("user_login",))


def test_relationship_tests_of_other_tables_follow():
    columns = renamed_to("user_no", old="id")
    drift = drift_of(mapped(), relation(columns), **as_it_was(columns, "user_no", old="id"))
    tests = (
        MappedTest("user_id", "relationships", to="crm.users", field="id"),
        MappedTest("shop_id", "relationships", to="crm.shops", field="id"),
    )
    child = Mapping("crm", "visits", (), tests=tests)

    followed = follow_references(child, {"crm.users": drift.source.renamed})

    assert [test.field for test in followed.tests] == ["user_no", "id"]


def test_the_items_of_a_list_follow_the_table_they_stand_in():
    columns = renamed_to("user_no", old="id")
    parent = drift_of(mapped(), relation(columns), **as_it_was(columns, "user_no", old="id"))
    items = Mapping(
        "crm",
        "users",
        (plain("id", "BIGINT"), MappedColumn("tag", ("item",), expression="item.tag")),
        items="login.tags",
        list_sql="from_json(login)",
    )

    drift = drift_of(items, relation(columns), None, parent=parent)

    assert [column.sources for column in drift.mapping.columns] == [("user_no",), ("item",)]
    assert drift.source.added == ()


# --- gone and new -------------------------------------------------------------------------------------


def test_a_column_that_is_gone_waits_with_all_that_was_decided_about_it():
    columns = {name: kind for name, kind in DECIDED.items() if name != "amount"}
    decided = MappedColumn(
        "total", ("amount", "id"), expression="amount * id", by="person", description="What it is."
    )
    mapping = mapped(columns=(*(plain(n, t) for n, t in columns.items()), decided))

    drift = drift_of(mapping, relation(columns), None)

    assert drift.source == Changes(removed=("amount",))
    note = "the source has no amount any more"
    assert column_of(drift.mapping, "total") == dataclasses.replace(decided, status="review", note=note)
    (gone,) = drift.findings
    assert (gone.code, gone.severity) == ("source.column_gone", Severity.ERROR)


def gone_beside(*new: str) -> str:
    """What is said of a column that went while others of its type came."""
    columns = {name: kind for name, kind in DECIDED.items() if name != "login"}
    drift = drift_of(mapped(), relation(columns | dict.fromkeys(new, "VARCHAR")), None)
    return next(f.message for f in drift.findings if f.code == "source.column_gone")


def test_a_column_that_came_while_another_went_is_no_rename_for_its_type_alone():
    assert gone_beside("favourite_colour").endswith(
        "cannot be built; to leave it out: aidbt review reject crm.users.login"
    )


def test_what_a_column_that_is_gone_could_be_called_now_is_said_with_its_probability():
    said = gone_beside("login_name", "user_login")

    found = re.search(r"it may be called (\w+) \((\d+) %\)", said)
    assert found is not None
    assert found[1] in ("login_name", "user_login")
    assert 20 <= int(found[2]) <= 50
    assert f"aidbt review choose crm.users.login {found[1]}; to leave it out" in said


def test_a_name_that_a_person_refused_is_not_suggested_either():
    columns = {name: kind for name, kind in DECIDED.items() if name != "login"} | {"user_login": "VARCHAR"}
    lines = tuple(
        plain(name, kind, never=("user_login",) if name == "login" else ()) for name, kind in DECIDED.items()
    )

    drift = drift_of(mapped(columns=lines), relation(columns), None)

    assert (drift.source.renamed, drift.source.likely) == ((), {})


def test_a_column_that_nobody_uses_is_forgotten_when_it_goes():
    mapping = mapped(unmapped=("junk",))

    drift = drift_of(mapping, relation(DECIDED), None)

    assert drift.mapping.unmapped == ()
    assert [f.severity for f in drift.findings] == [Severity.INFO]
    assert not drift_of(drift.mapping, relation(DECIDED), None)


def test_following_a_change_leaves_nothing_to_follow():
    columns = {**renamed_to("handle"), "amount": "DECIMAL(18,2)", "phone": "VARCHAR"}
    drift = drift_of(mapped(), relation(columns), **as_it_was(columns, "handle"))

    again = drift_of(drift.mapping, relation(columns), profile(columns))

    assert again.source == Changes(added=("phone",))
    assert again.mapping == drift.mapping


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1),
    st.lists(st.sampled_from("efghijkl"), unique=True),
    st.sampled_from(["VARCHAR", "BIGINT"]),
)
def test_every_column_is_kept_gone_renamed_or_new_and_no_decision_is_lost(old, new, kind):
    before = mapped(dict.fromkeys(old, "VARCHAR"))

    drift = drift_of(before, relation(dict.fromkeys(new, kind)), None)

    side = drift.source
    assert {*side.removed, *(item.old for item in side.renamed)} == set(old) - set(new)
    assert {*side.added, *(item.new for item in side.renamed)} == set(new) - set(old)
    assert [column.target for column in drift.mapping.columns] == [c.target for c in before.columns]


# --- retyped ------------------------------------------------------------------------------------------


def retyped(now: str, *, lost: int | None = None, columns=None, target: Target | None = None):
    mapping = mapped(columns=columns or (plain("amount", "INTEGER"),), target=target.name if target else None)
    casts = []

    def lossy(asked):
        casts.extend(asked)
        return {} if lost is None else dict.fromkeys(asked, lost)

    drift = drift_of(mapping, relation({"amount": now}), None, target=target, lossy=lossy)
    return drift, casts


def test_a_wider_type_is_taken_over_and_no_row_is_asked():
    drift, asked = retyped("BIGINT")

    (found,) = drift.source.retyped
    assert (found.kind, found.before, found.now) == ("widened", "INTEGER", "BIGINT")
    assert drift.mapping.columns == (plain("amount", "BIGINT"),)
    assert asked == []


def test_a_type_that_every_row_survives_is_cast_back_to_what_staging_gave():
    drift, asked = retyped("VARCHAR", lost=0)

    assert asked == [("amount", "integer")]
    assert drift.source.retyped[0].kind == "compatible"
    assert drift.mapping.columns == (plain("amount", "VARCHAR", cast="integer"),)


@pytest.mark.parametrize(("lost", "said"), [(3, "3 rows would lose"), (None, "some rows would lose")])
def test_a_type_that_some_row_does_not_survive_waits(lost, said):
    drift, _ = retyped("VARCHAR", lost=lost)

    (column,) = drift.mapping.columns
    assert drift.source.retyped[0].kind == "incompatible"
    assert column.status == "review"
    assert column.note.startswith(said)
    assert [f.severity for f in drift.findings] == [Severity.ERROR]


def test_what_depends_on_the_time_zone_of_the_session_waits_even_where_no_row_loses():
    was = (plain("amount", "TIMESTAMP"),)

    drift, asked = retyped("TIMESTAMP WITH TIME ZONE", lost=0, columns=was)

    assert asked == []
    assert drift.source.retyped[0].kind == "incompatible"


def test_a_column_that_was_cast_keeps_its_type():
    drift, asked = retyped("VARCHAR", lost=0, columns=(plain("amount", "INTEGER", cast="decimal(18,2)"),))

    assert asked == [("amount", "decimal(18,2)")]
    assert drift.mapping.columns[0].cast == "decimal(18,2)"


def test_a_column_that_became_what_it_was_cast_to_needs_no_cast_any_more():
    drift, _ = retyped("BIGINT", columns=(plain("amount", "INTEGER", cast="bigint"),))

    assert drift.mapping.columns == (plain("amount", "BIGINT"),)
    assert drift.source.retyped[0].kind == "compatible"


def test_an_expression_over_another_type_waits():
    written = MappedColumn("amount", ("amount",), expression="amount / 100", source_type="INTEGER")

    drift, _ = retyped("VARCHAR", lost=0, columns=(written,))

    (column,) = drift.mapping.columns
    assert (column.status, column.expression) == ("review", "amount / 100")


# --- the target ---------------------------------------------------------------------------------------

AIMED = (
    plain("id", "BIGINT", target="user_id"),
    plain("login", "VARCHAR", target="login_name"),
    plain("amount", "DECIMAL(10,2)", target="balance"),
)
BY_NOW = {"id": "BIGINT", "login": "VARCHAR", "amount": "DECIMAL(10,2)"}


def target_of(**columns: str) -> Target:
    return Target("user", tuple(Column(name, kind) for name, kind in columns.items()))


AS_DECLARED = {"user_id": "bigint", "login_name": "varchar", "balance": "decimal(10,2)"}


def aimed(declared: dict[str, str], **options):
    mapping = mapped(columns=AIMED, target="user", tests=(MappedTest("login_name", "not_null"),))
    return drift_of(mapping, relation(BY_NOW), None, target=target_of(**declared), **options)


def test_a_target_as_it_was_declared_has_not_drifted():
    assert not aimed(AS_DECLARED)


def test_a_target_column_that_vanished_waits_and_one_that_a_person_decided_stays():
    declared = {name: kind for name, kind in AS_DECLARED.items() if name != "balance"}

    drift = aimed(declared)

    assert drift.target == Changes(removed=("balance",))
    assert column_of(drift.mapping, "balance").status == "review"
    assert [(f.code, f.severity) for f in drift.findings] == [("target.column_gone", Severity.WARN)]
    decided = tuple(dataclasses.replace(c, by="person") for c in AIMED)
    kept = drift_of(
        mapped(columns=decided, target="user"), relation(BY_NOW), None, target=target_of(**declared)
    )
    assert kept.mapping.columns == decided
    assert codes(kept) == {"target.column_gone"}


def test_a_target_column_that_was_renamed_keeps_its_source_and_its_tests():
    declared = {"user_id": "bigint", "login_names": "varchar", "balance": "decimal(10,2)"}

    drift = aimed(declared)

    (renamed,) = drift.target.renamed
    assert (renamed.old, renamed.new) == ("login_name", "login_names")
    assert column_of(drift.mapping, "login_names").sources == ("login",)
    assert [test.column for test in drift.mapping.tests] == ["login_names"]
    assert drift.target.added == drift.target.removed == ()


def test_a_target_column_of_another_type_is_cast_where_that_is_proven():
    declared = {**AS_DECLARED, "balance": "double"}

    drift = aimed(declared, lossy=lambda casts: dict.fromkeys(casts, 0))
    doubtful = aimed(declared)

    assert column_of(drift.mapping, "balance").cast == "double"
    assert [(r.column, r.kind) for r in drift.target.retyped] == [("balance", "compatible")]
    assert column_of(doubtful.mapping, "balance").status == "review"


def test_a_target_column_that_is_new_is_said():
    drift = aimed({**AS_DECLARED, "phone": "varchar"})

    assert drift.target == Changes(added=("phone",))
    assert codes(drift) == {"target.column_added"}


def test_a_target_that_is_gone_is_said_with_the_nearest():
    mapping = mapped(columns=AIMED, target="user")

    assert drift_of(mapping, relation(BY_NOW), None, target=None).is_target_gone
    assert "was it renamed to users?" in target_gone(mapping, ["users"]).message


def test_a_table_that_is_gone_is_said_with_the_one_that_has_its_columns():
    others = {"crm.people": relation({**DECIDED, "more": "INT"}), "crm.other": relation({"x": "INT"})}

    found = table_gone(mapped(), others)

    assert (found.code, found.evidence) == ("source.table_gone", {"nearest": "crm.people"})
    assert table_gone(mapped(), {}).evidence == {}

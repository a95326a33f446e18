"""When a source's column was renamed, moved, lost, retyped or added: what is mended, and what is declined."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.patch import digest
from aidbt.core.table_state import GoodState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.tables_now import tables_now
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies.added_column import AddedColumn
from aidbt.healing.remedies.cast_column import CastColumn
from aidbt.healing.remedies.column_claims import survives_cast
from aidbt.healing.remedies.default_column import DefaultColumn
from aidbt.healing.remedies.moved_column import MovedColumn
from aidbt.healing.remedies.remedy import Remedy, Tools
from aidbt.healing.remedies.renamed_column import RenamedColumn
from aidbt.healing.remedies.source_values import SourceNow
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table
from tests.dbt_shop import new_shop, no_profiles

NOON = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = "source.shop.crm.people"
STAGING = "models/staging/stg_people.sql"
SQL = "select id, lower(email) as email, amount, seen_at, channel from {{ source('crm', 'people') }}\n"
LAND = """
create schema raw;
create table raw.people as select i as id, 'p' || i || '@mail.example' as email, 'DE' as country,
    cast(i * 1.25 as decimal(12, 2)) as amount, i % 7 as points,
    timestamp '2026-01-01 08:00:00' + to_minutes(i * 37) as seen_at,
    ['web', 'shop', 'app'][i % 3 + 1] as channel, timestamp '2026-02-01' as loaded_at
from range(1, 201) t(i);
"""


@dataclass
class Shop:
    """A source in DuckDB, a staging model that reads it, and what the last good run kept."""

    root: Path
    good: GoodState
    source: Node

    def change(self, *statements: str) -> Shop:
        with duckdb.connect(str(self.root / "shop.duckdb")) as database:
            for statement in statements:
                database.execute(statement)
        return self

    def write(self, sql: str, path: str = STAGING) -> Shop:
        (self.root / path).write_text(sql)
        return self

    def measured(self) -> Shop:
        """The shop whose last good run was now."""
        relation = next(r for r in self.warehouse.relations() if r.name == "people")
        with self.warehouse.connect() as connection:
            state = measured_table(connection, relation, keys=["id"])
        return replace(self, good=replace(self.good, tables={PEOPLE: state}))

    @property
    def warehouse(self) -> DuckDBWarehouse:
        return DuckDBWarehouse(self.root / "shop.duckdb")

    @property
    def case(self) -> Case:
        reader = Node(
            "model.shop.stg_people", "model", "stg_people", STAGING, "shop", depends_on=(PEOPLE,),
            raw={"compiled_code": SQL.replace("{{ source('crm', 'people') }}", "shop.raw.people")},
        )  # fmt: skip
        metadata = ArtifactMetadata("", "", NOON, {})
        manifest = Manifest(metadata, {reader.unique_id: reader}, {PEOPLE: self.source})
        return Case(
            "shop", self.root, FailedRun(Stage.NODE), adapter="duckdb", dialect="duckdb", manifest=manifest,
            good=self.good, tables=tables_now(self.warehouse, [self.source], self.good).tables,
        )  # fmt: skip

    def tools(self, warehouse: DuckDBWarehouse) -> Tools:
        project = new_shop(self.root, {}).open()
        return Tools(project, Settings(), lambda: warehouse, lambda: 0, profiles=no_profiles)

    def tried(
        self,
        remedy: Callable[[], Remedy],
        error_class: ErrorClass,
        facts: Mapping[str, str],
        case: Case | None = None,
    ) -> tuple[Mend | Declined, bool, str]:
        """(what is proposed, whether all that it claims holds, the last that was found)."""
        diagnosis = Diagnosis("k", error_class, 0.97, Stage.NODE, PEOPLE, facts={"source": PEOPLE, **facts})
        warehouse = self.warehouse
        with warehouse.connect():  # kept open below: opening costs more than asking
            found = remedy().propose(diagnosis, case or self.case, self.tools(warehouse))
            if isinstance(found, Declined):
                return found, False, found.why
            holds, said = check_claims(found.claims)
        return found, holds, said[-1]

    def mended(self, remedy: Callable[[], Remedy], error_class: ErrorClass, **facts: str) -> str:
        """The staging model after a mend whose claims all hold."""
        mend, holds, said = self.tried(remedy, error_class, facts)
        assert holds and isinstance(mend, Mend) and mend.patch is not None, said
        (edit,) = mend.patch.edits
        assert edit.path == STAGING and edit.after is not None
        return edit.after

    def refused(self, remedy: Callable[[], Remedy], error_class: ErrorClass, **facts: str) -> str:
        """Why there is no mend: it is declined, or a claim does not hold."""
        _, holds, said = self.tried(remedy, error_class, facts)
        assert not holds
        return said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The healthy shop, made and measured once."""
    root = tmp_path_factory.mktemp("people")
    new_shop(root, {STAGING: SQL})
    with duckdb.connect(str(root / "shop.duckdb")) as database:
        database.execute(LAND)
    told: dict[str, dict[str, object]] = {
        "channel": {"default": "'web'"},
        "points": {"default": 0},
        "amount": {"default": "random()"},
    }
    told["email"] = {"critical": True, "default": "'none'"}
    columns = {name: {"name": name, "config": {"meta": {"aidbt": own}}} for name, own in told.items()}
    source = Node(
        PEOPLE, "source", "people", "models/sources.yml", "shop", schema="raw", identifier="people",
        source_name="crm", raw={"columns": columns},
    )  # fmt: skip
    warehouse = DuckDBWarehouse(root / "shop.duckdb")
    relation = next(r for r in warehouse.relations() if r.name == "people")
    with warehouse.connect() as connection:
        state = measured_table(connection, relation, keys=["id"])
        engine = engine_of(connection)
    return Shop(root, GoodState("dev", NOON, "r", engine=engine, tables={PEOPLE: state}), source)


@pytest.fixture
def shop(made: Shop, tmp_path: Path) -> Shop:
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True)
    return Shop(tmp_path, made.good, made.source)


RENAME = (RenamedColumn, ErrorClass.COLUMN_RENAMED)
NEW_ROWS = (
    "insert into raw.people select id + 1000, 'n' || id, country, amount, points, seen_at, channel,"
    " timestamp '2026-03-01' from raw.people where id < 30"
)


def test_a_renamed_column_is_read_under_its_old_name(shop: Shop):
    shop.change(NEW_ROWS, "alter table raw.people rename column email to address")

    after = shop.mended(*RENAME, old="email", new="address", how="gone")

    assert after == SQL.replace("lower(email)", "lower(address)")


def test_the_key_itself_may_have_another_name(shop: Shop):
    shop.change("alter table raw.people rename column id to person_id")

    assert shop.mended(*RENAME, old="id", new="person_id").startswith("select person_id as id, ")

    shop.change("alter table raw.people rename column email to address")  # by the key under its new name
    assert "lower(address)" in shop.mended(*RENAME, old="email", new="address")


@pytest.mark.parametrize(
    ("changes", "new", "why"),
    [
        (
            ["add column address varchar default 'x'", "drop column email"],
            "address",
            "not so: address has the",
        ),
        (["rename column email to a"], "b", "has no b"),
        # the decoy holds the same values as the right one
        (["add column b varchar", "rename column email to a"], "a", ""),
        (["rename column email to a"], "a", ""),
    ],
)
def test_values_decide_which_column_it_is(shop: Shop, changes: Sequence[str], new: str, why: str):
    shop.change(*(f"alter table raw.people {change}" for change in changes))

    if not why:
        assert f"lower({new})" in shop.mended(*RENAME, old="email", new=new)
    else:
        assert why in shop.refused(*RENAME, old="email", new=new)


def test_what_does_not_find_the_rows_again_is_not_their_key(shop: Shop):
    shop.change(
        "alter table raw.people rename column id to person_id",
        "alter table raw.people rename column channel to medium",
    )

    assert shop.mended(*RENAME, old="id", new="person_id").startswith("select person_id as id, ")


def test_a_second_column_with_the_same_values_is_never_guessed(shop: Shop):
    shop.change(
        "alter table raw.people rename column email to a", "alter table raw.people add column b varchar",
        "update raw.people set b = a",
    )  # fmt: skip

    assert "b may be email too" in shop.refused(*RENAME, old="email", new="a")


def test_a_column_that_is_like_it_but_for_few_rows_is_another_one(shop: Shop):
    shop.change(
        "alter table raw.people rename column amount to amount_net",
        "update raw.people set amount_net = amount_net - 1 where id in (7, 70)",
    )
    assert "198 of 200" in shop.refused(*RENAME, old="amount", new="amount_net")


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("null", "29 of the 29 rows that came have no value; 0 of 200 had none"),
        ("amount * 1000", "they lie between 1.25 and 36250.00, and lay between 1.25 and 250.00"),
        ("amount / 50", "they lie between 0.03 and 250.00, and lay between 1.25 and 250.00"),
    ],
)
def test_a_copy_of_then_that_nobody_fills_as_it_was_is_not_the_column(shop: Shop, new: str, why: str):
    shop.change(NEW_ROWS, f"update raw.people set amount = {new} where id > 1000")
    shop.change("alter table raw.people rename column amount to amount_then")

    assert why in shop.refused(*RENAME, old="amount", new="amount_then")


def test_a_column_that_is_the_old_one_by_its_name_is_a_persons(shop: Shop):
    shop.change("alter table raw.people rename column amount to amount_old")

    assert "by its name" in shop.refused(*RENAME, old="amount", new="amount_old")


def test_of_a_source_that_lost_its_rows_too_nothing_is_mended(shop: Shop):
    shop.change(
        "alter table raw.people rename column email to address", "delete from raw.people where id > 90"
    )
    assert "has 90 rows, and had 200" in shop.refused(*RENAME, old="email", new="address")


def test_what_a_snapshot_below_has_taken_in_already_is_a_persons(shop: Shop):
    shop.change("alter table raw.people rename column email to address")
    case = shop.case
    assert case.manifest is not None
    log = Node("snapshot.shop.log", "snapshot", "log", "", "shop", depends_on=(PEOPLE,))
    nodes = {**case.manifest.nodes, log.unique_id: log}
    case = replace(
        case, manifest=replace(case.manifest, nodes=nodes),
        run=FailedRun(Stage.NODE, succeeded=(log.unique_id,)),
    )  # fmt: skip
    facts = {"old": "email", "new": "address"}
    assert "log keeps rows" in shop.tried(*RENAME, facts, case)[2]


@pytest.mark.long
def test_a_column_of_one_value_is_told_by_its_name_too(shop: Shop):
    shop.write(SQL.replace("channel", "country")).change(
        "alter table raw.people rename column country to country_code"
    )
    assert "country_code as country" in shop.mended(*RENAME, old="country", new="country_code")

    shop.change("alter table raw.people rename column country_code to payload_17")
    assert "chance" in shop.refused(*RENAME, old="country", new="payload_17")


def test_renamed_and_retyped_is_proved_wholly(shop: Shop):
    shop.change(
        "alter table raw.people rename column amount to total",
        "alter table raw.people alter total type varchar",
    )
    after = shop.mended(*RENAME, old="amount", new="total")
    assert "cast(total as decimal(12,2)) as amount" in after

    shop.change("update raw.people set total = 'EUR ' || total where id = 7")
    assert "every value of total comes through" in shop.refused(*RENAME, old="amount", new="total")


@pytest.mark.long
def test_two_columns_that_a_loader_made_of_one_by_type_are_read_as_that_one(shop: Shop):
    shop.change(
        "alter table raw.people rename amount to amount__de", "alter table raw.people add amount__st varchar",
        "insert into raw.people select i + 200, 'n' || i, 'DE', null, 1, timestamp '2026-02-02', 'web',"
        " timestamp '2026-02-02', cast(i * 1.25 as decimal(12, 2)) from range(1, 41) t(i)",
    )  # fmt: skip
    facts = {"old": "amount", "new": "amount__de", "how": "gone"}

    alone = shop.refused(RenamedColumn, ErrorClass.COLUMN_RENAMED, **facts)
    both = shop.mended(RenamedColumn, ErrorClass.COLUMN_RENAMED, **facts, also="amount__st")
    shop.change("update raw.people set amount__st = '1.00' where id = 7")

    assert "amount__st may be amount too" in alone or "have no value" in alone
    assert "coalesce(cast(amount__st as decimal(12,2)), amount__de) as amount" in both
    assert "1 such rows" in shop.refused(RenamedColumn, ErrorClass.COLUMN_RENAMED, **facts, also="amount__st")


@pytest.mark.parametrize(
    ("old", "new", "changed", "holds"),
    [
        ("channel", "people_channel", "'app' where id = 7 and people_channel <> 'app'", True),
        ("channel", "first_channel", "'app' where id = 7 and first_channel <> 'app'", False),
        ("seen_at", "people_seen_at", "people_seen_at + to_days(9) where id < 12", True),
        ("seen_at", "people_seen_at", "timestamp '1970-01-01' where id < 12", False),  # a word for null
        ("amount", "people_amount", "1 where id = 7", False),
        ("amount", "people_amount", "1, country = 'FR' where id = 7", True),
        ("amount", "fee", "1, country = 'FR' where id = 7", False),  # it may be another amount
        (
            "amount",
            "people_amount",
            "case when id = 7 then 1 else people_amount end, points = points + 1",
            False,
        ),
    ],
)
def test_values_that_were_updated_in_rows_that_stay(
    shop: Shop, old: str, new: str, changed: str, holds: bool
):
    """Of what is counted all values agree, or more of the row changed; of others few may not."""
    shop.change(f"alter table raw.people rename {old} to {new}", f"update raw.people set {new} = {changed}")

    _, is_mended, said = shop.tried(
        RenamedColumn, ErrorClass.COLUMN_RENAMED, {"old": old, "new": new, "how": "gone"}
    )

    assert is_mended is holds, said


@pytest.mark.parametrize(("column", "holds"), [("points", True), ("amount", False)])
def test_whole_numbers_that_are_text_now_may_have_changed_in_few_rows(shop: Shop, column: str, holds: bool):
    shop.write(SQL.replace("amount,", "amount, points,")).change(
        f"alter table raw.people alter {column} type varchar",
        f"update raw.people set {column} = '3' where id = 14",
    )

    _, is_mended, said = shop.tried(CastColumn, ErrorClass.TYPE_CHANGED, {"column": column})

    assert is_mended is holds, said


def test_two_columns_of_one_file_are_mended_one_upon_the_other(shop: Shop):
    shop.change(
        "alter table raw.people rename column email to address",
        "alter table raw.people rename column channel to medium",
    )
    first = shop.mended(*RENAME, old="email", new="address")
    tools = replace(shop.tools(shop.warehouse), texts={STAGING: first})
    facts = {"source": PEOPLE, "old": "channel", "new": "medium"}
    diagnosis = Diagnosis("k", ErrorClass.COLUMN_RENAMED, 0.97, Stage.NODE, PEOPLE, facts=facts)

    second = RenamedColumn().propose(diagnosis, shop.case, tools)

    assert isinstance(second, Mend) and second.patch is not None and check_claims(second.claims)[0]
    (edit,) = second.patch.edits
    assert edit.before == digest(first)
    assert edit.after == first.replace(" channel", " medium as channel")


def test_a_test_of_the_source_itself_is_not_edited(shop: Shop):
    shop.change("alter table raw.people rename column email to address")
    case = shop.case
    assert case.manifest is not None
    test = Node(
        "test.shop.not_null_email", "test", "not_null_email", "models/sources.yml", "shop",
        depends_on=(PEOPLE,), raw={"column_name": "email", "test_metadata": {"name": "not_null"}},
    )  # fmt: skip
    nodes = {**case.manifest.nodes, test.unique_id: test}
    asked = replace(case, manifest=replace(case.manifest, nodes=nodes))

    _, holds, why = shop.tried(*RENAME, {"old": "email", "new": "address"}, asked)

    assert not holds and "tests are not edited" in why


MOVE = (MovedColumn, ErrorClass.COLUMN_RENAMED)
MOVED = (
    "alter table raw.people add column address varchar",
    "update raw.people set address = email, email = null, loaded_at = '2026-03-01' where id % 4 = 0",
)
MOVE_FACTS = {"old": "email", "new": "address", "how": "null_since", "conflicts": "0"}


def test_a_column_that_turned_null_is_read_where_the_new_one_is_not_filled(shop: Shop):
    shop.change(*MOVED)

    assert "lower(coalesce(address, email)) as email" in shop.mended(*MOVE, **MOVE_FACTS)


@pytest.mark.parametrize(
    ("sql", "is_it"),
    [
        ("select coalesce(address, email) as email from x", True),
        ("select email as address -- the address\n, 1 as n from x", False),
        ('{# address #} select email AS "address" from x', False),
    ],
)
def test_a_model_that_reads_the_new_column_already_is_peoples(shop: Shop, sql: str, is_it: bool):
    shop.change(*MOVED)
    case = shop.case
    assert case.manifest is not None
    (reader,) = case.manifest.nodes.values()
    known = replace(case.manifest, nodes={reader.unique_id: replace(reader, raw={"raw_code": sql})})

    assert replace(case, manifest=known).is_read(PEOPLE, "address") is is_it


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("update raw.people set address = 'other' where id = 3", "filled with different values: 1 such row"),
        ("update raw.people set email = null where id = 3", "both are null in 1 of 200 rows"),
        (
            "update raw.people set address = 'x' || address where id % 4 = 0",
            "not so: where email turned null",
        ),
    ],
)
def test_what_contradicts_a_move_is_found(shop: Shop, more: str, why: str):
    shop.change(*MOVED, more)

    assert why in shop.refused(*MOVE, **MOVE_FACTS)


@pytest.mark.parametrize(
    ("new", "value", "is_it"),
    [
        ("email_address", "'n' || id || '@mail.example'", True),
        ("note", "'n' || id || '@mail.example'", False),
        ("email_address", "sha256('n' || id)", False),
    ],
)
def test_of_values_that_nobody_knows_the_name_says_whose_they_are(
    shop: Shop, new: str, value: str, is_it: bool
):
    shop.change(
        f"alter table raw.people add column {new} varchar",
        "insert into raw.people select id + 1000, null, country, amount, points, seen_at, channel, loaded_at,"
        f" {value} from raw.people where id <= 40",
    )
    facts = {**MOVE_FACTS, "new": new}
    if is_it:
        assert "coalesce(email_address, email)" in shop.mended(*MOVE, **facts)
    else:
        assert "not so: where email turned null" in shop.refused(*MOVE, **facts)


@pytest.mark.parametrize(
    ("new", "data_type", "value", "is_it"),
    [
        ("amount_v2", "decimal(12, 2)", "id * 1.31", True),
        ("amount__str", "varchar", "(id * 1.31)::varchar", True),
        ("amount_v2", "bigint", "id * 131", False),  # cents
        ("amount_v2", "decimal(12, 2)", "id * -1.31", False),  # the other sign
        ("amount_net", "decimal(12, 2)", "id * 1.11", False),
    ],
)
def test_of_amounts_that_nobody_knows_name_and_size_say_what_they_are(
    shop: Shop, new: str, data_type: str, value: str, is_it: bool
):
    shop.change(
        f"alter table raw.people add column {new} {data_type}",
        "insert into raw.people select id + 1000, email, country, null, points, seen_at, channel, loaded_at,"
        f" {value} from raw.people where id % 5 = 0",
    )
    facts = {"old": "amount", "new": new, "how": "null_since", "conflicts": "0"}
    if is_it:
        assert f"{new}" in shop.mended(*MOVE, **facts)
    else:
        assert "not so: where amount turned null" in shop.refused(*MOVE, **facts)


@pytest.mark.parametrize(("value", "is_it"), [("country", True), ("'GERMANY'", False)])
def test_a_list_of_few_values_moves_as_it_is(shop: Shop, value: str, is_it: bool):
    shop.change(
        "alter table raw.people add column country_code varchar",
        "insert into raw.people select id + 1000, email, null, amount, points, seen_at, channel, loaded_at,"
        f" {value} from raw.people where id <= 40",
    )
    shop.write(SQL.replace("channel", "country"))
    facts = {"old": "country", "new": "country_code", "how": "null_since", "conflicts": "0"}
    if is_it:
        assert "coalesce(country_code, country) as country" in shop.mended(*MOVE, **facts)
    else:
        assert "not so: where country turned null" in shop.refused(*MOVE, **facts)


@pytest.mark.parametrize(
    ("names", "data_type", "value", "is_it"),
    [
        (("flag", "flag_v2"), "integer", "(id % 4 = 0)::integer", True),
        (("flag", "flag_v2"), "integer", "(id % 4 > 0)::integer", False),  # turned around
        pytest.param(  # the same countries
            ("from_country", "to_country"), "varchar", "'C' || (id * id % 17)", False, marks=pytest.mark.long
        ),
    ],
)
def test_the_same_values_under_another_meaning_are_not_those_that_moved(
    shop: Shop, names: tuple[str, str], data_type: str, value: str, is_it: bool
):
    old, new = names
    held = "(id % 4 = 0)::integer" if old == "flag" else "'C' || (id * id % 17)"
    shop.change(
        f"alter table raw.people add column {old} {data_type}", f"update raw.people set {old} = {held}"
    )
    shop = shop.measured().change(
        f"alter table raw.people add column {new} {data_type}",
        f"insert into raw.people by name select * replace (id + 1000 as id, null as {old}, {value} as {new})"
        " from raw.people where id <= 60",
    )
    shop.write(SQL.replace("channel", old))
    facts = {"old": old, "new": new, "how": "null_since", "conflicts": "0"}
    if is_it:
        assert f"coalesce({new}, {old})" in shop.mended(*MOVE, **facts)
    else:
        assert f"not so: where {old} turned null" in shop.refused(*MOVE, **facts)


REMOVED = (DefaultColumn, ErrorClass.COLUMN_REMOVED)


def test_a_declared_default_stands_in_for_a_column_that_is_gone(shop: Shop):
    shop.change("alter table raw.people drop column channel")
    after = shop.mended(*REMOVED, column="channel")

    warning, _, rest = after.partition("\n")
    told = "crm.people has no column channel: its declared default 'web' is read"
    assert warning == '{%- do exceptions.warn("' + told + '") -%}'
    assert rest == SQL.replace("channel", "'web' as channel")

    shop.write(SQL.replace("channel", "points")).change("alter table raw.people drop column points")
    assert "cast(0 as bigint) as points" in shop.mended(*REMOVED, column="points")  # as the column was


def test_a_model_that_warns_is_edited_like_any_other(shop: Shop):
    shop.change("alter table raw.people drop column channel")
    shop.write(shop.mended(*REMOVED, column="channel"))
    shop.change("alter table raw.people rename column email to address")

    assert "lower(address) as email" in shop.mended(*RENAME, old="email", new="address", how="gone")


def test_a_column_whose_values_moved_to_another_name_is_not_defaulted(shop: Shop):
    shop.change(
        "alter table raw.people rename column country to land",
        "alter table raw.people drop column land",
        "alter table raw.people rename column email to mail",
        "alter table raw.people rename column channel to email",
    )
    assert "email holds what channel held" in shop.refused(*REMOVED, column="channel")


def test_a_column_that_says_the_same_in_codes_is_not_defaulted_away(shop: Shop):
    shop.change(
        "alter table raw.people add column src integer",
        "update raw.people set src = case channel when 'web' then 3 when 'shop' then 1 else 2 end",
        "alter table raw.people drop column channel",
    )
    assert "src tells the same rows apart" in shop.refused(*REMOVED, column="channel")


def test_what_nobody_declared_or_is_critical_is_a_persons(shop: Shop):
    why = {"email": "critical", "seen_at": "no default is declared", "amount": "is no constant: random()"}
    for column, said in why.items():
        shop.change(f"alter table raw.people drop column {column}")
        assert said in shop.refused(*REMOVED, column=column)


def test_a_column_that_may_be_there_under_another_name_is_not_defaulted(shop: Shop):
    shop.change("alter table raw.people rename column channel to medium")
    assert "medium may be channel too" in shop.refused(*REMOVED, column="channel")

    shop.change(
        "alter table raw.people rename column medium to channel_code",
        "update raw.people set channel_code = id || upper(channel_code)",
    )
    assert "channel_code may be it, in another form" in shop.refused(*REMOVED, column="channel")


def test_a_new_column_that_says_more_than_the_one_that_is_gone_may_be_it(shop: Shop):
    shop.change(
        "alter table raw.people add column total_points varchar",
        "update raw.people set total_points = (id * 7919 % 1013) || ' p'",
        "alter table raw.people drop column points",
    )
    shop.write(SQL.replace("channel", "points"))

    assert "total_points may be it, in another form" in shop.refused(*REMOVED, column="points")


RETYPE = (CastColumn, ErrorClass.TYPE_CHANGED)


AS_DECIMAL = "cast(amount as decimal(12,2)) as amount"


@pytest.mark.parametrize(
    ("amount", "seen_at", "read"),
    [
        ("varchar", "varchar using strftime(seen_at, '%Y-%m-%dT%H:%M:%S')", "cast(seen_at as timestamp)"),
        ("double", "bigint using epoch_ms(seen_at)", "epoch_ms(seen_at)"),
        pytest.param(
            "decimal(18, 4)",
            "bigint using epoch(seen_at)::bigint",
            "make_timestamp(seen_at * 1000000)",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_type_is_taken_back_where_every_value_proves_it(shop: Shop, amount: str, seen_at: str, read: str):
    shop.change(
        f"alter table raw.people alter amount type {amount}",
        f"alter table raw.people alter seen_at type {seen_at}",
    )

    assert AS_DECIMAL in shop.mended(*RETYPE, column="amount")
    assert f"{read} as seen_at" in shop.mended(*RETYPE, column="seen_at")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"amount": "varchar using 'EUR ' || amount", "seen_at": "date", "email": "varchar"},
            marks=pytest.mark.long,
        ),
        {
            "amount": "bigint using (amount * 100)::bigint",  # cents: castable, and another value
            "seen_at": "varchar using strftime(seen_at, '%d/%m/%Y %H:%M')",
            "id": "varchar using format('C{:06d}', id)",
        },
        {"amount": "varchar using case when id = 9 then '1.125e1' else amount::varchar end"},
    ],
)
def test_a_type_whose_values_do_not_prove_it_is_a_persons(shop: Shop, changes: dict[str, str]):
    shop.change(*(f"alter table raw.people alter {name} type {to}" for name, to in changes.items()))

    for column in changes:
        assert shop.refused(*RETYPE, column=column)


@pytest.mark.parametrize(
    ("column", "values", "to", "why"),
    [
        ("amount", "amount * 100", "varchar", "they lie between 1.25 and 3625.00"),
        ("amount", "amount * 60", "varchar", "in rows loaded since, and"),
        pytest.param("amount", "-amount * 6", "double", "another sign", marks=pytest.mark.long),
        pytest.param("amount", "null", "varchar", "29 of the 29 rows that came", marks=pytest.mark.long),
        (
            "seen_at",
            "make_timestamp(epoch_ms(seen_at))",
            "bigint using epoch_ms(seen_at)",
            "they lie between 1970",
        ),
    ],
)
def test_a_type_that_came_with_other_values_in_new_rows_is_a_persons(
    shop: Shop, column: str, values: str, to: str, why: str
):
    shop.change(
        NEW_ROWS,
        f"update raw.people set {column} = {values} where id > 1000",
        f"alter table raw.people alter {column} type {to}",
    )
    assert why in shop.refused(*RETYPE, column=column)


@pytest.mark.parametrize(
    ("rows", "to", "holds"),
    [
        (200, "boolean using flag = 1", True),
        (200, "boolean using flag = 0", False),  # turned around
        pytest.param(6, "boolean using flag = 1", True, marks=pytest.mark.long),
        pytest.param(6, "boolean using flag = 0", False, marks=pytest.mark.long),
        pytest.param(0, "boolean using flag = 0", False, marks=pytest.mark.long),  # nothing tells rows apart
    ],
)
def test_few_values_are_compared_in_the_same_rows_even_where_all_were_loaded_anew(
    shop: Shop, rows: int, to: str, holds: bool
):
    told = f"delete from raw.people where id > {rows}" if rows else "alter table raw.people drop column email"
    shop.change(
        told,
        "alter table raw.people add column flag integer",
        "update raw.people set flag = (id % 4 = 0)::integer",
    )
    if not rows:
        shop.change(*(f"alter table raw.people drop column {c}" for c in ("amount", "seen_at")))
        shop.change("update raw.people set id = 1")
    shop = shop.measured().change(
        "update raw.people set loaded_at = '2026-03-01'", f"alter table raw.people alter flag type {to}"
    )
    shop.write(SQL.replace("channel", "flag"))

    _, found, said = shop.tried(*RETYPE, {"column": "flag"})

    assert found is holds, said


def test_digits_that_lost_a_leading_zero_are_not_what_they_were(shop: Shop):
    shop.change(
        "alter table raw.people add column zip varchar",
        "update raw.people set zip = case when id = 5 then '0107' else (1000 + id)::varchar end",
    )
    shop = shop.measured().change(
        "update raw.people set loaded_at = '2026-03-01'", "alter table raw.people alter zip type integer"
    )
    assert "199 of 200 rows" in shop.write(SQL.replace("channel", "zip")).refused(*RETYPE, column="zip")


@pytest.mark.parametrize(
    ("words", "holds"), [(("True", "false"), True), (("Y", "N"), False), (("1", "no"), False)]
)
def test_only_true_and_false_are_booleans_again(shop: Shop, words: tuple[str, str], holds: bool):
    yes, no = words
    shop.change(f"update raw.people set channel = case when id % 3 = 0 then '{yes}' else '{no}' end")
    warehouse = shop.warehouse
    tools = shop.tools(warehouse)

    with warehouse.connect():
        found = survives_cast(SourceNow(shop.case, tools, shop.source), tools, "channel", "boolean").check()

    assert found.holds is holds


@pytest.mark.parametrize(
    ("sql", "after"),
    [
        ("select * from {}", "\n    loaded_at\nfrom {}"),
        ("select id from {}", ""),
    ],
)
def test_columns_that_came_are_left_out_of_a_star_that_breaks(shop: Shop, sql: str, after: str):
    people = "{{ source('crm', 'people') }}"
    shop.write(sql.format(people)).change("alter table raw.people add column utm varchar")
    failures = (RunFailure("model.shop.stg_people", "error", "a column more"),)
    diagnosis = Diagnosis(
        "k", ErrorClass.COLUMN_ADDED, 0.9, Stage.NODE, PEOPLE, failures=failures, facts={"source": PEOPLE}
    )

    found = AddedColumn().propose(diagnosis, shop.case, shop.tools(shop.warehouse))

    if not after:
        assert isinstance(found, Declined) and "no model reads a star" in found.why
    else:
        assert isinstance(found, Mend) and found.patch is not None
        assert str(found.patch.edits[0].after).endswith(after.format(people))
        assert check_claims(found.claims)[0]

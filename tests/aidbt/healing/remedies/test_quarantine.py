"""Bad rows of a real table: which are set aside, how, and what is declined."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from aidbt.core.config import Settings
from aidbt.core.failures import ErrorClass
from aidbt.core.findings import RunFailure
from aidbt.core.healing import Declined, Diagnosis, Mend, Stage
from aidbt.core.table_state import GoodState, TableState
from aidbt.healing.evidence.case import Case
from aidbt.healing.evidence.failed_run import FailedRun
from aidbt.healing.evidence.tables_now import tables_now
from aidbt.healing.evidence.test_meaning import meaning_of
from aidbt.healing.proof.claims import check_claims
from aidbt.healing.remedies.quarantine import Quarantine
from aidbt.healing.remedies.remedy import Tools
from aidbt.lineage.columns import project_lineage
from aidbt.project.artifacts import ArtifactMetadata
from aidbt.project.manifest import Manifest, Node
from aidbt.warehouse.duckdb import DuckDBWarehouse
from aidbt.warehouse.table_states import engine_of, measured_table
from tests.dbt_shop import new_shop, no_profiles

NOON = datetime(2026, 3, 1, tzinfo=UTC)
PAYMENTS, ORDERS = "source.shop.pay.payments", "source.shop.pay.orders"
STAGING, STG = "models/staging/stg_payments.sql", "model.shop.stg_payments"
MACRO = "macros/stg_payments__quarantine_reason.sql"
SQL = """\
with source as (
    select * from {{ source('pay', 'payments') }}
)

select
    id as payment_id, order_id, cast(amount as decimal(12, 2)) as amount, lower("Méthode") as method,
    changed_at
from source
"""
TOTALS = "select order_id, sum(amount) as paid from shop.main.stg_payments group by 1"
LAND = """
create schema raw;
create table raw.orders as select i as id, timestamp '2026-02-01' as loaded_at from range(1, 301) t(i);
create table raw.payments as select 'p' || i as id, i as order_id, (10 + i % 7)::varchar as amount,
    ['Card', 'Cash'][i % 2 + 1] as "Méthode", timestamp '2026-01-01' + to_days((i % 30)::int) as changed_at,
    timestamp '2026-02-01' as loaded_at
from range(1, 301) t(i);
"""
NIGHT = (
    "insert into raw.orders select i, timestamp '2026-03-01' from range(301, 341) t(i)",
    "insert into raw.payments select 'p' || i, i, '12', 'Card', timestamp '2026-03-01',"
    " timestamp '2026-03-01' from range(301, 341) t(i)",
)
MORE = (
    "insert into raw.payments select '{id}' || i, {order_id}, {amount}, {method}, timestamp '2026-03-01',"
    " timestamp '2026-03-01' from range({n}) t(i)"
)

DOUBLED = "insert into raw.payments from raw.payments where order_id > 337"


def rows(
    n: int = 3, id: str = "x", order_id: str = "300", amount: str = "'12'", method: str = "'Card'"
) -> str:
    return MORE.format(n=n, id=id, order_id=order_id, amount=amount, method=method)


def asking(name: str, where: str, **kwargs: object) -> tuple[Node, str]:
    """A test of the staging model, as dbt compiles it."""
    node = Node(
        f"test.shop.{name}", "test", name, "models/staging/staging.yml", "shop", depends_on=(STG,),
        raw={
            "attached_node": STG, "test_metadata": {"name": name.split("__")[0], "kwargs": kwargs},
            "compiled_code": f'select * from "shop"."main"."stg_payments" where {where}',
        },
    )  # fmt: skip
    return node, where


NOT_NULL = asking("not_null__order_id", "order_id is null", column_name="order_id")
METHOD = asking("not_null__method", "method is null", column_name="method")
UNIQUE = asking("unique__id", "false", column_name="payment_id")
PARENT = asking(
    "relationships__order", "false", column_name="order_id", field="id", to="source('pay', 'orders')"
)
METHODS = asking("accepted_values__m", "false", column_name="method", values=["card", "cash"])
POSITIVE = asking("not_negative__a", "amount < 0", column_name="amount")


@dataclass
class Shop:
    """Payments and orders in DuckDB, a staging model, and what the last good run kept."""

    root: Path
    good: GoodState
    source: dict[str, object] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings(heal={"quarantine": "allowed"}))  # type: ignore[arg-type]
    then: dict[str, object] = field(default_factory=dict)  # the test's settings at the last good run
    also: tuple[Node, ...] = ()

    def change(self, *statements: str) -> Shop:
        with duckdb.connect(str(self.root / "shop.duckdb")) as database:
            for statement in statements:
                database.execute(statement)
        return self

    def case(self, test: Node, got: int | None, warehouse: DuckDBWarehouse, failed: str = "fail") -> Case:
        made = {"compiled_code": SQL.replace("{{ source('pay', 'payments') }}", "shop.raw.payments")}
        staging = Node(
            STG, "model", "stg_payments", STAGING, "shop", schema="main", depends_on=(PAYMENTS,), raw=made
        )
        totals = Node("model.shop.totals", "model", "totals", "models/totals.sql", "shop",
                      schema="main", depends_on=(STG,), config={"materialized": "table"},
                      raw={"compiled_code": TOTALS})  # fmt: skip
        sources = {
            name: Node(name, "source", name.split(".")[-1], "models/sources.yml", "shop", schema="raw",
                       identifier=name.split(".")[-1], source_name="pay",
                       raw=self.source if name == PAYMENTS else {})
            for name in (PAYMENTS, ORDERS)
        }  # fmt: skip
        if test.name.startswith("relationships"):
            test = replace(test, depends_on=(ORDERS, STG))
        nodes = {node.unique_id: node for node in (staging, totals, test, *self.also)}
        manifest = Manifest(ArtifactMetadata("", "", NOON, {}), nodes, sources)
        before = replace(manifest, nodes={**nodes, test.unique_id: replace(test, config=self.then)})
        meaning = meaning_of(test.unique_id, manifest)
        assert meaning is not None
        message = f"Got {got} results, configured to fail if != 0"
        return Case(
            "shop", self.root,
            FailedRun(Stage.TEST, (RunFailure(test.unique_id, failed, message),), ended_at=NOON),
            adapter="duckdb", dialect="duckdb", manifest=manifest, good_manifest=before, good=self.good,
            tests={test.unique_id: meaning}, relations=tuple(warehouse.relations()),
            lineage=project_lineage(manifest, seen={n: t.relation for n, t in self.good.tables.items()}),
            tables=tables_now(warehouse, list(sources.values()), self.good).tables,
        )  # fmt: skip

    def proposed(
        self, error_class: ErrorClass, test: tuple[Node, str], got: int | None = None, failed: str = "fail"
    ) -> Mend | Declined:
        warehouse = DuckDBWarehouse(self.root / "shop.duckdb")
        project = new_shop(self.root, {}).open()
        with warehouse.connect():
            case = self.case(test[0], got, warehouse, failed)
            diagnosis = Diagnosis("k", error_class, 0.9, Stage.TEST, PAYMENTS, failures=case.run.failures)
            tools = Tools(
                project, self.settings, lambda: warehouse, lambda: 0, self.texts, profiles=no_profiles
            )
            found = Quarantine().propose(diagnosis, case, tools)
            if isinstance(found, Mend):
                holds, said = check_claims(found.claims)
                assert holds, said
        return found

    def mended(
        self, error_class: ErrorClass, test: tuple[Node, str], got: int | None = None, **more: str
    ) -> Mend:
        found = self.proposed(error_class, test, got, **more)
        assert isinstance(found, Mend), found.why
        return found

    def refused(self, error_class: ErrorClass, test: tuple[Node, str], got: int | None = None) -> str:
        found = self.proposed(error_class, test, got)
        assert isinstance(found, Declined)
        return found.why


def texts(mend: Mend) -> Mapping[str, str]:
    assert mend.patch is not None
    return {edit.path: edit.after or "" for edit in mend.patch.edits}


def kept_and_set_aside(shop: Shop, mend: Mend) -> tuple[int, int]:
    """Run what was written, with the macro put in by hand."""
    made = texts(mend)
    macro = made[MACRO].split("() -%}")[1].split("{%- endmacro")[0]
    sql = made[STAGING].replace("{{ stg_payments__quarantine_reason() }}", macro)
    sql = sql.replace("{{ source('pay', 'payments') }}", "raw.payments")
    aside = made["models/staging/stg_payments__quarantine.sql"].partition("}}")[2]
    aside = aside.replace("{{ stg_payments__quarantine_reason() }}", macro)
    aside = aside.replace("{{ source('pay', 'payments') }}", "raw.payments").replace(
        "{{ invocation_id }}", "r"
    )
    aside = aside.replace("{{ dbt.current_timestamp() }}", "now()")
    both = [text.replace("{{ source('pay', 'orders') }}", "raw.orders") for text in (sql, aside)]
    with duckdb.connect(str(shop.root / "shop.duckdb"), read_only=True) as database:
        counts = [database.execute(f"select count(*) from ({text})").fetchone() for text in both]
    return tuple(int(row[0]) for row in counts if row)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root = tmp_path_factory.mktemp("pay")
    new_shop(root, {STAGING: SQL})
    with duckdb.connect(str(root / "shop.duckdb")) as database:
        database.execute(LAND)
        database.execute(
            "create view stg_payments as " + SQL.replace("{{ source('pay', 'payments') }}", "raw.payments")
        )
        database.execute(f"create table totals as {TOTALS}")
    warehouse = DuckDBWarehouse(root / "shop.duckdb")
    with warehouse.connect() as connection:
        relations = {r.name: r for r in warehouse.relations()}
        states = {
            name: measured_table(connection, relations[name.split(".")[-1]], keys=["id"])
            for name in (PAYMENTS, ORDERS)
        }
        engine = engine_of(connection)
    shop = Shop(root, GoodState("dev", NOON, "r", engine=engine, tables=states))
    shop.change(*NIGHT)
    return shop


@pytest.fixture
def shop(made: Shop, tmp_path: Path) -> Shop:
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True)
    return Shop(tmp_path, made.good)


NULLS, COPIES, ORPHANS = ErrorClass.NULL_VIOLATION, ErrorClass.DUPLICATE_KEY, ErrorClass.REFERENTIAL_INTEGRITY
CASTS, RULE = ErrorClass.TYPE_COERCION_FAILURE, ErrorClass.CONSTRAINT_VIOLATION


def test_rows_without_a_value_are_set_aside_and_accounted_for(shop: Shop):
    mend = shop.change(rows(order_id="null")).mended(NULLS, NOT_NULL, 3)

    made = texts(mend)
    assert made[STAGING] == SQL.replace(
        "payments') }}\n", "payments') }}\n    where {{ stg_payments__quarantine_reason() }} is null\n"
    )
    assert "when order_id is null\n            then 'no order_id'" in made[MACRO]
    assert "until: 2026-03-31" in made["models/staging/stg_payments__quarantine.yml"]
    assert mend.rows_moved == {"pay.payments": 3} and not mend.asks
    assert kept_and_set_aside(shop, mend) == (340, 3)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "error_class", "test", "got", "condition"),
    [
        (rows(amount="'n/a'"), CASTS, POSITIVE, None, "try_cast(amount as decimal(12, 2)) is null"),
        (rows(amount="''"), CASTS, POSITIVE, None, "amount is not null\n"),
        (rows(method="null"), NULLS, METHOD, 3, 'when "Méthode" is null'),
        (rows(order_id="9000 + i"), ORPHANS, PARENT, 3, "(select id from {{ source('pay', 'orders')"),
        (rows(method="'-'"), RULE, METHODS, 1, "not lower(\"Méthode\") in ('card', 'cash')"),
        (rows(2, amount="'-5'"), RULE, POSITIVE, 2, "try_cast(amount as decimal(12, 2)) < 0"),
        (DOUBLED, COPIES, UNIQUE, 3, "order by id) > 1"),
        (
            "insert into raw.payments select * replace (timestamp '2026-03-01' as loaded_at)"
            " from raw.payments where order_id < 4",
            COPIES, UNIQUE, 3, "(partition by id order by loaded_at) > 1",
        ),
        (
            "insert into raw.payments select * replace ('1' as amount, timestamp '2026-03-01' as loaded_at,"
            " changed_at - interval 9 day as changed_at) from raw.payments where order_id < 4",
            COPIES, UNIQUE, 3, "order by changed_at desc, loaded_at) > 1",
        ),
    ],
)  # fmt: skip
def test_what_is_bad_is_said_in_the_words_of_the_source(
    shop: Shop, change: str, error_class: ErrorClass, test: tuple[Node, str], got: int | None, condition: str
):
    failed = "error" if error_class is CASTS else "fail"
    mend = shop.change(change).mended(error_class, test, got, failed=failed)

    assert condition in texts(mend)[MACRO]
    set_aside = sum(mend.rows_moved.values())
    assert kept_and_set_aside(shop, mend) == (340, set_aside)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "error_class", "test", "got", "why"),
    [
        ("update raw.payments set order_id = null where order_id < 4", NULLS, NOT_NULL, 3, "good at the"),
        (
            "update raw.payments set order_id = null, loaded_at = timestamp '2026-03-01' where order_id < 4",
            NULLS, NOT_NULL, 3, "good at the last",
        ),
        (rows(60, order_id="null"), NULLS, NOT_NULL, 60, "15.0%"),
        (rows(22, order_id="null", amount="'1'"), NULLS, NOT_NULL, 21, "the test counted 21 rows"),
        (rows(order_id="null", amount="'900'"), NULLS, NOT_NULL, 3, "of all amount"),
        (rows(method="'paypal'"), RULE, METHODS, 1, "'paypal' may be a new value"),
        (
            DOUBLED.replace("from", "select * replace ('99' as amount) from", 1),
            COPIES, UNIQUE, 3, "no column says which is newer",
        ),
        ("delete from raw.orders where loaded_at > '2026-02-02'", ORPHANS, PARENT, 40, "up to 5%"),
        ("delete from raw.orders where id < 3", ORPHANS, PARENT, 2, "good at the last good run"),
    ],
)  # fmt: skip
def test_what_a_person_has_to_decide_is_declined(
    shop: Shop, change: str, error_class: ErrorClass, test: tuple[Node, str], got: int, why: str
):
    assert why in shop.change(change).refused(error_class, test, got)


@pytest.mark.parametrize("kind", ["Cash", "Voucher"])  # of one there were many, of one none
def test_all_new_rows_of_one_kind_are_not_some_rows(shop: Shop, kind: str):
    why = shop.change(rows(order_id="null", method=f"'{kind}'")).refused(NULLS, NOT_NULL, 3)
    assert f"all new rows of pay.payments with Méthode = {kind}" in why


@pytest.mark.parametrize(("of", "is_mended"), [("order_id", False), ("order_id + 100", True)])
def test_a_row_below_zero_may_take_another_one_back(shop: Shop, of: str, is_mended: bool):
    numbers = "alter table raw.payments alter amount type decimal(12, 2)"
    bill = rows(1, id="b", order_id="290", amount="123.45")
    back = "insert into raw.payments select * replace ('c' || id as id, -amount as amount, {} as order_id) "
    shop.change(numbers, bill)
    warehouse = DuckDBWarehouse(shop.root / "shop.duckdb")
    with warehouse.connect() as connection:
        relation = next(r for r in warehouse.relations() if r.name == "payments")
        state = measured_table(connection, relation, keys=["id"])
    shop.good = replace(shop.good, tables={**shop.good.tables, PAYMENTS: state})
    shop.change((back + "from raw.payments where amount = 123.45").format(of))
    shop.change("update raw.payments set loaded_at = timestamp '2026-03-02' where amount < 0")
    assert isinstance(shop.proposed(RULE, POSITIVE, 1), Mend) is is_mended


def test_rows_of_a_kind_that_others_have_too_or_of_none_are_some_rows(shop: Shop):
    shop.change(rows(2, order_id="null", method="'Cash'"), rows(2, id="y", order_id="null", method="null"))
    assert shop.mended(NULLS, NOT_NULL, 4).rows_moved == {"pay.payments": 4}


def test_a_test_that_asks_for_more_than_before_may_be_wrong_itself(shop: Shop):
    shop.then = {"where": "method = 'card'"}
    why = shop.change(rows(order_id="null")).refused(NULLS, NOT_NULL, 3)
    assert "not_null__order_id has another where since the last good run" in why


@pytest.mark.long
@pytest.mark.parametrize(
    ("said", "asks"), [({"quarantine": "propose"}, True), ({"quarantine": "allowed"}, False)]
)
def test_a_source_says_itself_whether_rows_may_be_set_aside(shop: Shop, said: dict[str, str], asks: bool):
    shop.source = {"config": {"meta": {"aidbt": said}}}
    shop.settings = Settings(heal={"quarantine": "allowed" if asks else "never"})  # type: ignore[arg-type]
    mend = shop.change(rows(order_id="null")).mended(NULLS, NOT_NULL, 3)
    assert bool(mend.asks) is asks

    shop.source = {"config": {"meta": {"aidbt": {"quarantine": "never"}}}}
    assert "quarantine: never" in shop.refused(NULLS, NOT_NULL, 3)


def test_what_never_changes_tells_which_rows_came_where_loads_update_old_ones(shop: Shop):
    state = shop.good.tables[PAYMENTS]
    assert state.keyed is not None
    bound = sorted(state.keyed.values)[150]  # as of a table of which not all keys are kept
    few = {key: row for key, row in state.keyed.values.items() if key <= bound}
    known = replace(state, keyed=replace(state.keyed, bound=bound, values=few))
    shop.good = replace(shop.good, tables={**shop.good.tables, PAYMENTS: known})
    shop.change("update raw.payments set loaded_at = timestamp '2026-03-01' where order_id < 30")
    shop.change(rows(order_id="null"))

    assert shop.mended(NULLS, NOT_NULL, 3).rows_moved == {"pay.payments": 3}

    shop.change("update raw.payments set changed_at = timestamp '2026-03-01' where order_id < 30")
    assert "cannot be told" in shop.refused(NULLS, NOT_NULL, 3)


def test_a_large_parent_that_lost_rows_while_it_grew_is_found_out(shop: Shop):
    state = measured_of(
        shop, "insert into raw.orders select i, timestamp '2026-02-01' from range(1000, 3000) t(i)"
    )
    shop.good = replace(shop.good, tables={**shop.good.tables, ORDERS: state})
    shop.change("insert into raw.orders select i, timestamp '2026-03-01' from range(3000, 3400) t(i)")
    shop.change("delete from raw.orders where id between 1000 and 1099", rows(order_id="1000 + i"))

    assert "of the rows that it had" in shop.refused(ORPHANS, PARENT, 3)


def measured_of(shop: Shop, *statements: str) -> TableState:
    """What the orders hold after some statements."""
    warehouse = DuckDBWarehouse(shop.change(*statements).root / "shop.duckdb")
    with warehouse.connect() as connection:
        (relation,) = (one for one in warehouse.relations() if one.name == "orders")
        return measured_table(connection, relation, keys=["id"])


def test_a_row_comes_back_by_itself_when_its_parent_came(shop: Shop):
    mend = shop.change(rows(order_id="9000 + i")).mended(ORPHANS, PARENT, 3)
    assert kept_and_set_aside(shop, mend) == (340, 3)

    shop.change("insert into raw.orders select * replace (9001 as id) from raw.orders limit 1")

    assert kept_and_set_aside(shop, mend) == (341, 2)


def test_a_second_cause_adds_its_condition_to_the_first_ones(shop: Shop):
    shop.change(rows(2, order_id="null"), rows(2, id="y", method="null"))
    first = texts(shop.mended(NULLS, NOT_NULL, 2))
    shop.texts = dict(first)
    days = {"since": "2026-03-01", "until": "2026-03-31", "source": "pay.payments"}
    own = {"config": {"meta": {"aidbt": {"quarantine": days}}}}
    aside = Node("model.shop.stg_payments__quarantine", "model", "stg_payments__quarantine", "q.sql", "shop",
                 schema="main", depends_on=(PAYMENTS,), raw=own)  # fmt: skip
    shop.also = (aside,)  # it was built since
    second = texts(shop.mended(NULLS, METHOD, 2))

    assert list(second) == [MACRO]
    assert second[MACRO].count("when ") == 2
    assert (
        "then 'no order_id'\n        when \"Méthode\" is null\n            then 'no Méthode'\n    end"
        in second[MACRO]
    )


def test_a_file_of_a_person_is_never_written_over(shop: Shop):
    (shop.root / "models/staging/stg_payments__quarantine.yml").write_text("version: 2\n")
    why = shop.change(rows(order_id="null")).refused(NULLS, NOT_NULL, 3)
    assert "stg_payments__quarantine.yml stands there already" in why

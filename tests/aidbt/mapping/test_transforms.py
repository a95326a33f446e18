"""Transform candidates: found by names, likely by how values spread, proven by rows that are the same."""

import random
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidbt.core.schema import Column, ColumnMatch, ColumnProfile, Relation, TableProfile, Target
from aidbt.mapping.signals import MatchTask
from aidbt.mapping.transforms import LEAST, BothRows, as_mapped_column, propose_transforms
from aidbt.sql.expressions import expression_problem

FIRST = "Mary John Ann Peter Susan Olga Ivan Pedro Luis Wei Chen Aisha Noor Liam".split()
LAST = "Smith Jones Brown Miller Davis Garcia Lopez Lee Khan Novak Silva Weber".split()
CITIES = "Bonn Paris Rome Madrid Vienna Oslo Lyon Porto Turin Ghent Basel Riga Essen".split()


def columns(spec: str) -> tuple[Column, ...]:
    """Columns written as "name type, name type"."""
    return tuple(Column(*part.split(maxsplit=1)) for part in spec.split(", ") if part)


def task(source: str, target: str, **more) -> MatchTask:
    return MatchTask(Relation("raw", "t", columns(source)), Target("t", columns(target)), **more)


def proposed(source: str, target: str, rows=(), target_rows=(), dialect="duckdb", matches=()):
    return propose_transforms(
        task(source, target), matches, dialect=dialect, rows=BothRows(rows, target_rows)
    )


def texts(**values) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in values.items()}


def run(candidate, source: str, rows) -> list:
    """What a candidate's expression gives in DuckDB for rows of the source."""
    connection = duckdb.connect()
    names = [(column.name, column.data_type) for column in columns(source)]
    declared = ", ".join(f'"{name}" {kind}' for name, kind in names)
    connection.execute(f"create table t ({declared})")
    connection.executemany(
        f"insert into t values ({', '.join('?' * len(names))})",
        [[row.get(name) for name, _ in names] for row in rows],
    )
    found = connection.sql(f"select cast({candidate.expression} as varchar) from t").fetchall()
    return [value for (value,) in found]


# --- one example of each kind: (source, target, how a row is made, how the target's row follows) ---------


def person(r: random.Random) -> dict:
    return {"first_name": r.choice(FIRST), "last_name": r.choice(LAST)}


def flight(r: random.Random) -> dict:
    hour, minute = r.randrange(24), r.randrange(60)
    return {
        "year": 2013,
        "month": r.randint(1, 12),
        "day": r.randint(1, 28),
        "sched_dep_time": hour * 100 + minute,
        "dep_time": r.randrange(24) * 100 + r.randrange(60),
    }


def day(r: random.Random) -> str:
    return f"{r.randint(1990, 2025)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"


def flags(r: random.Random) -> dict:
    paid = r.random() < 0.6
    return {
        "is_paid": str(paid).lower(),
        "is_refunded": str(paid and r.random() < 0.3).lower(),
    }


def status(row) -> str | None:
    return "refunded" if row["is_refunded"] == "true" else "paid" if row["is_paid"] == "true" else None


def phones(r: random.Random) -> dict:
    number = [f"+49 {r.randrange(10**8)}" if r.random() < 0.6 else None for _ in range(2)]
    return {"mobile_phone": number[0], "home_phone": number[1]}


def weight(r: random.Random) -> dict:
    return {"weight": r.randint(1, 900), "weight_unit": r.choice(["kg", "lb"])}


KINDS = {
    "concat": (
        "first_name varchar, last_name varchar",
        "full_name varchar",
        person,
        lambda row: f"{row['first_name']} {row['last_name']}",
    ),
    "concat of a name turned round": (
        "first_name varchar, last_name varchar",
        "name varchar",
        person,
        lambda row: f"{row['last_name']}, {row['first_name']}",
    ),
    "concat of an address": (
        "street varchar, city varchar, zip varchar",
        "address varchar",
        lambda r: {
            "street": f"{r.choice(LAST)} Road {r.randint(1, 99)}",
            "city": r.choice(CITIES),
            "zip": f"{r.randrange(10**5):05}",
        },
        lambda row: f"{row['street']}, {row['city']} {row['zip']}",
    ),
    "coalesce": (
        "mobile_phone varchar, home_phone varchar",
        "phone varchar",
        phones,
        lambda row: row["mobile_phone"] or row["home_phone"],
    ),
    "date parts": (
        "year integer, month integer, day integer",
        "event_date date",
        lambda r: {"year": r.randint(1990, 2025), "month": r.randint(1, 12), "day": r.randint(1, 28)},
        lambda row: f"{row['year']}-{row['month']:02}-{row['day']:02}",
    ),
    "date parts with hhmm": (
        "year integer, month integer, day integer, dep_time integer, sched_dep_time integer",
        "scheduled_departure_at timestamp",
        flight,
        lambda row: (
            f"2013-{row['month']:02}-{row['day']:02} {row['sched_dep_time'] // 100:02}:"
            f"{row['sched_dep_time'] % 100:02}:00"
        ),
    ),
    "date and time": (
        "order_date date, order_time time",
        "ordered_at timestamp",
        lambda r: {"order_date": day(r), "order_time": f"{r.randrange(24):02}:{r.randrange(60):02}:07"},
        lambda row: f"{row['order_date']} {row['order_time']}",
    ),
    "value and unit": (
        "weight integer, weight_unit varchar",
        "weight_kg double",
        weight,
        lambda row: round(row["weight"] * (1 if row["weight_unit"] == "kg" else 0.45359237), 3),
    ),
    "flags": ("is_paid boolean, is_refunded boolean", "status varchar", flags, status),
    "split before": (
        "full_name varchar",
        "first_name varchar",
        lambda r: {"full_name": f"{r.choice(FIRST)} {r.choice(LAST)}"},
        lambda row: row["full_name"].split(" ")[0],
    ),
    "split after": (
        "full_name varchar",
        "last_name varchar",
        lambda r: {"full_name": f"{r.choice(FIRST)} {r.choice(FIRST)} {r.choice(LAST)}"},
        lambda row: row["full_name"].split(" ")[-1],
    ),
    "split of coordinates": (
        "location varchar",
        "longitude double",
        lambda r: {"location": f"{r.uniform(-90, 90):.5f},{r.uniform(-180, 180):.5f}"},
        lambda row: row["location"].split(",")[1],
    ),
    "split between": (
        "place varchar",
        "state varchar",
        lambda r: {
            "place": f"{r.choice(CITIES)}, {r.choice(['TX', 'NY', 'CA', 'WA'])} {r.randrange(10**5):05}"
        },
        lambda row: row["place"].split(", ")[1].split(" ")[0],
    ),
    "split of an e-mail address": (
        "email varchar",
        "email_domain varchar",
        lambda r: {"email": f"{r.choice(FIRST)}{r.randrange(99)}@{r.choice(LAST)}.com"},
        lambda row: row["email"].split("@")[1],
    ),
    "date part": (
        "order_date date",
        "order_month integer",
        lambda r: {"order_date": day(r)},
        lambda row: int(row["order_date"][5:7]),
    ),
    "time of timestamp": (
        "created_at timestamp",
        "created_time time",
        lambda r: {"created_at": f"{day(r)} {r.randrange(24):02}:{r.randrange(60):02}:09"},
        lambda row: row["created_at"].split(" ")[1],
    ),
    "date key": (
        "order_date date",
        "date_key integer",
        lambda r: {"order_date": day(r)},
        lambda row: row["order_date"].replace("-", ""),
    ),
    "unit of money": (
        "total_cents integer",
        "total decimal(18,2)",
        lambda r: {"total_cents": r.randint(100, 10**6)},
        lambda row: f"{row['total_cents'] / 100:.2f}",
    ),
    "unit of mass": (
        "weight_kg double",
        "weight_lb double",
        lambda r: {"weight_kg": r.randint(1, 500)},
        lambda row: round(row["weight_kg"] / 0.45359237, 3),
    ),
    "unit of temperature": (
        "temp_f double",
        "temp_c double",
        lambda r: {"temp_f": r.randint(-40, 120)},
        lambda row: round((row["temp_f"] - 32) * 5 / 9, 2),
    ),
    "unit of temperature back": (
        "temp_c double",
        "temp_f double",
        lambda r: {"temp_c": r.randint(-40, 50)},
        lambda row: round(row["temp_c"] * 9 / 5 + 32, 2),
    ),
    "unit of time": (
        "duration_ms integer",
        "duration_minutes double",
        lambda r: {"duration_ms": r.randint(60_000, 10**8)},
        lambda row: round(row["duration_ms"] / 60_000, 4),
    ),
    "codes": (
        "gender varchar",
        "sex varchar",
        lambda r: {"gender": r.choice("MF")},
        lambda row: {"M": "male", "F": "female"}[row["gender"]],
    ),
    "codes that no letter tells": (
        "country_code varchar",
        "country varchar",
        lambda r: {"country_code": r.choice(["DE", "ES", "CH"])},
        lambda row: {"DE": "Germany", "ES": "Spain", "CH": "Switzerland"}[row["country_code"]],
    ),
    "yes and no": (
        "active_flag varchar",
        "is_active boolean",
        lambda r: {"active_flag": r.choice("YYYN")},
        lambda row: str(row["active_flag"] == "Y").lower(),
    ),
    "negation": (
        "is_inactive boolean",
        "is_active boolean",
        lambda r: {"is_inactive": r.choice(["true", "false"])},
        lambda row: {"true": "false", "false": "true"}[row["is_inactive"]],
    ),
    "date text": (
        "birth varchar",
        "birth_date date",
        lambda r: {"birth": day(r).replace("-", "")},
        lambda row: f"{row['birth'][:4]}-{row['birth'][4:6]}-{row['birth'][6:]}",
    ),
    "date text with the day first": (
        "birth varchar",
        "birth_date date",
        lambda r: {"birth": "/".join(reversed(day(r).split("-")))},
        lambda row: "-".join(reversed(row["birth"].split("/"))),
    ),
    "epoch": (
        "created_ts bigint",
        "created_at timestamp",
        lambda r: {"created_ts": r.randint(1_500_000_000, 1_700_000_000)},
        lambda row: str(datetime.fromtimestamp(row["created_ts"], UTC).replace(tzinfo=None)),
    ),
    "upper": (
        "state varchar",
        "state_code varchar",
        lambda r: {"state": r.choice(["tx", "Ny", "ca"])},
        lambda row: row["state"].upper(),
    ),
    "trim": (
        "city varchar",
        "town varchar",
        lambda r: {"city": r.choice(CITIES) + " "},
        lambda row: row["city"].strip(),
    ),
    "prefix": (
        "customer_no integer",
        "customer_code varchar",
        lambda r: {"customer_no": r.randint(1, 10**6)},
        lambda row: f"CUST-{row['customer_no']}",
    ),
    "prefix taken away": (
        "customer_code varchar",
        "customer_no integer",
        lambda r: {"customer_code": f"CUST-{r.randint(1, 10**6)}"},
        lambda row: row["customer_code"].removeprefix("CUST-"),
    ),
}
KEY = "row_uuid varchar, "


def sides(name: str, count: int = 80, seed: int = 7):
    """Source and target of a kind, with a key that both share: (source, target, rows, target rows)."""
    source, target, make, follow = KINDS[name]
    r = random.Random(seed)
    rows = [make(r) for _ in range(count)]
    column = target.split()[0]
    keyed = [texts(row_uuid=f"key-{i:06}", **row) for i, row in enumerate(rows)]
    wanted = [texts(row_uuid=f"key-{i:06}", **{column: follow(row)}) for i, row in enumerate(rows)]
    return KEY + source, target, keyed, wanted


@pytest.mark.parametrize("name", KINDS)
def test_a_transform_is_proven_by_rows_that_are_the_same_and_runs(name: str):
    source, target, rows, wanted = sides(name)
    best = proposed(source, KEY + target, rows, wanted)[0]

    column = target.split()[0]
    assert (best.target, best.verified) == (column, True)
    assert best.probability >= 0.97
    assert "80 of 80 rows aligned by row_uuid" in best.evidence[-1] or name in ("coalesce", "flags")
    assert expression_problem(best.expression, best.sources, "duckdb") is None
    for found, row in zip(run(best, source, rows), wanted, strict=True):
        if found is None or row[column] is None:
            assert found == row[column]
        elif "double" in target or "decimal" in target:
            assert float(found) == pytest.approx(float(row[column]), abs=0.01)
        else:
            assert found == row[column]


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_proven_by_the_rows_of_another_target(name: str):
    source, target, rows, wanted = sides(name, count=120)
    column = target.split()[0]
    order = list(range(len(wanted)))
    random.Random(3).shuffle(order)
    shuffled = [
        {"row_uuid": row["row_uuid"], column: wanted[i][column]} for row, i in zip(wanted, order, strict=True)
    ]

    assert [c for c in proposed(source, KEY + target, rows, shuffled) if c.probability > 0.5] == []


@pytest.mark.parametrize(
    "dialect", ["postgres", "spark", "snowflake", "bigquery", "redshift", "databricks", "trino"]
)
def test_each_kind_is_one_scalar_expression_in_every_dialect(dialect: str):
    without = {"time of timestamp", "date and time"} if dialect in ("spark", "databricks") else set()
    # What has no offset there is called DATETIME, and its TIMESTAMP is an instant.
    words = {"spark": "timestamp_ntz", "databricks": "timestamp_ntz", "bigquery": "datetime"}
    for name in KINDS.keys() - without:
        source, target, rows, wanted = sides(name, count=30)
        own = words.get(dialect, "timestamp")
        found = proposed(
            source.replace("timestamp", own), KEY + target.replace("timestamp", own), rows, wanted, dialect
        )
        assert found, name
        assert expression_problem(found[0].expression, found[0].sources, dialect) is None


# --- how values spread, where no rows are the same -------------------------------------------------------


def without_key(rows):
    return [{name: value for name, value in row.items() if name != "row_uuid"} for row in rows]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("concat", "100% of"),
        ("split before", "different values are among the target's"),
        ("split after", "different values are among the target's"),
        ("unit of money", "the ratio of quantiles is 1"),
        ("unit of time", "the ratio of quantiles is "),
        ("yes and no", "the target in"),
    ],
)
def test_a_transform_is_likely_when_values_of_other_rows_spread_alike(name: str, said: str):
    source, target, rows, _ = sides(name, count=600, seed=1)
    _, _, _, others = sides(name, count=600, seed=2)

    best = proposed(source, target, without_key(rows), without_key(others))[0]

    assert best.verified
    assert 0.8 <= best.probability <= 0.9
    assert said in best.evidence[-1]


def test_a_profile_is_enough_for_a_unit_and_for_codes():
    def profile(*figures: ColumnProfile) -> TableProfile:
        return TableProfile("raw", "t", 500, 500, "", figures)

    cents = ColumnProfile("total_cents", "INTEGER", 0, 400, quantiles=(101, 250, 900, 4000, 70000))
    sizes = (("S", 0.5), ("M", 0.3), ("L", 0.2))
    size = ColumnProfile("size_code", "VARCHAR", 0, 3, top_values=sizes)
    total = ColumnProfile("total", "DOUBLE", 0, 400, quantiles=(1.0, 2.52, 9.0, 40.4, 699.0))
    mapped = MatchTask(
        Relation("raw", "t", columns("total_cents integer, size_code varchar")),
        Target(
            "t",
            (Column("total", "double"), Column("size", "varchar", values=("Small", "Medium", "Large"))),
        ),
        profile(cents, size),
        profile(total),
    )

    found = propose_transforms(mapped, (), dialect="duckdb")

    assert [(c.kind, c.target, c.expression, c.verified) for c in found] == [
        ("unit", "total", "total_cents / 100.0", True),
        (
            "codes",
            "size",
            "case size_code when 'L' then 'Large' when 'M' then 'Medium' when 'S' then 'Small' end",
            True,
        ),
    ]
    assert "the ratio of quantiles is 100 ±" in found[0].evidence[-1]


@pytest.mark.parametrize("wide", ["hugeint", "decimal(38,2)"])
def test_a_number_too_large_to_be_multiplied_becomes_null(wide: str):
    (candidate,) = proposed(
        f"price {wide}",
        "price_cents bigint",
        [texts(price=i) for i in range(50)],
        [texts(price_cents=i * 100) for i in range(50)],
    )

    rows = [texts(price="9" * 36), texts(price="12")]
    assert run(candidate, f"price {wide}", rows)[0] is None
    assert float(run(candidate, f"price {wide}", rows)[1]) == 1200


def test_a_wrong_factor_is_not_verified():
    rows = [texts(total_cents=100 + 7 * i) for i in range(300)]
    target_rows = [texts(total=(100 + 7 * i) / 10) for i in range(300)]

    assert proposed("total_cents integer", "total double", rows, target_rows) == []


# --- names alone ------------------------------------------------------------------------------------------


def test_names_alone_are_worth_half_at_most_and_say_that_nothing_was_verified():
    for name, (source, target, _, _) in KINDS.items():
        for candidate in proposed(source, target):
            assert (candidate.verified, candidate.probability <= 0.5) == (False, True), name
            assert candidate.evidence[-1].startswith("not verified")


def test_what_names_alone_propose():
    source = (
        "first_name varchar, last_name varchar, email varchar, price_cents integer, is_inactive boolean"
        ", birth_year integer, birth_month integer, birth_day integer"
        ", mobile_phone varchar, home_phone varchar"
    )
    target = (
        "name varchar, email_domain varchar, price double, birth_date date, phone varchar"
        ", is_active boolean, unrelated varchar"
    )

    found = proposed(source, target)

    assert [(c.kind, c.target, c.sources) for c in found] == [
        ("concat", "name", ("first_name", "last_name")),
        ("split", "email_domain", ("email",)),
        ("unit", "price", ("price_cents",)),
        ("date parts", "birth_date", ("birth_year", "birth_month", "birth_day")),
        ("coalesce", "phone", ("mobile_phone", "home_phone")),
        ("negation", "is_active", ("is_inactive",)),
    ]


def test_an_amount_is_never_put_together_with_its_currency():
    rows = [texts(price=i, price_unit=("EUR", "USD")[i % 2]) for i in range(1, 100)]

    assert proposed("price integer, price_unit varchar", "price_eur double", rows) == []


# --- what is left alone -----------------------------------------------------------------------------------


def test_an_accepted_match_is_only_spoken_against_by_values():
    matches = [ColumnMatch("total_cents", "total", 0.96, "accept")]

    assert proposed("total_cents integer", "total double", matches=matches) == []
    rows = [texts(row_uuid=f"key-{i:05}", total_cents=i * 37) for i in range(50)]
    target_rows = [texts(row_uuid=f"key-{i:05}", total=i * 0.37) for i in range(50)]
    found = proposed(KEY + "total_cents integer", KEY + "total double", rows, target_rows, matches=matches)
    assert [c.expression for c in found] == ["total_cents / 100.0"]


def test_the_same_column_needs_no_transform():
    rows = [texts(row_uuid=f"key-{i:05}", city=CITIES[i % 13], n=i) for i in range(60)]
    spec = KEY + "city varchar, n integer"

    assert proposed(spec, spec, rows, rows) == []


def test_whole_numbers_align_rows_only_where_the_names_agree():
    rows = [texts(line=i, gender="MF"[i % 2]) for i in range(60)]
    others = [texts(room=i, sex=("male", "female")[i % 2]) for i in range(60)]

    found = proposed("line integer, gender varchar", "room integer, sex varchar", rows, others)

    assert [(c.kind, c.verified) for c in found] == [("codes", False)]


def test_labels_with_jinja_or_of_personal_data_never_reach_an_expression():
    rows = [texts(row_uuid=f"key-{i:05}", code="ab"[i % 2]) for i in range(40)]
    labels = [texts(row_uuid=f"key-{i:05}", label=("{{ x }}", "{% y %}")[i % 2]) for i in range(40)]
    spec, target = KEY + "code varchar", KEY + "label varchar"
    assert proposed(spec, target, rows, labels) == []

    labels = [texts(row_uuid=f"key-{i:05}", label=("Ann", "Bob")[i % 2]) for i in range(40)]
    assert proposed(spec, target, rows, labels)[0].kind == "codes"
    private = TableProfile("raw", "t", 40, 40, "", (ColumnProfile("label", "VARCHAR", 0, 2, pii="name"),))
    known = task(spec, target, target_profile=private)
    assert propose_transforms(known, (), dialect="duckdb", rows=BothRows(rows, labels)) == []


def test_an_adapter_whose_sql_is_not_known_gets_no_candidates():
    assert proposed("first_name varchar, last_name varchar", "full_name varchar", dialect="oracle") == []


@pytest.mark.parametrize(
    ("source", "target", "rows"),
    [
        ("", "", []),
        ("", "full_name varchar", []),
        ("a integer", "a integer", [{}, {"b": "1"}]),
        ("first_name varchar, last_name varchar", "full_name varchar", [{"first_name": None}] * 50),
        ("姓 varchar, 名 varchar", "姓名 varchar", [{"姓": "王", "名": "伟"}] * 20),
        (
            "year integer, month integer, day integer",
            "x_date date",
            [{"year": "x", "month": "", "day": "99"}] * 20,
        ),
        ("total_cents integer", "total double", [{"total_cents": "1e999999"}, {"total_cents": "NaN"}] * 20),
        ("full_name varchar", "first_name varchar", [{"full_name": "a " * 100_000}] * 3),
    ],
)
def test_bad_input_gets_no_error_and_nothing_certain(source: str, target: str, rows):
    assert all(not c.verified for c in proposed(source, target, rows, rows))


def test_names_are_quoted_as_the_dialect_needs_it():
    found = proposed("First_Name varchar, LAST_NAME varchar", "full_name varchar", dialect="snowflake")

    assert '"First_Name"' in found[0].expression
    assert "trim(last_name)" in found[0].expression


def test_a_candidate_waits_for_a_person():
    (candidate,) = proposed("first_name varchar, last_name varchar", "full_name varchar")

    column = as_mapped_column(candidate, description="the whole name")

    assert (column.status, column.sources, column.score) == ("review", ("first_name", "last_name"), 0.45)
    assert column.expression == candidate.expression
    assert "not verified" in column.note
    assert not column.is_passthrough


# --- at random --------------------------------------------------------------------------------------------

FACTORS = [(100, 1), (1, 100), (1000, 1), (60, 1), (3600, 1)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(KINDS)), st.integers(40, 90))
def test_a_true_transform_is_found_on_random_rows(seed: int, name: str, count: int):
    source, target, rows, wanted = sides(name, count=count, seed=seed)

    assert proposed(source, KEY + target, rows, wanted)[0].verified


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(1.3, 1.8))
def test_a_factor_that_no_unit_has_is_never_verified(seed: int, factor: float):
    r = random.Random(seed)
    rows = [texts(row_uuid=f"key-{i:05}", weight_kg=r.uniform(1, 900)) for i in range(60)]
    others = [
        texts(row_uuid=row["row_uuid"], weight_lb=float(row["weight_kg"] or 0) * factor) for row in rows
    ]

    assert proposed(KEY + "weight_kg double", KEY + "weight_lb double", rows, others) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_unrelated_columns_give_no_candidate(seed: int, is_aligned: bool):
    r = random.Random(seed)

    def table(prefix: str) -> list[dict[str, str | None]]:
        key = "key" if is_aligned else prefix
        low, high, exponent = r.randint(0, 50), r.randint(100, 10**6), r.uniform(0.5, 3)
        return [
            texts(
                row_uuid=f"{key}-{i:05}",
                **{
                    f"{prefix}a": int(low + high * r.random() ** exponent),
                    f"{prefix}b": "".join(r.choices("abcdefgh ,-", k=12)),
                    f"{prefix}c": day(r),
                    f"{prefix}d": r.choice([f"{prefix}x", f"{prefix}y", None]),
                },
            )
            for i in range(60)
        ]

    spec = KEY + "{0}a integer, {0}b varchar, {0}c date, {0}d varchar"
    found = proposed(spec.format("foo"), spec.format("quux"), table("foo"), table("quux"))

    assert [c for c in found if c.probability > LEAST] == []

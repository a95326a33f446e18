"""Statements that fail, for any SQL engine: what is broken, and how it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from aidbt.core.failures import ErrorClass as E

SETUP = (
    "create table customers (id integer primary key, email varchar(40) not null unique, age "
    "integer check (age > 0),"
    " city varchar(8), joined_on date)",
    "create table orders (id integer primary key, customer_id integer references customers (id),"
    " amount decimal(6, 2) not null, status varchar(10) not null, ordered_at timestamp)",
    "create table raw_events (event_id varchar(20), happened varchar(30), payload varchar(200), "
    "qty varchar(10))",
    "insert into customers values (1, 'ann@example.com', 31, 'Basel', '2024-01-02'),"
    " (2, 'bob@example.com', 45, 'Bern', '2024-02-03')",
    "insert into orders values (10, 1, 12.50, 'paid', '2024-03-01 10:00:00'), (11, 2, 7.25, "
    "'open', '2024-03-02 11:30:00')",
    "insert into raw_events values ('e1', '2024-13-45', '{\"a\": 1', 'twelve'), ('e2', "
    "'2024-01-05', '{}', '7')",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A statement that must fail.

    Attributes:
        accept: what the message alone may mean as well.
        before: done first, and undone by nobody: each fault has a database of its own.
        engines: where it fails this way; () is everywhere.
    """

    label: E
    sql: str
    before: tuple[str, ...] = ()
    accept: tuple[E, ...] = ()
    engines: tuple[str, ...] = ()


_GONE = (E.COLUMN_RENAMED, E.COLUMN_REMOVED, E.SQL_SEMANTIC)
_TYPES = (E.TYPE_CHANGED, E.SQL_SEMANTIC, E.TYPE_COERCION_FAILURE)


def _renamed(table: str, old: str, new: str, query: str) -> Fault:
    return Fault(E.COLUMN_RENAMED, query, (f"alter table {table} rename column {old} to {new}",), _GONE)


def _dropped(table: str, column: str, query: str) -> Fault:
    return Fault(E.COLUMN_REMOVED, query, (f"alter table {table} drop column {column}",), _GONE)


FAULTS: tuple[Fault, ...] = (
    _renamed("customers", "city", "city_name", "select id, city from customers"),
    _renamed("orders", "status", "order_status", "select o.status, count(*) from orders o group by o.status"),
    _renamed("orders", "amount", "amount_chf", "create table t as select sum(amount) as total from orders"),
    _renamed("raw_events", "qty", "quantity", "select cast(qty as integer) from raw_events"),
    _renamed(
        "orders",
        "ordered_at",
        "created_at",
        "insert into raw_events (event_id, happened) select id, ordered_at from orders",
    ),
    _dropped("raw_events", "payload", "select event_id, payload from raw_events"),
    _dropped("customers", "city", "select c.city from customers c where c.city = 'Bern'"),
    _dropped("customers", "joined_on", "create view v as select id, joined_on from customers"),
    _dropped("orders", "ordered_at", "select max(ordered_at) from orders"),
    _dropped("orders", "status", "update orders set status = 'x' where id = 10"),
    Fault(E.TABLE_RENAMED, "select * from orders", ("alter table orders rename to order_lines",)),
    Fault(
        E.TABLE_RENAMED,
        "select count(*) from raw_events",
        ("alter table raw_events rename to raw_events_old",),
    ),
    Fault(E.TABLE_RENAMED, "insert into raw_events select * from raw_events", ("drop table raw_events",)),
    Fault(E.TABLE_RENAMED, "select * from crm.accounts", accept=(E.PERMISSION_DENIED,)),
    Fault(
        E.TABLE_RENAMED,
        "create table t as select * from landing.payments join orders on true",
        accept=(E.PERMISSION_DENIED,),
    ),
    Fault(E.TABLE_RENAMED, "drop table ledger"),
    Fault(
        E.COLUMN_ADDED,
        "insert into raw_events select event_id, happened, payload, qty, 'new' from raw_events",
        accept=(E.SQL_SEMANTIC, E.TYPE_CHANGED),
    ),
    Fault(
        E.COLUMN_ADDED,
        "insert into customers values (5, 'e@example.com', 20, 'Genf', '2024-01-01', 'extra')",
        accept=(E.SQL_SEMANTIC, E.TYPE_CHANGED),
    ),
    Fault(
        E.COLUMN_ADDED,
        "insert into customers (id, email, age) values (6, 'f@example.com', 20, 'Genf')",
        accept=(E.SQL_SEMANTIC, E.SQL_SYNTAX),
    ),
    Fault(E.NULL_VIOLATION, "insert into customers (id, email) values (3, null)"),
    Fault(E.NULL_VIOLATION, "insert into orders values (12, 1, null, 'paid', null)"),
    Fault(E.NULL_VIOLATION, "update orders set status = null"),
    Fault(E.NULL_VIOLATION, "insert into orders (id, customer_id, status) values (13, 1, 'paid')"),
    Fault(E.DUPLICATE_KEY, "insert into customers values (1, 'new@example.com', 20, 'Zug', '2024-01-01')"),
    Fault(E.DUPLICATE_KEY, "insert into customers values (9, 'ann@example.com', 20, 'Zug', '2024-01-01')"),
    Fault(E.DUPLICATE_KEY, "insert into orders select * from orders"),
    Fault(
        E.DUPLICATE_KEY,
        "create unique index only_once on raw_events (qty)",
        ("insert into raw_events values ('e3', '2024-01-05', '{}', '7')",),
    ),
    Fault(E.REFERENTIAL_INTEGRITY, "insert into orders values (14, 99, 1.00, 'paid', '2024-03-01 10:00:00')"),
    Fault(E.REFERENTIAL_INTEGRITY, "delete from customers where id = 1"),
    Fault(
        E.CONSTRAINT_VIOLATION, "insert into customers values (7, 'g@example.com', -4, 'Chur', '2024-01-01')"
    ),
    Fault(
        E.CONSTRAINT_VIOLATION,
        "insert into customers values (8, 'h@example.com', 30, 'Schaffhausen', '2024-01-01')",
        accept=(E.TYPE_COERCION_FAILURE,),
    ),
    Fault(E.CONSTRAINT_VIOLATION, "select (select id from customers) from orders", accept=(E.SQL_SEMANTIC,)),
    Fault(
        E.CONSTRAINT_VIOLATION,
        "select 1 / (age - age) from customers",
        accept=(E.TYPE_COERCION_FAILURE, E.SQL_SEMANTIC),
        engines=("postgres",),
    ),
    Fault(E.TYPE_COERCION_FAILURE, "select cast(qty as integer) from raw_events", accept=(E.TYPE_CHANGED,)),
    Fault(E.TYPE_COERCION_FAILURE, "select cast(happened as date) from raw_events", accept=(E.TYPE_CHANGED,)),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "select cast(happened as timestamp) from raw_events",
        accept=(E.TYPE_CHANGED,),
        engines=("duckdb", "postgres"),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "select cast(payload as json) from raw_events",
        accept=(E.TYPE_CHANGED,),
        engines=("duckdb", "postgres"),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "select cast(qty as decimal(10, 2)) from raw_events",
        accept=(E.TYPE_CHANGED,),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "select cast(qty as double precision) from raw_events",
        accept=(E.TYPE_CHANGED,),
        engines=("duckdb", "postgres"),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "select cast(status as boolean) from orders",
        accept=(E.TYPE_CHANGED,),
        engines=("duckdb", "postgres"),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "insert into orders values (15, 1, 123456.78, 'paid', '2024-03-01 10:00:00')",
        accept=(E.CONSTRAINT_VIOLATION,),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "insert into customers values (3, 'x@example.com', 3000000000, 'Bern', '2024-01-01')",
        accept=(E.CONSTRAINT_VIOLATION,),
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "insert into customers values (3, 'x@example.com', 'old', 'Bern', '2024-01-01')",
        accept=_TYPES,
    ),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "insert into customers values (3, 'x@example.com', 3, 'Bern', 'yesterday')",
        accept=_TYPES,
    ),
    Fault(E.TYPE_COERCION_FAILURE, "select * from customers where joined_on > 'n/a'", accept=_TYPES),
    Fault(
        E.TYPE_COERCION_FAILURE,
        "select cast(amount * 100000000 as smallint) from orders",
        accept=(E.CONSTRAINT_VIOLATION,),
        engines=("duckdb", "postgres"),
    ),
    Fault(E.SQL_SYNTAX, "selec id from customers"),
    Fault(
        E.SQL_SYNTAX, "select id, from, customers where", engines=("duckdb", "postgres", "sqlite", "mysql")
    ),
    Fault(E.SQL_SYNTAX, "select id from customers where (age > 3"),
    Fault(E.SQL_SYNTAX, "select 'Bern from customers"),
    Fault(E.SQL_SYNTAX, "select case when age > 3 then 1 from customers"),
    Fault(E.SQL_SYNTAX, "select id from customers order id"),
    Fault(E.SQL_SYNTAX, "with c as (select 1 as a select * from c"),
    Fault(E.SQL_SYNTAX, "create table t as selct 1 as a"),
    Fault(E.SQL_SYNTAX, "select id email from customers join"),
    Fault(E.SQL_SYNTAX, "select * from customers where city = = 'Bern'"),
    Fault(E.SQL_SYNTAX, "select count(* from orders"),
    Fault(E.SQL_SEMANTIC, "select id from customers join orders on customers.id = orders.customer_id"),
    Fault(E.SQL_SEMANTIC, "select city, count(*) from customers"),
    Fault(E.SQL_SEMANTIC, "select city, email, count(*) from customers group by city"),
    Fault(E.SQL_SEMANTIC, "select id from customers where count(*) > 1"),
    Fault(E.SQL_SEMANTIC, "select safe_divide(1, 2) from customers"),
    Fault(E.SQL_SEMANTIC, "select nvl3(city, 'x') from customers"),
    Fault(E.SQL_SEMANTIC, "select upper(city, 1, 2) from customers"),
    Fault(
        E.SQL_SEMANTIC,
        "select id from customers union all select id, city from customers",
        accept=(E.COLUMN_ADDED,),
    ),
    Fault(E.SQL_SEMANTIC, "select sum(count(*)) from orders"),
    Fault(
        E.SQL_SEMANTIC, "select sum(city) from customers", accept=(E.TYPE_CHANGED, E.TYPE_COERCION_FAILURE)
    ),
    Fault(E.SQL_SEMANTIC, "select joined_on + joined_on from customers", accept=(E.TYPE_CHANGED,)),
    Fault(
        E.SQL_SEMANTIC,
        "select date_trunc('month', city) from customers",
        accept=(E.TYPE_CHANGED, E.TYPE_COERCION_FAILURE),
    ),
    Fault(E.SQL_SEMANTIC, "select * from customers where age = joined_on", accept=(E.TYPE_CHANGED,)),
    Fault(
        E.SQL_SEMANTIC,
        "select age || joined_on - amount from customers, orders",
        accept=(E.TYPE_CHANGED, E.TYPE_COERCION_FAILURE),
    ),
    Fault(
        E.SQL_SEMANTIC,
        "select * from customers where city in (select id, city from customers)",
        accept=(E.COLUMN_ADDED,),
    ),
    Fault(E.SQL_SEMANTIC, "select coalesce(age, joined_on) from customers", accept=(E.TYPE_CHANGED,)),
    Fault(E.SQL_SEMANTIC, "select id from customers order by 7", accept=(E.COLUMN_REMOVED,)),
    Fault(E.SQL_SEMANTIC, "select row_number() from customers", accept=(E.SQL_SYNTAX,)),
    Fault(E.SQL_SEMANTIC, "create table t as select id, id from customers"),
    Fault(E.SQL_SEMANTIC, "select 1 as a from customers where row_number() over () = 1"),
    Fault(E.SQL_SEMANTIC, "select id from customers having age > 2", accept=(E.COLUMN_REMOVED,)),
    Fault(
        E.TYPE_CHANGED,
        "insert into orders select id, customer_id, amount, ordered_at, status from orders",
        accept=_TYPES,
        engines=("postgres", "duckdb"),
    ),
    Fault(
        E.TYPE_CHANGED,
        "insert into customers select event_id, happened, payload, qty, qty from raw_events",
        accept=_TYPES,
        engines=("postgres", "duckdb"),
    ),
    Fault(
        E.TYPE_CHANGED,
        "select id from customers union all select email from customers",
        accept=_TYPES,
        engines=("postgres",),
    ),
    Fault(
        E.TYPE_CHANGED,
        "alter table raw_events alter column qty type integer",
        accept=_TYPES,
        engines=("postgres",),
    ),
    Fault(
        E.TYPE_CHANGED,
        "create or replace view v as select event_id, cast(qty as varchar) as qty from raw_events",
        ("create view v as select event_id, 1 as qty from raw_events",),
        _TYPES,
        ("postgres",),
    ),
    Fault(
        E.COLUMN_REMOVED,
        "create or replace view v as select event_id from raw_events",
        ("create view v as select event_id, qty from raw_events",),
        (*_GONE, E.TYPE_CHANGED),
        ("postgres",),
    ),
    Fault(E.COLUMN_REMOVED, "alter table customers drop column phone", accept=_GONE),
    Fault(E.COLUMN_REMOVED, "select customers.fax from customers", accept=_GONE),
    Fault(
        E.COLUMN_REMOVED,
        "insert into customers (id, email, fax) values (3, 'z@example.com', '0')",
        accept=(*_GONE, E.COLUMN_ADDED),
    ),
    Fault(E.COLUMN_REMOVED, "select x.region from (select city from customers) x", accept=_GONE),
    Fault(E.COLUMN_REMOVED, "select * from customers join orders using (shop_id)", accept=_GONE),
    Fault(E.COLUMN_REMOVED, "select * from orders order by priority", accept=_GONE),
)

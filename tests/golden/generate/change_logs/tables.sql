-- What a stream leaves: orders were read by a snapshot, then updated and deleted; lines have a key of two
-- columns; visits have no key; customers come in whole batches.
create schema bronze_crm;
create table bronze_crm._aidbt_loads (
    table_name varchar, batch_id varchar, loaded_at timestamptz, source varchar, source_table varchar,
    connector varchar, rows_read bigint, rows_landed bigint, rows_rejected bigint, position varchar,
    columns varchar, aidbt_version varchar
);
insert into bronze_crm._aidbt_loads
select
    t, b, '2026-01-01 00:00:00+00', 'crm', t, 'postgres', 1, 1, 0, '{}', c, '0'
from (
    values
        ('orders', 'b1', '[{"name": "id", "type": "BIGINT", "key": true}, {"name": "customer_id"}, {"name": "status"}, {"name": "note"}]'),
        ('orders', 'b2', '[{"name": "id", "type": "BIGINT", "key": true}, {"name": "customer_id"}, {"name": "status"}, {"name": "note"}]'),
        ('lines', 'b1', '[{"name": "Order Id", "key": true}, {"name": "line", "key": true}, {"name": "sku"}]'),
        ('visits', 'b1', '[{"name": "at"}, {"name": "page"}]'),
        ('customers', 'b1', '[{"name": "id"}, {"name": "name"}]')
) v(t, b, c);

create table bronze_crm.orders (
    id bigint, customer_id bigint, status varchar, note varchar, _aidbt_op varchar, _aidbt_position bigint,
    _aidbt_sequence bigint, _aidbt_event_at timestamptz, _aidbt_committed_at timestamptz,
    _aidbt_unchanged varchar[], _aidbt_loaded_at timestamptz, _aidbt_batch_id varchar
);
insert into bronze_crm.orders
select i, i % 10 + 1, 'open', 'note ' || i, 'r', 10, 0, null, null, null, '2026-01-01 00:00:00+00', 'b1'
from range(1, 201) r(i);
insert into bronze_crm.orders
select i, i % 10 + 1, 'paid', null, 'u', 20, i, null, null, ['note'], '2026-01-01 00:00:01+00', 'b2'
from range(1, 101) r(i);
insert into bronze_crm.orders
select i, null, null, null, 'd', 30, i, null, null, null, '2026-01-01 00:00:01+00', 'b2'
from range(191, 201) r(i);

create table bronze_crm.lines (
    "Order Id" bigint, line integer, sku varchar, _aidbt_op varchar, _aidbt_position bigint,
    _aidbt_sequence bigint, _aidbt_event_at timestamptz, _aidbt_committed_at timestamptz,
    _aidbt_unchanged varchar[], _aidbt_loaded_at timestamptz, _aidbt_batch_id varchar
);
insert into bronze_crm.lines
select i // 3 + 1, i % 3, 'sku ' || i % 5, 'r', 10, 0, null, null, null, '2026-01-01 00:00:00+00', 'b1'
from range(90) r(i);

create table bronze_crm.visits (
    "at" timestamp, page varchar, _aidbt_op varchar, _aidbt_position bigint, _aidbt_sequence bigint,
    _aidbt_event_at timestamptz, _aidbt_committed_at timestamptz, _aidbt_unchanged varchar[],
    _aidbt_loaded_at timestamptz, _aidbt_batch_id varchar
);
insert into bronze_crm.visits
select
    timestamp '2026-01-01 00:00:00' + i * interval '1 minute', 'page ' || i % 3, 'c', 10 + i, 1, null, null, null,
    '2026-01-01 00:00:00+00', 'b1'
from range(60) r(i);

create table bronze_crm.customers as
select i as id, 'c' || i as name, timestamptz '2026-01-01 00:00:00+00' as _aidbt_loaded_at, 'b1' as _aidbt_batch_id
from range(1, 11) r(i);

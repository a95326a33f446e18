-- The warehouse of Sourdough & Co (bakeries and a web shop), as Airbyte and dlt fill it.
set TimeZone = 'UTC';

create schema raw_ecom;
create schema raw_stripe;
create schema raw_helpdesk;
create schema raw_loyalty;
create schema analytics;

-- Airbyte puts these four columns on every table.
create macro airbyte_id(i) as (md5(i::varchar)::uuid)::varchar;
create macro airbyte_at(i) as timestamptz '2026-04-01 03:00:00+00' + to_seconds(i);
create macro airbyte_meta() as '{"changes": [], "sync_id": 4711}'::json;

create table raw_ecom.customers as
select
    airbyte_id('c' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    3::bigint as _airbyte_generation_id,
    i::bigint as id,
    'Customer ' || i as name,
    'customer' || i || '@example.com' as email,
    case when i % 4 > 0 then '+1 555 ' || lpad(i::varchar, 4, '0') end as phone,
    ['web', 'store', 'referral'][1 + i % 3] as type,
    i % 6 > 0 as marketing_opt_in,
    i % 40 = 0 as blocked,
    date '1960-05-05' + (i * 97)::integer as birthday,
    timestamptz '2024-02-01 08:00:00+00' + to_hours(i * 3) as created,
    timestamptz '2025-02-01 08:00:00+00' + to_hours(i * 3) as updated
from range(1, 101) r(i);

create table raw_ecom.stores as
select
    airbyte_id('s' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    3::bigint as _airbyte_generation_id,
    i::bigint as id,
    ['Brooklyn', 'Philadelphia', 'Chicago', 'Austin', 'Portland'][i] as name,
    ['bakery', 'kiosk'][1 + i % 2] as type,
    0.0625 + i / 400.0 as tax_rate,
    i <> 4 as open,
    date '2019-01-01' + (i * 200)::integer as opening_day,
    timestamptz '2018-11-01 08:00:00+00' + to_days((i * 200)::integer) as created
from range(1, 6) r(i);

create table raw_ecom.products as
select
    airbyte_id('p' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    3::bigint as _airbyte_generation_id,
    'BRD-' || lpad(i::varchar, 3, '0') as sku,
    ['Country loaf', 'Rye', 'Croissant', 'Filter coffee'][1 + i % 4] || ' ' || i as name,
    ['bread', 'bread', 'pastry', 'beverage'][1 + i % 4] as type,
    'baked with care' as description,
    (250 + i * 35)::integer as price_cents,
    i % 5 = 0 as seasonal,
    i % 11 <> 0 as active,
    timestamptz '2023-02-01 08:00:00+00' + to_hours(i * 3) as created
from range(1, 25) r(i);

create table raw_ecom.orders as
select
    airbyte_id('o' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    3::bigint as _airbyte_generation_id,
    i::bigint as id,
    (1 + (i * 7) % 100)::bigint as customer,
    (1 + i % 5)::bigint as store,
    ['placed', 'baking', 'ready', 'picked_up', 'cancelled'][1 + i % 5] as status,
    ['web', 'app', 'counter'][1 + i % 3] as channel,
    (800 + i * 7)::integer as subtotal_cents,
    (50 + i % 40)::integer as tax_cents,
    (850 + i * 7 + i % 40)::integer as total_cents,
    i % 9 = 0 as gift,
    date '2025-06-02' + (i // 5)::integer as pickup_day,
    timestamptz '2025-06-01 06:30:00+00' + to_minutes(i * 200) as created,
    timestamptz '2025-06-01 09:30:00+00' + to_minutes(i * 200) as updated
from range(1, 301) r(i);

create table raw_ecom.order_items as
select
    airbyte_id('i' || o.id || '-' || n) as _airbyte_raw_id,
    o._airbyte_extracted_at,
    o._airbyte_meta,
    o._airbyte_generation_id,
    o.id * 10 + n as id,
    o.id as "order",
    'BRD-' || lpad((1 + (o.id * 5 + n) % 24)::varchar, 3, '0') as sku,
    (1 + (o.id + n) % 4)::integer as quantity,
    (250 + (o.id + n) % 24 * 35)::integer as unit_price_cents,
    o.created
from raw_ecom.orders o, range(1, 3) l(n);

create table raw_stripe.charges as
select
    airbyte_id('ch' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    8::bigint as _airbyte_generation_id,
    'ch_' || left(md5('c' || i), 14) as id,
    'pm_' || left(md5('m' || i % 90), 14) as payment_method,
    i::bigint as "order",
    ['succeeded', 'failed', 'pending'][case when i % 20 = 0 then 2 when i % 33 = 0 then 3 else 1 end] as status,
    ['usd', 'usd', 'cad'][1 + i % 3] as currency,
    (850 + i * 7 + i % 40)::integer as amount_cents,
    case when i % 20 = 0 then 'card_declined' end as failure_code,
    i % 20 <> 0 as paid,
    i % 10 = 0 as refunded,
    timestamptz '2025-06-01 06:31:00+00' + to_minutes(i * 200) as created
from range(1, 281) r(i);

create table raw_stripe.refunds as
select
    airbyte_id('re' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    8::bigint as _airbyte_generation_id,
    're_' || left(md5('r' || i), 14) as id,
    'ch_' || left(md5('c' || i), 14) as charge,
    ['requested_by_customer', 'duplicate'][1 + (i // 10) % 2] as reason,
    (200 + i)::integer as amount_cents,
    timestamptz '2025-06-03 06:31:00+00' + to_minutes(i * 200) as created
from range(10, 281, 10) r(i);

create table raw_stripe.payment_methods as
select
    airbyte_id('pm' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    8::bigint as _airbyte_generation_id,
    'pm_' || left(md5('m' || i), 14) as id,
    (1 + i)::bigint as customer,
    ['card', 'apple_pay', 'google_pay'][1 + i % 3] as type,
    ['visa', 'mastercard', 'amex'][1 + i % 3] as brand,
    i % 7 <> 0 as "default",
    date '2027-01-31' + (i * 30)::integer as expiry_day,
    timestamptz '2024-06-01 06:31:00+00' + to_hours(i) as created
from range(0, 90) r(i);

-- Synced since last week; nobody has declared or staged it yet.
create table raw_stripe.disputes as
select
    airbyte_id('dp' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    8::bigint as _airbyte_generation_id,
    'dp_' || left(md5('d' || i), 14) as id,
    'ch_' || left(md5('c' || i), 14) as charge,
    ['needs_response', 'won', 'lost'][1 + (i // 30) % 3] as status,
    ['fraudulent', 'product_not_received'][1 + (i // 30) % 2] as reason,
    (850 + i * 7 + i % 40)::integer as amount_cents,
    i % 60 = 0 as evidence_submitted,
    date '2025-07-15' + i::integer as response_due_day,
    timestamptz '2025-07-01 06:31:00+00' + to_hours(i) as created,
    timestamptz '2025-07-02 06:31:00+00' + to_hours(i) as updated
from range(30, 281, 30) r(i);

create table raw_helpdesk.agents as
select
    i::bigint as id,
    'Agent ' || i as name,
    'agent' || i || '@sourdough.example' as email,
    ['junior', 'senior', 'lead'][1 + i % 3] as type,
    i <> 7 as active,
    timestamptz '2023-01-01 10:00:00+00' + to_days((i * 20)::integer) as created,
    '1743476400.12' as _dlt_load_id,
    left(md5('a' || i), 14) as _dlt_id
from range(1, 9) r(i);

create table raw_helpdesk.conversations as
select
    (4000 + i)::bigint as id,
    (1 + (i * 3) % 100)::bigint as customer,
    case when i % 5 > 0 then 1 + i % 8 end::bigint as agent,
    ['open', 'snoozed', 'closed'][1 + i % 3] as status,
    ['email', 'chat', 'phone'][1 + i % 3] as channel,
    ['low', 'normal', 'urgent'][1 + (i * 2) % 3] as priority,
    'About my order ' || i as subject,
    (i % 90)::integer as first_reply_minutes,
    i % 12 = 0 as escalated,
    timestamptz '2025-06-05 10:00:00+00' + to_hours(i * 2) as created,
    case when i % 3 = 2 then timestamptz '2025-06-06 10:00:00+00' + to_hours(i * 2) end as closed,
    '1743476400.12' as _dlt_load_id,
    left(md5('v' || i), 14) as _dlt_id
from range(1, 121) r(i);

create table raw_helpdesk.ratings as
select
    i::bigint as id,
    (4000 + i)::bigint as conversation,
    (1 + i % 5)::integer as score,
    case when i % 9 = 0 then 'very kind' end as comment,
    timestamptz '2025-06-07 10:00:00+00' + to_hours(i * 2) as created,
    '1743476400.12' as _dlt_load_id,
    left(md5('g' || i), 14) as _dlt_id
from range(2, 121, 3) r(i);

create table raw_helpdesk._dlt_loads as
select
    '1743476400.12' as load_id,
    'helpdesk' as schema_name,
    0::bigint as status,
    timestamptz '2026-04-01 03:00:00+00' as inserted_at,
    md5('schema') as schema_version_hash;

create table raw_helpdesk._dlt_version as
select
    1::bigint as version,
    11::bigint as engine_version,
    timestamptz '2026-04-01 03:00:00+00' as inserted_at,
    'helpdesk' as schema_name,
    md5('schema') as version_hash,
    '{}' as schema;

-- The new source: the bonus card. Connected on Monday; nobody has declared or staged it.
create table raw_loyalty.members as
select
    airbyte_id('lm' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    1::bigint as _airbyte_generation_id,
    (100 + i)::bigint as id,
    i::bigint as customer,
    'Member ' || i as name,
    'SD' || lpad((i * 37)::varchar, 8, '0') as card_number,
    ['bronze', 'silver', 'gold'][1 + case when i % 10 = 0 then 2 when i % 3 = 0 then 1 else 0 end] as tier,
    ['active', 'paused', 'closed'][1 + case when i % 25 = 0 then 2 when i % 14 = 0 then 1 else 0 end] as status,
    (i * 15 % 900)::integer as points_balance,
    (i * 1250)::integer as lifetime_spend_cents,
    i % 4 > 0 as newsletter,
    date '2025-09-01' + i::integer as joining_day,
    timestamptz '2025-09-01 12:00:00+00' + to_hours(i * 24) as created,
    timestamptz '2026-03-01 12:00:00+00' + to_hours(i) as updated
from range(1, 81) r(i);

create table raw_loyalty.rewards as
select
    airbyte_id('lr' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    1::bigint as _airbyte_generation_id,
    i::bigint as id,
    ['Free coffee', 'Free croissant', 'Two for one', 'Baking class', 'Tote bag'][i] as name,
    ['product', 'product', 'discount', 'event', 'product'][i] as type,
    'while it lasts' as description,
    (i * 120)::integer as points_price,
    (i * 310)::integer as cost_cents,
    i <> 4 as active,
    date '2025-09-01' as launch_day,
    timestamptz '2025-08-20 12:00:00+00' + to_hours(i) as created
from range(1, 6) r(i);

create table raw_loyalty.point_transactions as
select
    airbyte_id('lp' || i) as _airbyte_raw_id,
    airbyte_at(i) as _airbyte_extracted_at,
    airbyte_meta() as _airbyte_meta,
    1::bigint as _airbyte_generation_id,
    'pt_' || left(md5('p' || i), 12) as id,
    (101 + i % 80)::bigint as member,
    case when i % 6 = 0 then 1 + i % 5 end::bigint as reward,
    case when i % 6 > 0 then 1 + i % 300 end::bigint as "order",
    case when i % 6 = 0 then 'redeem' when i % 50 = 1 then 'adjust' else 'earn' end as type,
    (case when i % 6 = 0 then -120 else 10 + i % 30 end)::integer as points,
    case when i % 6 > 0 then 850 + i * 7 else 0 end::integer as basket_cents,
    i % 45 = 0 as reversed,
    timestamptz '2025-09-02 12:00:00+00' + to_hours(i) as created
from range(1, 401) r(i);

-- What Airbyte keeps for itself, and a stream that has never had a record.
create table raw_loyalty._airbyte_raw_members as
select
    airbyte_id('lm' || i) as _airbyte_ab_id,
    json_object('id', 100 + i) as _airbyte_data,
    airbyte_at(i) as _airbyte_emitted_at
from range(1, 81) r(i);

create table raw_loyalty.member_merges (
    _airbyte_raw_id varchar,
    _airbyte_extracted_at timestamptz,
    _airbyte_meta json,
    _airbyte_generation_id bigint,
    id bigint,
    member bigint,
    merged_member bigint,
    created timestamptz
);

-- Nadia was looking for something.
create table analytics.scratch_ng_orders as
select id, total_cents from raw_ecom.orders where channel = 'app';

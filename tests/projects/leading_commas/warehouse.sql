-- The warehouse of Radhaus (bicycles, spare parts, a workshop), as Fivetran fills it.
SET TimeZone = 'UTC';

CREATE SCHEMA fivetran_shop_db;
CREATE SCHEMA fivetran_zendesk;
CREATE SCHEMA fivetran_stripe;
CREATE SCHEMA fivetran_freightcom;
CREATE SCHEMA dwh;

CREATE TABLE fivetran_shop_db.customer AS
SELECT
    i::INTEGER AS id,
    CASE WHEN i % 5 = 0 THEN ' ' ELSE '' END || 'Kunde' || i || '@Example.com' AS email,
    'Vorname ' || i AS first_name,
    'Nachname ' || i AS last_name,
    ['de', 'at', 'ch', 'nl'][1 + i % 4] AS country,
    (1 + i % 3)::INTEGER AS home_store_id,
    (i % 6) * 250.5::DOUBLE AS credit_limit,
    i % 7 = 0 AS is_b2b,
    i % 2 = 0 AS has_newsletter,
    DATE '1970-01-01' + (i * 131)::INTEGER AS birth_date,
    TIMESTAMP '2024-01-03 09:15:00' + to_hours(i * 7) AS created_at,
    TIMESTAMP '2025-02-01 11:00:00' + to_hours(i * 5) AS updated_at,
    i % 20 = 0 AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 04:00:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 61) r(i);

CREATE TABLE fivetran_shop_db.product AS
SELECT
    i::INTEGER AS id,
    'RH-' || lpad(i::VARCHAR, 5, '0') AS sku,
    ['Trekking', 'Gravel', 'Kette', 'Inspektion'][1 + i % 4] || ' ' || i AS name,
    ['bike', 'bike', 'part', 'service'][1 + i % 4] AS type,
    (19.9 + i * 37.5)::DOUBLE AS list_price,
    CASE WHEN i % 4 < 3 THEN (0.2 + i % 18)::DOUBLE END AS weight_kg,
    i % 9 <> 0 AS is_active,
    DATE '2022-04-01' + (i * 11)::INTEGER AS launch_date,
    TIMESTAMP '2022-03-01 08:00:00' + to_days(i::INTEGER) AS created_at,
    TIMESTAMP '2025-01-10 08:00:00' + to_hours(i) AS updated_at,
    FALSE AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 04:05:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 41) r(i);

CREATE TABLE fivetran_shop_db.sales_order AS
SELECT
    i::INTEGER AS id,
    (1 + (i * 7) % 59)::INTEGER AS customer_id,
    (1 + i % 3)::INTEGER AS store_id,
    'SO-2025-' || lpad(i::VARCHAR, 6, '0') AS order_no,
    ['open', 'paid', 'shipped', 'cancelled'][1 + i % 4] AS status,
    ['web', 'store', 'phone'][1 + i % 3] AS channel,
    CASE WHEN i % 8 = 0 THEN 'please ring twice' END AS comment,
    (40 + i * 13.37)::DOUBLE AS total_amount,
    (4.9 + i % 2)::DOUBLE AS shipping_amount,
    ((i % 5) * 2.5)::DOUBLE AS discount_amount,
    i % 11 = 0 AS is_gift,
    DATE '2025-03-05' + (i % 90)::INTEGER AS delivery_date,
    TIMESTAMP '2025-03-01 10:00:00' + to_hours(i * 5) AS ordered_at,
    CASE WHEN i % 4 = 2 THEN TIMESTAMP '2025-03-02 16:00:00' + to_hours(i * 5) END AS shipped_at,
    TIMESTAMP '2025-03-03 10:00:00' + to_hours(i * 5) AS updated_at,
    i % 50 = 0 AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 04:10:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 201) r(i);
-- customer 20 and 40 are deleted in the shop, so nothing may point at them
UPDATE fivetran_shop_db.sales_order SET customer_id = customer_id + 1 WHERE customer_id % 20 = 0;

CREATE TABLE fivetran_shop_db.order_line AS
SELECT
    (o.id * 10 + n)::BIGINT AS id,
    o.id AS order_id,
    (1 + (o.id * 3 + n) % 40)::INTEGER AS product_id,
    n::SMALLINT AS line_no,
    (1 + (o.id + n) % 3)::INTEGER AS quantity,
    (9.9 + (o.id + n) % 50)::DOUBLE AS unit_price,
    ((9.9 + (o.id + n) % 50) * (1 + (o.id + n) % 3))::DOUBLE AS line_amount,
    (o.id + n) % 17 = 0 AS is_return,
    o.ordered_at AS created_at,
    o._fivetran_deleted,
    o._fivetran_synced
FROM fivetran_shop_db.sales_order o, range(1, 4) l(n);

-- Synced since last week; nobody has declared or staged it yet.
CREATE TABLE fivetran_shop_db.gift_card AS
SELECT
    i::INTEGER AS id,
    'GC' || upper(left(md5(i::VARCHAR), 10)) AS code,
    (1 + (i * 3) % 19)::INTEGER AS customer_id,
    ['active', 'redeemed', 'expired'][1 + i % 3] AS status,
    (25 * (1 + i % 4))::DOUBLE AS initial_amount,
    (CASE WHEN i % 3 = 1 THEN 0 ELSE 12.5 * (i % 3) END)::DOUBLE AS balance_amount,
    i % 13 = 0 AS is_blocked,
    DATE '2027-12-31' + (i % 30)::INTEGER AS expiry_date,
    TIMESTAMP '2025-11-20 12:00:00' + to_hours(i * 9) AS issued_at,
    TIMESTAMP '2026-01-20 12:00:00' + to_hours(i) AS updated_at,
    FALSE AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 04:15:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 46) r(i);

CREATE TABLE fivetran_zendesk.organization AS
SELECT
    (900 + i)::BIGINT AS id,
    'Verein ' || i AS name,
    i % 2 = 0 AS shared_tickets,
    TIMESTAMP '2023-06-01 07:30:00' + to_days(i::INTEGER) AS created_at,
    TIMESTAMP '2025-06-01 07:30:00' + to_days(i::INTEGER) AS updated_at,
    FALSE AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 05:00:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 13) r(i);

CREATE TABLE fivetran_zendesk."user" AS
SELECT
    (5000 + i)::BIGINT AS id,
    CASE WHEN i % 3 = 0 THEN 901 + i % 12 END::BIGINT AS organization_id,
    'Person ' || i AS name,
    'person' || i || '@example.com' AS email,
    CASE WHEN i <= 5 THEN 'agent' WHEN i = 6 THEN 'admin' ELSE 'end-user' END AS role,
    i % 10 <> 0 AS active,
    i % 25 = 0 AS suspended,
    TIMESTAMP '2023-07-01 07:30:00' + to_days(i::INTEGER) AS created_at,
    CASE WHEN i % 4 > 0 THEN TIMESTAMP '2026-02-01 07:30:00' + to_hours(i) END AS last_login_at,
    FALSE AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 05:05:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 51) r(i);

CREATE TABLE fivetran_zendesk.ticket AS
SELECT
    (70000 + i)::BIGINT AS id,
    (5007 + i % 43)::BIGINT AS requester_id,
    CASE WHEN i % 6 > 0 THEN 5000 + 1 + i % 5 END::BIGINT AS assignee_id,
    'Frage ' || i AS subject,
    ['question', 'incident', 'problem', 'task'][1 + i % 4] AS type,
    ['new', 'open', 'pending', 'solved', 'closed'][1 + i % 5] AS status,
    ['low', 'normal', 'high', 'urgent'][1 + (i * 3) % 4] AS priority,
    CASE WHEN i % 5 = 0 THEN 'SO-2025-' || lpad((1 + i % 190)::VARCHAR, 6, '0') END AS order_no,
    (i * 12)::INTEGER AS first_reply_minutes,
    i % 2 = 0 AS is_public,
    i % 30 = 0 AS has_incidents,
    DATE '2025-05-01' + (i % 60)::INTEGER AS due_date,
    TIMESTAMP '2025-04-01 09:00:00' + to_hours(i * 3) AS created_at,
    TIMESTAMP '2025-04-03 09:00:00' + to_hours(i * 3) AS updated_at,
    CASE WHEN i % 5 > 2 THEN TIMESTAMP '2025-04-05 09:00:00' + to_hours(i * 3) END AS solved_at,
    i % 40 = 0 AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 05:10:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 151) r(i);

CREATE TABLE fivetran_stripe.charge AS
SELECT
    'ch_' || left(md5('c' || i), 14) AS id,
    'txn_' || left(md5('t' || i), 14) AS balance_transaction_id,
    'SO-2025-' || lpad(i::VARCHAR, 6, '0') AS order_no,
    ['eur', 'eur', 'chf'][1 + i % 3] AS currency,
    ['succeeded', 'failed', 'pending'][1 + CASE WHEN i % 12 = 0 THEN 1 WHEN i % 15 = 0 THEN 2 ELSE 0 END] AS status,
    (4000 + i * 1337)::BIGINT AS amount,
    CASE WHEN i % 10 = 0 THEN 1500 ELSE 0 END::BIGINT AS amount_refunded,
    i % 12 <> 0 AS paid,
    i % 15 <> 0 AS captured,
    TIMESTAMP '2025-03-01 10:02:00' + to_hours(i * 5) AS created,
    TIMESTAMPTZ '2026-03-01 06:00:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 181) r(i);

CREATE TABLE fivetran_stripe.refund AS
SELECT
    're_' || left(md5('r' || i), 14) AS id,
    'ch_' || left(md5('c' || i), 14) AS charge_id,
    ['requested_by_customer', 'duplicate', 'fraudulent'][1 + (i // 10) % 3] AS reason,
    'succeeded' AS status,
    1500::BIGINT AS amount,
    TIMESTAMP '2025-03-08 10:02:00' + to_hours(i * 5) AS created,
    TIMESTAMPTZ '2026-03-01 06:05:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(10, 181, 10) r(i);

CREATE TABLE fivetran_stripe.payout AS
SELECT
    'po_' || left(md5('p' || i), 14) AS id,
    ['paid', 'in_transit', 'failed'][1 + CASE WHEN i > 24 THEN 1 ELSE 0 END] AS status,
    (900000 + i * 7001)::BIGINT AS amount,
    i % 8 <> 0 AS automatic,
    TIMESTAMP '2025-03-09 00:00:00' + to_days((i * 7)::INTEGER) AS arrival_date,
    TIMESTAMP '2025-03-07 02:00:00' + to_days((i * 7)::INTEGER) AS created,
    TIMESTAMPTZ '2026-03-01 06:10:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 27) r(i);

CREATE TABLE fivetran_stripe.dispute AS
SELECT
    'dp_' || left(md5('d' || i), 14) AS id,
    'ch_' || left(md5('c' || i), 14) AS charge_id,
    ['won', 'lost', 'needs_response'][1 + (i // 45) % 3] AS status,
    (4000 + i * 1337)::BIGINT AS amount,
    TRUE AS is_charge_refundable,
    TIMESTAMP '2025-04-08 10:02:00' + to_hours(i * 5) AS created,
    TIMESTAMPTZ '2026-03-01 06:15:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(45, 181, 45) r(i);

-- The new source: the parcel broker. Connected on Monday; nobody has declared or staged it.
CREATE TABLE fivetran_freightcom.carrier AS
SELECT
    i::INTEGER AS id,
    ['DHL', 'GLS', 'DPD', 'Hermes', 'UPS', 'PostNL', 'Swiss Post', 'Cargovelo'][i] AS name,
    ['de', 'de', 'de', 'de', 'at', 'nl', 'ch', 'de'][i] AS country,
    ['parcel', 'parcel', 'parcel', 'parcel', 'parcel', 'parcel', 'parcel', 'bulky'][i] AS type,
    (0.35 * i)::DOUBLE AS fuel_surcharge_amount,
    i <> 4 AS is_active,
    i % 3 = 0 AS has_pickup,
    DATE '2024-01-01' + (i * 30)::INTEGER AS contract_start_date,
    TIMESTAMP '2024-01-01 06:00:00' + to_hours(i) AS created_at,
    TIMESTAMP '2025-12-01 06:00:00' + to_hours(i) AS updated_at,
    i = 4 AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 07:00:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 9) r(i);

CREATE TABLE fivetran_freightcom.shipment AS
SELECT
    (300000 + i)::BIGINT AS id,
    [1, 2, 3, 5, 6, 7, 8][1 + i % 7]::INTEGER AS carrier_id,
    'SO-2025-' || lpad(i::VARCHAR, 6, '0') AS order_no,
    'JJD' || lpad((i * 7919)::VARCHAR, 12, '0') AS tracking_no,
    ['label_printed', 'in_transit', 'delivered', 'lost'][1 + CASE WHEN i % 60 = 0 THEN 3 ELSE i % 3 END] AS status,
    ['standard', 'express', 'bulky'][1 + i % 3] AS service_level,
    ['de', 'at', 'ch', 'nl'][1 + i % 4] AS country,
    (0.4 + i % 23)::DOUBLE AS weight_kg,
    (4.2 + (i % 9) * 1.15)::DOUBLE AS freight_amount,
    CASE WHEN i % 4 = 2 THEN (1999 + i * 10) ELSE 0 END::BIGINT AS customs_amount,
    i % 3 = 1 AS is_insured,
    i % 16 = 0 AS has_return_label,
    DATE '2025-03-06' + (i % 90)::INTEGER AS promised_date,
    TIMESTAMP '2025-03-02 13:00:00' + to_hours(i * 5) AS created_at,
    CASE WHEN i % 3 > 0 THEN TIMESTAMP '2025-03-02 17:00:00' + to_hours(i * 5) END AS picked_up_at,
    CASE WHEN i % 3 = 2 THEN TIMESTAMP '2025-03-04 11:00:00' + to_hours(i * 5) END AS delivered_at,
    TIMESTAMP '2025-03-05 11:00:00' + to_hours(i * 5) AS updated_at,
    i % 70 = 0 AS _fivetran_deleted,
    TIMESTAMPTZ '2026-03-01 07:05:00+00' + to_seconds(i) AS _fivetran_synced
FROM range(1, 181) r(i);

CREATE TABLE fivetran_freightcom.shipment_event AS
SELECT
    (s.id * 10 + n)::BIGINT AS id,
    s.id AS shipment_id,
    ['created', 'scan', 'handover', 'exception'][CASE WHEN s.id % 29 = 0 AND n = 3 THEN 4 ELSE n END] AS type,
    ['Berlin', 'Leipzig', 'Wien', 'Utrecht'][1 + (s.id + n) % 4] AS location,
    CASE WHEN s.id % 29 = 0 AND n = 3 THEN 'address not found' END AS message,
    s.id % 29 = 0 AND n = 3 AS is_exception,
    s.created_at + to_hours(n * 6) AS occurred_at,
    s._fivetran_synced
FROM fivetran_freightcom.shipment s, range(1, 4) e(n)
WHERE NOT s._fivetran_deleted;

-- Fivetran's own bookkeeping, and a table whose endpoint has never returned a row.
CREATE TABLE fivetran_freightcom.fivetran_audit AS
SELECT
    md5(i::VARCHAR) AS id,
    'shipment' AS "table",
    (i * 3)::INTEGER AS rows_updated_or_inserted,
    'ok' AS message,
    TIMESTAMPTZ '2026-02-01 07:05:00+00' + to_days(i::INTEGER) AS done
FROM range(1, 20) r(i);

CREATE TABLE fivetran_freightcom.return_label (
    id BIGINT,
    shipment_id BIGINT,
    status VARCHAR,
    label_amount DOUBLE,
    is_used BOOLEAN,
    created_at TIMESTAMP,
    _fivetran_deleted BOOLEAN,
    _fivetran_synced TIMESTAMPTZ
);

-- Mirko's, from some Friday afternoon.
CREATE TABLE dwh.tmp_mk_check_orders AS
SELECT order_no, total_amount FROM fivetran_shop_db.sales_order WHERE id < 20;

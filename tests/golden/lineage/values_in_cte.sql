-- A CTE of written rows.

-- query
with rates (code, rate) as (values ('paid', 2), ('open', 3)) select o.note, o.amount * r.rate as worth from orders as o join rates as r on r.code = o.status

-- rows
with rates (code, rate) as (values ('paid', 2), ('open', 3)) select o.rowid, r.code from orders as o join rates as r on r.code = o.status

-- lineage
-- note <- orders.note
-- worth <- orders.amount
-- (rows) <- orders.status

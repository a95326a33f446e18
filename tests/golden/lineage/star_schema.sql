-- A fact with its dimensions.
-- key: note, name

-- query
with totals as (select order_id, sum(qty * price) as goods from items group by order_id)
select o.note, c.name, c.region, t.goods + o.tax as worth
from orders as o
left join customers as c on c.id = o.customer_id
left join totals as t on t.order_id = o.id
where o.status <> 'lost'

-- rows
with totals as (select order_id, list(rowid order by rowid) as r from items group by order_id)
select o.rowid, c.rowid, t.r from orders as o left join customers as c on c.id = o.customer_id left join totals as t on t.order_id = o.id where o.status <> 'lost'

-- lineage
-- note <- orders.note
-- name <- customers.name
-- region <- customers.region
-- worth <- items.price, items.qty, orders.tax
-- (rows) <- customers.id, items.order_id, orders.customer_id, orders.id, orders.status

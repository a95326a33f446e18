-- An aggregated list unnested again.
-- unseen: (rows) <- orders.amount: the list is as long as there are rows, whatever is in it
-- unseen: (rows) <- orders.tax: the list is as long as there are rows, whatever is in it
-- unseen: amount <- orders.tax: the order of the list, which its rows have lost

-- query
select customer_id, unnest(list(amount order by tax)) as amount from orders group by customer_id

-- rows
select customer_id is not null, unnest(list(rowid order by rowid)) from orders group by customer_id

-- lineage
-- customer_id <- orders.customer_id
-- amount <- orders.amount
-- (rows) <- orders.customer_id

-- The first row of each customer in place of the last.

-- before
select customer_id, amount from orders
qualify row_number() over (partition by customer_id order by ordered_at desc) = 1

-- after
select customer_id, amount from orders
qualify row_number() over (partition by customer_id order by ordered_at) = 1

-- verdict
other rows: the deduplication

-- The latest row of each customer.

-- before
select id, customer_id, amount from orders

-- after
select id, customer_id, amount from orders
qualify row_number() over (partition by customer_id order by ordered_at desc) = 1

-- verdict
other rows: the deduplication
another grain

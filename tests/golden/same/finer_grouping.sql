-- One more column to group by.

-- before
select customer_id, sum(amount) as total from orders group by 1

-- after
select customer_id, status, sum(amount) as total from orders group by 1, 2

-- verdict
added: status
other values: total
other rows: the grouping
another grain

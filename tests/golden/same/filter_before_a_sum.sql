-- A filter before a sum: the sums are others too, the keys are not.

-- before
select customer_id, sum(amount) as total from orders group by 1

-- after
select customer_id, sum(amount) as total from orders where status = 'paid' group by 1

-- verdict
other values: total
other rows: the filter

-- A filter more: other rows; no value of a row is another.

-- before
select id, amount from orders

-- after
select id, amount from orders where status <> 'lost'

-- verdict
other rows: the filter

-- A window over filtered rows.

-- before
select id, count(*) over () as n from orders

-- after
select id, count(*) over () as n from orders where amount > 20

-- verdict
other values: n
other rows: the filter

-- Another LIMIT.

-- before
select id from orders order by id limit 3

-- after
select id from orders order by id limit 4

-- verdict
other rows: the limit

-- OR in place of AND.

-- before
select id from orders where amount > 5 and status = 'paid'

-- after
select id from orders where amount > 5 or status = 'paid'

-- verdict
other rows: the filter

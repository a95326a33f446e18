-- Conditions in another order, sides turned around.

-- before
select id from orders where amount > 10 and status <> 'lost'

-- after
select id from orders where 'lost' != status and 10 < amount

-- verdict
nothing changes

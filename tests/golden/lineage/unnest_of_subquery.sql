-- A list out of a subquery, unnested in FROM.
-- unseen: (rows) <- orders.amount: the list is as long as there are rows, whatever is in it

-- query
select u.v from (select list(amount) as vs from orders where status = 'paid') as l, unnest(l.vs) as u (v)

-- rows
select rowid from orders where status = 'paid'

-- lineage
-- v <- orders.amount
-- (rows) <- orders.status

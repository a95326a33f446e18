-- Boolean columns out of predicates.

-- query
select id, note is null as bare, amount between 15 and tax * 10 as middling, status in ('paid', 'open') as live,
       note like '%a%' as has_a, not (status = 'paid' or tax > 5) as odd
from orders

-- lineage
-- id <- orders.id
-- bare <- orders.note
-- middling <- orders.amount, orders.tax
-- live <- orders.status
-- has_a <- orders.note
-- odd <- orders.status, orders.tax
-- (rows) <-

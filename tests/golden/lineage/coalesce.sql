-- The first that is not NULL.

-- query
select id, coalesce(note, status, 'none') as label, ifnull(note, 'x') as noted, nullif(status, 'open') as not_open
from orders

-- lineage
-- id <- orders.id
-- label <- orders.note, orders.status
-- noted <- orders.note
-- not_open <- orders.status
-- (rows) <-

-- A written list unnested.

-- query
select o.id, k.kind from orders as o cross join unnest(['a', 'b']) as k (kind)

-- lineage
-- id <- orders.id
-- kind <-
-- (rows) <-

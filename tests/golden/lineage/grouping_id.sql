-- The level of a cube with an expression.

-- query
select upper(region) as r, vip, grouping_id(upper(region), vip) as level, max(joined) as latest from customers group by cube (upper(region), vip)

-- rows
select list(rowid order by rowid), grouping_id(upper(region), vip) from customers group by cube (upper(region), vip)

-- lineage
-- r <- customers.region
-- vip <- customers.vip
-- level <-
-- latest <- customers.joined
-- (rows) <- customers.region, customers.vip

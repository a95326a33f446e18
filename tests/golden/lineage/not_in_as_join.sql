-- A subquery in the condition of an outer join.

-- query
select g.owner, m.jan from goals as g left join months as m on m.region = g.region and g.goal not in (select (amount * 10)::int from orders where note is not null)

-- rows
select g.rowid, m.rowid from goals as g left join months as m on m.region = g.region and g.goal not in (select (amount * 10)::int from orders where note is not null)

-- lineage
-- owner <- goals.owner
-- jan <- months.jan
-- (rows) <- goals.goal, goals.region, months.region, orders.amount, orders.note

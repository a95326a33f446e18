-- Full joins by USING of three tables.
-- alike: goals.region, months.region, customers.region

insert into months values ('up', 9, 90, 999);
insert into customers values (6, 'Fay', 'fay@z.org', 'down', '2024-06-06', false, 5);

-- query
select region, jan, goal, name from months full join goals using (region) full join customers using (region)

-- rows
select m.rowid, g.rowid, c.rowid from months as m full join goals as g on m.region = g.region full join customers as c on c.region = coalesce(m.region, g.region)

-- lineage
-- region <- customers.region, goals.region, months.region
-- jan <- months.jan
-- goal <- goals.goal
-- name <- customers.name
-- (rows) <- customers.region, goals.region, months.region

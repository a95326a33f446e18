-- Natural joins of three tables.
-- alike: goals.region, months.region, t.region
-- alike: goals.owner, t.owner

create table t (region text, owner text, more integer);
insert into t values ('north', 'Kim', 1), ('south', 'Lee', 2), ('east', 'Moe', 3);

-- query
select * from months natural join goals natural join t

-- rows
select m.rowid, g.rowid, t.rowid from months as m join goals as g on m.region = g.region join t on t.region = g.region and t.owner = g.owner

-- lineage
-- region <- goals.region | months.region | t.region
-- jan <- months.jan
-- feb <- months.feb
-- mar <- months.mar
-- goal <- goals.goal
-- owner <- goals.owner | t.owner
-- more <- t.more
-- (rows) <- goals.owner, goals.region, months.region, t.owner, t.region

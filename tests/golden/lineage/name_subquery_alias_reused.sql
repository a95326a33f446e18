-- One alias at several levels.

-- query
select t.a, t.b from (select t.id as a, t.salary as b from (select id, salary from staff as t) as t) as t

-- lineage
-- a <- staff.id
-- b <- staff.salary
-- (rows) <-

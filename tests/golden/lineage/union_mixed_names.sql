-- A union takes the names of its first branch, by position.

-- query
select id as a, name as b from staff union all select salary as b, name || '?' as a from staff

-- lineage
-- a <- staff.id, staff.salary
-- b <- staff.name
-- (rows) <-

-- A recursive CTE whose step filters by columns that are no outputs.

-- query
with recursive t as (
    select id, salary, name, 1 as n from staff where boss_id is null
    union all
    select s.id, s.salary, s.name, n + 1 from staff as s join t on s.boss_id = t.id and s.salary > 140 where t.id < 3 and n < 4
)
select name from t

-- rows
with recursive t as (
    select id, 1 as n, [rowid] as path from staff where boss_id is null
    union all
    select s.id, n + 1, list_append(path, s.rowid) from staff as s join t on s.boss_id = t.id and s.salary > 140 where t.id < 3 and n < 4
)
select path from t

-- lineage
-- name <- staff.name
-- (rows) <- staff.boss_id, staff.id, staff.salary

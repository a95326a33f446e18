-- A recursive CTE down a tree, to a depth that ends it when a change makes a circle.
-- key: id
-- key: name

-- query
with recursive tree as (
    select id, name, salary, 1 as depth from staff where boss_id is null
    union all
    select s.id, s.name, s.salary + t.salary, t.depth + 1 from staff as s join tree as t on s.boss_id = t.id where t.depth < 4
)
select id, name, salary, depth from tree

-- rows
with recursive tree as (
    select id, rowid as r, [rowid] as path from staff where boss_id is null
    union all
    select s.id, s.rowid, list_append(t.path, s.rowid) from staff as s join tree as t on s.boss_id = t.id where len(t.path) < 4
)
select path from tree

-- lineage
-- id <- staff.id
-- name <- staff.name
-- salary <- staff.salary
-- depth <-
-- (rows) <- staff.boss_id, staff.id

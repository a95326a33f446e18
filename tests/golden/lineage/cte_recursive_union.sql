-- A recursive CTE that removes repeats.

-- query
with recursive up as (
    select id, boss_id, name from staff where name = 'Leaf'
    union
    select s.id, s.boss_id, s.name from staff as s join up on up.boss_id = s.id
)
select name, id from up

-- rows
with recursive up as (
    select id, boss_id, rowid as r from staff where name = 'Leaf'
    union
    select s.id, s.boss_id, s.rowid from staff as s join up on up.boss_id = s.id
)
select r from up

-- lineage
-- name <- staff.name
-- id <- staff.id
-- (rows) <- staff.boss_id, staff.id, staff.name

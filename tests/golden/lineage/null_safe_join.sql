-- A join by IS NOT DISTINCT FROM.

-- query
select a.name, b.name as peer from staff as a join staff as b on a.boss_id is not distinct from b.boss_id and a.id <> b.id

-- rows
select a.rowid, b.rowid from staff as a join staff as b on a.boss_id is not distinct from b.boss_id and a.id <> b.id

-- lineage
-- name <- staff.name
-- peer <- staff.name
-- (rows) <- staff.boss_id, staff.id

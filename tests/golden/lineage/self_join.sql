-- A table joined with itself.
-- key: name

-- query
select s.name, b.name as boss, s.salary - b.salary as gap from staff as s left join staff as b on b.id = s.boss_id

-- rows
select s.rowid, b.rowid from staff as s left join staff as b on b.id = s.boss_id

-- lineage
-- name <- staff.name
-- boss <- staff.name
-- gap <- staff.salary
-- (rows) <- staff.boss_id, staff.id

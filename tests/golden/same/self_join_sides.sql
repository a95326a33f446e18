-- A self join read from the other side.

-- before
select a.name from staff as a join staff as b on a.id = b.boss_id

-- after
select b.name from staff as a join staff as b on a.id = b.boss_id

-- verdict
other values: name

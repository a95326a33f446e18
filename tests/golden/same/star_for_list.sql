-- A star in place of all columns.

-- before
select id, boss_id, name, salary from staff

-- after
select * from staff

-- verdict
nothing changes

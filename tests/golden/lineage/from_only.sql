-- FROM alone.

-- query
from staff

-- lineage
-- id <- staff.id
-- boss_id <- staff.boss_id
-- name <- staff.name
-- salary <- staff.salary
-- (rows) <-

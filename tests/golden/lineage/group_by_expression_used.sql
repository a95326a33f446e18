-- An output that computes with the group's expression.

-- query
select amount // 100 * 100 as bucket, min(note) as first_note from orders group by amount // 100

-- rows
select list(rowid order by rowid) from orders group by amount // 100

-- lineage
-- bucket <- orders.amount
-- first_note <- orders.note
-- (rows) <- orders.amount

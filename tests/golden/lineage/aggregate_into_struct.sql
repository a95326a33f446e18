-- An aggregate of structs, and a field of it.

-- query
select user_id, list({'k': kind, 't': seen_at} order by id) as steps, max({'at': seen_at, 'kind': kind}).kind as last_kind from events group by user_id

-- rows
select list(rowid order by rowid) from events group by user_id

-- lineage
-- user_id <- events.user_id
-- steps <- events.id, events.kind, events.seen_at
-- last_kind <- events.kind, events.seen_at
-- (rows) <- events.user_id

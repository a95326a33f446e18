-- NULLs filled: other values, same rows.

-- before
select id, note from orders

-- after
select id, coalesce(note, '') as note from orders

-- verdict
other values: note

-- Another table with the same columns.

-- before
select id, name from customers

-- after
select id, name from staff

-- verdict
other values: id
other values: name
other rows: what it reads

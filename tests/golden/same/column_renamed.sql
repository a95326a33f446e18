-- A column renamed.

-- before
select id, name from customers

-- after
select id as customer_id, name from customers

-- verdict
renamed: id to customer_id

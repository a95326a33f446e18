-- A column more.

-- before
select id, name from customers

-- after
select id, name, region from customers

-- verdict
added: region

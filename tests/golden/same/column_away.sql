-- A column taken out.

-- before
select id, name, region from customers

-- after
select id, name from customers

-- verdict
removed: region

-- The columns of one side of a union swapped.

-- before
select name, email from customers union all select name, name from staff

-- after
select email, name from customers union all select name, name from staff

-- verdict
columns reordered

-- Two names swapped: both columns hold other values.

-- before
select joined as first_day, name as label from customers

-- after
select name as first_day, joined as label from customers

-- verdict
retyped: first_day, DATE to VARCHAR
retyped: label, VARCHAR to DATE
other values: first_day
other values: label

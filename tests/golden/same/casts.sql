-- Another way to write a cast.

-- before
select amount::integer as amount from orders

-- after
select cast(amount as integer) as amount from orders

-- verdict
nothing changes

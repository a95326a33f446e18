-- CTEs renamed, in another order, and one that nothing reads.

-- before
with a as (select id, amount from orders), b as (select id, name from customers)
select a.id, b.name from a join b on a.id = b.id

-- after
with people as (select id, name from customers), unused as (select 1 as one), bought as (select id, amount from orders)
select bought.id, people.name from bought join people on bought.id = people.id

-- verdict
nothing changes

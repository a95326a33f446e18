-- GROUP BY by position, by name, ALL.

-- before
select region, vip, count(*) as n from customers group by region, vip

-- after
select region, vip, count(*) as n from customers group by 2, 1

-- verdict
nothing changes

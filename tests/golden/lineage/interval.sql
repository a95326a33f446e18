-- Dates and intervals.

-- query
select id, joined + interval 3 day as after, joined - date '2020-01-01' as days, joined + to_days(referrer_id) as shifted
from customers

-- lineage
-- id <- customers.id
-- after <- customers.joined
-- days <- customers.joined
-- shifted <- customers.joined, customers.referrer_id
-- (rows) <-

-- Constants, typed and not, beside a column.

-- query
select id, 1 as one, 'eu' as zone, null as nothing, date '2024-01-01' as since, 1 + 2 as three, true as yes
from orders

-- lineage
-- id <- orders.id
-- one <-
-- zone <-
-- nothing <-
-- since <-
-- three <-
-- yes <-
-- (rows) <-

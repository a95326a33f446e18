-- Comments among the words.

-- query
select /* a */ id, -- the key
       amount /* b */ * 2 as twice -- end
from orders -- all of them

-- lineage
-- id <- orders.id
-- twice <- orders.amount
-- (rows) <-

-- Casts in three ways of writing.
-- also: orders.note = '2024-01-01', '2024-05-05'

-- query
select id::text as id_text, cast(amount as integer) as whole, try_cast(note as date) as maybe_day, tax::double as tax
from orders

-- lineage
-- id_text <- orders.id
-- whole <- orders.amount
-- maybe_day <- orders.note
-- tax <- orders.tax
-- (rows) <-

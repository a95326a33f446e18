-- The argument of a lambda hides a column.

set lambda_syntax = 'ENABLE_SINGLE_ARROW';

-- query
select id, list_transform(tags, kind -> upper(kind)) as loud from events

-- lineage
-- id <- events.id
-- loud <- events.tags
-- (rows) <-

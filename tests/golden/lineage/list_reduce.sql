-- A lambda of two arguments.

set lambda_syntax = 'ENABLE_SINGLE_ARROW';

-- query
select id, list_reduce(tags, (a, b) -> a || b) as joined from events

-- lineage
-- id <- events.id
-- joined <- events.tags
-- (rows) <-

-- A lambda over a list, with a column of the row.

set lambda_syntax = 'ENABLE_SINGLE_ARROW';

-- query
select id, list_transform(tags, t -> t || kind) as tagged, list_filter(tags, lambda t: t > 'u') as late from events

-- lineage
-- id <- events.id
-- tagged <- events.kind, events.tags
-- late <- events.tags
-- (rows) <-
